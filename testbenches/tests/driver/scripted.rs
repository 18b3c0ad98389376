//! A transport without an engine: the test plays the engine, word by word.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::rc::Rc;
use stevedore_abi::register::{offset, REGISTERS};
use stevedore_abi::Descriptor;
use stevedore_driver::{Memory, Purpose, Transport, TransportError};

/// What the test sees of the driver, and changes under its feet.
#[derive(Default)]
pub struct Script {
    pub registers: HashMap<u32, u32>,
    pub writes: Vec<(u32, u32)>,
    pub granted: Vec<(u64, Purpose)>,
    /// Calls of the transport that still succeed; the one after fails, once.
    pub good: Option<u32>,
    memory: HashMap<u64, (NonNull<u64>, usize)>,
}

impl Script {
    /// Fails the call of the transport if it is its turn.
    fn call(&mut self) -> Result<(), TransportError> {
        match &mut self.good {
            Some(0) => {
                self.good = None;
                Err(TransportError::Other("as the test wants it".into()))
            }
            Some(good) => {
                *good -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn wide(&self, low: u32) -> u64 {
        u64::from(self.registers[&low]) | u64::from(self.registers[&(low + 4)]) << 32
    }

    fn word(&self, base: u64, index: usize) -> NonNull<u64> {
        let (pointer, words) = self.memory[&base];
        assert!(index < words);
        // SAFETY: inside the allocation, which is never freed.
        unsafe { pointer.add(index) }
    }

    /// Entry `index` of the input table.
    pub fn request(&self, index: usize) -> Descriptor {
        let base = self.wide(offset::INPUT_BASE_LOW);
        let mut bytes = [0; 32];
        for (word, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            // SAFETY: a valid word; nobody else uses it now.
            chunk.copy_from_slice(&unsafe { self.word(base, 4 * index + word).read() }.to_le_bytes());
        }
        Descriptor::from_bytes(&bytes)
    }

    /// Writes entry `index` of the output table as it is.
    pub fn respond(&self, index: usize, response: Descriptor) {
        let base = self.wide(offset::OUTPUT_BASE_LOW);
        for (word, chunk) in response.to_bytes().chunks_exact(8).enumerate() {
            let value = u64::from_le_bytes(std::array::from_fn(|byte| chunk[byte]));
            // SAFETY: as in `request`.
            unsafe { self.word(base, 4 * index + word).write(value) };
        }
    }

    /// Says in the status line that `count` requests were fetched.
    pub fn fetched(&self, count: u64) {
        // SAFETY: as in `request`.
        unsafe { self.word(self.wide(offset::STATUS_LINE_LOW), 0).write(count) };
    }

    /// The last value written to a register.
    pub fn last(&self, offset: u32) -> Option<u32> {
        self.writes.iter().rev().find(|(register, _)| *register == offset).map(|(_, value)| *value)
    }
}

/// The transport; the test keeps the other handle of the script.
#[derive(Clone, Default)]
pub struct Scripted(pub Rc<RefCell<Script>>);

impl Scripted {
    /// Registers as after reset.
    pub fn new() -> Self {
        let script = Scripted::default();
        script.0.borrow_mut().registers = REGISTERS.iter().map(|register| (register.offset, register.reset)).collect();
        script
    }
}

impl Transport for Scripted {
    fn read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.0.borrow_mut().call()?;
        self.0.borrow().registers.get(&offset).copied().ok_or(TransportError::Register { offset })
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        let mut script = self.0.borrow_mut();
        script.call()?;
        script.registers.insert(offset, value);
        script.writes.push((offset, value));
        Ok(())
    }

    fn allocate(&mut self, bytes: usize, _alignment: usize) -> Result<Memory, TransportError> {
        if bytes > 1 << 40 {
            return Err(TransportError::OutOfMemory { bytes });
        }
        // Untouched pages of a huge buffer cost nothing; leaked, since a test is short.
        let words: &'static mut [u64] = Box::leak(vec![0; bytes.div_ceil(8)].into_boxed_slice());
        let count = words.len();
        let pointer = NonNull::from(words).cast::<u64>();
        let address = pointer.as_ptr() as u64;
        self.0.borrow_mut().memory.insert(address, (pointer, count));
        // SAFETY: leaked, so valid for ever.
        Ok(unsafe { Memory::new(address, pointer.cast(), bytes, Rc::new(())) })
    }

    fn grant(&mut self, memory: &Memory, range: Range<usize>, purpose: Purpose) -> Result<(), TransportError> {
        self.0.borrow_mut().call()?;
        self.0.borrow_mut().granted.push((memory.address() + range.start as u64, purpose));
        Ok(())
    }

    fn revoke(&mut self, address: u64) -> Result<(), TransportError> {
        self.0.borrow_mut().call()?;
        self.0.borrow_mut().granted.retain(|(granted, _)| *granted != address);
        Ok(())
    }

    fn progress(&mut self) -> Result<(), TransportError> {
        Ok(())
    }

    fn wait_for_interrupt(&mut self, _microseconds: u32) -> Result<bool, TransportError> {
        Ok(true)
    }
}
