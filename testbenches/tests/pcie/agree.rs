//! The blocks of `pcie`, each alone: rust-hdl's simulator and the Verilated block on the same stimulus, every output
//! equal in every cycle. What the outputs should be is judged by the other tests of this binary.
use stevedore_hdl::prelude::*;
use stevedore_rtl::pcie::judge::Judge;
use stevedore_rtl::pcie::msix::Msix;
use stevedore_rtl::pcie::read_issue::ReadIssue;
use stevedore_rtl::pcie::tag_states::TagStates;
use stevedore_rtl::pcie::ultrascale::order::Order;
use stevedore_rtl::pcie::ultrascale::registers::Registers;
use stevedore_rtl::pcie::ultrascale::row_shift::RowShift;
use stevedore_rtl::pcie::unpacker::Unpacker;
use stevedore_rtl::pcie::write_packer::WritePacker;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::Recording;
use stevedore_verilated::{Model, Source};

/// Runs the block on what `drive` sets in each cycle, then its Verilog on the recording.
fn agree<B: Block>(mut bench: Bench<B>, name: &str, cycles: u64, mut drive: impl FnMut(&mut B, &mut Random)) {
    let mut recording = Recording::default();
    let mut random = Random::new(17);
    for _ in 0..cycles {
        drive(&mut bench.uut, &mut random);
        bench.settle();
        recording.record(&*bench.uut);
        bench.step();
    }
    let mut model = Model::build(&Source::new(name, verilog(&*bench.uut, name))).expect("a model");
    recording.replay(&mut model).unwrap_or_else(|error| panic!("{name}: {error:#}"));
}

/// A value of random bits.
fn any<T: Flat>(random: &mut Random) -> T {
    let bits: Vec<bool> = (0..T::WIDTH).map(|_| random.percent(50)).collect();
    T::from_flat(&bits)
}

#[test]
fn blocks_with_rows_agree() {
    with_big_stack(|| {
        agree(bench!(RowShift::default()), "row_shift", 2000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.s_row.valid.next = random.percent(80);
            uut.s_row.bits.next = any(random);
            uut.m_row.ready.next = random.percent(80);
        });
        agree(bench!(Unpacker::<64>::default()), "unpacker_64", 2000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.s_verdict.valid.next = random.percent(80);
            uut.s_verdict.bits.next = any(random);
            uut.s_row.valid.next = random.percent(80);
            uut.s_row.bits.next = any(random);
            uut.m_completion.ready.next = random.percent(80);
        });
        agree(bench!(WritePacker::<64, 8>::default()), "write_packer_64", 2000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.s_write.valid.next = random.percent(80);
            uut.s_write.bits.next = any(random);
            uut.m_header.ready.next = random.percent(60);
            uut.m_row.ready.next = random.percent(60);
        });
        agree(bench!(WritePacker::<512, 64>::default()), "write_packer_512", 600, |uut, random| {
            uut.reset.next = random.below(300) == 0;
            uut.s_write.valid.next = random.percent(80);
            uut.s_write.bits.next = any(random);
            uut.m_header.ready.next = random.percent(60);
            uut.m_row.ready.next = random.percent(60);
        });
    });
}

#[test]
fn blocks_with_tags_agree() {
    with_big_stack(|| {
        agree(bench!(ReadIssue::new(512)), "read_issue", 3000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.s_read.valid.next = random.percent(80);
            uut.s_read.bits.next = any(random);
            uut.m_read.ready.next = random.percent(50);
            uut.busy.next = any(random);
            uut.returned.next = random.percent(30);
            uut.returned_cost.next = any(random);
        });
        agree(bench!(TagStates::new(40)), "tag_states", 5000, |uut, random| {
            uut.reset.next = random.below(1000) == 0;
            uut.issued.next = random.percent(30);
            uut.issued_tag.next = any(random);
            uut.thrown.next = random.percent(20);
            uut.judged.next = any(random);
            uut.settled.next = random.percent(30);
            uut.settled_tag.next = any(random);
            uut.running.next = random.percent(90);
        });
        agree(bench!(Judge::new()), "judge", 3000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.s_header.valid.next = random.percent(60);
            uut.s_header.bits.next = any(random);
            uut.issued.next = random.percent(30);
            uut.issued_tag.next = any(random);
            uut.entry.next = any(random);
            uut.waiting.next = any(random);
            uut.late.next = any(random);
            uut.owed.next = any(random);
            uut.over.next = any(random);
            uut.m_verdict.ready.next = random.percent(60);
        });
    });
}

#[test]
fn blocks_of_interrupts_and_registers_agree() {
    with_big_stack(|| {
        agree(bench!(Msix::default()), "msix", 3000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.lines.next = any(random);
            uut.enable.next = random.percent(90);
            uut.function_mask.next = random.percent(20);
            uut.address.next = (random.below(12) * 4).into();
            uut.write.next = random.percent(40);
            uut.write_address.next = (random.below(12) * 4).into();
            uut.data.next = any(random);
            uut.m_message.ready.next = random.percent(60);
            uut.clear.next = random.below(100) == 0;
        });
        agree(bench!(Order::default()), "order", 3000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.posted.next = random.percent(50);
            uut.returned_0_valid.next = random.percent(50);
            uut.returned_0.next = any(random);
            uut.returned_1_valid.next = random.percent(20);
            uut.returned_1.next = any(random);
            uut.bus_master.next = random.percent(95);
        });
        agree(bench!(Registers::default()), "registers", 2000, |uut, random| {
            uut.reset.next = random.below(500) == 0;
            uut.s_pins.valid.next = random.percent(80);
            uut.s_pins.bits.next = any(random);
            uut.m_register.ready.next = random.percent(60);
            uut.s_answer.valid.next = random.percent(60);
            uut.s_answer.bits.next = any(random);
            uut.m_pins.ready.next = random.percent(60);
        });
    });
}
