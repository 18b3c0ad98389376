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
    OpenRequest { listen: false, tuple, remote_mac: 0.into(), cookie: cookie.into() }
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
