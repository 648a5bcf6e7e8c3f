//! Films that are sent whole to a computer which owns their jobs from then on, and the results of which come back.
//!
//! What to do is decided in [`decide`]; here it is done: one parcel for each film. A result that comes back is looked at as
//! if its maker lied ([`check`]), and put in its place by the same code as what is made here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use peer::{BlobId, FileSource, FilmId, FilmOffer, FilmWord, Message};
use schedule::{JobId, PeerId};
use store::{JobState as StoredState, StoreError, Tables};
use tokio_util::sync::CancellationToken;

use crate::again::{ended_meanwhile, may_go_on};
use crate::driver::{Core, Mail, unix_ms};
use crate::figures::Tally;
use crate::film_notes::Noted;
use crate::intake::Dropped;
use crate::job::{Memo, Past, Wish};
use crate::journal::{self, row_id};
use crate::neighbour::Neighbour;
use crate::node::Node;
use crate::status::{JobState, On, Outcome};
use crate::travels::Travels;
use crate::trouble::{Kind, Trouble};

/// It is looked at and noted.
mod begin;

pub(crate) mod decide;

/// It travels, and its result.
mod travel;

/// The result is what was ordered, and takes its place; or it is thrown away.
mod check;

mod look;

mod steer;

/// What went wrong, in words for the film's user.
mod words;

pub(crate) use begin::{kept, load};
pub(crate) use travel::{NotSame, is_same};

use decide::{Action, Away, End, Event, Fault, Made, Note, Step};
use travel::{Counted, bring, not_sent};

/// The database's key of the notes.
const NOTES: &str = "sent_films";
/// A result that is not looked at yet, in its job's folder.
const RETURNED: &str = "returned";
/// So often what waits is tried again.
const AGAIN: Duration = Duration::from_secs(20);

/// A film to be sent.
#[derive(Debug)]
pub(crate) struct NewParcel {
    pub job: JobId,
    pub note: Note,
    pub wish: Wish,
    pub source: Dropped,
    pub memo: Memo,
    pub created_ms: i64,
    /// How its job's row stood when it was looked at.
    pub was: StoredState,
}

/// Every film that was sent away, and is not done with.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    all: BTreeMap<FilmId, Parcel>,
    /// Notes of another build: kept as they are, and their jobs are left alone.
    unread: Vec<Row>,
    /// What could not be stored, and is decided again.
    again: Vec<(FilmId, Said)>,
    tried: Option<Instant>,
    /// Whom this computer helps for the sake of its own films.
    helped: BTreeSet<PeerId>,
}

/// A film that was sent away.
#[derive(Debug)]
pub(crate) struct Parcel {
    state: Away,
    job: JobId,
    wish: Wish,
    source: Dropped,
    memo: Memo,
    created_ms: i64,
    /// What travels, or is checked.
    travels: Travels,
    /// What the source is called on this link, and the opened route to it.
    offered: Option<(BlobId, peer::Ours)>,
    /// Bytes of the source that are read for sending.
    read: Arc<AtomicU64>,
    /// The most that any attempt has read.
    furthest: Arc<AtomicU64>,
    /// The highest progress ever shown.
    shown: f64,
    /// Its result is just being put in its place.
    placing: bool,
    /// It is half-way replaced by its result, and its disk is away: it is looked at again once that is gone on with.
    half_way: bool,
}

/// A film as its rows tell of it.
pub(crate) type Row = Noted<(i64, Note)>;

impl Parcels {
    /// Those that are on the list of jobs.
    pub fn open(&self) -> impl Iterator<Item = &Parcel> {
        self.all.values().filter(|parcel| parcel.state.is_open())
    }

    fn of_job(&self, job: JobId) -> Option<FilmId> {
        let is_it = |(_, parcel): &(&FilmId, &Parcel)| parcel.job == job && parcel.state.is_open();
        self.all.iter().find(is_it).map(|(film, _)| *film)
    }

    fn of(&self, peer: PeerId) -> Vec<FilmId> {
        let theirs = self
            .all
            .iter()
            .filter(|(_, one)| one.state.note.peer == peer);
        theirs.map(|(film, _)| *film).collect()
    }

    /// The jobs of all of them, also where only a last word is still to be said: what they have left is not swept.
    pub fn jobs(&self) -> Vec<JobId> {
        self.all.values().map(|parcel| parcel.job).collect()
    }

