//! Jobs of an earlier run: taken up again at the start or when asked, or given up with a reason.

use std::path::PathBuf;
use std::time::Instant;

use media::choice::Choice;
use media::filter::{Crop, Filters};
use tokio::sync::mpsc;

use crate::driver::{Call, Core, Mail, NewJob, unix_ms};
use crate::intake::Dropped;
use crate::job::{Memo, Wish};
use crate::jobs::unread;
use crate::journal::{self, job_id, row_id};
use crate::node::{Node, Steer, look};
use crate::placed;
use crate::probe::{self, Indexing, Probed};
use crate::status::{JobId, JobState, JobStatus, Terms};
use crate::trouble::{Kind, Trouble};
use crate::{count, ending};

impl Node {
    /// An interrupted job that was to make the same of the same file.
    pub(crate) async fn interrupted(
        &self,
        dropped: &Dropped,
        choice: &Choice,
        terms: &Terms,
    ) -> Option<store::Job> {
        let running = self.status().await.ok()?;
        let wish = wish(choice, terms)?;
        let open = self.0.store.call(|tables| tables.open_jobs()).await.ok()?;
        open.into_iter().rev().find(|row| {
            let idle = running.jobs.iter().any(|j| {
                j.id == job_id(row.id)
                    && j.segments.is_empty()
                    && matches!(j.state, crate::status::JobState::Paused(_))
            });
            idle && is_it(row, dropped, &wish)
        })
    }

    /// A job that failed and was to make the same of the same file, if what it had made is still there.
    pub(crate) async fn failed_before(
        &self,
        dropped: &Dropped,
        choice: &Choice,
        terms: &Terms,
    ) -> Option<JobId> {
        let wish = wish(choice, terms)?;
        let rows = self.0.store.call(|tables| tables.jobs()).await.ok()?;
        let row = rows
            .into_iter()
            .rev()
            .find(|row| is_it(row, dropped, &wish))?;
        let kept = self.0.workspace.job(job_id(row.id)).is_dir();
        (row.state == store::JobState::Failed && kept).then(|| job_id(row.id))
    }

    /// Tries a failed job again, of this run or an earlier one.
    pub(crate) async fn try_again(&self, id: JobId) -> Result<(), Trouble> {
        match self.ask(|reply| Call::Past(id, reply)).await? {
            Some(was) => self.take_up(id, &was, Steer::Retry).await,
            None => {
                self.ask(|reply| Call::Steer(id, Steer::Retry, reply))
                    .await?
            }
        }
    }

    /// Goes on with an interrupted job: what is whole of it is taken over.
    pub(crate) async fn go_on(
        &self,
        row: store::Job,
        probed: Probed,
        folder: PathBuf,
        begun: Instant,
    ) -> Result<JobId, Trouble> {
        let id = job_id(row.id);
        let wish: Wish = serde_json::from_value(row.choice.clone()).unwrap_or_default();
        self.make_folder(id)?;
        let bench = self.bench()?;
        let (tell, mut heard) = mpsc::unbounded_channel();
        let (film, go) = probe::index(&bench.ffmpeg, probed.parts.clone(), move |said| {
            drop(tell.send(said))
        })
        .await?;
        let _ = go.send(());
        let whole = loop {
            match heard.recv().await {
                Some(Indexing::More) => {}
                Some(Indexing::Finished) => break true,
                Some(Indexing::Failed(why)) => return Err(unread(&film, &why)),
                Some(Indexing::Anomaly(_)) | None => break false,
            }
        };
        if !whole {
            // A film that had to be repaired is repaired again.
            let cleared = self
                .0
                .store
                .call(move |tables| tables.clear_segments(row.id))
                .await;
            cleared.map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
            self.begin(id, probed, wish.terms, folder, begun, row.state)
                .await?;
            return Ok(id);
        }
        if let Some(trouble) = ending::refusal(&film, &wish.terms) {
            return Err(trouble);
        }
        let rows = self.0.store.call(move |tables| {
            tables.count_restart(row.id)?;
            tables.segments(row.id)
        });
        let rows = rows
            .await
            .map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
        let film = if journal::are_counted(&rows) {
            count::counted(&bench.ffmpeg, &film).await?
        } else {
            film
        };
        let restored =
            journal::restore(rows, &film, self.0.workspace.job(id), row.plan_finished).await;
        let job = NewJob {
            id,
            film,
            terms: wish.terms,
            folder,
            created_ms: row.created,
            begun,
            was: row.state,
            restored: Some(restored),
        };
        self.add(job).await?;
        Ok(id)
    }

