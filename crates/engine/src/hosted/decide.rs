//! What the owner of somebody else's whole film does next: decided here, done in [`crate::hosted`].
//!
//! Pure. What has to survive a restart is the [`Note`]. The sender says its offer again whenever the two meet, so nothing
//! that was lost on the way has to be remembered.

use media::choice::Choice;
use peer::{BlobId, FilmEnd, FilmId, FilmMade, FilmOffer, FilmRefusal, FilmWord, MAX_FILM};
use schedule::PeerId;
use serde::{Deserialize, Serialize};

/// Films of one computer that come, or are worked on, at once.
const MOST_AT_ONCE: usize = 4;
/// Films of one computer that are here, with those whose results wait.
const MOST_OF_ONE: usize = 16;
/// The same of all computers.
const MOST_OF_ALL: usize = 64;
/// Left free on the disk when a film is taken, bytes.
const LEFT_FREE: u64 = 512 << 20;
/// What a result may come to beyond its film, bytes.
const MARGIN: u64 = 1 << 20;
/// A result that nobody has asked for in so long is removed, and an end that nobody has heard of is forgotten; milliseconds
/// in which this computer was there to be asked: a week.
pub(crate) const KEPT: u64 = 7 * 24 * 3_600_000;
/// The same of a film of which nothing comes: a day.
pub(crate) const AWAITED: u64 = 24 * 3_600_000;
/// What is said of a result that is not there any more.
const RESULT_GONE: &str = "its result is gone";

/// How a film came to nothing, and a line for people.
pub(crate) type End = (FilmEnd, String);

/// What is kept of a film of another computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Whose it is.
    pub peer: PeerId,
    /// Its name between the two computers.
    pub film: FilmId,
    /// What its sender calls it: to be shown, and for nothing else.
    pub name: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// What is made of it.
    pub choice: Choice,
    /// The folder that it is in: a name of our own.
    pub folder: String,
    /// It is all here.
    pub received: bool,
    /// Its job here.
    pub job: Option<u64>,
    /// Its sender's user holds it.
    pub held: bool,
    /// Its job was held because this computer does not help just now.
    pub resting: bool,
    /// Somebody here holds its job: what its sender says does not let it go on.
    #[serde(default)]
    pub held_here: bool,
    /// The result.
    pub made: Option<Made>,
    /// For so long nothing of the film has come, or nobody has come for the result or heard of the end; milliseconds in
    /// which this computer was there.
    #[serde(default)]
    pub waited_ms: u64,
    /// How it came to nothing: all that is left of it, until its sender has heard that.
    #[serde(default)]
    pub ended: Option<End>,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 of it.
    pub digest: peer::Digest,
    /// Frames in it.
    pub frames: u64,
    /// Its name in the film's folder.
    pub file: String,
}

/// Bytes that a film comes to at most: itself, and a result of the same size.
fn promise(bytes: u64) -> u64 {
    bytes.saturating_mul(2).saturating_add(MARGIN)
}

/// A film of another computer, as far as this run knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hosted {
    pub note: Note,
    pub step: Step,
    pub linked: bool,
    /// Its source is on its way here.
    pub taking: bool,
    /// Its result is on its way there.
    pub giving: bool,
    /// Bytes of its source that are here, once that was looked at.
    pub come: Option<u64>,
    /// Looks since its sender was told how it ended, on a link that still stands.
    pub told: Option<u32>,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The film comes.
    Receiving,
    /// It is here and becomes a job.
    Submitting,
    /// It is worked on.
    Working,
    /// Its result is read once, for its digest.
    Measuring,
    /// Its result waits.
    Made,
    /// It came to nothing, and nothing is left of it but how.
    Ended,
    /// Nothing is left of it.
    Gone,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// It was taken, or is offered again.
    Offered(BlobId),
    /// Its sender is away.
    Lost,
    /// Its source is here, or will not be.
    Taken(Result<(), Fault>),
    /// It became this job, or cannot.
    Submitted(Result<u64, End>),
    /// Its job ended.
    JobDone,
    JobFailed(End),
    JobCancelled,
    /// The result was read.
    Measured(Result<Made, String>),
    /// Its result went over, or did not.
    Given,
    /// Its result is not where it was put.
    ResultGone,
    /// The sender's words.
    Take(BlobId),
    Hold,
    GoOn,
    Cancel,
    Collected,
    /// So many bytes of its source are here.
    Came(u64),
    /// Somebody here holds its job, or lets it go on.
    HeldHere(bool),
    /// Its job was taken off the list by somebody here.
    TakenOff,
    /// Its sender may not use this computer any more.
    Withdrawn,
    /// The two are not paired any more.
    Unpaired,
    /// This computer does not help any more.
    Rest,
    /// It helps again.
    Helping,
    /// So many milliseconds went by in which this computer was there.
    Tick(u64),
}

