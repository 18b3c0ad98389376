//! The layout of what crosses the bus is the one thing in RTL, driver and reference.

use rand::{rngs::StdRng, Rng, SeedableRng};
use std::path::{Path, PathBuf};
use stevedore_abi::descriptor::{DESCRIPTOR_BYTES, FIELDS};
use stevedore_abi::register::REGISTERS;
use stevedore_abi::Descriptor;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::DescriptorFields;
use stevedore_rtl::elaborate;
use stevedore_rtl::geometry::{Geometry, LIMITS};
use stevedore_testbenches::reference;
use stevedore_verilated::tools::workspace_root;

/// H4: the kept reference is the golden file of the layout.
#[test]
fn kept_reference_is_up_to_date() {
    let kept = std::fs::read_to_string(workspace_root().join(reference::PATH)).expect("a kept reference");
    assert!(kept == reference::markdown(), "{} is out of date: run `cargo xtask reference`", reference::PATH);
}

/// H1, H4: fields fill the 32 bytes, none overlaps another.
#[test]
fn fields_fill_the_descriptor() {
    let end = FIELDS.iter().fold(0, |bit, field| {
        assert_eq!(field.bit, bit, "{}", field.name);
        bit + field.width
    });
    assert_eq!(end, DESCRIPTOR_BYTES * 8);
}

/// H4: the RTL's record, the driver's bytes and the reference's fields agree on every bit.
#[test]
fn rtl_and_driver_pack_alike() {
    let mut rng = StdRng::seed_from_u64(0x44);
    for _ in 0..1000 {
        let mut bytes: [u8; DESCRIPTOR_BYTES] = rng.random();
        // The reserved bits are zero.
        bytes[31] &= 0xfc;
        assert_eq!(Descriptor::from_bytes(&bytes).to_bytes(), bytes);
        let flat: Vec<bool> = (0..256).map(|bit| bytes[bit / 8] >> (bit % 8) & 1 == 1).collect();
        let rtl = DescriptorFields::from_flat(&flat);
        let driver = Descriptor::from_bytes(&bytes);
        let number = |name: &str| {
            let field = FIELDS.iter().find(|field| field.name == name).expect("a field of that name");
            (0..field.width).fold(0u64, |value, bit| value | u64::from(flat[field.bit + bit]) << bit)
        };
        let of_rtl = [
            rtl.base.to_u64(),
            rtl.connection.to_u64(),
            rtl.length.to_u64(),
            rtl.offset.to_u64(),
            rtl.cookie.to_u64(),
            rtl.flags.to_u64(),
            rtl.status.to_u64(),
            rtl.kind.to_u64(),
            u64::from(rtl.owner),
        ];
        let of_driver = [
            driver.base,
            driver.connection,
            driver.length.into(),
            driver.offset.into(),
            driver.cookie.into(),
            driver.flags.into(),
            driver.status.into(),
            driver.kind.into(),
            driver.owner.into(),
        ];
        let names = ["base", "connection", "length", "offset", "cookie", "flags", "status", "type", "owner"];
        assert_eq!(of_rtl, of_driver);
        assert_eq!(of_driver, names.map(number));
    }
}

/// Registers lie in order, one word each.
#[test]
fn registers_do_not_overlap() {
    assert!(REGISTERS.windows(2).all(|pair| pair[0].offset < pair[1].offset));
    assert!(REGISTERS.iter().all(|register| register.offset.is_multiple_of(4)));
}

/// Files of `folder` and below that name the option of `docs/add-an-option.md`.
fn naming(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            naming(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if ["window_scale", "WINDOW_SCALE", "snd_scale"].iter().any(|name| text.contains(name)) {
                found.push(path);
            }
        }
    }
}

/// The page "add an option" names files that exist, and every file of RTL and tests that names window scale.
#[test]
fn page_about_options_lists_the_files() {
    let root = workspace_root();
    let page = std::fs::read_to_string(root.join("docs/add-an-option.md")).expect("the page");
    let listed: Vec<PathBuf> =
        page.split('`').filter(|word| word.ends_with(".rs")).map(|word| root.join(word)).collect();
    assert!(listed.len() > 10);
    for path in &listed {
        assert!(path.is_file(), "{} does not exist", path.display());
    }
    let mut naming_it = vec![];
    naming(&root.join("rtl/src"), &mut naming_it);
    naming(&root.join("testbenches/tests"), &mut naming_it);
    naming_it.retain(|path| !path.ends_with("tests/reference.rs"));
    for path in naming_it {
        assert!(listed.contains(&path), "docs/add-an-option.md does not list {}", path.display());
    }
}

/// SMALL with one field set, and whatever else must follow.
fn with(field: &str, value: usize) -> Geometry {
    let mut geometry = Geometry::SMALL;
    *match field {
        "connections" => &mut geometry.connections,
        "hash_buckets" => &mut geometry.hash_buckets,
        "send_entries" => &mut geometry.send_entries,
        "receive_entries" => &mut geometry.receive_entries,
        "frame_buffer" => &mut geometry.frame_buffer,
        "segment_buffer" => &mut geometry.segment_buffer,
        "payload_tags" => &mut geometry.payload_tags,
        "descriptor_tags" => &mut geometry.descriptor_tags,
        "maximum_read" => &mut geometry.maximum_read,
        "maximum_write" => &mut geometry.maximum_write,
        "neighbours" => &mut geometry.neighbours,
        "queue" => &mut geometry.queue,
        _ => panic!("{field} is not known here"),
    } = value;
    let entries = geometry.send_entries.min(geometry.receive_entries);
    geometry.connections = geometry.connections.min(entries / 2).max(2);
    if field == "connections" {
        geometry.connections = value;
        (geometry.send_entries, geometry.receive_entries) = (2 * value, 2 * value);
    }
    geometry
}

/// The limits in the reference are those of the blocks: engines can be written at each of them and none beyond.
#[test]
fn engines_exist_up_to_the_limits_and_not_beyond() {
    for limit in &LIMITS {
        for value in [limit.least, limit.most] {
            let geometry = with(limit.field, value);
            assert_eq!(geometry.check(), Ok(()), "{} = {value}", limit.field);
            assert!(elaborate::verilog(&geometry, "stevedore").is_some(), "{} = {value}", limit.field);
        }
        for value in [limit.least / 2, 2 * limit.most, limit.least + 1] {
            let problem = with(limit.field, value).check().expect_err(limit.field);
            assert!(problem.contains(limit.field), "{} = {value}: {problem}", limit.field);
        }
    }
}
