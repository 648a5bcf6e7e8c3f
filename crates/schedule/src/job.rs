//! A job: one film on its way, its state and its segments.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{Attempt, JobId, LeaseId, SegmentIndex, Time, Work};
use crate::input::Needs;
use crate::segment::Segment;

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// Its turn has not come.
    Queued,
    /// The computers it needs are not there.
    WaitingForPeers {
        /// So many able ones besides this one are wanted; 0 means any at all, this one included.
        wanted: u32,
        /// So long; then it starts with those that are there, if any.
        until: Time,
    },
    /// Encoders are being measured for it.
    Benchmarking,
    /// Its segments are being cut, sent and encoded.
    Processing,
    /// The user stopped it for now.
    Paused {
        /// What it was doing.
        before: Before,
    },
    /// Its segments are all there and are being joined.
    Combining,
    /// Its output is in place and proved.
    Completed,
    /// It cannot be done; everything is kept.
    Failed {
        /// Why, in the user's words.
        reason: String,
    },
    /// The user gave it up.
    Cancelled,
}

/// What a paused job was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Before {
    /// Waiting for its turn or for computers, or working.
    Working,
    /// Encoders are (still) being measured for it.
    Benchmarking,
}

/// What can happen to a job as a whole.
#[derive(Clone, Debug)]
pub(crate) enum JobInput {
    /// Its first piece of work is asked for.
    Starts,
    /// The computers it needs are not there.
    Lacks {
        wanted: u32,
        until: Time,
    },
    /// They are, or it will do without.
    Suffices,
    BenchmarkStarted,
    BenchmarkDone,
    Pause,
    Resume,
    /// Every segment is verified.
    Whole,
    /// The joined film was not right, but can be repaired.
    Apart,
    Merged,
    Reset,
    Fail(String),
    Cancel,
    Retry,
}

/// Whether a job has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobStep {
    Stays,
    Moved,
}

impl JobState {
    /// Whether nothing more will happen unless the user asks for it.
    pub fn has_ended(&self) -> bool {
        match self {
            Self::Completed | Self::Failed { .. } | Self::Cancelled => true,
            Self::Queued
            | Self::WaitingForPeers { .. }
            | Self::Benchmarking
            | Self::Processing
            | Self::Paused { .. }
            | Self::Combining => false,
        }
    }

