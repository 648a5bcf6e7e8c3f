//! The next films are given to the node as jobs, a bounded number ahead, and what came of them is filed.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use library::{Candidate, Folder, Library, Rule, Verdict, wants_more};
use store::{Film, FilmState, StoreError};
use tokio::time::Instant;

use super::outcome::{
    Beside, Content, Like, Outcome, is_nodes_fault, is_shared, known, marked, outcome,
};
use super::walk::{Found, within};
use super::{PATIENCE, is_there, scan};
use crate::driver::{Call, unix_ms};
use crate::journal::{job_id, row_id};
use crate::node::{Node, Steer};
use crate::status::{JobId, JobState, JobStatus, NodeStatus, PeerState, Terms};
use crate::trouble::{Kind, Trouble};
use crate::{intake, replace};

/// How often it is looked whether something has ended.
const OFTEN: Duration = Duration::from_secs(1);
/// The same while nothing is under way.
const SELDOM: Duration = Duration::from_secs(3);
/// How soon what is not a film's fault is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// Films that are passed over, as they do not fit, before it is rather the disk that is too full for any.
const MOST_PASSED: usize = 16;
/// Jobs of the library that are over and stay on the list; what came of the others only the library knows.
pub(crate) const JOBS_KEPT: u32 = 200;

/// Feeds the node until it stops.
pub(crate) async fn run(node: Node) {
    let librarian = &node.0.librarian;
    let (cancel, hungry) = (librarian.cancel.clone(), librarian.hungry.clone());
    let mut feeder = Feeder {
        node: node.clone(),
        held_until: None,
        passed: HashMap::new(),
        barred: HashMap::new(),
    };
    loop {
        let wait = match feeder.turn().await {
            Ok(Turn::Again) => Duration::ZERO,
            Ok(Turn::Busy) => OFTEN,
            Ok(Turn::Idle) => SELDOM,
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
    held_until: Option<Instant>,
    /// Films that there is no room for now, by their numbers.
    passed: HashMap<i64, Passed>,
    /// What nobody can make now, by what rules wish for.
    barred: HashMap<u64, Passed>,
}

/// What is passed over for a while.
struct Passed {
    until: Instant,
    folder: PathBuf,
    /// Why, for the folder's card.
    says: String,
}

/// What there is to do next.
enum Turn {
    /// More of the same, at once.
    Again,
    /// Something is under way.
    Busy,
    Idle,
}

/// What came of a film whose turn it was.
enum Given {
    /// It was given, or something else was filed.
    Settled,
    /// It is not what it was, or its rules are not: that was decided anew.
    Anew,
    /// It waits: what is wrong is not its fault.
    Stays(Trouble),
}

/// A film with its sample goes on, or something else came of it.
type Onward = ControlFlow<Given, Film>;

impl Feeder {
    /// Files what has ended, and gives the next film if there is room for it: one, so that nobody waits for many that
    /// come to nothing, neither what has ended nor whoever changes rules or hours.
    async fn turn(&mut self) -> Result<Turn, Trouble> {
        let library = self.node.settings().await?.library;
        let work = self.call(|tables| tables.films_in_work()).await?;
        if work.is_empty() && library.folders.is_empty() {
            return Ok(Turn::Idle);
        }
        let status = self.node.status().await?;
        let parts = self.file(work, &status).await?;
        self.forget_old().await?;
        let held = self.holds(&library);
        self.tell(held.clone());
        let rest = if parts.is_empty() {
            Turn::Idle
        } else {
            Turn::Busy
        };
        if held.is_some() || !wants_more(&parts, seats(&status)) {
            return Ok(rest);
        }
        let Some((folder, film)) = self.next(&library).await? else {
            return Ok(rest);
        };
        let stays = Stays::of(&film);
        match self.give(&folder, film, &status).await {
            Ok(Given::Settled) => Ok(Turn::Again),
            Ok(Given::Anew) => Ok(Turn::Busy),
            Ok(Given::Stays(trouble)) => {
                self.stay(stays, trouble);
                Ok(Turn::Again)
            }
            Err(trouble) => {
                self.hold(&trouble);
                Ok(rest)
            }
        }
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
        let now = Instant::now();
        self.passed.retain(|_, passed| now < passed.until);
        self.barred.retain(|_, barred| now < barred.until);
        if self.held_until.is_some_and(|until| now < until) {
            return self.node.0.librarian.told().holds.clone();
        }
        self.held_until = None;
        let within = |clock| library.hours.iter().any(|hours| hours.contain(clock));
        let closed = !library.hours.is_empty() && !sense::clock().is_none_or(within);
        closed.then(|| "Its hours have not come.".to_owned())
    }

    /// Says why nothing is given, and what is passed over in each folder.
    fn tell(&self, holds: Option<String>) {
        let mut waits: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for passed in self.barred.values().chain(self.passed.values()) {
            let said = waits.entry(passed.folder.clone()).or_default();
            if !said.contains(&passed.says) {
                said.push(passed.says.clone());
            }
        }
        waits.values_mut().for_each(|said| said.sort());
        let mut told = self.node.0.librarian.told();
        told.holds = holds;
        told.waits = waits;
    }

    /// Something is wrong that is not the film's fault: it waits for its turn.
    fn hold(&mut self, trouble: &Trouble) {
        self.held_until = Some(Instant::now() + AGAIN);
        self.node.0.librarian.told().holds = Some(trouble.to_string());
    }

    /// A film waits, and with it those that the same is true of: it alone where it does not fit, those of which the same
    /// is to be made where nobody can make that, and else all.
    fn stay(&mut self, film: Stays, trouble: Trouble) {
        let passed = |says: String| Passed {
            until: Instant::now() + AGAIN,
            folder: film.folder.clone(),
            says,
        };
        match trouble.kind {
            Kind::NoSpace if self.passed.len() < MOST_PASSED => {
                let says = format!("{} waits: {trouble}", film.name);
                self.passed.insert(film.id, passed(says));
            }
            Kind::NoEncoder => {
                let says = format!("The rule “{}” waits: {trouble}", film.rule);
                self.barred.insert(film.wish, passed(says));
            }
            _ => self.hold(&trouble),
        }
    }

    /// Files what has ended. The parts that each job still has to give.
    async fn file(&mut self, work: Vec<Film>, status: &NodeStatus) -> Result<Vec<u32>, Trouble> {
        let (mut parts, mut going) = (Vec::new(), Vec::new());
        for film in work {
            let job = film.job.map(job_id);
            let found = status.jobs.iter().find(|one| Some(one.id) == job);
            let beside = self.beside(&film, found).await?;
            let stays = Stays::of(&film);
            match outcome(film.clone(), found, beside, unix_ms()) {
                Outcome::GoesOn(left) => {
                    parts.push(left);
                    // Who joins a film looks at it himself; by then its result may have its place.
                    let joins = |job: &&JobStatus| matches!(job.state, JobState::Combining);
                    going.extend(found.filter(|job| !joins(job)).map(|_| film));
                }
                Outcome::Ended { film, forget } => {
                    self.filed(*film).await?;
                    if let Some(job) = job.filter(|_| forget) {
                        self.forget(job).await;
                    }
                    let fault = found.and_then(|job| fault(job, beside.shared));
                    if let Some(fault) = fault.filter(|_| !beside.away) {
                        self.stay(stays, fault);
                    }
                }
            }
        }
        self.look_at(going).await?;
        Ok(parts)
    }

    /// What there is to know of a film beside its job, where that is over.
    async fn beside(&self, film: &Film, found: Option<&JobStatus>) -> Result<Beside, Trouble> {
        match found.map(|job| &job.state) {
            None => {
                let (source, since) = (film.path.clone(), film.changed);
                let made = self.call(move |tables| tables.made_of(&source, since));
                Ok(Beside {
                    made: made.await?,
                    ..Beside::default()
                })
            }
            Some(JobState::Failed(_)) => Ok(Beside {
                made: false,
                away: !is_there(&film.folder).await,
                same: stand(vec![film.clone()])
                    .await
                    .iter()
                    .any(|(_, same)| *same),
                shared: match found {
                    Some(job) => shares(job.terms.clone()).await,
                    None => false,
                },
            }),
            Some(_) => Ok(Beside::default()),
        }
    }

    /// A film that changes while it is encoded ends its job: what is encoded of it is for nothing.
    async fn look_at(&self, films: Vec<Film>) -> Result<(), Trouble> {
        for (film, same) in stand(films).await {
            if let Some(job) = film.job.map(job_id).filter(|_| !same) {
                self.node.ask(|reply| Call::LookAtFilm(job, reply)).await?;
            }
        }
        Ok(())
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

    /// The next film to give, of the first folder that has one and is there.
    async fn next(&self, library: &Library) -> Result<Option<(Folder, Film)>, Trouble> {
        let passed: Vec<i64> = self.passed.keys().copied().collect();
        let barred: Vec<u64> = self.barred.keys().copied().collect();
        for folder in library.folders.iter().filter(|folder| !folder.off) {
            let since = unix_ms() - i64::from(folder.stable_s) * 1000;
            let (path, passed, barred) = (folder.path.clone(), passed.clone(), barred.clone());
            let next = self.call(move |tables| tables.next_film(&path, since, &passed, &barred));
            if let Some(film) = next.await?
                && is_there(&folder.path).await
            {
                return Ok(Some((folder.clone(), film)));
            }
        }
        Ok(None)
    }

    /// Gives a film, if it still is what it was and is worth it.
    ///
    /// # Errors
    /// What is wrong with the node, not with the film.
    async fn give(
        &self,
        folder: &Folder,
        film: Film,
        status: &NodeStatus,
    ) -> Result<Given, Trouble> {
        let (found, sample) = match self.looked_at(folder, &film).await? {
            ControlFlow::Continue(looked) => looked,
            ControlFlow::Break(given) => return Ok(given),
        };
        let Some(rule) = self.rule(folder, &film, &found).await? else {
            let filed = scan::file(&self.node, folder, vec![found]).await;
            filed.map_err(|e| super::unstored(&e))?;
            return Ok(Given::Anew);
        };
        let film = match self.known(film, sample).await? {
            Onward::Continue(film) => film,
            Onward::Break(given) => return Ok(given),
        };
        if let Some(job) = open_job(status, &film.path) {
            return self.in_work(film, job.id).await;
        }
        let film = match self.worth(rule, film).await? {
            Onward::Continue(film) => film,
            Onward::Break(given) => return Ok(given),
        };
        let (choice, terms) = (rule.make.clone(), terms(rule, film.forced));
        let submitted = self
            .node
            .submit(film.path.clone(), choice, terms.clone())
            .await;
        match submitted {
            Ok(job) => self.in_work(film, job).await,
            Err(trouble) => self.refused(film, trouble, shares(terms).await).await,
        }
    }

    async fn in_work(&self, film: Film, job: JobId) -> Result<Given, Trouble> {
        let work = Film {
            state: FilmState::InWork,
            job: Some(row_id(job)),
            changed: unix_ms(),
            ..film
        };
        self.put(work).await
    }

    async fn put(&self, film: Film) -> Result<Given, Trouble> {
        self.call(move |tables| tables.put_film(&film)).await?;
        Ok(Given::Settled)
    }

    /// What is wrong with a film is filed; with what is wrong with the node, or with the folders of many films' outputs
    /// (`shared`), it waits.
    async fn refused(&self, film: Film, trouble: Trouble, shared: bool) -> Result<Given, Trouble> {
        if is_nodes_fault(trouble.kind, shared) {
            return Ok(Given::Stays(trouble));
        }
        if !is_there(&film.folder).await {
            // Its disk went while it was looked at: nothing of it is given until that is back.
            return Ok(Given::Anew);
        }
        let failed = Film {
            changed: unix_ms(),
            ..marked(film, FilmState::Failed, trouble.to_string())
        };
        self.put(failed).await
    }

    /// What the film is now, and a sample of it.
    async fn looked_at(
        &self,
        folder: &Folder,
        film: &Film,
    ) -> Result<ControlFlow<Given, (Found, [u8; 32])>, Trouble> {
        let trouble = match look(film.path.clone()).await {
            Ok((dropped, sample)) => {
                let found = Found {
                    within: within(&folder.path, &film.path),
                    path: film.path.clone(),
                    bytes: dropped.bytes,
                    modified_ms: dropped.modified_ms,
                };
                return Ok(ControlFlow::Continue((found, sample)));
            }
            Err(trouble) => trouble,
        };
        if trouble.kind == Kind::NoSuchFile && is_there(&folder.path).await {
            let id = film.id;
            self.call(move |tables| tables.film_gone(id)).await?;
            return Ok(ControlFlow::Break(Given::Settled));
        }
        let given = self.refused(film.clone(), trouble, false).await?;
        Ok(ControlFlow::Break(given))
    }

    /// The rule that it waits for, if it is still as it was and the rules still say the same of it.
    async fn rule<'a>(
        &self,
        folder: &'a Folder,
        film: &Film,
        found: &Found,
    ) -> Result<Option<&'a Rule>, Trouble> {
        if (found.bytes, found.modified_ms) != (film.bytes, film.modified) {
            return Ok(None);
        }
        let of = found.clone();
        let facts = self.call(move |tables| scan::facts(tables, &of)).await?;
        let file = Candidate {
            within: &found.within,
            bytes: found.bytes,
            modified_ms: found.modified_ms,
        };
        let facts = match &facts {
            Some(Ok(facts)) => Some(facts),
            Some(Err(_)) => return Ok(None),
            None => None,
        };
        let Verdict::Take { rule, .. } = library::verdict(folder, file, facts, unix_ms()) else {
            return Ok(None);
        };
        let rule = folder.rules.get(rule);
        let is_it =
            |rule: &&Rule| Some(&rule.name) == film.rule.as_ref() && rule.wish() == film.wish;
        Ok(rule.filter(is_it))
    }

    /// The film, if it is neither made by us nor known from elsewhere.
    async fn known(&self, film: Film, sample: [u8; 32]) -> Result<Onward, Trouble> {
        let path = film.path.clone();
        let asked = self.call(move |tables| {
            Ok((
                tables.is_output(&sample)?,
                tables.originals_of(&path)?,
                tables.films_like(&sample)?,
            ))
        });
        let (own, originals, like) = asked.await?;
        let content = Content {
            own,
            was_replaced: originals.iter().any(|row| replace::was_it(row, &sample)),
            like: seen(&film.path, like).await,
        };
        let film = Film {
            sample: Some(sample),
            ..film
        };
        match known(&film, &content, unix_ms()) {
            Some(filed) => Ok(Onward::Break(self.put(filed).await?)),
            None => Ok(Onward::Continue(film)),
        }
    }

    /// The film, if a sample of it promises to save enough.
    async fn worth(&self, rule: &Rule, film: Film) -> Result<Onward, Trouble> {
        let (choice, terms) = (rule.make.clone(), terms(rule, film.forced));
        let outlook = match self
            .node
            .forecast(film.path.clone(), choice, terms, true)
            .await
        {
            Ok(outlook) => outlook,
            Err(trouble) => {
                return Ok(Onward::Break(self.refused(film, trouble, false).await?));
            }
        };
        let middle = middle(outlook.chosen.bytes_low, outlook.chosen.bytes_high);
        let film = Film {
            forecast: middle,
            ..film
        };
        // Where none could be tried, the finished result tells.
        let little = |bytes: &u64| {
            outlook.tried
                && !film.forced
                && !library::is_worth(film.bytes, *bytes, rule.least_saving)
        };
        let Some(bytes) = middle.filter(little) else {
            return Ok(Onward::Continue(film));
        };
        let saved = match film.bytes.saturating_sub(bytes) {
            0 => "nothing would be saved".to_owned(),
            saved => format!("about {} % would be saved", saved * 100 / film.bytes),
        };
        let reason = format!(
            "Some of its frames were tried: {saved}, and less than {} % is not worthwhile.",
            rule.least_saving.max(1)
        );
        let not = Film {
            changed: unix_ms(),
            ..marked(film, FilmState::NotWorthwhile, reason)
        };
        Ok(Onward::Break(self.put(not).await?))
    }
}

/// A film that waits for something else than its turn.
struct Stays {
    id: i64,
    wish: u64,
    rule: String,
    name: String,
    folder: PathBuf,
}

impl Stays {
    fn of(film: &Film) -> Self {
        let name = film.path.file_name().unwrap_or_default();
        Self {
            id: film.id,
            wish: film.wish,
            rule: film.rule.clone().unwrap_or_default(),
            name: name.to_string_lossy().into_owned(),
            folder: film.folder.clone(),
        }
    }
}

/// Whether what is wrong with the folder of a film's output is wrong with those of many films, as it is now.
async fn shares(terms: Terms) -> bool {
    let writable = |folder: &Path| intake::writable(folder).is_ok();
    let looking = tokio::task::spawn_blocking(move || is_shared(&terms, writable));
    // A disk that does not answer is that of all of them.
    matches!(
        tokio::time::timeout(PATIENCE, looking).await,
        Ok(Ok(true)) | Err(_)
    )
}

/// Why a job has failed, where that is the node's fault.
fn fault(job: &JobStatus, shared: bool) -> Option<Trouble> {
    let JobState::Failed(trouble) = &job.state else {
        return None;
    };
    is_nodes_fault(trouble.kind, shared).then(|| trouble.clone())
}

/// Which of these films are of the size and the time that they had; without those that cannot be looked at now.
async fn stand(films: Vec<Film>) -> Vec<(Film, bool)> {
    let looking = tokio::task::spawn_blocking(move || {
        let look = |film: Film| {
            let about = std::fs::metadata(&film.path).ok()?;
            let now = (about.len(), intake::modified_ms(&about));
            let same = now == (film.bytes, film.modified);
            Some((film, same))
        };
        films.into_iter().filter_map(look).collect()
    });
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(films)) => films,
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// Which of these films are there still, seen from a film at `path`.
async fn seen(path: &Path, films: Vec<Film>) -> Vec<Like> {
    let mut like = Vec::new();
    for film in films {
        // Nothing is gone whose disk is not there.
        let away = !film.gone && !is_there(&film.folder).await;
        let (one, other) = (path.to_owned(), film.path.clone());
        let looked = tokio::task::spawn_blocking(move || {
            (other.symlink_metadata().is_ok(), is_same_file(&one, &other))
        });
        let (there, same_file) = looked.await.unwrap_or((true, false));
        like.push(Like {
            there: there || away,
            same_file,
            film,
        });
    }
    like
}

#[cfg(unix)]
fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let number = |path: &Path| {
        path.symlink_metadata()
            .map(|about| (about.dev(), about.ino()))
    };
    matches!((number(one), number(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(not(unix))]
fn is_same_file(_one: &Path, _other: &Path) -> bool {
    false
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

/// What a film is now, and a sample of it.
async fn look(path: PathBuf) -> Result<(intake::Dropped, [u8; 32]), Trouble> {
    let looked = tokio::task::spawn_blocking(move || {
        let dropped = intake::look(&path)?;
        let sample = intake::sample(&path).map_err(|e| intake::unreadable(&path, &e))?;
        Ok((dropped, sample))
    });
    let looked = looked.await;
    looked.map_err(|e| Trouble::new(Kind::Other, e.to_string()))?
}

fn terms(rule: &Rule, forced: bool) -> Terms {
    Terms {
        place: super::place_of(rule),
        out_dir: rule.out_dir.clone(),
        only_here: rule.only_here,
        paranoid: rule.paranoid,
        least_saving: (!forced).then_some(rule.least_saving),
        yields: true,
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

#[cfg(test)]
mod tests;
