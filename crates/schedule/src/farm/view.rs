//! What can be seen from outside: values for status pages, never a way in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::farm::Farm;
use crate::ids::{Attempt, JobId, PeerId, SegmentIndex, Time, Work};
use crate::input::Needs;
use crate::job::{Cutting, Job, JobState};
use crate::lease::{Held, Lease, Phase};
use crate::peer::{Ability, Peer, Presence, Standing};
use crate::segment::{Segment, SegmentState};

/// A job, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// Its number.
    pub job: JobId,
    /// Where it stands.
    pub state: JobState,
    /// With what it is encoded.
    pub needs: Needs,
    /// Whether other computers are given nothing.
    pub only_here: bool,
    /// How many segments are cut.
    pub planned: u32,
    /// Whether those are all.
    pub plan_finished: bool,
    /// How many of them are verified.
    pub verified: u32,
    /// The whole film, as far as is known.
    pub total: Option<Work>,
    /// What is verified of it.
    pub done: Work,
    /// What peers have said they have encoded of segments in their hands, duplicates counted once.
    pub under_way: Work,
    /// How many leases are live.
    pub leases: u32,
    /// When its first segment was given out.
    pub started: Option<Time>,
    /// When it ended.
    pub ended: Option<Time>,
}

/// A peer, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerView {
    /// Which.
    pub peer: PeerId,
    /// Whether it is this computer.
    pub is_self: bool,
    /// Whether it is there.
    pub presence: Presence,
    /// How far it is trusted.
    pub standing: Standing,
    /// What it can do.
    pub abilities: Vec<Ability>,
    /// What it has in hand; results being examined are not listed here but in [`Farm::leases`].
    pub leases: Vec<LeaseView>,
    /// It is given nothing before then.
    pub not_before: Time,
    /// How many of its results were good.
    pub segments_done: u32,
    /// The work of those.
    pub work_done: Work,
}

/// A segment, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentView {
    /// Its place in the film.
    pub segment: SegmentIndex,
    /// Its size.
    pub work: Work,
    /// Where it stands.
    pub state: SegmentState,
    /// The last attempt there was, 0 if none.
    pub attempt: Attempt,
    /// How many attempts have failed.
    pub failures: u32,
    /// How often it was lost through nobody's fault.
    pub mishaps: u32,
}

/// A lease, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaseView {
    /// Its terms.
    pub lease: Lease,
    /// The segment's size.
    pub work: Work,
    /// How far it has come.
    pub phase: Phase,
    /// When it is taken back if nothing more is heard.
    pub deadline: Time,
}

impl Farm {
    /// All jobs in memory, by number.
    pub fn jobs(&self) -> Vec<JobView> {
        self.jobs.values().map(|job| self.view_job(job)).collect()
    }

    /// One job.
    pub fn job(&self, job: JobId) -> Option<JobView> {
        self.jobs.get(&job).map(|job| self.view_job(job))
    }

    /// The jobs that have not ended, first served first.
    pub fn queue(&self) -> Vec<JobId> {
        self.queue.values().copied().collect()
    }

    /// Where a job stands; cheaper than all of [`Farm::job`].
    pub fn state(&self, job: JobId) -> Option<&JobState> {
        self.jobs.get(&job).map(|job| &job.state)
    }

    /// All peers ever seen in this run, by id.
    pub fn peers(&self) -> Vec<PeerView> {
        self.peers
            .values()
            .map(|peer| self.view_peer(peer))
            .collect()
    }

    /// One peer.
    pub fn peer(&self, peer: PeerId) -> Option<PeerView> {
        self.peers.get(&peer).map(|peer| self.view_peer(peer))
    }

    /// A job's segments, in their order in the film.
    pub fn segments(&self, job: JobId) -> Vec<SegmentView> {
        let job = self.jobs.get(&job);
        job.map(|job| job.segments.values().map(view_segment).collect())
            .unwrap_or_default()
    }

    /// One segment.
    pub fn segment(&self, job: JobId, segment: SegmentIndex) -> Option<SegmentView> {
        self.jobs
            .get(&job)?
            .segments
            .get(&segment)
            .map(view_segment)
    }

    /// All live leases.
    pub fn leases(&self) -> Vec<LeaseView> {
        self.leases.iter().map(view_lease).collect()
    }

    /// How long until the job's segments are all there, if that can be told: those before it in the queue
    /// are done first, by the peers that are there now.
    pub fn eta(&self, job: JobId, now: Time) -> Option<Duration> {
        let job = self.jobs.get(&job)?;
        match job.state {
            JobState::Combining => return Some(Duration::ZERO),
            JobState::Queued | JobState::Processing => {}
            JobState::WaitingForPeers { .. }
            | JobState::Benchmarking
            | JobState::Paused { .. }
            | JobState::Completed
            | JobState::Failed { .. }
            | JobState::Cancelled => return None,
        }
        let mut wait = 0.0;
        for id in self.queue.range(..=job.order).map(|(_, id)| id) {
            let job = self.jobs.get(id).filter(|job| job.state.is_open());
            let Some(job) = job else { continue };
            let speed = self.look_up_muscle(job, now).speed;
            wait += self.work_left(job)?.0 as f64 / speed;
        }
        let held = job
            .leases
            .iter()
            .filter_map(|lease| self.leases.get(*lease));
        let last = held
            .map(|held| self.expected_end(held, now).since(now))
            .max()
            .unwrap_or_default();
        let wait = Duration::try_from_secs_f64(wait).ok()?;
        Some(wait.max(last))
    }

