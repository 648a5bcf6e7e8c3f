//! What must hold after every step, kept apart from the farm's own books.

use std::collections::{BTreeMap, BTreeSet};

use schedule::{
    Action, Attempt, Change, Event, Farm, FarmConfig, Input, JobId, JobState, Lease, LeaseId,
    Offer, PeerId, SegmentIndex, SegmentState, Time, Work,
};

/// What the watch knows of a live lease.
#[derive(Clone, Debug)]
struct Seen {
    lease: Lease,
    /// Takes a seat, or waits for one.
    seated: bool,
}

/// The watch's own books.
#[derive(Clone, Debug)]
pub struct Watch {
    live: BTreeMap<LeaseId, Seen>,
    by_peer: BTreeMap<PeerId, BTreeSet<LeaseId>>,
    by_segment: BTreeMap<(JobId, SegmentIndex), BTreeSet<LeaseId>>,
    attempts: BTreeMap<(JobId, SegmentIndex), Attempt>,
    seats: BTreeMap<PeerId, (u32, bool)>,
    highest_lease: Option<LeaseId>,
    asked: BTreeSet<JobId>,
    finished: BTreeSet<JobId>,
    done: BTreeMap<JobId, Work>,
    /// Look at everything after every step, not only at what has changed.
    pub thorough: bool,
    pub starts: u64,
    pub hedges: u64,
    pub revokes: u64,
}

impl Watch {
    pub fn new() -> Self {
        Self {
            live: BTreeMap::new(),
            by_peer: BTreeMap::new(),
            by_segment: BTreeMap::new(),
            attempts: BTreeMap::new(),
            seats: BTreeMap::new(),
            highest_lease: None,
            asked: BTreeSet::new(),
            finished: BTreeSet::new(),
            done: BTreeMap::new(),
            thorough: true,
            starts: 0,
            hedges: 0,
            revokes: 0,
        }
    }

    pub fn is_live(&self, lease: LeaseId) -> bool {
        self.live.contains_key(&lease)
    }

    /// The owner has crashed: nothing of what was is live, but no number may come again.
    pub fn restart(&mut self) {
        self.live.clear();
        self.by_peer.clear();
        self.by_segment.clear();
        self.attempts.clear();
        self.asked.clear();
        self.finished.clear();
    }

    /// The lease an input speaks of, if it speaks of one.
    pub fn lease_of(input: &Input) -> Option<LeaseId> {
        match input {
            Input::Delivered { lease }
            | Input::Progress { lease, .. }
            | Input::Encoded { lease }
            | Input::Returned { lease }
            | Input::Verified { lease }
            | Input::Rejected { lease, .. }
            | Input::Failed { lease, .. } => Some(*lease),
            _ => None,
        }
    }

    /// Books an input that is about to be handled.
    pub fn before(&mut self, input: &Input) {
        match input {
            Input::PeerJoined {
                peer,
                is_self,
                offers,
            }
            | Input::PeerChanged {
                peer,
                is_self,
                offers,
            } => {
                self.seats.insert(*peer, (most_seats(offers), *is_self));
            }
            Input::PlanFinished { job } => {
                self.finished.insert(*job);
                self.asked.remove(job);
            }
            Input::JobRestored {
                job,
                earlier:
                    schedule::Earlier {
                        plan_finished: true,
                        ..
                    },
            } => {
                self.finished.insert(*job);
            }
            Input::Planned { job, .. }
            | Input::PlanWaits { job }
            | Input::PlanFailed { job, .. }
            | Input::PlanReset { job }
            | Input::Retry { job } => {
                self.asked.remove(job);
            }
            Input::MergeFailed { job, .. } => {
                self.done.remove(job);
            }
            _ => {}
        }
        if let Input::PlanReset { job } = input {
            self.finished.remove(job);
            self.done.remove(job);
        }
    }

    /// Books the end of a lease that the farm was told of.
    pub fn after(&mut self, input: &Input) {
        match input {
            Input::Encoded { lease } | Input::Returned { lease } => {
                if let Some(seen) = self.live.get_mut(lease) {
                    seen.seated = false;
                }
            }
            Input::Verified { lease }
            | Input::Rejected { lease, .. }
            | Input::Failed { lease, .. } => {
                self.end(*lease);
            }
            _ => {}
        }
    }

    fn end(&mut self, lease: LeaseId) {
        if let Some(seen) = self.live.remove(&lease) {
            let key = (seen.lease.job, seen.lease.segment);
            self.by_peer
                .entry(seen.lease.peer)
                .or_default()
                .remove(&lease);
            self.by_segment.entry(key).or_default().remove(&lease);
        }
    }

    /// A result may only be called good if a live lease has just been found so.
    pub fn on_change(&mut self, change: &Change, cause: Option<&Input>) {
        if let Change::SegmentVerified { job, segment, by } = change {
            let Some(Input::Verified { lease }) = cause else {
                panic!("segment {segment} verified by {cause:?}");
            };
            let seen = &self
                .live
                .get(lease)
                .expect("verified on a lease that is not live")
                .lease;
            assert_eq!(
                (seen.job, seen.segment),
                (*job, *segment),
                "another segment was verified"
            );
            assert_eq!(
                (seen.peer, seen.attempt),
                (by.peer, by.attempt),
                "by another"
            );
        }
        if let Change::JobForgotten { job } = change {
            self.done.remove(job);
        }
    }

