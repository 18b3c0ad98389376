//! Ways to a card on a PCIe bus, real or simulated.
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

mod bus;
mod card;
mod error;
mod mapped;
mod pages;
#[cfg(feature = "vfio")]
mod vfio;
#[cfg(feature = "vfio")]
mod vfio_raw;
#[cfg(feature = "vfio-user")]
mod vfio_user;

pub use bus::Bus;
pub use card::Card;
pub use error::OpenError;
pub use pages::Pages;
#[cfg(feature = "vfio")]
pub use vfio::Vfio;
#[cfg(feature = "vfio-user")]
pub use vfio_user::VfioUser;
pub use vmm_sys_util::eventfd::EventFd;
