//! What travels between the parts of the MAC.
use stevedore_hdl::prelude::*;

/// What a PHY gives or takes in one cycle at 1 Gb/s (IEEE 802.3 clause 35, GMII).
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct PhyByte {
    /// RXD or TXD.
    pub data: Bits<8>,
    /// RX_DV or TX_EN: a byte of a frame, its preamble included.
    pub valid: bool,
    /// RX_ER or TX_ER.
    pub error: bool,
}

/// A byte of a frame, without preamble and frame check sequence.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct FrameByte {
    /// The byte.
    pub data: Bits<8>,
    /// The last of its frame.
    pub last: bool,
    /// With `last`: the frame is damaged and must not be used.
    pub error: bool,
}

/// The pins of RGMII at one edge of their clock.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RgmiiPins {
    /// RD or TD: the low half of a byte at the rising edge, the high half at the falling one.
    pub data: Bits<4>,
    /// RX_CTL or TX_CTL: valid at the rising edge, valid exclusive-or error at the falling one.
    pub control: bool,
}
