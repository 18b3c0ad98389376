//! Both simulators agree, and the Verilog is clean.
use super::rig::{test_geometry, test_settings, Rig, Stalls};
use super::storm::Storm;
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Event;
use stevedore_rtl::connection::Tcp;
use stevedore_testbenches::replay::{Access, Stepped};

/// The channels of the block by name.
fn access() -> Access<Tcp> {
    Access {
        offer: |uut, name, word| {
            let sink = if name == "s_segment" { &mut uut.s_segment } else { &mut uut.s_host };
            sink.valid.next = word.is_some();
            if let Some(word) = word {
                sink.bits.next = Event::from_flat(word);
            }
        },
        accept: |uut, name, ready| match name {
            "m_send" => uut.m_send.ready.next = ready,
            _ => uut.m_receive.ready.next = ready,
        },
        ready: |uut, name| if name == "s_segment" { uut.s_segment.ready.val() } else { uut.s_host.ready.val() },
        word: |uut, name| match name {
            "m_send" => uut.m_send.valid.val().then(|| uut.m_send.bits.val().to_flat()),
            _ => uut.m_receive.valid.val().then(|| uut.m_receive.bits.val().to_flat()),
        },
        reset: |uut, on| uut.reset.next = on,
    }
}

#[test]
fn stepped_and_verilated_agree_cycle_by_cycle() {
    with_big_stack(|| {
        let dut = Stepped::new(bench!(Tcp::new(&test_geometry())), access());
        let mut rig = Rig::around(dut, test_settings());
        rig.cycles(40);
        let conn = rig.passive(3, "win 5000 mss 1460");
        rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
        rig.peer(conn, ". 1:1(0) ack 1 win 5000");
        rig.notice(conn, Response::ConnectionArrival, Status::Success);
        rig.terminate(conn, true);
        rig.ending(conn, Some(Response::TerminationResponse), Status::Aborted, true);
        rig.wire.clear();
        rig.cycles_per_microsecond = 1;
        rig.stalls = Stalls::Random;
        let mut storm = Storm::new(15);
        for _ in 0..1500 {
            if rig.random() % 3 == 0 && rig.segments.len() < 20 {
                storm.blow(&mut rig);
            }
            rig.cycle();
            storm.look(&mut rig);
        }
        println!("{} events, {:?}", rig.taken_at.len(), rig.pulses);
        rig.dut.replay("tcp").expect("both simulators agree");
    });
}

#[test]
fn tcp_verilog_is_clean() {
    let text = with_big_stack(|| verilog(&Tcp::new(&test_geometry()), "tcp"));
    stevedore_verilated::lint(&text, "tcp", &[]).expect("clean");
    let report = stevedore_verilated::yosys::check(&text, "tcp").expect("yosys reads it");
    assert!(report.is_clean(), "{report}");
}
