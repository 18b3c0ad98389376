//! The response writer against a host that reads slowly (H1, H3, H7).
use crate::harness::{bytes_of, Random};
use std::collections::VecDeque;
use stevedore_abi::Descriptor;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{DescriptorFields, Settings, WriteBeat};
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::host::ResponseWriter;
use stevedore_testbenches::replay::{Compiled, Dut};

const BASE: u64 = 0x7_0000_0000;
const STATUS_LINE: u64 = 0x7_0001_0000;
const LOG_ENTRIES: u64 = 4;
const ENTRIES: u64 = 1 << LOG_ENTRIES;

fn exchange<const W: usize, const K: usize>(seed: u64, total: u64, pace: u64) {
    let mut random = Random::new(seed);
    let geometry = Geometry { width: W, ..Geometry::SMALL };
    let mut dut =
        Compiled::new(&ResponseWriter::<W, K>::new(&geometry), &format!("response_writer_{W}")).expect("a model");
    dut.reset();
    let settings = Settings {
        output_base: bits(BASE),
        output_size: bits(LOG_ENTRIES),
        status_line: bits(STATUS_LINE),
        ..Settings::default()
    };
    let words: Vec<u32> =
        settings.to_flat().chunks(32).map(|w| w.iter().rev().fold(0, |v, &b| v << 1 | u32::from(b))).collect();
    let port = dut.model.port("settings");
    dut.model.set_wide(port, &words);
    let (doorbell, ring) = (dut.model.port("doorbell"), dut.model.port("ring"));
    let (status, status_count) = (dut.model.port("status"), dut.model.port("status_count"));
    let (status_done, written) = (dut.model.port("status_done"), dut.model.port("written"));
    let (accepted, refused) = (dut.model.port("accepted"), dut.model.port("refused"));
    // Bursts that left the block and are not yet at the memory port, with the entries of each; entries at the port.
    let (mut on_the_way, mut entries, mut at_port) = (VecDeque::new(), 0u64, 0u64);
    let (mut wild, mut ignored) = (0u64, 0u64);
    let mut memory = vec![0u8; (ENTRIES * 32) as usize];
    let (mut offered, mut read, mut announced) = (0u64, 0u64, 0u64);
    let (mut told, mut credited) = (None, 0u64);
    for cycle in 0.. {
        assert!(cycle < 1000 * total, "seed {seed}: {read} of {total} read");
        if read == total {
            break;
        }
        let response = DescriptorFields {
            cookie: bits(offered),
            base: bits(offered * 3),
            kind: bits(2),
            ..DescriptorFields::default()
        };
        let offer = offered < total && (offered % 3 != 0 || random.percent(pace));
        dut.offer("s_response", offer.then(|| response.to_flat()).as_deref());
        let willing = random.percent(pace);
        dut.accept("m_write", willing);
        // The host reads now and then, a phase bit telling it what is there, and rings the credit doorbell.
        dut.model.set(ring, 0);
        if random.percent(2) {
            while read < total {
                let at = (read % ENTRIES * 32) as usize;
                let entry = Descriptor::from_bytes(memory[at..at + 32].try_into().expect("32 bytes"));
                if entry.owner != (read / ENTRIES).is_multiple_of(2) {
                    break;
                }
                assert_eq!((entry.cookie, entry.base), (read as u32, read * 3), "seed {seed}");
                read += 1;
            }
            assert!(read <= announced + ENTRIES);
            dut.model.set(ring, 1);
            dut.model.set(doorbell, read & 0xffff);
            credited = read;
        } else if random.percent(5) {
            dut.model.set(ring, 1);
            // Credit for what was never written, just beyond or far, or back beyond what was credited.
            let far = if random.below(2) == 0 { 1 + random.below(2 * ENTRIES) } else { 1 + random.below(30_000) };
            let value = if random.below(2) == 0 { offered + far } else { credited.wrapping_sub(far) };
            dut.model.set(doorbell, value & 0xffff);
            wild += 1;
        }
        let arrives = !on_the_way.is_empty() && random.percent(20);
        dut.model.set(accepted, u64::from(arrives));

        if told.is_none() && random.percent(1) {
            told = Some(random.below(1 << 16));
            dut.model.set(status, 1);
            dut.model.set(status_count, told.unwrap_or(0));
        }
        dut.settle();
        offered += u64::from(offer && dut.ready("s_response"));
        if dut.model.get(status_done) != 0 {
            dut.model.set(status, 0);
        }
        ignored += dut.model.get(refused);
        announced += dut.model.get(written);
        assert!(announced <= at_port, "seed {seed}: {announced} announced, {at_port} at the port");
        if arrives {
            at_port += on_the_way.pop_front().unwrap_or(0);
        }
        if let Some(word) = dut.word("m_write").filter(|_| willing) {
            let beat = WriteBeat::<W, K>::from_flat(&word);
            let address = beat.address.to_u64();
            let bytes = bytes_of(beat.data);
            for (lane, byte) in bytes.iter().enumerate().filter(|(lane, _)| beat.strobe.get_bit(*lane)) {
                let at = address + lane as u64;
                if (STATUS_LINE..STATUS_LINE + 8).contains(&at) {
                    let count = told.expect("a status write was asked for");
                    assert_eq!(u64::from(*byte), count >> (8 * (at - STATUS_LINE)) & 0xff, "seed {seed}");
                    if at == STATUS_LINE + 7 {
                        told = None;
                    }
                } else {
                    let entry = (at - BASE) / 32;
                    assert!(entry < ENTRIES, "seed {seed}: write outside the table");
                    entries += u64::from((at - BASE) % 32 == 31);
                    memory[(at - BASE) as usize] = *byte;
                }
            }
            if beat.last {
                on_the_way.push_back(std::mem::take(&mut entries));
            }
        }
        dut.step();
    }
    ignored += dut.model.get(refused);
    assert!(wild > 0 && wild == ignored, "seed {seed}: {wild} wild doorbells, {ignored} ignored");
    assert_eq!(offered, total);
}

/// H1, H7: entries come in order with the right phase and none is overwritten before the host gave it back, whatever
/// doorbells ring; none is announced before the memory port has it.
#[test]
fn response_writer_never_overwrites_what_the_host_owns() {
    for (seed, pace) in [(1, 100), (2, 60), (3, 15)] {
        exchange::<64, 8>(seed, 400, pace);
        exchange::<512, 64>(seed, 400, pace);
    }
}
