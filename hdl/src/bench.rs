//! Single-threaded stepping of a block in rust-hdl's simulator, for block tests.

use rust_hdl::core::prelude::*;

/// Passes after which a block that still changes is taken to oscillate.
const PASSES: usize = 1000;

/// Finds the clock of a block.
type ClockOf<B> = fn(&mut B) -> &mut Signal<In, Clock>;

/// A block under test.
pub struct Bench<B: Block> {
    /// The block: set `.next` of its inputs, read `.val()` of its outputs.
    pub uut: Box<B>,
    /// Rising edges so far.
    pub cycle: u64,
    clock: Option<ClockOf<B>>,
}

/// A [`Bench`] for a block with a field `clock`.
#[macro_export]
macro_rules! bench {
    ($uut: expr) => {
        $crate::bench::Bench::new($uut, |u| &mut u.clock)
    };
}

impl<B: Block> Bench<B> {
    /// Connects the block and runs all checks, elaboration included.
    pub fn new(uut: B, clock: ClockOf<B>) -> Self {
        Self::start(uut, Some(clock))
    }

    /// A block without a clock, or with several: see [`Bench::edge`].
    pub fn combinational(uut: B) -> Self {
        Self::start(uut, None)
    }

    fn start(uut: B, clock: Option<ClockOf<B>>) -> Self {
        let mut uut = Box::new(uut);
        uut.connect_all();
        if let Err(error) = check_all(&*uut) {
            panic!("the block does not pass rust-hdl's checks: {error:?}");
        }
        let mut bench = Bench { uut, cycle: 0, clock };
        bench.settle();
        bench
    }

    /// Propagates the inputs.
    pub fn settle(&mut self) {
        assert!(simulate(&mut *self.uut, PASSES), "cycle {}: the block does not settle", self.cycle);
    }

    /// One clock cycle: settles the inputs, raises the clock, settles, lowers it.
    pub fn step(&mut self) {
        let clock = self.clock.expect("a block with a clock");
        self.settle();
        clock(&mut self.uut).next = true.into();
        self.settle();
        clock(&mut self.uut).next = false.into();
        self.settle();
        self.cycle += 1;
    }

    /// One edge of one clock of several: settles the inputs, sets the clock, settles.
    pub fn edge(&mut self, clock: ClockOf<B>, rises: bool) {
        self.settle();
        clock(&mut self.uut).next = rises.into();
        self.settle();
    }

    /// Steps a few cycles in reset; `set` drives the reset input.
    pub fn reset(&mut self, set: fn(&mut B, bool)) {
        set(&mut self.uut, true);
        (0..3).for_each(|_| self.step());
        set(&mut self.uut, false);
        self.settle();
    }
}

/// Runs `body` in a thread with a stack of 256 MB: wide signals live on the stack while a design is built.
pub fn with_big_stack<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(body).expect("a thread");
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
