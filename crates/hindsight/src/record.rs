//! What was written down while a job was worked on.

use serde::{Deserialize, Serialize};

use crate::Peer;

/// All there is of one job. Times are milliseconds of one clock, since any moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The computer that owns the job: nothing travels to it.
    pub me: Peer,
    /// What the job itself did; phases overlap.
    pub phases: Vec<Phase>,
    /// What each computer was given, in any order.
    pub stints: Vec<Stint>,
    /// What computers had in hand of other jobs meanwhile, in any order.
    pub others: Vec<OtherWork>,
    /// When computers were not there, or rested.
    pub absences: Vec<Absence>,
    /// Now, or when the job ended: what has no end lasts until then.
    pub until: i64,
}

/// Something that a job did or waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What.
    pub kind: PhaseKind,
    /// From then.
    pub began: i64,
    /// Until then; `None`: it goes on.
    pub ended: Option<i64>,
}

/// What a job does or waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// Its film is looked at.
    Probe,
    /// Its film is read for places to cut; beside encoding.
    Plan,
    /// Its sound and all else that travels beside the picture is made ready; beside encoding.
    Sound,
    /// It waits for its turn.
    Queued,
    /// It waits for other computers.
    Gathering,
    /// Encoders are measured.
    Measuring,
    /// Its parts are encoded.
    Encoding,
    /// It is held.
    Held,
    /// The node did not run.
    Stopped,
    /// Its parts are joined.
    Joining,
    /// The joined film is proved.
    Proving,
    /// The film is put in its place.
    Placing,
}

impl PhaseKind {
    /// Every one of them.
    pub const ALL: [Self; 12] = [
        Self::Probe,
        Self::Plan,
        Self::Sound,
        Self::Queued,
        Self::Gathering,
        Self::Measuring,
        Self::Encoding,
        Self::Held,
        Self::Stopped,
        Self::Joining,
        Self::Proving,
        Self::Placing,
    ];

    /// Its word, as it is stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Plan => "plan",
            Self::Sound => "sound",
            Self::Queued => "queued",
            Self::Gathering => "gathering",
            Self::Measuring => "measuring",
            Self::Encoding => "encoding",
            Self::Held => "held",
            Self::Stopped => "stopped",
            Self::Joining => "joining",
            Self::Proving => "proving",
            Self::Placing => "placing",
        }
    }

    /// Of its word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether time passes without anybody being able to work: it is in no share.
    #[must_use]
    pub fn is_pause(self) -> bool {
        matches!(self, Self::Held | Self::Stopped)
    }
}

/// One part of the film in the hands of one computer, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stint {
    /// The lease's number, never used twice.
    pub lease: u64,
    /// Which part.
    pub segment: u32,
    /// Its frames.
    pub frames: u64,
    /// Which try of it.
    pub attempt: u32,
    /// By whom.
    pub peer: Peer,
    /// Beside another computer that was slow with it.
    pub hedge: bool,
    /// When it was given out.
    pub given: i64,
    /// When its source was there.
    pub delivered: Option<i64>,
    /// When its encoder began.
    pub began: Option<i64>,
    /// When its encoder was through.
    pub encoded: Option<i64>,
    /// When the computer's own check of it was through, and the way back began.
    pub finished: Option<i64>,
    /// When the result was back.
    pub returned: Option<i64>,
    /// When it was over.
    pub ended: Option<i64>,
    /// How it ended; `None`: it goes on.
    pub fate: Option<Fate>,
    /// Bytes of the source that travelled, where that is known.
    pub sent: u64,
    /// Bytes of the result that travelled.
    pub received: u64,
}

/// How a stint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// With a result that is as the plan expects.
    Verified,
    /// With none, or with none that could be used.
    Lost,
    /// It was taken back.
    Withdrawn,
    /// Another computer was quicker with the same part.
    Outrun,
    /// The node stopped.
    Stopped,
}

impl Fate {
    /// Every one of them.
    pub const ALL: [Self; 5] = [
        Self::Verified,
        Self::Lost,
        Self::Withdrawn,
        Self::Outrun,
        Self::Stopped,
    ];

