//! The card's configuration space: ids, one memory window, the PCI Express and MSI-X capabilities.
#![forbid(unsafe_code)]

use stevedore_abi::pci::{command, configuration, BAR_BYTES, CLASS, DEVICE, MSIX_PENDING, MSIX_TABLE, VECTORS, VENDOR};

/// Bytes of it.
pub const BYTES: usize = 4096;

const REVISION: usize = 0x08;
const CLASS_CODE: usize = 0x09;
const BAR0: usize = 0x10;
const SUBSYSTEM: usize = 0x2c;
const CAPABILITIES: usize = 0x34;
const STATUS: usize = 0x06;
const EXPRESS: usize = 0x40;
const DEVICE_CONTROL: usize = EXPRESS + 0x08;
const MSIX: usize = 0x80;
const MSIX_CONTROL: usize = MSIX + 2;

/// Bit of the device control register that resets the function.
const FUNCTION_RESET: u16 = 1 << 15;

/// What a write has brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The card may access memory.
    pub bus_master: bool,
    /// The function is to be reset; the space itself is already.
    pub reset: bool,
}

/// The space.
pub struct Configuration {
    bytes: Vec<u8>,
    /// Bits that a write changes.
    writable: Vec<u8>,
}

impl Default for Configuration {
    fn default() -> Self {
        let mut space = Configuration { bytes: vec![0; BYTES], writable: vec![0; BYTES] };
        let half = |at: usize, value: u16, space: &mut Configuration| {
            space.bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
        };
        let word = |at: usize, value: u32, space: &mut Configuration| {
            space.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        };
        half(configuration::IDS as usize, VENDOR, &mut space);
        half(configuration::IDS as usize + 2, DEVICE, &mut space);
        // There is a list of capabilities.
        half(STATUS, 1 << 4, &mut space);
        space.bytes[REVISION] = 1;
        let [base, sub, interface] = CLASS;
        space.bytes[CLASS_CODE..CLASS_CODE + 3].copy_from_slice(&[interface, sub, base]);
        half(SUBSYSTEM, VENDOR, &mut space);
        half(SUBSYSTEM + 2, DEVICE, &mut space);
        space.bytes[CAPABILITIES] = EXPRESS as u8;
        // PCI Express: an endpoint, version 2 of the structure. It can be reset by function.
        space.bytes[EXPRESS..EXPRESS + 4].copy_from_slice(&[0x10, MSIX as u8, 0x02, 0x00]);
        word(EXPRESS + 0x04, 1 << 28 | 1 << 15, &mut space);
        // Eight lanes at 8 GT/s, and the link runs so.
        word(EXPRESS + 0x0c, 8 << 4 | 3, &mut space);
        half(EXPRESS + 0x12, 8 << 4 | 3, &mut space);
        word(EXPRESS + 0x2c, 0b1110, &mut space);
        // MSI-X: the table and the pending bits lie in window 0.
        space.bytes[MSIX..MSIX + 2].copy_from_slice(&[0x11, 0x00]);
        half(MSIX_CONTROL, VECTORS - 1, &mut space);
        word(MSIX + 4, MSIX_TABLE, &mut space);
        word(MSIX + 8, MSIX_PENDING, &mut space);
        let mut writable = |at: usize, bits: &[u8]| space.writable[at..at + bits.len()].copy_from_slice(bits);
        // Memory, bus master, parity and system errors, INTx off.
        writable(configuration::COMMAND as usize, &[0x46, 0x05]);
        // Cache line size, interrupt line.
        writable(0x0c, &[0xff]);
        writable(0x3c, &[0xff]);
        writable(BAR0, &(!(BAR_BYTES - 1)).to_le_bytes());
        writable(DEVICE_CONTROL, &[0xff, 0x7f]);
        writable(EXPRESS + 0x10, &[0xff, 0x0f]);
        writable(EXPRESS + 0x28, &[0xff, 0xff]);
        // Enable, mask of the function.
        writable(MSIX_CONTROL + 1, &[0xc0]);
        space
    }
}

impl Configuration {
    /// Reads bytes; those beyond the end are 0.
    pub fn read(&self, offset: u64, data: &mut [u8]) {
        for (at, byte) in (offset..).zip(data) {
            *byte = usize::try_from(at).ok().and_then(|at| self.bytes.get(at)).copied().unwrap_or(0);
        }
    }

    /// Writes the bits of these bytes that can be written.
    pub fn write(&mut self, offset: u64, data: &[u8]) -> Effect {
        let mut reset = false;
        for (at, byte) in (offset..).zip(data) {
            let Some(at) = usize::try_from(at).ok().filter(|at| *at < BYTES) else { break };
            let mask = self.writable[at];
            self.bytes[at] = self.bytes[at] & !mask | byte & mask;
            reset |= at == DEVICE_CONTROL + 1 && byte & (FUNCTION_RESET >> 8) as u8 != 0;
        }
        if reset {
            *self = Configuration::default();
        }
        let command = u16::from_le_bytes([
            self.bytes[configuration::COMMAND as usize],
            self.bytes[configuration::COMMAND as usize + 1],
        ]);
        Effect { bus_master: command & command::BUS_MASTER != 0, reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_tells_its_size_and_ids_cannot_be_changed() {
        let mut space = Configuration::default();
        space.write(0, &[0; 4]);
        space.write(BAR0 as u64, &[0xff; 4]);
        let mut word = [0; 4];
        space.read(BAR0 as u64, &mut word);
        assert_eq!(!u32::from_le_bytes(word) + 1, BAR_BYTES);
        space.read(0, &mut word);
        assert_eq!(word, [VENDOR.to_le_bytes(), DEVICE.to_le_bytes()].concat()[..]);
    }

    #[test]
    fn a_reset_of_the_function_takes_the_bus_master_bit_away() {
        let mut space = Configuration::default();
        let command = u64::from(configuration::COMMAND);
        assert_eq!(space.write(command, &[0x06, 0]), Effect { bus_master: true, reset: false });
        assert_eq!(space.write(DEVICE_CONTROL as u64, &[0, 0x80]), Effect { bus_master: false, reset: true });
        let mut control = [0xff; 2];
        space.read(DEVICE_CONTROL as u64, &mut control);
        assert_eq!(control, [0, 0], "the bit that resets reads as 0");
    }
}
