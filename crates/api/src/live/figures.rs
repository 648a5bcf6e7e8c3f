//! Figures in this crate's words.

use std::collections::BTreeMap;

use engine::figures as its;
use engine::figures::{Labour, Made};
use engine::status::PeerId;

use crate::figures::{Day, DayShare, Figures, Totals, Worker};

impl From<its::Figures> for Figures {
    fn from(one: its::Figures) -> Self {
        let mut days: BTreeMap<i64, Totals> = BTreeMap::new();
        for made in &one.made {
            add_made(days.entry(made.day).or_default(), made);
        }
        for labour in &one.by_day {
            add_labour(days.entry(labour.day).or_default(), labour);
        }
        let mut total = Totals::default();
        one.made.iter().for_each(|made| add_made(&mut total, made));
        one.by_day
            .iter()
            .for_each(|labour| add_labour(&mut total, labour));
        let mut ever = Totals::default();
        add_made(&mut ever, &one.in_all);
        one.ever_by_peer
            .iter()
            .for_each(|labour| add_labour(&mut ever, labour));
        let days = days.into_iter().map(|(day, totals)| Day {
            day: u32::try_from(day).unwrap_or(0),
            totals,
        });
        Self {
            today: u32::try_from(one.today).unwrap_or(0),
            ever,
            total,
            days: days.collect(),
            computers: workers(&one.by_peer, one.me),
            shares: shares(&one.by_day_and_peer),
        }
    }
}

fn add_made(totals: &mut Totals, made: &Made) {
    totals.films += made.films;
    totals.frames += made.frames;
    totals.source_bytes += made.source_bytes;
    totals.output_bytes += made.output_bytes;
    totals.wall_s += made.ms as f64 / 1000.0;
}

fn add_labour(totals: &mut Totals, labour: &Labour) {
    let seconds = labour.ms as f64 / 1000.0;
    if labour.for_us {
        totals.work_s += seconds;
    } else {
        totals.given_s += seconds;
    }
}

/// Each computer once a day; what it did and what was done for it follow each other.
fn shares(all: &[Labour]) -> Vec<DayShare> {
    let mut shares: Vec<DayShare> = Vec::new();
    for labour in all {
        let day = u32::try_from(labour.day).unwrap_or(0);
        let computer = PeerId(labour.peer).into();
        let same = |last: &&mut DayShare| last.day == day && last.computer == computer;
        let (mut work_s, mut given_s) = (0.0, 0.0);
        let seconds = labour.ms as f64 / 1000.0;
        if labour.for_us {
            work_s = seconds;
        } else {
            given_s = seconds;
        }
        if let Some(last) = shares.last_mut().filter(same) {
            last.work_s += work_s;
            last.given_s += given_s;
        } else {
            shares.push(DayShare {
                day,
                computer,
                work_s,
                given_s,
            });
        }
    }
    shares
}

/// Each computer once, in the order in which they come.
fn workers(all: &[Labour], me: [u8; 32]) -> Vec<Worker> {
    let mut workers: Vec<Worker> = Vec::new();
    for labour in all {
        let id = PeerId(labour.peer).into();
        let known = workers.iter().position(|one| one.computer == id);
        let at = known.unwrap_or_else(|| {
            workers.push(Worker {
                computer: id,
                name: labour.name.clone(),
                here: labour.peer == me,
                parts: 0,
                frames: 0,
                work_s: 0.0,
                given_parts: 0,
                given_frames: 0,
                given_s: 0.0,
            });
            workers.len() - 1
        });
        let one = &mut workers[at];
        let seconds = labour.ms as f64 / 1000.0;
        if labour.for_us {
            (one.parts, one.frames, one.work_s) = (labour.parts, labour.frames, seconds);
        } else {
            (one.given_parts, one.given_frames) = (labour.parts, labour.frames);
            one.given_s = seconds;
        }
    }
    workers
}
