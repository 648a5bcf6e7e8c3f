//! What shells ask of the loop, and the trying of encoders.

use std::path::PathBuf;

use ffmpeg::trial::Cause;
use media::encoder::Family;
use schedule::{Input, JobId};

use crate::capability::{self, Trial};
use crate::driver::{Call, Core, Mail};
use crate::job::{Ended, Job};
use crate::journal::job_id;
use crate::node::Steer;
use crate::status::JobState;
use crate::trouble::{Kind, Trouble};
use crate::{ending, output};

impl Core {
    pub(crate) async fn call(&mut self, call: Call) {
        // Whoever asked may have gone: an answer nobody takes is dropped.
        match call {
            Call::Status(reply) => {
                let status = self.status();
                self.remember_progress(&status.jobs);
                self.remember_parcels(&status.jobs);
                drop(reply.send(status));
            }
            Call::Steer(job, steer, reply) => drop(reply.send(self.steered(job, steer).await)),
            Call::Donate(on, reply) => drop(reply.send(self.donate(on).await)),
            Call::WindDown(reply) => drop(reply.send(self.wind_down().await)),
            Call::HelpOnBattery(on, reply) => drop(reply.send(self.help_on_battery(on))),
            Call::Settings(reply) => drop(reply.send(self.settings.clone())),
            Call::SetSettings(change, reply) => {
                let (before, wanted) = *change;
                drop(reply.send(self.set_settings(before, wanted).await))
            }
            Call::Config(reply) => drop(reply.send(self.config.status())),
            Call::Reread(reply) => {
                let reread = self.reread().await;
                drop(reply.map(|reply| reply.send(reread)));
            }
            Call::Rights(peer, change, reply) => {
                drop(reply.send(self.set_rights(peer, change).await))
            }
            Call::Reorder(job, shift, reply) => drop(reply.send(self.reorder(job, shift))),
            Call::NewIdentity(reply) => drop(reply.send(self.new_identity().await)),
            Call::Timeline(job, reply) => drop(reply.send(self.look(job))),
            Call::OpenJobs(reply) => {
                let past = self
                    .past
                    .values()
                    .filter(|p| !matches!(p.state, JobState::Completed(_) | JobState::Cancelled))
                    .map(|p| p.id);
                drop(reply.send(self.live_jobs().into_iter().chain(past).collect()));
            }
            Call::LiveJobs(reply) => drop(reply.send(self.live_jobs())),
            Call::Past(id, reply) => {
                drop(reply.send(self.past.get(&id).map(|past| past.state.clone())))
            }
            Call::MaySend(on, reply) => drop(reply.send(self.may_send(on))),
            Call::Send(new, reply) => drop(reply.send(self.send(*new).await)),
            Call::TryAgain(job, reply) => drop(reply.send(self.try_parcel_again(job).await)),
            Call::Fetch(job, reply) => drop(reply.send(self.fetch_parcel(job).await)),
            Call::HoldFilm(job, reply) => drop(reply.send(self.hold_film(job).await)),
            Call::GiveUp(id, trouble, reply) => {
                self.give_up(id, trouble).await;
                // Whoever asked may have gone.
                let _ = reply.send(());
            }
            Call::Placed(id, outcome, reply) => {
                self.was_placed(id, outcome).await;
                let _ = reply.send(());
            }
            Call::LookAtFilm(id, reply) => {
                self.look_at_film(id);
                let _ = reply.send(());
            }
            Call::Stop(reply) => drop(reply.send(())),
        }
    }

    /// Those of this run that are not done, and films that were sent away.
    fn live_jobs(&self) -> Vec<JobId> {
        let not_done = |j: &&Job| !matches!(j.ended, Some(Ended::Well(_)));
        let here = self.jobs.values().filter(not_done).map(|j| j.id);
        here.chain(self.parcels.jobs()).collect()
    }

    /// As a person says it, which counts for a film of another computer, too.
    async fn steered(&mut self, id: JobId, steer: Steer) -> Result<(), Trouble> {
        self.steer(id, steer).await?;
        self.film_steered(id, steer).await;
        Ok(())
    }

