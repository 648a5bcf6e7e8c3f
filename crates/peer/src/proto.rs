//! Protocol 1's words: what two computers say to each other, and nothing about how.
//!
//! Pure. Everything here is decoded from a stranger's or a friend's bytes, so every string and
//! list has a bound, unknown fields are refused, and no string is ever meant for a command line.

use std::collections::BTreeSet;
use std::fmt;

use media::filter::Skill;
use media::{Encoder, SegmentSpec};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{BlobId, Digest, FilmId, Half, Session, TaskId};
use crate::rights::Rights;
use crate::text::{Text, at_most};

pub mod films;
mod shared;

use films::FilmWord;
pub use shared::{BLOCK, MAX_PLACES, MAX_TRAIL, OwnReading, Shared};

/// The protocol this crate speaks. Two different numbers do not work together.
pub const PROTOCOL: u32 = 1;

/// A link's longest message, in bytes.
pub const MAX_MESSAGE: usize = 64 << 10;

/// The longest body of a request that is not a blob's, in bytes.
pub const MAX_BODY: usize = 8 << 10;

/// The most encoders one computer offers.
pub const MAX_ENCODERS: usize = 64;

/// The most tasks that one computer keeps for another that is away.
pub const MAX_HELD: usize = 64;

/// What a computer calls itself.
pub type Name = Text<64>;

/// One message of a link, as JSON text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// The first message, once, from both sides.
    Hello(Hello),
    /// What the sender is and can do: once after the hello, and whenever it changes.
    About(About),
    /// Still here. Every ten seconds.
    Beat {},
    /// How busy the sender is: every few seconds, to those who said that they understand it ([`EXTRAS`]).
    Load(Load),
    /// What the two may ask of each other, as the sender has it: once after the about, and whenever it changes, to
    /// those who said that they understand it ([`EXTRAS`]).
    Rights(Rights),
    /// Owner to donor: encode this.
    Task {
        /// The name of this offer in every later message.
        task: TaskId,
        /// What to make of it.
        spec: Box<SegmentSpec>,
        /// The segment's packets.
        source: BlobId,
        /// The most bytes `source` may have.
        source_ceiling: u64,
        /// What the donor calls its result.
        result: BlobId,
        /// The most bytes the owner takes of `result`.
        result_ceiling: u64,
        /// How the donor reads `source` by itself out of a film that it found. Only to those who said that they
        /// understand it ([`EXTRAS`]) and have found it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reads: Option<OwnReading>,
    },
    /// Donor: it takes the task and is ready for its source.
    Accepted {
        /// Which.
        task: TaskId,
    },
    /// Donor: not now, or not here. Nobody's fault.
    Declined {
        /// Which.
        task: TaskId,
        /// Why not.
        reason: DeclineReason,
    },
    /// About films on storage that both see, to those who said that they understand it ([`EXTRAS`]).
    Shared(Shared),
    /// Owner: the whole source has been sent, or is to be what the donor reads by itself; and this is its digest.
    SourceReady {
        /// Which.
        task: TaskId,
        /// Of the whole source.
        digest: Digest,
    },
    /// Donor: how far it is.
    Progress {
        /// Which.
        task: TaskId,
        /// Encoded so far.
        frames: u64,
    },
    /// Donor: the result is ready to be taken.
    Finished {
        /// Which.
        task: TaskId,
        /// What it measured.
        report: TaskReport,
    },
    /// Donor: it tried and could not.
    Failed {
        /// Which.
        task: TaskId,
        /// What kind of failure.
        reason: FailReason,
        /// For a person.
        detail: Text<2048>,
    },
    /// Donor, once at the beginning of a link: it still has these tasks of the receiver from before, done or under way,
    /// to those who said that they understand it ([`EXTRAS`]). A [`Message::Task`] of that name and the same order takes
    /// one up again; what came of its source is not asked for again.
    Holding {
        /// Which.
        #[serde(deserialize_with = "at_most::<_, _, MAX_HELD>")]
        tasks: Vec<TaskId>,
    },
    /// Owner: stop and forget it. Never answered.
    Cancel {
        /// Which.
        task: TaskId,
    },
    /// Owner: the result is safe here; the donor may delete everything of this task.
    Collected {
        /// Which.
        task: TaskId,
    },
    /// Both: of a film that is sent whole, to those who said that they understand it ([`EXTRAS`]).
    Film {
        /// Which, as its sender has named it for good.
        film: FilmId,
        /// What there is to say of it.
        says: FilmWord,
    },
    /// The sender has forgotten the receiver. The link ends.
    Unpaired {},
}

/// What this build understands beyond the first build of [`PROTOCOL`], in words that both sides say in a header when
/// they open a link. What the other has not said is not sent to it.
pub(crate) const EXTRAS: &str = "load,rights,holding,rests,heat,filters,shared,films";

