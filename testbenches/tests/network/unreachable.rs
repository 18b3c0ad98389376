//! `network::Network`: reports of undelivered segments (RFC 792, RFC 1122 3.2.2.1 and 4.2.3.9).
use crate::bench::{compiled_network, stepped_network, Pins, Rig};
use crate::frames::*;
use rand::Rng;
use stevedore_rtl::bundles::*;

const PEER: u32 = 0x0a00_0005;
const ROUTER: u32 = 0x0a00_0009;

/// A report about a segment of ours, and what is changed in it.
#[derive(Clone, Debug)]
struct Report {
    code: u8,
    kind: u8,
    version: u8,
    fragment: u16,
    protocol: u8,
    source_ip: u32,
    remote: u32,
    ports: [u16; 2],
    sequence: u32,
    /// Octets quoted behind the sequence number.
    more: usize,
}

impl Report {
    fn new(sequence: u32) -> Report {
        Report {
            code: 3,
            kind: 3,
            version: 0x45,
            fragment: 0x4000,
            protocol: 6,
            source_ip: OWN_IP,
            remote: PEER,
            ports: [4000, 80],
            sequence,
            more: 0,
        }
    }

    fn message(&self) -> Echo {
        let mut data = vec![self.version, 0, 0, 40, 0, 0];
        data.extend(self.fragment.to_be_bytes());
        // Time to live and checksum may have changed on the way.
        data.extend([3, self.protocol, 0xab, 0xcd]);
        data.extend(self.source_ip.to_be_bytes());
        data.extend(self.remote.to_be_bytes());
        data.extend(self.ports.iter().flat_map(|port| port.to_be_bytes()));
        data.extend(self.sequence.to_be_bytes());
        data.extend((0..self.more).map(|i| i as u8));
        Echo { kind: self.kind, code: self.code, identity: [0; 4], ..Echo::request(ROUTER, data) }
    }

    fn error(&self) -> IcmpError {
        IcmpError {
            tuple: Tuple {
                remote_address: u64::from(self.remote).into(),
                remote_port: u64::from(self.ports[1]).into(),
                local_port: u64::from(self.ports[0]).into(),
            },
            sequence: u64::from(self.sequence).into(),
        }
    }
}

fn errors<const W: usize, D: Pins>(rig: &mut Rig<W, D>, frame: &[u8]) -> Vec<IcmpError> {
    rig.errors.clear();
    assert!(rig.exchange(frame).is_empty(), "a report is not answered (RFC 1122 3.2.2)");
    std::mem::take(&mut rig.errors)
}

fn names_the_segment<const W: usize, D: Pins>(rig: &mut Rig<W, D>, count: usize) {
    for i in 0..count {
        let ports = [rig.rng.random(), rig.rng.random()];
        let remote = 0x0a00_0002 + rig.rng.random_range(0..200);
        let code = 2 + (i % 2) as u8;
        let more = [0, 1, 12, 13, 100, 548][i % 6];
        let fragment = [0, 0x4000, 0x2000][i % 3];
        let report = Report { ports, remote, code, more, fragment, ..Report::new(rig.rng.random()) };
        assert_eq!(errors(rig, &report.message().padded(0xee)), vec![report.error()], "{report:?}");
    }
}

#[test]
fn hard_errors_name_the_segment_they_are_about() {
    for stall in [0.0, 0.5] {
        names_the_segment(&mut Rig::<64, _>::new(compiled_network::<64>(), 1, stall), 60);
        names_the_segment(&mut Rig::<512, _>::new(compiled_network::<512>(), 2, stall), 60);
    }
}

#[test]
fn both_simulators_agree_on_reports() {
    let mut rig = Rig::<64, _>::new(stepped_network::<64>(), 3, 0.1);
    names_the_segment(&mut rig, 3);
    rig.dut.replay("network_64").unwrap();
}

