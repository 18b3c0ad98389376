//! A PCIe card as the driver's way to an engine.
#![forbid(unsafe_code)]

use super::{mapped, Bus, EventFd, OpenError, Pages};
use crate::memory::Memory;
use crate::transport::{Purpose, Transport, TransportError};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use stevedore_abi::pci::{command, configuration, DEVICE, VENDOR};
use stevedore_abi::register::offset;
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::EFD_NONBLOCK;

/// The first address the card is given: above everything that is special below 4 GiB, such as the window of interrupt
/// messages.
const FIRST_ADDRESS: u64 = 1 << 32;
/// The end of them: what the smallest IOMMU in use can translate.
const LAST_ADDRESS: u64 = 1 << 39;
/// What a read gives when nobody answers it.
const ALL_ONES: u32 = u32::MAX;

/// A card.
pub struct Card<B: Bus> {
    bus: Rc<RefCell<B>>,
    interrupt: EventFd,
    sleep: Epoll,
    /// Addresses are given once: a card that writes late hits nothing.
    next_address: u64,
}

impl<B: Bus> Card<B> {
    /// Takes over the card behind `bus`: checks its ids, resets it, lets it access memory, connects its interrupt.
    /// `name` is for messages.
    pub fn open(mut bus: B, name: &str) -> Result<Self, OpenError> {
        let access = |error| OpenError::Access { name: name.to_string(), error };
        let refused = |what, error: std::io::Error| {
            let (name, error) = (name.to_string(), error.into());
            OpenError::Refused { name, what, error }
        };
        let mut id = |at| bus.read_configuration(at).map_err(access);
        let found = (id(configuration::IDS)?, id(configuration::IDS + 2)?);
        if found == (u16::MAX, u16::MAX) {
            return Err(access(TransportError::Gone));
        }
        if found != (VENDOR, DEVICE) {
            let text = |(vendor, device): (u16, u16)| format!("{vendor:04x}:{device:04x}");
            let (found, wanted) = (text(found), text((VENDOR, DEVICE)));
            return Err(OpenError::WrongDevice { name: name.to_string(), found, wanted });
        }
        bus.reset().map_err(access)?;
        let wanted = bus.read_configuration(configuration::COMMAND).map_err(access)?;
        let wanted = wanted | command::MEMORY | command::BUS_MASTER;
        bus.write_configuration(configuration::COMMAND, wanted).map_err(access)?;
        let kept = bus.read_configuration(configuration::COMMAND).map_err(access)?;
        if kept & command::BUS_MASTER == 0 {
            return Err(access(TransportError::Gone));
        }
        let interrupt = EventFd::new(EFD_NONBLOCK).map_err(|error| refused("an eventfd", error))?;
        let sleep = Epoll::new().map_err(|error| refused("epoll", error))?;
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&interrupt);
        sleep
            .ctl(ControlOperation::Add, descriptor, EpollEvent::new(EventSet::IN, 0))
            .map_err(|error| refused("epoll", error))?;
        bus.connect_interrupt(&interrupt).map_err(access)?;
        Ok(Card { bus: Rc::new(RefCell::new(bus)), interrupt, sleep, next_address: FIRST_ADDRESS })
    }

    /// The bus, for what only it can tell.
    pub fn bus(&self) -> Rc<RefCell<B>> {
        Rc::clone(&self.bus)
    }
}

impl<B: Bus + 'static> Transport for Card<B> {
    fn read(&mut self, offset: u32) -> Result<u32, TransportError> {
        let mut bus = self.bus.borrow_mut();
        let value = bus.read(offset)?;
        // A register may well hold all ones; that `MAGIC` reads so shows that nobody is there.
        if value == ALL_ONES && (offset == offset::MAGIC || bus.read(offset::MAGIC)? == ALL_ONES) {
            return Err(TransportError::Gone);
        }
        Ok(value)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        self.bus.borrow_mut().write(offset, value)
    }

    /// Whole pages, in memory and opened to the card until they are dropped: what the IOMMU lets through is what was
    /// allocated, not what was granted. Opening takes far longer than a transfer of the page.
    fn allocate(&mut self, bytes: usize, alignment: usize) -> Result<Memory, TransportError> {
        let out_of_memory = TransportError::OutOfMemory { bytes };
        let Ok(pages) = Pages::new(bytes) else { return Err(out_of_memory) };
        let address = self.next_address.next_multiple_of(alignment.max(1) as u64);
        let end = address + pages.length() as u64;
        if end > LAST_ADDRESS {
            return Err(out_of_memory);
        }
        self.bus.borrow_mut().map(address, &pages)?;
        self.next_address = end;
        Ok(mapped::memory(pages, bytes, address, self.bus()))
    }

    fn grant(&mut self, memory: &Memory, range: Range<usize>, _purpose: Purpose) -> Result<(), TransportError> {
        match range.start < range.end && range.end <= memory.length() {
            true => Ok(()),
            false => Err(TransportError::Other(format!("grant of {range:?} of {memory:?}").into())),
        }
    }

    fn revoke(&mut self, _address: u64) -> Result<(), TransportError> {
        Ok(())
    }

    fn progress(&mut self) -> Result<(), TransportError> {
        std::thread::yield_now();
        Ok(())
    }

    fn wait_for_interrupt(&mut self, microseconds: u32) -> Result<bool, TransportError> {
        let milliseconds = microseconds.div_ceil(1000).min(i32::MAX as u32) as i32;
        let mut events = [EpollEvent::default()];
        match self.sleep.wait(milliseconds, &mut events) {
            Ok(0) => Ok(false),
            // Many interrupts count as one: the driver looks at everything after each.
            Ok(_) => Ok(self.interrupt.read().is_ok()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(TransportError::Other(error.into())),
        }
    }
}