/// Which of it the other side understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    /// [`Message::Load`].
    pub(crate) load: bool,
    /// [`Message::Rights`].
    pub(crate) rights: bool,
    /// [`Message::Holding`].
    pub(crate) holding: bool,
    /// Every [`PauseReason`].
    pub(crate) rests: bool,
    /// [`Load::celsius`].
    pub(crate) heat: bool,
    /// [`About::filters`].
    pub(crate) filters: bool,
    /// [`Message::Shared`], and tasks whose source is read by the donor.
    pub(crate) shared: bool,
    /// [`Message::Film`].
    pub(crate) films: bool,
}

impl Extras {
    /// Of the header's value. Words that are not known here are passed over.
    pub(crate) fn said(said: Option<&str>) -> Self {
        let has =
            |wanted| said.is_some_and(|said| said.split(',').any(|word| word.trim() == wanted));
        Self {
            load: has("load"),
            rights: has("rights"),
            holding: has("holding"),
            rests: has("rests"),
            heat: has("heat"),
            filters: has("filters"),
            shared: has("shared"),
            films: has("films"),
        }
    }
}

/// How busy a computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Of all its processors together, 0 to 100 percent.
    #[serde(deserialize_with = "read_percent")]
    pub cpu_percent: u8,
    /// Memory in use, in MiB.
    pub memory_used_mb: u64,
    /// How hot its processor is, degrees Celsius from -50 to 150; `None` where it does not tell. Only to those who said that
    /// they understand it ([`EXTRAS`]).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_celsius"
    )]
    pub celsius: Option<i16>,
}

fn read_percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let percent = u8::deserialize(deserializer)?;
    if percent <= 100 {
        return Ok(percent);
    }
    Err(serde::de::Error::custom("a share is 0 to 100 percent"))
}

/// The coldest and the hottest that a processor is taken to be, degrees Celsius.
pub const HEAT: std::ops::RangeInclusive<i16> = -50..=150;

fn read_celsius<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i16>, D::Error> {
    let celsius = Option::<i16>::deserialize(deserializer)?;
    if celsius.is_none_or(|celsius| HEAT.contains(&celsius)) {
        return Ok(celsius);
    }
    Err(serde::de::Error::custom(
        "a processor is -50 to 150 degrees hot",
    ))
}

/// How a link begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`PROTOCOL`] of the sender.
    pub protocol: u32,
    /// What the sender calls itself.
    pub name: Name,
    /// This run of the sender.
    pub session: Session,
    /// Where the sender listens, so that whoever was dialled knows how to dial back.
    pub port: u16,
}

/// What a computer tells the ones it is paired with about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it calls itself.
    pub name: Name,
    /// Whether it takes tasks.
    pub donating: bool,
    /// As the system names it.
    pub cpu_model: Text<96>,
    /// Threads that run at once.
    pub cores: u16,
    /// Memory, in MiB.
    pub memory_mb: u64,
    /// What worked when it was tried, with its measured speed; each encoder once.
    #[serde(deserialize_with = "read_encoders")]
    pub encoders: Vec<EncoderOffer>,
    /// Whether it is encoding for somebody.
    pub busy: bool,
    /// Why it takes no tasks just now, though donating.
    pub paused: Option<PauseReason>,
    /// ffmpeg's version.
    pub ffmpeg: Text<96>,
    /// What it can do to a picture before it is encoded. Only to those who said that they understand it ([`EXTRAS`]);
    /// others are not given such tasks, nor give them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub filters: Skill,
    /// It takes whole films of the receiver. Only to those who said that they understand it ([`EXTRAS`]).
    #[serde(default, skip_serializing_if = "is_not")]
    pub films: bool,
}

/// Of an encoder that is named twice, the first counts.
fn read_encoders<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<EncoderOffer>, D::Error> {
    let mut offers: Vec<EncoderOffer> = at_most::<_, _, MAX_ENCODERS>(deserializer)?;
    let mut named = BTreeSet::new();
    offers.retain(|offer| named.insert(offer.encoder));
    Ok(offers)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_not(said: &bool) -> bool {
    !*said
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_none(skill: &Skill) -> bool {
    *skill == Skill::None
}

/// One encoder that a computer proved it has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderOffer {
    /// Which.
    pub encoder: Encoder,
    /// Whether it also worked with 10-bit pictures.
    pub ten_bit: bool,
    /// Frames a second of 1920×1080, all seats together; 0 if not measured yet.
    #[serde(serialize_with = "write_speed", deserialize_with = "read_speed")]
    pub fps_1080p: f32,
    /// Segments at once that are fastest here, from 1.
    pub seats: u8,
}

/// The fastest speed anybody may claim, in frames a second.
const MAX_FPS: f32 = 100_000.0;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn write_speed<S: Serializer>(fps: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    let known = if fps.is_finite() {
        fps.clamp(0.0, MAX_FPS)
    } else {
        0.0
    };
    serializer.serialize_f32(known)
}

fn read_speed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    let fps = f32::deserialize(deserializer)?;
    if (0.0..=MAX_FPS).contains(&fps) {
        return Ok(fps);
    }
    Err(serde::de::Error::custom(
        "a speed is 0 to 100000 frames a second",
    ))
}

