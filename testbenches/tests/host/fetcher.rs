//! The fetcher against a table in memory (H1, H7).
use crate::harness::{data_of, Random};
use std::collections::VecDeque;
use stevedore_abi::descriptor::DESCRIPTOR_BYTES;
use stevedore_abi::Descriptor;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Piece, Settings};
use stevedore_rtl::host::{Fetched, Fetcher};
use stevedore_rtl::stream::Fragment;
use stevedore_testbenches::replay::{Compiled, Dut, FlatWord};

const BASE: u64 = 0x12_3456_7000;
const LOG_ENTRIES: u64 = 4;
const ENTRIES: u64 = 1 << LOG_ENTRIES;

struct Table {
    bytes: Vec<u8>,
    produced: u64,
    expected: VecDeque<Descriptor>,
}

impl Table {
    fn produce(&mut self, random: &mut Random, wrong_owner: bool) {
        let phase = (self.produced / ENTRIES).is_multiple_of(2);
        let descriptor = Descriptor {
            base: random.next(),
            cookie: self.produced as u32,
            length: random.next() as u32,
            kind: 1 + random.below(8) as u8,
            owner: phase != wrong_owner,
            ..Descriptor::default()
        };
        let at = (self.produced % ENTRIES) as usize * DESCRIPTOR_BYTES;
        self.bytes[at..at + DESCRIPTOR_BYTES].copy_from_slice(&descriptor.to_bytes());
        self.produced += 1;
        self.expected.push_back(descriptor);
    }
}

fn set_record(dut: &mut Compiled, port: &str, bits: &[bool]) {
    let words: Vec<u32> = bits.chunks(32).map(|w| w.iter().rev().fold(0, |v, &b| v << 1 | u32::from(b))).collect();
    let port = dut.model.port(port);
    dut.model.set_wide(port, &words);
}

/// Words of memory touched by `bytes`, which begin at `address`; whatever lies beside them is there too.
fn fragments_of<const W: usize>(random: &mut Random, address: u64, bytes: &[u8], error: bool) -> Vec<FlatWord> {
    let width = W as u64 / 8;
    let mut rest = bytes;
    let mut fragments = Vec::new();
    while !rest.is_empty() {
        let offset = (address + (bytes.len() - rest.len()) as u64) % width;
        let (head, tail) = rest.split_at(rest.len().min((width - offset) as usize));
        let mut word = random.bytes(W / 8);
        word[offset as usize..][..head.len()].copy_from_slice(head);
        let last = tail.is_empty();
        let (offset, count) = (bits(offset), bits(head.len() as u64));
        let fragment = Fragment::<W> { data: data_of(&word), offset, count, last, error: last && error };
        fragments.push(fragment.to_flat());
        rest = tail;
    }
    fragments
}