    /// Nothing was begun of a job: its number is given back.
    pub(crate) async fn unrecord(&self, id: JobId) {
        let row = row_id(id);
        // One that cannot be forgotten now begins at the next start.
        let _ = self
            .0
            .store
            .call(move |tables| tables.forget_job(row))
            .await;
        self.0.workspace.remove_job(id);
    }

    /// Takes up every interrupted job again. One that cannot go on has failed, and says why.
    pub(crate) async fn resume_all(&self) {
        let open = self.0.store.call(|tables| tables.open_jobs()).await;
        for id in open.unwrap_or_default().into_iter().map(|row| row.id) {
            // Those before it took their time.
            let Some(row) = self.waiting(id).await else {
                continue;
            };
            let held = row.state == store::JobState::Paused;
            if let Err(trouble) = self.resume(row, held).await {
                tracing::warn!(job = id, %trouble, "an interrupted job cannot go on");
                // A node that has stopped meanwhile finds the job again at its next start.
                let _ = self
                    .ask(|reply| Call::GiveUp(job_id(id), trouble, reply))
                    .await;
            }
        }
        // A loop that has ended wants to know nothing.
        let _ = self.0.mail.send(Mail::AllResumed);
    }

    /// An interrupted job as it is now; `None` where it is over, or was taken up already.
    async fn waiting(&self, row: i64) -> Option<store::Job> {
        self.ask(|reply| Call::Past(job_id(row), reply))
            .await
            .ok()??;
        let now = self.0.store.call(move |tables| tables.job(row)).await;
        now.ok()?.filter(|job| !job.state.is_over())
    }

    /// Goes on with a job of an earlier run, or tries it again.
    pub(crate) async fn take_up(
        &self,
        id: JobId,
        was: &JobState,
        steer: Steer,
    ) -> Result<(), Trouble> {
        let not_now = |text: &str| Err(Trouble::new(Kind::NotNow, text));
        match (was, steer) {
            (JobState::Completed(_), _) => return not_now("The job is done."),
            (JobState::Failed(_) | JobState::Cancelled, Steer::Resume) => {
                return not_now("The job is over.");
            }
            (JobState::Failed(_) | JobState::Cancelled, _) | (_, Steer::Resume) => {}
            _ => return not_now("The job has not failed."),
        }
        let row = self.0.store.call(move |tables| tables.job(row_id(id)));
        let row = row
            .await
            .map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
        let gone = || Trouble::new(Kind::NoSuchJob, format!("There is no job {id}."));
        self.resume(row.ok_or_else(gone)?, false).await
    }

    /// The choice with what was cut off when the job began, where that was looked for: looked for anew, it might be
    /// something else, and what is made would be of no use.
    pub(crate) async fn as_begun(&self, row: i64, choice: &Choice) -> Option<Choice> {
        if choice.filters.crop != Some(Crop::Auto) {
            return None;
        }
        let rows = self.0.store.call(move |tables| tables.segments(row)).await;
        let chain = journal::filtered_as(&rows.unwrap_or_default())?;
        let filters = Filters {
            crop: chain.crop.map(Crop::To),
            ..choice.filters
        };
        Some(Choice {
            filters,
            ..choice.clone()
        })
    }

    async fn resume(&self, row: store::Job, held: bool) -> Result<(), Trouble> {
        let begun = Instant::now();
        if let Some(outcome) = placed::before(&self.0.store, job_id(row.id)).await {
            let id = job_id(row.id);
            return self.ask(|reply| Call::Placed(id, outcome, reply)).await;
        }
        let wish: Wish = serde_json::from_value(row.choice.clone()).unwrap_or_default();
        if wish.terms.on.is_some() {
            return self.send_again(row, wish).await;
        }
        let (dropped, place) = look(&row.source, &wish.choice, &wish.terms)?;
        let same = dropped.bytes == row.source_bytes && dropped.modified_ms == row.source_modified;
        if !same || !is_same_content(&row) {
            let name = dropped.path.display();
            return Err(Trouble::new(
                Kind::SourceChanged,
                format!("{name} was changed since its job began, so the job does not go on."),
            )
            .help("Encode it again."));
        }
        let begun_with = self.as_begun(row.id, &wish.choice).await;
        let choice = begun_with.unwrap_or(wish.choice);
        let mut probed = self.probe(&dropped, &choice).await?.agree();
        probed.parts.notes.extend(place.notes());
        let id = self.go_on(row, probed, place.folder, begun).await?;
        if !held {
            return Ok(());
        }
        if wish.terms.sent_by.is_some() {
            return self.ask(|reply| Call::HoldFilm(id, reply)).await?;
        }
        self.ask(|reply| Call::Steer(id, Steer::Pause, reply))
            .await?
    }
}

