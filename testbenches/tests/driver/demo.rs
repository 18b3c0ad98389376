//! The demo's three transfers on the double.

use stevedore_testbenches::demo::{smoltcp, Attached, DemoOptions};
use stevedore_testbenches::simulator::Impairment;
use stevedore_testbenches::stand_in::StandIn;

fn options() -> DemoOptions {
    DemoOptions {
        size: 1 << 20,
        impairment: Impairment::default(),
        link_loss: 0.0,
        seed: 1,
        rate: 8.0,
        backlog: 64,
        capture: None,
        scratch: std::env::temp_dir(),
    }
}

/// The double keeps payload for retransmission, so it reads it once even then; everything else is as with the engine.
#[test]
fn three_transfers_with_smoltcp() {
    let report = smoltcp(Attached::Ports(Box::new(StandIn::new())), &options()).unwrap();
    assert_eq!(report.stages.len(), 3);
}