/// Runs `total` descriptors through, with one wrong owner bit and one failing read in between.
fn exchange<const W: usize>(seed: u64, total: u64, pace: u64) {
    let mut random = Random::new(seed);
    let mut dut = Compiled::new(&Fetcher::<W>::new(4), &format!("fetcher_{W}")).expect("a model");
    dut.reset();
    let settings =
        Settings { enable: true, input_base: bits(BASE), input_size: bits(LOG_ENTRIES), ..Settings::default() };
    set_record(&mut dut, "settings", &settings.to_flat());
    let (doorbell, ring) = (dut.model.port("doorbell"), dut.model.port("ring"));
    let (status, status_done) = (dut.model.port("status"), dut.model.port("status_done"));
    let (consumed, refused) = (dut.model.port("consumed"), dut.model.port("refused"));
    let (mut wild, mut ignored) = (0u64, 0u64);
    let mut table =
        Table { bytes: vec![0; ENTRIES as usize * DESCRIPTOR_BYTES], produced: 0, expected: VecDeque::new() };
    let mut fragments: VecDeque<(FlatWord, u64)> = VecDeque::new();
    let (mut seen, mut host_freed, mut failures, mut wrong, mut failed_until) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut requested = 0;
    for cycle in 0.. {
        assert!(cycle < 400 * total + 10_000, "seed {seed}: {seen} of {total} after {cycle} cycles");
        if seen == total {
            break;
        }
        // The host fills what the status line set free.
        let room = ENTRIES - (table.produced - host_freed);
        let ringing = room > 0 && table.produced < total && random.percent(10);
        dut.model.set(ring, u64::from(ringing));
        if ringing {
            for _ in 0..random.within(1, room.min(total - table.produced)) {
                table.produce(&mut random, table.produced == 37);
            }
            dut.model.set(doorbell, table.produced & 0xffff);
        } else if random.percent(5) {
            // Wild doorbells, ignored: just beyond the ring or far, just back or far. The ring begins at the entry
            // passed on next.
            let back = random.below(2) == 0;
            let far = if random.below(2) == 0 { 1 + random.below(2 * ENTRIES) } else { 1 + random.below(30_000) };
            let value = if back { table.produced.wrapping_sub(far) } else { seen + ENTRIES + far };
            dut.model.set(ring, 1);
            dut.model.set(doorbell, value & 0xffff);
            wild += 1;
        } else if random.percent(1) {
            // The same again is no news, and no fault.
            dut.model.set(ring, 1);
            dut.model.set(doorbell, table.produced & 0xffff);
        }
        let told = dut.model.get(status) != 0 && random.percent(30);
        dut.model.set(status_done, u64::from(told));
        if told {
            host_freed = dut.model.get(consumed);
        }
        dut.accept("m_piece", random.percent(pace));
        let fragment_due = fragments.front().filter(|(_, at)| *at <= cycle).map(|(fragment, _)| fragment.clone());
        dut.offer("s_fragment", fragment_due.as_deref());
        let willing = random.percent(pace);
        dut.accept("m_descriptor", willing);
        dut.settle();
        if fragment_due.is_some() && dut.ready("s_fragment") {
            fragments.pop_front();
        }
        let piece_ready = dut.model.get(dut.model.port("m_piece_ready")) != 0;
        ignored += dut.model.get(refused);
        if let Some(piece) = dut.word("m_piece").filter(|_| piece_ready) {
            let piece = Piece::from_flat(&piece);
            let (at, length) = (piece.address.to_u64() - BASE, piece.length.to_u64());
            assert!(
                piece.last && length > 0 && length % 32 == 0 && at + length <= ENTRIES * 32,
                "seed {seed}: {piece:?}"
            );
            let error = requested == 5;
            requested += 1;
            let bytes = table.bytes[at as usize..(at + length) as usize].to_vec();
            if error {
                failed_until = table.produced;
            }
            let due = cycle + random.within(5, 60);
            let words = fragments_of::<W>(&mut random, at, &bytes, error);
            fragments.extend(words.into_iter().map(|word| (word, due)));
        }
        if let Some(word) = dut.word("m_descriptor").filter(|_| willing) {
            let fetched = Fetched::from_flat(&word);
            let expected = table.expected.pop_front().expect("a descriptor the host produced");
            if fetched.bus_error {
                failures += 1;
                assert!(seen < failed_until);
            } else if fetched.bad_owner {
                wrong += 1;
                assert_eq!(seen, 37, "seed {seed}");
            } else {
                assert_eq!(fetched.fields.cookie.to_u64(), u64::from(expected.cookie), "seed {seed}");
                assert_eq!(fetched.fields.base.to_u64(), expected.base, "seed {seed}");
                assert_eq!(fetched.fields.kind.to_u64(), u64::from(expected.kind), "seed {seed}");
            }
            seen += 1;
        }
        dut.step();
    }
    ignored += dut.model.get(refused);
    assert!(wild > 0 && wild == ignored, "seed {seed}: {wild} wild doorbells, {ignored} ignored");
    assert!((1..=8).contains(&failures), "seed {seed}: {failures} descriptors of the failed read");
    assert!(wrong <= 1);
}

/// H1, H7: the table wraps many times, the owner phase flips, a failed read and a wrong owner bit are told apart.
/// Doorbells that go back or beyond the ring change nothing and are counted.
#[test]
fn fetcher_delivers_every_entry_once() {
    for (seed, pace) in [(1, 100), (2, 60), (3, 15)] {
        exchange::<64>(seed, 300, pace);
        exchange::<512>(seed, 300, pace);
    }
}
