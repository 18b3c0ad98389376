//! Memories with one write port and one registered read port.
//!
//! # Role
//! Tables, FIFOs and frame buffers; the depth is chosen at construction and rounded up to a power of two.
//!
//! # Ports
//! See the fields. Only the low bits of the addresses that the depth needs are looked at.
//!
//! # Handshake
//! None: a write happens at every edge with `write_enable`, a read at every edge.
//!
//! # Latency
//! `read_data` shows, one cycle later, the word at `read_address` as it was *before* the edge: a write to the same
//! address at the same edge is not seen. With `no_rw_check` hardware may return anything in that one case while the
//! simulation still returns the old word; promise it only where the word is not used then.
//!
//! # Invariant
//! The contents change by writes alone. At power-up they are those given; all other words are undefined, because a
//! statement that sets them would cost synthesis minutes and would not be repeated by a reset. Simulations begin with
//! zeros, or with noise if a test asks for it. Whoever reads a word before writing it uses a
//! [`ClearedRam`](super::ClearedRam).

use crate::emit::print::constant;
use crate::emit::{deposit, Body};
use crate::sym::Symbolic;
use rust_hdl::core::prelude::*;

/// Words of any type; see the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct DualPortRam<T: Symbolic> {
    /// Rising edge, both ports.
    pub clock: Signal<In, Clock>,
    /// Whether to write at the next edge.
    pub write_enable: Signal<In, bool>,
    /// Where to write.
    pub write_address: Signal<In, Bits<16>>,
    /// What to write.
    pub write_data: Signal<In, T>,
    /// What to read at the next edge.
    pub read_address: Signal<In, Bits<16>>,
    /// The word read at the last edge.
    pub read_data: Signal<Out, T>,
    _storage: Storage<T>,
}

/// Words of `W` bits whose `B` bytes (`B = W / 8`) are written separately; see the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct ByteRam<const W: usize, const B: usize> {
    /// Rising edge, both ports.
    pub clock: Signal<In, Clock>,
    /// Which bytes to write at the next edge; bit 0 is the least significant byte.
    pub write_enable: Signal<In, Bits<B>>,
    /// Where to write.
    pub write_address: Signal<In, Bits<16>>,
    /// What to write.
    pub write_data: Signal<In, Bits<W>>,
    /// What to read at the next edge.
    pub read_address: Signal<In, Bits<16>>,
    /// The word read at the last edge.
    pub read_data: Signal<Out, Bits<W>>,
    _storage: Storage<Bits<W>>,
}

/// Contents and options of a memory.
#[derive(Clone, Debug)]
pub(super) struct Storage<T> {
    pub(super) words: Vec<T>,
    initial: Vec<T>,
    pub(super) no_rw_check: bool,
}

impl<T: Symbolic> Storage<T> {
    pub(super) fn new(depth: usize) -> Self {
        assert!((1..=1 << 16).contains(&depth), "a depth of {depth} words");
        // As Verilator has it: zeros, which need not be `T::default()`.
        let undefined = T::from_flat(&vec![false; T::BITS]);
        Storage { words: vec![undefined; depth.next_power_of_two().max(2)], initial: vec![], no_rw_check: false }
    }

    fn fill(&mut self, contents: Vec<T>) {
        assert!(contents.len() <= self.words.len(), "more contents than words");
        self.words[..contents.len()].copy_from_slice(&contents);
        self.initial = contents;
    }

    pub(super) fn at(&self, address: Bits<16>) -> usize {
        address.index() & (self.words.len() - 1)
    }

    /// The body of the module around the `write` statements, which may use `{address}`; `read` is the condition of a
    /// read.
    pub(super) fn text(&self, type_name: &str, read: &str, write: impl Fn(&str) -> String) -> Verilog {
        self.text_of(type_name, read, write, "clock", "")
    }

    /// The body of a memory module whose two ports have a clock each; the arguments are those of `text`.
    pub(super) fn text_with_two_clocks(&self, type_name: &str, read: &str, write: impl Fn(&str) -> String) -> Verilog {
        self.text_of(type_name, read, write, "write_clock", "    end\n    always @(posedge read_clock) begin\n")
    }

