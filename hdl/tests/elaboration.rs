//! What a kernel may not do is reported when the design is elaborated, with the block and the signal.

use stevedore_hdl::prelude::*;

/// Declares a block with inputs `a` (8 bits) and `s` (bool), output `y` (8 bits) and a register, around the body of
/// `update`.
macro_rules! case {
    ($name: ident, $kernel: item) => {
        #[derive(LogicBlock, Default)]
        struct $name {
            pub clock: Signal<In, Clock>,
            pub reset: Signal<In, bool>,
            pub a: Signal<In, Bits<8>>,
            pub s: Signal<In, bool>,
            pub y: Signal<Out, Bits<8>>,
            pub l: Signal<Local, Bits<8>>,
            pub r: Register<Bits<8>>,
        }
        impl Logic for $name {
            #[kernel]
            $kernel
        }
    };
}

fn complaint<B: Block>(block: &B) -> String {
    let attempt = std::panic::AssertUnwindSafe(|| verilog(block, "dut"));
    let panic = std::panic::catch_unwind(attempt).expect_err("the elaboration is refused");
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap_or(&"").to_string())
}

fn assert_complains<B: Block>(block: &B, block_name: &str, words: &[&str]) {
    let complaint = complaint(block);
    assert!(complaint.to_lowercase().contains(block_name), "{complaint}");
    words.iter().for_each(|w| assert!(complaint.contains(w), "{complaint}"));
}

case!(
    Latching,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        if self.s.val() {
            self.y.next = self.a.val();
        }
    }
);

#[test]
fn assignment_on_some_paths_only_is_a_latch() {
    assert_complains(&Latching::default(), "latching", &["latch", "y", "default"]);
}

case!(
    EarlyRead,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.y.next = self.l.val();
        self.l.next = self.a.val();
    }
);

#[test]
fn reading_a_local_before_it_is_assigned_is_refused() {
    assert_complains(&EarlyRead::default(), "earlyread", &["`l`", "before it is assigned"]);
}

case!(
    ReadsChildInput,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        self.y.next = self.r.d.val();
    }
);

#[test]
fn reading_an_input_of_a_child_is_refused() {
    assert_complains(&ReadsChildInput::default(), "readschildinput", &["`r.d`", "input of a child"]);
}

case!(
    WritesInput,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        self.y.next = 0.into();
        self.a.next = 0.into();
    }
);

#[test]
fn assigning_an_own_input_is_refused() {
    assert_complains(&WritesInput::default(), "writesinput", &["`a`", "cannot be assigned"]);
}

case!(
    WritesChildOutput,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        self.y.next = 0.into();
        self.r.q.next = 0.into();
    }
);

#[test]
fn assigning_an_output_of_a_child_is_refused() {
    assert_complains(&WritesChildOutput::default(), "writeschildoutput", &["`r.q`", "output of a child"]);
}

case!(
    Undriven,
    fn update(&mut self) {
        setup!(self, r);
        self.l.next = 0.into();
        self.y.next = 0.into();
    }
);

#[test]
fn an_undriven_input_of_a_child_is_refused() {
    assert_complains(&Undriven::default(), "undriven", &["`r.d`", "not driven"]);
}

case!(
    NoOutput,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
    }
);

#[test]
fn an_undriven_output_is_refused() {
    assert_complains(&NoOutput::default(), "no_output", &["`y`", "not driven"]);
}

case!(
    ChangesInside,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        let mut x = self.a.val();
        self.y.next = x + {
            x = x + 1;
            x
        };
    }
);

#[test]
fn a_variable_that_changes_inside_an_expression_is_refused() {
    assert_complains(&ChangesInside::default(), "changesinside", &["`x`", "let"]);
}

case!(
    CountsInBranch,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        let mut n = 0usize;
        if self.s.val() {
            n = 1;
        }
        self.y.next = self.a.val() << n as u64;
    }
);

#[test]
fn an_elaboration_time_number_cannot_depend_on_a_signal() {
    assert!(complaint(&CountsInBranch::default()).contains("where a signal decides"));
}

case!(
    BitOutside,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        self.y.next = resize::<8, 1>(self.a.val().get_bit(8).into());
    }
);

#[test]
fn a_constant_position_past_the_end_is_refused() {
    assert_complains(&BitOutside::default(), "bitoutside", &["bit 8 of 8"]);
}

case!(
    TooLarge,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        self.y.next = 256.into();
    }
);

#[test]
fn a_literal_too_large_for_its_type_is_refused() {
    assert!(complaint(&TooLarge::default()).contains("does not fit"));
}

case!(
    Guarded,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        self.l.next = 0.into();
        let mut any = false;
        for i in 0..9 {
            if i < 8 && self.a.val().get_bit(i) {
                any = true;
            }
        }
        self.y.next = resize::<8, 1>(any.into());
    }
);

#[test]
fn elaboration_time_conditions_guard_positions() {
    assert!(verilog(&Guarded::default(), "dut").contains("a[7]"));
}

case!(
    Keywords,
    fn update(&mut self) {
        setup!(self, r);
        hold!(self, r);
        let begin = self.a.val() + 1;
        let y = begin ^ 3;
        self.l.next = y;
        self.y.next = begin & y;
    }
);

#[test]
fn names_never_collide_with_ports_or_keywords() {
    let text = verilog(&Keywords::default(), "dut");
    assert!(text.contains("begin_ = a + 8'd1") && text.contains("y_1 = begin_ ^ 8'd3"), "{text}");
}

#[test]
fn elaboration_is_deterministic() {
    assert_eq!(verilog(&Fifo::<Bits<40>>::new(9), "f"), verilog(&Fifo::<Bits<40>>::new(9), "f"));
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Step {
    #[default]
    First,
    Second,
    Third,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Inner {
    step: Step,
    lanes: [Bits<3>; 2],
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Counted {
    count: Bits<8>,
    inner: Inner,
}

#[derive(LogicBlock, Default)]
struct Storage {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub a: Signal<In, Counted>,
    pub y: Signal<Out, Counted>,
    pub lane: Signal<Out, Bits<3>>,
    taken: Register<Counted>,
    moved: Register<Counted>,
}

impl Logic for Storage {
    #[kernel]
    fn update(&mut self) {
        setup!(self, taken, moved);
        let taken = self.taken.q.val();
        let mut next = taken;
        next.count = taken.count + 1;
        next.inner.lanes[1] = self.a.val().inner.lanes[0];
        self.taken.d.next = next;
        self.lane.next = taken.inner.lanes[1];
        self.moved.d.next = self.a.val();
        self.y.next = self.moved.q.val();
    }
}

/// A register whose fields are used is a variable per field, at any depth; one that only keeps a record stays a vector.
#[test]
fn registers_of_records_are_split_where_their_fields_are_used() {
    let text = verilog(&Storage::default(), "dut");
    for line in [
        "reg [7:0] taken_q_count;",
        "reg [1:0] taken_q_inner_step;",
        "reg [2:0] taken_q_inner_lanes_1;",
        "taken_q_inner_lanes_1 <= 3'd0;",
        "taken_q_count <= next_count;",
        "reg [15:0] moved_q;",
        "moved_q <= a;",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
}
