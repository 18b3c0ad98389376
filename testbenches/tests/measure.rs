//! The bench's figures mean what they say: limits are counted in the run they stand beside.

use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::measure::figure::{goodput_in, goodput_out};
use stevedore_testbenches::measure::sweep::Direction;
use stevedore_testbenches::measure::{application::Posting, Outcome, Setup, Surroundings};
use stevedore_testbenches::rtl;

/// A short run of one connection on the small engine.
fn run(direction: Direction, segment: usize, change: impl Fn(&mut Surroundings)) -> Outcome {
    let mut surroundings = Surroundings::narrow();
    change(&mut surroundings);
    let (script, load) = direction.saturating(Posting::whole(4));
    let mut setup = Setup::new(surroundings, 1, script, load);
    (setup.segment, setup.mss) = (segment, segment as u16);
    (setup.warm_up, setup.window) = (10_000, 30_000);
    let outcome = setup.measure(rtl::engine(&Geometry::SMALL, None).unwrap(), None).unwrap();
    assert_eq!(outcome.losses, "");
    outcome
}

/// Payload in Gb/s that frames of `segment` bytes of payload leave of a wire of `gigabits`: Ethernet, IPv4, TCP,
/// preamble, gap, check.
fn share(segment: f64, gigabits: f64) -> f64 {
    gigabits * segment / (segment + 54.0 + 24.0)
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < other * 1e-3
}

#[test]
fn wire_limit_follows_the_segments_seen() {
    for segment in [1460, 700] {
        let (_, limit) = goodput_out(&run(Direction::Transmit, segment, |_| ()));
        assert!(close(limit, share(segment as f64, 10.0)), "{segment} bytes sent: {limit}");
        let (_, limit) = goodput_in(&run(Direction::Receive, segment, |_| ()));
        assert!(close(limit, share(segment as f64, 10.0)), "{segment} bytes received: {limit}");
    }
}

#[test]
fn half_the_wire_is_half_the_limit_and_is_filled() {
    let outcome = run(Direction::Transmit, 1460, |surroundings| surroundings.wire /= 2.0);
    let (value, limit) = goodput_out(&outcome);
    assert!(close(limit, share(1460.0, 5.0)), "{limit}");
    assert!(value > 0.98 * limit && value < 1.001 * limit, "{value} of {limit}");
}

#[test]
fn narrow_bus_is_the_limit_with_its_headers_counted() {
    let outcome = run(Direction::Transmit, 1460, |surroundings| surroundings.packets.rate = 4.0);
    let (value, limit) = goodput_out(&outcome);
    let raw = 4.0 * 8.0 * 156.25e6 / 1e9;
    assert!(limit < 0.95 * raw, "headers cost something: {limit} of {raw}");
    assert!(value > 0.9 * limit && value < 1.02 * limit, "{value} of {limit}");
}
