//! A lease: the right of one peer to encode one segment until a time, and how far it has come.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::Ignored;
use crate::ids::{Attempt, EncoderId, JobId, LeaseId, PeerId, SegmentIndex, Time, Work};

/// The terms of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Never used twice.
    pub id: LeaseId,
    /// The job.
    pub job: JobId,
    /// The segment of it.
    pub segment: SegmentIndex,
    /// Which try of the segment this is.
    pub attempt: Attempt,
    /// Who encodes it.
    pub peer: PeerId,
    /// With what.
    pub encoder: EncoderId,
    /// How many times further back than planned the extraction starts.
    pub step_back: u8,
    /// Whether another peer has this segment too.
    pub hedge: bool,
}

/// How far a lease has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Its source is on the way to the peer.
    Travelling,
    /// Its source is there, and no seat is free yet.
    Queued,
    /// It is being encoded.
    Encoding {
        /// Since then.
        since: Time,
        /// This much of it is done.
        done: Work,
        /// As it was said then.
        seen: Time,
    },
    /// It is encoded; the result is on the way here.
    Returning,
    /// The result is here, being examined.
    Quarantined {
        /// Since then.
        since: Time,
    },
}

/// A sign of life of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The source has arrived; `seat` says whether one is free for it.
    Delivered { seat: bool },
    /// A seat has become free for it.
    Seated,
    /// So much is done.
    Progress(Work),
    /// All of it is.
    Encoded,
    /// The result is here.
    Returned,
}

/// What a sign of life has done to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing: it was further already.
    Ignored(Ignored),
    /// It lives, and is where it was.
    Alive,
    /// It is in another phase.
    Moved,
}

/// After so many seconds, progress tells something however little it is.
const TELLING: f64 = 20.0;

/// A live lease.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub lease: Lease,
    pub work: Work,
    pub phase: Phase,
    /// When it is taken back if nothing is heard.
    pub deadline: Time,
}

impl Phase {
    /// Whether the lease takes a seat, or the place before one, at its peer.
    pub fn is_seated(self) -> bool {
        match self {
            Self::Travelling | Self::Queued | Self::Encoding { .. } => true,
            Self::Returning | Self::Quarantined { .. } => false,
        }
    }

    fn encoding(now: Time, done: Work) -> Self {
        Self::Encoding {
            since: now,
            done,
            seen: now,
        }
    }
}

impl Held {
    /// The one place where a lease changes phase.
    pub fn on(&mut self, sign: Sign, now: Time) -> Heard {
        let past = Heard::Ignored(Ignored::LeasePast(self.lease.id));
        match sign {
            Sign::Delivered { seat } => match self.phase {
                Phase::Travelling if seat => self.moves(Phase::encoding(now, Work(0))),
                Phase::Travelling => self.moves(Phase::Queued),
                Phase::Queued
                | Phase::Encoding { .. }
                | Phase::Returning
                | Phase::Quarantined { .. } => past,
            },
            Sign::Seated => match self.phase {
                Phase::Queued => self.moves(Phase::encoding(now, Work(0))),
                Phase::Travelling
                | Phase::Encoding { .. }
                | Phase::Returning
                | Phase::Quarantined { .. } => past,
            },
            Sign::Progress(said) => match &mut self.phase {
                Phase::Travelling | Phase::Queued => {
                    let done = said.min(self.work);
                    self.moves(Phase::encoding(now, done))
                }
                Phase::Encoding { done, seen, .. } => {
                    *done = said.min(self.work).max(*done);
                    *seen = now;
                    Heard::Alive
                }
                Phase::Returning | Phase::Quarantined { .. } => past,
            },
            Sign::Encoded => match self.phase {
                Phase::Travelling | Phase::Queued | Phase::Encoding { .. } => {
                    self.moves(Phase::Returning)
                }
                Phase::Returning | Phase::Quarantined { .. } => past,
            },
            Sign::Returned => match self.phase {
                Phase::Travelling | Phase::Queued | Phase::Encoding { .. } | Phase::Returning => {
                    self.moves(Phase::Quarantined { since: now })
                }
                Phase::Quarantined { .. } => past,
            },
        }
    }

    fn moves(&mut self, phase: Phase) -> Heard {
        self.phase = phase;
        Heard::Moved
    }

    /// Work a second on its seat, as far as what was heard of it tells.
    pub fn told_speed(&self) -> Option<f64> {
        let Phase::Encoding { since, done, seen } = self.phase else {
            return None;
        };
        let spent = seen.since(since).as_secs_f64();
        // An encoder starts slowly: what it says counts once it is past that.
        let tenth = done.0.saturating_mul(10) >= self.work.0;
        let told = spent > 0.0 && (tenth || spent >= TELLING);
        told.then(|| done.0.max(self.work.0 / 1000) as f64 / spent)
    }

    /// When its encoding will be over, if it starts at `start` at the earliest, on a seat of `speed`. What is
    /// overdue is expected to take half as long again as it is late.
    pub fn expected_end(&self, start: Time, speed: f64, now: Time) -> Time {
        let end = match self.phase {
            Phase::Travelling | Phase::Queued => start.after(self.work.at(speed)),
            Phase::Encoding { done, seen, .. } => {
                let speed = self.told_speed().unwrap_or(speed);
                seen.after(self.work.minus(done).at(speed))
            }
            Phase::Returning | Phase::Quarantined { .. } => now,
        };
        if end < now {
            now.after(now.since(end) / 2)
        } else {
            end
        }
    }
}

/// All live leases, by id and by deadline.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases {
    held: BTreeMap<LeaseId, Held>,
    deadlines: BTreeSet<(Time, LeaseId)>,
}

impl Leases {
    pub fn get(&self, id: LeaseId) -> Option<&Held> {
        self.held.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    pub fn insert(&mut self, held: Held) {
        self.deadlines.insert((held.deadline, held.lease.id));
        self.held.insert(held.lease.id, held);
    }

    pub fn remove(&mut self, id: LeaseId) -> Option<Held> {
        let held = self.held.remove(&id)?;
        self.deadlines.remove(&(held.deadline, id));
        Some(held)
    }

    /// Passes a sign of life on. `None`: there is no such lease.
    pub fn on(&mut self, id: LeaseId, sign: Sign, now: Time) -> Option<Heard> {
        self.held.get_mut(&id).map(|held| held.on(sign, now))
    }

    pub fn set_deadline(&mut self, id: LeaseId, deadline: Time) {
        if let Some(held) = self.held.get_mut(&id) {
            self.deadlines.remove(&(held.deadline, id));
            held.deadline = deadline;
            self.deadlines.insert((deadline, id));
        }
    }

    pub fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(time, _)| *time)
    }

    /// The lease whose deadline has passed first.
    pub fn overdue(&self, now: Time) -> Option<LeaseId> {
        self.deadlines
            .first()
            .filter(|(time, _)| *time <= now)
            .map(|(_, id)| *id)
    }
}
