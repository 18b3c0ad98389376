//! One bench for both simulators, and proof that they agree.
//!
//! A test drives a block through [`Dut`] by the names of its channels. [`Stepped`] is the block in rust-hdl's
//! simulator; it records every port at every clock edge, and [`Stepped::replay`] feeds the recording to the Verilated
//! block and compares all outputs. [`Compiled`] is the Verilated block, for long sweeps.
//!
//! ```ignore
//! let mut dut = stepped!(Realigner::<64>::default(), sinks: [s_fragment], sources: [m_beat]);
//! dut.reset();
//! dut.offer("s_fragment", Some(&fragment.to_flat()));
//! dut.accept("m_beat", true);
//! dut.settle();
//! let taken = dut.ready("s_fragment");
//! let beat = dut.word("m_beat").map(|bits| Beat::<64>::from_flat(&bits));
//! dut.step();
//! dut.replay("realigner").unwrap();
//! ```
mod feed;
mod recording;

pub use feed::Feed;
pub use recording::Recording;

use anyhow::Result;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock};
use stevedore_hdl::prelude::*;
use stevedore_verilated::{Model, Port, Source};

/// Bits of a word of a channel, lowest first: what `Flat::to_flat` gives.
pub type FlatWord = Vec<bool>;

/// A block under test, driven by names.
pub trait Dut {
    /// Offers a word to a sink, or stops offering.
    fn offer(&mut self, sink: &str, word: Option<&[bool]>);
    /// Sets `ready` of a source.
    fn accept(&mut self, source: &str, ready: bool);
    /// Lets outputs follow the inputs.
    fn settle(&mut self);
    /// Whether the sink takes what is offered at the next edge.
    fn ready(&self, sink: &str) -> bool;
    /// What the source offers.
    fn word(&self, source: &str) -> Option<FlatWord>;
    /// A clock cycle.
    fn step(&mut self);
    /// A few cycles of reset.
    fn reset(&mut self);
    /// Clock edges so far.
    fn cycle(&self) -> u64;
}

/// A block in rust-hdl's simulator, recorded. Made by [`stepped!`](crate::stepped).
pub struct Stepped<B: Block> {
    /// The bench; ports that are no channels are driven through it, before `settle`.
    pub bench: Bench<B>,
    access: Access<B>,
    recording: Recording,
}

/// How to reach the channels of a block; written by [`stepped!`](crate::stepped).
pub struct Access<B> {
    /// See [`Dut::offer`].
    pub offer: fn(&mut B, &str, Option<&[bool]>),
    /// See [`Dut::accept`].
    pub accept: fn(&mut B, &str, bool),
    /// See [`Dut::ready`].
    pub ready: fn(&B, &str) -> bool,
    /// See [`Dut::word`].
    pub word: fn(&B, &str) -> Option<FlatWord>,
    /// Drives the reset input.
    pub reset: fn(&mut B, bool),
}

/// A [`Stepped`] block: `stepped!(Block::new(..), sinks: [s_a, s_b[0], s_b[1]], sources: [m_c])`. The block needs
/// `clock` and `reset`. A channel `s_b[1]` is named "s_b_1", as its ports are.
#[macro_export]
macro_rules! stepped {
    ($uut: expr, sinks: [$($sink: ident $([$i: literal])?),*], sources: [$($source: ident $([$j: literal])?),*]) => {
        $crate::replay::Stepped::new(
            $crate::replay::bench!($uut),
            $crate::replay::Access {
                offer: |uut, name, word| match name {
                    $(concat!(stringify!($sink) $(, "_", $i)?) => {
                        uut.$sink$([$i])?.valid.next = word.is_some();
                        if let Some(word) = word {
                            uut.$sink$([$i])?.bits.next = $crate::replay::Flat::from_flat(word);
                        }
                    })*
                    _ => panic!("no sink {name}"),
                },
                accept: |uut, name, ready| match name {
                    $(concat!(stringify!($source) $(, "_", $j)?) => uut.$source$([$j])?.ready.next = ready,)*
                    _ => panic!("no source {name}"),
                },
                ready: |uut, name| match name {
                    $(concat!(stringify!($sink) $(, "_", $i)?) => uut.$sink$([$i])?.ready.val(),)*
                    _ => panic!("no sink {name}"),
                },
                word: |uut, name| match name {
                    $(concat!(stringify!($source) $(, "_", $j)?) => {
                        let source = &uut.$source$([$j])?;
                        source.valid.val().then(|| $crate::replay::Flat::to_flat(source.bits.val()))
                    })*
                    _ => panic!("no source {name}"),
                },
                reset: |uut, on| uut.reset.next = on,
            },
        )
    };
}
pub use stevedore_hdl::prelude::{bench, Flat};

