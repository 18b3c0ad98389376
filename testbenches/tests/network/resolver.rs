//! `network::Network`: next hops of the host's openings.
use crate::bench::{compiled_network, geometry, settings, stepped_network, Pins, Rig};
use crate::frames::*;
use stevedore_abi::descriptor::{Response, Status};
use stevedore_rtl::bundles::*;

const PEER: u32 = 0x0a00_0005;
const FAR: u32 = 0x0808_0808;
const SECOND: u32 = 1_000_000;

fn connect(ip: u32, cookie: u64) -> OpenRequest {
    let tuple = Tuple { remote_address: u64::from(ip).into(), remote_port: 80.into(), local_port: cookie.into() };
    // A lender of its own for each request: it must come out with it.
    let lender = (cookie << 16 | (cookie ^ 0x5a5a)).into();
    OpenRequest { listen: false, tuple, remote_mac: 0.into(), cookie: cookie.into(), lender }
}

fn resolved(ip: u32, next_hop: u32, cookie: u64) -> OpenRequest {
    let mac = mac_of(next_hop).iter().fold(0, |value, &octet| value << 8 | u64::from(octet));
    OpenRequest { remote_mac: mac.into(), ..connect(ip, cookie) }
}

fn listen(cookie: u64) -> OpenRequest {
    OpenRequest { listen: true, ..connect(0, cookie) }
}

fn timed_out(cookie: u64) -> Notice {
    let (response, status) = (Response::ConnectionCompletion as u64, Status::TimedOut as u64);
    Notice { response: response.into(), status: status.into(), cookie: cookie.into(), ..Notice::default() }
}

fn refused_for_room(cookie: u64) -> Notice {
    Notice { status: (Status::NoRoom as u64).into(), ..timed_out(cookie) }
}

fn questions<const W: usize, D: Pins>(rig: &mut Rig<W, D>) -> Vec<Vec<u8>> {
    std::mem::take(&mut rig.frames)
}

fn asks_learns_and_remembers<const W: usize, D: Pins>(rig: &mut Rig<W, D>) {
    rig.opens.push_back(connect(PEER, 1));
    rig.settle(200);
    assert_eq!(questions(rig), vec![Arp::question_for(PEER).bytes()]);
    assert!(rig.opened.is_empty());
    rig.opens.push_back(listen(2));
    rig.settle(50);
    assert_eq!(rig.opened, vec![listen(2)], "a listen overtakes");
    rig.exchange(&Arp::answer(PEER).bytes());
    assert_eq!(rig.opened[1..], vec![resolved(PEER, PEER, 1)]);
    rig.opens.push_back(connect(PEER, 3));
    rig.settle(100);
    assert_eq!(rig.opened[2..], vec![resolved(PEER, PEER, 3)]);
    rig.opens.push_back(connect(FAR, 4));
    rig.settle(200);
    assert_eq!(questions(rig), vec![Arp::question_for(GATEWAY).bytes()], "only the gateway is asked for");
    rig.exchange(&Arp::answer(GATEWAY).bytes());
    assert_eq!(rig.opened[3..], vec![resolved(FAR, GATEWAY, 4)]);
    assert!(rig.refused.is_empty());
}

#[test]
fn next_hop_is_asked_for_once_and_remembered() {
    for stall in [0.0, 0.3, 0.8] {
        asks_learns_and_remembers(&mut Rig::<64, _>::new(compiled_network::<64>(), 1, stall));
        asks_learns_and_remembers(&mut Rig::<512, _>::new(compiled_network::<512>(), 2, stall));
    }
}

#[test]
fn both_simulators_agree_on_openings() {
    let mut rig = Rig::<64, _>::new(stepped_network::<64>(), 3, 0.1);
    asks_learns_and_remembers(&mut rig);
    rig.dut.replay("network_64").unwrap();
}

#[test]
fn without_a_gateway_every_address_is_a_neighbour() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 4, 0.0);
    rig.dut.set_settings(Settings { gateway: 0.into(), ..settings() });
    rig.opens.push_back(connect(FAR, 1));
    rig.settle(200);
    assert_eq!(questions(&mut rig), vec![Arp::question_for(FAR).bytes()]);
}

