//! What each computer spent its time with.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Peer;
use crate::cause::{self, Cause};
use crate::record::{PhaseKind, Record, Stint, Stretch};

/// What there is to say of a job's time. Without the time in which it was held or the node did not run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// When it began.
    pub began: i64,
    /// When it ended, or now.
    pub until: i64,
    /// So long it was worked on or waited, ms.
    pub whole_ms: u64,
    /// Of that from the first part given out until the last one was there, ms.
    pub work_ms: u64,
    /// When nobody could work: it was held, or the node did not run. One after the other.
    pub pauses: Vec<Stretch>,
    /// The computers that had a hand in it, the most encoding first.
    pub hands: Vec<Hand>,
    /// Why it was not faster, the most important first.
    pub causes: Vec<Cause>,
}

/// One computer's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Hand {
    /// Which.
    pub peer: Peer,
    /// Parts of its that were good.
    pub parts: u32,
    /// Frames in them.
    pub frames: u64,
    /// What it spent its time with.
    pub spent: Spent,
    /// Bytes a second of the source on the way to it, where that can be told.
    pub rate: Option<f64>,
    /// Parts that it encoded at once, at the most.
    pub lanes: u32,
}

/// The time from the first part given out until the last one was there, as one computer spent it, ms. What goes on
/// at the same time counts once, as the first of these; but where it rests and its encoder is known to stand still for
/// that, it is away. The sum is the same for every computer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// It encoded.
    pub encode: u64,
    /// It checked what it had encoded, and encoded nothing.
    pub check: u64,
    /// It waited for a part to arrive, and had nothing else to do.
    pub transfer: u64,
    /// It gave a result back, and had nothing else to do.
    pub give_back: u64,
    /// It was away, or rested.
    pub away: u64,
    /// It had parts of other jobs in hand, and did nothing for this one.
    pub other: u64,
    /// A part lay there and waited for a seat.
    pub seat: u64,
    /// It had not been given anything yet.
    pub late: u64,
    /// It had nothing to do, though there were parts left to give out.
    pub idle: u64,
    /// It had nothing to do, and no part was left.
    pub tail: u64,
}

impl Spent {
    /// All of it.
    #[must_use]
    pub fn all(&self) -> u64 {
        let Self {
            encode,
            check,
            transfer,
            give_back,
            away,
            other,
            seat,
            late,
            idle,
            tail,
        } = self;
        encode + check + transfer + give_back + away + other + seat + late + idle + tail
    }
}

/// What goes on at a computer, in the order in which it counts.
#[derive(Clone, Copy)]
enum Deed {
    Pause,
    Still,
    Encode,
    Check,
    Transfer,
    GiveBack,
    Away,
    Other,
    Seat,
}

const DEEDS: usize = 9;

/// What there is to say of a record.
#[must_use]
pub fn tell(record: &Record) -> Account {
    let until = record.until;
    let firsts = record.phases.iter().map(|phase| phase.began);
    let began = firsts
        .chain(record.stints.iter().map(|stint| stint.given))
        .min()
        .unwrap_or(until)
        .min(until);
    let pauses = pauses(record);
    let window = window(record);
    let mut hands: Vec<Hand> = by_peer(record)
        .into_iter()
        .map(|(peer, stints)| hand(record, peer, &stints, window, &pauses))
        .collect();
    hands.sort_by_key(|hand| (std::cmp::Reverse(hand.spent.encode), hand.peer));
    let mut account = Account {
        began,
        until,
        whole_ms: unpaused((began, until), &pauses),
        work_ms: unpaused(window, &pauses),
        hands,
        causes: Vec::new(),
        pauses: Vec::new(),
    };
    account.causes = cause::causes(record, &account, &pauses);
    account.pauses = pauses;
    account
}

/// From the first part given out until the last one was over.
pub(crate) fn window(record: &Record) -> Stretch {
    let first = record.stints.iter().map(|stint| stint.given).min();
    let last = record
        .stints
        .iter()
        .map(|stint| stint.end(record.until))
        .max();
    match (first, last) {
        (Some(first), Some(last)) => (first, last.max(first)),
        _ => (record.until, record.until),
    }
}

fn pauses(record: &Record) -> Vec<Stretch> {
    let all = record.phases.iter().filter(|phase| phase.kind.is_pause());
    let all: Vec<Stretch> = all
        .map(|phase| {
            let ended = phase.ended.unwrap_or(record.until);
            (phase.began, ended.max(phase.began))
        })
        .collect();
    together(all)
}

