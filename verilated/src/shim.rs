//! The C functions through which Rust reaches a C++ model, and the list of ports they export.
//!
//! Verilator declares a model's ports in its header, one macro per port with the bounds: `VL_IN8(&clock,0,0);`. From
//! that list a small C++ file is written that owns the model, hands out each port's address and steps the clock.

use anyhow::{ensure, Context, Result};

/// Class name Verilator gives the model.
pub const PREFIX: &str = "Vmodel";

/// One port as the header declares it.
#[derive(Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Name in the Verilog text.
    pub name: String,
    /// Name of the C++ member.
    pub member: String,
    /// Bits.
    pub width: u32,
    /// Driven by the model.
    pub output: bool,
}

/// Reads the ports out of the header Verilator wrote.
pub fn declarations(header: &str) -> Result<Vec<Declaration>> {
    header.lines().filter_map(|line| line.trim().strip_prefix("VL_")).filter_map(declaration).collect()
}

fn declaration(macro_call: &str) -> Option<Result<Declaration>> {
    let (kind, arguments) = macro_call.strip_suffix(");")?.split_once("(&")?;
    if !["IN", "OUT"].iter().any(|direction| kind.starts_with(direction)) {
        return None;
    }
    Some(parse(kind, arguments).with_context(|| format!("cannot read the port VL_{macro_call}")))
}

fn parse(kind: &str, arguments: &str) -> Result<Declaration> {
    ensure!(!kind.starts_with("INOUT"), "a bidirectional port: models take inputs and outputs only");
    let mut arguments = arguments.split(',');
    let mut next = || arguments.next().context("too few arguments");
    let (member, high, low): (_, u32, u32) = (next()?, next()?.parse()?, next()?.parse()?);
    Ok(Declaration {
        name: verilog_name(member),
        member: member.to_string(),
        width: high.abs_diff(low) + 1,
        output: kind.starts_with("OUT"),
    })
}

/// Undoes Verilator's spelling of names C++ does not allow: `a$b` is `a__024b`, `auto` is `__SYM__auto`.
fn verilog_name(member: &str) -> String {
    let mut rest = member.strip_prefix("__SYM__").unwrap_or(member);
    let mut name = String::new();
    while let Some(character) = rest.chars().next() {
        let code = rest.strip_prefix("__0").and_then(|code| code.get(..2));
        match code.and_then(|hexadecimal| u8::from_str_radix(hexadecimal, 16).ok()) {
            Some(byte) => {
                name.push(byte as char);
                rest = &rest[5..];
            }
            None => {
                name.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    name
}

/// The C++ text. `library.rs` declares the same functions for Rust.
pub fn text(ports: &[Declaration], traced: bool) -> String {
    let table: String = ports
        .iter()
        .map(|port| format!("    {{\"{}\", {}, {}}},\n", port.name, port.width, u32::from(port.output)))
        .collect();
    let addresses: String = ports.iter().map(|port| format!("        &self->model.{},\n", port.member)).collect();
    let clock = match ports.iter().find(|port| port.name == "clock" && port.width == 1 && !port.output) {
        Some(port) => format!("self->model.{} = level;", port.member),
        None => "(void)level; (void)self;".to_string(),
    };
    TEMPLATE
        .replace("@PREFIX@", PREFIX)
        .replace("@TRACED@", if traced { "1" } else { "0" })
        .replace("@TABLE@", &table)
        .replace("@ADDRESSES@", &addresses)
        .replace("@COUNT@", &ports.len().to_string())
        .replace("@CLOCK@", &clock)
}

/// `sample` records the half cycle that just settled, so that in the waveform cycle n lasts from 10 n to 10 n + 10 ns.
/// Cycles outside the window cost no more than in a model that is not traced.
const TEMPLATE: &str = r#"#define TRACED @TRACED@
#include "verilated.h"
#if TRACED
#include "verilated_fst_c.h"
#endif
#include "@PREFIX@.h"

namespace {
struct Port { const char* name; uint32_t width; uint32_t output; };
const Port ports[] = {
@TABLE@    {nullptr, 0, 0}};

VerilatedContext& seeded(VerilatedContext& context, uint32_t randomise, uint32_t seed) {
    context.randReset(randomise ? 2 : 0);
    context.randSeed(static_cast<int>(seed));
    context.traceEverOn(TRACED);
    return context;
}

struct Instance {
    VerilatedContext context;
    @PREFIX@ model;
    uint64_t time = 0;
#if TRACED
    VerilatedFstC wave;
    uint64_t from = 0, to = UINT64_MAX;
#endif
    Instance(uint32_t randomise, uint32_t seed) : context{}, model{&seeded(context, randomise, seed), "top"} {}
    void sample() {
#if TRACED
        if (wave.isOpen() && time >= from && time < to) wave.dump(time);
#endif
        time += 5;
    }
};

inline void clock(Instance* self, uint8_t level) { @CLOCK@ }
}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT const Port* stevedore_ports() { return ports; }

// `from` and `to` are the bounds of the waveform in nanoseconds.
EXPORT Instance* stevedore_new(const char* wave, uint64_t from, uint64_t to, uint32_t randomise, uint32_t seed) {
    Instance* self = new Instance{randomise, seed};
#if TRACED
    if (wave) {
        self->from = from;
        self->to = to;
        self->model.trace(&self->wave, 99);
        self->wave.open(wave);
    }
#else
    (void)wave, (void)from, (void)to;
#endif
    return self;
}

EXPORT void stevedore_addresses(Instance* self, void** out) {
    void* const addresses[] = {
@ADDRESSES@        nullptr};
    for (uint32_t i = 0; i < @COUNT@; ++i) out[i] = addresses[i];
}

EXPORT void stevedore_eval(Instance* self) { self->model.eval(); }

EXPORT void stevedore_sample(Instance* self) { self->sample(); }

EXPORT void stevedore_step(Instance* self) {
    clock(self, 1);
    self->model.eval();
    self->sample();
    clock(self, 0);
    self->model.eval();
    self->sample();
}

EXPORT void stevedore_delete(Instance* self) {
    self->model.final();
#if TRACED
    self->wave.close();
#endif
    delete self;
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_every_storage_class_are_read() {
        let header = "class Vmodel {\n    VL_IN8(&s_axis__024valid,0,0);\n    VL_OUTW(&x___05Fy,511,0,16);\n    \
                      VL_IN(&__SYM__auto,31,0);\n    VL_OUT64(&count,39,0);\n    VL_UNCOPYABLE(Vmodel);\n";
        let read = declarations(header).unwrap();
        let summary: Vec<_> = read.iter().map(|port| (port.name.as_str(), port.width, port.output)).collect();
        assert_eq!(
            summary,
            [("s_axis$valid", 1, false), ("x__y", 512, true), ("auto", 32, false), ("count", 40, true)]
        );
    }

    #[test]
    fn bidirectional_port_is_refused() {
        let error = declarations("VL_INOUT8(&pad,0,0);").unwrap_err();
        assert!(format!("{error:#}").contains("bidirectional"), "{error:#}");
    }
}
