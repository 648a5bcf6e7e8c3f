//! What happens to jobs. Each function takes one input to its end.

use crate::action::Action;
use crate::change::Change;
use crate::event::{Event, Ignored};
use crate::farm::{Farm, Handled, Then, Wake};
use crate::ids::{Attempt, JobId, LeaseId, SegmentIndex, Time, Work};
use crate::input::{Earlier, Needs, Verified};
use crate::job::{Cutting, Job, JobInput, JobState, JobStep};
use crate::lease::Phase;
use crate::segment::{Loss, Segment, SegmentInput, SegmentState, SegmentStep};

impl Farm {
    pub(super) fn job_submitted(
        &mut self,
        id: JobId,
        needs: Needs,
        wait_for: u32,
        only_here: bool,
        total_hint: Work,
        now: Time,
    ) -> Handled {
        let mut job = self.new_job(id, needs, only_here)?;
        job.uncut = (total_hint > Work(0)).then_some(total_hint);
        let needs = job.needs.clone();
        self.changes.push_back(Change::JobAdded {
            job: id,
            needs,
            only_here,
        });
        self.events.push_back(Event::JobMoved {
            job: id,
            state: JobState::Queued,
        });
        self.add_job(job);
        if !only_here && self.muscle(id, now).others < wait_for {
            self.lacks(id, wait_for, now);
        }
        Ok(Then::Decide)
    }

    pub(super) fn job_restored(&mut self, id: JobId, earlier: Earlier, now: Time) -> Handled {
        let Earlier {
            needs,
            only_here,
            planned,
            awaited,
            plan_finished,
        } = earlier;
        let mut job = self.new_job(id, needs, only_here)?;
        for (index, work, verified) in planned {
            restore_segment(&mut job, index, work, verified);
        }
        job.restored_work = job.verified_work;
        if plan_finished {
            job.cutting = Cutting::Finished;
        }
        self.add_job(job);
        self.leave_to_others(id, &awaited, now);
        self.check_whole(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn segment_sizes(&mut self, id: JobId, normal: Work, min: Work) -> Handled {
        self.sizes.insert(id, (normal, min));
        Ok(Then::Rest)
    }

    fn new_job(&self, id: JobId, needs: Needs, only_here: bool) -> Result<Job, Ignored> {
        if self.jobs.contains_key(&id) {
            return Err(Ignored::JobThere(id));
        }
        Ok(Job::new(id, self.next_order, needs, only_here))
    }

    fn add_job(&mut self, job: Job) {
        self.next_order += 1;
        self.queue.insert(job.order, job.id);
        self.jobs.insert(job.id, job);
    }

    /// Sends a job to wait for peers, for as long as patience lasts.
    pub(super) fn lacks(&mut self, id: JobId, wanted: u32, now: Time) {
        let until = now.after(self.config.patience);
        if self.move_job(id, JobInput::Lacks { wanted, until }, now) == JobStep::Moved {
            self.wakes.insert((until, Wake::Job(id)));
        }
    }

    /// Lets a job that waited start, or go on.
    pub(super) fn suffices(&mut self, id: JobId, now: Time) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.said_nobody = false;
        }
        self.move_job(id, JobInput::Suffices, now);
        self.go_on(id, now);
    }

    /// A job that is back in the queue and has begun before is at work at once.
    fn go_on(&mut self, id: JobId, now: Time) {
        if self
            .jobs
            .get(&id)
            .is_some_and(|job| !job.segments.is_empty())
        {
            self.move_job(id, JobInput::Starts, now);
        }
    }

    pub(super) fn wake_job(&mut self, id: JobId, now: Time) {
        let muscle = self.muscle(id, now);
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let JobState::WaitingForPeers { wanted, until } = job.state else {
            return;
        };
        if until > now {
            return;
        }
        if muscle.able == 0 {
            if !job.said_nobody {
                job.said_nobody = true;
                self.events.push_back(Event::NobodyAble { job: id });
            }
            if wanted > 0 {
                self.lacks(id, 0, now);
            }
            return;
        }
        if muscle.others < wanted {
            self.events.push_back(Event::GoesOnWithout {
                job: id,
                wanted,
                there: muscle.others,
            });
        }
        self.suffices(id, now);
    }