    /// How many times faster the job goes than on this computer alone, by the speed that this one has shown with
    /// segments of films: a benchmark made while the computer was busy would promise too much. While the job goes on,
    /// by the speeds of the peers that are there now; once it is completed, by the time it took.
    ///
    /// `None` if this computer cannot do it or has not encoded a segment yet, and for a completed job that was
    /// interrupted.
    pub fn speed_up(&self, job: JobId, now: Time) -> Option<f64> {
        let job = self.jobs.get(&job)?;
        let me = self.peers.values().find(|peer| peer.is_self)?;
        let alone = me
            .best(&job.needs)
            .filter(|ability| ability.measured_on > 0)?
            .speed;
        if job.state != JobState::Completed {
            return Some(self.look_up_muscle(job, now).speed / alone);
        }
        let (started, encoded) = (job.started?, job.encoded?);
        let seconds = encoded.since(started).as_secs_f64();
        let made = job.verified_work.minus(job.restored_work).0 as f64;
        (!job.interrupted && seconds > 0.0).then(|| made / seconds / alone)
    }

    /// What is still to be encoded, if the film's length is known.
    fn work_left(&self, job: &Job) -> Option<Work> {
        let unassigned = job.unassigned()?;
        let held: Work = self
            .single_leases(job)
            .fold(Work(0), |sum, held| sum.plus(left_of(held)));
        Some(unassigned.plus(held))
    }

    /// The job's leases that are not encoded yet, one for each segment: of two the one that is further.
    fn single_leases<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = &'a Held> {
        let held = job
            .leases
            .iter()
            .filter_map(|lease| self.leases.get(*lease));
        held.filter(|held| {
            let twin = match job
                .segments
                .get(&held.lease.segment)
                .map(|segment| &segment.state)
            {
                Some(SegmentState::Leased {
                    lease,
                    hedge: Some(hedge),
                }) => self.leases.get(if *lease == held.lease.id {
                    *hedge
                } else {
                    *lease
                }),
                Some(
                    SegmentState::Leased { hedge: None, .. }
                    | SegmentState::Waiting { .. }
                    | SegmentState::Verified { .. }
                    | SegmentState::Failed { .. },
                )
                | None => None,
            };
            twin.is_none_or(|twin| (left_of(held), held.lease.id) < (left_of(twin), twin.lease.id))
        })
    }

    fn view_job(&self, job: &Job) -> JobView {
        let under_way = self.single_leases(job).fold(Work(0), |sum, held| {
            sum.plus(held.work.minus(left_of(held)))
        });
        JobView {
            job: job.id,
            state: job.state.clone(),
            needs: job.needs.clone(),
            only_here: job.only_here,
            planned: u32::try_from(job.segments.len()).unwrap_or(u32::MAX),
            plan_finished: job.cutting == Cutting::Finished,
            verified: job.verified,
            total: match job.cutting {
                Cutting::Finished => Some(job.planned),
                Cutting::Ready | Cutting::Asked | Cutting::Stalled { .. } => {
                    job.uncut.map(|uncut| uncut.plus(job.planned))
                }
            },
            done: job.verified_work,
            under_way,
            leases: u32::try_from(job.leases.len()).unwrap_or(u32::MAX),
            started: job.started,
            ended: job.ended,
        }
    }

    fn view_peer(&self, peer: &Peer) -> PeerView {
        let leases = peer
            .leases
            .iter()
            .filter_map(|lease| self.leases.get(*lease));
        PeerView {
            peer: peer.id,
            is_self: peer.is_self,
            presence: peer.presence.clone(),
            standing: peer.standing.clone(),
            abilities: peer.abilities.clone(),
            leases: leases.map(view_lease).collect(),
            not_before: peer.not_before,
            segments_done: peer.segments_done,
            work_done: peer.work_done,
        }
    }
}

fn left_of(held: &Held) -> Work {
    match held.phase {
        Phase::Travelling | Phase::Queued => held.work,
        Phase::Encoding { done, .. } => held.work.minus(done),
        Phase::Returning | Phase::Quarantined { .. } => Work(0),
    }
}

fn view_segment(segment: &Segment) -> SegmentView {
    SegmentView {
        segment: segment.index,
        work: segment.work,
        state: segment.state.clone(),
        attempt: segment.attempt,
        failures: segment.failures,
        mishaps: segment.mishaps,
    }
}

fn view_lease(held: &Held) -> LeaseView {
    LeaseView {
        lease: held.lease,
        work: held.work,
        phase: held.phase,
        deadline: held.deadline,
    }
}
