//! The words about films that are sent whole: a job that its sender gives away altogether, to those who said `films`
//! ([`super::EXTRAS`]).
//!
//! The sender names a film once and for all, and says its offer again on each new link; the owner answers where it
//! stands. So neither has to remember what the other has heard.

use media::choice::Choice;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{BlobId, Digest};
use crate::text::Text;

/// The largest film that is offered to anybody, bytes.
pub const MAX_FILM: u64 = 1 << 39;

/// The fastest work that anybody may claim, frames a second.
const MAX_FPS: f32 = 1_000_000.0;

/// What is said of a film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FilmWord {
    /// Sender: own this job; or, on a new link: where is it?
    Offer(Box<FilmOffer>),
    /// Sender: give the result by this name. It is told before what it comes to.
    Take {
        /// What the owner calls its result.
        result: BlobId,
    },
    /// Sender: hold it.
    Hold {},
    /// Sender: go on with it.
    GoOn {},
    /// Sender: stop and forget it. Answered by `over`.
    Cancel {},
    /// Sender: the result is safe; everything of this film may go. Answered by `over`.
    Collected {},
    /// Owner: not now, or not here. Nothing is kept of it.
    Declined {
        /// Why not.
        reason: FilmRefusal,
    },
    /// Owner: it takes the film, and waits for the source that was offered.
    Wanted {},
    /// Owner: how far it is, a few times a second at most.
    Stands(FilmStand),
    /// Owner: the result is ready to be taken.
    Made(FilmMade),
    /// Owner: it came to nothing, and nothing is kept of it but how.
    Ended {
        /// What kind of end.
        reason: FilmEnd,
        /// For a person.
        detail: Text<2048>,
    },
    /// Owner: there is nothing of this film here, or no more.
    Over {},
}

/// A film, and what is to be made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilmOffer {
    /// What its sender's user calls it: to be shown, and for nothing else.
    pub name: Text<255>,
    /// Its size, 1 to [`MAX_FILM`].
    pub bytes: u64,
    /// What is to be made of it. Whatever is lost by that was agreed to.
    pub choice: Choice,
    /// What the sender calls its source on this link.
    pub source: BlobId,
    /// The owner has said before that it takes it: where it knows nothing of it any more, it says so.
    pub again: bool,
}

/// How far a film is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilmStand {
    /// What is being done.
    pub step: FilmStep,
    /// 0 to 1000: how much of the job is done.
    #[serde(deserialize_with = "read_permille")]
    pub permille: u16,
    /// Frames that are encoded and verified.
    pub frames: u64,
    /// Of so many, once they are counted.
    pub of: Option<u64>,
    /// Frames a second, all computers together; 0 while not known.
    #[serde(serialize_with = "write_fps", deserialize_with = "read_fps")]
    pub fps: f32,
    /// Milliseconds to go, once there is ground to say so.
    pub eta_ms: Option<u64>,
}

/// What is done with a film at its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilmStep {
    /// It waits behind others.
    Queued,
    /// It is encoded.
    Processing,
    /// It is held.
    Paused,
    /// It is joined and proved.
    Combining,
}

/// A result that is ready. Evidence, checked by who sent the film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilmMade {
    /// Of the result.
    pub bytes: u64,
    /// Of the result.
    pub digest: Digest,
    /// In the result.
    pub frames: u64,
}

/// Why a film was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilmRefusal {
    /// It does not help, or not this computer.
    NotDonating,
    /// Its user takes no whole films.
    NotTaken,
    /// It has as many films of this computer, or of all, as it takes at once.
    Busy,
    /// Not enough disk for it and its result.
    NoSpace,
    /// It is larger than what is taken from anybody.
    TooLarge,
}

/// Why a film that was taken came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilmEnd {
    /// The film did not arrive as it was offered.
    SourceLost,
    /// It cannot be worked on as was asked.
    Unusable,
    /// The work failed.
    Failed,
    /// The disk is full.
    NoSpace,
    /// A person there cancelled it.
    Cancelled,
    /// It may no longer work for this computer.
    Withdrawn,
    /// Nobody came for it in the time that it is kept.
    Expired,
    /// It was taken once, and nothing of it is there any more.
    Forgotten,
}

impl FilmWord {
    /// Whether the parts of it make sense together.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Offer(offer) => offer.is_sound(),
            Self::Made(made) => made.bytes > 0 && made.frames > 0,
            _ => true,
        }
    }
}

impl FilmOffer {
    /// Within the bounds: its size, and every number of what is wanted.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let kbps = self.choice.audio_kbps;
        (1..=MAX_FILM).contains(&self.bytes)
            && self.choice.quality().is_some()
            && kbps.is_none_or(|kbps| (16..=640).contains(&kbps))
    }
}

fn read_permille<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let permille = u16::deserialize(deserializer)?;
    if permille <= 1000 {
        return Ok(permille);
    }
    Err(serde::de::Error::custom("a share is 0 to 1000"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn write_fps<S: Serializer>(fps: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    let known = if fps.is_finite() {
        fps.clamp(0.0, MAX_FPS)
    } else {
        0.0
    };
    serializer.serialize_f32(known)
}

fn read_fps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    let fps = f32::deserialize(deserializer)?;
    if (0.0..=MAX_FPS).contains(&fps) {
        return Ok(fps);
    }
    Err(serde::de::Error::custom(
        "a speed is 0 to a million frames a second",
    ))
}