/// Why a donor rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// Somebody pressed pause.
    ByHand,
    /// It runs on its battery.
    OnBattery,
    /// Somebody is using it.
    InUse,
    /// It works on videos of its own.
    OwnWork,
    /// Its disk is nearly full.
    LowDisk,
    /// It is measuring its encoders.
    Measuring,
    /// Its hours have not come.
    Schedule,
    /// Its system saves power. Only to those who said that they understand it ([`EXTRAS`]), like the next.
    PowerSaver,
    /// Its own programs need it.
    OtherLoad,
}

impl PauseReason {
    /// The nearest one that the first build of [`PROTOCOL`] knew.
    pub(crate) fn plain(self) -> Self {
        match self {
            Self::PowerSaver => Self::OnBattery,
            Self::OtherLoad => Self::InUse,
            known => known,
        }
    }
}

/// Why a task was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// Donating is off.
    NotDonating,
    /// Every seat is taken.
    Busy,
    /// Paused; its `About` says why.
    Paused,
    /// Not enough disk for the ceilings.
    NoSpace,
    /// It does not have that encoder, or not for that picture.
    CannotEncode,
    /// The ceilings are beyond what it accepts from anybody.
    TooLarge,
    /// It is going away.
    Stopping,
}

/// Why a task that was taken came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailReason {
    /// The source did not arrive.
    SourceLost,
    /// ffmpeg could not read the source.
    SourceUnreadable,
    /// ffmpeg could not encode.
    Encode,
    /// The result did not decode to what was encoded.
    SelfCheck,
    /// The result outgrew its ceiling.
    TooLarge,
    /// The disk is full.
    NoSpace,
    /// The donor stopped: switched off, paused at once, or shut down.
    Stopped,
    /// Something else.
    Other,
}

/// What a donor says of a result it has ready. Evidence, checked by the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskReport {
    /// Of the result.
    pub bytes: u64,
    /// Of the result.
    pub digest: Digest,
    /// That the encoder was given.
    pub frames: u64,
    /// That the donor decoded from its own result.
    pub decoded_frames: u64,
    /// Over those frames' pictures.
    pub decoded_digest: Digest,
    /// Time from the source's arrival to the end of encoding, in milliseconds.
    pub encode_ms: u64,
    /// Time of the donor's own decode, in milliseconds.
    pub decode_ms: u64,
    /// What the encoder calls itself, such as `x265 4.1`.
    pub encoder_version: Text<128>,
    /// The ffmpeg that ran it.
    pub ffmpeg: Text<96>,
}

impl Message {
    /// As one text message, at most [`MAX_MESSAGE`] bytes.
    ///
    /// # Errors
    /// [`WireError`] if it is longer than a receiver takes.
    pub fn encode(&self) -> Result<String, WireError> {
        let text = serde_json::to_string(self).map_err(|e| WireError(e.to_string()))?;
        if text.len() > MAX_MESSAGE {
            return Err(WireError(format!("a message of {} bytes", text.len())));
        }
        Ok(text)
    }

    /// Reads one text message.
    ///
    /// # Errors
    /// [`WireError`] for anything that is not exactly a message of this protocol.
    pub fn decode(text: &str) -> Result<Self, WireError> {
        if text.len() > MAX_MESSAGE {
            return Err(WireError(format!("a message of {} bytes", text.len())));
        }
        let message = serde_json::from_str(text).map_err(|e| WireError(e.to_string()))?;
        match &message {
            Self::Task { spec, .. } if !spec.is_sound() => Err(WireError(
                "a task whose parts contradict each other".to_owned(),
            )),
            Self::Film { says, .. } if !says.is_sound() => Err(WireError(
                "words of a film that are beyond every bound".to_owned(),
            )),
            _ => Ok(message),
        }
    }
}

/// The protocol and name in another version's hello, which may have fields we do not know.
pub(crate) fn foreign_hello(text: &str) -> Option<(u32, Name)> {
    #[derive(Deserialize)]
    struct Outer {
        hello: ForeignHello,
    }
    serde_json::from_str::<Outer>(text)
        .ok()
        .map(|outer| (outer.hello.protocol, outer.hello.name))
}

/// The part of a greeting that every version must keep.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ForeignHello {
    pub(crate) protocol: u32,
    #[serde(default)]
    pub(crate) name: Name,
}

/// A message that is not one of protocol 1, in words for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message of protocol {PROTOCOL}: {0}")]
pub struct WireError(String);

