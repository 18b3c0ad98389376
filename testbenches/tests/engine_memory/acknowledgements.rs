//! What frames promise while the bus takes writes slowly.
use anyhow::{ensure, Result};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{Opener, Scenario};
use stevedore_testbenches::rtl;
use stevedore_testbenches::simulator::BusOptions;

/// F2: the simulator sees every acknowledgement when it passes the pins, and every write when the bus accepts it: none
/// is promised before. Bytes go both ways, so that acknowledgements travel with data, too.
#[test]
fn nothing_is_acknowledged_before_memory_has_it() -> Result<()> {
    for (seed, write_stall) in [0.0, 0.5, 0.8, 0.95].into_iter().enumerate() {
        for opener in [Opener::Peer, Opener::Engine] {
            let mut scenario = Scenario::new(seed as u64, opener, 30_000, 60_000);
            scenario.connections = 3;
            scenario.options.bus = BusOptions { write_stall, ..BusOptions::default() };
            // The wire brings half of what the bus can take: frames wait, and none is dropped.
            scenario.options.rate = 4.0 * (1.0 - write_stall);
            let bench = scenario.run(rtl::engine(&Geometry::SMALL, None)?)?;
            let counters = bench.device.transport().counters();
            println!("stall {write_stall}: {} cycles", counters.cycles);
            ensure!(counters.traffic.payload_written == 3 * 60_000, "{counters:?}");
        }
    }
    Ok(())
}
