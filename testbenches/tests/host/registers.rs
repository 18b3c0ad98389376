//! The register file over AXI4-Lite (H8).
use stevedore_abi::register::{offset, Access, REGISTERS};
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::host::Registers;
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
    let mut dut = Compiled::new(&Registers::new(&Geometry::DEFAULT), "registers").expect("a model");
    dut.reset();
    Bus(dut)
}

/// Every register of the map answers with its reset value; writable ones keep what is written, within their width.
#[test]
fn register_map_round_trips() {
    let mut bus = registers();
    for register in REGISTERS {
        let (value, response) = bus.read(register.offset);
        assert_eq!(response, OKAY, "{}", register.name);
        let shows_hardware = register.access == Access::ReadOnly && register.reset == 0;
        let clamped = matches!(register.name, "INPUT_SIZE" | "OUTPUT_SIZE");
        if !shows_hardware && !clamped {
            assert_eq!(value, register.reset, "{}", register.name);
        }
    }
    for register in REGISTERS.iter().filter(|r| r.access == Access::ReadWrite) {
        assert_eq!(bus.write(register.offset, 0x49, 0xf), OKAY, "{}", register.name);
        let expected = match register.name {
            "CONTROL" | "INTERRUPT_ENABLE" | "NOTIFY_FLAGS" => 1,
            // Tables begin at multiples of 64.
            "INPUT_BASE_LOW" | "OUTPUT_BASE_LOW" => 0x40,
            "INPUT_SIZE" | "OUTPUT_SIZE" => 15,
            _ => 0x49,
        };
        assert_eq!(bus.read(register.offset), (expected, OKAY), "{}", register.name);
    }
    assert_eq!(bus.read(offset::CAP_CONNECTIONS), (Geometry::DEFAULT.connections as u32, OKAY));
}

/// Wrong accesses: unknown addresses, partial writes, wild table sizes.
#[test]
fn wrong_accesses_are_refused() {
    let mut bus = registers();
    assert_eq!(bus.read(0x7fc).1, SLVERR);
    assert_eq!(bus.read(offset::MAC_LOW + 1).1, SLVERR);
    assert_eq!(bus.write(0x7fc, 1, 0xf), SLVERR);
    assert_eq!(bus.write(offset::NETMASK, 0xffff_ffff, 0x3), SLVERR);
    assert_eq!(bus.read(offset::NETMASK).0, 0);
    bus.write(offset::INPUT_SIZE, 31, 0xf);
    assert_eq!(bus.read(offset::INPUT_SIZE).0, 15);
    bus.write(offset::OUTPUT_SIZE, 0, 0xf);
    assert_eq!(bus.read(offset::OUTPUT_SIZE).0, 4);
    assert_eq!(bus.write(offset::MAGIC, 0, 0xf), OKAY);
    assert_eq!(bus.read(offset::MAGIC).0, 0x5354_5644);
}
