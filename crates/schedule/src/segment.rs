//! A segment of a film, and how it gets done.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::config::{FarmConfig, doubled};
use crate::ids::{Attempt, EncoderId, LeaseId, PeerId, SegmentIndex, Time, Work};

/// Where a segment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentState {
    /// It wants a peer.
    Waiting {
        /// But not before then.
        not_before: Time,
    },
    /// Somebody has it.
    Leased {
        /// On this lease.
        lease: LeaseId,
        /// And somebody else too, on this one.
        hedge: Option<LeaseId>,
    },
    /// Its result is good.
    Verified {
        /// It came from this peer,
        peer: PeerId,
        /// in this attempt.
        attempt: Attempt,
    },
    /// Every attempt is spent.
    Failed {
        /// What happened last.
        reason: String,
    },
}

/// Why a lease ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It was taken back for reasons of ours; it never had its chance.
    Withdrawn,
    /// Nobody's fault.
    Mishap(String),
    /// An attempt that failed.
    Fault(String),
    /// It had other frames than expected, extracted this far back.
    WrongFrames(u8),
}

/// What can happen to a segment.
#[derive(Clone, Debug)]
pub(crate) enum SegmentInput {
    /// A peer gets it.
    Granted(LeaseId),
    /// A lease ended without a result.
    Lost {
        lease: LeaseId,
        on: (PeerId, EncoderId),
        loss: Loss,
    },
    /// A lease ended with a good result.
    Verified {
        lease: LeaseId,
        on: (PeerId, EncoderId),
        attempt: Attempt,
    },
    /// Somebody may still hold it from an earlier run, and is given until then to say so.
    Awaited(Time),
    /// Nobody does.
    NotHeld,
    /// The joined film was not right here.
    Reopened,
    /// Its failed job is tried again.
    Retried,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SegmentStep {
    /// The input means nothing in this state.
    Nothing,
    /// It is leased, or still leased.
    Leased,
    /// It waits, from then on.
    Waits(Time),
    /// It is done; the other lease, if any, is void.
    Done(Option<LeaseId>),
    /// Every attempt is spent.
    Spent(String),
}

/// One segment.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub index: SegmentIndex,
    pub work: Work,
    pub state: SegmentState,
    /// The last attempt there was.
    pub attempt: Attempt,
    pub failures: u32,
    pub mishaps: u32,
    /// Who has failed at it, with what.
    pub tried: BTreeSet<(PeerId, EncoderId)>,
    /// What gave a result that could not be joined.
    pub unjoinable: BTreeSet<EncoderId>,
    /// What the verified result was made with, if made in this run.
    made_with: Option<EncoderId>,
    pub step_back: u8,
}

impl Segment {
    pub fn new(index: SegmentIndex, work: Work, attempt: Attempt, state: SegmentState) -> Self {
        Self {
            index,
            work,
            state,
            attempt,
            failures: 0,
            mishaps: 0,
            tried: BTreeSet::new(),
            unjoinable: BTreeSet::new(),
            made_with: None,
            step_back: 0,
        }
    }

    /// Whether anything speaks against some peers.
    pub fn is_particular(&self) -> bool {
        !self.tried.is_empty() || !self.unjoinable.is_empty()
    }

    /// How much speaks against this encoder on this peer, from 0 (nothing) to 3: that the peer has failed at
    /// it, that it did so with this very encoder, that this encoder's result could not be joined.
    pub fn doubts(&self, on: (PeerId, EncoderId)) -> u8 {
        let peer_tried = self
            .tried
            .range((on.0, EncoderId(0))..=(on.0, EncoderId(u16::MAX)))
            .next()
            .is_some();
        u8::from(self.unjoinable.contains(&on.1))
            + u8::from(peer_tried)
            + u8::from(self.tried.contains(&on))
    }

    /// The one place where a segment changes state.
    pub fn on(&mut self, input: SegmentInput, rules: &FarmConfig, now: Time) -> SegmentStep {
        match input {
            SegmentInput::Granted(lease) => self.granted(lease),
            SegmentInput::Lost { lease, on, loss } => self.lost(lease, on, loss, rules, now),
            SegmentInput::Verified { lease, on, attempt } => self.verified(lease, on, attempt),
            SegmentInput::Awaited(until) => self.may_wait(until),
            SegmentInput::NotHeld => self.may_wait(now),
            SegmentInput::Reopened => self.reopened(now),
            SegmentInput::Retried => self.retried(now),
        }
    }

    fn granted(&mut self, new: LeaseId) -> SegmentStep {
        match self.state {
            SegmentState::Waiting { .. } => {
                self.state = SegmentState::Leased {
                    lease: new,
                    hedge: None,
                };
                SegmentStep::Leased
            }
            SegmentState::Leased { lease, hedge: None } => {
                self.state = SegmentState::Leased {
                    lease,
                    hedge: Some(new),
                };
                SegmentStep::Leased
            }
            SegmentState::Leased { hedge: Some(_), .. }
            | SegmentState::Verified { .. }
            | SegmentState::Failed { .. } => SegmentStep::Nothing,
        }
    }

