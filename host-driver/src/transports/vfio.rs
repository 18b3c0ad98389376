//! A card of this machine, through the kernel's vfio-pci driver: by iommufd where the kernel has it, else by the card's
//! IOMMU group.
#![forbid(unsafe_code)]

use super::vfio_raw::{open_to_card, Registers};
use super::{Bus, Card, EventFd, OpenError, Pages};
use crate::transport::TransportError;
use iommufd_ioctls::IommuFd;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stevedore_abi::pci::{BAR, BAR_BYTES, DEVICE, VENDOR};
use vfio_bindings::bindings::vfio::{VFIO_PCI_CONFIG_REGION_INDEX, VFIO_REGION_INFO_FLAG_MMAP};
use vfio_ioctls::{VfioContainer, VfioDevice, VfioError, VfioIommufd, VfioOps};

/// Where the kernel tells of PCI devices.
const DEVICES: &str = "/sys/bus/pci/devices";
/// Node of the kernel's newer interface.
const IOMMUFD: &str = "/dev/iommu";

/// A card.
pub struct Vfio {
    registers: Registers,
    device: VfioDevice,
    memory: Arc<dyn VfioOps>,
}

impl Vfio {
    /// Opens the card at a PCI address like `0000:03:00.0`; the domain may be missing.
    pub fn open(address: &str) -> Result<Card<Vfio>, OpenError> {
        Vfio::open_in(Path::new(DEVICES), address)
    }

    /// The same where the kernel tells of its devices in another folder.
    pub fn open_in(devices: &Path, address: &str) -> Result<Card<Vfio>, OpenError> {
        let name = full_name(address)?;
        let folder = devices.join(&name);
        let node = check(&folder, &name)?;
        let refused = |what| {
            let (name, node) = (name.clone(), node.clone());
            move |error| explain(error, what, &name, &node)
        };
        let memory: Arc<dyn VfioOps> = if folder.join("vfio-dev").is_dir() && Path::new(IOMMUFD).exists() {
            let iommu = IommuFd::new().map_err(|error| {
                let error = Box::new(error);
                OpenError::Refused { name: name.clone(), what: IOMMUFD, error }
            })?;
            Arc::new(VfioIommufd::new(Arc::new(iommu), None, None).map_err(refused("an address space"))?)
        } else {
            Arc::new(VfioContainer::new(None).map_err(refused("/dev/vfio/vfio"))?)
        };
        let device = VfioDevice::new(&folder, Arc::clone(&memory), true).map_err(refused("opening it"))?;
        let (found, wanted) = (device.get_region_size(BAR), u64::from(BAR_BYTES));
        if found < wanted || device.get_region_flags(BAR) & VFIO_REGION_INFO_FLAG_MMAP == 0 {
            return Err(OpenError::BadWindow { name, found, wanted });
        }
        let registers = Registers::new(&device, device.get_region_offset(BAR), REGISTERS).map_err(|error| {
            let error = Box::new(error);
            OpenError::Refused { name: name.clone(), what: "mapping its registers", error }
        })?;
        Card::open(Vfio { registers, device, memory }, &name)
    }
}

/// Bytes of the window that are mapped: the table of interrupts behind them is the kernel's.
const REGISTERS: usize = stevedore_abi::pci::REGISTER_BYTES as usize;

impl Bus for Vfio {
    fn read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.registers.read(offset).ok_or(TransportError::Register { offset })
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        match self.registers.write(offset, value) {
            true => Ok(()),
            false => Err(TransportError::Register { offset }),
        }
    }

    fn read_configuration(&mut self, offset: u32) -> Result<u16, TransportError> {
        // What is not answered stays all ones, as on the bus.
        let mut bytes = [0xff; 2];
        self.device.region_read(VFIO_PCI_CONFIG_REGION_INDEX, &mut bytes, u64::from(offset));
        Ok(u16::from_le_bytes(bytes))
    }

    fn write_configuration(&mut self, offset: u32, value: u16) -> Result<(), TransportError> {
        self.device.region_write(VFIO_PCI_CONFIG_REGION_INDEX, &value.to_le_bytes(), u64::from(offset));
        Ok(())
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.device.reset();
        Ok(())
    }

    fn map(&mut self, address: u64, pages: &Pages) -> Result<(), TransportError> {
        open_to_card(self.memory.as_ref(), address, pages).map_err(|error| {
            let text = format!(
                "{} bytes cannot be locked and mapped for the card ({error}): raise the limit of locked memory \
                 (`ulimit -l`), or use fewer buffers",
                pages.length()
            );
            TransportError::Other(text.into())
        })
    }

    fn unmap(&mut self, address: u64, bytes: usize) -> Result<(), TransportError> {
        self.memory.vfio_dma_unmap(address, bytes).map_err(|error| TransportError::Other(error.into()))
    }

    fn connect_interrupt(&mut self, event: &EventFd) -> Result<(), TransportError> {
        self.device.enable_msix(vec![event]).map_err(|error| TransportError::Other(error.into()))
    }
}

/// The address with its domain.
fn full_name(address: &str) -> Result<String, OpenError> {
    let name = match address.matches(':').count() {
        1 => format!("0000:{address}"),
        _ => address.to_string(),
    };
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<&str> = name.split([':', '.']).collect();
    let good = matches!(parts[..], [domain, bus, slot, function]
        if digits(domain, 4) && digits(bus, 2) && digits(slot, 2) && digits(function, 1));
    match good {
        true => Ok(name),
        false => Err(OpenError::BadName { name: address.to_string() }),
    }
}

/// Checks all that can be known without opening anything; the node that will be opened.
fn check(folder: &Path, name: &str) -> Result<PathBuf, OpenError> {
    let name = name.to_string();
    if !folder.exists() {
        return Err(OpenError::NoDevice { name, vendor: VENDOR, device: DEVICE });
    }
    let id = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default().trim().to_string();
    let (found, wanted) = ((id("vendor"), id("device")), (format!("{VENDOR:#06x}"), format!("{DEVICE:#06x}")));
    if found != wanted {
        let text = |(vendor, device): (String, String)| format!("{vendor}:{device}").replace("0x", "");
        return Err(OpenError::WrongDevice { name, found: text(found), wanted: text(wanted) });
    }
    let link = |file: &str| {
        let target = std::fs::read_link(folder.join(file)).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    };
    // In this order: without an IOMMU the driver refuses the card.
    let Some(group) = link("iommu_group") else { return Err(OpenError::NoIommu { name }) };
    match link("driver") {
        Some(driver) if driver == "vfio-pci" => Ok(Path::new("/dev/vfio").join(group)),
        Some(driver) => {
            let unbind = format!("; before that, `echo {name} > /sys/bus/pci/drivers/{driver}/unbind`");
            Err(OpenError::NotBound { name, driver, unbind })
        }
        None => Err(OpenError::NotBound { name, driver: "no driver".to_string(), unbind: String::new() }),
    }
}

/// What to do about an error of the interface.
fn explain(error: VfioError, what: &'static str, name: &str, node: &Path) -> OpenError {
    let (kind, path) = match &error {
        VfioError::OpenContainer(error) => (Some(error.kind()), "/dev/vfio/vfio".to_string()),
        VfioError::OpenGroup(error, _) | VfioError::OpenDeviceCdev(error) => {
            (Some(error.kind()), node.display().to_string())
        }
        _ => (None, String::new()),
    };
    match kind {
        Some(ErrorKind::PermissionDenied) => OpenError::NoRights { path },
        Some(ErrorKind::ResourceBusy) => OpenError::Busy { path },
        _ => OpenError::Refused { name: name.to_string(), what, error: Box::new(error) },
    }
}
