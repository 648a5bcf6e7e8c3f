//! Scenarios in `tests/scripts/*.txt`, with what comes of them beside them in `*.out`: a change of policy is a
//! readable difference.
//!
//! A line is a command: `peer N [self] [speed=100] [seats=1] [truth=1.0] [travel=200]`,
//! `film N [total=24000] [gop=100] [normal=2400] [wait=0] [here] [reading=0]`, `run SECONDS`, `end` (until every job has
//! ended), `show`, `restart`; for a peer `join|leave|sleep|wake|cut|heal|busy|free N`,
//! `corrupts|crashes|declines N on|off`; for a job `pause|resume|cancel|retry|forget|reset N`,
//! `refresh N SEGMENT` (intra-refresh there), `misjoin N COUNT` (the next join is wrong at so many segments).

use std::collections::BTreeMap;
use std::time::Duration;

use schedule::{EncoderId, FarmConfig, Input, JobId, Needs, Offer, SegmentIndex, Time, Work};

use crate::donor::{Donor, peer};
use crate::film::{Film, MergeFault};
use crate::told;
use crate::world::Sim;

const ENCODER: EncoderId = EncoderId(1);

/// A command, cut into words.
struct Line<'a> {
    verb: &'a str,
    number: u16,
    words: Vec<&'a str>,
    values: BTreeMap<&'a str, f64>,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap();
        let mut number = None;
        let mut line = Self {
            verb,
            number: 0,
            words: Vec::new(),
            values: BTreeMap::new(),
        };
        for word in words {
            if let Some((name, value)) = word.split_once('=') {
                line.values.insert(name, value.parse().unwrap());
            } else if let (None, Ok(value)) = (number, word.parse()) {
                number = Some(value);
            } else {
                line.words.push(word);
            }
        }
        line.number = number.unwrap_or(0);
        line
    }

    fn value(&self, name: &str, default: f64) -> f64 {
        self.values.get(name).copied().unwrap_or(default)
    }

    fn says(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    fn job(&self) -> JobId {
        JobId(self.number.into())
    }
}

fn play(script: &str) -> String {
    let config = FarmConfig {
        normal: Work(2400),
        min: Work(500),
        ..FarmConfig::default()
    };
    let mut sim = Sim::new(config, 1);
    sim.told = Some(Vec::new());
    let mut out = String::new();
    for line in script.lines().filter(|line| !line.trim().is_empty()) {
        out.push_str(&format!("> {line}\n"));
        if !line.starts_with('#') {
            obey(&mut sim, &Line::read(line));
        }
        for said in sim.told.replace(Vec::new()).unwrap() {
            out.push_str(&said);
            out.push('\n');
        }
    }
    out
}

fn obey(sim: &mut Sim, line: &Line) {
    let who = peer(line.number);
    match line.verb {
        "peer" => {
            let (speed, seats) = (line.value("speed", 100.0), line.value("seats", 1.0) as u32);
            let mut donor = Donor::new(
                0,
                line.says("self"),
                vec![Offer {
                    encoder: ENCODER,
                    speed,
                    seats,
                }],
            );
            donor.id = who;
            donor.truth = line.value("truth", 1.0);
            donor.travel = line.value("travel", donor.travel as f64) as u64;
            sim.add_donor(donor);
        }
        "film" => {
            let (total, gop) = (line.value("total", 24_000.0), line.value("gop", 100.0));
            let mut film = Film::new(Needs::Exactly(ENCODER), total as u64, gop as u64);
            if let Some(normal) = line.values.get("normal") {
                let (normal, min) = (Work(*normal as u64), Work(*normal as u64 / 5));
                sim.hear(Input::SegmentSizes {
                    job: line.job(),
                    normal,
                    min,
                });
            }
            film.indexed = Time((line.value("reading", 0.0) * 1000.0) as u64);
            sim.submit(
                line.job(),
                film,
                line.value("wait", 0.0) as u32,
                line.says("here"),
            );
        }
        "run" => sim.run_for(Duration::from_secs(line.number.into())),
        "end" => assert!(
            sim.run(Duration::from_secs(86_400), Sim::all_ended),
            "a job does not end"
        ),
        "show" => {
            let lines = told::farm(&sim.farm, sim.now);
            sim.told.as_mut().unwrap().extend(lines);
        }
        "restart" => sim.restart(),
        "join" => sim.appear(who),
        "leave" => sim.leave(who),
        "sleep" => sim.sleep(who, true),
        "wake" => sim.sleep(who, false),
        "cut" => sim.cut_link(who, true),
        "heal" => sim.cut_link(who, false),
        "busy" => sim.hear(Input::PeerPaused {
            peer: who,
            reason: "in use".to_owned(),
        }),
        "free" => sim.hear(Input::PeerResumed { peer: who }),
        _ => obey_about_jobs(sim, line),
    }
}

fn obey_about_jobs(sim: &mut Sim, line: &Line) {
    let (who, job, on) = (peer(line.number), line.job(), line.says("on"));
    let count = || line.words[0].parse::<u32>().unwrap();
    match line.verb {
        "corrupts" => sim.donors.get_mut(&who).unwrap().habits.corrupts = on,
        "crashes" => sim.donors.get_mut(&who).unwrap().habits.crashes = on,
        "declines" => sim.donors.get_mut(&who).unwrap().habits.declines = on,
        "pause" => sim.hear(Input::Pause { job }),
        "resume" => sim.hear(Input::Resume { job }),
        "cancel" => sim.hear(Input::Cancel { job }),
        "retry" => sim.hear(Input::Retry { job }),
        "forget" => sim.forget(job),
        "reset" => sim.reset(job),
        "refresh" => {
            sim.films
                .get_mut(&job)
                .unwrap()
                .intra_refresh
                .insert(SegmentIndex(count()));
        }
        "misjoin" => {
            let fault = match count() {
                0 => MergeFault::Whole,
                some => MergeFault::Segments(some as u8),
            };
            sim.films
                .get_mut(&job)
                .unwrap()
                .merge_faults
                .push_back(fault);
        }
        other => panic!("no such command: {other}"),
    }
}

fn check(name: &str, script: &str, expected: &str) {
    let got = play(script);
    if got != expected {
        let first = got
            .lines()
            .zip(expected.lines())
            .position(|(got, expected)| got != expected);
        panic!(
            "{name}.out differs from line {first:?} on; if it is meant so, it should read:\n{got}<end>"
        );
    }
}

macro_rules! scripts {
    ($($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            let script = include_str!(concat!("../scripts/", stringify!($name), ".txt"));
            let expected = include_str!(concat!("../scripts/", stringify!($name), ".out"));
            check(stringify!($name), script, expected);
        }
    )+};
}

scripts!(
    a_minute_for_three,
    killed_in_the_middle,
    a_bad_apple,
    the_last_straggler,
    the_owner_restarts,
    two_films,
    patience_and_a_lone_owner,
);
