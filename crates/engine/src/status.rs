//! What a node can say of itself: plain values, whole, for whoever shows them.
//!
//! Times are Unix milliseconds, lengths microseconds, speeds frames a second at the film's size.

use std::path::PathBuf;

use media::choice::Choice;
use media::encoder::Encoder;

pub use swap::Keep;

use crate::trouble::Trouble;

/// A computer's identity: SHA-256 of its certificate.
pub use schedule::PeerId;

/// When and how this computer helps, and why it rests.
pub use etiquette::{BadHours, Hours, Mode, Reason as Rest, Rules, Weekday};

/// A job's number within one data folder.
pub use schedule::JobId;

/// The whole node.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    /// This computer.
    pub here: PeerStatus,
    /// Where it keeps its data.
    pub data_dir: PathBuf,
    /// Addresses others reach it at; empty while it does not listen.
    pub listening: Vec<String>,
    /// Whether it helps paired computers.
    pub donating: bool,
    /// With how many of this computer's processors at most.
    pub given_cores: u32,
    /// How that stands now.
    pub helping: Helping,
    /// The ffmpeg in use.
    pub ffmpeg: FfmpegStatus,
    /// Another node with this one's identity, if one was met.
    pub twin: Option<Twin>,
    /// Sentences for the user.
    pub notices: Vec<String>,
    /// Paired computers first, then those nearby.
    pub peers: Vec<PeerStatus>,
    /// Newest first.
    pub jobs: Vec<JobStatus>,
    /// Pairing by code, as far as it is under way.
    pub pairing: PairingStatus,
}

/// How helping stands on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helping {
    /// How much it gives.
    pub mode: Mode,
    /// Why nothing new is begun for others now.
    pub rest: Option<Rest>,
    /// So many parts are under way for others.
    pub begun: u32,
    /// They stand still.
    pub stands_still: bool,
    /// With how many of its processors it helps now, while it does.
    pub cores: u32,
    /// With how many at most while somebody uses it, where it is polite.
    pub half_cores: u32,
    /// It runs on its battery.
    pub on_battery: bool,
    /// And helps all the same, until it is plugged in.
    pub battery_too: bool,
    /// Helping is off, and what is under way for others is still finished.
    pub winding_down: bool,
}

/// Another node with this one's identity: a data folder was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Where it is.
    pub address: String,
    /// What it calls itself, where that is known; hostile text.
    pub name: String,
}

/// Pairing by code, as far as it is under way.
#[derive(Clone, Debug, Default)]
pub struct PairingStatus {
    /// The code shown here, to be typed on the computer that is asked.
    pub asking: Option<AskingStatus>,
    /// Who asks this computer for help.
    pub request: Option<RequestStatus>,
    /// What the last computer that was asked came to, if to nothing.
    pub refusal: Option<(PeerId, Trouble)>,
}

/// A code that is shown.
#[derive(Clone, Debug)]
pub struct AskingStatus {
    /// Who is asked.
    pub peer: PeerId,
    /// What it calls itself.
    pub name: String,
    /// Six digits. A secret: for people here only.
    pub code: String,
    /// How long it is good, seconds.
    pub left_s: u64,
    /// How often it may still be typed.
    pub tries: u8,
}

/// Somebody who asks for help.
#[derive(Clone, Debug)]
pub struct RequestStatus {
    /// Who.
    pub peer: PeerId,
    /// What it calls itself.
    pub name: String,
    /// How long its code is good, seconds.
    pub left_s: u64,
    /// How often it may still be typed.
    pub tries: u8,
}

/// The ffmpeg in use.
#[derive(Clone, Debug)]
pub enum FfmpegStatus {
    /// Not yet looked for.
    Looking,
    /// Works.
    Found {
        /// Where.
        path: PathBuf,
        /// Its own words: `n9.0.2-17-g2a571b6068`.
        version: String,
        /// "from the settings", "bundled", "the system's".
        origin: String,
    },
    /// None usable.
    Missing(Trouble),
}

/// A computer.
#[derive(Clone, Debug)]
pub struct PeerStatus {
    /// Who.
    pub id: PeerId,
    /// What its user calls it; hostile text.
    pub name: String,
    /// What it does.
    pub state: PeerState,
    /// We may ask it.
    pub i_may_use: bool,
    /// It may ask us.
    pub may_use_me: bool,
    /// It lets us ask it, as it says; `None` where it does not say.
    pub lets_us: Option<bool>,
    /// It asks us when it has work, as it says; likewise.
    pub asks_us: Option<bool>,
    /// Processor; empty where unknown.
    pub cpu: String,
    /// Threads; 0 where unknown.
    pub cores: u32,
    /// Megabytes; 0 where unknown.
    pub memory_mb: u64,
    /// How busy it is, while it says so.
    pub load: Option<Load>,
    /// What it has proved to encode with.
    pub encoders: Vec<EncoderStatus>,
    /// Of the connection, or the last known.
    pub address: Option<String>,
    /// Frames a second it delivers to us now.
    pub speed_fps: Option<f64>,
    /// When it was last heard, where it is away.
    pub last_seen_ms: Option<u64>,
    /// The last trouble with it.
    pub trouble: Option<String>,
    /// It takes whole films of this computer now.
    pub takes_films: bool,
}

