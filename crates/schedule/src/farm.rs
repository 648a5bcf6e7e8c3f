//! The farm: all jobs and all peers, and the one door through which anything happens to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::action::Action;
use crate::change::Change;
use crate::config::FarmConfig;
use crate::event::{Event, Ignored};
use crate::ids::{JobId, LeaseId, PeerId, SegmentIndex, Time, Work};
use crate::input::Input;
use crate::job::{Job, JobInput, JobState, JobStep, Muscle};
use crate::lease::Leases;
use crate::peer::Peer;

use self::examine::Examinations;

/// What happens to jobs: submitted, cut, paused, merged.
mod jobs;

/// What happens to peers: they come, change, pause and go.
mod peers;

/// What happens to leases: granted, alive, ended.
mod leases;

/// What the examination of others' results takes from this computer.
mod examine;

/// Which segment goes where now.
mod assign;

/// What others still hold after somebody was away.
mod reunion;

/// Which straggler's segment is also given to another.
mod hedge;

/// What can be seen from outside.
pub(crate) mod view;

/// What to look at when a time comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    /// A peer may be given work again.
    Peer(PeerId),
    /// A job has waited long enough.
    Job(JobId),
    /// A segment has been left alone long enough.
    Segment(JobId, SegmentIndex),
    /// Idle peers are compared with stragglers.
    Rethink,
}

/// Whether what has happened can lead to new decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Decide,
    Rest,
}

type Handled = Result<Then, Ignored>;