/// Why a source did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection: it goes on when the two meet.
    Link,
    /// The disk is full.
    NoSpace,
    /// It is not what was offered, or cannot be stored.
    Bad(String),
}

/// What is to be done, in this order. Nothing of it before the note is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Say this.
    Say(FilmWord),
    /// Say how far it is.
    Tell,
    /// Take the source, by this name.
    Pull(BlobId),
    /// Give the result, by this name.
    Push(BlobId),
    /// End what travels.
    Stop,
    /// Make a job of it.
    Submit,
    /// Read the result.
    Measure,
    /// Steer its job.
    Pause,
    Resume,
    Cancel,
    /// Remove everything of it that lies here.
    Remove,
}

/// What decides whether a new film is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    /// This computer helps, and that one may use it.
    pub donating: bool,
    /// Its user takes whole films.
    pub takes: bool,
    /// Films that are here.
    pub held: Count,
    /// Bytes that are free where they are kept, less what is promised to others.
    pub free: u64,
    /// Bytes below the limit of the working files, where there is one.
    pub below_limit: Option<u64>,
}

/// How many films are here.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    /// Of that computer, and not done.
    pub at_once: usize,
    /// Of that computer.
    pub of_one: usize,
    /// Of all.
    pub of_all: usize,
}

impl Count {
    fn is_full(self) -> bool {
        self.at_once >= MOST_AT_ONCE || self.of_one >= MOST_OF_ONE || self.of_all >= MOST_OF_ALL
    }
}

/// Why a new film is not taken; `None` where it is.
pub(crate) fn refuse(offer: &FilmOffer, stand: Stand) -> Option<FilmRefusal> {
    let need = promise(offer.bytes);
    if !stand.donating {
        Some(FilmRefusal::NotDonating)
    } else if !stand.takes {
        Some(FilmRefusal::NotTaken)
    } else if !offer.is_sound() || offer.bytes > MAX_FILM {
        Some(FilmRefusal::TooLarge)
    } else if stand.held.is_full() {
        Some(FilmRefusal::Busy)
    } else if stand.free < need.saturating_add(LEFT_FREE)
        || stand.below_limit.is_some_and(|room| room < need)
    {
        Some(FilmRefusal::NoSpace)
    } else {
        None
    }
}

impl Hosted {
    /// Of a note, before its sender is met.
    pub fn new(note: Note) -> Self {
        let step = match (&note.made, note.job, note.received) {
            _ if note.ended.is_some() => Step::Ended,
            (Some(_), _, _) => Step::Made,
            (None, Some(_), _) => Step::Working,
            (None, None, true) => Step::Submitting,
            (None, None, false) => Step::Receiving,
        };
        Self {
            note,
            step,
            linked: false,
            taking: false,
            giving: false,
            come: None,
            told: None,
        }
    }

    /// Whether nothing of it is here any more but how it ended.
    pub fn is_over(&self) -> bool {
        matches!(self.step, Step::Ended | Step::Gone)
    }

    /// Bytes that are still to come of it: the rest of the film, and a result of the same size.
    pub fn missing(&self) -> u64 {
        let bytes = self.note.bytes;
        match self.step {
            Step::Receiving => promise(bytes).saturating_sub(self.come.unwrap_or(0)),
            Step::Submitting | Step::Working => bytes.saturating_add(MARGIN),
            Step::Measuring | Step::Made | Step::Ended | Step::Gone => 0,
        }
    }

    /// Bytes of it that are here; without a result that is not measured yet.
    pub fn there(&self) -> u64 {
        let bytes = self.note.bytes;
        match self.step {
            Step::Receiving => self.come.unwrap_or(0),
            Step::Submitting | Step::Working | Step::Measuring => bytes,
            Step::Made => {
                let made = self.note.made.as_ref().map_or(0, |made| made.bytes);
                bytes.saturating_add(made)
            }
            Step::Ended | Step::Gone => 0,
        }
    }

    /// Whether its job, which was held before a restart, is held still. `helps`: this computer, its sender.
    pub fn stays_held(&self, helps: bool) -> bool {
        let note = &self.note;
        note.held || note.held_here || (note.resting && !helps)
    }