/// What `GET /v1/hello` answers to anyone. Read leniently: later versions may say more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// [`PROTOCOL`] of the answering side.
    pub protocol: u32,
    /// What it calls itself.
    pub name: Name,
    /// Whether it takes tasks from those it is paired with.
    #[serde(default)]
    pub donating: bool,
    /// Whether an invite of its waits to be redeemed.
    #[serde(default)]
    pub pairing: bool,
    /// This run of it: tells a copy of our own identity from ourselves.
    #[serde(default)]
    pub session: Option<Session>,
}

/// The body of `POST /v1/pair/redeem`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// [`PROTOCOL`] of the sender.
    pub protocol: u32,
    /// What the sender calls itself.
    pub name: Name,
    /// Where the sender listens.
    pub port: u16,
    /// Proof that the sender holds the invite's secret, for these two certificates only.
    pub proof: Digest,
}

/// The answer to a good [`Redeem`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// What the inviter calls itself.
    pub name: Name,
}

/// The body of `POST /v1/pair/ask`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskBody {
    /// [`PROTOCOL`] of the sender.
    pub protocol: u32,
    /// What the sender calls itself.
    pub name: Name,
    /// Where the sender listens.
    pub port: u16,
}

/// The body of `POST /v1/pair/turn`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnBody {
    /// The asker's half of a new exchange.
    pub half: Half,
}

/// The answer to a [`TurnBody`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnAnswer {
    /// The helper's half, made with what was typed there; none while nothing is.
    pub half: Option<Half>,
}

/// The body of `POST /v1/pair/confirm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBody {
    /// That the asker has the exchange's key.
    pub proof: Digest,
}

/// The answer to a good [`ConfirmBody`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// What the helper calls itself.
    pub name: Name,
    /// That the helper has it too.
    pub proof: Digest,
}

/// Why a request was refused, in the body of every answer from 400 up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind.
    pub error: RefusalCode,
    /// The answering side's protocol.
    pub protocol: u32,
    /// What the answering side calls itself; empty to strangers who have no use for it.
    #[serde(default)]
    pub name: Name,
    /// With [`RefusalCode::Offset`] how many bytes are held, with [`RefusalCode::PairWrongCode`] how many tries are left.
    #[serde(default)]
    pub held: u64,
}

/// The kinds of [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// These two are not paired.
    NotPaired,
    /// Paired, but helping is turned off here.
    NotDonating,
    /// Paired, but this computer does not let that one use it.
    NotAllowed,
    /// The protocols differ.
    Protocol,
    /// Too many requests for now.
    SlowDown,
    /// The request makes no sense in this protocol.
    Malformed,
    /// No such route.
    NoSuchThing,
    /// The other side is just pairing; ask again.
    Pairing,
    /// No invite with that secret was made here.
    InviteUnknown,
    /// The invite was redeemed by another computer.
    InviteUsed,
    /// The invite is older than it may be.
    InviteExpired,
    /// Another computer's code is waited for here.
    PairBusy,
    /// A person here said no.
    PairDeclined,
    /// There is no such request, or no more.
    PairOver,
    /// Another code was typed here; `held` says how many tries are left.
    PairWrongCode,
    /// The blob is neither offered nor expected (yet).
    NoSuchBlob,
    /// The blob is held up to another offset than the request's.
    Offset,
    /// More bytes than the ceiling.
    TooLong,
    /// The content is not what its digest says. What was held is gone.
    Mismatch,
    /// The receiver could not write it.
    CannotStore,
    /// The sender could not read it.
    CannotRead,
    /// A code of a later version.
    #[serde(other)]
    Other,
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByHand => "paused by hand",
            Self::OnBattery => "running on battery",
            Self::InUse => "somebody is using it",
            Self::OwnWork => "working on its own videos",
            Self::LowDisk => "its disk is nearly full",
            Self::Measuring => "measuring its encoders",
            Self::Schedule => "outside its hours",
            Self::PowerSaver => "saving power",
            Self::OtherLoad => "its own programs need it",
        })
    }
}

impl fmt::Display for DeclineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDonating => "it does not donate",
            Self::Busy => "it is busy",
            Self::Paused => "it is paused",
            Self::NoSpace => "its disk is too full",
            Self::CannotEncode => "it cannot encode this",
            Self::TooLarge => "the segment is too large for it",
            Self::Stopping => "it is stopping",
        })
    }
}

impl fmt::Display for FailReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SourceLost => "the segment did not arrive",
            Self::SourceUnreadable => "the segment could not be read",
            Self::Encode => "encoding failed",
            Self::SelfCheck => "its result did not decode to what it encoded",
            Self::TooLarge => "the result was larger than allowed",
            Self::NoSpace => "its disk is full",
            Self::Stopped => "it was stopped",
            Self::Other => "something went wrong there",
        })
    }
}
