//! Films of other computers whose jobs are ours: taken, worked on as any dropped film, and kept until they are collected.
//!
//! What to do is decided in [`decide`]; here it is done. A film lies in a folder of its own below the working files, under
//! names that are all ours: what its sender calls it is shown, and is nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use peer::{
    BlobId, FileSource, FilmEnd, FilmId, FilmOffer, FilmStand, FilmStep, FilmWord, Message,
    TransferError,
};
use schedule::{JobId, JobState as FarmState, PeerId};
use store::Tables;
use tokio_util::sync::CancellationToken;

use crate::driver::{Core, Mail, unix_ms};
use crate::job::Ended;
use crate::node::{Node, Steer};
use crate::status::{JobState, JobStatus, SentBy, Terms};
use crate::trouble::Trouble;
use crate::verify;

pub(crate) mod decide;

use decide::{Action, Event, Fault, Hosted, Made, Note, Stand, Step};

/// The database's key of the notes.
const NOTES: &str = "hosted_films";
/// The film's name in its folder.
const FILM: &str = "film";
/// So often its sender hears how far it is, at most.
const TELL: Duration = Duration::from_millis(500);
/// So often it is looked whether something is kept for too long.
const LOOK: Duration = Duration::from_secs(60);
/// So often a folder is tried to be removed.
const GOING: u32 = 20;
/// A film that is coming ends where less than this is left on the disk, bytes.
const LEAST_FREE: u64 = 256 << 20;

/// A film of a computer, by the name that it gave it.
pub(crate) type Key = (PeerId, FilmId);

/// Every film of another computer that is here.
#[derive(Debug, Default)]
pub(crate) struct Films {
    all: BTreeMap<Key, Entry>,
    /// What could not be stored, and is decided again.
    again: Vec<(Key, Event)>,
    looked: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    state: Hosted,
    /// Ends what travels.
    travel: CancellationToken,
    /// Counts what has travelled: what came of an earlier one is not heard any more.
    travels: u64,
    /// What its sender was told last, and when.
    told: Option<(Instant, FilmStand)>,
}

/// What a transfer needs.
struct Travel {
    link: peer::Link,
    cancel: CancellationToken,
    number: u64,
    /// The film's folder.
    folder: PathBuf,
    note: Note,
}

impl Entry {
    fn new(state: Hosted) -> Self {
        Self {
            state,
            travel: CancellationToken::new(),
            travels: 0,
            told: None,
        }
    }
}

impl Films {
    /// What earlier runs have left.
    pub async fn load(store: &store::Store) -> Self {
        let notes = store.call(|tables| tables.setting::<Vec<Note>>(NOTES));
        let notes = notes.await.ok().flatten().unwrap_or_default();
        let entry = |note: Note| ((note.peer, note.film), Entry::new(Hosted::new(note)));
        Self {
            all: notes.into_iter().map(entry).collect(),
            ..Self::default()
        }
    }

    /// Bytes that are promised to them.
    pub fn promised(&self) -> u64 {
        let notes = self.all.values().map(|entry| entry.state.note.promise());
        notes.sum()
    }

    /// The folders that are in use.
    pub fn folders(&self) -> BTreeSet<String> {
        let notes = self.all.values().map(|entry| &entry.state.note);
        notes.map(|note| note.folder.clone()).collect()
    }

    fn held(&self, peer: PeerId) -> (usize, usize) {
        let of_it = self.all.iter().filter(|(key, _)| key.0 == peer);
        let at_work = of_it.filter(|(_, entry)| entry.state.step != Step::Made);
        (at_work.count(), self.all.len())
    }

    fn of(&self, peer: PeerId) -> Vec<Key> {
        self.all
            .keys()
            .filter(|key| key.0 == peer)
            .copied()
            .collect()
    }