/// How busy a computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Of all its processors together, 0 to 100 percent.
    pub cpu_percent: u8,
    /// Memory in use, megabytes.
    pub memory_used_mb: u64,
    /// How hot its processor is, degrees Celsius, where it tells.
    pub celsius: Option<i16>,
}

/// What a computer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Seen, not paired.
    Nearby,
    /// Paired, away.
    Offline,
    /// Paired, away; and somebody of its name shows another key, this one. Nothing is sent there.
    OtherIdentity(PeerId),
    /// There, not helping.
    NotHelping,
    /// Trying its encoders.
    Measuring,
    /// Idle.
    Ready,
    /// Encoding so many segments.
    Working(u32),
    /// There, and says why it does nothing.
    Paused(String),
    /// Failed three times running.
    SetAside(String),
}

/// A working encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderStatus {
    /// Which.
    pub encoder: Encoder,
    /// Measured at 1920×1080.
    pub fps_1080p: f64,
    /// Segments at once.
    pub seats: u32,
}

/// A job.
#[derive(Clone, Debug)]
pub struct JobStatus {
    /// Its number.
    pub id: JobId,
    /// The film.
    pub source: PathBuf,
    /// Bytes of the film.
    pub source_bytes: u64,
    /// Length, where known.
    pub duration_us: Option<i64>,
    /// "1920×1080, 23.976 fps, HDR10".
    pub picture: Option<String>,
    /// What was asked for.
    pub choice: Choice,
    /// And how to go about it.
    pub terms: Terms,
    /// How it stands.
    pub state: JobState,
    /// Its place among the jobs that are not over, from 0; `None` where it is over or not taken up again yet.
    pub place: Option<u32>,
    /// 0 to 1; never falls.
    pub progress: f64,
    /// Frames encoded so far, verified or not; falls where a part is lost.
    pub frames_done: u64,
    /// Frames of the film, once indexed.
    pub frames_total: Option<u64>,
    /// Frames a second, all together.
    pub speed_fps: Option<f64>,
    /// Milliseconds to go, once there is ground to say so.
    pub eta_ms: Option<u64>,
    /// Against this computer alone.
    pub speed_up: Option<f64>,
    /// Milliseconds worked on it.
    pub elapsed_ms: u64,
    /// In film order.
    pub segments: Vec<SegmentStatus>,
    /// Who has a hand in it, most segments first.
    pub hands: Vec<HandStatus>,
    /// What travelled for the verified segments, bytes; retries and duplicates are not in it.
    pub traffic: Traffic,
    /// Sentences for the user.
    pub notes: Vec<String>,
    /// Milliseconds of each stage so far.
    pub stages: Stages,
    /// When it was submitted.
    pub created_ms: u64,
    /// When it ended.
    pub finished_ms: Option<u64>,
    /// The original, if the output took its place.
    pub original: Option<OriginalStatus>,
    /// Another computer owns it, and this is how far it is there; `None` for this computer's own, and once it is over.
    pub away: Option<AwayStatus>,
}

/// Bytes between this computer and the others for a job's verified segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Of the source, to the others.
    pub sent: u64,
    /// Results, from them.
    pub received: u64,
}

/// How long each stage took, milliseconds; they overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// From the start to the first segment handed out.
    pub first_segment: u64,
    /// From the start to the complete index.
    pub analyse: u64,
    /// From the first segment handed out to the last one verified.
    pub process: u64,
    /// From the last segment verified to the output in place.
    pub merge: u64,
}

/// How to go about a job, beside what to make ([`Choice`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// The output file; else `<name>.<codec>.<ext>`.
    pub output: Option<PathBuf>,
    /// The output's folder; else the source's.
    pub out_dir: Option<PathBuf>,
    /// Wait for so many other computers.
    pub wait_for: u32,
    /// This computer alone.
    pub only_here: bool,
    /// Decode the whole result here.
    pub paranoid: bool,
    /// Leave the scratch folder.
    pub keep_temp: bool,
    /// Where the output goes, if neither `output` nor `out_dir` says it.
    #[serde(skip_serializing_if = "Place::is_beside")]
    pub place: Place,
    /// A result that saves less than so many percent is thrown away: the source stays alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_saving: Option<u8>,
    /// What is asked for by hand is served before it, whenever it comes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub yields: bool,
    /// Another computer owns the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<On>,
    /// The film came from another computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<SentBy>,
}

