//! What the sender of a whole film does next: decided here, done in [`crate::remote`].
//!
//! Pure. What has to survive a restart is the [`Note`]; the rest is found again when the two computers meet.

use media::choice::Choice;
use peer::{FilmEnd, FilmId, FilmMade, FilmRefusal, FilmStand, FilmWord};
use schedule::PeerId;
use serde::{Deserialize, Serialize};

/// A result may be so many times its source, and so many bytes more: beyond that it is no encode of it.
const GROWTH: (u64, u64) = (8, 256 << 20);
/// A transfer that ended badly so often, without a single good one, is given up.
const MOST_FAILURES: u32 = 8;

/// What is kept of a film that was sent away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Its name between the two computers.
    pub film: FilmId,
    /// Its owner.
    pub peer: PeerId,
    /// What is made of it, with nothing left to find out.
    pub choice: Choice,
    /// Its size, bytes.
    pub bytes: u64,
    /// The owner has heard of it, or may have.
    pub offered: bool,
    /// The owner has said that it takes it.
    pub taken: bool,
    /// Its user holds it.
    pub held: bool,
    /// The result is to be brought here as soon as it is there.
    pub wanted: bool,
    /// What its owner says the result is.
    pub made: Option<Made>,
    /// The whole result is in the job's folder, as its owner says it is.
    pub here: bool,
    /// It is over here, and this is what its owner has to hear still.
    pub last: Option<Last>,
}

/// A result as its owner describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 of it.
    pub digest: peer::Digest,
    /// Frames in it.
    pub frames: u64,
}

/// The last word on a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Last {
    /// It is not wanted any more.
    Cancel,
    /// Its result is in its place.
    Collected,
}

impl Last {
    pub fn word(self) -> FilmWord {
        match self {
            Self::Cancel => FilmWord::Cancel {},
            Self::Collected => FilmWord::Collected {},
        }
    }
}

/// A film that was sent away, as far as this run knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Away {
    pub note: Note,
    pub step: Step,
    /// Whether the two computers are connected.
    pub linked: bool,
    /// What its owner last said of how far it is.
    pub stand: Option<FilmStand>,
    /// Transfers that ended badly since the last good word.
    pub failures: u32,
    /// Why it waits, for its user; empty where that is plain.
    pub waits: String,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// For its owner, or for its answer.
    Waiting,
    /// The source travels.
    Sending,
    /// Its owner works on it.
    Working,
    /// The result is ready there.
    Ready,
    /// The result travels.
    Fetching,
    /// The result is here: it is checked and put in its place.
    Checking,
    /// Nothing more but the last word.
    Over,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// The owner is there; whether it understands what is said of films.
    Linked {
        knows: bool,
    },
    /// The owner is away.
    Lost,
    /// The owner says something.
    Heard(FilmWord),
    /// The source is there, or its transfer ended.
    Sent(Result<(), Fault>),
    /// The result is here, or its transfer ended.
    Fetched(Result<(), Fault>),
    /// The result is proved and in its place.
    Placed,
    /// The result was not what was ordered: another one would be no better.
    Refused,
    /// The result is good for all that is known, and could not be put in its place.
    Kept,
    /// A person's words.
    Cancel,
    Hold,
    GoOn,
    Fetch,
    /// It was tried again after [`Event::Kept`].
    Again,
    /// The two are not paired any more.
    Unpaired,
    /// Some time went by.
    Tick,
}

/// Why a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection, or something that may be better the next time.
    Link,
    /// The film here is not what it was, or cannot be read.
    Source(String),
    /// It cannot be stored here.
    Store(String),
    /// What came is not what its owner said.
    Mismatch,
}

/// What is to be done, in this order. Nothing of it before the note is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Offer the film on this link.
    Offer,
    /// Say this.
    Say(FilmWord),
    /// Send the source by the name it was offered by.
    Send,
    /// Bring the result.
    Fetch(Made),
    /// End what travels.
    Stop,
    /// Check the result, and put it in its place.
    Check,
    /// The job is over.
    End(End),
    /// Nothing is kept of it.
    Forget,
}

/// How a job ends that was sent away, where its result is not in its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Cancelled,
    /// The owner does not know of films.
    TooOld,
    Declined(FilmRefusal),
    /// It came to nothing there.
    There(FilmEnd, String),
    Unpaired,
    /// The film is not what it was.
    Source(String),
    /// What is said of the result, or what came, is no result of this film.
    NoResult(String),
    /// The two have lost each other too often.
    GaveUp,
}

impl Away {
    /// Of a note, before anybody is met.
    pub fn new(note: Note) -> Self {
        let step = match (note.last, note.here) {
            (Some(_), _) => Step::Over,
            (None, true) => Step::Checking,
            (None, false) => Step::Waiting,
        };
        Self {
            note,
            step,
            linked: false,
            stand: None,
            failures: 0,
            waits: String::new(),
        }
    }

    /// Whether something is still to come of it.
    pub fn is_open(&self) -> bool {
        self.step != Step::Over
    }

