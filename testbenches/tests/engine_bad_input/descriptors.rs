//! Requests that no driver should make.

use super::{bench, prove};
use anyhow::{ensure, Result};
use stevedore_abi::descriptor::{connection_id, Endpoint, MAXIMUM_BUFFER};
use stevedore_abi::register::offset;
use stevedore_abi::{Descriptor, Request, Response, Status};
use stevedore_testbenches::bench::{configuration, Bench, ENGINE};
use stevedore_testbenches::peers::SmoltcpPeer;
use stevedore_testbenches::sessions::Exchange;
use stevedore_testbenches::simulator::SimulatorOptions;

/// Opens a connection that stays open for the whole test: its session waits for bytes that never come. Returns its id.
fn standing_connection(bench: &mut Bench<SmoltcpPeer>) -> Result<u64> {
    let (near, _) = Exchange::pair(1, 1_000, 1_000_000);
    // The far end sends only a part of what the near end waits for.
    let idle = Exchange::pair(1, 1_000, 1_000).1;
    bench.serve(7, move || near.clone())?;
    let simulator = bench.device.transport_mut();
    simulator.peer.open((ENGINE, 7), 7, Patient(idle)).map_err(anyhow::Error::msg)?;
    simulator.wake_peer();
    bench.run(1_000_000, |bench| bench.host.connections().next().is_some())?;
    let connection = bench.host.connections().next().expect("just seen");
    Ok(bench.device.engine_id(connection)?)
}

/// A session that never finishes.
struct Patient(Exchange);

