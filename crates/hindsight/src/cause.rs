//! Why it was not faster: what took time that encoding did not need.
//!
//! Times are known to about half a second (donors are heard of twice a second), so nothing below a second is said, and
//! nothing below three hundredths of the whole.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Peer;
use crate::record::{Fate, Phase, PhaseKind, Record, Stint, Stretch};
use crate::spent::{Account, Hand, during, given_out, together, unpaused, window, without};

/// Nothing shorter is told, ms.
const SHORTEST: u64 = 1000;
/// Nothing that is less of the whole is told, percent.
const LEAST: f64 = 3.0;
/// No more answers than this.
const MOST: usize = 5;
/// A part is long if it has so many times the frames of the usual one.
const LONG: u64 = 2;

/// One answer. Percentages are of the whole time; those that name what a computer spent are of the time in which parts
/// were encoded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// It waited before it began.
    Waited {
        /// For what.
        on: Wait,
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// One computer alone reads the film until the first part can leave.
    Reading {
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// A computer waited for parts that were on the way.
    Transfer {
        /// Which.
        peer: Peer,
        /// Of its time.
        percent: u8,
        /// Bytes a second on the way to it, where that can be told.
        rate: Option<u64>,
    },
    /// A computer had nothing to do in the middle.
    Idle {
        /// Which.
        peer: Peer,
        /// Of its time.
        percent: u8,
        /// The film was still being read for places to cut, most of that time.
        cutting: bool,
    },
    /// A computer was away or rested.
    Away {
        /// Which.
        peer: Peer,
        /// Of its time.
        percent: u8,
    },
    /// A computer came late.
    Late {
        /// Which.
        peer: Peer,
        /// So long after the first part was given out.
        ms: u64,
        /// Of its time; without that in which it was away.
        percent: u8,
    },
    /// At the end computers had nothing left to do while the last part was encoded.
    Tail {
        /// Who had it.
        peer: Peer,
        /// Which part.
        segment: u32,
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
        /// The part was much longer than the usual one: so many times.
        times: Option<u64>,
        /// Nobody of those at work encodes slower.
        slowest: bool,
    },
    /// All results were there, and the computer that owns the job was still examining the last of them.
    Examining {
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// Parts were encoded and came to nothing.
    Lost {
        /// So many.
        parts: u32,
        /// So long computers worked on them.
        ms: u64,
        /// Of all encoding.
        percent: u8,
    },
    /// One computer alone joins the parts and proves the film.
    Joining {
        /// So long.
        ms: u64,
        /// Of the whole.
        percent: u8,
    },
    /// Only one computer worked on it.
    Alone {
        /// Which.
        peer: Peer,
    },
}

/// What a job waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Its turn.
    Turn,
    /// Other computers.
    Computers,
    /// Encoders to be measured.
    Measuring,
}

/// The answers, the most important first.
pub(crate) fn causes(record: &Record, account: &Account, pauses: &[Stretch]) -> Vec<Cause> {
    let mut found: Vec<(f64, Cause)> = Vec::new();
    found.extend(waits(record, account));
    found.extend(reading(record, account, pauses));
    found.extend(joining(record, account));
    found.extend(tail(record, account, pauses));
    found.extend(examining(record, account, pauses));
    found.extend(lost(record, account));
    let speeds: f64 = account.hands.iter().filter_map(speed).sum();
    for hand in &account.hands {
        // What a computer could not do meanwhile, in time of the whole job.
        let weight = speed(hand).unwrap_or(0.0) / speeds.max(f64::MIN_POSITIVE);
        let own = of_hand(record, account, hand, pauses);
        found.extend(own.map(|(ms, cause)| (ms * weight, cause)));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut causes: Vec<Cause> = found.into_iter().map(|(_, cause)| cause).collect();
    causes.truncate(MOST);
    if let [only] = account.hands.as_slice()
        && only.spent.encode >= SHORTEST
    {
        causes.push(Cause::Alone { peer: only.peer });
    }
    causes
}

/// Frames a millisecond while it encodes.
fn speed(hand: &Hand) -> Option<f64> {
    (hand.spent.encode > 0).then(|| hand.frames as f64 / hand.spent.encode as f64)
}

/// How much `ms` is of `all`, where it is worth telling.
fn share(ms: u64, all: u64) -> Option<u8> {
    let percent = 100.0 * ms as f64 / all.max(1) as f64;
    (ms >= SHORTEST && percent >= LEAST).then(|| percent.round().min(100.0) as u8)
}

fn waits(record: &Record, account: &Account) -> Vec<(f64, Cause)> {
    // Once parts are given out it waits no more, whatever else is in the queue.
    let before = (account.began, window(record).0);
    let kinds = [
        (PhaseKind::Queued, Wait::Turn),
        (PhaseKind::Gathering, Wait::Computers),
        (PhaseKind::Measuring, Wait::Measuring),
    ];
    let all = kinds.into_iter().filter_map(|(kind, on)| {
        let ms = during(record, kind, before);
        let percent = share(ms, account.whole_ms)?;
        // A job waits for its first part to be cut, too: that is told as reading.
        let behind = on != Wait::Turn || during(record, PhaseKind::Plan, before) * 2 < ms;
        behind.then_some((ms as f64, Cause::Waited { on, ms, percent }))
    });
    all.collect()
}

fn reading(record: &Record, account: &Account, pauses: &[Stretch]) -> Option<(f64, Cause)> {
    if record.stints.is_empty() {
        return None;
    }
    let before = (account.began, window(record).0);
    let waited: u64 = [PhaseKind::Gathering, PhaseKind::Measuring]
        .into_iter()
        .map(|kind| during(record, kind, before))
        .sum();
    let queued = during(record, PhaseKind::Queued, before);
    let planned = during(record, PhaseKind::Plan, before);
    let behind = if planned * 2 < queued { queued } else { 0 };
    let ms = unpaused(before, pauses).saturating_sub(waited + behind);
    let percent = share(ms, account.whole_ms)?;
    Some((ms as f64, Cause::Reading { ms, percent }))
}

fn joining(record: &Record, account: &Account) -> Option<(f64, Cause)> {
    let all = (account.began, account.until);
    let kinds = [PhaseKind::Joining, PhaseKind::Proving, PhaseKind::Placing];
    let ms = kinds
        .into_iter()
        .map(|kind| during(record, kind, all))
        .sum();
    let percent = share(ms, account.whole_ms)?;
    Some((ms as f64, Cause::Joining { ms, percent }))
}

/// How long others had nothing to do once nothing was left to give, until the last part is there.
fn tail(record: &Record, account: &Account, pauses: &[Stretch]) -> Option<(f64, Cause)> {
    let encoding = |phase: &Phase| phase.kind == PhaseKind::Encoding && phase.ended.is_none();
    if record.phases.iter().any(encoding) {
        // More may be given out yet.
        return None;
    }
    let until = record.until;
    let end = all_back(record);
    let given = given_out(record);
    let last = record
        .stints
        .iter()
        .filter(|stint| stint.fate.is_none_or(|fate| fate == Fate::Verified))
        .max_by_key(|stint| (stint.free(until), stint.lease))?;
    // The seats of one computer alone have no others that wait for it.
    let free = free_beside(record, last.peer, (given, end));
    let ms = free.iter().map(|stretch| unpaused(*stretch, pauses)).sum();
    let percent = share(ms, account.whole_ms)?;
    let usual = median(record.stints.iter().map(|stint| stint.frames));
    let times = (last.frames >= LONG * usual.max(1)).then(|| last.frames / usual.max(1));
    let pace = |hand: &Hand| speed(hand).unwrap_or(f64::INFINITY) / f64::from(hand.lanes.max(1));
    let own = account
        .hands
        .iter()
        .find(|hand| hand.peer == last.peer)
        .map(pace);
    let slowest = account.hands.len() > 1
        && own.is_some_and(|own| account.hands.iter().all(|hand| pace(hand) >= own));
    let cause = Cause::Tail {
        peer: last.peer,
        segment: last.segment,
        ms,
        percent,
        times,
        slowest,
    };
    // Some still work meanwhile: about half of it is lost.
    Some((ms as f64 / 2.0, cause))
}

/// When a computer other than `last` had a place with nothing to do, of those at work when the last part was given out:
/// one that is away, or has anything else in hand, waits for nobody.
fn free_beside(record: &Record, last: Peer, (given, end): Stretch) -> Vec<Stretch> {
    let others = places(record, given)
        .into_iter()
        .filter(|(peer, _)| *peer != last);
    let free = others.flat_map(|(peer, ends)| {
        let busy = busy_elsewhere(record, peer, given);
        ends.into_iter()
            .flat_map(move |at| without((at.max(given), end), &busy))
    });
    together(free.collect())
}

/// When a computer is away, or has in hand what belongs to another job or was given to it after `given`.
fn busy_elsewhere(record: &Record, peer: Peer, given: i64) -> Vec<Stretch> {
    let until = record.until;
    let others = record.others.iter().filter(|one| one.peer == peer);
    let away = record.absences.iter().filter(|one| one.peer == peer);
    let later = record.stints.iter();
    let later = later.filter(|stint| stint.peer == peer && stint.given > given);
    let all = others.map(|one| one.stretch(until));
    let all = all.chain(away.map(|one| one.stretch(until)));
    let all = all.chain(later.map(|stint| (stint.given, stint.free(until))));
    together(all.collect())
}

/// Of each computer, when the places get free at which it encodes as the last part is given out. What it has in hand
/// beside goes on in one of them, so each place counts with its last part.
fn places(record: &Record, given: i64) -> BTreeMap<Peer, Vec<i64>> {
    let mut hands: BTreeMap<Peer, (usize, Vec<i64>)> = BTreeMap::new();
    for stint in record.stints.iter().filter(|stint| stint.given <= given) {
        let encodes = stint.encodes(record.until);
        let Some((from, to)) = encodes.filter(|(_, to)| *to > given) else {
            continue;
        };
        let (busy, ends) = hands.entry(stint.peer).or_default();
        *busy += usize::from(from <= given);
        ends.push(to);
    }
    let last = |(peer, (busy, mut ends)): (Peer, (usize, Vec<i64>))| {
        ends.sort_unstable_by(|a, b| b.cmp(a));
        ends.truncate(busy.max(1));
        (peer, ends)
    };
    hands.into_iter().map(last).collect()
}

/// When the last result was back.
fn all_back(record: &Record) -> i64 {
    let all = record.stints.iter().map(|stint| stint.free(record.until));
    all.max().unwrap_or(record.until)
}

/// From the last result that came back until the last one was found good.
fn examining(record: &Record, account: &Account, pauses: &[Stretch]) -> Option<(f64, Cause)> {
    let (_, end) = window(record);
    let ms = unpaused((all_back(record).min(end), end), pauses);
    let percent = share(ms, account.whole_ms)?;
    Some((ms as f64, Cause::Examining { ms, percent }))
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut all: Vec<u64> = values.collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(0)
}

fn lost(record: &Record, account: &Account) -> Option<(f64, Cause)> {
    let encoded = |stint: &Stint| {
        let (from, to) = stint.encodes(record.until)?;
        u64::try_from(to - from).ok()
    };
    let came_to_nothing = |stint: &&Stint| {
        matches!(
            stint.fate,
            Some(Fate::Lost | Fate::Withdrawn | Fate::Stopped)
        )
    };
    let spent: Vec<u64> = record
        .stints
        .iter()
        .filter(came_to_nothing)
        .filter_map(encoded)
        .filter(|ms| *ms > 0)
        .collect();
    let all: u64 = record.stints.iter().filter_map(encoded).sum();
    let ms: u64 = spent.iter().sum();
    let percent = share(ms, all)?;
    let parts = u32::try_from(spent.len()).unwrap_or(u32::MAX);
    let cost = ms as f64 / account.hands.len().max(1) as f64;
    Some((cost, Cause::Lost { parts, ms, percent }))
}

/// What one computer spent beside encoding, each with the time it comes to.
fn of_hand(
    record: &Record,
    account: &Account,
    hand: &Hand,
    pauses: &[Stretch],
) -> impl Iterator<Item = (f64, Cause)> + use<> {
    let (peer, spent, all) = (hand.peer, hand.spent, account.work_ms);
    let transfer = share(spent.transfer, all).map(|percent| {
        let rate = hand.rate.map(|rate| rate.round() as u64);
        let cause = Cause::Transfer {
            peer,
            percent,
            rate,
        };
        (spent.transfer as f64, cause)
    });
    let idle = share(spent.idle, all).map(|percent| {
        let plan = during(record, PhaseKind::Plan, window(record));
        let cutting = plan * 2 >= spent.idle && during_idle(record, peer) * 2 >= spent.idle;
        let cause = Cause::Idle {
            peer,
            percent,
            cutting,
        };
        (spent.idle as f64, cause)
    });
    let away =
        share(spent.away, all).map(|percent| (spent.away as f64, Cause::Away { peer, percent }));
    let late = share(spent.late, all).map(|percent| {
        let ms = unpaused(before_first(record, peer), pauses);
        (spent.late as f64, Cause::Late { peer, ms, percent })
    });
    [transfer, idle, away, late].into_iter().flatten()
}

/// From the first part given out to anybody until the first one given to this computer.
fn before_first(record: &Record, peer: Peer) -> Stretch {
    let (from, to) = window(record);
    let own = record.stints.iter().filter(|stint| stint.peer == peer);
    let first = own.map(|stint| stint.given).min();
    (from, first.unwrap_or(to))
}

/// How long the film was still read while a computer had no part in hand, ms.
fn during_idle(record: &Record, peer: Peer) -> u64 {
    let until = record.until;
    let mut held: Vec<Stretch> = record
        .stints
        .iter()
        .filter(|stint| stint.peer == peer)
        .map(|stint| (stint.given, stint.free(until)))
        .collect();
    held.sort_unstable();
    let (mut at, end) = window(record);
    let mut ms = 0;
    for (from, to) in held {
        ms += during(record, PhaseKind::Plan, (at, from.max(at)));
        at = at.max(to);
    }
    ms + during(record, PhaseKind::Plan, (at, end.max(at)))
}
