//! `pcie::Outlet` alone: what it offers stays, packets stay whole, and nothing passes while it is closed.
use crate::pins::{feed, Tap};
use std::collections::VecDeque;
use stevedore_hdl::prelude::*;
use stevedore_rtl::pcie::outlet::Outlet;
use stevedore_rtl::pcie::tlp::{RequestHeader, RequestKind, Row};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{Compiled, Dut};

/// A header with its number.
fn header(kind: RequestKind, number: u64) -> Vec<bool> {
    RequestHeader { kind, address: bits(4 * number), ..RequestHeader::default() }.to_flat()
}

#[test]
fn offers_stay_and_packets_pass_whole_or_not_at_all() {
    let mut dut = Compiled::new(&Outlet::default(), "outlet").expect("a model");
    for seed in 0..20 {
        let mut random = Random::new(seed);
        dut.reset();
        let (mut reads, mut posted, mut rows) = (feed("s_read"), feed("s_posted"), feed("s_row"));
        // How many rows each posted packet has.
        let mut lengths = VecDeque::new();
        for number in 0..200 {
            reads.words.push_back(header(RequestKind::Read, number));
            posted.words.push_back(header(RequestKind::Write, number));
            let count = random.within(1, 5);
            lengths.push_back(count);
            let row = |i: u64| Row { data: bits(number), last: i + 1 == count }.to_flat();
            rows.words.extend((0..count).map(row));
        }
        let (mut requests, mut payload) = (Tap::new("m_request"), Tap::new("m_row"));
        let (mut next, mut left) = ([0, 0], 0);
        let mut closed = 0;
        let mut master = true;
        let port = dut.model.port("bus_master");
        for _ in 0..20_000 {
            if random.below(30) == 0 {
                master = !master;
            }
            closed = if master { 0 } else { closed + 1 };
            dut.model.set(port, master.into());
            reads.offer(&mut dut, || random.percent(70));
            posted.offer(&mut dut, || random.percent(70));
            rows.offer(&mut dut, || random.percent(70));
            requests.before(&mut dut, random.percent(60));
            payload.before(&mut dut, random.percent(60));
            dut.settle();
            reads.take(&dut);
            posted.take(&dut);
            rows.take(&dut);
            let (word, taken) = requests.after(&dut);
            assert!(word.is_none() || left == 0, "seed {seed}: a header inside a packet");
            if let Some(request) = word.filter(|_| taken).map(|word| RequestHeader::from_flat(&word)) {
                let kind = usize::from(request.kind == RequestKind::Write);
                assert_eq!(request.address.to_u64(), 4 * next[kind], "seed {seed}: in order");
                next[kind] += 1;
                left = if kind == 1 { lengths.pop_front().expect("a packet") } else { 0 };
                // One that was offered when the outlet closed may still be taken.
                assert!(closed < 40, "seed {seed}: passes while closed");
            }
            let (word, taken) = payload.after(&dut);
            if word.is_some() && taken {
                left -= 1;
            }
            dut.step();
        }
        assert_eq!(next, [200, 200], "seed {seed}");
    }
}
