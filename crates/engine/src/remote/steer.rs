//! What a person says to a film that was sent away.

use peer::{FilmId, FilmStep};
use schedule::JobId;
use store::{JobState as StoredState, Tables};

use super::decide::{Event, Step};
use super::{Parcel, words};
use crate::driver::Core;
use crate::job::Past;
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

    /// The film of a job whose result is kept.
    fn kept_of(&self, job: JobId) -> Option<FilmId> {
        let kept =
            |one: &Parcel| one.job == job && one.state.note.is_here() && !one.state.is_open();
        let film = self.parcels.all.iter().find(|(_, one)| kept(one));
        film.map(|(film, _)| *film)
    }

    /// Looks again at a result that could not be put in its place. `false` where there is none.
    pub(crate) async fn try_parcel_again(&mut self, job: JobId) -> Result<bool, Trouble> {
        let Some(film) = self.kept_of(job) else {
            return Ok(false);
        };
        let opened = self.store.call(move |tables: &Tables<'_>| {
            tables.set_job_state(row_id(job), StoredState::Queued)
        });
        opened.await.map_err(|error| words::not_stored(&error))?;
        self.past.remove(&job);
        self.drive(film, Event::Again).await;
        Ok(true)
    }

    /// A result that was kept has its place after all.
    pub(crate) async fn kept_is_placed(&mut self, job: JobId) {
        let Some(film) = self.kept_of(job) else {
            return;
        };
        self.drive(film, Event::Placed).await;
        let keeps = |past: &Past| past.wish.terms.keep_temp;
        if !self.past.get(&job).is_some_and(keeps) {
            self.workspace.remove_job(job);
        }
    }

    /// Brings a result that was left there.
    pub(crate) async fn fetch_parcel(&mut self, job: JobId) -> Result<(), Trouble> {
        let Some(film) = self.parcels.of_job(job) else {
            let known = self.jobs.contains_key(&job) || self.past.contains_key(&job);
            return Err(words::nothing_to_fetch(job, known));
        };
        let parcel = self.parcels.all.get(&film);
        if parcel.is_some_and(|parcel| parcel.state.note.held) {
            return Err(words::held_here(job));
        }
        self.drive(film, Event::Fetch).await;
        Ok(())
    }

    /// May a proved result of another computer take its film's place now? `None` where it is none of those.
    pub(crate) fn may_place_parcel(&mut self, job: JobId) -> Option<bool> {
        let film = self.parcels.of_job(job)?;
        let parcel = self.parcels.all.get_mut(&film)?;
        parcel.placing = parcel.state.step == Step::Checking && !parcel.travels.is_ended();
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
