//! The engine as a PCIe card: its ids, and what lies where in its one memory window.
//!
//! The ids are the bytes `STVD` of `MAGIC`. The PCI-SIG has assigned them to nobody that we know of, and not to this
//! project: a card that is sold needs a vendor id of its own.

/// Vendor id.
pub const VENDOR: u16 = 0x5354;
/// Device id.
pub const DEVICE: u16 = 0x5644;
/// Class code: base class, subclass, programming interface. An Ethernet controller.
pub const CLASS: [u8; 3] = [0x02, 0x00, 0x00];
/// The base address register of the window.
pub const BAR: u32 = 0;
/// Bytes of the window.
pub const BAR_BYTES: u32 = 0x4000;
/// Bytes of the registers, which begin at the window's first byte.
pub const REGISTER_BYTES: u32 = 0x1000;
/// Offset of the MSI-X table.
pub const MSIX_TABLE: u32 = 0x2000;
/// Offset of the MSI-X pending bits.
pub const MSIX_PENDING: u32 = 0x3000;
/// MSI-X vectors: the engine has one interrupt line.
pub const VECTORS: u16 = 1;

/// Offsets of the configuration space that the driver and the simulated card use.
pub mod configuration {
    /// Vendor id, 16 bits, and device id behind it.
    pub const IDS: u32 = 0x00;
    /// Command register, 16 bits.
    pub const COMMAND: u32 = 0x04;
}

/// Bits of the command register.
pub mod command {
    /// The card answers accesses to its memory window.
    pub const MEMORY: u16 = 1 << 1;
    /// The card may read and write host memory, and interrupt.
    pub const BUS_MASTER: u16 = 1 << 2;
}
