//! The owner's journal: changes in, and after a crash the inputs that put a new farm where the old one was.

use std::collections::BTreeMap;

use schedule::{Change, Earlier, Input, JobId, JobState, Needs, SegmentIndex, Verified, Work};

#[derive(Clone, Debug, PartialEq)]
pub struct StoredJob {
    pub needs: Needs,
    pub only_here: bool,
    pub state: JobState,
    pub planned: BTreeMap<SegmentIndex, (Work, Option<Verified>)>,
    pub plan_finished: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    pub jobs: BTreeMap<JobId, StoredJob>,
    /// Every job, in the order in which they are restored.
    pub order: Vec<JobId>,
}

impl Journal {
    pub fn write(&mut self, change: &Change) {
        match change {
            Change::JobAdded {
                job,
                needs,
                only_here,
            } => {
                let stored = StoredJob {
                    needs: needs.clone(),
                    only_here: *only_here,
                    state: JobState::Queued,
                    planned: BTreeMap::new(),
                    plan_finished: false,
                };
                assert!(
                    self.jobs.insert(*job, stored).is_none(),
                    "job {job} was there"
                );
                self.order.push(*job);
            }
            Change::JobMoved { job, state } => self.job(*job).state = state.clone(),
            Change::SegmentPlanned {
                job, segment, work, ..
            } => {
                let old = self.job(*job).planned.insert(*segment, (*work, None));
                assert!(old.is_none(), "segment {segment} was planned twice");
            }
            Change::PlanFinished { job } => self.job(*job).plan_finished = true,
            Change::PlanReset { job } => {
                let job = self.job(*job);
                job.planned.clear();
                job.plan_finished = false;
            }
            Change::Leased { lease } => {
                assert!(
                    self.job(lease.job).planned.contains_key(&lease.segment),
                    "leased, but not planned"
                );
            }
            Change::SegmentVerified { job, segment, by } => {
                let entry = self.job(*job).planned.get_mut(segment).unwrap();
                assert_eq!(entry.1, None, "segment {segment} verified twice");
                entry.1 = Some(*by);
            }
            Change::SegmentReopened { job, segment } => {
                let entry = self.job(*job).planned.get_mut(segment).unwrap();
                assert!(entry.1.take().is_some(), "reopened, but was not verified");
            }
            Change::QueueOrdered { jobs } => self.change_places(jobs),
            Change::JobForgotten { job } => {
                assert!(self.jobs.remove(job).is_some());
                self.order.retain(|other| other != job);
            }
        }
    }

    /// `jobs` take each other's places.
    fn change_places(&mut self, jobs: &[JobId]) {
        let mut new = jobs.iter();
        let places = self.order.iter_mut().filter(|job| jobs.contains(job));
        places.for_each(|place| *place = *new.next().unwrap());
        assert_eq!(new.next(), None, "a job in the queue that was not added");
    }

    fn job(&mut self, job: JobId) -> &mut StoredJob {
        self.jobs
            .get_mut(&job)
            .expect("a change of a job that was not added")
    }

    /// What a new farm has to be told.
    pub fn restore(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        let stored = self.order.iter().map(|id| (id, &self.jobs[id]));
        for (id, job) in stored.filter(|(_, job)| !job.state.has_ended()) {
            inputs.push(Input::JobRestored {
                job: *id,
                earlier: Earlier {
                    needs: job.needs.clone(),
                    only_here: job.only_here,
                    planned: job
                        .planned
                        .iter()
                        .map(|(index, (work, by))| (*index, *work, *by))
                        .collect(),
                    awaited: Vec::new(),
                    plan_finished: job.plan_finished,
                },
            });
            if matches!(job.state, JobState::Paused { .. }) {
                inputs.push(Input::Pause { job: *id });
            }
        }
        inputs
    }
}
