//! The card's answers to the messages of a client.
#![forbid(unsafe_code)]

use super::client_memory::ClientMemory;
use super::configuration::{Configuration, BYTES};
use super::mailbox::Mailbox;
use super::vectors::Vectors;
use super::CardCounts;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stevedore_abi::pci::{BAR, BAR_BYTES, MSIX_PENDING, MSIX_TABLE, REGISTER_BYTES, VECTORS};
use vfio_bindings::bindings::vfio::{
    vfio_region_info, VFIO_IRQ_INFO_EVENTFD, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_NUM_IRQS,
    VFIO_PCI_NUM_REGIONS, VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, IrqInfo, ServerBackend, ServerRegion};

/// Bytes of an entry of the MSI-X table.
const ENTRY: usize = 16;
/// Byte of an entry that has the mask bit.
const MASK: usize = 12;

/// What the threads of a card share.
pub struct Shared {
    /// Accesses of registers under way.
    pub mailbox: Mailbox,
    memory: Arc<Mutex<ClientMemory>>,
    vectors: Mutex<Vectors>,
    /// Things the engine did that it must not.
    pub violations: AtomicU64,
    refused: AtomicU64,
    resets: AtomicU64,
    verbose: bool,
}

impl Shared {
    /// Of a card that nobody uses yet.
    pub fn new(verbose: bool) -> Self {
        Shared {
            mailbox: Mailbox::default(),
            memory: Arc::new(Mutex::new(ClientMemory::new(verbose))),
            vectors: Mutex::default(),
            violations: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            resets: AtomicU64::new(0),
            verbose,
        }
    }

    /// The client's memory.
    pub fn memory(&self) -> MutexGuard<'_, ClientMemory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for who keeps it.
    pub fn kept_memory(&self) -> &Arc<Mutex<ClientMemory>> {
        &self.memory
    }

    /// The interrupts.
    pub fn vectors(&self) -> MutexGuard<'_, Vectors> {
        self.vectors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resets the function: nothing is accessed any more, then the engine starts anew.
    pub fn reset(&self) {
        self.memory().bus_master = false;
        self.mailbox.reset();
        self.resets.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells the user.
    pub fn say(&self, what: &str) {
        if self.verbose {
            eprintln!("{what}");
        }
    }

    /// What happened so far.
    pub fn counts(&self) -> CardCounts {
        let (late_reads, lost_writes) = self.mailbox.late();
        CardCounts {
            dma: self.memory().counts,
            late_reads,
            lost_writes,
            refused_accesses: self.refused.load(Ordering::Relaxed),
            resets: self.resets.load(Ordering::Relaxed),
            interrupts: self.vectors().sent,
            violations: self.violations.load(Ordering::Relaxed),
        }
    }
}

/// The regions: registers and interrupt table in window 0, and the configuration space.
pub fn regions() -> Vec<ServerRegion> {
    let size = |index| match index {
        BAR => u64::from(BAR_BYTES),
        VFIO_PCI_CONFIG_REGION_INDEX => BYTES as u64,
        _ => 0,
    };
    let region = |index| {
        let flags = match size(index) {
            0 => 0,
            _ => VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
        };
        let argsz = std::mem::size_of::<vfio_region_info>() as u32;
        let region_info = vfio_region_info { argsz, flags, index, size: size(index), ..Default::default() };
        ServerRegion { region_info, sparse_areas: Vec::new(), mmap_fd: None }
    };
    (0..VFIO_PCI_NUM_REGIONS).map(region).collect()
}

/// The interrupts: MSI-X only.
pub fn interrupts() -> Vec<IrqInfo> {
    let interrupt = |index| {
        let count = if index == VFIO_PCI_MSIX_IRQ_INDEX { u32::from(VECTORS) } else { 0 };
        // Vectors may come one by one, without all being set anew.
        IrqInfo { index, flags: if count > 0 { VFIO_IRQ_INFO_EVENTFD } else { 0 }, count }
    };
    (0..VFIO_PCI_NUM_IRQS).map(interrupt).collect()
}

/// The card for one client.
pub struct Backend {
    shared: Arc<Shared>,
    configuration: Configuration,
    /// What a client writes to the MSI-X table, which nobody here reads: eventfds are connected by message.
    table: [u8; ENTRY * VECTORS as usize],
}

impl Backend {
    /// For a client that has just come.
    pub fn new(shared: &Arc<Shared>) -> Self {
        let mut backend = Backend {
            shared: Arc::clone(shared),
            configuration: Configuration::default(),
            table: [0; ENTRY * VECTORS as usize],
        };
        backend.reset_table();
        backend
    }