    /// Whether its segments may be given out.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Queued | Self::Processing => true,
            Self::WaitingForPeers { .. }
            | Self::Benchmarking
            | Self::Paused { .. }
            | Self::Combining
            | Self::Completed
            | Self::Failed { .. }
            | Self::Cancelled => false,
        }
    }

    /// The one place where a job changes state.
    pub(crate) fn on(&mut self, input: JobInput) -> JobStep {
        match self.next(input) {
            Some(next) => {
                *self = next;
                JobStep::Moved
            }
            None => JobStep::Stays,
        }
    }

    fn next(&self, input: JobInput) -> Option<Self> {
        match input {
            JobInput::Starts => self.if_in(&[Kind::Queued], Self::Processing),
            JobInput::Lacks { wanted, until } => self.if_in(
                &[Kind::Queued, Kind::Processing, Kind::Waiting],
                Self::WaitingForPeers { wanted, until },
            ),
            JobInput::Suffices => self.if_in(&[Kind::Waiting], Self::Queued),
            JobInput::BenchmarkStarted => self.benchmark_started(),
            JobInput::BenchmarkDone => self.benchmark_done(),
            JobInput::Pause => self.pause(),
            JobInput::Resume => self.resume(),
            JobInput::Whole => self.if_in(
                &[Kind::Queued, Kind::Waiting, Kind::Processing],
                Self::Combining,
            ),
            JobInput::Apart => self.if_in(&[Kind::Combining], Self::Processing),
            JobInput::Merged => self.if_in(&[Kind::Combining, Kind::Paused], Self::Completed),
            JobInput::Reset => self.if_in(
                &[Kind::Processing, Kind::Waiting, Kind::Combining],
                Self::Queued,
            ),
            JobInput::Fail(reason) => {
                if self.has_ended() {
                    None
                } else {
                    Some(Self::Failed { reason })
                }
            }
            JobInput::Cancel => match self.kind() {
                Kind::Completed | Kind::Cancelled => None,
                Kind::Queued
                | Kind::Waiting
                | Kind::Benchmarking
                | Kind::Processing
                | Kind::Paused
                | Kind::Combining
                | Kind::Failed => Some(Self::Cancelled),
            },
            JobInput::Retry => self.if_in(&[Kind::Failed], Self::Queued),
        }
    }

    fn benchmark_started(&self) -> Option<Self> {
        match self {
            Self::Queued | Self::WaitingForPeers { .. } | Self::Processing => {
                Some(Self::Benchmarking)
            }
            Self::Paused {
                before: Before::Working,
            } => Some(Self::Paused {
                before: Before::Benchmarking,
            }),
            Self::Paused {
                before: Before::Benchmarking,
            }
            | Self::Benchmarking
            | Self::Combining
            | Self::Completed
            | Self::Failed { .. }
            | Self::Cancelled => None,
        }
    }

    fn benchmark_done(&self) -> Option<Self> {
        match self {
            Self::Benchmarking => Some(Self::Queued),
            Self::Paused {
                before: Before::Benchmarking,
            } => Some(Self::Paused {
                before: Before::Working,
            }),
            Self::Paused {
                before: Before::Working,
            }
            | Self::Queued
            | Self::WaitingForPeers { .. }
            | Self::Processing
            | Self::Combining
            | Self::Completed
            | Self::Failed { .. }
            | Self::Cancelled => None,
        }
    }

    fn pause(&self) -> Option<Self> {
        match self {
            Self::Queued | Self::WaitingForPeers { .. } | Self::Processing | Self::Combining => {
                Some(Self::Paused {
                    before: Before::Working,
                })
            }
            Self::Benchmarking => Some(Self::Paused {
                before: Before::Benchmarking,
            }),
            Self::Paused { .. } | Self::Completed | Self::Failed { .. } | Self::Cancelled => None,
        }
    }

    fn resume(&self) -> Option<Self> {
        match self {
            Self::Paused {
                before: Before::Working,
            } => Some(Self::Queued),
            Self::Paused {
                before: Before::Benchmarking,
            } => Some(Self::Benchmarking),
            Self::Queued
            | Self::WaitingForPeers { .. }
            | Self::Benchmarking
            | Self::Processing
            | Self::Combining
            | Self::Completed
            | Self::Failed { .. }
            | Self::Cancelled => None,
        }
    }

    fn if_in(&self, kinds: &[Kind], next: Self) -> Option<Self> {
        kinds.contains(&self.kind()).then_some(next)
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Queued => Kind::Queued,
            Self::WaitingForPeers { .. } => Kind::Waiting,
            Self::Benchmarking => Kind::Benchmarking,
            Self::Processing => Kind::Processing,
            Self::Paused { .. } => Kind::Paused,
            Self::Combining => Kind::Combining,
            Self::Completed => Kind::Completed,
            Self::Failed { .. } => Kind::Failed,
            Self::Cancelled => Kind::Cancelled,
        }
    }
}

/// A state without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Queued,
    Waiting,
    Benchmarking,
    Processing,
    Paused,
    Combining,
    Completed,
    Failed,
    Cancelled,
}

/// How far the cutting of a film has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cutting {
    /// More can be asked for.
    Ready,
    /// More has been asked for.
    Asked,
    /// The index has to come further.
    Stalled { since: Time },
    /// There is no more.
    Finished,
}

/// What a job's able computers amount to, looked up now and then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Muscle {
    /// The farm's generation this was looked up in.
    pub generation: u64,
    pub at: Time,
    /// Work a second of all that may be given work.
    pub speed: f64,
    /// How many are there and able.
    pub able: u32,
    /// How many of them are other computers.
    pub others: u32,
    /// How many of them are not set aside.
    pub healthy: u32,
}

