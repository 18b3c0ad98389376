//! The reference of the host interface and of geometries, written from the ABI crate and from the RTL: what RTL and
//! driver are compiled with is what the reader sees (H4).

use std::fmt::Write;
use stevedore_abi::descriptor::{Code, FIELDS, FLAGS, REQUESTS, RESPONSES, STATUSES};
use stevedore_abi::register::{Access, REGISTERS};
use stevedore_rtl::geometry::{Geometry, LIMITS};

/// Where it is kept, from the workspace's root.
pub const PATH: &str = "docs/reference.md";

/// The text of [`PATH`].
pub fn markdown() -> String {
    let mut text = String::from(
        "# Host interface reference\n\n\
         Written by `cargo xtask reference` from `host-driver/abi`, which the RTL and the driver are compiled with; the\n\
         tests compare. What the words mean is told in [design](design.md). Every number in memory is little-endian.\n",
    );
    section(&mut text, "Descriptor", "32 bytes, both tables; bits of the whole.", &["bits", "field", "meaning"]);
    for field in FIELDS {
        let (high, low) = (field.bit + field.width - 1, field.bit);
        let bits = if high == low { format!("`[{low}]`") } else { format!("`[{high}:{low}]`") };
        row(&mut text, &[&bits, field.name, field.text]);
    }
    section(&mut text, "Flags", "Bits of the flags field.", &["bit", "flag", "meaning"]);
    codes(&mut text, FLAGS);
    section(&mut text, "Requests", "Host to engine, in the input table.", &["type", "request", "meaning"]);
    codes(&mut text, REQUESTS);
    section(&mut text, "Responses", "Engine to host, in the output table.", &["type", "response", "meaning"]);
    codes(&mut text, RESPONSES);
    section(&mut text, "Status", "Of a response.", &["number", "status", "meaning"]);
    codes(&mut text, STATUSES);
    let access = "32 bits each, on the AXI4-Lite port. RO: read only, RW: read and write, RWS: read, and write while \
                  the engine is\nstopped, WO: write only, reads 0, W1C: write 1 to clear. Bits outside the mask are \
                  dropped; a value outside the\nrange becomes the nearest bound. Addresses without a register answer \
                  SLVERR.";
    section(&mut text, "Registers", access, &["offset", "register", "access", "after reset", "holds", "meaning"]);
    for register in REGISTERS {
        let access = match register.access {
            Access::ReadOnly => "RO",
            Access::ReadWrite => "RW",
            Access::ReadWriteStopped => "RWS",
            Access::WriteOnly => "WO",
            Access::WriteOneToClear => "W1C",
        };
        let (offset, reset) = (format!("`0x{:03x}`", register.offset), format!("`0x{:x}`", register.reset));
        let limits = register.limits;
        let holds = match (limits.mask != u32::MAX, limits.minimum > 0 || limits.maximum < u32::MAX) {
            (true, _) => format!("mask `0x{:x}`", limits.mask),
            (_, true) => format!("{} to {}", limits.minimum, limits.maximum),
            _ => String::new(),
        };
        row(&mut text, &[&offset, &format!("`{}`", register.name), access, &reset, &holds, register.text]);
    }
    geometries(&mut text);
    text
}

fn geometries(text: &mut String) {
    let about = "Fields of `Geometry` in `rtl/src/geometry.rs`: what the three geometries have, and between which \
                 powers of two an\nengine can be built. A pool of contexts has more entries than there are \
                 connections. Only the three geometries are\ntested as whole engines.";
    let columns = ["field", "`SMALL`", "`DEFAULT`", "`WIDE`", "from", "to", "what sets the limits"];
    section(text, "Geometries", about, &columns);
    let all = [Geometry::SMALL, Geometry::DEFAULT, Geometry::WIDE];
    let widths = all.map(|geometry| geometry.width.to_string());
    row(text, &["width", &widths[0], &widths[1], &widths[2], "64", "512", "nothing between these two"]);
    for limit in &LIMITS {
        let of = all.map(|geometry| (limit.value)(&geometry).to_string());
        let (least, most) = (limit.least.to_string(), limit.most.to_string());
        row(text, &[limit.field, &of[0], &of[1], &of[2], &least, &most, limit.why]);
    }
}

fn section(text: &mut String, title: &str, about: &str, columns: &[&str]) {
    write!(text, "\n## {title}\n{about}\n\n").expect("a string takes everything");
    row(text, columns);
    row(text, &vec!["---"; columns.len()]);
}

fn row(text: &mut String, cells: &[&str]) {
    writeln!(text, "| {} |", cells.join(" | ")).expect("a string takes everything");
}

fn codes(text: &mut String, codes: &[Code]) {
    for code in codes {
        row(text, &[&code.value.to_string(), code.name, code.text]);
    }
}
