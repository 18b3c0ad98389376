//! The register file over AXI4-Lite (H8).
use stevedore_abi::register::{control, offset, status, Access, Limits, Register, REGISTERS};
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::host::Registers;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{Compiled, Dut};

const OKAY: u64 = 0;
const SLVERR: u64 = 2;

struct Bus(Compiled);

impl Bus {
    fn set(&mut self, port: &str, value: u64) {
        let port = self.0.model.port(&format!("s_axil_{port}"));
        self.0.model.set(port, value);
    }
    fn get(&self, port: &str) -> u64 {
        self.0.model.get(self.0.model.port(&format!("s_axil_{port}")))
    }
    fn until(&mut self, port: &str) {
        for _ in 0..20 {
            self.0.settle();
            if self.get(port) != 0 {
                return;
            }
            self.0.step();
        }
        panic!("{port} stays low");
    }
    fn write(&mut self, address: u32, value: u32, strobe: u64) -> u64 {
        for (port, value) in [
            ("awaddr", u64::from(address)),
            ("wdata", u64::from(value)),
            ("wstrb", strobe),
            ("awvalid", 1),
            ("wvalid", 1),
        ] {
            self.set(port, value);
        }
        self.until("awready");
        self.0.step();
        self.set("awvalid", 0);
        self.set("wvalid", 0);
        self.set("bready", 1);
        self.until("bvalid");
        let response = self.get("bresp");
        self.0.step();
        self.set("bready", 0);
        response
    }
    fn read(&mut self, address: u32) -> (u32, u64) {
        self.set("araddr", u64::from(address));
        self.set("arvalid", 1);
        self.until("arready");
        self.0.step();
        self.set("arvalid", 0);
        self.set("rready", 1);
        self.until("rvalid");
        let answer = (self.get("rdata") as u32, self.get("rresp"));
        self.0.step();
        self.set("rready", 0);
        answer
    }
}

fn registers() -> Bus {
    let mut dut = Compiled::once("registers", &Geometry::DEFAULT, Registers::new).expect("a model");
    dut.reset();
    let idle = dut.model.port("idle");
    dut.model.set(idle, 1);
    dut.step();
    Bus(dut)
}

/// What is written to every register in turn: bounds of words and of limits, and one past them.
fn wild(register: &Register, random: &mut Random) -> Vec<u32> {
    let Limits { minimum, maximum, mask } = register.limits;
    let bounds = [minimum.wrapping_sub(1), minimum, maximum, maximum.wrapping_add(1), mask, !mask];
    let mut values = vec![0, 1, 1 << 31, u32::MAX, 0x49];
    values.extend(bounds);
    values.extend((0..8).map(|_| random.next() as u32 >> random.below(32)));
    values
}

/// Every register of the map answers with its reset value.
#[test]
fn registers_wake_up_as_the_table_says() {
    let mut bus = registers();
    for register in REGISTERS {
        let (value, response) = bus.read(register.offset);
        assert_eq!(response, OKAY, "{}", register.name);
        let shows_hardware = register.access == Access::ReadOnly && register.reset == 0;
        if !shows_hardware {
            assert_eq!(value, register.reset, "{}", register.name);
        }
    }
    assert_eq!(bus.read(offset::CAP_CONNECTIONS), (Geometry::DEFAULT.connections as u32, OKAY));
}

/// Fault of kind 5: whatever is written, a register holds what its row allows, and shows it; no other register changes.
#[test]
fn wild_values_are_held_within_their_limits() {
    let mut bus = registers();
    let mut random = Random::new(5);
    let stored = || REGISTERS.iter().filter(|r| r.access.is_stored() && r.offset != offset::CONTROL);
    let mut expected: Vec<u32> = stored().map(|register| register.reset).collect();
    for (index, register) in stored().enumerate() {
        for value in wild(register, &mut random) {
            assert_eq!(bus.write(register.offset, value, 0xf), OKAY, "{}", register.name);
            expected[index] = register.limits.hold(value);
            assert_eq!(bus.read(register.offset), (expected[index], OKAY), "{} after {value:#x}", register.name);
        }
        let all: Vec<u32> = stored().map(|register| bus.read(register.offset).0).collect();
        assert_eq!(all, expected, "after {}", register.name);
    }
}