    fn lost(
        &mut self,
        lost: LeaseId,
        on: (PeerId, EncoderId),
        loss: Loss,
        rules: &FarmConfig,
        now: Time,
    ) -> SegmentStep {
        let rest = match self.state {
            SegmentState::Leased { lease, hedge } if lease == lost => hedge,
            SegmentState::Leased {
                lease,
                hedge: Some(hedge),
            } if hedge == lost => Some(lease),
            SegmentState::Leased { .. }
            | SegmentState::Waiting { .. }
            | SegmentState::Verified { .. }
            | SegmentState::Failed { .. } => return SegmentStep::Nothing,
        };
        let wait = match self.count(on, loss, rules) {
            Ok(wait) => wait,
            Err(reason) => {
                self.state = SegmentState::Failed {
                    reason: reason.clone(),
                };
                return SegmentStep::Spent(reason);
            }
        };
        match rest {
            Some(lease) => {
                self.state = SegmentState::Leased { lease, hedge: None };
                SegmentStep::Leased
            }
            None => self.waits(now.after(wait)),
        }
    }

    /// Books a loss. Says how long to leave the segment alone, or why it is given up.
    fn count(
        &mut self,
        on: (PeerId, EncoderId),
        loss: Loss,
        rules: &FarmConfig,
    ) -> Result<std::time::Duration, String> {
        let (times, reason) = match loss {
            Loss::Withdrawn => return Ok(std::time::Duration::ZERO),
            Loss::WrongFrames(step_back) if step_back < self.step_back => {
                // Extracted before it was known to be too late: says nothing new.
                return Ok(std::time::Duration::ZERO);
            }
            Loss::WrongFrames(0) => {
                self.step_back = 1;
                return Ok(std::time::Duration::ZERO);
            }
            Loss::WrongFrames(step_back) => {
                self.step_back = step_back.saturating_add(1);
                self.tried.insert(on);
                self.failures += 1;
                (
                    self.failures,
                    "its frames were not the expected ones".to_owned(),
                )
            }
            Loss::Fault(reason) => {
                self.tried.insert(on);
                self.failures += 1;
                (self.failures, reason)
            }
            // The computer is left alone for a while; others may have the segment at once.
            Loss::Mishap(_) if self.mishaps + 1 < rules.mishaps => {
                self.mishaps += 1;
                return Ok(std::time::Duration::ZERO);
            }
            Loss::Mishap(reason) => {
                self.mishaps += 1;
                (self.mishaps, reason)
            }
        };
        if self.failures >= rules.attempts || self.mishaps >= rules.mishaps {
            return Err(reason);
        }
        Ok(doubled(rules.backoff, times - 1, rules.backoff_most))
    }

    fn verified(
        &mut self,
        good: LeaseId,
        on: (PeerId, EncoderId),
        attempt: Attempt,
    ) -> SegmentStep {
        let other = match self.state {
            SegmentState::Leased { lease, hedge } if lease == good => hedge,
            SegmentState::Leased {
                lease,
                hedge: Some(hedge),
            } if hedge == good => Some(lease),
            SegmentState::Leased { .. }
            | SegmentState::Waiting { .. }
            | SegmentState::Verified { .. }
            | SegmentState::Failed { .. } => return SegmentStep::Nothing,
        };
        self.state = SegmentState::Verified {
            peer: on.0,
            attempt,
        };
        self.made_with = Some(on.1);
        SegmentStep::Done(other)
    }

    fn may_wait(&mut self, until: Time) -> SegmentStep {
        match self.state {
            SegmentState::Waiting { .. } => self.waits(until),
            SegmentState::Leased { .. }
            | SegmentState::Verified { .. }
            | SegmentState::Failed { .. } => SegmentStep::Nothing,
        }
    }

    fn reopened(&mut self, now: Time) -> SegmentStep {
        match self.state {
            SegmentState::Verified { peer, .. } => {
                if let Some(encoder) = self.made_with.take() {
                    self.unjoinable.insert(encoder);
                    self.tried.insert((peer, encoder));
                }
                self.waits(now)
            }
            SegmentState::Waiting { .. }
            | SegmentState::Leased { .. }
            | SegmentState::Failed { .. } => SegmentStep::Nothing,
        }
    }

    fn retried(&mut self, now: Time) -> SegmentStep {
        match self.state {
            SegmentState::Waiting { .. } | SegmentState::Failed { .. } => {
                self.failures = 0;
                self.mishaps = 0;
                self.tried.clear();
                self.unjoinable.clear();
                self.waits(now)
            }
            SegmentState::Leased { .. } | SegmentState::Verified { .. } => SegmentStep::Nothing,
        }
    }

    fn waits(&mut self, not_before: Time) -> SegmentStep {
        self.state = SegmentState::Waiting { not_before };
        SegmentStep::Waits(not_before)
    }
}