/// One job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: JobId,
    /// Its place in the queue.
    pub order: u64,
    pub needs: Needs,
    pub only_here: bool,
    pub state: JobState,
    pub cutting: Cutting,
    /// Not cut yet, as far as is known.
    pub uncut: Option<Work>,
    pub segments: BTreeMap<SegmentIndex, Segment>,
    /// Segments that any able peer may have now.
    pub fresh: BTreeSet<SegmentIndex>,
    /// Segments that can be had now but not by every peer equally well.
    pub again: BTreeSet<SegmentIndex>,
    /// Segments to be left alone until a time.
    pub later: BTreeSet<SegmentIndex>,
    /// The work of all of those.
    pub waiting: Work,
    pub leases: BTreeSet<LeaseId>,
    pub planned: Work,
    pub verified: u32,
    pub verified_work: Work,
    pub merge_failures: u32,
    /// The highest attempt of segments that were forgotten.
    pub attempt_floor: Attempt,
    pub muscle: Muscle,
    /// Whether it was already said that nobody can do it.
    pub said_nobody: bool,
    pub started: Option<Time>,
    /// When the last segment was verified.
    pub encoded: Option<Time>,
    /// Whether it has rested since it began, so that its times say nothing about speed.
    pub interrupted: bool,
    /// What was verified before this run.
    pub restored_work: Work,
    pub ended: Option<Time>,
}

impl Job {
    pub fn new(id: JobId, order: u64, needs: Needs, only_here: bool) -> Self {
        Self {
            id,
            order,
            needs,
            only_here,
            state: JobState::Queued,
            cutting: Cutting::Ready,
            uncut: None,
            segments: BTreeMap::new(),
            fresh: BTreeSet::new(),
            again: BTreeSet::new(),
            later: BTreeSet::new(),
            waiting: Work(0),
            leases: BTreeSet::new(),
            planned: Work(0),
            verified: 0,
            verified_work: Work(0),
            merge_failures: 0,
            attempt_floor: Attempt(0),
            muscle: Muscle::default(),
            said_nobody: false,
            started: None,
            encoded: None,
            interrupted: false,
            restored_work: Work(0),
            ended: None,
        }
    }

    /// Whether every segment there will be is verified.
    pub fn is_whole(&self) -> bool {
        self.cutting == Cutting::Finished && self.verified as usize == self.segments.len()
    }

    /// Whether all that is left is in somebody's hands.
    pub fn is_given_out(&self) -> bool {
        self.cutting == Cutting::Finished
            && self.fresh.is_empty()
            && self.again.is_empty()
            && self.later.is_empty()
    }

    /// Work that nobody has yet; `None` if the film's length is unknown.
    pub fn unassigned(&self) -> Option<Work> {
        match self.cutting {
            Cutting::Finished => Some(self.waiting),
            Cutting::Ready | Cutting::Asked | Cutting::Stalled { .. } => {
                self.uncut.map(|uncut| uncut.plus(self.waiting))
            }
        }
    }

    /// Puts a waiting segment where it will be looked for.
    pub fn put_waiting(&mut self, index: SegmentIndex, later: bool) {
        let Some(segment) = self.segments.get(&index) else {
            return;
        };
        let shelf = match (later, segment.is_particular()) {
            (true, _) => &mut self.later,
            (false, true) => &mut self.again,
            (false, false) => &mut self.fresh,
        };
        if shelf.insert(index) {
            self.waiting = self.waiting.plus(segment.work);
        }
    }

    /// Takes a segment from wherever it waits.
    pub fn take_waiting(&mut self, index: SegmentIndex) {
        let was = self.fresh.remove(&index) | self.again.remove(&index) | self.later.remove(&index);
        if let (true, Some(segment)) = (was, self.segments.get(&index)) {
            self.waiting = self.waiting.minus(segment.work);
        }
    }

    /// Forgets all segments; the whole film is uncut again.
    pub fn forget_segments(&mut self) {
        let highest = self.segments.values().map(|segment| segment.attempt).max();
        self.attempt_floor = self.attempt_floor.max(highest.unwrap_or_default());
        self.uncut = self.uncut.map(|uncut| uncut.plus(self.planned));
        self.segments.clear();
        self.fresh.clear();
        self.again.clear();
        self.later.clear();
        self.waiting = Work(0);
        self.planned = Work(0);
        self.verified = 0;
        self.verified_work = Work(0);
        self.cutting = Cutting::Ready;
    }
}
