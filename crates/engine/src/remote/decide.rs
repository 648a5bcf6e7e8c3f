//! What the sender of a whole film does next: decided here, done in [`crate::remote`].
//!
//! Pure. What has to survive a restart is the [`Note`]; the rest is found again when the two computers meet.

use media::choice::Choice;
use peer::{FilmEnd, FilmId, FilmMade, FilmRefusal, FilmStand, FilmWord};
use schedule::PeerId;
use serde::{Deserialize, Serialize};

/// A result may be so many times its source, and so many bytes more: beyond that it is no encode of it.
const GROWTH: (u64, u64) = (8, 256 << 20);
/// A film that could not be sent so often, with nothing of it coming across, is given up. A result is not: see [`SELDOM`].
const MOST_FAILURES: u32 = 8;
/// After so many failures a result is tried again by itself only after so many ticks: about an hour.
const SELDOM: u32 = 180;

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
    /// The owner has all of it.
    #[serde(default)]
    pub arrived: bool,
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

impl Note {
    /// Whether the result is here, and has neither its place nor been given up.
    pub fn is_here(&self) -> bool {
        self.here && self.last.is_none()
    }
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
    /// Transfers that ended badly since the last good word, or the last byte that came across.
    pub failures: u32,
    /// Ticks until a result is tried again that did not come across time and again.
    pub rests: u32,
    /// Whether it is held, as its owner was told on this link.
    pub told: Option<bool>,
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
    /// The owner is not to be asked for anything any more.
    Withdrawn,
    /// Some time went by.
    Tick,
}

