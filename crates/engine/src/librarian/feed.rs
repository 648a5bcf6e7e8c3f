//! The next films are given to the node as jobs, a bounded number ahead, and what came of them is filed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use library::{Folder, Library, Rule, wants_more};
use store::{Film, FilmState, StoreError};

use super::outcome::{Outcome, adopted, outcome};
use super::{scan, walk};
use crate::driver::unix_ms;
use crate::intake;
use crate::journal::{job_id, row_id};
use crate::node::{Node, Steer};
use crate::status::{JobId, JobStatus, NodeStatus, PeerState, Terms};
use crate::trouble::{Kind, Trouble};

/// How often it is looked whether something has ended.
const OFTEN: Duration = Duration::from_secs(1);
/// The same while nothing is under way.
const SELDOM: Duration = Duration::from_secs(3);
/// How soon what is not a film's fault is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// Films that are asked for at once.
const PAGE: u32 = 16;
/// Jobs of the library that are over and stay on the list; what came of the others only the library knows.
pub(crate) const JOBS_KEPT: u32 = 200;

/// Feeds the node until it stops.
pub(crate) async fn run(node: Node) {
    let librarian = &node.0.librarian;
    let (cancel, hungry) = (librarian.cancel.clone(), librarian.hungry.clone());
    let mut feeder = Feeder {
        node: node.clone(),
        held_until: None,
    };
    loop {
        let wait = match feeder.turn().await {
            Ok(busy) => {
                if busy {
                    OFTEN
                } else {
                    SELDOM
                }
            }
            Err(trouble) if trouble.kind == Kind::BadDataFolder => {
                tracing::warn!(%trouble, "the library rests");
                AGAIN
            }
            // The node has stopped.
            Err(_) => return,
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = hungry.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

struct Feeder {
    node: Node,
    /// Nothing is given before that: what went wrong was not a film's fault.
    held_until: Option<tokio::time::Instant>,
}

impl Feeder {
    /// Files what has ended, and gives what there is room for. Whether anything is under way.
    async fn turn(&mut self) -> Result<bool, Trouble> {
        let library = self.node.settings().await?.library;
        let work = self.call(|tables| tables.films_in_work()).await?;
        if work.is_empty() && library.folders.is_empty() {
            return Ok(false);
        }
        let mut status = self.node.status().await?;
        let mut parts = self.file(work, &status).await?;
        self.forget_old().await?;
        let held = self.holds(&library);
        self.node.0.librarian.told().holds.clone_from(&held);
        if held.is_some() {
            return Ok(!parts.is_empty());
        }
        while wants_more(&parts, seats(&status)) {
            if self.node.0.librarian.cancel.is_cancelled() {
                return Ok(false);
            }
            let Some((folder, film)) = self.next(&library).await? else {
                break;
            };
            match self.give(&folder, film, &status).await {
                Ok(Some(length)) => {
                    parts.push(length);
                    status = self.node.status().await?;
                }
                Ok(None) => {}
                Err(trouble) => {
                    self.hold(trouble);
                    break;
                }
            }
        }
        Ok(!parts.is_empty())
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&store::Tables<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        self.node
            .0
            .store
            .call(call)
            .await
            .map_err(|e| super::unstored(&e))
    }

    /// Why nothing is given now.
    fn holds(&mut self, library: &Library) -> Option<String> {
        let now = tokio::time::Instant::now();
        if self.held_until.is_some_and(|until| now < until) {
            return self.node.0.librarian.told().holds.clone();
        }
        self.held_until = None;
        let within = |clock| library.hours.iter().any(|hours| hours.contain(clock));
        let closed = !library.hours.is_empty() && !sense::clock().is_none_or(within);
        closed.then(|| "Its hours have not come.".to_owned())
    }

    /// Something is wrong that is not the film's fault: it waits for its turn.
    fn hold(&mut self, trouble: Trouble) {
        self.held_until = Some(tokio::time::Instant::now() + AGAIN);
        self.node.0.librarian.told().holds = Some(trouble.to_string());
    }

    /// Files what has ended. The parts that each job still has to give.
    async fn file(&self, work: Vec<Film>, status: &NodeStatus) -> Result<Vec<u32>, Trouble> {
        let mut parts = Vec::new();
        for film in work {
            let job = film.job.map(job_id);
            let found = status.jobs.iter().find(|one| Some(one.id) == job);
            let (source, since) = (film.path.clone(), film.changed);
            let made = match found {
                Some(_) => false,
                None => {
                    self.call(move |tables| tables.made_of(&source, since))
                        .await?
                }
            };
            match outcome(film, found, made, unix_ms()) {
                Outcome::GoesOn(left) => parts.push(left),
                Outcome::Ended { film, forget } => {
                    self.filed(*film).await?;
                    if let Some(job) = job.filter(|_| forget) {
                        self.forget(job).await;
                    }
                }
            }
        }
        Ok(parts)
    }

    /// Files what came of a film. A result that took its place is what is there now.
    async fn filed(&self, film: Film) -> Result<(), Trouble> {
        let id = film.id;
        let now = tokio::task::spawn_blocking(move || there_now(film)).await;
        let film = now.map_err(|e| Trouble::new(Kind::Other, e.to_string()))?;
        self.call(move |tables| {
            // Where its name has changed, what was known by the old one goes.
            if tables
                .film_at(&film.path)?
                .is_none_or(|known| known.id != id)
            {
                tables.forget_film(id)?;
            }
            tables.put_film(&film)
        })
        .await
    }

    /// A job that says nothing new goes off the list; where it cannot yet, it stays.
    async fn forget(&self, job: JobId) {
        if let Err(trouble) = self.node.steer(job, Steer::Forget).await {
            tracing::debug!(%trouble, "a job of the library stays on the list");
        }
    }

    /// Of the library's jobs that are over, the newest stay on the list: it is shown whole.
    async fn forget_old(&self) -> Result<(), Trouble> {
        let old = self.call(|tables| {
            let old = tables.films_with_old_jobs(JOBS_KEPT)?;
            for film in &old {
                tables.put_film(&Film {
                    job: None,
                    ..film.clone()
                })?;
            }
            Ok(old)
        });
        let old: Vec<i64> = old.await?.into_iter().filter_map(|film| film.job).collect();
        for job in old {
            self.forget(job_id(job)).await;
        }
        Ok(())
    }

    /// The next film to give, of the first folder that has one.
    async fn next(&self, library: &Library) -> Result<Option<(Folder, Film)>, Trouble> {
        for folder in &library.folders {
            if folder.off {
                continue;
            }
            let since = unix_ms() - i64::from(folder.stable_s) * 1000;
            let path = folder.path.clone();
            let page = self
                .call(move |tables| tables.films_waiting(&path, since, false, Path::new(""), PAGE));
            if let Some(film) = page.await?.into_iter().next() {
                return Ok(Some((folder.clone(), film)));
            }
        }
        Ok(None)
    }

    /// Gives a film, if it still is what it was and is worth it. How many parts it has; `None`: something else was filed.
    ///
    /// # Errors
    /// What is wrong with the node, not with the film.
    async fn give(
        &self,
        folder: &Folder,
        film: Film,
        status: &NodeStatus,
    ) -> Result<Option<u32>, Trouble> {
        let Some(film) = self.as_it_was(folder, film).await? else {
            return Ok(None);
        };
        let rule = folder
            .rules
            .iter()
            .find(|rule| Some(&rule.name) == film.rule.as_ref());
        let Some(rule) = rule.filter(|rule| rule.wish() == film.wish) else {
            // The rules were changed a moment ago: the next scan decides anew.
            return self
                .put(Film {
                    rule: None,
                    since: unix_ms(),
                    ..film
                })
                .await;
        };
        if let Some(job) = open_job(status, &film.path) {
            return self.in_work(film, job.id).await;
        }
        let Some(film) = self.worth(rule, film).await? else {
            return Ok(None);
        };
        let (choice, terms) = (rule.make.clone(), terms(rule, film.forced));
        match self.node.submit(film.path.clone(), choice, terms).await {
            Ok(job) => self.in_work(film, job).await,
            Err(trouble) => {
                let shared = rule.out_dir.is_some() || rule.tree.is_some();
                self.refused(film, trouble, shared).await
            }
        }
    }

    async fn in_work(&self, film: Film, job: JobId) -> Result<Option<u32>, Trouble> {
        let work = Film {
            state: FilmState::InWork,
            job: Some(row_id(job)),
            changed: unix_ms(),
            ..film
        };
        self.put(work).await?;
        let jobs = self.node.status().await?.jobs;
        let job = jobs.into_iter().find(|one| one.id == job);
        let seconds = job.and_then(|job| job.duration_us).unwrap_or(0) / 1_000_000;
        Ok(Some(u32::try_from(seconds / 24 + 1).unwrap_or(u32::MAX)))
    }

    async fn put(&self, film: Film) -> Result<Option<u32>, Trouble> {
        self.call(move |tables| tables.put_film(&film)).await?;
        Ok(None)
    }

    /// What is wrong with a film is filed; what is wrong with the node is an error, and what is wrong with a folder that
    /// the outputs of many films go into (`shared`).
    async fn refused(
        &self,
        film: Film,
        trouble: Trouble,
        shared: bool,
    ) -> Result<Option<u32>, Trouble> {
        match trouble.kind {
            Kind::NoSpace
            | Kind::NoFfmpeg
            | Kind::FfmpegTooOld
            | Kind::NoEncoder
            | Kind::BadDataFolder => Err(trouble),
            // A folder for all outputs, which may be there again in a moment; else it is the film's own.
            Kind::NoOutputFolder | Kind::OutputReadOnly if shared => Err(trouble),
            _ => {
                let failed = Film {
                    state: FilmState::Failed,
                    reason: trouble.to_string(),
                    forced: false,
                    changed: unix_ms(),
                    ..film
                };
                self.put(failed).await
            }
        }
    }

    /// The film, if it is still as it was when it was found, and neither made by us nor known from elsewhere.
    async fn as_it_was(&self, folder: &Folder, film: Film) -> Result<Option<Film>, Trouble> {
        let now = unix_ms();
        let (dropped, sample) = match looked_at(film.path.clone()).await {
            Ok(looked) => looked,
            Err(trouble) if trouble.kind == Kind::NoSuchFile => {
                self.call(move |tables| tables.film_gone(film.id)).await?;
                return Ok(None);
            }
            Err(trouble) => {
                self.refused(film, trouble, false).await?;
                return Ok(None);
            }
        };
        if (dropped.bytes, dropped.modified_ms) != (film.bytes, film.modified) {
            // It is looked into and decided about as it is now, and waits until it stays so.
            let found = walk::Found {
                within: walk::within(&folder.path, &film.path),
                path: film.path,
                bytes: dropped.bytes,
                modified_ms: dropped.modified_ms,
            };
            let filed = scan::file(&self.node, folder, vec![found]).await;
            filed.map_err(|e| super::unstored(&e))?;
            return Ok(None);
        }
        let like =
            self.call(move |tables| Ok((tables.is_output(&sample)?, tables.film_like(&sample)?)));
        let was = film.sample;
        let film = Film {
            sample: Some(sample),
            ..film
        };
        match like.await? {
            (false, _) if was == Some(sample) => {
                let reason = "It is the original again of what was made of it.".to_owned();
                let failed = Film {
                    state: FilmState::Failed,
                    reason,
                    changed: now,
                    ..film
                };
                self.put(failed).await?;
                Ok(None)
            }
            (true, _) => {
                let left = Film {
                    state: FilmState::Left,
                    reason: library::Leave::Own.to_string(),
                    rule: None,
                    changed: now,
                    ..film
                };
                self.put(left).await?;
                Ok(None)
            }
            (false, Some(before)) if !film.forced && is_meant(&before, &film) => {
                self.put(adopted(film, &before, sample, now)).await?;
                Ok(None)
            }
            (false, _) => Ok(Some(film)),
        }
    }

    /// The film, if a sample of it promises to save enough.
    async fn worth(&self, rule: &Rule, film: Film) -> Result<Option<Film>, Trouble> {
        let (choice, terms) = (rule.make.clone(), terms(rule, film.forced));
        let outlook = match self
            .node
            .forecast(film.path.clone(), choice, terms, true)
            .await
        {
            Ok(outlook) => outlook,
            Err(trouble) => {
                self.refused(film, trouble, false).await?;
                return Ok(None);
            }
        };
        let middle = middle(outlook.chosen.bytes_low, outlook.chosen.bytes_high);
        let film = Film {
            forecast: middle,
            ..film
        };
        let Some(bytes) = middle.filter(|bytes| {
            !film.forced && !library::is_worth(film.bytes, *bytes, rule.least_saving)
        }) else {
            return Ok(Some(film));
        };
        let reason = format!(
            "Some of its frames were tried: it would have about {} MB instead of {} MB, and less than {} % saved is not worthwhile.",
            bytes / 1_000_000,
            film.bytes / 1_000_000,
            rule.least_saving.max(1)
        );
        let not = Film {
            state: FilmState::NotWorthwhile,
            reason,
            changed: unix_ms(),
            ..film
        };
        self.put(not).await?;
        Ok(None)
    }
}

/// A film of which something was made, as it is on the disk now: itself, or what took its place.
fn there_now(film: Film) -> Film {
    let Some(output) = film
        .output
        .clone()
        .filter(|_| film.state == FilmState::Done)
    else {
        return film;
    };
    let about = std::fs::metadata(&output).ok();
    match about {
        Some(about) if output == film.path || !film.path.exists() => Film {
            path: output,
            bytes: about.len(),
            modified: intake::modified_ms(&about),
            ..film
        },
        _ => film,
    }
}

/// What is most likely of an estimate; `None` where it says nothing.
pub(crate) fn middle(low: u64, high: u64) -> Option<u64> {
    let middle = (low as f64 * high as f64).sqrt();
    (low > 0).then_some(middle as u64)
}

/// Whether what became of the same content elsewhere holds for a film here: the same is to be made of it. What is done
/// What a film is now, and a sample of it.
async fn looked_at(path: PathBuf) -> Result<(intake::Dropped, [u8; 32]), Trouble> {
    let looked = tokio::task::spawn_blocking(move || {
        let dropped = intake::look(&path)?;
        let sample = intake::sample(&path).map_err(|e| intake::unreadable(&path, &e))?;
        Ok((dropped, sample))
    });
    let looked = looked.await;
    looked.map_err(|e| Trouble::new(Kind::Other, e.to_string()))?
}

/// is done, whatever the rule says now.
fn is_meant(before: &Film, film: &Film) -> bool {
    before.id != film.id && (before.state == FilmState::Done || before.wish == film.wish)
}

fn terms(rule: &Rule, forced: bool) -> Terms {
    Terms {
        place: super::place_of(rule),
        out_dir: rule.out_dir.clone(),
        only_here: rule.only_here,
        paranoid: rule.paranoid,
        least_saving: (!forced).then_some(rule.least_saving),
        ..Terms::default()
    }
}

/// A job that works on a film already, whoever gave it.
fn open_job<'a>(status: &'a NodeStatus, path: &PathBuf) -> Option<&'a JobStatus> {
    status
        .jobs
        .iter()
        .find(|job| job.source == *path && job.place.is_some())
}

/// How many parts all computers encode at once.
fn seats(status: &NodeStatus) -> u32 {
    let there = |state: &PeerState| matches!(state, PeerState::Ready | PeerState::Working(_));
    let helps = status
        .peers
        .iter()
        .filter(|peer| peer.i_may_use && there(&peer.state));
    let of = |peer: &crate::status::PeerStatus| {
        let most = peer.encoders.iter().map(|encoder| encoder.seats).max();
        most.unwrap_or(1).max(1)
    };
    helps.map(of).fold(of(&status.here), u32::saturating_add)
}
