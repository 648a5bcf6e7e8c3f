//! A film that was sent away as one of the jobs, for whoever shows them.

use std::sync::atomic::Ordering;

use peer::FilmStep;

use super::decide::Step;
use super::{Parcel, RETURNED, words};
use crate::driver::{Core, ms_since};
use crate::status::{AwayStatus, AwayStep, JobState, JobStatus, Stages, Traffic};

impl Core {
    /// As one of the jobs.
    pub(crate) fn parcel_status(&self, parcel: &Parcel) -> JobStatus {
        let (note, stand) = (&parcel.state.note, parcel.state.stand);
        let working = stand.filter(|_| parcel.state.step == Step::Working);
        let name = self.name_of(note.peer);
        let progress = match parcel.state.step {
            Step::Ready | Step::Fetching | Step::Checking => 0.99,
            _ => stand
                .map_or(0.0, |stand| f64::from(stand.permille) / 1000.0)
                .min(0.98),
        };
        JobStatus {
            id: parcel.job,
            source: parcel.source.path.clone(),
            source_bytes: note.bytes,
            duration_us: parcel.memo.duration_us,
            picture: Some(parcel.memo.picture.clone()).filter(|words| !words.is_empty()),
            choice: parcel.wish.choice.clone(),
            terms: parcel.wish.terms.clone(),
            state: job_state(parcel),
            place: None,
            progress: progress.max(parcel.shown),
            frames_done: stand.map_or(0, |stand| stand.frames),
            frames_total: stand.and_then(|stand| stand.of),
            speed_fps: working
                .map(|stand| f64::from(stand.fps))
                .filter(|fps| *fps > 0.0),
            eta_ms: working.and_then(|stand| stand.eta_ms),
            speed_up: None,
            elapsed_ms: ms_since(parcel.created_ms),
            segments: Vec::new(),
            hands: Vec::new(),
            traffic: Traffic::default(),
            notes: words::waiting(&parcel.state, &name).into_iter().collect(),
            stages: Stages::default(),
            created_ms: u64::try_from(parcel.created_ms).unwrap_or(0),
            finished_ms: None,
            original: None,
            away: Some(self.away(parcel, name)),
        }
    }

    fn away(&self, parcel: &Parcel, name: String) -> AwayStatus {
        let note = &parcel.state.note;
        let (step, moved, of) = match parcel.state.step {
            Step::Waiting => (AwayStep::Waiting, 0, 0),
            Step::Sending => {
                let read = parcel.read.load(Ordering::Relaxed);
                (AwayStep::Sending, read.min(note.bytes), note.bytes)
            }
            Step::Working => (AwayStep::Working, 0, 0),
            Step::Ready => (AwayStep::Ready, 0, 0),
            Step::Fetching => {
                let file = self.workspace.job(parcel.job).join(RETURNED);
                let here = file.metadata().map_or(0, |about| about.len());
                (
                    AwayStep::Fetching,
                    here,
                    note.made.map_or(0, |made| made.bytes),
                )
            }
            Step::Checking | Step::Over => (AwayStep::Checking, 0, 0),
        };
        AwayStatus {
            peer: note.peer,
            name,
            participates: parcel.on().is_some_and(|on| on.participate),
            leaves: !note.wanted,
            step,
            moved,
            of,
        }
    }

    /// Remembers the progress shown, so that it never falls.
    pub(crate) fn remember_parcels(&mut self, shown: &[JobStatus]) {
        for parcel in self.parcels.all.values_mut() {
            let status = shown.iter().find(|job| job.id == parcel.job);
            parcel.shown = status.map_or(0.0, |job| job.progress).max(parcel.shown);
        }
    }
}

fn job_state(parcel: &Parcel) -> JobState {
    if parcel.state.note.held {
        return JobState::Paused(String::new());
    }
    let step = parcel.state.stand.map(|stand| stand.step);
    match (parcel.state.step, step) {
        (Step::Ready | Step::Fetching | Step::Checking, _) => JobState::Combining,
        (Step::Working, Some(FilmStep::Processing)) => JobState::Processing,
        (Step::Working, Some(FilmStep::Paused)) => {
            JobState::Paused("it is held on the computer that has it".to_owned())
        }
        (Step::Working, Some(FilmStep::Combining)) => JobState::Combining,
        _ => JobState::Queued,
    }
}
