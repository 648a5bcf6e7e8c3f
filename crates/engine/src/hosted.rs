//! Films of other computers whose jobs are ours: taken, worked on as any dropped film, and kept until they are collected.
//!
//! What to do is decided in [`decide`]; here it is done. A film lies in a folder of its own below the working files, under
//! names that are all ours: what its sender calls it is shown, and is nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use peer::{BlobId, FileSource, FilmEnd, FilmId, FilmOffer, FilmStand, FilmWord, Message};
use schedule::{JobId, JobState as FarmState, PeerId};
use store::{StoreError, Tables};
use tokio_util::sync::CancellationToken;

use crate::driver::{Core, Mail};
use crate::film_notes::{self, Noted};
use crate::job::Ended;
use crate::node::{Node, Steer};
use crate::status::{JobState, SentBy, Terms};
use crate::travels::Travels;
use crate::trouble::Trouble;

pub(crate) mod decide;

/// It comes, and its result is read.
mod travel;

mod words;

use decide::{Action, Count, Event, Hosted, Note, Stand, Step};
use travel::{measure, take};

/// The database's key of the notes.
const NOTES: &str = "hosted_films";
/// The film's name in its folder.
const FILM: &str = "film";
/// So often its sender hears how far it is, at most.
const TELL: Duration = Duration::from_millis(500);
/// So often it is looked whether something is kept for too long.
const LOOK: Duration = Duration::from_secs(60);
/// A longer time between two looks was slept through, and nobody could come in it.
const AWAKE: Duration = Duration::from_secs(600);
/// What has waited so much longer is noted, milliseconds: as much is lost at most when this computer is turned off.
const NOTED_EACH: u64 = 3_600_000;
/// So often a folder is tried to be removed.
const GOING: u32 = 20;
/// The number of what does not travel.
const STAYS: u64 = 0;
/// Ends of one computer's films that it has not heard of, beside those that are here. Those that have waited longest are
/// forgotten.
const MOST_ENDED: usize = 16;

/// A film of a computer, by the name that it gave it.
pub(crate) type Key = (PeerId, FilmId);

/// Every film of another computer that is here.
#[derive(Debug, Default)]
pub(crate) struct Films {
    all: BTreeMap<Key, Entry>,
    /// Notes of another build: kept as they are, and with them everything that lies where films do.
    unread: Vec<Noted<Note>>,
    /// What could not be stored, and is decided again.
    again: Vec<(Key, Event)>,
    looked: Option<Instant>,
    /// When it was last looked how much has come of those that come.
    weighed: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    state: Hosted,
    travels: Travels,
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
            travels: Travels::default(),
            told: None,
        }
    }
}