    pub(crate) async fn steer(&mut self, id: JobId, steer: Steer) -> Result<(), Trouble> {
        let not_now = |text: &str| Trouble::new(Kind::NotNow, text.to_owned());
        let gives_up = matches!(steer, Steer::Cancel | Steer::Forget);
        if gives_up {
            self.call_off(id).await?;
        }
        if let Some(steered) = self.steer_parcel(id, steer).await {
            if gives_up && steered.is_ok() {
                self.sweep_asides(id).await;
            }
            return steered;
        }
        if self.past.contains_key(&id) {
            self.steer_past(id, steer).await?;
            if gives_up {
                self.give_up_parcel(id).await;
                self.sweep_asides(id).await;
            }
            return Ok(());
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            let text = format!("There is no job {id}.");
            return Err(Trouble::new(Kind::NoSuchJob, text));
        };
        if job.placing {
            return Err(not_now(
                "The result is just being put in its place: that takes a moment and is not called off.",
            ));
        }
        let held = self.scratch.held.remove(&id).is_some();
        let over = job.ended.is_some() || self.farm.job(id).is_some_and(|v| v.state.has_ended());
        match steer {
            // What a failed job has made is thrown away with it.
            Steer::Cancel if over && !matches!(job.ended, Some(Ended::Badly(_))) => {
                return Err(not_now("The job is over already."));
            }
            Steer::Cancel => {
                job.ended = None;
                job.cancel.cancel();
                self.pending.push_back(Input::Cancel { job: id });
                self.sweep_asides(id).await;
            }
            Steer::Pause | Steer::Resume if over => return Err(not_now("The job is over.")),
            Steer::Pause => {
                // From now on it is its user's pause, and stays one.
                let anew = held.then_some(Input::Resume { job: id });
                self.pending.extend(anew);
                self.pending.push_back(Input::Pause { job: id });
            }
            Steer::Resume => self.pending.push_back(Input::Resume { job: id }),
            Steer::Retry if !over => return Err(not_now("The job has not failed.")),
            Steer::Retry => {
                ending::refusal(&job.film, &job.terms).map_or(Ok(()), Err)?;
                job.ended = None;
                job.finished_ms = None;
                self.pending.push_back(Input::Retry { job: id });
                self.begin_beside_again(id);
            }
            Steer::Forget if !over => return Err(not_now("The job is not over: cancel it first.")),
            Steer::Forget => {
                self.workspace.remove_job(id);
                self.jobs.remove(&id);
                self.pending.push_back(Input::Forget { job: id });
                self.sweep_asides(id).await;
            }
        }
        Ok(())
    }

    /// What a job has left beside where its result was to be goes: it has come to nothing. The disk is not waited for.
    pub(crate) async fn sweep_asides(&self, id: JobId) {
        let noted = self.store.call(|tables| tables.asides()).await;
        let is_its = |(job, _): &(i64, PathBuf)| job_id(*job) == id;
        if noted.is_ok_and(|noted| noted.iter().any(is_its)) {
            let store = self.store.clone();
            tokio::spawn(async move { output::sweep(&store, |job| job == id).await });
        }
    }

    async fn steer_past(&mut self, id: JobId, steer: Steer) -> Result<(), Trouble> {
        let row = crate::journal::row_id(id);
        let not_now = |text: &str| Err(Trouble::new(Kind::NotNow, text));
        let over = (self.past.get(&id)).is_some_and(|past| past.state.is_over());
        let failed =
            (self.past.get(&id)).is_some_and(|past| matches!(past.state, JobState::Failed(_)));
        let stored = |e: store::StoreError| Trouble::new(Kind::BadDataFolder, e.to_string());
        match steer {
            Steer::Forget => {
                self.store
                    .call(move |tables| tables.forget_job(row))
                    .await
                    .map_err(stored)?;
                self.past.remove(&id);
            }
            Steer::Cancel if over && !failed => return not_now("The job is over already."),
            Steer::Cancel => {
                let at = crate::driver::unix_ms();
                self.store
                    .call(move |tables| tables.end_job(row, store::JobState::Cancelled, None, at))
                    .await
                    .map_err(stored)?;
                if let Some(past) = self.past.get_mut(&id) {
                    past.state = JobState::Cancelled;
                }
            }
            Steer::Pause if over => return not_now("The job is over."),
            Steer::Pause => return not_now("The job is not running."),
            // It was of an earlier run a moment ago; being asked again takes it up.
            Steer::Resume | Steer::Retry => return not_now("The job is just being changed."),
        }
        self.workspace.remove_job(id);
        Ok(())
    }

    /// Starts measuring this machine's encoders, where that has not been done and nothing runs.
    pub(crate) fn measure_if_idle(&mut self) {
        let idle = self.leases.is_empty() && self.guests.is_empty();
        if !self.may_measure || self.measuring || self.abilities.is_measured() || !idle {
            return;
        }
        let Ok(tool) = self.tool.clone() else { return };
        self.measuring = true;
        self.may_measure = false;
        self.tell_about();
        let (store, folder, mail) = (
            self.store.clone(),
            self.workspace.donated().join("trial"),
            self.mail.clone(),
        );
        tokio::spawn(async move {
            let tell = mail.clone();
            capability::measure(&tool, &folder, &store, move |trial| {
                drop(tell.send(Mail::Trial(trial)))
            })
            .await;
            let _ = mail.send(Mail::TrialsDone);
        });
    }

    /// An encoder was tried.
    pub(crate) fn trial(&mut self, trial: Trial) {
        match trial {
            Trial::Works(measurement) => self.abilities.add(measurement),
            // Slow, as on a busy machine, is not broken: the guess stands until real segments correct it.
            Trial::Unusable(unusable)
                if unusable.cause == Cause::TooSlow
                    && unusable.encoder.family() == Family::Software => {}
            Trial::Unusable(unusable) => {
                tracing::info!(encoder = %unusable.encoder, why = %unusable, "an encoder does not work here");
                self.abilities.remove(unusable.encoder);
            }
        }
        let offers = self.abilities.offers();
        self.pending.push_back(Input::PeerChanged {
            peer: self.me,
            is_self: true,
            offers,
        });
    }

    /// All encoders were tried.
    pub(crate) fn trials_done(&mut self) {
        self.measuring = false;
        let waiting = self
            .jobs
            .keys()
            .map(|job| Input::BenchmarkDone { job: *job });
        self.pending.extend(waiting);
        self.tell_about();
    }
}
