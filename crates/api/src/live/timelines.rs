//! Timelines in this crate's words.

use std::collections::BTreeMap;

use engine::status::PeerId;
use engine::timeline as its;
use hindsight::Peer;

use crate::timeline::{
    Absence, Cause, Fate, OtherWork, PhaseKind, Spent, Stint, Timeline, TimelineComputer,
    TimelinePause, TimelinePhase, Wait,
};
use crate::view::{ComputerId, JobId};

/// The clock of a timeline: milliseconds since its job began.
#[derive(Clone, Copy)]
struct Clock(i64);

impl Clock {
    fn at(self, at: i64) -> u64 {
        u64::try_from(at.saturating_sub(self.0)).unwrap_or(0)
    }

    fn maybe(self, at: Option<i64>) -> Option<u64> {
        at.map(|at| self.at(at))
    }
}

impl From<its::Timeline> for Timeline {
    fn from(one: its::Timeline) -> Self {
        let clock = Clock(one.account.began);
        let phases = one.record.phases.iter().map(|phase| TimelinePhase {
            kind: phase.kind.into(),
            began_ms: clock.at(phase.began),
            ended_ms: clock.maybe(phase.ended),
        });
        let pauses = one.account.pauses.iter().map(|(from, to)| TimelinePause {
            from_ms: clock.at(*from),
            to_ms: clock.at(*to),
        });
        let mut stints = stints(&one, clock);
        let mut absences = absences(&one, clock);
        let mut others = others(&one, clock);
        let computers = one.account.hands.iter().map(|hand| TimelineComputer {
            computer: id(hand.peer),
            name: one
                .names
                .get(&PeerId(hand.peer))
                .cloned()
                .unwrap_or_default(),
            here: PeerId(hand.peer) == one.me,
            parts: hand.parts,
            frames: hand.frames,
            rate: hand.rate,
            spent: spent(hand.spent),
            lanes: hand.lanes,
            stints: stints.remove(&hand.peer).unwrap_or_default(),
            others: others.remove(&hand.peer).unwrap_or_default(),
            absences: absences.remove(&hand.peer).unwrap_or_default(),
        });
        Self {
            job: one.id.into(),
            live: one.live,
            began_ms: u64::try_from(one.account.began).unwrap_or(0),
            until_ms: clock.at(one.account.until),
            whole_ms: one.account.whole_ms,
            work_ms: one.account.work_ms,
            computers: computers.collect(),
            phases: phases.collect(),
            pauses: pauses.collect(),
            causes: one.account.causes.iter().map(cause).collect(),
            cut_short: one.cut_short,
        }
    }
}

fn stints(one: &its::Timeline, clock: Clock) -> BTreeMap<Peer, Vec<Stint>> {
    let mut all: BTreeMap<Peer, Vec<Stint>> = BTreeMap::new();
    let known = one.record.stints.iter().zip(&one.whys).zip(&one.lanes);
    for ((stint, why), lane) in known {
        all.entry(stint.peer).or_default().push(Stint {
            segment: stint.segment,
            frames: stint.frames,
            attempt: stint.attempt,
            hedge: stint.hedge,
            lane: *lane,
            given_ms: clock.at(stint.given),
            delivered_ms: clock.maybe(stint.delivered),
            began_ms: clock.maybe(stint.began),
            encoded_ms: clock.maybe(stint.encoded),
            finished_ms: clock.maybe(stint.finished),
            returned_ms: clock.maybe(stint.returned),
            ended_ms: clock.maybe(stint.ended),
            fate: stint.fate.map(Into::into),
            why: why.clone(),
            sent_bytes: stint.sent,
            received_bytes: stint.received,
        });
    }
    all
}

fn others(one: &its::Timeline, clock: Clock) -> BTreeMap<Peer, Vec<OtherWork>> {
    let mut all: BTreeMap<Peer, Vec<OtherWork>> = BTreeMap::new();
    for other in &one.record.others {
        all.entry(other.peer).or_default().push(OtherWork {
            job: JobId(other.job),
            began_ms: clock.at(other.began),
            ended_ms: clock.maybe(other.ended),
        });
    }
    all
}

fn absences(one: &its::Timeline, clock: Clock) -> BTreeMap<Peer, Vec<Absence>> {
    let mut all: BTreeMap<Peer, Vec<Absence>> = BTreeMap::new();
    for (absence, why) in one.record.absences.iter().zip(&one.reasons) {
        all.entry(absence.peer).or_default().push(Absence {
            began_ms: clock.at(absence.began),
            ended_ms: clock.maybe(absence.ended),
            why: why.clone(),
        });
    }
    all
}

fn id(peer: Peer) -> ComputerId {
    PeerId(peer).into()
}

fn spent(one: hindsight::Spent) -> Spent {
    let hindsight::Spent {
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
    } = one;
    Spent {
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
    }
}

fn cause(one: &hindsight::Cause) -> Cause {
    use hindsight::Cause as Its;
    match *one {
        Its::Waited { on, ms, percent } => Cause::Waited {
            on: match on {
                hindsight::Wait::Turn => Wait::Turn,
                hindsight::Wait::Computers => Wait::Computers,
                hindsight::Wait::Measuring => Wait::Measuring,
            },
            ms,
            percent,
        },
        Its::Reading { ms, percent } => Cause::Reading { ms, percent },
        Its::Transfer {
            peer,
            percent,
            rate,
        } => Cause::Transfer {
            computer: id(peer),
            percent,
            rate,
        },
        Its::Idle {
            peer,
            percent,
            cutting,
        } => Cause::Idle {
            computer: id(peer),
            percent,
            cutting,
        },
        Its::Away { peer, percent } => Cause::Away {
            computer: id(peer),
            percent,
        },
        Its::Late { peer, ms, percent } => Cause::Late {
            computer: id(peer),
            ms,
            percent,
        },
        Its::Tail {
            peer,
            segment,
            ms,
            percent,
            times,
            slowest,
        } => Cause::Tail {
            computer: id(peer),
            segment,
            ms,
            percent,
            times,
            slowest,
        },
        Its::Examining { ms, percent } => Cause::Examining { ms, percent },
        Its::Lost { parts, ms, percent } => Cause::Lost { parts, ms, percent },
        Its::Joining { ms, percent } => Cause::Joining { ms, percent },
        Its::Alone { peer } => Cause::Alone { computer: id(peer) },
    }
}

impl From<hindsight::PhaseKind> for PhaseKind {
    fn from(kind: hindsight::PhaseKind) -> Self {
        use hindsight::PhaseKind as Its;
        match kind {
            Its::Probe => Self::Probe,
            Its::Plan => Self::Plan,
            Its::Sound => Self::Sound,
            Its::Queued => Self::Queued,
            Its::Gathering => Self::Gathering,
            Its::Measuring => Self::Measuring,
            Its::Encoding => Self::Encoding,
            Its::Held => Self::Held,
            Its::Stopped => Self::Stopped,
            Its::Joining => Self::Joining,
            Its::Proving => Self::Proving,
            Its::Placing => Self::Placing,
        }
    }
}

impl From<hindsight::Fate> for Fate {
    fn from(fate: hindsight::Fate) -> Self {
        use hindsight::Fate as Its;
        match fate {
            Its::Verified => Self::Verified,
            Its::Lost => Self::Lost,
            Its::Withdrawn => Self::Withdrawn,
            Its::Outrun => Self::Outrun,
            Its::Stopped => Self::Stopped,
        }
    }
}