    /// The notes, with `note` in place of the film's own, or without it.
    fn notes(&self, key: Key, note: Option<&Note>) -> Vec<Note> {
        let others = self.all.iter().filter(|(known, _)| **known != key);
        let others = others.map(|(_, entry)| entry.state.note.clone());
        others.chain(note.cloned()).collect()
    }
}

impl Core {
    /// A sender says something of a film.
    pub(crate) async fn hosted_hears(&mut self, peer: PeerId, film: FilmId, word: FilmWord) {
        let key = (peer, film);
        if !self.films.all.contains_key(&key) {
            return self.unknown_film(key, word).await;
        }
        let event = match word {
            FilmWord::Offer(offer) => Event::Offered(offer.source),
            FilmWord::Take { result } => Event::Take(result),
            FilmWord::Hold {} => Event::Hold,
            FilmWord::GoOn {} => Event::GoOn,
            FilmWord::Cancel {} => Event::Cancel,
            FilmWord::Collected {} => Event::Collected,
            _ => return,
        };
        self.host(key, event).await;
    }

    /// Of a film that is not here.
    async fn unknown_film(&mut self, key: Key, word: FilmWord) {
        match word {
            FilmWord::Offer(offer) if !offer.again => self.consider(key, *offer).await,
            FilmWord::Offer(_) | FilmWord::Take { .. } => {
                let (reason, detail) = (FilmEnd::Forgotten, peer::Text::default());
                self.say_of(key, FilmWord::Ended { reason, detail });
            }
            FilmWord::Cancel {} | FilmWord::Collected {} => self.say_of(key, FilmWord::Over {}),
            _ => {}
        }
    }

    fn say_of(&self, key: Key, says: FilmWord) {
        if let Some(link) = self.link_to(key.0) {
            link.tell(Message::Film { film: key.1, says });
        }
    }

    /// A film that was not here before: taken, or not.
    async fn consider(&mut self, key: Key, offer: FilmOffer) {
        let free = fs4::available_space(self.workspace.scratch()).unwrap_or(u64::MAX);
        let stand = Stand {
            donating: self.hosts(key.0) && self.bench.is_some(),
            takes: self.settings.whole_films && self.stays,
            held: self.films.held(key.0),
            free: free.saturating_sub(self.coming()),
            below_limit: self.below_limit(),
        };
        if let Some(reason) = decide::refuse(&offer, stand) {
            return self.say_of(key, FilmWord::Declined { reason });
        }
        let note = Note {
            peer: key.0,
            film: key.1,
            name: offer.name.to_string(),
            bytes: offer.bytes,
            choice: offer.choice,
            folder: FilmId::random().to_string(),
            received: false,
            job: None,
            held: false,
            resting: false,
            made: None,
            since_ms: unix_ms(),
        };
        if let Err(error) = self.workspace.make_hosted(&note.folder) {
            tracing::warn!(%error, "no folder for a film of another computer");
            let reason = peer::FilmRefusal::NoSpace;
            return self.say_of(key, FilmWord::Declined { reason });
        }
        let name = self.name_of(key.0);
        tracing::info!(peer = %key.0, name, bytes = note.bytes, "a whole film is taken");
        self.films.all.insert(key, Entry::new(Hosted::new(note)));
        self.host(key, Event::Offered(offer.source)).await;
    }

    /// Whether whole films of this computer may be here.
    fn hosts(&self, peer: PeerId) -> bool {
        let known = self.neighbours.get(&peer);
        self.settings.donating && known.is_some_and(|one| one.paired && one.rights.may_use_me)
    }

    /// What is promised to others and is not there yet, bytes.
    fn coming(&self) -> u64 {
        let promised: u64 = self.scratch.promised.values().sum();
        (promised + self.films.promised()).saturating_sub(self.scratch.donated)
    }

    pub(crate) fn name_of(&self, peer: PeerId) -> String {
        let known = self.neighbours.get(&peer);
        known.map_or_else(|| peer.to_string(), |one| one.name.clone())
    }