/// Why a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ended: when the two meet again it goes on.
    Link,
    /// It broke while the two were connected; whether something came across before.
    Broke { moved: bool },
    /// The film here is not what it was.
    Changed,
    /// The film here cannot be read now, and why; whether something came across before.
    Unread { why: String, moved: bool },
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
    /// The film is not what it was; or it could not be read time and again, and why.
    Source(String),
    /// What is said of the result, or what came, is no result of this film.
    NoResult(String),
    /// It could not be sent, time and again.
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
            rests: 0,
            told: None,
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
                self.rests = 0;
                self.fetch()
            }
            // It is here, and needs nobody any more.
            Event::Unpaired | Event::Withdrawn if self.note.is_here() => Vec::new(),
            Event::Unpaired => self.unpaired(),
            Event::Withdrawn => self.cancel(),
            Event::Tick => self.tick(),
        }
    }

    fn met(&mut self, knows: bool) -> Vec<Action> {
        (self.linked, self.told) = (true, None);
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
        (self.linked, self.told, self.rests) = (false, None, 0);
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
            (
                FilmWord::Ended {
                    reason: FilmEnd::Expired | FilmEnd::Forgotten,
                    ..
                },
                Step::Waiting | Step::Sending,
            ) if self.note.taken && !self.note.arrived => self.begin_anew(),
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
        let mut actions: Vec<Action> = self.tell_held().into_iter().collect();
        if !self.note.held {
            self.step = Step::Sending;
            actions.push(Action::Send);
        }
        actions
    }

    /// Says whether it is held, where its owner has not heard that on this link: it may have been held or let go on while
    /// nobody was there to be told.
    fn tell_held(&mut self) -> Option<Action> {
        let held = self.note.held;
        if self.told.replace(held) == Some(held) {
            return None;
        }
        Some(Action::Say(if held {
            FilmWord::Hold {}
        } else {
            FilmWord::GoOn {}
        }))
    }

    /// What had come of it is kept no more: with the next tick it is offered as one that nobody has heard of.
    fn begin_anew(&mut self) -> Vec<Action> {
        self.note.taken = false;
        self.step = Step::Waiting;
        if self.count_failure(false) {
            return self.end(End::GaveUp);
        }
        vec![Action::Stop]
    }

    fn stands(&mut self, stand: FilmStand) -> Vec<Action> {
        (self.note.taken, self.note.arrived, self.failures) = (true, true, 0);
        self.waits.clear();
        self.stand = Some(stand);
        // What was being sent is all there.
        let mut actions = match self.step {
            Step::Sending | Step::Fetching => vec![Action::Stop],
            _ => Vec::new(),
        };
        self.step = Step::Working;
        actions.extend(self.tell_held());
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
        (self.note.taken, self.note.arrived) = (true, true);
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
        self.waits.clear();
        self.step = Step::Fetching;
        vec![Action::Fetch(made)]
    }

    fn declined(&mut self, reason: FilmRefusal) -> Vec<Action> {
        if reason == FilmRefusal::Busy {
            self.waits =
                "it has as many films as it takes at once, with the results that wait there"
                    .to_owned();
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
                (self.note.arrived, self.failures) = (true, 0);
                self.step = Step::Working;
                Vec::new()
            }
            Err(Fault::Changed) => self.end(End::Source(String::new())),
            Err(Fault::Unread { why, moved }) => self.not_read(why, moved),
            Err(Fault::Link) => {
                self.step = Step::Waiting;
                Vec::new()
            }
            Err(Fault::Broke { moved }) => self.not_sent(moved),
            Err(Fault::Store(_) | Fault::Mismatch) => self.not_sent(false),
        }
    }

    /// It could not be sent: again later, but not for ever.
    fn not_sent(&mut self, moved: bool) -> Vec<Action> {
        self.step = Step::Waiting;
        if self.count_failure(moved) {
            return self.end(End::GaveUp);
        }
        Vec::new()
    }

    /// It could not be read. Its drive may be there again before that was too often: until then its owner keeps what it has.
    fn not_read(&mut self, why: String, moved: bool) -> Vec<Action> {
        self.step = Step::Waiting;
        if self.count_failure(moved) {
            return self.end(End::Source(why));
        }
        self.waits = format!("the film cannot be read here now ({why})");
        Vec::new()
    }

    /// Counts a transfer that ended badly: whether that is too often.
    fn count_failure(&mut self, moved: bool) -> bool {
        self.failures = if moved {
            0
        } else {
            self.failures.saturating_add(u32::from(self.linked))
        };
        self.failures >= MOST_FAILURES
    }

    fn fetched(&mut self, ended: Result<(), Fault>) -> Vec<Action> {
        if self.step != Step::Fetching {
            return Vec::new();
        }
        match ended {
            Ok(()) => {
                self.note.here = true;
                self.step = Step::Checking;
                return vec![Action::Check];
            }
            Err(Fault::Store(why)) => self.waits = why,
            Err(Fault::Link) => {}
            Err(Fault::Broke { moved }) => self.not_brought(moved),
            Err(Fault::Changed | Fault::Unread { .. } | Fault::Mismatch) => self.not_brought(false),
        }
        self.step = Step::Ready;
        Vec::new()
    }

    /// A result did not come across. It is made, and stays where it is: it is tried again, if need be seldom.
    fn not_brought(&mut self, moved: bool) {
        if self.count_failure(moved) {
            self.rests = SELDOM;
            self.waits = "it did not come across, time and again; it is tried once an hour, and at once by `manyhands fetch`".to_owned();
        }
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
        if !self.note.is_here() {
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
            self.told = Some(true);
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
            Step::Ready => {
                self.rests = 0;
                self.fetch()
            }
            Step::Waiting | Step::Working => {
                self.told = Some(false);
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
        self.step = Step::Over;
        vec![Action::Stop, Action::End(End::Unpaired), Action::Forget]
    }

    fn tick(&mut self) -> Vec<Action> {
        match self.step {
            _ if !self.linked => Vec::new(),
            Step::Waiting if !self.note.held => self.offer(),
            Step::Ready if self.rests > 0 => {
                self.rests -= 1;
                Vec::new()
            }
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