impl Films {
    /// What earlier runs have left. With a sentence where not all of it can be read.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(store: &store::Store) -> Result<(Self, Option<String>), StoreError> {
        let notes = store.call(|tables| tables.setting::<Vec<Noted<Note>>>(NOTES));
        let (notes, unread) = film_notes::sorted(notes.await?.unwrap_or_default());
        let entry = |note: Note| ((note.peer, note.film), Entry::new(Hosted::new(note)));
        let (one, more) = ("film of another computer", "films of other computers");
        let said = || film_notes::some_not_read(unread.len(), one, more);
        let notice = (!unread.is_empty()).then(said);
        let films = Self {
            all: notes.into_iter().map(entry).collect(),
            unread,
            ..Self::default()
        };
        Ok((films, notice))
    }

    /// Bytes that are still to come of them.
    pub fn missing(&self) -> u64 {
        self.all.values().map(|entry| entry.state.missing()).sum()
    }

    /// Bytes that are still to come of those whose films are here; without that of a job, which is what they are kept free
    /// for.
    pub fn missing_beside(&self, job: JobId) -> u64 {
        let states = self.all.values().map(|entry| &entry.state);
        let others = states.filter(|state| state.note.received && state.note.job != Some(job.0));
        others.map(Hosted::missing).sum()
    }

    /// Bytes of them that are here.
    pub fn there(&self) -> u64 {
        self.all.values().map(|entry| entry.state.there()).sum()
    }

    /// Those of which more is here than how they ended.
    fn here(&self) -> impl Iterator<Item = (&Key, &Hosted)> {
        let states = self.all.iter().map(|(key, entry)| (key, &entry.state));
        states.filter(|(_, state)| !state.is_over())
    }

    /// The folders that are in use.
    pub fn folders(&self) -> BTreeSet<String> {
        let folders = self.here().map(|(_, state)| state.note.folder.clone());
        folders.collect()
    }

    fn count(&self, peer: PeerId) -> Count {
        let of_it = self.here().filter(|(key, _)| key.0 == peer);
        let of_it: Vec<Step> = of_it.map(|(_, state)| state.step).collect();
        Count {
            at_once: of_it.iter().filter(|step| **step != Step::Made).count(),
            of_one: of_it.len(),
            of_all: self.here().count() + self.unread.len(),
        }
    }

    /// Whether a word is about a film that is known. Who has not heard that it was taken once, or begins anew, does not ask
    /// how that ended.
    fn knows(&self, key: Key, word: &FilmWord) -> bool {
        let begins = matches!(word, FilmWord::Offer(offer) if !offer.again);
        let known = self.all.get(&key);
        known.is_some_and(|entry| !(begins && entry.state.is_over()))
    }

    /// Whether one of the notes that cannot be read may be of this film: one whose names are not where they were may be of
    /// any.
    fn may_be_unread(&self, key: Key) -> bool {
        let is_its = |value: &serde_json::Value| {
            let peer: Option<PeerId> = named(value, "peer");
            let film: Option<FilmId> = named(value, "film");
            peer.is_none_or(|peer| peer == key.0) && film.is_none_or(|film| film == key.1)
        };
        self.unread.iter().any(|note| match note {
            Noted::Unread(value) => is_its(value),
            Noted::Read(_) => false,
        })
    }

    /// Forgets ends that this computer has not heard of, so that there is room for one more.
    fn make_room_for_end(&mut self, peer: PeerId) {
        let is_one = |key: &Key, entry: &Entry| key.0 == peer && entry.state.is_over();
        let ended = self.all.iter().filter(|(key, entry)| is_one(key, entry));
        let ended = ended.map(|(key, entry)| (entry.state.note.waited_ms, *key));
        let mut ended: Vec<(u64, Key)> = ended.collect();
        ended.sort_unstable();
        for (_, key) in ended.iter().skip(MOST_ENDED - 1) {
            self.all.remove(key);
        }
    }

    fn of_job(&self, job: JobId) -> Option<Key> {
        let mut all = self.here();
        let found = all.find(|(_, state)| state.note.job == Some(job.0));
        found.map(|(key, _)| *key)
    }

    fn of(&self, peer: PeerId) -> Vec<Key> {
        self.all
            .keys()
            .filter(|key| key.0 == peer)
            .copied()
            .collect()
    }

    /// The notes, with `note` in place of the film's own, or without it.
    fn notes(&self, key: Key, note: Option<&Note>) -> Vec<Noted<Note>> {
        let others = self.all.iter().filter(|(known, _)| **known != key);
        let others = others.map(|(_, entry)| &entry.state.note);
        let read = others.chain(note).cloned().map(Noted::Read);
        self.unread.iter().cloned().chain(read).collect()
    }
}

/// What a note that cannot be read as a whole says there.
fn named<T: serde::de::DeserializeOwned>(note: &serde_json::Value, what: &str) -> Option<T> {
    serde_json::from_value(note.get(what)?.clone()).ok()
}

impl Core {
    /// A sender says something of a film.
    pub(crate) async fn hosted_hears(&mut self, peer: PeerId, film: FilmId, word: FilmWord) {
        let key = (peer, film);
        if !self.films.knows(key, &word) {
            return self.unknown_film(key, word).await;
        }
        let event = match word {
            // Whoever only looks in does not begin with it: it is offered again to who stays.
            FilmWord::Offer(_) if !self.stays && !self.has_arrived(key) => return,
            FilmWord::Offer(offer) => Event::Offered(offer.source),
            FilmWord::Take { result } => match self.asked_for(key, result) {
                Some(event) => event,
                None => return,
            },
            FilmWord::Hold {} => Event::Hold,
            FilmWord::GoOn {} => Event::GoOn,
            FilmWord::Cancel {} => Event::Cancel,
            FilmWord::Collected {} => Event::Collected,
            _ => return,
        };
        self.host(key, event).await;
    }

    fn has_arrived(&self, key: Key) -> bool {
        let entry = self.films.all.get(&key);
        entry.is_some_and(|entry| entry.state.note.received)
    }

