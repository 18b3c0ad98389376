//! A running model: its ports and its clock.

use crate::compile;
use crate::library::{self, Instance, Library};
use crate::source::Source;
use crate::tools::Tools;
use crate::waves;
use anyhow::{ensure, Context, Result};
use std::ffi::{c_void, CString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

/// A port, found by name once and then used every cycle. Valid for every model built from the same text with the same
/// options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// Distance of the port's storage from that of the first port.
    offset: isize,
    /// The number of the library the port belongs to, and whether it is an output: what an access must agree with.
    key: u32,
    width: u32,
}

impl Port {
    /// Bits.
    pub fn width(self) -> u32 {
        self.width
    }

    /// Words of 32 bits that `set_wide` and `get_wide` take.
    pub fn words(self) -> usize {
        self.width.div_ceil(32) as usize
    }

    /// The model drives it.
    pub fn is_output(self) -> bool {
        self.key & 1 == 1
    }
}

/// A Verilated model. Inputs keep their value until set again; outputs are those of the last `eval` or `step`.
pub struct Model {
    instance: *mut Instance,
    /// Storage of the first port; all others are at fixed distances from it, in the same C++ object.
    base: *mut u8,
    library: &'static Library,
    offsets: Vec<isize>,
    has_clock: bool,
    cycle: u64,
}

// SAFETY: the C++ object has no ties to the thread that made it (one context per model, built for one thread), and
// `Model` is its only owner; without `Sync`, one thread at a time uses it.
unsafe impl Send for Model {}

impl Model {
    /// Builds the model, or finds it built, and starts an instance of it.
    pub fn build(source: &Source) -> Result<Model> {
        Self::build_with(source, &Tools::of_workspace())
    }

    /// The same, with tools found as `tools` says.
    pub fn build_with(source: &Source, tools: &Tools) -> Result<Model> {
        if let (None, Some(path)) = (&source.trace, waves::requested(&source.top)) {
            let window = waves::window()?;
            return Self::build_with(&source.clone().trace(path).window(window), tools);
        }
        let library = library::load(&compile::shared_object(source, tools)?)?;
        ensure!(!library.ports.is_empty(), "module {} has no ports", source.top);
        let wave = source.trace.as_deref().map(waveform).transpose()?;
        let wave_pointer = wave.as_ref().map_or(ptr::null(), |path| path.as_ptr());
        let randomise = u32::from(source.random_reset.is_some());
        let mut addresses = vec![ptr::null_mut::<c_void>(); library.ports.len()];
        // SAFETY: `wave_pointer` is null or a C string that lives to the end of this function, and the C++ side copies
        // it; `addresses` has room for one address per port of this very library.
        let instance = unsafe {
            let (from, to) = source.window.nanoseconds();
            let instance = (library.new)(wave_pointer, from, to, randomise, source.random_reset.unwrap_or(0));
            (library.addresses)(instance, addresses.as_mut_ptr());
            instance
        };
        let base = addresses[0].cast::<u8>();
        let offsets = addresses.iter().map(|&address| address as isize - base as isize).collect();
        let has_clock = library.ports.iter().any(|port| port.name == "clock" && port.width == 1 && !port.output);
        let mut model = Model { instance, base, library, offsets, has_clock, cycle: 0 };
        let inputs: Vec<Port> = model.ports().map(|(_, port)| port).filter(|port| !port.is_output()).collect();
        for input in inputs {
            model.set_wide(input, &vec![0; input.words()]);
        }
        // An edge is a difference from the evaluation before: without this one the first rise would go unseen.
        model.eval();
        Ok(model)
    }

    /// The port `name`.
    ///
    /// # Panics
    /// If there is none: a bench that asks for it is wrong.
    pub fn port(&self, name: &str) -> Port {
        self.find_port(name).unwrap_or_else(|| {
            let names: Vec<&str> = self.ports().map(|(name, _)| name).collect();
            panic!("no port {name:?}; there are {}", names.join(", "))
        })
    }

    /// The port `name`, if there is one.
    pub fn find_port(&self, name: &str) -> Option<Port> {
        self.ports().find(|(candidate, _)| *candidate == name).map(|(_, port)| port)
    }

    /// Every port with its name.
    pub fn ports(&self) -> impl Iterator<Item = (&str, Port)> {
        self.library.ports.iter().zip(&self.offsets).map(|(info, &offset)| {
            let key = self.library.number << 1 | u32::from(info.output);
            (info.name.as_str(), Port { offset, key, width: info.width })
        })
    }

    /// Drives an input of up to 64 bits.
    ///
    /// # Panics
    /// If the value does not fit, or the port is an output, wider, or of another design.
    #[inline]
    pub fn set(&mut self, port: Port, value: u64) {
        self.check_input(port);
        assert!(port.width >= 64 || value >> port.width == 0, "{value:#x} does not fit {} bits", port.width);
        // SAFETY: `check_input` saw that the port belongs to this model's library, so that `offset` leads to storage
        // of the type Verilator gives this width, inside the live C++ object.
        unsafe {
            let storage = self.base.offset(port.offset);
            match port.width {
                1..=8 => *storage = value as u8,
                9..=16 => *storage.cast::<u16>() = value as u16,
                17..=32 => *storage.cast::<u32>() = value as u32,
                33..=64 => *storage.cast::<u64>() = value,
                _ => too_wide(port),
            }
        }
    }

