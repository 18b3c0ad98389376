//! Pages that a card can reach, for as long as somebody holds them.

use super::{Bus, Pages};
use crate::memory::Memory;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;

/// Pages opened to the card. Dropping them closes them first.
struct Mapped<B: Bus> {
    pages: ManuallyDrop<Pages>,
    address: u64,
    bus: Rc<RefCell<B>>,
}

/// The first `bytes` bytes of `pages`, which were opened to the card behind `bus` at `address`.
pub fn memory<B: Bus + 'static>(pages: Pages, bytes: usize, address: u64, bus: Rc<RefCell<B>>) -> Memory {
    assert!(bytes <= pages.length(), "{bytes} bytes of {}", pages.length());
    let pointer = pages.pointer();
    let owner = Rc::new(Mapped { pages: ManuallyDrop::new(pages), address, bus });
    // SAFETY: the pages are mapped for reading and writing, at least `bytes` long and zeroed, and `owner` keeps them
    // mapped as long as it lives. It never touches them otherwise, and nobody else on the host has their address: the
    // card is the only other party, and a process that plays it has the file.
    unsafe { Memory::new(address, pointer, bytes, owner) }
}

impl<B: Bus> Drop for Mapped<B> {
    fn drop(&mut self) {
        let closed = self.bus.borrow_mut().unmap(self.address, self.pages.length());
        // Pages that the card may still write to are never given back to the system.
        if closed.is_ok() {
            // SAFETY: nothing uses `pages` after this, and it is dropped nowhere else.
            unsafe { ManuallyDrop::drop(&mut self.pages) };
        }
    }
}