    /// What comes of its sender's asking for the result. Nothing where it cannot be read just now, as on a disk that was
    /// unplugged: it is asked for again, and kept no longer for that.
    fn asked_for(&self, key: Key, result: BlobId) -> Option<Event> {
        let note = &self.films.all.get(&key)?.state.note;
        let Some(made) = &note.made else {
            return Some(Event::Take(result));
        };
        let file = self.workspace.hosted(&note.folder).join(&made.file);
        let unplugged = self.workspace.lacks_a_place();
        let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound && !unplugged;
        match File::open(file).and_then(|file| file.metadata()) {
            Ok(about) if about.len() == made.bytes => Some(Event::Take(result)),
            Err(error) if !is_gone(&error) => {
                tracing::warn!(%error, "the result of a whole film cannot be read");
                None
            }
            Ok(_) | Err(_) => Some(Event::ResultGone),
        }
    }

    /// Of a film that is not here.
    async fn unknown_film(&mut self, key: Key, word: FilmWord) {
        match word {
            FilmWord::Offer(offer) if !offer.again => self.consider(key, *offer).await,
            // It may be here all the same, for the build that can read of it.
            _ if self.films.may_be_unread(key) => {}
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
            held: self.films.count(key.0),
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
            held_here: false,
            made: None,
            waited_ms: 0,
            ended: None,
        };
        if let Err(error) = self.workspace.make_hosted(&note.folder) {
            tracing::warn!(%error, "no folder for a film of another computer");
            let reason = peer::FilmRefusal::NoSpace;
            return self.say_of(key, FilmWord::Declined { reason });
        }
        let name = self.name_of(key.0);
        tracing::info!(peer = %key.0, name, bytes = note.bytes, "a whole film is taken");
        self.films.make_room_for_end(key.0);
        self.films.all.insert(key, Entry::new(Hosted::new(note)));
        self.host(key, Event::Offered(offer.source)).await;
    }

