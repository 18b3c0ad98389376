//! Which addresses can be a peer's (RFC 1122 3.2.1.3, RFC 3021): one table, and every block that takes an address from
//! outside.
#[path = "network/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of the network block; this binary uses part of it")]
mod bench;
#[path = "network/frames.rs"]
#[allow(dead_code, reason = "shared with the tests of the network block; this binary uses part of it")]
mod frames;

use bench::{compiled_network, Rig};
use frames::*;
use stevedore_abi::descriptor::{Request, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::host::{Dispatcher, Fetched};
use stevedore_rtl::rx::Receiver;
use stevedore_testbenches::replay::{Compiled, Dut};

/// An own address and netmask, with addresses that can be a peer's and addresses that cannot.
struct Network {
    own: [u8; 4],
    prefix: u32,
    peers: &'static [[u8; 4]],
    impossible: &'static [[u8; 4]],
}

/// Impossible everywhere: this network, loopback, multicast, class E, limited broadcast.
const NEVER: [[u8; 4]; 11] = [
    [0, 0, 0, 0],
    [0, 0, 0, 1],
    [0, 255, 255, 255],
    [127, 0, 0, 1],
    [127, 255, 255, 255],
    [224, 0, 0, 1],
    [239, 255, 255, 250],
    [240, 0, 0, 1],
    [248, 1, 2, 3],
    [255, 0, 0, 1],
    [255, 255, 255, 255],
];

const NETWORKS: [Network; 9] = [
    Network {
        own: [10, 9, 0, 1],
        prefix: 24,
        peers: &[
            [10, 9, 0, 2],
            [10, 9, 0, 254],
            [10, 9, 1, 0],
            [10, 9, 1, 255],
            [1, 0, 0, 0],
            [126, 255, 255, 255],
            [128, 0, 0, 1],
            [223, 255, 255, 255],
        ],
        impossible: &[[10, 9, 0, 0], [10, 9, 0, 1], [10, 9, 0, 255]],
    },
    Network {
        own: [10, 9, 0, 1],
        prefix: 8,
        peers: &[[10, 9, 0, 0], [10, 9, 0, 255], [11, 0, 0, 0]],
        impossible: &[[10, 0, 0, 0], [10, 255, 255, 255], [10, 9, 0, 1]],
    },
    Network {
        own: [192, 168, 1, 130],
        prefix: 25,
        peers: &[[192, 168, 1, 127], [192, 168, 1, 0], [192, 168, 1, 129]],
        impossible: &[[192, 168, 1, 128], [192, 168, 1, 255], [192, 168, 1, 130]],
    },
    Network {
        own: [10, 9, 0, 1],
        prefix: 30,
        peers: &[[10, 9, 0, 2], [10, 9, 0, 4]],
        impossible: &[[10, 9, 0, 0], [10, 9, 0, 3], [10, 9, 0, 1]],
    },
    // Two addresses, both of hosts (RFC 3021).
    Network { own: [10, 9, 0, 1], prefix: 31, peers: &[[10, 9, 0, 0], [10, 9, 0, 2]], impossible: &[[10, 9, 0, 1]] },
    Network { own: [10, 9, 0, 0], prefix: 31, peers: &[[10, 9, 0, 1], [10, 9, 0, 255]], impossible: &[[10, 9, 0, 0]] },
    Network { own: [10, 9, 0, 1], prefix: 32, peers: &[[10, 9, 0, 0], [10, 9, 0, 255]], impossible: &[[10, 9, 0, 1]] },
    // Everybody is a neighbour.
    Network { own: [10, 9, 0, 1], prefix: 0, peers: &[[10, 9, 0, 0], [10, 9, 0, 255]], impossible: &[[10, 9, 0, 1]] },
    // Without an address of its own the engine has no peers.
    Network { own: [0, 0, 0, 0], prefix: 24, peers: &[], impossible: &[[10, 9, 0, 2], [0, 0, 0, 255]] },
];

const MACS: [([u8; 6], bool); 7] = [
    ([2, 0x53, 0x54, 0x56, 0x44, 2], true),
    ([0, 0, 0, 0, 0, 1], true),
    (BROADCAST, false),
    ([1, 0, 0x5e, 0, 0, 1], false),
    ([0x33, 0x33, 0, 0, 0, 1], false),
    ([0; 6], false),
    (OWN_MAC, false),
];

impl Network {
    fn settings(&self) -> Settings {
        let netmask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
        Settings {
            ip_address: bits(u32::from_be_bytes(self.own).into()),
            netmask: bits(netmask.into()),
            gateway: bits(0),
            ..bench::settings()
        }
    }

    fn own(&self) -> u32 {
        u32::from_be_bytes(self.own)
    }

    /// Each address, and whether it can be a peer's.
    fn cases(&self) -> Vec<(u32, bool)> {
        let peers = self.peers.iter().map(|&address| (address, true));
        let others = self.impossible.iter().chain(&NEVER).map(|&address| (address, false));
        peers.chain(others).map(|(address, possible)| (u32::from_be_bytes(address), possible)).collect()
    }

    fn context(&self, address: u32) -> String {
        let own = std::net::Ipv4Addr::from(self.own);
        format!("{} at {own}/{}", std::net::Ipv4Addr::from(address), self.prefix)
    }
}

fn drive_settings(dut: &mut Compiled, settings: Settings) {
    bench::Pins::set_settings(dut, settings);
    (0..4).for_each(|_| dut.step());
}

fn receiver<const W: usize>() -> Compiled {
    with_big_stack(|| {
        let geometry = Geometry { width: W, ..Geometry::SMALL };
        let mut dut = Compiled::new(&Receiver::<W>::new(&geometry), &format!("receiver_of_{W}")).expect("a model");
        dut.reset();
        dut
    })
}

/// Sends a frame into the receiver: whether its segment came out; if not, it was counted as malformed.
fn receive<const W: usize>(dut: &mut Compiled, frame: &[u8]) -> bool {
    let (mut headers, mut malformed) = (0, 0);
    let mut beats: Vec<&[u8]> = frame.chunks(W / 8).collect();
    beats.reverse();
    for port in ["m_header", "m_extent", "m_frame"] {
        dut.accept(port, true);
    }
    for _ in 0..40 + beats.len() {
        let offer = beats.pop().map(|chunk| {
            let mut flat: Vec<bool> = chunk.iter().flat_map(|b| (0..8).map(move |bit| b >> bit & 1 == 1)).collect();
            flat.resize(W, false);
            let (count, last) = (bits(chunk.len() as u64), beats.is_empty());
            Beat::<W> { data: Bits::from_flat(&flat), count, last, error: false }.to_flat()
        });
        dut.offer("s_frame", offer.as_deref());
        dut.settle();
        headers += usize::from(dut.word("m_header").is_some());
        malformed += usize::from(dut.model.get(dut.model.port("drop_malformed")) != 0);
        dut.step();
    }
    assert_eq!(headers + malformed, 1, "one verdict a frame");
    headers == 1
}

fn segments<const W: usize>() {
    let mut dut = receiver::<W>();
    for network in &NETWORKS {
        drive_settings(&mut dut, network.settings());
        for (address, possible) in network.cases() {
            let frame = syn(mac_of(address), address, network.own());
            assert_eq!(receive::<W>(&mut dut, &frame), possible, "{}", network.context(address));
        }
    }
    drive_settings(&mut dut, NETWORKS[0].settings());
    for (mac, possible) in MACS {
        let frame = syn(mac, u32::from_be_bytes([10, 9, 0, 2]), NETWORKS[0].own());
        assert_eq!(receive::<W>(&mut dut, &frame), possible, "{mac:x?}");
    }
}

/// RFC 1122 3.2.1.3: a segment from an address that cannot be a host's is dropped, counted.
#[test]
fn segments_of_impossible_sources_are_dropped() {
    segments::<64>();
    segments::<512>();
}

fn messages<const W: usize>() {
    let mut rig = Rig::<W, _>::new(compiled_network::<W>(), 1, 0.0);
    for network in &NETWORKS {
        drive_settings(&mut rig.dut, network.settings());
        for (address, possible) in network.cases() {
            let request = Echo { destination_ip: network.own(), ..Echo::request(address, vec![1, 2, 3]) };
            let replies = rig.exchange(&request.bytes());
            assert_eq!(replies.len(), usize::from(possible), "ping: {}", network.context(address));
            let question = Arp { target_ip: network.own(), ..Arp::question(address) };
            let replies = rig.exchange(&question.bytes());
            // A host that probes has no address yet (RFC 5227).
            let probes = address == 0 && network.own() != 0;
            assert_eq!(replies.len(), usize::from(possible || probes), "ARP: {}", network.context(address));
        }
    }
    drive_settings(&mut rig.dut, bench::settings());
    // A peer of its own for each question: another MAC for a known one would make the engine ask, too.
    let mut peer = 0x0a00_0005;
    for (mac, possible) in MACS {
        peer += 2;
        let replies = rig.exchange(&Echo { source: mac, ..Echo::request(peer, vec![]) }.bytes());
        assert_eq!(replies.len(), usize::from(possible), "ping: {mac:x?}");
        let questions =
            [Arp { source: mac, ..Arp::question(peer) }, Arp { sender_mac: mac, ..Arp::question(peer + 1) }];
        for question in questions {
            assert_eq!(rig.exchange(&question.bytes()).len(), usize::from(possible), "{question:x?}");
        }
    }
}

/// RFC 1122 3.2.1.3: pings and ARP questions of impossible senders are dropped.
#[test]
fn messages_of_impossible_senders_are_not_answered() {
    messages::<64>();
    messages::<512>();
}

/// A connect descriptor: passed on, or the status it is refused with.
fn connect(dut: &mut Compiled, address: u32) -> Result<(), u64> {
    let tuple = Tuple { remote_address: bits(address.into()), remote_port: bits(80), local_port: bits(4000) };
    let fields = DescriptorFields {
        base: Bits::from_flat(&tuple.to_flat()),
        kind: bits(Request::Connect as u64),
        ..DescriptorFields::default()
    };
    let word = Fetched { fields, bad_owner: false, bus_error: false }.to_flat();
    for port in ["m_event", "m_notice", "m_open"] {
        dut.accept(port, true);
    }
    dut.offer("s_descriptor", Some(&word));
    dut.settle();
    assert!(dut.ready("s_descriptor"));
    dut.step();
    dut.offer("s_descriptor", None);
    dut.settle();
    let (open, notice) = (dut.word("m_open"), dut.word("m_notice"));
    dut.step();
    match (open, notice) {
        (Some(word), None) => {
            assert_eq!(OpenRequest::from_flat(&word).tuple, tuple);
            Ok(())
        }
        (None, Some(word)) => Err(Notice::from_flat(&word).status.to_u64()),
        other => panic!("{address:#x}: {other:?}"),
    }
}

/// Rule 8 of the design: a connect to an address that cannot be a host's is refused at once.
#[test]
fn connects_to_impossible_targets_are_refused() {
    let mut dut = Compiled::new(&Dispatcher::new(&Geometry::SMALL), "dispatcher_of_targets").expect("a model");
    dut.reset();
    for network in &NETWORKS {
        drive_settings(&mut dut, network.settings());
        for (address, possible) in network.cases() {
            let expected = if possible { Ok(()) } else { Err(Status::BadArgument as u64) };
            assert_eq!(connect(&mut dut, address), expected, "{}", network.context(address));
        }
    }
}

/// A gateway that cannot be a host is none: nobody asks for it, and the engine looks for far hosts on its own wire.
#[test]
fn impossible_gateway_is_not_asked_for() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 2, 0.0);
    let far = 0x0808_0800;
    for (i, gateway) in [[10, 0, 0, 1], [10, 0, 0, 255], [10, 0, 0, 0], [224, 0, 0, 1], [255; 4]].iter().enumerate() {
        let gateway = u32::from_be_bytes(*gateway);
        drive_settings(&mut rig.dut, Settings { gateway: bits(gateway.into()), ..bench::settings() });
        let tuple =
            Tuple { remote_address: bits(u64::from(far) + i as u64), remote_port: bits(80), local_port: bits(1) };
        rig.opens.push_back(OpenRequest { tuple, cookie: bits(i as u64), ..OpenRequest::default() });
        rig.settle(200);
        let asked = std::mem::take(&mut rig.frames);
        assert_eq!(asked, vec![Arp::question_for(far + i as u32).bytes()], "gateway {gateway:#x}");
    }
}
