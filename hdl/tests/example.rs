//! The example of the user guide.
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    Idle,
    Run,
    Drain,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Beat<const W: usize> {
    pub data: Bits<W>,
    pub count: Bits<7>,
    pub last: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    left: Bits<16>,
    sum: Bits<16>,
}

#[kernel_fn]
pub fn lt<const N: usize>(a: Bits<N>, b: Bits<N>) -> bool {
    let d = a - b;
    d.get_bit(N - 1)
}

#[derive(LogicBlock, Default)]
pub struct Adder<const W: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub limit: Signal<In, Bits<16>>,
    pub s_in: Sink<Beat<W>>,
    pub m_out: Source<Beat<W>>,
    state: Register<State>,
    buffer: SkidBuffer<Beat<W>>,
}

impl<const W: usize> Logic for Adder<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, buffer);
        forward!(self.s_in => self.buffer.s_in);
        let mut next = self.state.q.val();
        let beat = self.buffer.m_out.bits.val();
        let take = self.buffer.m_out.valid.val() && self.m_out.ready.val();
        match next.phase {
            Phase::Idle => {
                if take {
                    next.phase = Phase::Run;
                    next.left = self.limit.val();
                }
            }
            Phase::Run | Phase::Drain => {
                if take && lt(next.left, bits::<16>(4)) {
                    next = State { phase: Phase::Idle, ..next };
                }
                if take {
                    next.sum += resize::<16, W>(beat.data);
                }
            }
        }
        self.state.d.next = next;
        self.buffer.m_out.ready.next = self.m_out.ready.val();
        self.m_out.valid.next = self.buffer.m_out.valid.val();
        self.m_out.bits.next = Beat::<W> { last: next.phase == Phase::Drain, ..beat };
    }
}

#[test]
fn guide_example_elaborates_and_steps() {
    let mut b = bench!(Adder::<64>::default());
    b.reset(|u, on| u.reset.next = on);
    b.uut.m_out.ready.next = true;
    b.uut.s_in.valid.next = true;
    b.uut.s_in.bits.next = Beat { data: 5.into(), count: 3.into(), last: true };
    (0..5).for_each(|_| b.step());
    assert!(b.uut.m_out.valid.val());
    let text = verilog(&*b.uut, "adder");
    stevedore_verilated::lint(&text, "adder", &[]).expect("lint finds nothing");
}
