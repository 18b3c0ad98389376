//! Bytes through the socket, the client's memory and back.

use super::rig::{card, open, options};
use stevedore_driver::Device;
use stevedore_testbenches::bench::{configuration, PEER};
use stevedore_testbenches::sessions::{BufferPlan, Exchange, HostApplication};

#[test]
fn a_connection_carries_bytes_both_ways_and_the_card_keeps_to_the_rules() {
    let options = options();
    let (near, far) = Exchange::pair(1, 300_000, 200_000);
    let card = card(&options, move |peer| peer.serve(1000, 1, move || far.clone()));
    let mut device = Device::open(open(&options).expect("a card"), &configuration()).expect("an engine");
    let mut host = HostApplication::new(BufferPlan::whole(16_384, 4));
    host.open(&mut device, (PEER, 1000), 2000, near).expect("a connection");
    let mut waits = 0;
    while host.finished.is_empty() {
        if !host.step(&mut device).expect("a healthy card") {
            waits += u32::from(device.wait(20_000).expect("a healthy card"));
        }
    }
    assert_eq!(host.finished[0].result, Ok(()));
    assert!(waits > 0, "interrupts arrive");
    drop(device);
    let counts = card.counts();
    assert!(counts.dma.read > 300_000 && counts.dma.written > 200_000, "{counts:?}");
    assert_eq!((counts.violations, counts.dma.refused_reads, counts.dma.refused_writes), (0, 0, 0), "{counts:?}");
}