pub(crate) fn wish(choice: &Choice, terms: &Terms) -> Option<serde_json::Value> {
    let (choice, terms) = (choice.clone(), terms.clone());
    serde_json::to_value(Wish { choice, terms }).ok()
}

/// Whether a job is to make what is wished for of this very file.
fn is_it(row: &store::Job, dropped: &Dropped, wish: &serde_json::Value) -> bool {
    row.source == dropped.path
        && row.source_bytes == dropped.bytes
        && row.source_modified == dropped.modified_ms
        && row.choice == *wish
        && is_same_content(row)
}

/// Whether the film still has the content that the job began with, as far as samples tell.
fn is_same_content(row: &store::Job) -> bool {
    let sampled = |known| crate::intake::sample(&row.source).is_ok_and(|now| now == known);
    row.source_sample.is_none_or(sampled)
}

impl Node {
    /// The job, if it was cancelled in this run.
    pub(crate) async fn cancelled(&self, id: JobId) -> Result<Option<JobStatus>, Trouble> {
        let jobs = self.status().await?.jobs;
        let job = jobs.into_iter().find(|job| job.id == id);
        Ok(job.filter(|job| matches!(job.state, JobState::Cancelled)))
    }

    /// A cancelled job has thrown its parts away: it is another job of the same film, and the old one is off the list.
    /// Gives the other's number.
    pub(crate) async fn begin_again(&self, old: JobStatus) -> Result<JobId, Trouble> {
        let id = old.id;
        let choice = Choice {
            // Whatever the film loses was agreed to the first time.
            accept_losses: true,
            ..old.choice
        };
        let anew = self.submit(old.source, choice, old.terms).await?;
        self.ask(|reply| Call::Steer(id, Steer::Forget, reply))
            .await??;
        Ok(anew)
    }
}

impl Core {
    /// A job of an earlier run cannot go on.
    pub(crate) async fn give_up(&mut self, id: JobId, trouble: Trouble) {
        if self.parcels.is_unread(id) || self.is_half_way(id).await {
            return;
        }
        let Some(past) = self.past.get(&id) else {
            return;
        };
        let memo = Memo {
            help: trouble.help.clone(),
            ..past.memo.clone()
        };
        let (at, row, message) = (unix_ms(), row_id(id), trouble.message.clone());
        let noted = serde_json::to_value(&memo).unwrap_or_default();
        let stored = self.store.call(move |tables| {
            let open = tables.job(row)?.is_some_and(|job| !job.state.is_over());
            if open {
                tables.set_job_memo(row, &noted)?;
                tables.end_job(row, store::JobState::Failed, Some(&message), at)?;
            }
            Ok(open)
        });
        match stored.await {
            Ok(true) => {}
            // It was ended meanwhile, by its user or by its result.
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "a job's end was not stored"),
        }
        if let Some(past) = self.past.get_mut(&id) {
            (past.memo, past.state) = (memo, JobState::Failed(trouble));
            past.finished_ms = Some(at);
        }
        self.sweep_asides(id).await;
    }

    /// Takes up a job as it was looked at, which takes a while: unless it was ended meanwhile.
    pub(crate) async fn take_in(&mut self, new: NewJob) -> Result<(), Trouble> {
        let row = row_id(new.id);
        let now = self.store.call(move |tables| tables.job(row)).await;
        let now = now.map_err(|e| Trouble::new(Kind::BadDataFolder, e.to_string()))?;
        let goes_on = may_go_on(now.map(|row| row.state), new.was);
        if !goes_on && !self.jobs.contains_key(&new.id) {
            return Err(ended_meanwhile());
        }
        self.add(new);
        Ok(())
    }
}

/// Whether a job may be taken up whose row stood as `was` when it was looked at. What has ended since, or is off the list,
/// does not begin anew.
pub(crate) fn may_go_on(now: Option<store::JobState>, was: store::JobState) -> bool {
    now.is_some_and(|now| {
        let tried_again = now == was && now != store::JobState::Completed;
        tried_again || !now.is_over()
    })
}

/// It may not.
pub(crate) fn ended_meanwhile() -> Trouble {
    Trouble::new(Kind::NotNow, "The job was ended meanwhile.")
}

#[cfg(test)]
mod tests;