    /// What is to be done about `event`.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Linked { knows } => self.met(knows),
            Event::Lost => self.lost(),
            // From a link that is over: the next one begins with an offer.
            Event::Heard(_) if !self.linked => Vec::new(),
            Event::Heard(word) if self.is_open() => self.heard(word),
            Event::Heard(FilmWord::Over {}) => vec![Action::Forget],
            // It has not heard the last word yet.
            Event::Heard(_) => self.last_word(),
            Event::Sent(ended) => self.sent(ended),
            Event::Fetched(ended) => self.fetched(ended),
            Event::Placed => self.over(Last::Collected, None),
            Event::Refused => self.over(Last::Cancel, None),
            Event::Fetch | Event::GoOn | Event::Hold if !self.is_open() => Vec::new(),
            Event::Kept => self.kept(),
            Event::Again => self.again(),
            Event::Cancel => self.cancel(),
            Event::Hold => self.hold(),
            Event::GoOn => self.go_on(),
            Event::Fetch => {
                self.note.wanted = true;
                self.fetch()
            }
            Event::Unpaired => self.unpaired(),
            Event::Tick => self.tick(),
        }
    }

    fn met(&mut self, knows: bool) -> Vec<Action> {
        self.linked = true;
        match self.step {
            Step::Over => self.last_word(),
            Step::Checking => Vec::new(),
            _ if !knows => self.end(End::TooOld),
            _ => self.offer(),
        }
    }

    fn offer(&mut self) -> Vec<Action> {
        self.note.offered = true;
        vec![Action::Offer]
    }

    fn last_word(&self) -> Vec<Action> {
        let last = self.note.last.filter(|_| self.linked);
        last.map(|last| Action::Say(last.word()))
            .into_iter()
            .collect()
    }

    fn lost(&mut self) -> Vec<Action> {
        self.linked = false;
        self.rest()
    }

    /// What travels does so no more.
    fn rest(&mut self) -> Vec<Action> {
        match self.step {
            Step::Sending | Step::Fetching => {
                self.step = Step::Waiting;
                vec![Action::Stop]
            }
            Step::Working | Step::Ready => {
                self.step = Step::Waiting;
                Vec::new()
            }
            Step::Waiting | Step::Checking | Step::Over => Vec::new(),
        }
    }

    fn heard(&mut self, word: FilmWord) -> Vec<Action> {
        match (word, self.step) {
            // The result is here: its owner has nothing to say any more.
            (_, Step::Checking | Step::Over) => Vec::new(),
            (FilmWord::Wanted {}, Step::Waiting) => self.wanted(),
            (FilmWord::Stands(stand), _) => self.stands(stand),
            (FilmWord::Made(made), Step::Waiting | Step::Sending | Step::Working) => {
                self.made(made)
            }
            (FilmWord::Declined { reason }, Step::Waiting) => self.declined(reason),
            (FilmWord::Ended { reason, detail }, _) => {
                self.end(End::There(reason, detail.to_string()))
            }
            // Said twice, or by a sender.
            _ => Vec::new(),
        }
    }

    fn wanted(&mut self) -> Vec<Action> {
        self.note.taken = true;
        self.waits.clear();
        if self.note.held {
            return vec![Action::Say(FilmWord::Hold {})];
        }
        self.step = Step::Sending;
        vec![Action::Send]
    }

    fn stands(&mut self, stand: FilmStand) -> Vec<Action> {
        let first = !matches!(self.step, Step::Working);
        (self.note.taken, self.failures) = (true, 0);
        self.waits.clear();
        self.stand = Some(stand);
        // What was being sent is all there.
        let mut actions = match self.step {
            Step::Sending | Step::Fetching => vec![Action::Stop],
            _ => Vec::new(),
        };
        self.step = Step::Working;
        if first && self.note.held {
            actions.push(Action::Say(FilmWord::Hold {}));
        }
        actions
    }

    fn made(&mut self, made: FilmMade) -> Vec<Action> {
        let most = self
            .note
            .bytes
            .saturating_mul(GROWTH.0)
            .saturating_add(GROWTH.1);
        if made.bytes > most {
            let why = format!("it would have {} bytes", made.bytes);
            return self.end(End::NoResult(why));
        }
        let mut actions = match self.step {
            Step::Sending => vec![Action::Stop],
            _ => Vec::new(),
        };
        self.note.taken = true;
        self.note.made = Some(Made {
            bytes: made.bytes,
            digest: made.digest,
            frames: made.frames,
        });
        self.waits.clear();
        self.step = Step::Ready;
        actions.extend(self.fetch());
        actions
    }

    /// Brings the result, if it is there and wanted.
    fn fetch(&mut self) -> Vec<Action> {
        let ready = self.step == Step::Ready && self.linked;
        let Some(made) = self
            .note
            .made
            .filter(|_| ready && self.note.wanted && !self.note.held)
        else {
            return Vec::new();
        };
        self.step = Step::Fetching;
        vec![Action::Fetch(made)]
    }

    fn declined(&mut self, reason: FilmRefusal) -> Vec<Action> {
        if reason == FilmRefusal::Busy {
            self.waits = "it has as many films as it takes at once".to_owned();
            return Vec::new();
        }
        // Nothing is kept of it there.
        self.note.offered = false;
        self.end(End::Declined(reason))
    }

    fn sent(&mut self, ended: Result<(), Fault>) -> Vec<Action> {
        if self.step != Step::Sending {
            return Vec::new();
        }
        match ended {
            Ok(()) => {
                self.failures = 0;
                self.step = Step::Working;
                Vec::new()
            }
            Err(Fault::Source(why)) => self.end(End::Source(why)),
            Err(Fault::Link | Fault::Store(_) | Fault::Mismatch) => self.failed(Step::Waiting),
        }
    }

    fn fetched(&mut self, ended: Result<(), Fault>) -> Vec<Action> {
        if self.step != Step::Fetching {
            return Vec::new();
        }
        match ended {
            Ok(()) => {
                self.note.here = true;
                self.step = Step::Checking;
                vec![Action::Check]
            }
            Err(Fault::Store(why)) => {
                self.waits = why;
                self.step = Step::Ready;
                Vec::new()
            }
            Err(Fault::Link | Fault::Source(_) | Fault::Mismatch) => self.failed(Step::Ready),
        }
    }

    /// A transfer ended badly: again later, but not for ever.
    fn failed(&mut self, step: Step) -> Vec<Action> {
        self.step = step;
        self.failures += u32::from(self.linked);
        if self.failures >= MOST_FAILURES {
            return self.end(End::GaveUp);
        }
        Vec::new()
    }

    fn cancel(&mut self) -> Vec<Action> {
        match (self.is_open(), self.note.last) {
            (true, _) => self.end(End::Cancelled),
            // What was kept to be tried again is not.
            (false, None) => self.over(Last::Cancel, None),
            (false, Some(_)) => Vec::new(),
        }
    }

    /// It could not be put in its place; it stays where it is until somebody tries again, or gives it up.
    fn kept(&mut self) -> Vec<Action> {
        self.step = Step::Over;
        Vec::new()
    }

    fn again(&mut self) -> Vec<Action> {
        if !self.note.here || self.note.last.is_some() {
            return Vec::new();
        }
        self.step = Step::Checking;
        vec![Action::Check]
    }

    fn hold(&mut self) -> Vec<Action> {
        self.note.held = true;
        let works = self.step == Step::Working && self.linked;
        let mut actions = self.rest_for(Step::Ready);
        if works {
            actions.push(Action::Say(FilmWord::Hold {}));
        }
        actions
    }

    /// Ends what travels, and stays connected.
    fn rest_for(&mut self, fetched: Step) -> Vec<Action> {
        let to = match self.step {
            Step::Sending => Step::Waiting,
            Step::Fetching => fetched,
            _ => return Vec::new(),
        };
        self.step = to;
        vec![Action::Stop]
    }

    fn go_on(&mut self) -> Vec<Action> {
        self.note.held = false;
        if !self.linked {
            return Vec::new();
        }
        match self.step {
            Step::Ready => self.fetch(),
            Step::Waiting | Step::Working => {
                let mut actions = vec![Action::Say(FilmWord::GoOn {})];
                actions.extend(self.offer());
                self.step = Step::Waiting;
                actions
            }
            Step::Sending | Step::Fetching | Step::Checking | Step::Over => Vec::new(),
        }
    }

    fn unpaired(&mut self) -> Vec<Action> {
        if !self.is_open() {
            return vec![Action::Forget];
        }
        if self.step == Step::Checking {
            return Vec::new();
        }
        self.step = Step::Over;
        vec![Action::Stop, Action::End(End::Unpaired), Action::Forget]
    }

    fn tick(&mut self) -> Vec<Action> {
        match self.step {
            _ if !self.linked => Vec::new(),
            Step::Waiting if !self.note.held => self.offer(),
            Step::Ready => self.fetch(),
            Step::Over => self.last_word(),
            _ => Vec::new(),
        }
    }

    /// It ends here, without a result in its place.
    fn end(&mut self, end: End) -> Vec<Action> {
        let gone = matches!(end, End::There(..) | End::Declined(_)) || !self.note.offered;
        let mut actions = vec![Action::Stop];
        if gone {
            self.step = Step::Over;
            actions.extend([Action::End(end), Action::Forget]);
            return actions;
        }
        actions.extend(self.over(Last::Cancel, Some(end)));
        actions
    }

    /// Nothing more is wanted of it, which its owner is told.
    fn over(&mut self, last: Last, end: Option<End>) -> Vec<Action> {
        self.step = Step::Over;
        self.note.last = Some(last);
        let end = end.map(Action::End);
        end.into_iter().chain(self.last_word()).collect()
    }
}

#[cfg(test)]
mod tests;
