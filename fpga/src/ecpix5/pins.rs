//! The pins of the ECPIX-5.
use crate::constraints::{Board, ClockPin, Group, Pin, Pull, Standard::Lvcmos33};

const LITEX: &str = "litex-boards, litex_boards/platforms/lambdaconcept_ecpix5.py";
const BOTH: &str = "litex-boards, lambdaconcept_ecpix5.py; amaranth-boards, ecpix5.py";

const GENERAL: [Pin; 2] = [Pin::new("oscillator", "K23", Lvcmos33), Pin::new("reset_n", "N5", Lvcmos33).pull(Pull::Up)];

const RGMII: [Pin; 13] = [
    Pin::new("rgmii_rxc", "E11", Lvcmos33),
    Pin::new("rgmii_rx_ctl", "A11", Lvcmos33),
    Pin::new("rgmii_rxd", "B11", Lvcmos33).bit(0).pull(Pull::Up),
    Pin::new("rgmii_rxd", "A10", Lvcmos33).bit(1).pull(Pull::Up),
    Pin::new("rgmii_rxd", "B10", Lvcmos33).bit(2).pull(Pull::Up),
    Pin::new("rgmii_rxd", "A9", Lvcmos33).bit(3).pull(Pull::Up),
    Pin::new("rgmii_txc", "A12", Lvcmos33).fast(),
    Pin::new("rgmii_tx_ctl", "C9", Lvcmos33).fast(),
    Pin::new("rgmii_txd", "D8", Lvcmos33).bit(0).fast(),
    Pin::new("rgmii_txd", "C8", Lvcmos33).bit(1).fast(),
    Pin::new("rgmii_txd", "B8", Lvcmos33).bit(2).fast(),
    Pin::new("rgmii_txd", "A8", Lvcmos33).bit(3).fast(),
    Pin::new("phy_reset_n", "C13", Lvcmos33),
];

const LIGHTS: [Pin; 12] = [
    Pin::new("red_n", "P21", Lvcmos33).bit(0),
    Pin::new("green_n", "R23", Lvcmos33).bit(0),
    Pin::new("blue_n", "P22", Lvcmos33).bit(0),
    Pin::new("red_n", "K21", Lvcmos33).bit(1),
    Pin::new("green_n", "K24", Lvcmos33).bit(1),
    Pin::new("blue_n", "M21", Lvcmos33).bit(1),
    Pin::new("red_n", "U21", Lvcmos33).bit(2),
    Pin::new("green_n", "W21", Lvcmos33).bit(2),
    Pin::new("blue_n", "T24", Lvcmos33).bit(2),
    Pin::new("red_n", "T23", Lvcmos33).bit(3),
    Pin::new("green_n", "R21", Lvcmos33).bit(3),
    Pin::new("blue_n", "T22", Lvcmos33).bit(3),
];

const SERIAL: [Pin; 1] = [Pin::new("uart_tx", "R24", Lvcmos33)];

/// The board with the ports of its top.
pub const ECPIX5: Board = Board {
    name: "ecpix5",
    device: "LambdaConcept ECPIX-5, LFE5UM5G-85F-8BG554I",
    groups: &[
        Group { title: "Oscillator and button", source: LITEX, pins: &GENERAL },
        Group { title: "Gigabit PHY", source: BOTH, pins: &RGMII },
        Group { title: "Serial line, FTDI channel B", source: BOTH, pins: &SERIAL },
        Group { title: "Lights, on while low", source: BOTH, pins: &LIGHTS },
    ],
    clocks: &[ClockPin { port: "oscillator", picoseconds: 10_000 }, ClockPin { port: "rgmii_rxc", picoseconds: 8000 }],
};
