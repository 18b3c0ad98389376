//! What a model is built from.

use crate::mutant;
use crate::waves::Window;
use std::path::{Path, PathBuf};

/// Verilog text and how to build it.
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) top: String,
    pub(crate) verilog: String,
    pub(crate) trace: Option<PathBuf>,
    pub(crate) window: Window,
    pub(crate) random_reset: Option<u32>,
    pub(crate) cxx_flags: Option<Vec<String>>,
    pub(crate) cache: Option<PathBuf>,
}

impl Source {
    /// Module `top` of the text `verilog`, optimised for speed, not traced, registers without an initial value zero.
    pub fn new(top: impl Into<String>, verilog: impl Into<String>) -> Self {
        let (verilog, cache) = mutant::put_into(verilog.into());
        Source {
            top: top.into(),
            verilog,
            trace: None,
            window: Window::default(),
            random_reset: None,
            cxx_flags: None,
            cache,
        }
    }

    /// Writes every signal of the window's cycles to `path` as FST. A traced model is a separate build, and several
    /// times slower.
    pub fn trace(mut self, path: impl AsRef<Path>) -> Self {
        self.trace = Some(path.as_ref().to_path_buf());
        self
    }

    /// Which cycles the waveform shows, of those since the model was made.
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Fills registers that have no initial value with noise derived from `seed` instead of zeros: a design that needs
    /// its reset and does not get it then fails. Costs no rebuild.
    pub fn random_reset(mut self, seed: u32) -> Self {
        self.random_reset = Some(seed);
        self
    }

    /// Replaces the C++ optimisation flags (`-march=native` and what is best for the compiler).
    pub fn cxx_flags<S: Into<String>>(mut self, flags: impl IntoIterator<Item = S>) -> Self {
        self.cxx_flags = Some(flags.into_iter().map(Into::into).collect());
        self
    }

    /// Keeps the built model under `directory` instead of `target/verilated`; what all models share stays there.
    pub fn cache_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }
}