/// Another computer owns a job: the film is sent there, and the result comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// Which.
    pub peer: PeerId,
    /// This one helps with it, even while it does not help at all.
    pub participate: bool,
    /// The result stays there until it is fetched.
    pub leave: bool,
}

/// Whose film it is, where another computer sent it here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentBy {
    /// Which computer.
    pub peer: PeerId,
    /// What that calls itself; hostile text.
    pub name: String,
    /// What that calls the film; hostile text, to be shown and for nothing else.
    pub film: String,
}

/// How far a film is that was sent to another computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwayStatus {
    /// Where it is.
    pub peer: PeerId,
    /// What that calls itself; hostile text.
    pub name: String,
    /// This computer helps with it.
    pub participates: bool,
    /// The result stays there until it is fetched.
    pub leaves: bool,
    /// What is being done.
    pub step: AwayStep,
    /// Bytes moved in this step.
    pub moved: u64,
    /// Of so many; 0 where nothing travels.
    pub of: u64,
}

/// What is being done with a film that was sent to another computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwayStep {
    /// That computer is not there, or has no place for it yet.
    Waiting,
    /// The film travels.
    Sending,
    /// It is worked on there.
    Working,
    /// The result waits there to be fetched.
    Ready,
    /// The result travels.
    Fetching,
    /// The result is checked here.
    Checking,
}

impl Terms {
    /// Whether the whole result is decoded here. A film is never replaced by one that was not.
    pub(crate) fn decodes_whole(&self) -> bool {
        self.paranoid || matches!(self.place, Place::InPlace { .. })
    }
}

/// Where a job's output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Place {
    /// Beside the film, under a name of its own.
    #[default]
    Beside,
    /// Into another tree of folders, where it stands as the film stands in its own.
    Tree {
        /// The film's tree.
        root: PathBuf,
        /// The other one.
        into: PathBuf,
    },
    /// In the film's place. The original is kept as `.bak`.
    InPlace {
        /// For how long; `None`: as it is set.
        #[serde(default)]
        keep: Option<Keep>,
    },
}

impl Place {
    fn is_beside(&self) -> bool {
        *self == Self::Beside
    }
}

/// What becomes of the originals of films that are replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replace {
    /// Trying things out: every original is kept until somebody deletes it, whatever else is set or chosen.
    pub testing_mode: bool,
    /// How long they are kept where a job does not say.
    pub keep: Keep,
}

/// An original that was replaced by its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalStatus {
    /// The job that made the result.
    pub job: JobId,
    /// The name it had.
    pub source: PathBuf,
    /// The result's name.
    pub output: PathBuf,
    /// Where it is while it is kept.
    pub kept: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was replaced, Unix milliseconds.
    pub replaced_ms: i64,
    /// When it may be deleted; `None`: only when somebody says so.
    pub until_ms: Option<i64>,
    /// How it stands.
    pub state: OriginalState,
    /// Why it was not deleted when its time was over, in a sentence.
    pub trouble: Option<String>,
}

/// How an original stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginalState {
    /// Kept beside the result.
    Kept,
    /// At its own name again, the result is gone.
    Restored,
    /// Deleted.
    Deleted,
    /// On its way from one to the other: its disk was not there, and it is gone on with when it is.
    Moving,
}

/// How a job stands.
#[derive(Clone, Debug)]
pub enum JobState {
    /// Behind another.
    Queued,
    /// Waiting for computers: present, wanted.
    WaitingForPeers(u32, u32),
    /// Trying encoders.
    Benchmarking,
    /// Encoding.
    Processing,
    /// Held; the reason is empty where its owner did it.
    Paused(String),
    /// Joining and proving.
    Combining,
    /// In place and proved.
    Completed(Outcome),
    /// Failed; all kept.
    Failed(Trouble),
    /// Stopped by its owner.
    Cancelled,
}

impl JobState {
    /// Whether nothing more will happen to the job by itself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Failed(_) | Self::Cancelled)
    }
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The output.
    pub output: PathBuf,
    /// Its proof.
    pub receipt: PathBuf,
    /// The receipt's verdict.
    pub exact: bool,
    /// The verdict in a sentence.
    pub verdict: String,
    /// Frames in the output.
    pub frames: u64,
    /// Bytes of the output.
    pub bytes: u64,
    /// From start to end, in all runs, without the time in which it was held or the node did not run; of a film that was
    /// sent away, all the time since it was handed in.
    pub wall_ms: u64,
}