fn ignores_what_it_should<const W: usize>() {
    let mut rig = Rig::<W, _>::new(compiled_network::<W>(), 4, 0.0);
    let good = Report { more: 20, ..Report::new(0x1234_5678) };
    let mut others: Vec<Report> =
        [0, 1, 4, 5, 6, 13, 15, 130, 131].map(|code| Report { code, ..good.clone() }).to_vec();
    // Source quench, redirect, time exceeded, parameter problem, and what is no report at all.
    others.extend([0, 4, 5, 11, 12, 2, 19, 131].map(|kind| Report { kind, ..good.clone() }));
    others.extend([0x44, 0x46, 0x55, 0x65].map(|version| Report { version, ..good.clone() }));
    others.extend([1, 0x1000, 0x4001].map(|fragment| Report { fragment, ..good.clone() }));
    others.extend([1, 17, 7, 0].map(|protocol| Report { protocol, ..good.clone() }));
    others.extend([0, 8, 16, 31].map(|bit| Report { source_ip: OWN_IP ^ 1 << bit, ..good.clone() }));
    for other in others {
        assert!(errors(&mut rig, &other.message().bytes()).is_empty(), "{other:?}");
    }
    // Not to us, or from nobody.
    let message = good.message();
    let others = [
        Echo { destination: BROADCAST, ..message.clone() },
        Echo { destination: mac_of(PEER), ..message.clone() },
        Echo { destination_ip: OWN_IP | !NETMASK, ..message.clone() },
        Echo { source_ip: OWN_IP, ..message.clone() },
        Echo { source_ip: OWN_IP | !NETMASK, ..message.clone() },
        Echo { source_ip: 0x7f00_0001, ..message.clone() },
        Echo { source: BROADCAST, ..message.clone() },
        Echo { fragment: 0x2000, ..message.clone() },
        // Too little is quoted (RFC 792: eight octets).
        Echo { data: message.data[..27].to_vec(), ..message.clone() },
        Echo { data: vec![], ..message.clone() },
    ];
    for other in others {
        assert!(errors(&mut rig, &other.bytes()).is_empty(), "{other:?}");
    }
    // Any single damaged bit from the EtherType on, and any shorter frame.
    let bytes = message.bytes();
    for octet in 12..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[octet] ^= 1 << rig.rng.random_range(0..8);
        assert!(errors(&mut rig, &damaged).is_empty(), "octet {octet}");
    }
    for length in 1..bytes.len() {
        assert!(errors(&mut rig, &bytes[..length]).is_empty(), "cut off after {length}");
    }
    assert_eq!(errors(&mut rig, &bytes), vec![good.error()], "still alive");
}

#[test]
fn other_reports_are_ignored() {
    ignores_what_it_should::<64>();
    ignores_what_it_should::<512>();
}

/// Nothing waits for the lookup but the one report: more are dropped, and pings are answered meanwhile.
#[test]
fn report_that_finds_another_waiting_is_dropped() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 5, 0.0);
    rig.blocked = true;
    let reports = [1, 2, 3].map(Report::new);
    for report in &reports {
        assert!(errors(&mut rig, &report.message().bytes()).is_empty());
        let request = Echo::request(PEER, vec![7; 50]);
        assert_eq!(rig.exchange(&request.bytes()), vec![request.reply().bytes()]);
    }
    rig.blocked = false;
    rig.settle(10);
    assert_eq!(rig.errors, vec![reports[0].error()]);
    let next = Report::new(4);
    assert_eq!(errors(&mut rig, &next.message().bytes()), vec![next.error()]);
}

/// Reports and pings in a flood: what comes out is right, in order, and never a mixture of two.
#[test]
fn flood_of_reports_and_pings_is_handled_in_part_and_never_wrongly() {
    fn run<const W: usize>() {
        let mut rig = Rig::<W, _>::new(compiled_network::<W>(), 6, 0.3);
        let reports: Vec<Report> = (0..300)
            .map(|i| Report {
                ports: [i as u16, !i as u16],
                more: i % 50,
                ..Report::new((i as u32).wrapping_mul(0x0101_0101))
            })
            .collect();
        for report in &reports {
            rig.send(&report.message().bytes(), false);
            if rig.rng.random() {
                rig.send(&Echo::request(PEER, vec![0x55; 40]).bytes(), false);
            }
        }
        rig.settle(1_000);
        let mut from = 0;
        for error in &rig.errors {
            from += 1 + reports[from..].iter().position(|report| report.error() == *error).expect("a report, in order");
        }
        assert!(rig.errors.len() > 5, "{} of 300", rig.errors.len());
        let reply = Echo::request(PEER, vec![0x55; 40]).reply().bytes();
        assert!(rig.frames.iter().all(|frame| *frame == reply));
    }
    run::<64>();
    run::<512>();
}