#[test]
fn three_questions_a_second_apart_then_the_opening_times_out() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 5, 0.0);
    rig.pace = 500;
    rig.opens.push_back(connect(PEER, 1));
    let from = rig.now;
    let mut asked = vec![];
    while rig.refused.is_empty() {
        rig.step();
        if !rig.frames.is_empty() {
            assert_eq!(questions(&mut rig), vec![Arp::question_for(PEER).bytes()]);
            asked.push(rig.now.wrapping_sub(from));
        }
    }
    let end = rig.now.wrapping_sub(from);
    assert_eq!(rig.refused, vec![timed_out(1)]);
    assert_eq!(asked.len(), 3);
    for (i, at) in asked.into_iter().chain([end]).enumerate() {
        let due = i as u32 * SECOND;
        assert!((due..due + SECOND / 10).contains(&at), "question {i} at {at} us");
    }
    // A late answer is not an answer to an outstanding question.
    rig.exchange(&Arp::answer(PEER).bytes());
    rig.opens.push_back(connect(PEER, 2));
    rig.settle(100);
    assert!(rig.opened.is_empty());
}

#[test]
fn unasked_answer_teaches_nothing_a_question_to_us_does() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 6, 0.0);
    rig.exchange(&Arp::answer(PEER).bytes());
    rig.opens.push_back(connect(PEER, 1));
    rig.settle(200);
    assert!(rig.opened.is_empty());
    rig.exchange(&Arp::question(PEER + 1).bytes());
    rig.opens.push_back(connect(PEER + 1, 2));
    rig.settle(200);
    assert_eq!(rig.opened, vec![resolved(PEER + 1, PEER + 1, 2)]);
}

#[test]
fn question_of_another_host_does_not_displace_one_that_waits() {
    let entries = geometry(64).neighbours as u32;
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 7, 0.0);
    rig.opens.push_back(connect(PEER, 1));
    rig.settle(200);
    rig.exchange(&Arp::question(PEER + entries).bytes());
    rig.exchange(&Arp::answer(PEER).bytes());
    assert_eq!(rig.opened, vec![resolved(PEER, PEER, 1)]);
}

#[test]
fn neighbour_is_asked_again_after_about_a_minute() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 8, 0.0);
    rig.exchange(&Arp::question(PEER).bytes());
    rig.now = rig.now.wrapping_add(59 * SECOND);
    rig.opens.push_back(connect(PEER, 1));
    rig.settle(200);
    assert_eq!(rig.opened.len(), 1);
    rig.now = rig.now.wrapping_add(10 * SECOND);
    rig.opens.push_back(connect(PEER, 2));
    rig.settle(200);
    assert_eq!((rig.opened.len(), questions(&mut rig)), (1, vec![Arp::question_for(PEER).bytes()]));
}

#[test]
fn many_openings_to_one_neighbour_ask_once() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 9, 0.0);
    // As many as may wait.
    let count = geometry(64).queue as u64;
    for cookie in 0..count {
        rig.opens.push_back(connect(PEER, cookie));
    }
    rig.settle(2000);
    assert_eq!(questions(&mut rig), vec![Arp::question_for(PEER).bytes()]);
    rig.send(&Arp::answer(PEER).bytes(), false);
    rig.settle(2000);
    let mut opened = rig.opened.clone();
    opened.sort_by_key(|open| open.cookie.index());
    assert_eq!(opened, (0..count).map(|cookie| resolved(PEER, PEER, cookie)).collect::<Vec<_>>());
}

#[test]
fn more_openings_than_may_wait_are_all_settled() {
    for stall in [0.0, 0.5] {
        let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 10, stall);
        rig.pace = 200;
        let count = 3 * geometry(64).queue as u64;
        for cookie in 0..count {
            // Every third peer answers.
            rig.opens.push_back(connect(PEER + cookie as u32 % 12, cookie));
        }
        while (rig.opened.len() + rig.refused.len()) < count as usize {
            rig.step();
            for question in questions(&mut rig) {
                let ip = u32::from_be_bytes(question[38..42].try_into().expect("four octets"));
                if ip % 3 == 0 {
                    rig.send(&Arp::answer(ip).bytes(), false);
                }
            }
        }
        rig.settle(2000);
        let mut cookies: Vec<usize> = rig.opened.iter().map(|open| open.cookie.index()).collect();
        cookies.extend(rig.refused.iter().map(|notice| notice.cookie.index()));
        cookies.sort_unstable();
        assert_eq!(cookies, (0..count as usize).collect::<Vec<_>>(), "each opening settled once");
        for open in &rig.opened {
            let ip = open.tuple.remote_address.index() as u32;
            assert_eq!(*open, resolved(ip, ip, open.cookie.index() as u64));
            assert_eq!(ip % 3, 0);
        }
    }
}