    /// Reads a port of up to 64 bits.
    ///
    /// # Panics
    /// If the port is wider or of another design.
    #[inline]
    pub fn get(&self, port: Port) -> u64 {
        self.check_own(port);
        // SAFETY: as in `set`, with `check_own`; a shared borrow of the model is enough to read.
        unsafe {
            let storage = self.base.offset(port.offset);
            match port.width {
                1..=8 => u64::from(*storage),
                9..=16 => u64::from(*storage.cast::<u16>()),
                17..=32 => u64::from(*storage.cast::<u32>()),
                33..=64 => *storage.cast::<u64>(),
                _ => too_wide(port),
            }
        }
    }

    /// Drives an input of any width; word 0 holds the lowest 32 bits.
    ///
    /// # Panics
    /// If the number of words is not `port.words()`, or bits beyond the port's width are set, or as for `set`.
    #[inline]
    pub fn set_wide(&mut self, port: Port, words: &[u32]) {
        self.check_input(port);
        assert_eq!(words.len(), port.words(), "words for a port of {} bits", port.width);
        let spare = port.words() as u32 * 32 - port.width;
        assert!(words[words.len() - 1].leading_zeros() >= spare, "the value does not fit {} bits", port.width);
        if port.width <= 64 {
            self.set(port, words.iter().rev().fold(0, |value, &word| value << 32 | u64::from(word)));
            return;
        }
        // SAFETY: `check_input` as in `set`; Verilator stores more than 64 bits as an array of `words()` 32-bit words,
        // lowest first, and `words` is exactly as long. The storage belongs to C++, so it cannot overlap the slice.
        unsafe {
            let storage = self.base.offset(port.offset).cast::<u32>();
            ptr::copy_nonoverlapping(words.as_ptr(), storage, words.len());
        }
    }

    /// Reads a port of any width; word 0 receives the lowest 32 bits.
    ///
    /// # Panics
    /// If the number of words is not `port.words()`, or the port is of another design.
    #[inline]
    pub fn get_wide(&self, port: Port, words: &mut [u32]) {
        self.check_own(port);
        assert_eq!(words.len(), port.words(), "words for a port of {} bits", port.width);
        if port.width <= 64 {
            let value = self.get(port);
            words.iter_mut().zip([value as u32, (value >> 32) as u32]).for_each(|(word, part)| *word = part);
            return;
        }
        // SAFETY: as in `set_wide`, in the other direction.
        unsafe {
            let storage = self.base.offset(port.offset).cast::<u32>();
            ptr::copy_nonoverlapping(storage, words.as_mut_ptr(), words.len());
        }
    }

    /// Lets outputs follow inputs without a clock edge. Also the way to clock a design whose clock is not named
    /// `clock`: set it, `eval`, and `sample` if the waveform is to show it.
    #[inline]
    pub fn eval(&mut self) {
        // SAFETY: `instance` is alive as long as `self`.
        unsafe { (self.library.eval)(self.instance) }
    }

    /// Puts the present values into the waveform and moves its time on by half a cycle.
    #[inline]
    pub fn sample(&mut self) {
        // SAFETY: `instance` is alive as long as `self`.
        unsafe { (self.library.sample)(self.instance) }
    }

    /// One cycle of `clock`: raise, settle, lower, settle. Registers take the inputs set before the call; afterwards
    /// outputs show the state after the edge, with the inputs unchanged.
    ///
    /// # Panics
    /// If the design has no input of one bit named `clock`.
    #[inline]
    pub fn step(&mut self) {
        assert!(self.has_clock, "the design has no input named clock");
        self.cycle += 1;
        // SAFETY: `instance` is alive as long as `self`.
        unsafe { (self.library.step)(self.instance) }
    }

    /// Cycles stepped so far. In a waveform, cycle n begins at 10 n ns.
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    #[inline]
    fn check_own(&self, port: Port) {
        assert!(port.key >> 1 == self.library.number, "a port of another design");
    }

    #[inline]
    fn check_input(&self, port: Port) {
        assert!(port.key == self.library.number << 1, "a port of another design, or an output");
    }
}

impl Drop for Model {
    /// Runs `final` blocks and completes the waveform.
    fn drop(&mut self) {
        // SAFETY: `instance` is alive, and nothing uses it after this.
        unsafe { (self.library.delete)(self.instance) }
    }
}

/// Makes room for a waveform. Opening it here first turns a path that cannot be written into an error: the C++ writer
/// would lose every sample in silence.
fn waveform(path: &Path) -> Result<CString> {
    let create = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::File::create(path)
    };
    create().with_context(|| format!("cannot write the waveform {}", path.display()))?;
    CString::new(path.as_os_str().as_bytes()).context("a waveform path with a zero byte")
}

#[cold]
fn too_wide(port: Port) -> ! {
    panic!("a port of {} bits takes set_wide and get_wide", port.width)
}