/// What any of these stretches covers, one after the other.
pub(crate) fn together(mut all: Vec<Stretch>) -> Vec<Stretch> {
    all.sort_unstable();
    all.retain(|(from, to)| to > from);
    let mut merged: Vec<Stretch> = Vec::with_capacity(all.len());
    for (from, to) in all {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// A stretch without what is covered by these, which come one after the other.
pub(crate) fn without((from, to): Stretch, covered: &[Stretch]) -> Vec<Stretch> {
    let mut left = Vec::new();
    let mut at = from;
    for (begin, end) in covered
        .iter()
        .filter(|(begin, end)| *begin < to && *end > from)
    {
        if *begin > at {
            left.push((at, *begin));
        }
        at = at.max(*end);
    }
    if at < to {
        left.push((at, to));
    }
    left
}

/// How long a stretch is without the pauses, ms.
pub(crate) fn unpaused((from, to): Stretch, pauses: &[Stretch]) -> u64 {
    let within = |pause: &Stretch| (pause.1.min(to) - pause.0.max(from)).max(0);
    let paused: i64 = pauses.iter().map(within).sum();
    u64::try_from(to - from - paused).unwrap_or(0)
}

fn by_peer(record: &Record) -> BTreeMap<Peer, Vec<&Stint>> {
    let mut all: BTreeMap<Peer, Vec<&Stint>> = BTreeMap::new();
    for stint in &record.stints {
        all.entry(stint.peer).or_default().push(stint);
    }
    all
}

/// When the last part was given out that nobody had before: from then on there is nothing left to give.
pub(crate) fn given_out(record: &Record) -> i64 {
    let fresh = record.stints.iter().filter(|stint| !stint.hedge);
    fresh.map(|stint| stint.given).max().unwrap_or(record.until)
}

fn hand(
    record: &Record,
    peer: Peer,
    stints: &[&Stint],
    window: Stretch,
    pauses: &[Stretch],
) -> Hand {
    let good: Vec<&&Stint> = stints
        .iter()
        .filter(|stint| stint.fate == Some(crate::Fate::Verified))
        .collect();
    let owned: Vec<Stint> = stints.iter().map(|stint| (*stint).clone()).collect();
    Hand {
        peer,
        parts: u32::try_from(good.len()).unwrap_or(u32::MAX),
        frames: good.iter().map(|stint| stint.frames).sum(),
        spent: spent(record, peer, stints, window, pauses),
        rate: rate(record, stints),
        lanes: lanes(&owned, record.until)
            .iter()
            .max()
            .map_or(1, |lane| lane + 1),
    }
}

/// Bytes a second on the way to a computer: of stints that tell, a second of travelling at the least.
fn rate(record: &Record, stints: &[&Stint]) -> Option<f64> {
    let told = stints
        .iter()
        .filter(|stint| stint.sent > 0 && stint.delivered.is_some());
    let (bytes, ms) = told.fold((0, 0), |(bytes, ms), stint| {
        let (from, to) = stint.travels(record.until);
        (bytes + stint.sent, ms + (to - from))
    });
    (ms >= 1000).then(|| bytes as f64 * 1000.0 / ms as f64)
}

/// Goes through the window from change to change, and books what lies between under the first thing that goes on.
fn spent(
    record: &Record,
    peer: Peer,
    stints: &[&Stint],
    window: Stretch,
    pauses: &[Stretch],
) -> Spent {
    let until = record.until;
    let mut changes: Vec<(i64, usize, i32)> = Vec::new();
    let mut note = |deed: Deed, (from, to): Stretch| {
        if to > from {
            changes.push((from, deed as usize, 1));
            changes.push((to, deed as usize, -1));
        }
    };
    pauses.iter().for_each(|pause| note(Deed::Pause, *pause));
    let own = stints
        .iter()
        .flat_map(|stint| deeds(stint, peer != record.me, until));
    for (deed, stretch) in own.chain(beside(record, peer)) {
        note(deed, stretch);
    }
    let first = stints
        .iter()
        .map(|stint| stint.given)
        .min()
        .unwrap_or(until);
    let free = stints.iter().map(|stint| stint.free(until)).max();
    // What divides the rest is a change, too.
    let over = free.unwrap_or(until).max(given_out(record));
    changes.extend([first, over, window.0, window.1].map(|at| (at, Deed::Pause as usize, 0)));
    changes.sort_unstable();
    book(&changes, window, first, over)
}

/// What keeps a computer from this job, and when.
fn beside(record: &Record, peer: Peer) -> impl Iterator<Item = (Deed, Stretch)> {
    let until = record.until;
    let absences = record.absences.iter().filter(move |one| one.peer == peer);
    let still = absences
        .clone()
        .filter_map(move |one| Some((Deed::Still, one.stands_still(until)?)));
    let others = record.others.iter().filter(move |one| one.peer == peer);
    absences
        .map(move |one| (Deed::Away, one.stretch(until)))
        .chain(still)
        .chain(others.map(move |one| (Deed::Other, one.stretch(until))))
}

/// What a stint comes to, and when. Nothing is on the way to or from the computer that owns the job.
fn deeds(stint: &Stint, away: bool, until: i64) -> impl Iterator<Item = (Deed, Stretch)> {
    let all = [
        (Deed::Transfer, away.then(|| stint.travels(until))),
        (Deed::Seat, stint.waits(until)),
        (Deed::Encode, stint.encodes(until)),
        (Deed::Check, stint.checks(until)),
        (Deed::GiveBack, stint.returns(until).filter(|_| away)),
    ];
    all.into_iter()
        .filter_map(|(deed, stretch)| Some((deed, stretch?)))
}

fn book(changes: &[(i64, usize, i32)], window: Stretch, first: i64, over: i64) -> Spent {
    let mut spent = Spent::default();
    let mut active = [0_i32; DEEDS];
    let goes_on = |active: &[i32; DEEDS], deed: Deed| active[deed as usize] > 0;
    for pair in changes.windows(2) {
        let (at, deed, change) = pair[0];
        active[deed] += change;
        let to = pair[1].0;
        let Ok(ms) = u64::try_from(to.min(window.1) - at.max(window.0)) else {
            continue;
        };
        let (encodes, checks) = (
            goes_on(&active, Deed::Encode),
            goes_on(&active, Deed::Check),
        );
        let into = match () {
            () if goes_on(&active, Deed::Pause) => continue,
            () if goes_on(&active, Deed::Still) && (encodes || checks) => &mut spent.away,
            () if encodes => &mut spent.encode,
            () if checks => &mut spent.check,
            () if goes_on(&active, Deed::Transfer) => &mut spent.transfer,
            () if goes_on(&active, Deed::GiveBack) => &mut spent.give_back,
            () if goes_on(&active, Deed::Away) => &mut spent.away,
            () if goes_on(&active, Deed::Other) => &mut spent.other,
            () if goes_on(&active, Deed::Seat) => &mut spent.seat,
            () if at < first => &mut spent.late,
            () if at >= over => &mut spent.tail,
            () => &mut spent.idle,
        };
        *into += ms;
    }
    spent
}

/// In which lane each stint's encoding is drawn, so that no two of one computer lie on each other: the first that is
/// free. Stints that were never encoded are in lane 0.
#[must_use]
pub fn lanes(stints: &[Stint], until: i64) -> Vec<u32> {
    let mut order: Vec<usize> = (0..stints.len()).collect();
    order.sort_by_key(|at| (stints[*at].encodes(until), *at));
    let mut taken: BTreeMap<Peer, Vec<i64>> = BTreeMap::new();
    let mut lanes = vec![0; stints.len()];
    for at in order {
        let Some((from, to)) = stints[at].encodes(until) else {
            continue;
        };
        let ends = taken.entry(stints[at].peer).or_default();
        let lane = ends.iter().position(|end| *end <= from);
        let lane = lane.unwrap_or_else(|| {
            ends.push(from);
            ends.len() - 1
        });
        ends[lane] = to;
        lanes[at] = u32::try_from(lane).unwrap_or(u32::MAX);
    }
    lanes
}

/// How much of a stretch lies within phases of a kind, ms.
pub(crate) fn during(record: &Record, kind: PhaseKind, (from, to): Stretch) -> u64 {
    let all = record.phases.iter().filter(|phase| phase.kind == kind);
    let ms: i64 = all
        .map(|phase| {
            let ended = phase.ended.unwrap_or(record.until);
            (ended.min(to) - phase.began.max(from)).max(0)
        })
        .sum();
    u64::try_from(ms).unwrap_or(0)
}