    /// Its word, as it is stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Lost => "lost",
            Self::Withdrawn => "withdrawn",
            Self::Outrun => "outrun",
            Self::Stopped => "stopped",
        }
    }

    /// Of its word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.word() == word)
    }
}

/// A computer that had a part of another job in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherWork {
    /// Which.
    pub peer: Peer,
    /// Of which job: its number.
    pub job: u64,
    /// From then.
    pub began: i64,
    /// Until then; `None`: it goes on.
    pub ended: Option<i64>,
}

impl OtherWork {
    /// As few as there can be: what of one computer and one job touches is one. By computer, job and time.
    #[must_use]
    pub fn merged(mut all: Vec<Self>) -> Vec<Self> {
        all.sort_unstable_by_key(|one| (one.peer, one.job, one.began));
        let mut merged: Vec<Self> = Vec::with_capacity(all.len());
        for one in all {
            let goes_on = |last: &&mut Self| {
                (last.peer, last.job) == (one.peer, one.job)
                    && last.ended.is_none_or(|ended| one.began <= ended)
            };
            match merged.last_mut().filter(goes_on) {
                Some(last) => {
                    last.ended = last.ended.zip(one.ended).map(|(a, b)| a.max(b));
                }
                None => merged.push(one),
            }
        }
        merged
    }

    /// As far as the record goes.
    pub(crate) fn stretch(&self, until: i64) -> Stretch {
        (self.began, self.ended.unwrap_or(until).max(self.began))
    }
}

/// A computer that was not there, or took nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Which.
    pub peer: Peer,
    /// From then.
    pub began: i64,
    /// Until then; `None`: it goes on.
    pub ended: Option<i64>,
    /// What it had begun stood still at first.
    pub still: bool,
}

/// So long what a computer has begun stands still at the most, ms: then it goes on, or is given back.
const STILL: i64 = 60_000;

impl Absence {
    /// As far as the record goes.
    pub(crate) fn stretch(&self, until: i64) -> Stretch {
        (self.began, self.ended.unwrap_or(until).max(self.began))
    }

    /// That of it in which an encoder stood still that is said to have been at work.
    pub(crate) fn stands_still(&self, until: i64) -> Option<Stretch> {
        let (from, to) = self.stretch(until);
        self.still
            .then(|| (from, to.min(from.saturating_add(STILL))))
    }
}

/// A stretch of time, `from <= to`.
pub(crate) type Stretch = (i64, i64);

impl Stint {
    /// When it was over, as far as the record goes.
    pub(crate) fn end(&self, until: i64) -> i64 {
        self.ended.unwrap_or(until).max(self.given)
    }

    /// Its source on the way. Here there is nothing on the way.
    pub(crate) fn travels(&self, until: i64) -> Stretch {
        let to = self.delivered.or(self.began).unwrap_or(self.end(until));
        stretch(self.given, to, self.end(until))
    }

    /// Its source there, and its encoder not at work yet.
    pub(crate) fn waits(&self, until: i64) -> Option<Stretch> {
        let to = self.began.or(self.encoded).unwrap_or(self.end(until));
        Some(stretch(self.delivered?, to, self.end(until)))
    }

    /// Its encoder at work; `None`: it never was.
    pub(crate) fn encodes(&self, until: i64) -> Option<Stretch> {
        let began = self.began?;
        let to = self.encoded.unwrap_or(self.end(until));
        Some(stretch(began, to, self.end(until)))
    }

    /// Its computer checking the result.
    pub(crate) fn checks(&self, until: i64) -> Option<Stretch> {
        let encoded = self.encoded?;
        Some(stretch(encoded, self.finished?, self.end(until)))
    }

    /// Its result on the way back.
    pub(crate) fn returns(&self, until: i64) -> Option<Stretch> {
        let finished = self.finished.or(self.encoded)?;
        let to = self.returned.unwrap_or(self.end(until));
        Some(stretch(finished, to, self.end(until)))
    }

    /// When the computer had nothing more to do with it.
    pub(crate) fn free(&self, until: i64) -> i64 {
        self.returned.unwrap_or(self.end(until))
    }
}

/// From `from` to `to`, neither beyond `end`, and never backwards.
pub(crate) fn stretch(from: i64, to: i64, end: i64) -> Stretch {
    let from = from.min(end);
    (from, to.clamp(from, end))
}