    /// Decides about one film, stores what is to be kept of that, and does it.
    pub(crate) async fn host(&mut self, key: Key, event: Event) {
        let Some(entry) = self.films.all.get(&key) else {
            return;
        };
        let mut state = entry.state.clone();
        let actions = state.on(event.clone());
        if !matches!(event, Event::Tick(_) | Event::Rest | Event::Helping) {
            state.note.since_ms = unix_ms();
        }
        let gone = state.step == Step::Gone;
        if gone || is_news(&event) || state.note.job != entry.state.note.job {
            let notes = self.films.notes(key, Some(&state.note).filter(|_| !gone));
            let stored = self
                .store
                .call(move |tables: &Tables<'_>| tables.set_setting(NOTES, &notes));
            if let Err(error) = stored.await {
                tracing::warn!(%error, "a film of another computer was not noted");
                return self.films.again.push((key, event));
            }
        }
        if let Some(entry) = self.films.all.get_mut(&key) {
            entry.state = state;
        }
        for action in actions {
            self.do_for(key, action).await;
        }
    }

    async fn do_for(&mut self, key: Key, action: Action) {
        match action {
            Action::Say(word) => self.say_of(key, word),
            Action::Tell => self.tell_stand(key, true),
            Action::Pull(blob) => self.pull_film(key, blob),
            Action::Push(blob) => self.push_result(key, blob),
            Action::Stop => {
                self.travel_anew(key);
            }
            Action::Submit => self.submit_film(key).await,
            Action::Measure => self.measure_result(key),
            Action::Pause => self.steer_hosted(key, Steer::Pause).await,
            Action::Resume => self.steer_hosted(key, Steer::Resume).await,
            Action::Cancel => self.steer_hosted(key, Steer::Cancel).await,
            Action::Remove => self.remove_film(key),
        }
    }

    /// Ends what travels of a film: the handles of what travels next.
    fn travel_anew(&mut self, key: Key) -> Option<(CancellationToken, u64)> {
        let entry = self.films.all.get_mut(&key)?;
        entry.travel.cancel();
        entry.travel = CancellationToken::new();
        entry.travels += 1;
        Some((entry.travel.clone(), entry.travels))
    }

    fn pull_film(&mut self, key: Key, blob: BlobId) {
        let Some(travel) = self.under_way(key) else {
            return;
        };
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let taking = take(&travel.link, blob, travel.note.bytes, &travel.folder);
            if let Some(ended) = travel.cancel.run_until_cancelled(taking).await {
                let event = Event::Taken(ended);
                let _ = mail.send(Mail::Hosted(key, travel.number, Box::new(event)));
            }
        });
    }

    fn push_result(&mut self, key: Key, blob: BlobId) {
        let Some(travel) = self.under_way(key) else {
            return;
        };
        let Some(made) = travel.note.made else {
            return;
        };
        let mail = self.mail.clone();
        let opened = travel.link.opened(blob);
        tokio::spawn(async move {
            let file = Arc::new(FileSource(travel.folder.join(&made.file)));
            let giving = travel.link.push(blob, made.bytes, file);
            let given = travel.cancel.run_until_cancelled(giving).await;
            drop(opened);
            if let Some(ended) = given {
                tracing::debug!(?ended, "a whole film's result was given");
                let _ = mail.send(Mail::Hosted(key, travel.number, Box::new(Event::Given)));
            }
        });
    }

    /// All that a transfer needs; `None` where its other end is away, which is told by the link.
    fn under_way(&mut self, key: Key) -> Option<Travel> {
        let link = self.link_to(key.0)?;
        let (cancel, number) = self.travel_anew(key)?;
        let note = self.films.all.get(&key)?.state.note.clone();
        Some(Travel {
            link,
            cancel,
            number,
            folder: self.workspace.hosted(&note.folder),
            note,
        })
    }

    async fn submit_film(&mut self, key: Key) {
        let Some(entry) = self.films.all.get(&key) else {
            return;
        };
        let (note, travels) = (entry.state.note.clone(), entry.travels);
        let folder = self.workspace.hosted(&note.folder);
        let film = folder.join(FILM);
        // It became a job in the moment before a restart.
        if let Some(job) = self.job_of(&film) {
            let event = Event::Submitted(Ok(job.0));
            return Box::pin(self.host(key, event)).await;
        }
        let Some(node) = self.node.upgrade().map(Node) else {
            return;
        };
        let name = note.name.clone();
        let terms = Terms {
            out_dir: Some(folder),
            sent_by: Some(SentBy {
                peer: key.0,
                name: self.name_of(key.0),
                film: note.name,
            }),
            ..Terms::default()
        };
        let choice = media::choice::Choice {
            accept_losses: true,
            ..note.choice
        };
        let (mail, path) = (self.mail.clone(), film.clone());
        tokio::spawn(async move {
            let submitted = node.submit(film, choice, terms).await;
            let submitted = submitted.map_err(|trouble| in_words(&trouble, &path, &name));
            let event = Event::Submitted(submitted.map(|job| job.0));
            let _ = mail.send(Mail::Hosted(key, travels, Box::new(event)));
        });
    }

    fn job_of(&self, film: &Path) -> Option<JobId> {
        let job = self.jobs.values().find(|job| job.film.path == film);
        let past = || self.past.values().find(|past| past.source == film);
        job.map(|job| job.id).or_else(|| past().map(|past| past.id))
    }

    fn measure_result(&mut self, key: Key) {
        let Some(entry) = self.films.all.get(&key) else {
            return;
        };
        let travels = entry.travels;
        let job = entry.state.note.job.map(JobId);
        let outcome = job.and_then(|job| match self.end_of(job)? {
            JobState::Completed(outcome) => Some(outcome),
            _ => None,
        });
        let folder = self.workspace.hosted(&entry.state.note.folder);
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let measured = match outcome {
                Some(outcome) => measure(&folder, &outcome.output, outcome.frames).await,
                None => Err("its result is not there".to_owned()),
            };
            let event = Event::Measured(measured);
            let _ = mail.send(Mail::Hosted(key, travels, Box::new(event)));
        });
    }

    async fn steer_hosted(&mut self, key: Key, steer: Steer) {
        let job = self
            .films
            .all
            .get(&key)
            .and_then(|entry| entry.state.note.job);
        if let Some(job) = job {
            // One that is over, or of an earlier run, is what it is.
            let _ = self.steer(JobId(job), steer).await;
        }
    }

    fn remove_film(&mut self, key: Key) {
        let Some(entry) = self.films.all.remove(&key) else {
            return;
        };
        entry.travel.cancel();
        let job = entry.state.note.job.map(JobId);
        if let Some(job) = job
            && matches!(self.end_of(job), Some(JobState::Failed(_)))
        {
            // Without its film nobody tries it again.
            self.workspace.remove_job(job);
        }
        let folder = self.workspace.hosted(&entry.state.note.folder);
        tokio::spawn(async move {
            // What is just being ended may still write there. What is left all the same is swept later.
            for _ in 0..GOING {
                if std::fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                    return;
                }
                tokio::time::sleep(TELL).await;
            }
        });
    }

    /// News of a film's own tasks.
    pub(crate) async fn hosted_says(&mut self, key: Key, travels: u64, event: Event) {
        let known = self.films.all.get(&key);
        if known.is_some_and(|entry| entry.travels == travels || !is_travel(&event)) {
            return self.host(key, event).await;
        }
        if let (None, Event::Submitted(Ok(job))) = (known, event) {
            // It was given up while it became a job.
            let _ = self.steer(JobId(job), Steer::Cancel).await;
        }
    }

    /// Nothing of this computer's films is kept.
    pub(crate) async fn withdraw_films(&mut self, peer: PeerId) {
        for key in self.films.of(peer) {
            self.host(key, Event::Withdrawn).await;
        }
    }

    pub(crate) async fn films_lost(&mut self, peer: PeerId) {
        for key in self.films.of(peer) {
            self.host(key, Event::Lost).await;
        }
    }

    /// How a job ended.
    fn end_of(&self, id: JobId) -> Option<JobState> {
        let over = |state: &JobState| {
            matches!(
                state,
                JobState::Completed(_) | JobState::Failed(_) | JobState::Cancelled
            )
        };
        let Some(job) = self.jobs.get(&id) else {
            // One that nobody has in the list any more was cancelled before.
            let past = self.past.get(&id).map(|past| past.state.clone());
            return Some(past.unwrap_or(JobState::Cancelled)).filter(over);
        };
        match (self.farm.state(id)?, &job.ended) {
            (FarmState::Cancelled, _) => Some(JobState::Cancelled),
            (FarmState::Completed, Some(Ended::Well(outcome))) => {
                Some(JobState::Completed(outcome.clone()))
            }
            (FarmState::Failed { .. }, Some(Ended::Badly(trouble))) => {
                Some(JobState::Failed(trouble.clone()))
            }
            _ => None,
        }
    }

    /// Looks after the films of others: what became of their jobs, who has to hear of it, and what is kept for too long.
    pub(crate) async fn tend_films(&mut self) {
        for (key, event) in std::mem::take(&mut self.films.again) {
            self.host(key, event).await;
        }
        let keys: Vec<Key> = self.films.all.keys().copied().collect();
        for key in keys {
            if let Some(event) = self.news_of(key) {
                self.host(key, event).await;
            }
            self.tell_stand(key, false);
        }
        if self.films.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return;
        }
        self.films.looked = Some(Instant::now());
        let keys: Vec<Key> = self.films.all.keys().copied().collect();
        for key in keys {
            self.host(key, Event::Tick(unix_ms())).await;
        }
        let (workspace, keep) = (self.workspace.clone(), self.films.folders());
        tokio::task::spawn_blocking(move || workspace.sweep_hosted(&keep));
    }

    /// What has become of a film's job, or of this computer's helping.
    fn news_of(&self, key: Key) -> Option<Event> {
        let state = &self.films.all.get(&key)?.state;
        let helps = self.hosts(key.0);
        if state.step == Step::Receiving && !helps {
            return Some(Event::Rest);
        }
        let job = JobId(state.note.job.filter(|_| state.step == Step::Working)?);
        match self.end_of(job) {
            Some(JobState::Completed(_)) => return Some(Event::JobDone),
            Some(JobState::Failed(trouble)) => {
                let film = self.workspace.hosted(&state.note.folder).join(FILM);
                let why = in_words(&trouble, &film, &state.note.name);
                return Some(Event::JobFailed(why));
            }
            Some(_) => return Some(Event::JobCancelled),
            None => {}
        }
        let there = self.jobs.contains_key(&job);
        match (helps, state.note.resting) {
            (false, false) if there => Some(Event::Rest),
            (true, true) if there => Some(Event::Helping),
            _ => None,
        }
    }

    /// Tells a film's sender how far it is, if that is news; `now` whether or not it is.
    fn tell_stand(&mut self, key: Key, now: bool) {
        let Some(entry) = self.films.all.get(&key) else {
            return;
        };
        let due = entry.told.is_none_or(|(at, _)| at.elapsed() >= TELL);
        let works = matches!(
            entry.state.step,
            Step::Submitting | Step::Working | Step::Measuring
        );
        if !works || !entry.state.linked || !(due || now) {
            return;
        }
        let job = entry
            .state
            .note
            .job
            .and_then(|job| self.jobs.get(&JobId(job)));
        let status = job.map(|job| self.job_status(job, &self.farm.leases()));
        let stand = status.as_ref().map_or(BEFORE, stand);
        if !now && entry.told.is_some_and(|(_, said)| said == stand) {
            return;
        }
        self.say_of(key, FilmWord::Stands(stand));
        if let Some(entry) = self.films.all.get_mut(&key) {
            entry.told = Some((Instant::now(), stand));
        }
    }

    /// Goes on with what an earlier run had received and not made a job of.
    pub(crate) async fn take_up_films(&mut self) {
        let waits = |entry: &&Entry| entry.state.step == Step::Submitting;
        let waiting = self.films.all.iter().filter(|(_, entry)| waits(entry));
        let waiting: Vec<Key> = waiting.map(|(key, _)| *key).collect();
        for key in waiting {
            self.submit_film(key).await;
        }
    }
}

