//! `network::Neighbours` alone, cycle by cycle against a table in plain Rust whose time does not wrap.
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use stevedore_hdl::prelude::*;
use stevedore_rtl::network::{Answer, Lesson, LessonKind, Moved, Neighbours, Query, QueryKind};
use stevedore_testbenches::replay::{number, Compiled, Dut};

/// An entry as it should be; times in stamps of 65 ms that do not wrap.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    address: u32,
    mac: u64,
    learnt: Option<u64>,
    asked: Option<u64>,
    suspected: bool,
}

/// What the table is given.
#[derive(Clone, Copy, Debug)]
enum Input {
    Lesson(u32, u64, LessonKind),
    Query(QueryKind, u32),
    Suspect(u32),
}

/// What it has to say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Effect {
    question: Option<u32>,
    answer: Option<(bool, u64)>,
    moved: Option<(u32, u64)>,
}

struct Model {
    entries: Vec<Entry>,
}

impl Model {
    /// What an input does: judged at one stamp, written at another; `quiet` if a doubt may ask.
    fn take(&mut self, input: Input, judged: u64, stamp: u64, quiet: bool) -> (Effect, bool) {
        let (Input::Lesson(address, ..) | Input::Query(_, address) | Input::Suspect(address)) = input;
        let place = (address ^ address >> 8) as usize & 0xffff & (self.entries.len() - 1);
        let entry = &mut self.entries[place];
        // What has run out is as if it had never been.
        if entry.learnt.is_some_and(|at| judged - at >= 1024) {
            entry.learnt = None;
        }
        if entry.asked.is_some_and(|at| judged - at >= 32) {
            (entry.asked, entry.suspected) = (None, false);
        }
        let mine = entry.address == address;
        let known = mine && entry.learnt.is_some();
        let asked = if mine { entry.asked } else { None };
        let suspected = asked.is_some() && entry.suspected;
        let may_doubt = quiet && asked.is_none_or(|at| judged - at >= 16);
        let (mut effect, mut doubted) = (Effect::default(), false);
        match input {
            Input::Query(kind, _) => {
                effect.answer = Some((known, entry.mac));
                if kind == QueryKind::Ask && !known && asked.is_none_or(|at| judged - at >= 2) {
                    effect.question = Some(address);
                    *entry = Entry { address, learnt: None, asked: Some(stamp), suspected, ..*entry };
                }
                if kind == QueryKind::Forget && asked.is_some() && !known && !suspected {
                    entry.asked = None;
                }
            }
            Input::Lesson(_, mac, kind) => {
                let believed = match kind {
                    LessonKind::Answer => asked.is_some(),
                    LessonKind::Question if mine && known => entry.mac == mac,
                    LessonKind::Question if mine => !suspected,
                    LessonKind::Question => entry.asked.is_none(),
                    LessonKind::Claim => false,
                };
                if kind == LessonKind::Answer && suspected {
                    effect.moved = Some((address, mac));
                }
                if believed {
                    // A question to the engine confirms, and leaves a question of the engine's own as it is.
                    let keeps = kind == LessonKind::Question && known;
                    let asked = if keeps { asked } else { None };
                    let suspected = keeps && suspected;
                    *entry = Entry { address, mac, learnt: Some(stamp), asked, suspected };
                } else if known && entry.mac != mac && may_doubt {
                    doubted = true;
                }
            }
            Input::Suspect(_) => doubted = may_doubt && (mine || entry.asked.is_none()),
        }
        if doubted {
            effect.question = Some(address);
            let learnt = if known { entry.learnt } else { None };
            *entry = Entry { address, learnt, asked: Some(stamp), suspected: true, ..*entry };
        }
        (effect, doubted)
    }
}