/// A segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentStatus {
    /// From 0.
    pub index: u32,
    /// From the film's start.
    pub start_us: i64,
    /// Likewise.
    pub end_us: i64,
    /// How it stands.
    pub state: SegmentState,
    /// Who has or made it.
    pub peer: Option<PeerId>,
    /// 0 to 1.
    pub progress: f64,
    /// Attempts so far.
    pub attempts: u32,
}

/// How a segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentState {
    /// Nobody has it.
    Waiting,
    /// Travelling, or waiting at its donor.
    Sent,
    /// Being encoded.
    Encoding,
    /// Back, being checked.
    Checking,
    /// As the plan expects.
    Done,
    /// Every attempt failed.
    Failed,
}

/// A computer's share in a job.
#[derive(Clone, Debug, PartialEq)]
pub struct HandStatus {
    /// Who.
    pub peer: PeerId,
    /// Its name.
    pub name: String,
    /// Segments done.
    pub segments: u32,
    /// Segments in hand.
    pub working: u32,
    /// Frames done.
    pub frames: u64,
    /// Segments done that it read itself, where the film lies.
    pub read_there: u32,
    /// Frames a second for this job.
    pub speed_fps: Option<f64>,
    /// With what.
    pub encoder: Option<Encoder>,
    /// Why it does nothing now.
    pub paused: Option<String>,
}

/// What a file is, and what would become of it.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Bytes.
    pub bytes: u64,
    /// Length, where the container says.
    pub duration_us: Option<i64>,
    /// "1920×1080, 23.976 fps, HDR10".
    pub picture: String,
    /// "2 × sound, 3 × subtitles, chapters".
    pub others: String,
    /// Where the output would go.
    pub output: PathBuf,
    /// What would be lost, each with its way out; not empty: needs agreement.
    pub losses: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// What the user has set.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What this computer is called.
    pub name: String,
    /// Its name is for paired computers only.
    pub hide_name: bool,
    /// Whether it helps.
    pub donating: bool,
    /// The computers it is paired with may send it whole films, while it helps.
    pub whole_films: bool,
    /// With how many of its processors at most; `None`: all of them.
    pub donate_cores: Option<u32>,
    /// When, and how much of itself it gives.
    pub helping: Rules,
    /// An ffmpeg instead of the bundled.
    pub ffmpeg: Option<PathBuf>,
    /// Working files are kept below this folder instead of the data folder.
    pub scratch: Option<PathBuf>,
    /// The most bytes of working files.
    pub scratch_limit: Option<u64>,
    /// The most bytes a second that films and results may take, in each direction.
    pub bandwidth: Option<u64>,
    /// Where other computers reach this one, from the next start on.
    pub port: Option<u16>,
    /// Where the page is, from the next start on.
    pub web_port: Option<u16>,
    /// The purpose preselected.
    pub purpose: media::choice::Purpose,
    /// What becomes of originals.
    pub replace: Replace,
    /// Watched folders and their rules.
    pub library: library::Library,
    /// Films of others that are read where they lie.
    pub shared: Shared,
}

/// Films that others give work of are read where they lie, where this computer sees the same file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shared {
    /// Whether they are.
    pub read: bool,
    /// Where they are looked for, beside network drives and the watched folders.
    pub folders: Vec<PathBuf>,
    /// Folders that have other names on other computers.
    pub paths: Vec<PathPair>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            read: true,
            folders: Vec::new(),
            paths: Vec::new(),
        }
    }
}

/// A folder that two computers see, each under its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathPair {
    /// As other computers call it.
    pub theirs: String,
    /// As this one does.
    pub here: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            hide_name: false,
            donating: false,
            whole_films: true,
            donate_cores: None,
            helping: Rules::default(),
            ffmpeg: None,
            scratch: None,
            scratch_limit: None,
            bandwidth: None,
            port: None,
            web_port: None,
            purpose: media::choice::Purpose::default(),
            replace: Replace::default(),
            library: library::Library::default(),
            shared: Shared::default(),
        }
    }
}

/// A line of the doctor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub level: Level,
    /// In a sentence.
    pub says: String,
    /// What to do.
    pub help: String,
}

/// How a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Good,
    /// Could be better.
    Note,
    /// Broken.
    Bad,
}

/// What `clean` removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Files and folders.
    pub removed: u64,
    /// Bytes.
    pub bytes: u64,
    /// Jobs whose files stay.
    pub kept_jobs: u32,
}