    /// What is to be done about `event`.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        match (event, self.step) {
            (_, Step::Gone) => Vec::new(),
            (event, Step::Ended) => self.after_end(event),
            (Event::Offered(source), step) => self.offered(source, step),
            (Event::Lost, _) => self.lost(),
            (Event::Taken(ended), Step::Receiving) if self.taking => self.taken(ended),
            (Event::Submitted(Ok(job)), Step::Submitting) => {
                self.note.job = Some(job);
                self.step = Step::Working;
                let pause = self.note.held.then_some(Action::Pause);
                let tell = self.when_linked(Action::Tell);
                pause.into_iter().chain(tell).collect()
            }
            (Event::Submitted(Err((reason, why))), Step::Submitting) => self.end(reason, &why),
            (Event::JobDone, Step::Working) => {
                self.step = Step::Measuring;
                vec![Action::Measure]
            }
            (Event::JobFailed((reason, why)), Step::Working) => self.job_over(reason, &why),
            (Event::JobCancelled, Step::Working) => self.job_over(FilmEnd::Cancelled, ""),
            (Event::Measured(Ok(made)), Step::Measuring) => self.measured(made),
            (Event::Measured(Err(why)), Step::Measuring) => self.end(FilmEnd::Failed, &why),
            (Event::Take(result), Step::Made) => {
                let stop = self.giving.then_some(Action::Stop);
                (self.giving, self.note.waited_ms) = (true, 0);
                stop.into_iter().chain([Action::Push(result)]).collect()
            }
            (Event::Given, Step::Made) => {
                self.giving = false;
                Vec::new()
            }
            (Event::ResultGone, Step::Made) => self.end(FilmEnd::Failed, RESULT_GONE),
            (Event::Hold, _) => {
                self.note.held = true;
                self.when_working(Action::Pause)
            }
            // Whoever else holds it is not spoken for.
            (Event::GoOn, _) if self.note.held => {
                self.note.held = false;
                self.let_go()
            }
            (Event::Came(bytes), Step::Receiving) => self.came(bytes),
            (Event::HeldHere(on), _) => {
                self.note.held_here = on;
                Vec::new()
            }
            (Event::TakenOff, Step::Working) => self.job_over(FilmEnd::Cancelled, ""),
            (Event::TakenOff, Step::Measuring | Step::Made) => self.end(FilmEnd::Cancelled, ""),
            (Event::Cancel | Event::Collected, _) => self.forget(Some(FilmWord::Over {})),
            // Nobody is left to be told anything.
            (Event::Unpaired, _) => self.forget(None),
            (Event::Withdrawn, _) => self.end(FilmEnd::Withdrawn, ""),
            (Event::Rest, Step::Receiving) => self.end(FilmEnd::Withdrawn, ""),
            (Event::Rest, Step::Working) if !self.note.resting => {
                self.note.resting = true;
                vec![Action::Pause]
            }
            (Event::Helping, Step::Working) if self.note.resting => {
                self.note.resting = false;
                self.let_go()
            }
            (Event::Tick(passed), Step::Made) if !self.giving => self.wait(passed, KEPT),
            (Event::Tick(passed), Step::Receiving) => self.wait(passed, AWAITED),
            _ => Vec::new(),
        }
    }

    fn when_working(&self, action: Action) -> Vec<Action> {
        let works = self.step == Step::Working;
        works.then_some(action).into_iter().collect()
    }

    /// A reason for its job to stand still is gone: it goes on where there is no other.
    fn let_go(&self) -> Vec<Action> {
        let note = &self.note;
        if note.held || note.resting || note.held_here {
            return Vec::new();
        }
        self.when_working(Action::Resume)
    }

    fn when_linked(&self, action: Action) -> Vec<Action> {
        self.linked.then_some(action).into_iter().collect()
    }

    fn offered(&mut self, source: BlobId, step: Step) -> Vec<Action> {
        self.linked = true;
        match step {
            Step::Receiving => {
                let stop = self.taking.then_some(Action::Stop);
                self.taking = true;
                let more = [Action::Pull(source), Action::Say(FilmWord::Wanted {})];
                stop.into_iter().chain(more).collect()
            }
            Step::Submitting | Step::Working | Step::Measuring => vec![Action::Tell],
            Step::Made => self.say_made(),
            Step::Ended | Step::Gone => Vec::new(),
        }
    }

    fn say_made(&self) -> Vec<Action> {
        let made = self.note.made.as_ref().filter(|_| self.linked);
        let made = made.map(|made| FilmMade {
            bytes: made.bytes,
            digest: made.digest,
            frames: made.frames,
        });
        let said = made.map(|made| Action::Say(FilmWord::Made(made)));
        said.into_iter().collect()
    }

    fn lost(&mut self) -> Vec<Action> {
        self.linked = false;
        let moved = std::mem::take(&mut self.taking) | std::mem::take(&mut self.giving);
        moved.then_some(Action::Stop).into_iter().collect()
    }

    fn taken(&mut self, ended: Result<(), Fault>) -> Vec<Action> {
        self.taking = false;
        match ended {
            Ok(()) => {
                self.note.received = true;
                self.step = Step::Submitting;
                let mut actions = vec![Action::Submit];
                actions.extend(self.when_linked(Action::Tell));
                actions
            }
            Err(Fault::Link) => Vec::new(),
            Err(Fault::NoSpace) => self.end(FilmEnd::NoSpace, ""),
            Err(Fault::Bad(why)) => self.end(FilmEnd::SourceLost, &why),
        }
    }

    /// Bytes that come are waited for anew. What was here at the start has come before.
    fn came(&mut self, bytes: u64) -> Vec<Action> {
        if self.come.is_some_and(|before| bytes > before) {
            self.note.waited_ms = 0;
        }
        self.come = Some(bytes);
        Vec::new()
    }

    fn measured(&mut self, made: Made) -> Vec<Action> {
        (self.note.made, self.note.waited_ms) = (Some(made), 0);
        self.step = Step::Made;
        self.say_made()
    }

    /// For so much longer nothing came, or nobody; after `most` it goes.
    fn wait(&mut self, passed: u64, most: u64) -> Vec<Action> {
        self.note.waited_ms = self.note.waited_ms.saturating_add(passed);
        if self.note.waited_ms < most {
            return Vec::new();
        }
        self.end(FilmEnd::Expired, "")
    }

    /// Nobody asks for it any more.
    fn forget(&mut self, last: Option<FilmWord>) -> Vec<Action> {
        let job = self.job_at_work();
        let mut actions = self.leave(Step::Gone, job);
        actions.extend(last.map(Action::Say));
        actions.push(Action::Remove);
        actions
    }

    /// It comes to nothing, and its job with it.
    fn end(&mut self, reason: FilmEnd, detail: &str) -> Vec<Action> {
        let job = self.job_at_work();
        self.come_to_nothing(reason, detail, job)
    }

    /// Its job came to nothing: there is none to be cancelled any more.
    fn job_over(&mut self, reason: FilmEnd, detail: &str) -> Vec<Action> {
        self.come_to_nothing(reason, detail, None)
    }

    /// What its job is told where it has one, or is about to.
    fn job_at_work(&self) -> Option<Action> {
        let works = matches!(self.step, Step::Working | Step::Submitting);
        works.then_some(Action::Cancel)
    }

    /// How it came to nothing is told its sender, now or when it asks. Of a film that was still on its way nothing is kept:
    /// it is sent again, if it is taken again.
    fn come_to_nothing(
        &mut self,
        reason: FilmEnd,
        detail: &str,
        job: Option<Action>,
    ) -> Vec<Action> {
        let to = if self.note.received {
            Step::Ended
        } else {
            Step::Gone
        };
        let mut actions = self.leave(to, job);
        self.note.ended = Some((reason, detail.to_owned()));
        (self.note.made, self.note.waited_ms) = (None, 0);
        actions.extend(self.say_end());
        actions.push(Action::Remove);
        actions
    }

    /// What is under way of it ends, and its job, where there is one.
    fn leave(&mut self, to: Step, job: Option<Action>) -> Vec<Action> {
        self.step = to;
        (self.taking, self.giving) = (false, false);
        std::iter::once(Action::Stop).chain(job).collect()
    }

    fn say_end(&mut self) -> Option<Action> {
        let (reason, detail) = self.note.ended.clone().filter(|_| self.linked)?;
        self.told = Some(0);
        let detail = detail.into();
        Some(Action::Say(FilmWord::Ended { reason, detail }))
    }

    /// What there is to do about a film of which nothing is left but how it ended.
    fn after_end(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Offered(_) | Event::Take(_) => {
                self.linked = true;
                self.say_end().into_iter().collect()
            }
            Event::Lost => {
                (self.linked, self.told) = (false, None);
                Vec::new()
            }
            // It just became one.
            Event::Submitted(Ok(job)) => {
                self.note.job = Some(job);
                vec![Action::Cancel]
            }
            Event::Cancel | Event::Collected => {
                self.step = Step::Gone;
                vec![Action::Say(FilmWord::Over {})]
            }
            Event::Unpaired => {
                self.step = Step::Gone;
                Vec::new()
            }
            Event::Tick(passed) => self.wait_to_be_heard(passed),
            _ => Vec::new(),
        }
    }

    /// A link that has stood from one look to the next has carried what was said on it before.
    fn wait_to_be_heard(&mut self, passed: u64) -> Vec<Action> {
        let heard = self.told.is_some_and(|looks| looks > 0);
        self.told = self.told.map(|looks| looks.saturating_add(1));
        self.note.waited_ms = self.note.waited_ms.saturating_add(passed);
        if heard || self.note.waited_ms >= KEPT {
            self.step = Step::Gone;
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