impl stevedore_testbenches::sessions::Session for Patient {
    fn receive(&mut self, bytes: &[u8]) {
        self.0.receive(bytes);
    }
    fn end(&mut self) {
        self.0.end();
    }
    fn send(&mut self, room: &mut [u8]) -> usize {
        self.0.send(room)
    }
    fn is_finished(&self) -> bool {
        false
    }
    fn result(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Posts a raw request and returns the answer.
fn ask(bench: &mut Bench<SmoltcpPeer>, request: Descriptor, wrong_owner: bool) -> Result<Descriptor> {
    let before = bench.host.raw.len();
    bench.device.post_descriptor(request, wrong_owner)?;
    bench.run(200_000, |bench| bench.host.raw.len() > before)?;
    Ok(bench.host.raw[before])
}

/// H2, H3, Done-when 9: every malformed request is answered with the right response, status and cookie, and none
/// disturbs the connection that is open meanwhile.
#[test]
fn every_malformed_request_is_answered() -> Result<()> {
    let mut bench = bench(SimulatorOptions::default(), &configuration())?;
    let id = standing_connection(&mut bench)?;
    let gone = connection_id(id as u16, (id >> 16) as u16 ^ 0x55);
    let (send, post) = (Request::BufferSend as u8, Request::BufferAvailable as u8);
    let buffer = Descriptor { base: 0x4000, length: 100, connection: id, cookie: 77, ..Descriptor::default() };
    let port = |local_port| Endpoint { local_port, ..Endpoint::default() }.to_base();
    let remote =
        |remote_port, local_port| Endpoint { remote_address: ENGINE.to_bits() + 1, remote_port, local_port }.to_base();
    let connect = |local_port, lender| {
        let base = remote(80, local_port);
        Descriptor { kind: Request::Connect as u8, base, connection: lender, ..buffer }
    };
    use Status::*;
    let cases = [
        (Descriptor { kind: send, length: 0, ..buffer }, Response::BufferAvailable, BadLength),
        (Descriptor { kind: send, length: MAXIMUM_BUFFER + 1, ..buffer }, Response::BufferAvailable, BadLength),
        (Descriptor { kind: send, length: u32::MAX, ..buffer }, Response::BufferAvailable, BadLength),
        (Descriptor { kind: send, connection: 0, ..buffer }, Response::BufferAvailable, UnknownConnection),
        (Descriptor { kind: send, connection: gone, ..buffer }, Response::BufferAvailable, UnknownConnection),
        (
            Descriptor { kind: send, connection: 0x1_0000_0000 | id, ..buffer },
            Response::BufferAvailable,
            UnknownConnection,
        ),
        (Descriptor { kind: send, connection: 63, ..buffer }, Response::BufferAvailable, UnknownConnection),
        (Descriptor { kind: send, connection: 0xffff, ..buffer }, Response::BufferAvailable, UnknownConnection),
        (Descriptor { kind: send, connection: u64::MAX, ..buffer }, Response::BufferAvailable, UnknownConnection),
        (Descriptor { kind: post, length: 0, ..buffer }, Response::BufferReceive, BadLength),
        (Descriptor { kind: post, length: MAXIMUM_BUFFER + 1, ..buffer }, Response::BufferReceive, BadLength),
        (Descriptor { kind: post, connection: 0, ..buffer }, Response::BufferReceive, UnknownConnection),
        (Descriptor { kind: post, connection: gone, ..buffer }, Response::BufferReceive, UnknownConnection),
        (Descriptor { kind: post, connection: u64::MAX, ..buffer }, Response::BufferReceive, UnknownConnection),
        (
            Descriptor { kind: Request::Connect as u8, base: remote(80, 0), ..buffer },
            Response::ConnectionCompletion,
            BadArgument,
        ),
        // What should lend to it is no listener: a connection, one that is gone, a free slot, no slot.
        (connect(4001, id), Response::ConnectionCompletion, UnknownConnection),
        (connect(4002, gone), Response::ConnectionCompletion, UnknownConnection),
        (connect(4003, connection_id(60, 1)), Response::ConnectionCompletion, UnknownConnection),
        (connect(4004, connection_id(0, 1)), Response::ConnectionCompletion, UnknownConnection),
        (connect(4005, 0xffff), Response::ConnectionCompletion, UnknownConnection),
        (connect(4006, 0x1_0000_0000 | id), Response::ConnectionCompletion, UnknownConnection),
        (connect(4007, 1 << 63), Response::ConnectionCompletion, UnknownConnection),
        (Descriptor { kind: Request::Listen as u8, base: port(0), ..buffer }, Response::ListenResponse, BadArgument),
        (Descriptor { kind: Request::Listen as u8, base: port(7), ..buffer }, Response::ListenResponse, AddressInUse),
        (
            Descriptor { kind: Request::Termination as u8, connection: 0, ..buffer },
            Response::TerminationResponse,
            UnknownConnection,
        ),
        (
            Descriptor { kind: Request::Termination as u8, connection: gone, ..buffer },
            Response::TerminationResponse,
            UnknownConnection,
        ),
        (Descriptor { kind: Request::Cancellation as u8, ..buffer }, Response::CancellationResponse, Unsupported),
        (Descriptor { kind: Request::ConnectionAttribute as u8, ..buffer }, Response::ConnectionAttribute, Unsupported),
        (Descriptor { kind: Request::AdapterAttribute as u8, ..buffer }, Response::AdapterAttribute, Unsupported),
    ];
    for (request, kind, status) in cases {
        let answer = ask(&mut bench, request, false)?;
        ensure!(
            (answer.kind, answer.status, answer.cookie & 0xff) == (kind as u8, status as u8, 77),
            "{request:?} was answered with {answer:?}, not {kind:?} {status:?}"
        );
    }
    // A refused listen names what was asked, not the connection that the descriptor happened to name.
    let listen = Descriptor { kind: Request::Listen as u8, base: port(0), connection: id, ..buffer };
    let answer = ask(&mut bench, listen, false)?;
    ensure!((answer.base, answer.connection) == (port(0), 0), "{answer:?}");
    for unknown in [0u8, 9, 10, 17, 30, 31] {
        let answer = ask(&mut bench, Descriptor { kind: unknown, ..buffer }, false)?;
        let expected = (Response::Invalid as u8, UnknownType as u8, u32::from(unknown));
        ensure!((answer.kind, answer.status, answer.offset) == expected, "type {unknown}: {answer:?}");
    }
    let bad = bench.device.register(offset::STAT_BAD_REQUESTS)?;
    ensure!(bad >= cases.len() as u32 + 6, "{bad} bad requests counted");
    prove(&mut bench, 1_000)
}

/// H1, Done-when 9: an owner bit of the wrong phase is answered, whatever the request would have been, and the ring
/// goes on.
#[test]
fn wrong_owner_bits_are_answered() -> Result<()> {
    let mut bench = bench(SimulatorOptions::default(), &configuration())?;
    let id = standing_connection(&mut bench)?;
    for kind in 1..=8 {
        let request = Descriptor { kind, connection: id, base: 0x4000, length: 64, cookie: 5, ..Descriptor::default() };
        let answer = ask(&mut bench, request, true)?;
        let expected = (Response::Invalid as u8, Status::BadOwner as u8, u32::from(kind));
        ensure!((answer.kind, answer.status, answer.offset) == expected, "type {kind}: {answer:?}");
    }
    prove(&mut bench, 1_000)
}

/// Random descriptors, thousands of them, through several turns of the table. They may ask for real connections to
/// nowhere, so their addresses are such that the engine could only touch memory by a fault.
#[test]
fn random_requests_are_answered() -> Result<()> {
    let mut random = stevedore_testbenches::random::Random::new(12);
    let mut bench = bench(SimulatorOptions::default(), &configuration())?;
    for round in 0..3_000u32 {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let mut request = Descriptor::from_bytes(&bytes);
        let opens = request.kind == Request::Connect as u8 || request.kind == Request::Listen as u8;
        request.kind = if opens { 0 } else { request.kind };
        request.connection = if round % 3 == 0 { random.below(64) | random.below(4) << 16 } else { request.connection };
        request.cookie = round;
        let answer = ask(&mut bench, request, random.below(8) == 0)?;
        ensure!(answer.cookie & 0x7fff_ffff == round && answer.status != 0, "{request:?}: {answer:?}");
    }
    prove(&mut bench, 1_000)?;
    bench.finish()
}