/// How far a film is that is not a job yet.
const BEFORE: FilmStand = FilmStand {
    step: FilmStep::Queued,
    permille: 0,
    frames: 0,
    of: None,
    fps: 0.0,
    eta_ms: None,
};

/// What went wrong, for the film's sender: where it lies here is nobody's business there.
fn in_words(trouble: &Trouble, film: &Path, name: &str) -> String {
    let text = trouble.message.replace(&film.display().to_string(), name);
    text.chars().take(500).collect()
}

fn stand(job: &JobStatus) -> FilmStand {
    let step = match &job.state {
        JobState::Processing => FilmStep::Processing,
        JobState::Paused(_) => FilmStep::Paused,
        JobState::Combining | JobState::Completed(_) => FilmStep::Combining,
        _ => FilmStep::Queued,
    };
    FilmStand {
        step,
        permille: (job.progress.clamp(0.0, 1.0) * 1000.0) as u16,
        frames: job.frames_done,
        of: job.frames_total,
        fps: job.speed_fps.unwrap_or(0.0) as f32,
        eta_ms: job.eta_ms,
    }
}

/// Whether what it changes has to be known after a restart.
fn is_news(event: &Event) -> bool {
    matches!(
        event,
        Event::Offered(_)
            | Event::Lost
            | Event::Taken(_)
            | Event::Submitted(_)
            | Event::Measured(_)
            | Event::Given
            | Event::Hold
            | Event::GoOn
            | Event::Rest
            | Event::Helping
    )
}