    fn rows(&self, film: FilmId, own: Option<Row>) -> Vec<Row> {
        let others = self.all.iter().filter(|(known, _)| **known != film);
        let others = others.map(|(_, one)| one.row(one.state.note.clone()));
        let unread = self.unread.iter().cloned();
        unread.chain(others).chain(own).collect()
    }

    /// Whether there is a note of this job that cannot be read.
    pub fn is_unread(&self, job: JobId) -> bool {
        let mut rows = self.unread.iter().filter_map(job_row);
        rows.any(|row| row == row_id(job))
    }

    /// Ends what travels, or is checked: this node stops.
    pub fn stop(&self) {
        for parcel in self.all.values() {
            parcel.travels.end();
        }
    }
}

/// The row of a note's job, whoever wrote it.
fn job_row(note: &Row) -> Option<i64> {
    match note {
        Noted::Read((row, _)) => Some(*row),
        Noted::Unread(value) => value.get(0)?.as_i64(),
    }
}

impl Parcel {
    fn new(new: NewParcel) -> Self {
        Self {
            state: Away::new(new.note),
            job: new.job,
            wish: new.wish,
            source: new.source,
            memo: new.memo,
            created_ms: new.created_ms,
            travels: Travels::default(),
            offered: None,
            read: Arc::default(),
            furthest: Arc::default(),
            shown: 0.0,
            placing: false,
            half_way: false,
        }
    }

    fn on(&self) -> Option<On> {
        self.wish.terms.on
    }

    /// As it is noted.
    fn row(&self, note: Note) -> Row {
        Noted::Read((row_id(self.job), note))
    }
}

impl Core {
    /// Whether a film may be sent to that computer, as far as is known.
    pub(crate) fn may_send(&self, on: On) -> Result<(), Trouble> {
        if self.net.is_none() {
            let text = "This computer does not use the network, so no film can be sent from it.";
            return Err(Trouble::new(Kind::BadRequest, text));
        }
        let known = self.neighbours.get(&on.peer).filter(|one| one.paired);
        let one = known.ok_or_else(|| crate::rights::not_paired(on.peer))?;
        if !one.rights.i_may_use {
            return Err(words::not_asked(&one.name));
        }
        if on.participate && !one.rights.may_use_me {
            return Err(words::may_not_help(&one.name));
        }
        let link = self.link_to(on.peer);
        match (link, &one.about) {
            (Some(link), _) if !link.knows_films() => Err(words::too_old(&one.name)),
            (Some(_), Some(about)) if !about.films => Err(words::takes_none(&one.name)),
            _ => Ok(()),
        }
    }

    /// Takes up a film that is to be sent.
    pub(crate) async fn send(&mut self, new: NewParcel) -> Result<(), Trouble> {
        let (film, peer, job) = (new.note.film, new.note.peer, new.job);
        if self.parcels.of_job(job).is_some() {
            return Ok(());
        }
        if self.parcels.is_unread(job) {
            return Err(words::not_read());
        }
        self.note_sent(&new).await?;
        self.past.remove(&job);
        self.parcels.all.insert(film, Parcel::new(new));
        self.mind_helped();
        let link = self.link_to(peer);
        if let Some(link) = link {
            let knows = link.knows_films();
            self.drive(film, Event::Linked { knows }).await;
        }
        Ok(())
    }

