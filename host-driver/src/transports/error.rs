//! Why a card cannot be opened, and what to do about it.
#![forbid(unsafe_code)]

use crate::transport::TransportError;

/// A card that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The name of the device is no name.
    #[error("{name:?} is no PCI address: write it like 0000:03:00.0, as `lspci -D` does")]
    BadName {
        /// What was given.
        name: String,
    },
    /// Nothing is there.
    #[error("there is no PCI device {name}: `lspci -D -d {vendor:04x}:{device:04x}` lists the cards of this machine")]
    NoDevice {
        /// Its PCI address.
        name: String,
        /// Vendor id of a card.
        vendor: u16,
        /// Device id of a card.
        device: u16,
    },
    /// Something else is there.
    #[error("{name} is {found}, not a Stevedore card ({wanted}): choose another device")]
    WrongDevice {
        /// Where.
        name: String,
        /// Vendor and device id found.
        found: String,
        /// Vendor and device id of a card.
        wanted: String,
    },
    /// No IOMMU translates the card's accesses.
    #[error(
        "{name} is in no IOMMU group: switch the IOMMU on in the machine's set-up (VT-d, AMD-Vi, SMMU), boot with \
         `intel_iommu=on` if the processor is Intel's, and try again"
    )]
    NoIommu {
        /// Its PCI address.
        name: String,
    },
    /// The device belongs to another driver, or to none.
    #[error(
        "{name} is not bound to vfio-pci but to {driver}: as root, `modprobe vfio-pci; echo vfio-pci > \
         /sys/bus/pci/devices/{name}/driver_override; echo {name} > /sys/bus/pci/drivers_probe`{unbind}"
    )]
    NotBound {
        /// Its PCI address.
        name: String,
        /// Who has it.
        driver: String,
        /// What else to do first.
        unbind: String,
    },
    /// This user may not open it.
    #[error("{path}: permission denied: become root, or give the file to this user (`chown $USER {path}`)")]
    NoRights {
        /// Which file.
        path: String,
    },
    /// Somebody has it open.
    #[error("{path} is in use: end the program that has the card open (`fuser -v {path}`)")]
    Busy {
        /// Which file.
        path: String,
    },
    /// The card's memory window is missing or too small.
    #[error("{name}: its memory window has {found} bytes, a card's has {wanted}: the bitstream is none of ours")]
    BadWindow {
        /// Where.
        name: String,
        /// Bytes found.
        found: u64,
        /// Bytes wanted.
        wanted: u64,
    },
    /// Nobody listens at the socket.
    #[error("{path}: {error}: start the simulated card first (`cargo xtask card --help`)")]
    NoSocket {
        /// The socket.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system refused something else.
    #[error("{name}: {what}: {error}")]
    Refused {
        /// Which device.
        name: String,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The card was reached, and then an access failed.
    #[error("{name}: {error}")]
    Access {
        /// Which device.
        name: String,
        /// The failure.
        error: TransportError,
    },
}
