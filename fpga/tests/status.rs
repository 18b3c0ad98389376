//! The serial line tells what was counted.
use stevedore_fpga::StatusPort;
use stevedore_hdl::prelude::*;
use stevedore_verilated::{lint, yosys, Model, Port, Source};

const BIT: u64 = 5;
const PERIOD: u64 = 10_000;

fn text() -> String {
    verilog(&StatusPort::new("bench-01", PERIOD, BIT), "status")
}

struct Rig {
    model: Model,
    events: Port,
    pin: Port,
}

impl Rig {
    fn new() -> Self {
        let mut model = Model::build(&Source::new("status", text())).expect("a model");
        let [events, pin, reset] = ["events", "pin", "reset"].map(|name| model.port(name));
        model.set(reset, 1);
        model.step();
        model.set(reset, 0);
        Rig { model, events, pin }
    }

    fn high(&mut self) -> bool {
        self.model.step();
        self.model.get(self.pin) == 1
    }

    /// The next line, and the cycle of its first start bit.
    fn line(&mut self) -> (String, u64) {
        let (mut line, mut began) = (String::new(), None);
        while !line.ends_with('\n') {
            while self.high() {}
            began = began.or(Some(self.model.cycle()));
            let mut bits = vec![];
            for _ in 0..9 {
                (0..BIT - 1).for_each(|_| assert_eq!(self.high(), bits.last() == Some(&true), "{line:?}"));
                bits.push(self.high());
            }
            (0..BIT - 1).for_each(|_| assert!(self.high(), "{line:?}: the stop bit"));
            assert!(bits[8], "{line:?}: the stop bit");
            line.push(bits[..8].iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit)).into());
        }
        (line, began.expect("a line has characters"))
    }
}

#[test]
fn every_period_a_line_tells_all_counters() {
    let mut rig = Rig::new();
    let zeros = " 00000000".repeat(8);
    let (line, first) = rig.line();
    assert_eq!(line, format!("bench-01{zeros}\r\n"));
    // Counter i counts i + 9 events of its own, some in the same cycles.
    for round in 0..16 {
        rig.model.set(rig.events, (0..8).filter(|i| round < i + 9).map(|i| 1 << i).sum());
        rig.model.step();
    }
    rig.model.set(rig.events, 0);
    let (line, second) = rig.line();
    let expected: String = (0..8).map(|i| format!(" {:08x}", i + 9)).collect();
    assert_eq!(line, format!("bench-01{expected}\r\n"));
    let (_, third) = rig.line();
    assert_eq!(third - second, PERIOD);
    assert!((PERIOD - 5..=PERIOD + 5).contains(&(second - first)), "{}", second - first);
}

#[test]
fn verilog_is_clean() {
    lint(&text(), "status", &[]).unwrap();
    let report = yosys::check(&text(), "status").unwrap();
    assert!(report.is_clean(), "{report}");
}