/// The scheduler. See the crate's documentation for how to drive it.
#[derive(Clone, Debug)]
pub struct Farm {
    config: FarmConfig,
    peers: BTreeMap<PeerId, Peer>,
    jobs: BTreeMap<JobId, Job>,
    /// The jobs that have not ended, in the order they came.
    queue: BTreeMap<u64, JobId>,
    /// How large segments should be, normally and at least, by job.
    sizes: BTreeMap<JobId, (Work, Work)>,
    leases: Leases,
    examinations: Examinations,
    /// The peers that could take one more lease.
    open: BTreeSet<PeerId>,
    wakes: BTreeSet<(Time, Wake)>,
    /// When stragglers are looked at next, if that is arranged.
    rethink_at: Option<Time>,
    /// Grows whenever who can do what has changed.
    generation: u64,
    next_lease: u64,
    next_order: u64,
    changes: VecDeque<Change>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

impl Farm {
    /// A farm with nobody in it and nothing to do.
    pub fn new(config: FarmConfig) -> Self {
        let next_lease = u64::from(config.epoch) << 32;
        Self {
            config,
            peers: BTreeMap::new(),
            jobs: BTreeMap::new(),
            queue: BTreeMap::new(),
            sizes: BTreeMap::new(),
            leases: Leases::default(),
            examinations: Examinations::default(),
            open: BTreeSet::new(),
            wakes: BTreeSet::new(),
            rethink_at: None,
            generation: 1,
            next_lease,
            next_order: 0,
            changes: VecDeque::new(),
            actions: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Something has happened.
    pub fn handle_input(&mut self, input: Input, now: Time) {
        match self.take_in(input, now) {
            Ok(Then::Decide) => self.decide(now),
            Ok(Then::Rest) => {}
            Err(why) => self.events.push_back(Event::Ignored { why }),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(lease) = self.leases.overdue(now) {
            self.expire(lease, now);
        }
        while let Some(&(at, wake)) = self.wakes.first() {
            if at > now {
                break;
            }
            self.wakes.pop_first();
            self.wake(wake, now);
        }
        self.decide(now);
    }

    /// What to store, oldest first. Drain this before [`Farm::poll_action`].
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// What to do, in this order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Farm::handle_timeout`] if nothing happens before. May be in the past.
    pub fn poll_timeout(&self) -> Option<Time> {
        let wake = self.wakes.first().map(|(time, _)| *time);
        wake.into_iter().chain(self.leases.next_deadline()).min()
    }

    fn take_in(&mut self, input: Input, now: Time) -> Handled {
        match input {
            Input::JobSubmitted {
                job,
                needs,
                wait_for,
                only_here,
                total_hint,
            } => self.job_submitted(job, needs, wait_for, only_here, total_hint, now),
            Input::JobRestored { job, earlier } => self.job_restored(job, earlier, now),
            Input::Reunion(reunion) => self.reunion(reunion, now),
            Input::SegmentSizes { job, normal, min } => self.segment_sizes(job, normal, min),
            Input::BenchmarkStarted { job } => self.benchmark(job, JobInput::BenchmarkStarted, now),
            Input::BenchmarkDone { job } => self.benchmark(job, JobInput::BenchmarkDone, now),
            Input::Planned {
                job,
                segment,
                work,
                bytes,
            } => self.planned(job, segment, work, bytes, now),
            Input::PlanWaits { job } => self.plan_waits(job, now),
            Input::PlanMore { job } => self.plan_more(job),
            Input::PlanFinished { job } => self.plan_finished(job, now),
            Input::PlanFailed { job, reason } => self.plan_failed(job, reason, now),
            Input::PlanReset { job } => self.plan_reset(job, now),
            Input::RemainingWork { job, remaining } => self.remaining_work(job, remaining),
            Input::PeerJoined {
                peer,
                is_self,
                offers,
            } => self.peer_joined(peer, is_self, &offers, now),
            Input::PeerChanged {
                peer,
                is_self,
                offers,
            } => self.peer_changed(peer, is_self, &offers, now),
            Input::PeerPaused { peer, reason } => self.peer_paused(peer, reason, now),
            Input::PeerResumed { peer } => self.peer_resumed(peer, now),
            Input::PeerLeft { peer } => self.peer_left(peer, now),
            Input::PeerWithdrawn { peer } => self.peer_withdrawn(peer, now),
            Input::Delivered { lease } => self.delivered(lease, now),
            Input::Progress { lease, done } => self.progress(lease, done, now),
            Input::Encoded { lease } => self.encoded(lease, now),
            Input::Returned { lease } => self.returned(lease, now),
            Input::Verified { lease } => self.verified(lease, now),
            Input::Rejected { lease, why } => self.rejected(lease, why, now),
            Input::Failed {
                lease,
                fault,
                reason,
            } => self.failed(lease, fault, reason, now),
            Input::MergeFailed { job, again, reason } => {
                self.merge_failed(job, &again, reason, now)
            }
            Input::Merged { job } => self.merged(job, now),
            Input::Pause { job } => self.pause(job, now),
            Input::Resume { job } => self.resume(job, now),
            Input::Cancel { job } => self.cancel(job, now),
            Input::Retry { job } => self.retry(job, now),
            Input::Reorder { job, to } => self.reorder(job, to),
            Input::Forget { job } => self.forget(job),
        }
    }

    fn wake(&mut self, wake: Wake, now: Time) {
        match wake {
            Wake::Peer(peer) => self.wake_peer(peer, now),
            Wake::Job(job) => self.wake_job(job, now),
            Wake::Segment(job, segment) => self.wake_segment(job, segment, now),
            Wake::Rethink => self.rethink_at = None,
        }
    }

    fn decide(&mut self, now: Time) {
        self.check_lacks(now);
        let idle = self.assign(now);
        self.hedge(idle, now);
    }

    fn known_job(&self, id: JobId) -> Result<&Job, Ignored> {
        self.jobs.get(&id).ok_or(Ignored::UnknownJob(id))
    }

    fn known_job_mut(&mut self, id: JobId) -> Result<&mut Job, Ignored> {
        self.jobs.get_mut(&id).ok_or(Ignored::UnknownJob(id))
    }

    /// Moves a job, remembers and tells it. The queue holds the jobs that have not ended.
    fn move_job(&mut self, id: JobId, input: JobInput, now: Time) -> JobStep {
        let Some(job) = self.jobs.get_mut(&id) else {
            return JobStep::Stays;
        };
        if job.state.on(input) == JobStep::Stays {
            return JobStep::Stays;
        }
        if job.state.has_ended() {
            job.ended = Some(now);
            self.queue.remove(&job.order);
        } else {
            job.ended = None;
            self.queue.insert(job.order, id);
        }
        let rests =
            !job.state.is_open() && job.state != JobState::Combining && !job.state.has_ended();
        job.interrupted |= rests && job.started.is_some();
        let state = job.state.clone();
        self.changes.push_back(Change::JobMoved {
            job: id,
            state: state.clone(),
        });
        self.events.push_back(Event::JobMoved { job: id, state });
        JobStep::Moved
    }

    /// What the job's able peers amount to; looked up anew when they have changed, and once a second.
    fn muscle(&mut self, id: JobId, now: Time) -> Muscle {
        let Some(job) = self.jobs.get(&id) else {
            return Muscle::default();
        };
        let known = job.muscle;
        if known.generation == self.generation && now.since(known.at).as_millis() < 1000 {
            return known;
        }
        let muscle = self.look_up_muscle(job, now);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.muscle = muscle;
        }
        muscle
    }

    fn look_up_muscle(&self, job: &Job, now: Time) -> Muscle {
        let mut muscle = Muscle {
            generation: self.generation,
            at: now,
            ..Muscle::default()
        };
        let mut aside_speed = 0.0;
        for peer in self.peers.values() {
            if !peer.is_here() || (job.only_here && !peer.is_self) {
                continue;
            }
            let Some(best) = peer.best(&job.needs) else {
                continue;
            };
            muscle.able += 1;
            muscle.others += u32::from(!peer.is_self);
            if peer.is_aside() {
                aside_speed += best.speed;
            } else {
                muscle.healthy += 1;
                muscle.speed += best.speed;
            }
        }
        if muscle.healthy == 0 {
            muscle.speed = aside_speed;
        }
        muscle
    }

    /// Whether a peer may be given this job's work at all: those set aside only where there is nobody else.
    fn may_have(job: &Job, muscle: &Muscle, peer: &Peer) -> bool {
        peer.is_here()
            && (peer.is_self || !job.only_here)
            && (muscle.healthy == 0 || !peer.is_aside())
    }

    fn new_lease_id(&mut self) -> LeaseId {
        let id = LeaseId(self.next_lease);
        self.next_lease = self.next_lease.wrapping_add(1);
        id
    }
}