impl<B: Block> Stepped<B> {
    /// See [`stepped!`](crate::stepped).
    pub fn new(bench: Bench<B>, access: Access<B>) -> Self {
        Stepped { bench, access, recording: Recording::default() }
    }

    /// The block's Verilog.
    pub fn verilog(&self, name: &str) -> String {
        verilog(&*self.bench.uut, name)
    }

    /// Runs the Verilated block on the recorded inputs; every output must be the same in every cycle.
    pub fn replay(&self, name: &str) -> Result<()> {
        self.recording.replay(&mut Model::build(&Source::new(name, self.verilog(name)))?)
    }
}

impl<B: Block> Dut for Stepped<B> {
    fn offer(&mut self, sink: &str, word: Option<&[bool]>) {
        (self.access.offer)(&mut self.bench.uut, sink, word)
    }
    fn accept(&mut self, source: &str, ready: bool) {
        (self.access.accept)(&mut self.bench.uut, source, ready)
    }
    fn settle(&mut self) {
        self.bench.settle()
    }
    fn ready(&self, sink: &str) -> bool {
        (self.access.ready)(&self.bench.uut, sink)
    }
    fn word(&self, source: &str) -> Option<FlatWord> {
        (self.access.word)(&self.bench.uut, source)
    }
    fn step(&mut self) {
        self.bench.settle();
        self.recording.record(&*self.bench.uut);
        self.bench.step();
    }
    fn reset(&mut self) {
        (self.access.reset)(&mut self.bench.uut, true);
        (0..3).for_each(|_| self.step());
        (self.access.reset)(&mut self.bench.uut, false);
        self.bench.settle();
    }
    fn cycle(&self) -> u64 {
        self.bench.cycle
    }
}

/// The text that `make` makes, or made when `key` was asked for before. A text takes seconds, and many tests drive the
/// same block: it is made once per process. None if `make` has none to give.
pub(crate) fn kept(key: String, make: impl FnOnce() -> Option<String>) -> Option<Arc<str>> {
    type Text = Arc<OnceLock<Option<Arc<str>>>>;
    static TEXTS: Mutex<Option<HashMap<String, Text>>> = Mutex::new(None);
    // A test that panics while it looks for its text leaves the map as it was.
    let mut texts = TEXTS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let text = Arc::clone(texts.get_or_insert_default().entry(key).or_default());
    drop(texts);
    text.get_or_init(|| make().map(Arc::from)).clone()
}

/// The Verilog of the block that `make` makes of `shape`, on which alone it depends; made once per process.
pub fn elaborated<B, S>(name: &str, shape: &S, make: fn(&S) -> B) -> Arc<str>
where
    B: Block + 'static,
    S: Debug + Clone + Send + 'static,
{
    let (shape, top) = (shape.clone(), name.to_string());
    let key = format!("{} {name} {shape:?}", std::any::type_name::<B>());
    kept(key, || Some(with_big_stack(move || verilog(&make(&shape), &top)))).expect("a block has a text")
}

/// The Verilated block.
pub struct Compiled {
    /// The model; ports that are no channels are driven through it.
    pub model: Model,
    /// Found by the name of the channel alone: every cycle asks for each.
    channels: HashMap<String, Channel>,
    /// Ports of one bit, and in how many cycles each was high.
    counted: Vec<(Port, u64)>,
}

