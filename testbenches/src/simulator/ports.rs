//! The pins of an engine, as plain values: what the models drive and see every cycle.

/// 64-bit lanes of the widest stream.
pub const LANES: usize = 8;
/// A stream word; a narrow engine uses the first lane only.
pub type Word = [u64; LANES];

/// Which groups of inputs were changed since the engine last took them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed(u32);

impl Changed {
    /// Reset, limits of the bus, halt.
    pub const RESET: Changed = Changed(1);
    /// Register port.
    pub const REGISTERS: Changed = Changed(1 << 1);
    /// Receive stream.
    pub const RX: Changed = Changed(1 << 2);
    /// Ready of the transmit stream, of read requests and of writes.
    pub const READY: Changed = Changed(1 << 3);
    /// Read completions.
    pub const COMPLETION: Changed = Changed(1 << 4);
    /// Everything.
    pub const ALL: Changed = Changed(u32::MAX);

    /// Adds a group.
    #[inline]
    pub fn add(&mut self, other: Changed) {
        self.0 |= other.0;
    }

    /// The group was changed.
    #[inline]
    pub fn has(self, other: Changed) -> bool {
        self.0 & other.0 != 0
    }

    /// Nothing was changed.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What goes into the engine. Whoever changes a field adds its group to `changed`.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Groups changed; the engine clears it.
    pub changed: Changed,
    /// Synchronous reset.
    pub reset: bool,
    /// Longest read: 128 bytes, doubled so often.
    pub maximum_read: u8,
    /// Longest burst: 128 bytes, doubled so often.
    pub maximum_write: u8,
    /// The bus stops the engine.
    pub halt: bool,
    /// Register write address, if valid.
    pub awvalid: bool,
    /// Register write data valid.
    pub wvalid: bool,
    /// Write response ready.
    pub bready: bool,
    /// Register read address valid.
    pub arvalid: bool,
    /// Read data ready.
    pub rready: bool,
    /// Address of a register write.
    pub awaddr: u32,
    /// Data of a register write; the strobes are all ones.
    pub wdata: u32,
    /// Address of a register read.
    pub araddr: u32,
    /// Receive stream: a beat is there.
    pub rx_valid: bool,
    /// Its bytes.
    pub rx_data: Word,
    /// Its valid bytes, a run of ones from lane 0.
    pub rx_keep: u64,
    /// Its frame ends here.
    pub rx_last: bool,
    /// Its frame is damaged (with `rx_last`).
    pub rx_error: bool,
    /// The transmit stream may go on.
    pub tx_ready: bool,
    /// A read request may come.
    pub request_ready: bool,
    /// A completion beat is there.
    pub completion_valid: bool,
    /// Its word.
    pub completion_data: Word,
    /// Its tag.
    pub completion_tag: u8,
    /// It is the last of its tag.
    pub completion_last: bool,
    /// The read failed (with `completion_last`).
    pub completion_error: bool,
    /// A write beat may come.
    pub write_ready: bool,
}

/// What comes out of the engine. Fields behind a `valid` that is false are stale.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Register write address taken.
    pub awready: bool,
    /// Register write data taken.
    pub wready: bool,
    /// Write response valid.
    pub bvalid: bool,
    /// Write response: 0 is success.
    pub bresp: u8,
    /// Register read address taken.
    pub arready: bool,
    /// Read data valid.
    pub rvalid: bool,
    /// Read data.
    pub rdata: u32,
    /// Read response: 0 is success.
    pub rresp: u8,
    /// Receive beat taken.
    pub rx_ready: bool,
    /// Transmit stream: a beat is there.
    pub tx_valid: bool,
    /// Its bytes.
    pub tx_data: Word,
    /// Its valid bytes.
    pub tx_keep: u64,
    /// Its frame ends here.
    pub tx_last: bool,
    /// Its frame must not be sent (with `tx_last`).
    pub tx_error: bool,
    /// A read request is there.
    pub request_valid: bool,
    /// Its first byte.
    pub request_address: u64,
    /// Its bytes.
    pub request_length: u32,
    /// Its tag.
    pub request_tag: u8,
    /// Completion beat taken.
    pub completion_ready: bool,
    /// A write beat is there.
    pub write_valid: bool,
    /// Address of its lane 0.
    pub write_address: u64,
    /// Its word.
    pub write_data: Word,
    /// Its lanes to be written.
    pub write_strobe: u64,
    /// Its burst ends here.
    pub write_last: bool,
    /// Its burst may reach memory before earlier ones.
    pub write_may_pass: bool,
    /// The interrupt line.
    pub interrupt: bool,
    /// The engine is stopped.
    pub halted: bool,
}

/// An engine, pin by pin. The RTL is one; the driver's tests bring another.
pub trait EnginePorts {
    /// Bytes of a stream word: 8 or 64.
    fn bytes(&self) -> usize;

    /// Takes the changed inputs (and clears `changed`), lets the combinational logic settle, and shows the outputs of
    /// this cycle.
    fn settle(&mut self, inputs: &mut Inputs, outputs: &mut Outputs);

    /// The clock edge that ends the cycle.
    fn edge(&mut self);

    /// Received bytes are in host memory before they are acknowledged (F2). A double may keep them elsewhere.
    fn places_before_it_acknowledges(&self) -> bool {
        true
    }
}

/// Ones for the first `count` bytes.
#[inline]
pub fn keep_of(count: usize) -> u64 {
    if count >= 64 {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}

/// Puts up to 64 bytes into a word.
#[inline]
pub fn word_of(bytes: &[u8]) -> Word {
    let mut word = [0; LANES];
    for (lane, chunk) in word.iter_mut().zip(bytes.chunks(8)) {
        let mut eight = [0; 8];
        eight[..chunk.len()].copy_from_slice(chunk);
        *lane = u64::from_le_bytes(eight);
    }
    word
}

/// The bytes of a word.
#[inline]
pub fn bytes_of(word: &Word) -> [u8; 8 * LANES] {
    let mut bytes = [0; 8 * LANES];
    for (chunk, lane) in bytes.chunks_exact_mut(8).zip(word) {
        chunk.copy_from_slice(&lane.to_le_bytes());
    }
    bytes
}
