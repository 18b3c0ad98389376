//! Ways to an engine: a card on a PCIe bus, real or simulated, and a board on a link of Ethernet frames (`link`).
//!
//! ```text
//!   Card: Transport      opening, memory, interrupts, a card that is gone: the same for both
//!     |
//!   Bus                  registers, configuration space, reset, DMA maps, one interrupt
//!     |-- Vfio           the kernel's vfio-pci, through an IOMMU group or iommufd
//!     '-- VfioUser       a card that is a process, through a socket
//! ```
//!
//! `mapped.rs` and `vfio_raw.rs` hold all unsafe code; every other file forbids it.

#[cfg(feature = "bus")]
mod bus;
#[cfg(feature = "bus")]
mod card;
#[cfg(feature = "bus")]
mod error;
pub mod link;
#[cfg(feature = "bus")]
mod mapped;
#[cfg(feature = "bus")]
mod pages;
#[cfg(feature = "vfio")]
mod vfio;
#[cfg(feature = "vfio")]
mod vfio_raw;
#[cfg(feature = "vfio-user")]
mod vfio_user;

#[cfg(feature = "bus")]
pub use bus::Bus;
#[cfg(feature = "bus")]
pub use card::Card;
#[cfg(feature = "bus")]
pub use error::OpenError;
#[cfg(feature = "bus")]
pub use pages::Pages;
#[cfg(feature = "vfio")]
pub use vfio::Vfio;
#[cfg(feature = "vfio-user")]
pub use vfio_user::VfioUser;
#[cfg(feature = "bus")]
pub use vmm_sys_util::eventfd::EventFd;