    /// `between` stands between the statement that writes and the one that reads.
    fn text_of(
        &self,
        type_name: &str,
        read: &str,
        write: impl Fn(&str) -> String,
        clock: &str,
        between: &str,
    ) -> Verilog {
        let depth = self.words.len();
        let (top, bits) = (T::BITS - 1, depth.trailing_zeros() - 1);
        let attribute = if self.no_rw_check { "    (* no_rw_check *)\n" } else { "" };
        let mut text = format!(
            "    /* verilator lint_off UNUSEDSIGNAL */ // address bits above the depth are not needed\n\
             \x20   wire unused_address = &{{1'b0, write_address, read_address}};\n\
             \x20   /* verilator lint_on UNUSEDSIGNAL */\n\
             {attribute}    reg [{top}:0] memory [0:{last}];\n    initial begin\n\
             \x20       read_data = {zero};\n",
            last = depth - 1,
            zero = constant(&T::default().to_flat()),
        );
        for (i, word) in self.initial.iter().enumerate() {
            text.push_str(&format!("        memory[{i}] = {};\n", constant(&word.to_flat())));
        }
        text.push_str(&format!("    end\n    always @(posedge {clock}) begin\n"));
        text.push_str(&write(&format!("write_address[{bits}:0]")));
        text.push_str(between);
        text.push_str(&format!("        {read}read_data <= memory[read_address[{bits}:0]];\n    end\n"));
        deposit(Body::Text { type_name: type_name.to_string(), text: text.clone(), variables: true });
        Verilog::Custom(text)
    }
}

impl<T: Symbolic> DualPortRam<T> {
    /// A memory of `depth` words, rounded up to a power of two.
    pub fn new(depth: usize) -> Self {
        DualPortRam {
            clock: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            _storage: Storage::new(depth),
        }
    }
    /// The number of words.
    pub fn depth(&self) -> usize {
        self._storage.words.len()
    }
    /// Promises that a word read while it is written is not used: saves emulation logic around block RAM.
    pub fn no_rw_check(mut self) -> Self {
        self._storage.no_rw_check = true;
        self
    }
    /// Power-up contents from address 0 up.
    pub fn with_contents(mut self, contents: Vec<T>) -> Self {
        self._storage.fill(contents);
        self
    }
}

/// The smallest memory: a block that derives `Default` has its constructor replace it.
impl<T: Symbolic> Default for DualPortRam<T> {
    fn default() -> Self {
        Self::new(2)
    }
}

impl<T: Symbolic> Logic for DualPortRam<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.read_data.next = self._storage.words[self._storage.at(self.read_address.val())];
            if self.write_enable.val() {
                let at = self._storage.at(self.write_address.val());
                self._storage.words[at] = self.write_data.val();
            }
        }
    }
    fn connect(&mut self) {
        self.read_data.connect();
    }
    fn hdl(&self) -> Verilog {
        self._storage.text("dual_port_ram", "", |address| {
            format!("        if (write_enable) memory[{address}] <= write_data;\n")
        })
    }
}

impl<const W: usize, const B: usize> ByteRam<W, B> {
    /// A memory of `depth` words, rounded up to a power of two.
    pub fn new(depth: usize) -> Self {
        assert_eq!(W, 8 * B, "one enable a byte");
        ByteRam {
            clock: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            _storage: Storage::new(depth),
        }
    }
    /// As for [`DualPortRam`].
    pub fn no_rw_check(mut self) -> Self {
        self._storage.no_rw_check = true;
        self
    }
}

impl<const W: usize, const B: usize> Default for ByteRam<W, B> {
    fn default() -> Self {
        Self::new(2)
    }
}

impl<const W: usize, const B: usize> Logic for ByteRam<W, B> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.read_data.next = self._storage.words[self._storage.at(self.read_address.val())];
            let enable = self.write_enable.val();
            if enable.any() {
                let at = self._storage.at(self.write_address.val());
                let data = self.write_data.val();
                for byte in (0..B).filter(|b| enable.get_bit(*b)) {
                    self._storage.words[at].set_bits::<8>(8 * byte, data.get_bits::<8>(8 * byte));
                }
            }
        }
    }
    fn connect(&mut self) {
        self.read_data.connect();
    }
    fn hdl(&self) -> Verilog {
        self._storage.text("byte_ram", "", |address| {
            let line = |b: usize| {
                let enable = if B == 1 { "write_enable".to_string() } else { format!("write_enable[{b}]") };
                let range = format!("[{}:{}]", 8 * b + 7, 8 * b);
                format!("        if ({enable}) memory[{address}]{range} <= write_data{range};\n")
            };
            (0..B).map(line).collect()
        })
    }
}