    pub(super) fn benchmark(&mut self, id: JobId, input: JobInput, now: Time) -> Handled {
        self.known_job(id)?;
        match self.move_job(id, input, now) {
            JobStep::Stays => Err(Ignored::JobElsewhere(id)),
            JobStep::Moved => {
                if self
                    .jobs
                    .get(&id)
                    .is_some_and(|job| job.state == JobState::Queued)
                {
                    self.go_on(id, now);
                    self.check_whole(id, now);
                }
                Ok(Then::Decide)
            }
        }
    }

    pub(super) fn planned(
        &mut self,
        id: JobId,
        index: SegmentIndex,
        work: Work,
        bytes: u64,
        now: Time,
    ) -> Handled {
        let job = self.cuttable(id)?;
        if job.segments.contains_key(&index) {
            return Err(Ignored::SegmentThere(id, index));
        }
        let work = work.max(Work(1));
        let state = SegmentState::Waiting { not_before: now };
        job.segments
            .insert(index, Segment::new(index, work, job.attempt_floor, state));
        job.planned = job.planned.plus(work);
        job.uncut = job.uncut.map(|uncut| uncut.minus(work));
        job.cutting = Cutting::Ready;
        job.put_waiting(index, false);
        self.changes.push_back(Change::SegmentPlanned {
            job: id,
            segment: index,
            work,
            bytes,
        });
        Ok(Then::Decide)
    }

    pub(super) fn plan_waits(&mut self, id: JobId, now: Time) -> Handled {
        let patience = self.config.plan_patience;
        self.cuttable(id)?.cutting = Cutting::Stalled { since: now };
        self.wakes.insert((now.after(patience), Wake::Job(id)));
        Ok(Then::Decide)
    }

    pub(super) fn plan_more(&mut self, id: JobId) -> Handled {
        let job = self.cuttable(id)?;
        match job.cutting {
            Cutting::Stalled { .. } => {
                job.cutting = Cutting::Ready;
                Ok(Then::Decide)
            }
            Cutting::Ready | Cutting::Asked | Cutting::Finished => Err(Ignored::JobElsewhere(id)),
        }
    }

    pub(super) fn plan_finished(&mut self, id: JobId, now: Time) -> Handled {
        let job = self.cuttable(id)?;
        job.cutting = Cutting::Finished;
        job.uncut = Some(Work(0));
        self.changes.push_back(Change::PlanFinished { job: id });
        self.check_whole(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn plan_failed(&mut self, id: JobId, reason: String, now: Time) -> Handled {
        let job = self.known_job_mut(id)?;
        if job.state.has_ended() {
            return Err(Ignored::JobElsewhere(id));
        }
        if job.cutting == Cutting::Asked {
            job.cutting = Cutting::Ready;
        }
        self.fail_job(id, reason, now);
        Ok(Then::Decide)
    }

    pub(super) fn plan_reset(&mut self, id: JobId, now: Time) -> Handled {
        if self.known_job(id)?.state.has_ended() {
            return Err(Ignored::JobElsewhere(id));
        }
        self.revoke_all(id, now);
        self.known_job_mut(id)?.forget_segments();
        self.changes.push_back(Change::PlanReset { job: id });
        self.actions.push_back(Action::Discard { job: id });
        self.move_job(id, JobInput::Reset, now);
        Ok(Then::Decide)
    }

    pub(super) fn remaining_work(&mut self, id: JobId, remaining: Work) -> Handled {
        self.cuttable(id)?.uncut = Some(remaining);
        Ok(Then::Decide)
    }

    /// The job, if it can still be cut.
    fn cuttable(&mut self, id: JobId) -> Result<&mut Job, Ignored> {
        let job = self.known_job_mut(id)?;
        if job.state.has_ended() || job.cutting == Cutting::Finished {
            return Err(Ignored::JobElsewhere(id));
        }
        Ok(job)
    }

    /// Joins a job whose segments are all there, unless it is paused.
    pub(super) fn check_whole(&mut self, id: JobId, now: Time) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if !job.is_whole() || job.state == JobState::Combining {
            return;
        }
        if job.segments.is_empty() {
            self.fail_job(id, "there is nothing in it to encode".to_owned(), now);
        } else if self.move_job(id, JobInput::Whole, now) == JobStep::Moved {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.encoded = Some(now);
            }
            self.actions.push_back(Action::Merge { job: id });
        }
    }