    /// Every vector is masked.
    fn reset_table(&mut self) {
        self.table.fill(0);
        self.table.chunks_mut(ENTRY).for_each(|entry| entry[MASK] = 1);
    }

    fn reset_function(&mut self) {
        self.shared.say("reset");
        self.configuration = Configuration::default();
        self.reset_table();
        self.shared.reset();
    }

    /// Four aligned bytes are one access, eight are two; all else is refused, since registers have no byte lanes.
    fn is_allowed(&self, offset: u64, length: usize) -> bool {
        let allowed = offset.is_multiple_of(4) && (length == 4 || length == 8);
        if !allowed {
            self.shared.say(&format!("refused: an access of {length} bytes to register {offset:#x}"));
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }

    fn read_window(&mut self, offset: u64, data: &mut [u8]) {
        let (start, end) = (offset, offset.saturating_add(data.len() as u64));
        let table = u64::from(MSIX_TABLE)..u64::from(MSIX_TABLE) + self.table.len() as u64;
        let pending = u64::from(MSIX_PENDING)..u64::from(MSIX_PENDING) + 8;
        if end <= u64::from(REGISTER_BYTES) {
            if !self.is_allowed(offset, data.len()) {
                return data.fill(0xff);
            }
            for (at, chunk) in (start..).step_by(4).zip(data.chunks_exact_mut(4)) {
                chunk.copy_from_slice(&self.shared.mailbox.read(at as u32).to_le_bytes());
            }
        } else if table.contains(&start) && end <= table.end {
            let first = (start - table.start) as usize;
            data.copy_from_slice(&self.table[first..first + data.len()]);
        } else if pending.contains(&start) && end <= pending.end {
            let (first, bits) = ((start - pending.start) as usize, self.shared.vectors().pending().to_le_bytes());
            data.copy_from_slice(&bits[first..first + data.len()]);
        } else {
            data.fill(0);
        }
    }

    fn write_window(&mut self, offset: u64, data: &[u8]) {
        let (start, end) = (offset, offset.saturating_add(data.len() as u64));
        let table = u64::from(MSIX_TABLE)..u64::from(MSIX_TABLE) + self.table.len() as u64;
        if end <= u64::from(REGISTER_BYTES) {
            if self.is_allowed(offset, data.len()) {
                for (at, chunk) in (start..).step_by(4).zip(data.chunks_exact(4)) {
                    let value = u32::from_le_bytes(std::array::from_fn(|byte| chunk[byte]));
                    self.shared.mailbox.write(at as u32, value);
                }
            }
        } else if table.contains(&start) && end <= table.end {
            let first = (start - table.start) as usize;
            self.table[first..first + data.len()].copy_from_slice(data);
        }
    }
}

impl ServerBackend for Backend {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        match region {
            BAR => self.read_window(offset, data),
            VFIO_PCI_CONFIG_REGION_INDEX => self.configuration.read(offset, data),
            _ => data.fill(0xff),
        }
        Ok(())
    }

    /// Never an error: the server would answer a posted write with it, and the client would take the answer for that of
    /// its next read.
    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        match region {
            BAR => self.write_window(offset, data),
            VFIO_PCI_CONFIG_REGION_INDEX => {
                let effect = self.configuration.write(offset, data);
                if effect.reset {
                    self.reset_function();
                }
                self.shared.memory().bus_master = effect.bus_master;
                if effect.bus_master {
                    self.shared.vectors().retry();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        file: Option<File>,
    ) -> io::Result<()> {
        self.shared.memory().map(flags, offset, address, size, file)
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        if flags.contains(DmaUnmapFlags::UNMAP_ALL) {
            self.shared.memory().clear();
            return Ok(());
        }
        self.shared.memory().unmap(address, size)
    }

    fn reset(&mut self) -> io::Result<()> {
        self.reset_function();
        Ok(())
    }

    fn set_irqs(&mut self, index: u32, flags: u32, start: u32, count: u32, events: Vec<File>) -> io::Result<()> {
        match index {
            VFIO_PCI_MSIX_IRQ_INDEX => self.shared.vectors().set(flags, start, count, events),
            // There are no others, and nothing to take away.
            _ if count == 0 => Ok(()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}