    /// Notes a film that is to be sent, unless its job was ended since it was looked at.
    async fn note_sent(&self, new: &NewParcel) -> Result<(), Trouble> {
        let (row, was) = (row_id(new.job), new.was);
        let note = Noted::Read((row, new.note.clone()));
        let rows = self.parcels.rows(new.note.film, Some(note));
        let memo = serde_json::to_value(&new.memo).unwrap_or_default();
        let noting = self.store.call(move |tables: &Tables<'_>| {
            let now = tables.job(row)?.map(|job| job.state);
            let goes_on = may_go_on(now, was);
            if goes_on {
                tables.set_job_state(row, StoredState::Queued)?;
                tables.set_job_memo(row, &memo)?;
                tables.set_setting(NOTES, &rows)?;
            }
            Ok(goes_on)
        });
        let noted = noting.await.map_err(|error| words::not_stored(&error))?;
        noted.then_some(()).ok_or_else(ended_meanwhile)
    }

    /// An owner says something of a film.
    pub(crate) async fn parcel_hears(&mut self, peer: PeerId, film: FilmId, word: FilmWord) {
        let known = self.parcels.all.get(&film);
        if known.is_some_and(|parcel| parcel.state.note.peer == peer) {
            self.drive(film, Event::Heard(word)).await;
        }
    }

    pub(crate) async fn parcels_linked(&mut self, link: &peer::Link) {
        let knows = link.knows_films();
        for film in self.parcels.of(PeerId(link.peer().0)) {
            self.drive(film, Event::Linked { knows }).await;
        }
    }

    pub(crate) async fn parcels_lost(&mut self, peer: PeerId) {
        for film in self.parcels.of(peer) {
            self.drive(film, Event::Lost).await;
        }
    }

    /// The pairing ended, or this computer asks that one no more.
    pub(crate) async fn parcels_unpaired(&mut self, peer: PeerId) {
        for film in self.parcels.of(peer) {
            self.drive(film, Event::Unpaired).await;
        }
    }

    /// This computer asks that one for nothing any more: its films there are given up.
    pub(crate) async fn call_parcels_back(&mut self, peer: PeerId) {
        for film in self.parcels.of(peer) {
            self.drive(film, Event::Withdrawn).await;
        }
    }

    /// Decides about one film, stores what is to be kept of that, and does it.
    pub(crate) async fn drive(&mut self, film: FilmId, event: Event) {
        let Some(parcel) = self.parcels.all.get(&film) else {
            return;
        };
        let mut state = parcel.state.clone();
        let actions = state.on(event.clone());
        let end = actions.iter().find_map(|action| match action {
            Action::End(end) => Some(self.ended(parcel, end)),
            _ => None,
        });
        let forget = actions.contains(&Action::Forget);
        if forget || end.is_some() || state.note != parcel.state.note {
            let row = parcel.row(state.note.clone());
            let rows = self.parcels.rows(film, Some(row).filter(|_| !forget));
            if let Err(error) = self.keep(parcel.job, rows, end.as_ref()).await {
                tracing::warn!(%error, "a film that was sent away was not noted");
                return self.parcels.again.push((film, Said::Event(event)));
            }
        }
        if let Some(parcel) = self.parcels.all.get_mut(&film) {
            parcel.state = state;
        }
        for action in actions {
            self.act(film, action);
        }
        if let Some(past) = end {
            let job = past.id;
            self.close(film, past, forget);
            self.sweep_asides(job).await;
        } else if forget {
            self.parcels.all.remove(&film);
        }
        self.mind_helped();
    }

    async fn keep(&self, job: JobId, rows: Vec<Row>, end: Option<&Past>) -> Result<(), StoreError> {
        let row = row_id(job);
        let end = end.map(|past| {
            let memo = serde_json::to_value(&past.memo).unwrap_or_default();
            (
                past.state.clone(),
                memo,
                past.finished_ms.unwrap_or_else(unix_ms),
                self.tally_of_past(past),
            )
        });
        let keeping = self.store.call(move |tables: &Tables<'_>| {
            tables.set_setting(NOTES, &rows)?;
            let Some((state, memo, at, tally)) = &end else {
                return Ok(());
            };
            let known = tables.job(row)?;
            if known.is_none_or(|job| job.state.is_over()) {
                return Ok(());
            }
            tables.set_job_memo(row, memo)?;
            match state {
                JobState::Completed(outcome) => {
                    tally.add(tables, *at)?;
                    tables.set_job_output(row, &outcome.output, Some(&outcome.receipt))?;
                    tables.end_job(row, StoredState::Completed, None, *at)
                }
                JobState::Failed(trouble) => {
                    tables.end_job(row, StoredState::Failed, Some(&trouble.message), *at)
                }
                _ => tables.end_job(row, StoredState::Cancelled, None, *at),
            }
        });
        keeping.await
    }

    /// A film counts where it came from: here, once its result is in its place.
    fn tally_of_past(&self, past: &Past) -> Tally {
        let JobState::Completed(outcome) = &past.state else {
            return Tally::default();
        };
        let none = std::iter::empty();
        self.tally_of(outcome, past.source_bytes, &past.wish.terms, none)
    }

    /// The job as one that is over.
    fn ended(&self, parcel: &Parcel, end: &End) -> Past {
        let name = self.name_of(parcel.state.note.peer);
        let state = match end {
            End::Cancelled => JobState::Cancelled,
            end => JobState::Failed(words::ended(end, &name)),
        };
        over(parcel, state)
    }

    fn close(&mut self, film: FilmId, past: Past, forget: bool) {
        if let Some(parcel) = self.parcels.all.get_mut(&film) {
            parcel.travels.end();
            parcel.offered = None;
        }
        tracing::info!(job = %past.id, state = ?past.state, "a film that was sent away is over");
        let kept = self
            .parcels
            .all
            .get(&film)
            .is_some_and(|parcel| parcel.state.note.is_here());
        if !kept && !past.wish.terms.keep_temp {
            self.workspace.remove_job(past.id);
        }
        self.past.insert(past.id, past);
        if forget {
            self.parcels.all.remove(&film);
        }
    }

    fn act(&mut self, film: FilmId, action: Action) {
        match action {
            Action::Offer => self.offer_film(film),
            Action::Say(says) => self.say_to(film, says),
            Action::Send => self.send_source(film),
            Action::Fetch(made) => self.fetch_result(film, made),
            Action::Stop => {
                self.parcel_anew(film);
            }
            Action::Check => self.check_result(film),
            // Done where it is stored.
            Action::End(_) | Action::Forget => {}
        }
    }

    fn link_of(&self, film: FilmId) -> Option<peer::Link> {
        let peer = self.parcels.all.get(&film)?.state.note.peer;
        self.link_to(peer)
    }

    fn say_to(&self, film: FilmId, says: FilmWord) {
        if let Some(link) = self.link_of(film) {
            link.tell(Message::Film { film, says });
        }
    }

    fn offer_film(&mut self, film: FilmId) {
        let Some(link) = self.link_of(film) else {
            return;
        };
        let Some(parcel) = self.parcels.all.get_mut(&film) else {
            return;
        };
        let source = BlobId::random();
        parcel.offered = Some((source, link.opened(source)));
        if !parcel.state.note.taken {
            // Nothing of it is there, or is not any more.
            parcel.furthest = Arc::default();
        }
        let name = parcel.source.path.file_name().unwrap_or_default();
        let offer = FilmOffer {
            name: name.to_string_lossy().as_ref().into(),
            bytes: parcel.state.note.bytes,
            choice: parcel.state.note.choice.clone(),
            source,
            again: parcel.state.note.taken,
        };
        let says = FilmWord::Offer(Box::new(offer));
        link.tell(Message::Film { film, says });
    }

    /// Ends what travels of a film: the handles of what travels next.
    fn parcel_anew(&mut self, film: FilmId) -> Option<(CancellationToken, u64)> {
        let parcel = self.parcels.all.get_mut(&film)?;
        Some(parcel.travels.anew())
    }

    fn send_source(&mut self, film: FilmId) {
        let (Some(link), Some((cancel, travels))) = (self.link_of(film), self.parcel_anew(film))
        else {
            return;
        };
        let Some(parcel) = self.parcels.all.get(&film) else {
            return;
        };
        let Some((blob, _)) = &parcel.offered else {
            return;
        };
        let (blob, source, row) = (*blob, parcel.source.clone(), row_id(parcel.job));
        let counted = Arc::new(Counted {
            file: FileSource(source.path.clone()),
            read: Arc::clone(&parcel.read),
        });
        let (read, furthest) = (Arc::clone(&parcel.read), Arc::clone(&parcel.furthest));
        let (mail, store) = (self.mail.clone(), self.store.clone());
        tokio::spawn(async move {
            let sending = async {
                is_same(&store, row, &source).await.map_err(Fault::from)?;
                let sent = link.push(blob, source.bytes, counted).await;
                sent.map_err(|error| not_sent(&error, read.load(Ordering::Relaxed), &furthest))?;
                is_same(&store, row, &source).await.map_err(Fault::from)
            };
            if let Some(ended) = cancel.run_until_cancelled(sending).await {
                let _ = mail.send(Mail::Parcel(
                    film,
                    travels,
                    Box::new(Said::Event(Event::Sent(ended))),
                ));
            }
        });
    }

    fn fetch_result(&mut self, film: FilmId, made: Made) {
        let (Some(link), Some((cancel, travels))) = (self.link_of(film), self.parcel_anew(film))
        else {
            return;
        };
        let Some(parcel) = self.parcels.all.get(&film) else {
            return;
        };
        let file = self.workspace.job(parcel.job).join(RETURNED);
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let fetching = bring(&link, film, made, &file);
            if let Some(ended) = cancel.run_until_cancelled(fetching).await {
                let _ = mail.send(Mail::Parcel(
                    film,
                    travels,
                    Box::new(Said::Event(Event::Fetched(ended))),
                ));
            }
        });
    }

    fn check_result(&mut self, film: FilmId) {
        let Some((cancel, travels)) = self.parcel_anew(film) else {
            return;
        };
        let Some(node) = self.node.upgrade().map(Node) else {
            return;
        };
        let Some(parcel) = self.parcels.all.get(&film) else {
            return;
        };
        let work = check::Work {
            job: parcel.job,
            row: row_id(parcel.job),
            source: parcel.source.clone(),
            choice: parcel.state.note.choice.clone(),
            terms: parcel.wish.terms.clone(),
            returned: self.workspace.job(parcel.job).join(RETURNED),
            scratch: self.workspace.job(parcel.job),
            maker: (
                parcel.state.note.peer.to_string(),
                self.name_of(parcel.state.note.peer),
            ),
            frames: parcel.state.note.made.map_or(0, |made| made.frames),
            digest: parcel.state.note.made.map(|made| made.digest),
            node: self.me.to_string(),
            created_ms: parcel.created_ms,
        };
        let mail = self.mail.clone();
        tokio::spawn(async move {
            let checked = check::check_and_place(&node, work, cancel).await;
            if let Some(checked) = checked {
                let _ = mail.send(Mail::Parcel(
                    film,
                    travels,
                    Box::new(Said::Checked(checked)),
                ));
            }
        });
    }

    /// News of a film's own tasks.
    pub(crate) async fn parcel_says(&mut self, film: FilmId, travels: u64, said: Said) {
        let known = self.parcels.all.get(&film);
        if known.is_some_and(|parcel| parcel.travels.is(travels)) {
            self.parcel_said(film, said).await;
        }
    }

    async fn parcel_said(&mut self, film: FilmId, said: Said) {
        match said {
            Said::Event(event) => self.drive(film, event).await,
            Said::Checked(checked) => self.parcel_checked(film, checked).await,
        }
    }

    /// A result was looked at: it is in its place, or the job has failed.
    async fn parcel_checked(&mut self, film: FilmId, checked: check::Checked) {
        let known = self.parcels.all.get(&film);
        // It may have been ended before this could be stored.
        let Some(job) = known.filter(|one| one.state.is_open()).map(|one| one.job) else {
            return;
        };
        let failed = !matches!(checked, check::Checked::Placed(_));
        if failed && self.is_half_way(job).await {
            // With what was begun the job is done.
            if let Some(parcel) = self.parcels.all.get_mut(&film) {
                (parcel.half_way, parcel.placing) = (true, false);
            }
            return;
        }
        let checked = match self.has_completed(job).await {
            Some(outcome) => check::Checked::Placed(outcome),
            None => checked,
        };
        let Some(parcel) = self.parcels.all.get(&film) else {
            return;
        };
        let (event, past) = came_to(parcel, &checked);
        let mut state = parcel.state.clone();
        let actions = state.on(event);
        let row = parcel.row(state.note.clone());
        let rows = self.parcels.rows(film, Some(row));
        let kept = self.keep(job, rows, Some(&past)).await;
        if let Some(parcel) = self.parcels.all.get_mut(&film) {
            // What is in its place is not called off any more.
            parcel.placing = kept.is_err() && matches!(checked, check::Checked::Placed(_));
        }
        if let Err(error) = kept {
            tracing::warn!(%error, "the end of a film that was sent away was not noted");
            return self.parcels.again.push((film, Said::Checked(checked)));
        }
        if let Some(parcel) = self.parcels.all.get_mut(&film) {
            parcel.state = state;
        }
        for action in actions {
            self.act(film, action);
        }
        self.close(film, past, false);
        self.sweep_asides(job).await;
        self.mind_helped();
    }

    /// What a job has come to whose film was replaced by its result meanwhile, by who goes on with what was cut off.
    async fn has_completed(&self, job: JobId) -> Option<Outcome> {
        let row = row_id(job);
        let row = self
            .store
            .call(move |tables| tables.job(row))
            .await
            .ok()??;
        match journal::past(row, Vec::new()).state {
            JobState::Completed(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// What was half-way replaced is so no more: its result is looked at again, and with it what became of the film.
    pub(crate) fn check_again(&mut self, job: JobId) {
        let film = self.parcels.of_job(job);
        let Some(film) = film else { return };
        let waits = |parcel: &mut Parcel| std::mem::take(&mut parcel.half_way);
        if self.parcels.all.get_mut(&film).is_some_and(waits) {
            self.check_result(film);
        }
    }

    /// Looks after the films that were sent away: what waits is tried again.
    pub(crate) async fn tend_parcels(&mut self) {
        for (film, said) in std::mem::take(&mut self.parcels.again) {
            self.parcel_said(film, said).await;
        }
        if self.parcels.tried.is_some_and(|at| at.elapsed() < AGAIN) {
            return;
        }
        self.parcels.tried = Some(Instant::now());
        let known = |peer: &PeerId| self.neighbours.get(peer).is_some_and(|one| one.paired);
        let event = |one: &Parcel| {
            if known(&one.state.note.peer) {
                Event::Tick
            } else {
                Event::Unpaired
            }
        };
        let all = self.parcels.all.iter();
        let due: Vec<_> = all.map(|(film, one)| (*film, event(one))).collect();
        for (film, event) in due {
            self.drive(film, event).await;
        }
    }

    /// What was here when the last run ended is looked at again.
    pub(crate) fn take_up_parcels(&mut self) {
        let here = self.parcels.all.iter();
        let here = here.filter(|(_, parcel)| parcel.state.step == Step::Checking);
        let here: Vec<FilmId> = here.map(|(film, _)| *film).collect();
        for film in here {
            self.check_result(film);
        }
        self.mind_helped();
    }

    /// Whom this computer helps now because they own a film of it.
    pub(crate) fn helped(&self) -> &BTreeSet<PeerId> {
        &self.parcels.helped
    }

    /// Helps those who own a film of this computer that it is to have a hand in, and no one else because of that.
    pub(crate) fn mind_helped(&mut self) {
        let allowed = |peer: &PeerId| {
            let known = self.neighbours.get(peer);
            known.is_some_and(|one: &Neighbour| one.paired && one.rights.may_use_me)
        };
        let helping = self.parcels.open().filter(|parcel| {
            let works = !matches!(
                parcel.state.step,
                Step::Checking | Step::Fetching | Step::Ready
            );
            works && parcel.on().is_some_and(|on| on.participate)
        });
        let helped: BTreeSet<PeerId> = helping
            .map(|one| one.state.note.peer)
            .filter(allowed)
            .collect();
        if helped == self.parcels.helped {
            return;
        }
        let before = std::mem::replace(&mut self.parcels.helped, helped);
        if let Some(net) = &self.net {
            let all = self.parcels.helped.iter().map(|peer| peer::PeerId(peer.0));
            net.set_helped(all.collect());
        }
        if !self.donates() {
            let no_more: Vec<PeerId> = before.difference(&self.parcels.helped).copied().collect();
            for peer in no_more {
                self.give_back(Some(peer), "The film that it was helped with is done");
            }
        }
        self.pay_attention(true);
    }
}

/// What a film's task has to say.
#[derive(Debug)]
pub(crate) enum Said {
    Event(Event),
    Checked(check::Checked),
}

/// What a look at a result means for its film, and for the job.
fn came_to(parcel: &Parcel, checked: &check::Checked) -> (Event, Past) {
    let failed = |trouble: &Trouble| over(parcel, JobState::Failed(trouble.clone()));
    let outcome = match checked {
        check::Checked::Placed(outcome) => outcome,
        check::Checked::Refused(trouble) => return (Event::Refused, failed(trouble)),
        check::Checked::NotPlaced(trouble) => return (Event::Kept, failed(trouble)),
    };
    let past = over(parcel, JobState::Completed(outcome.clone()));
    let memo = Memo {
        exact: outcome.exact,
        verdict: outcome.verdict.clone(),
        frames: outcome.frames,
        bytes: outcome.bytes,
        wall_ms: outcome.wall_ms,
        placing: None,
        ..past.memo.clone()
    };
    (Event::Placed, Past { memo, ..past })
}

fn over(parcel: &Parcel, state: JobState) -> Past {
    let help = match &state {
        JobState::Failed(trouble) => trouble.help.clone(),
        _ => String::new(),
    };
    Past {
        id: parcel.job,
        source: parcel.source.path.clone(),
        source_bytes: parcel.state.note.bytes,
        wish: parcel.wish.clone(),
        memo: Memo {
            help,
            ..parcel.memo.clone()
        },
        state,
        created_ms: parcel.created_ms,
        finished_ms: Some(unix_ms()),
        pieces: Vec::new(),
    }
}