    pub fn on_action(&mut self, action: &Action, farm: &Farm, leased: &BTreeSet<LeaseId>) {
        match action {
            Action::Start { lease } => {
                assert!(
                    leased.contains(&lease.id),
                    "{lease:?} started before it was stored"
                );
                self.on_start(lease, farm);
            }
            Action::Revoke { lease, peer } => {
                let seen = self
                    .live
                    .get(lease)
                    .expect("a lease revoked that was not live");
                assert_eq!(seen.lease.peer, *peer);
                self.revokes += 1;
                self.end(*lease);
            }
            Action::Plan { job, target } => {
                assert!(self.asked.insert(*job), "job {job}: asked to cut twice");
                assert!(target.0 > 0);
                assert!(!self.finished.contains(job), "asked for more than there is");
            }
            Action::Merge { job } => {
                let view = farm.job(*job).unwrap();
                assert!(view.plan_finished && view.planned > 0 && view.verified == view.planned);
                assert_eq!(view.leases, 0, "joined while leases are out");
            }
            Action::Discard { job } => {
                assert!(
                    self.live.values().all(|seen| seen.lease.job != *job),
                    "thrown away under a live lease"
                );
            }
        }
    }

    fn on_start(&mut self, lease: &Lease, farm: &Farm) {
        self.starts += 1;
        self.hedges += u64::from(lease.hedge);
        assert!(
            self.highest_lease.is_none_or(|highest| highest < lease.id),
            "{lease:?} has an old number"
        );
        self.highest_lease = Some(lease.id);
        let key = (lease.job, lease.segment);
        let before = self.attempts.insert(key, lease.attempt);
        assert!(
            before.is_none_or(|before| before < lease.attempt),
            "{lease:?} is not a new attempt"
        );
        let twins = self.by_segment.entry(key).or_default();
        assert_eq!(!twins.is_empty(), lease.hedge, "{lease:?} beside {twins:?}");
        assert!(twins.len() < 2, "a third lease of one segment");
        assert!(
            twins
                .iter()
                .all(|twin| self.live[twin].lease.peer != lease.peer),
            "hedged with itself"
        );
        twins.insert(lease.id);
        self.live.insert(
            lease.id,
            Seen {
                lease: *lease,
                seated: true,
            },
        );
        let held = self.by_peer.entry(lease.peer).or_default();
        held.insert(lease.id);
        let (seats, is_self) = self.seats[&lease.peer];
        let seated = held.iter().filter(|lease| self.live[lease].seated).count() as u32;
        assert!(
            seated <= seats + u32::from(!is_self),
            "{}: {seated} leases on {seats} seats",
            lease.peer
        );
        let state = farm.segment(lease.job, lease.segment).unwrap().state;
        assert!(
            matches!(state, SegmentState::Leased { .. }),
            "{lease:?} of a segment that is {state:?}"
        );
        assert_eq!(
            farm.state(lease.job),
            Some(&JobState::Processing),
            "{lease:?} started"
        );
    }

    /// Looks at the whole farm. `timeout` says that time was just told to it.
    pub fn look(&mut self, farm: &Farm, config: &FarmConfig, now: Time, timeout: bool) {
        if !self.thorough {
            return;
        }
        let live: Vec<_> = farm.leases();
        let ours: Vec<LeaseId> = self.live.keys().copied().collect();
        let theirs: Vec<LeaseId> = live.iter().map(|view| view.lease.id).collect();
        assert_eq!(ours, theirs, "live leases");
        for view in &live {
            assert!(
                !timeout || view.deadline > now,
                "{view:?} has outlived its deadline"
            );
            assert!(
                view.deadline <= now.after(config.delivery.max(config.silence)),
                "{view:?} has for ever"
            );
            let job = farm.job(view.lease.job).unwrap();
            assert!(!job.state.has_ended(), "a lease of a job that has ended");
        }
        assert!(
            !timeout || farm.poll_timeout().is_none_or(|next| next > now),
            "wants to be called at once"
        );
        for job in farm.jobs() {
            let before = self.done.insert(job.job, job.done).unwrap_or_default();
            assert!(job.done >= before, "job {}: progress fell", job.job);
            assert!(job.verified <= job.planned);
            let segments = farm.segments(job.job);
            let sum = |keep: fn(&SegmentState) -> bool| {
                segments
                    .iter()
                    .filter(|segment| keep(&segment.state))
                    .map(|segment| segment.work.0)
                    .sum::<u64>()
            };
            assert_eq!(
                sum(|state| matches!(state, SegmentState::Verified { .. })),
                job.done.0
            );
            if job.state == JobState::Combining || job.state == JobState::Completed {
                assert_eq!(job.verified, job.planned);
                assert_eq!(job.leases, 0);
            }
        }
    }

    /// What an input for a dead lease may do: nothing but say so.
    pub fn assert_nothing(before: &str, farm: &Farm, events: &[Event], did: usize) {
        assert!(
            events
                .iter()
                .all(|event| matches!(event, Event::Ignored { .. })),
            "{events:?}"
        );
        assert_eq!(events.len(), 1);
        assert_eq!(did, 0, "a dead lease led to changes or actions");
        assert_eq!(
            before,
            format!("{farm:?}"),
            "a dead lease changed something"
        );
    }
}

fn most_seats(offers: &[Offer]) -> u32 {
    let fit = offers
        .iter()
        .filter(|offer| offer.speed.is_finite() && offer.speed > 0.0);
    fit.map(|offer| offer.seats.min(64)).max().unwrap_or(0)
}