fn is_travel(event: &Event) -> bool {
    matches!(event, Event::Taken(_) | Event::Given)
}

/// The film into its folder, as long as there is room for it.
async fn take(link: &peer::Link, blob: BlobId, bytes: u64, folder: &Path) -> Result<(), Fault> {
    let file = folder.join(FILM);
    let taken = tokio::select! {
        taken = link.pull(blob, bytes, &file) => taken,
        () = no_room(folder) => return Err(Fault::NoSpace),
    };
    match taken {
        Ok(received) if received.bytes == bytes => Ok(()),
        Ok(received) => Err(Fault::Bad(format!(
            "{} of {bytes} bytes came",
            received.bytes
        ))),
        Err(TransferError::Store(error)) if error.kind() == std::io::ErrorKind::StorageFull => {
            Err(Fault::NoSpace)
        }
        Err(
            error @ (TransferError::TooLong { .. }
            | TransferError::Mismatch
            | TransferError::Store(_)),
        ) => Err(Fault::Bad(error.to_string())),
        Err(_) => Err(Fault::Link),
    }
}

async fn no_room(folder: &Path) {
    loop {
        tokio::time::sleep(TELL).await;
        if fs4::available_space(folder).is_ok_and(|free| free < LEAST_FREE) {
            return;
        }
    }
}

/// What the result is, as its sender will check it.
async fn measure(folder: &Path, output: &Path, frames: u64) -> Result<Made, String> {
    let file = output.file_name().and_then(|name| name.to_str());
    let file = file.ok_or("its result has no name")?.to_owned();
    let measured = verify::file_digest(&folder.join(&file)).await;
    let (digest, bytes) = measured.map_err(|e| e.to_string())?;
    let digest = digest.parse().map_err(|_| "its digest is none")?;
    Ok(Made {
        bytes,
        digest,
        frames,
        file,
    })
}