/// The ports of a channel.
#[derive(Clone, Copy)]
struct Channel {
    valid: Port,
    ready: Port,
    bits: Port,
}

impl Compiled {
    /// Builds the model of `block`.
    pub fn new(block: &impl Block, name: &str) -> Result<Self> {
        Self::of(&Source::new(name, verilog(block, name)))
    }

    /// The model of the block that `make` makes of `shape`, elaborated once per process: see [`elaborated`].
    pub fn once<B, S>(name: &str, shape: &S, make: fn(&S) -> B) -> Result<Self>
    where
        B: Block + 'static,
        S: Debug + Clone + Send + 'static,
    {
        Self::of(&Source::new(name, elaborated(name, shape, make).to_string()))
    }

    /// The same with noise out of `seed` wherever the text gives no value for power-up: in every memory.
    pub fn noisy(block: &impl Block, name: &str, seed: u32) -> Result<Self> {
        Self::of(&Source::new(name, verilog(block, name)).random_reset(seed))
    }

    fn of(source: &Source) -> Result<Self> {
        let model = Model::build(source)?;
        let mut channels = HashMap::new();
        for (name, valid) in model.ports() {
            let Some(channel) = name.strip_suffix("_valid") else { continue };
            let part = |part| model.find_port(&format!("{channel}_{part}"));
            if let (Some(ready), Some(bits)) = (part("ready"), part("bits")) {
                channels.insert(channel.to_string(), Channel { valid, ready, bits });
            }
        }
        Ok(Compiled { model, channels, counted: Vec::new() })
    }

    /// From now on the cycles are counted in which these ports are high.
    pub fn count<const N: usize>(&mut self, ports: [&str; N]) {
        self.counted = ports.map(|port| (self.model.port(port), 0)).into();
    }

    /// How often each port given to [`Compiled::count`] was high.
    pub fn counts(&self) -> Vec<u64> {
        self.counted.iter().map(|(_, cycles)| *cycles).collect()
    }

    fn channel(&self, name: &str) -> Channel {
        *self.channels.get(name).unwrap_or_else(|| panic!("no channel {name}"))
    }
}

impl Dut for Compiled {
    fn offer(&mut self, sink: &str, word: Option<&[bool]>) {
        let Channel { valid, bits, .. } = self.channel(sink);
        self.model.set(valid, word.is_some().into());
        if let Some(word) = word {
            let pack = |bits: &[bool]| bits.iter().rev().fold(0, |value, &bit| value << 1 | u32::from(bit));
            let words: Vec<u32> = word.chunks(32).map(pack).collect();
            self.model.set_wide(bits, &words);
        }
    }
    fn accept(&mut self, source: &str, ready: bool) {
        self.model.set(self.channel(source).ready, ready.into());
    }
    fn settle(&mut self) {
        self.model.eval();
    }
    fn ready(&self, sink: &str) -> bool {
        self.model.get(self.channel(sink).ready) != 0
    }
    fn word(&self, source: &str) -> Option<FlatWord> {
        let Channel { valid, bits: port, .. } = self.channel(source);
        if self.model.get(valid) == 0 {
            return None;
        }
        let mut words = vec![0; port.words()];
        self.model.get_wide(port, &mut words);
        Some((0..port.width() as usize).map(|i| words[i / 32] >> (i % 32) & 1 == 1).collect())
    }
    fn step(&mut self) {
        let model = &self.model;
        self.counted.iter_mut().for_each(|(port, cycles)| *cycles += model.get(*port));
        self.model.step();
    }
    fn reset(&mut self) {
        let reset = self.model.port("reset");
        self.model.set(reset, 1);
        (0..3).for_each(|_| self.model.step());
        self.model.set(reset, 0);
        self.model.eval();
    }
    fn cycle(&self) -> u64 {
        self.model.cycle()
    }
}

/// The bits as a number.
///
/// # Panics
/// If there are more than 64.
pub fn number<const N: usize>(bits: Bits<N>) -> u64 {
    (0..N).fold(0, |sum, i| sum | u64::from(bits.get_bit(i)) << i)
}
