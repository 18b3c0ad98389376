//! The gigabit MAC: IEEE 802.3 frames between a PHY and the engine's streams.
//!
//! Three clocks: that of the engine, that of what the PHY receives, and that of what is sent. `Mac` is all of it but
//! the pins; `RgmiiReceiver` and `RgmiiTransmitter` stand between it and the flip-flops of the pins.
pub mod check_sequence;
pub mod frame_store;
pub mod mac;
pub mod mac_receiver;
pub mod mac_transmitter;
pub mod narrower;
pub mod record;
pub mod rgmii_receiver;
pub mod rgmii_transmitter;
pub mod widener;

pub use frame_store::FrameStore;
pub use mac::Mac;
pub use mac_receiver::MacReceiver;
pub use mac_transmitter::MacTransmitter;
pub use narrower::Narrower;
pub use record::{FrameByte, PhyByte, RgmiiPins};
pub use rgmii_receiver::RgmiiReceiver;
pub use rgmii_transmitter::RgmiiTransmitter;
pub use widener::Widener;