    /// Whether whole films of this computer may be here.
    fn hosts(&self, peer: PeerId) -> bool {
        let known = self.neighbours.get(&peer);
        self.settings.donating && known.is_some_and(|one| one.paired && one.rights.may_use_me)
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
        let gone = state.step == Step::Gone;
        if gone || is_news(&event) || differs(&state.note, &entry.state.note) {
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
        if gone {
            self.films.all.remove(&key);
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
        Some(entry.travels.anew())
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
        let note = entry.state.note.clone();
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
        let (mail, path, places) = (self.mail.clone(), film.clone(), self.workspace.places());
        tokio::spawn(async move {
            let submitted = node.submit(film, choice, terms).await;
            let submitted = submitted.map_err(|trouble| {
                words::end(&trouble, FilmEnd::Unusable, (&*path, &*name), &places)
            });
            let event = Event::Submitted(submitted.map(|job| job.0));
            let _ = mail.send(Mail::Hosted(key, STAYS, Box::new(event)));
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
            let _ = mail.send(Mail::Hosted(key, STAYS, Box::new(event)));
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

    /// Removes what lies here of a film.
    fn remove_film(&self, key: Key) {
        let Some(entry) = self.films.all.get(&key) else {
            return;
        };
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
        if known.is_some_and(|entry| entry.travels.is(travels) || !is_travel(&event)) {
            return self.host(key, event).await;
        }
        if let (None, Event::Submitted(Ok(job))) = (known, event) {
            // It was given up while it became a job.
            let _ = self.steer(JobId(job), Steer::Cancel).await;
        }
    }

    /// Somebody here says something to a job: of a film of another computer, that counts there, too.
    pub(crate) async fn film_steered(&mut self, job: JobId, steer: Steer) {
        let Some(key) = self.films.of_job(job) else {
            return;
        };
        let event = match steer {
            Steer::Pause => Event::HeldHere(true),
            Steer::Resume => Event::HeldHere(false),
            Steer::Forget => Event::TakenOff,
            // What becomes of the job is seen.
            Steer::Cancel | Steer::Retry => return,
        };
        self.host(key, event).await;
    }

    /// The job of a film was held before a restart, and goes on: it is held again where there still is a reason to.
    pub(crate) async fn hold_film(&mut self, job: JobId) -> Result<(), Trouble> {
        let stays_held = self.films.of_job(job).and_then(|key| {
            let state = &self.films.all.get(&key)?.state;
            Some(state.stays_held(self.hosts(key.0)))
        });
        if stays_held.unwrap_or(true) {
            return self.steer(job, Steer::Pause).await;
        }
        Ok(())
    }

    /// Nothing of this computer's films is kept but how they ended.
    pub(crate) async fn withdraw_films(&mut self, peer: PeerId) {
        for key in self.films.of(peer) {
            self.host(key, Event::Withdrawn).await;
        }
    }

    /// Nothing of this computer's films is kept.
    pub(crate) async fn films_unpaired(&mut self, peer: PeerId) {
        for key in self.films.of(peer) {
            self.host(key, Event::Unpaired).await;
        }
    }

    pub(crate) async fn films_lost(&mut self, peer: PeerId) {
        for key in self.films.of(peer) {
            self.host(key, Event::Lost).await;
        }
    }

    /// How a job ended.
    fn end_of(&self, id: JobId) -> Option<JobState> {
        let Some(job) = self.jobs.get(&id) else {
            // One that nobody has in the list any more was cancelled before.
            let past = self.past.get(&id).map(|past| past.state.clone());
            return Some(past.unwrap_or(JobState::Cancelled)).filter(JobState::is_over);
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
        // Whoever only looks in leaves them to who stays.
        if !self.stays {
            return;
        }
        self.weigh_films().await;
        let keys: Vec<Key> = self.films.all.keys().copied().collect();
        for key in keys {
            if let Some(event) = self.news_of(key) {
                self.host(key, event).await;
            }
            self.tell_stand(key, false);
        }
        self.let_films_go().await;
    }

    /// Looks how much has come of those that come.
    async fn weigh_films(&mut self) {
        if self.films.weighed.is_some_and(|at| at.elapsed() < TELL) {
            return;
        }
        self.films.weighed = Some(Instant::now());
        let comes = |entry: &Entry| entry.state.step == Step::Receiving;
        let coming = self.films.all.iter().filter(|(_, entry)| comes(entry));
        let coming = coming.map(|(key, entry)| {
            let film = self.workspace.hosted(&entry.state.note.folder).join(FILM);
            (*key, film.metadata().map_or(0, |about| about.len()))
        });
        let coming: Vec<(Key, u64)> = coming.collect();
        for (key, bytes) in coming {
            self.host(key, Event::Came(bytes)).await;
        }
    }

    /// Ends what nobody has come for in a long time that this computer was there for, and sweeps what is left of others.
    async fn let_films_go(&mut self) {
        let since = self.films.looked.map(|at| at.elapsed());
        if since.is_some_and(|since| since < LOOK) {
            return;
        }
        self.films.looked = Some(Instant::now());
        let there = since.filter(|_| self.net.is_some()).unwrap_or_default();
        let passed = u64::try_from(there.min(AWAKE).as_millis()).unwrap_or(0);
        let keys: Vec<Key> = self.films.all.keys().copied().collect();
        for key in keys {
            self.host(key, Event::Tick(passed)).await;
        }
        if self.films.unread.is_empty() {
            let (workspace, keep) = (self.workspace.clone(), self.films.folders());
            tokio::task::spawn_blocking(move || workspace.sweep_hosted(&keep));
        }
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
                let (film, places) = ((&*film, &*state.note.name), self.workspace.places());
                let end = words::end(&trouble, FilmEnd::Failed, film, &places);
                return Some(Event::JobFailed(end));
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
        let stand = status.as_ref().map_or(words::BEFORE, words::stand);
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
        if !self.stays {
            return;
        }
        let waits = |entry: &&Entry| entry.state.step == Step::Submitting;
        let waiting = self.films.all.iter().filter(|(_, entry)| waits(entry));
        let waiting: Vec<Key> = waiting.map(|(key, _)| *key).collect();
        for key in waiting {
            self.submit_film(key).await;
        }
    }
}

/// Whether what it changes has to be known after a restart.
fn is_news(event: &Event) -> bool {
    matches!(
        event,
        Event::Offered(_)
            | Event::Taken(_)
            | Event::Submitted(_)
            | Event::Measured(_)
            | Event::Hold
            | Event::GoOn
            | Event::HeldHere(_)
            | Event::Rest
            | Event::Helping
    )
}

/// Whether a note says something else than it did, which no event tells by itself.
fn differs(now: &Note, before: &Note) -> bool {
    let hours = |note: &Note| note.waited_ms / NOTED_EACH;
    now.job != before.job || now.ended != before.ended || hours(now) != hours(before)
}

fn is_travel(event: &Event) -> bool {
    matches!(event, Event::Taken(_) | Event::Given)
}

#[cfg(test)]
mod tests;