    pub(super) fn merged(&mut self, id: JobId, now: Time) -> Handled {
        // One that was paused a moment too late is done all the same.
        if !self.known_job(id)?.is_whole() {
            return Err(Ignored::JobElsewhere(id));
        }
        match self.move_job(id, JobInput::Merged, now) {
            JobStep::Moved => Ok(Then::Decide),
            JobStep::Stays => Err(Ignored::JobElsewhere(id)),
        }
    }

    pub(super) fn merge_failed(
        &mut self,
        id: JobId,
        segments: &[SegmentIndex],
        reason: String,
        now: Time,
    ) -> Handled {
        let retries = self.config.merge_retries;
        let job = self.known_job_mut(id)?;
        if job.state != JobState::Combining {
            return Err(Ignored::JobElsewhere(id));
        }
        job.merge_failures += 1;
        let again: Vec<_> = segments
            .iter()
            .copied()
            .filter(|index| job.segments.contains_key(index))
            .collect();
        if again.is_empty() || job.merge_failures > retries {
            self.fail_job(id, reason, now);
            return Ok(Then::Decide);
        }
        self.move_job(id, JobInput::Apart, now);
        for index in again {
            self.reopen(id, index, now);
        }
        Ok(Then::Decide)
    }

    fn reopen(&mut self, id: JobId, index: SegmentIndex, now: Time) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let Some(segment) = job.segments.get_mut(&index) else {
            return;
        };
        if let SegmentStep::Waits(_) = segment.on(SegmentInput::Reopened, &self.config, now) {
            job.verified -= 1;
            job.verified_work = job.verified_work.minus(segment.work);
            job.put_waiting(index, false);
            self.changes.push_back(Change::SegmentReopened {
                job: id,
                segment: index,
            });
        }
    }

    pub(super) fn pause(&mut self, id: JobId, now: Time) -> Handled {
        self.known_job(id)?;
        if self.move_job(id, JobInput::Pause, now) == JobStep::Stays {
            return Err(Ignored::JobElsewhere(id));
        }
        for lease in self.leases_of(id) {
            let phase = self.leases.get(lease).map(|held| held.phase);
            if matches!(phase, Some(Phase::Travelling | Phase::Queued)) {
                self.revoke(lease, Loss::Withdrawn, now);
            }
        }
        Ok(Then::Decide)
    }

    pub(super) fn resume(&mut self, id: JobId, now: Time) -> Handled {
        self.known_job(id)?;
        if self.move_job(id, JobInput::Resume, now) == JobStep::Stays {
            return Err(Ignored::JobElsewhere(id));
        }
        self.go_on(id, now);
        self.check_whole(id, now);
        Ok(Then::Decide)
    }

    pub(super) fn cancel(&mut self, id: JobId, now: Time) -> Handled {
        self.known_job(id)?;
        if self.move_job(id, JobInput::Cancel, now) == JobStep::Stays {
            return Err(Ignored::JobElsewhere(id));
        }
        self.revoke_all(id, now);
        self.actions.push_back(Action::Discard { job: id });
        Ok(Then::Decide)
    }

    pub(super) fn retry(&mut self, id: JobId, now: Time) -> Handled {
        self.known_job(id)?;
        if self.move_job(id, JobInput::Retry, now) == JobStep::Stays {
            return Err(Ignored::JobElsewhere(id));
        }
        let rules = &self.config;
        let Some(job) = self.jobs.get_mut(&id) else {
            return Err(Ignored::UnknownJob(id));
        };
        job.merge_failures = 0;
        if let Cutting::Asked | Cutting::Stalled { .. } = job.cutting {
            job.cutting = Cutting::Ready;
        }
        let indexes: Vec<_> = job.segments.keys().copied().collect();
        for index in indexes {
            job.take_waiting(index);
            let Some(segment) = job.segments.get_mut(&index) else {
                continue;
            };
            if let SegmentStep::Waits(_) = segment.on(SegmentInput::Retried, rules, now) {
                job.put_waiting(index, false);
            }
        }
        self.go_on(id, now);
        self.check_whole(id, now);
        Ok(Then::Decide)
    }

    /// The jobs change places; the places stay the same, so that a job that comes back finds its own.
    pub(super) fn reorder(&mut self, id: JobId, to: u32) -> Handled {
        if self.known_job(id)?.state.has_ended() {
            return Err(Ignored::JobElsewhere(id));
        }
        let others = self.queue.values().copied().filter(|other| *other != id);
        let mut line: Vec<JobId> = others.collect();
        let to = usize::try_from(to).unwrap_or(usize::MAX).min(line.len());
        line.insert(to, id);
        let places: Vec<u64> = self.queue.keys().copied().collect();
        self.queue = places.into_iter().zip(line.iter().copied()).collect();
        for (place, id) in &self.queue {
            if let Some(job) = self.jobs.get_mut(id) {
                job.order = *place;
            }
        }
        self.changes.push_back(Change::QueueOrdered { jobs: line });
        Ok(Then::Decide)
    }

    pub(super) fn forget(&mut self, id: JobId) -> Handled {
        if !self.known_job(id)?.state.has_ended() {
            return Err(Ignored::JobElsewhere(id));
        }
        self.jobs.remove(&id);
        self.sizes.remove(&id);
        self.changes.push_back(Change::JobForgotten { job: id });
        self.actions.push_back(Action::Discard { job: id });
        Ok(Then::Rest)
    }

    /// Gives a job up. What it has is kept.
    pub(super) fn fail_job(&mut self, id: JobId, reason: String, now: Time) {
        if self.move_job(id, JobInput::Fail(reason), now) == JobStep::Moved {
            self.revoke_all(id, now);
        }
    }

    pub(super) fn revoke_all(&mut self, id: JobId, now: Time) {
        for lease in self.leases_of(id) {
            self.revoke(lease, Loss::Withdrawn, now);
        }
    }

    fn leases_of(&self, id: JobId) -> Vec<LeaseId> {
        self.jobs
            .get(&id)
            .map(|job| job.leases.iter().copied().collect())
            .unwrap_or_default()
    }

    pub(super) fn wake_segment(&mut self, id: JobId, index: SegmentIndex, now: Time) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let due = match job.segments.get(&index).map(|segment| &segment.state) {
            Some(SegmentState::Waiting { not_before }) => *not_before <= now,
            Some(
                SegmentState::Leased { .. }
                | SegmentState::Verified { .. }
                | SegmentState::Failed { .. },
            )
            | None => false,
        };
        if due && job.later.contains(&index) {
            job.take_waiting(index);
            job.put_waiting(index, false);
        }
    }
}

fn restore_segment(job: &mut Job, index: SegmentIndex, work: Work, verified: Option<Verified>) {
    if job.segments.contains_key(&index) {
        return;
    }
    let work = work.max(Work(1));
    job.planned = job.planned.plus(work);
    let (attempt, state) = match verified {
        Some(Verified { peer, attempt }) => (attempt, SegmentState::Verified { peer, attempt }),
        None => (
            Attempt(0),
            SegmentState::Waiting {
                not_before: Time(0),
            },
        ),
    };
    job.segments
        .insert(index, Segment::new(index, work, attempt, state));
    if verified.is_some() {
        job.verified += 1;
        job.verified_work = job.verified_work.plus(work);
    } else {
        job.put_waiting(index, false);
    }
}
