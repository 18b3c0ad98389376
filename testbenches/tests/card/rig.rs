//! A card that a test starts: the double of the engine, with smoltcp at the other end of its wire.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use stevedore_driver::transports::{Card as Driver, OpenError, VfioUser};
use stevedore_testbenches::bench::smoltcp_peer;
use stevedore_testbenches::card::{Card, CardOptions, Pace};
use stevedore_testbenches::peers::SmoltcpPeer;
use stevedore_testbenches::simulator::SimulatorOptions;
use stevedore_testbenches::stand_in::StandIn;

/// A socket's path that no other test has.
pub fn socket() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("stevedore-{}-{number}", std::process::id()))
}

/// How a card is set up here: as fast as it can.
pub fn options() -> CardOptions {
    let simulator = SimulatorOptions { pause: 1, ..SimulatorOptions::default() };
    CardOptions { socket: socket(), simulator, pace: Pace { cycles_per_second: 100_000_000 }, verbose: false }
}

/// A card whose peer was prepared.
pub fn card(options: &CardOptions, prepare: impl FnOnce(&mut SmoltcpPeer) + Send + 'static) -> Card {
    let made = Card::start(options.clone(), move || {
        let mut peer = smoltcp_peer();
        prepare(&mut peer);
        Ok((Box::<StandIn>::default() as _, peer))
    });
    made.expect("the card starts")
}

/// The driver's way to it.
pub fn open(options: &CardOptions) -> Result<Driver<VfioUser>, OpenError> {
    VfioUser::open(&options.socket)
}