/// A segment buffer smaller than the table's limit makes a lower one.
#[test]
fn largest_segment_fits_the_segment_buffer() {
    let geometry = Geometry { segment_buffer: 1024, ..Geometry::SMALL };
    let mut bus = Bus(Compiled::new(&Registers::new(&geometry), "registers_1024").expect("a model"));
    bus.0.reset();
    bus.0.model.set(bus.0.model.port("idle"), 1);
    assert_eq!(bus.write(offset::TCP_MSS, 1460, 0xf), OKAY);
    assert_eq!(bus.read(offset::TCP_MSS), (1024, OKAY));
}

/// Where the engine keeps its place in host memory stays while it runs, in any order of writes; the rest may change.
#[test]
fn running_engine_keeps_its_tables() {
    let mut bus = registers();
    let idle = bus.0.model.port("idle");
    for register in REGISTERS.iter().filter(|r| r.access == Access::ReadWriteStopped) {
        let before = bus.read(register.offset).0;
        let other = register.limits.hold(!before);
        assert_ne!(before, other);
        bus.0.model.set(idle, 0);
        assert_eq!(bus.write(register.offset, other, 0xf), OKAY, "{}", register.name);
        assert_eq!(bus.read(register.offset).0, before, "{} while running", register.name);
        bus.0.model.set(idle, 1);
        bus.write(register.offset, other, 0xf);
        assert_eq!(bus.read(register.offset).0, other, "{} while stopped", register.name);
    }
    bus.0.model.set(idle, 0);
    bus.write(offset::TCP_RETRY_LIMIT, 3, 0xf);
    assert_eq!(bus.read(offset::TCP_RETRY_LIMIT).0, 3);
}

/// The reset bit stays until the blocks were reset, clears the enable bit, and hides writes and idleness until then.
#[test]
fn reset_bit_stays_until_the_blocks_were_reset() {
    let mut bus = registers();
    let [restart, restarted] = ["restart", "restarted"].map(|name| bus.0.model.port(name));
    bus.write(offset::CONTROL, control::ENABLE, 0xf);
    assert_eq!(bus.read(offset::CONTROL).0, control::ENABLE);
    assert_eq!(bus.read(offset::STATUS).0, status::IDLE);
    bus.write(offset::CONTROL, control::RESET | control::ENABLE, 0xf);
    for value in [0, control::ENABLE, u32::MAX] {
        assert_eq!(bus.0.model.get(restart), 1);
        assert_eq!(bus.read(offset::CONTROL).0, control::RESET);
        assert_eq!(bus.read(offset::STATUS).0, 0);
        bus.write(offset::CONTROL, value, 0xf);
    }
    bus.0.model.set(restarted, 1);
    bus.0.step();
    bus.0.model.set(restarted, 0);
    bus.0.settle();
    assert_eq!(bus.0.model.get(restart), 0);
    assert_eq!(bus.read(offset::CONTROL).0, 0);
    assert_eq!(bus.read(offset::STATUS).0, status::IDLE);
}

/// H8: every address without a register answers SLVERR, both ways; so do partial writes. Read-only registers keep their
/// value.
#[test]
fn wrong_accesses_are_refused() {
    let mut bus = registers();
    for address in 0..0x1000 {
        let known = REGISTERS.iter().any(|register| register.offset == address);
        let (value, response) = bus.read(address);
        assert_eq!(response, if known { OKAY } else { SLVERR }, "{address:#x}");
        if !known {
            assert_eq!(value, 0, "{address:#x}");
            assert_eq!(bus.write(address, u32::MAX, 0xf), SLVERR, "{address:#x}");
        }
    }
    for strobe in 0..0xf {
        assert_eq!(bus.write(offset::NETMASK, 0xffff_ffff, strobe), SLVERR);
        assert_eq!(bus.write(offset::INPUT_DOORBELL, 5, strobe), SLVERR);
    }
    for register in REGISTERS.iter().filter(|register| register.access == Access::ReadOnly) {
        let before = bus.read(register.offset).0;
        assert_eq!(bus.write(register.offset, !before, 0xf), OKAY, "{}", register.name);
        assert_eq!(bus.read(register.offset).0, before, "{}", register.name);
    }
    assert_eq!(bus.read(offset::NETMASK).0, 0);
}
