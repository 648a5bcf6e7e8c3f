//! What a person says to a film that was sent away.

use peer::{FilmId, FilmStep};
use schedule::JobId;
use store::{JobState as StoredState, Tables};

use super::decide::{Event, Step};
use super::{Parcel, words};
use crate::driver::Core;
use crate::journal::row_id;
use crate::node::Steer;
use crate::trouble::{Kind, Trouble};

impl Core {
    /// Does what a person says to a film that was sent away; `None` where it is none.
    pub(crate) async fn steer_parcel(
        &mut self,
        id: JobId,
        steer: Steer,
    ) -> Option<Result<(), Trouble>> {
        let film = self.parcels.of_job(id)?;
        let parcel = self.parcels.all.get(&film)?;
        let not_now = |text: &str| Some(Err(Trouble::new(Kind::NotNow, text)));
        if parcel.placing {
            return not_now(
                "The result is just being put in its place: that takes a moment and is not called off.",
            );
        }
        let held = parcel.state.note.held;
        let checks = parcel.state.step == Step::Checking;
        let event = match steer {
            Steer::Cancel => Event::Cancel,
            Steer::Pause if checks => {
                return not_now("The result is just being checked: that is soon over.");
            }
            Steer::Pause => Event::Hold,
            Steer::Resume if held => Event::GoOn,
            // Who holds it there lets it go on there.
            Steer::Resume if is_held_there(parcel) => {
                return Some(Err(words::held_there(
                    &self.name_of(parcel.state.note.peer),
                )));
            }
            Steer::Resume => return Some(Ok(())),
            Steer::Retry => return not_now("The job has not failed."),
            Steer::Forget => return not_now("The job is not over: cancel it first."),
        };
        self.drive(film, event).await;
        Some(Ok(()))
    }

    /// A failed job is given up: what was kept to try again goes, here and there.
    pub(crate) async fn give_up_parcel(&mut self, job: JobId) {
        let theirs = self.parcels.all.iter().filter(|(_, one)| one.job == job);
        let films: Vec<FilmId> = theirs.map(|(film, _)| *film).collect();
        for film in films {
            self.drive(film, Event::Cancel).await;
        }
    }

    /// Looks again at a result that could not be put in its place. `false` where there is none.
    pub(crate) async fn try_parcel_again(&mut self, job: JobId) -> bool {
        let kept = |one: &Parcel| {
            let note = &one.state.note;
            one.job == job && note.here && note.last.is_none() && !one.state.is_open()
        };
        let film = self.parcels.all.iter().find(|(_, one)| kept(one));
        let Some(film) = film.map(|(film, _)| *film) else {
            return false;
        };
        let opened = self.store.call(move |tables: &Tables<'_>| {
            tables.set_job_state(row_id(job), StoredState::Queued)
        });
        if opened.await.is_err() {
            return false;
        }
        self.past.remove(&job);
        self.drive(film, Event::Again).await;
        true
    }

    /// Brings a result that was left there.
    pub(crate) async fn fetch_parcel(&mut self, job: JobId) -> Result<(), Trouble> {
        let Some(film) = self.parcels.of_job(job) else {
            let known = self.jobs.contains_key(&job) || self.past.contains_key(&job);
            return Err(words::nothing_to_fetch(job, known));
        };
        self.drive(film, Event::Fetch).await;
        Ok(())
    }

    /// May a proved result of another computer take its film's place now? `None` where it is none of those.
    pub(crate) fn may_place_parcel(&mut self, job: JobId) -> Option<bool> {
        let film = self.parcels.of_job(job)?;
        let parcel = self.parcels.all.get_mut(&film)?;
        parcel.placing = parcel.state.step == Step::Checking && !parcel.travel.is_cancelled();
        Some(parcel.placing)
    }
}

/// Whether its owner says that it stands still there.
fn is_held_there(parcel: &Parcel) -> bool {
    let state = &parcel.state;
    let works = state.linked && state.step == Step::Working;
    let stand = state.stand.filter(|_| works);
    stand.is_some_and(|stand| stand.step == FilmStep::Paused)
}