fn run(seed: u64, entries: usize, cycles: u64) {
    println!("seed {seed}, {entries} entries");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut dut = Compiled::once("neighbours", &entries, |&entries| Neighbours::new(entries)).expect("a model");
    let port = dut.model.port("now");
    let mut now: u64 = rng.random_range(0..1 << 32);
    dut.model.set(port, now & 0xffff_ffff);
    dut.reset();
    let mut model = Model { entries: vec![Entry::default(); entries] };
    let addresses: Vec<u32> = (0..entries as u32 * 2 + 1).map(|_| rng.random()).collect();
    let mut offered: [Option<Input>; 3] = [None; 3];
    let mut work: Option<(Input, u32, u64)> = None;
    let (mut pending, mut spent, mut tick) = (Effect::default(), false, false);
    let (mut pace, mut stall, mut eager, mut few) = (1, 0.0, [0.5; 3], addresses.len());
    let (mut idle, mut counts) = (0, [0u64; 6]);
    let warm = entries as u64 + 20;
    for cycle in 0..cycles {
        if rng.random_range(0..300) == 0 {
            pace = [1, 1, 40, 1_000, 20_000, 70_000, 300_000][rng.random_range(0..7usize)];
            stall = [0.0, 0.0, 0.3, 0.8][rng.random_range(0..4usize)];
            eager = [0, 1, 2].map(|_| [1.0, 0.3, 0.03, 0.0][rng.random_range(0..4usize)]);
            few = [1, 2, 4, addresses.len()][rng.random_range(0..4usize)].min(addresses.len());
        }
        now += rng.random_range(0..=pace);
        for (i, slot) in offered.iter_mut().enumerate() {
            if cycle < warm || slot.is_some() || !rng.random_bool(eager[i]) {
                continue;
            }
            let address = addresses[rng.random_range(0..few)];
            let mac = rng.random_range(1..4u64) << 40 | u64::from(address);
            *slot = Some(match i {
                0 => {
                    let kinds = [LessonKind::Answer, LessonKind::Question, LessonKind::Claim];
                    Input::Lesson(address, mac, kinds[rng.random_range(0..3usize)])
                }
                1 => {
                    let kinds = [QueryKind::Look, QueryKind::Ask, QueryKind::Ask, QueryKind::Forget];
                    Input::Query(kinds[rng.random_range(0..4usize)], address)
                }
                _ => Input::Suspect(address),
            });
        }
        let mut words: [Option<Vec<bool>>; 3] = [None, None, None];
        for input in offered.iter().flatten() {
            match *input {
                Input::Lesson(address, mac, kind) => {
                    let lesson = Lesson { address: u64::from(address).into(), mac: mac.into(), kind };
                    words[0] = Some(lesson.to_flat());
                }
                Input::Query(kind, address) => {
                    words[1] = Some(Query { kind, address: u64::from(address).into() }.to_flat());
                }
                Input::Suspect(address) => words[2] = Some(Bits::<32>::from(u64::from(address)).to_flat()),
            }
        }
        for (sink, word) in ["s_lesson", "s_query", "s_suspect"].into_iter().zip(&words) {
            dut.offer(sink, word.as_deref());
        }
        let takes = ["m_question", "m_answer", "m_moved"].map(|source| {
            let ready = !rng.random_bool(stall);
            dut.accept(source, ready);
            ready
        });
        dut.model.set(port, now & 0xffff_ffff);
        dut.settle();

        // Outputs: exactly what is due, and nothing else.
        let question = dut.word("m_question").map(|bits| number(Bits::<32>::from_flat(&bits)) as u32);
        assert_eq!(question, pending.question, "cycle {cycle}: question");
        let answer = dut.word("m_answer").map(|bits| Answer::from_flat(&bits));
        let known = answer.map(|answer| (answer.known, if answer.known { number(answer.mac) } else { 0 }));
        let due = pending.answer.map(|(known, mac)| (known, if known { mac } else { 0 }));
        assert_eq!(known, due, "cycle {cycle}: answer");
        let moved = dut.word("m_moved").map(|bits| Moved::from_flat(&bits));
        let moved = moved.map(|moved| (number(moved.address) as u32, number(moved.mac)));
        assert_eq!(moved, pending.moved, "cycle {cycle}: moved");

        // The work in hand: judged two cycles after it was taken, written three.
        let bit = now >> 16 & 1 == 1;
        let turns = bit != tick;
        tick = bit;
        let waiting = pending.question.is_some();
        let mut became = Effect::default();
        let mut doubted = false;
        if let Some((input, phase, judged)) = work.take() {
            match phase {
                1 => work = Some((input, 2, judged)),
                2 => work = Some((input, 3, now >> 16)),
                _ => {
                    (became, doubted) = model.take(input, judged, now >> 16, !waiting && !spent);
                }
            }
        }
        spent = doubted || (spent && !turns);

        let ready = ["s_lesson", "s_query", "s_suspect"].map(|sink| dut.ready(sink));
        let taken: Vec<usize> = (0..3).filter(|&i| ready[i] && offered[i].is_some()).collect();
        assert!(taken.len() <= 1, "cycle {cycle}: {taken:?} at once");
        if let Some(&i) = taken.first() {
            assert!(work.is_none() && pending.answer.is_none() && pending.moved.is_none(), "cycle {cycle}: busy");
            work = offered[i].take().map(|input| (input, 1, 0));
            counts[i] += 1;
        }
        // Whatever waits, and may be taken, is taken within a few cycles.
        let waits = offered[0].is_some() || (offered[1].is_some() && !waiting);
        let busy = work.is_some() || pending.answer.is_some() || pending.moved.is_some() || became != Effect::default();
        idle = if cycle > warm && waits && !busy { idle + 1 } else { 0 };
        assert!(idle < 8, "cycle {cycle}: nothing is taken");
        if takes[0] {
            pending.question = None;
        }
        if takes[1] {
            pending.answer = None;
        }
        if takes[2] {
            pending.moved = None;
        }
        counts[3] += u64::from(became.question.is_some());
        counts[4] += u64::from(became.answer.is_some_and(|(known, _)| known));
        counts[5] += u64::from(became.moved.is_some());
        pending.question = became.question.or(pending.question);
        pending.answer = became.answer.or(pending.answer);
        pending.moved = became.moved.or(pending.moved);
        dut.step();
    }
    println!("lessons, queries, doubts; questions, known, moved: {counts:?}");
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
}

/// RFC 826, RFC 1122 2.3.2.1: what the table asks, answers and tells, and when, for inputs of all kinds at all rates
/// and for all ages.
#[test]
fn table_agrees_with_the_model_cycle_by_cycle() {
    for entries in [2, 4, 16] {
        for seed in [1, 2] {
            run(seed, entries, 60_000);
        }
    }
}