/// A stamp has 16 bits of 65 ms: an entry must not look young again when the clock has gone round (RFC 1122 2.3.2.1).
#[test]
fn neighbour_is_not_believed_again_when_the_clock_has_gone_round() {
    for seconds in [75, 600, 3600, 4280, 4296, 4310, 4340, 8600, 8620] {
        let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 11, 0.0);
        rig.exchange(&Arp::question(PEER).bytes());
        rig.pace = 100_000;
        rig.steps(seconds * 10);
        rig.pace = 1;
        rig.opens.push_back(connect(PEER, 1));
        rig.settle(200);
        assert!(rig.opened.is_empty(), "believed after {seconds} s");
        assert_eq!(questions(&mut rig), vec![Arp::question_for(PEER).bytes()], "after {seconds} s");
    }
}

/// A question nobody answered is forgotten, too: an answer that comes when the clock has gone round is none.
#[test]
fn question_is_not_waited_for_again_when_the_clock_has_gone_round() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 12, 0.0);
    rig.row = Some(Address { slot: 3.into(), tuple: connect(PEER, 1).tuple, remote_mac: 0x0202.into() });
    rig.send(&Arp { target_ip: PEER, ..Arp::question(PEER) }.bytes(), false);
    rig.steps(2000);
    assert_eq!(questions(&mut rig), vec![Arp::question_for(PEER).bytes()]);
    rig.pace = 100_000;
    rig.steps(42_950);
    rig.pace = 1;
    rig.exchange(&Arp::answer(PEER).bytes());
    rig.steps(2000);
    assert_eq!(rig.table[&3].remote_mac, 0x0202, "the answer came 4,295 s late");
}

/// The host may leave its responses unread for as long as it likes: deadlines do not wrap meanwhile.
#[test]
fn request_that_waited_behind_a_blocked_output_is_asked_again_at_once() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 13, 0.0);
    rig.opens.push_back(connect(PEER, 1));
    rig.settle(200);
    rig.opens.push_back(listen(2));
    rig.blocked = true;
    rig.pace = 20_000;
    rig.steps(2_000);
    assert!(rig.opened.is_empty(), "40 s without an answer to the listen");
    rig.blocked = false;
    rig.pace = 500;
    questions(&mut rig);
    let from = rig.now;
    while rig.refused.is_empty() {
        rig.step();
        assert!(rig.now.wrapping_sub(from) < 4 * SECOND, "the connect is still there");
    }
    assert_eq!((rig.opened.clone(), rig.refused.clone()), (vec![listen(2)], vec![timed_out(1)]));
    assert_eq!(questions(&mut rig).len(), 2, "three tries, one of them before");
}

/// As many connects wait as there is room for; more are refused at once, and nobody else waits for any of them (H3,
/// C1).
#[test]
fn openings_that_cannot_be_resolved_hold_up_nobody() {
    for stall in [0.0, 0.5] {
        let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 14, stall);
        // Entries of their own in the table: no silent host displaces the known one.
        let (silent, known, room) = (0x0a00_0050, 0x0a00_0069, geometry(64).queue as u64);
        rig.exchange(&Arp::question(known).bytes());
        for cookie in 0..room + 2 {
            rig.opens.push_back(connect(silent + cookie as u32 % 8, cookie));
        }
        rig.opens.push_back(listen(100));
        rig.opens.push_back(connect(known, 101));
        rig.settle(4_000);
        assert_eq!(rig.opened, vec![listen(100), resolved(known, known, 101)]);
        assert_eq!(rig.refused, vec![refused_for_room(room), refused_for_room(room + 1)]);
        rig.refused.clear();
        rig.pace = 200;
        while rig.refused.len() < room as usize {
            rig.step();
        }
        let mut expected: Vec<Notice> = (0..room).map(timed_out).collect();
        rig.refused.sort_by_key(|notice| notice.cookie.index());
        expected.sort_by_key(|notice| notice.cookie.index());
        assert_eq!(rig.refused, expected);
    }
}
