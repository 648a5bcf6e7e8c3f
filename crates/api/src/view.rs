//! View models: what a window, a page or a terminal shows, whole and ready to show.
//!
//! They are private to one build (page and node travel together), hold no deltas, and know nothing of the
//! LAN's wire types. Text in them may come from other computers and from files: show it as text only.
//! Times are Unix milliseconds, lengths in seconds, speeds in frames a second.

use serde::{Deserialize, Serialize};

use crate::choice::{Choice, Codec, Keep, Purpose};
use crate::error::ApiError;
use crate::helping::{HelpRules, Helping};
use crate::path::FilePath;

/// Identifies a job within one data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct JobId(pub u64);

/// Identifies a computer: 64 hexadecimal digits, the SHA-256 of its certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ComputerId(pub String);

/// Everything there is to show, as of event number `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Snapshot {
    /// The number of the last event that is contained in this.
    pub seq: u64,
    /// Everything there is to show.
    #[serde(flatten)]
    pub scene: Scene,
}

/// Everything there is to show, without saying as of when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Scene {
    /// This computer's node.
    pub here: Here,
    /// The other computers: paired ones first, then those only seen nearby.
    pub computers: Vec<Computer>,
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// Pairing by code, as far as it is under way.
    #[serde(default)]
    pub pairing: Pairing,
}

/// Pairing by code: the computer that wants help shows six digits, somebody types them on the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pairing {
    /// The code shown here.
    pub asking: Option<Asking>,
    /// Who asks this computer for help: its code is to be typed here.
    pub request: Option<Request>,
    /// Why nothing came of asking, the last time.
    pub refusal: Option<PairingRefusal>,
}

/// A code that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Asking {
    /// Who is asked.
    pub id: ComputerId,
    /// What it calls itself.
    pub name: String,
    /// Six digits in two groups. A secret while it lives: never log it.
    pub code: String,
    /// Seconds that it is still good.
    pub left_s: u64,
    /// How often it may still be typed.
    pub tries: u8,
}

/// A computer that asks for help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Request {
    /// Which.
    pub id: ComputerId,
    /// What it calls itself; nobody has proved that.
    pub name: String,
    /// Seconds that its code is still good.
    pub left_s: u64,
    /// How often it may still be typed.
    pub tries: u8,
}

/// Why nothing came of asking a computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PairingRefusal {
    /// Which.
    pub id: ComputerId,
    /// Why.
    pub error: ApiError,
}

/// The node that answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Here {
    /// This computer, as the others see it.
    pub computer: Computer,
    /// The version of Manyhands.
    pub version: String,
    /// Where it keeps its data.
    pub data_dir: String,
    /// The addresses at which other computers reach it.
    pub listening: Vec<String>,
    /// Whether it helps other computers.
    pub donating: bool,
    /// How many of its processor threads they may use at most.
    pub given_cores: u32,
    /// How helping stands now.
    pub helping: Helping,
    /// The ffmpeg it works with, or why there is none.
    pub ffmpeg: Ffmpeg,
    /// How many other computers could start on a job now.
    pub ready: u32,
    /// Another computer has this one's identity, since a data folder was copied: that, in a sentence.
    pub twin: Option<String>,
    /// What the user should know, in sentences; usually empty.
    pub notices: Vec<String>,
}

/// The ffmpeg in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Ffmpeg {
    /// It is being looked for.
    Looking,
    /// It was found and works.
    Found {
        /// Its path.
        path: String,
        /// Its version, as it says.
        version: String,
        /// In words: from the settings, the one that came with the app, the system's.
        origin: String,
    },
    /// There is none that can be used.
    Missing {
        /// Why, and what to do.
        error: ApiError,
    },
}

/// A computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Computer {
    /// Who it is.
    pub id: ComputerId,
    /// What its user calls it; empty where it hides that until it is paired.
    pub name: String,
    /// What it does now.
    pub status: ComputerStatus,
    /// It may be asked for help by this computer.
    pub helps_us: bool,
    /// This computer may be asked for help by it.
    pub we_help: bool,
    /// It lets this computer ask it, as it says; `None` where it is not there or does not say.
    pub lets_us: Option<bool>,
    /// It asks this computer when it has work, as it says; likewise.
    pub asks_us: Option<bool>,
    /// Its processor; empty if not known.
    pub cpu: String,
    /// Processor threads; 0 if not known.
    pub cores: u32,
    /// Memory in megabytes; 0 if not known.
    pub memory_mb: u64,
    /// How busy it is; `None` where it is not there, or is too old to say so.
    pub load: Option<Load>,
    /// What it encodes with, fastest first.
    pub encoders: Vec<Encoder>,
    /// The address of the connection, or the last one known.
    pub address: Option<String>,
    /// Frames a second it delivers at the moment.
    pub speed_fps: Option<f64>,
    /// When it was last heard of, if it is not there.
    pub last_seen_ms: Option<u64>,
    /// The last trouble with it, in a sentence.
    pub trouble: Option<String>,
    /// It takes whole films of this computer now.
    #[serde(default)]
    pub takes_films: bool,
}

/// How busy a computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Load {
    /// Of all its processors together, 0..=100 percent.
    pub cpu_percent: u8,
    /// Memory in use, megabytes.
    pub memory_used_mb: u64,
    /// How hot its processor is, degrees Celsius; `null` where it does not tell.
    #[serde(default)]
    pub celsius: Option<i16>,
}

/// What a computer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ComputerStatus {
    /// Seen on the network, but not paired.
    Nearby,
    /// Paired, but not there.
    Offline,
    /// Paired, but not there; and a computer of its name shows another key. Nothing is sent to it.
    OtherIdentity {
        /// Who that is; nearby, perhaps.
        presented: ComputerId,
    },
    /// There, but its user has not turned helping on.
    NotHelping,
    /// Finding out how fast it is.
    Measuring,
    /// There and idle.
    Ready,
    /// Encoding.
    Working {
        /// Segments it has in hand.
        segments: u32,
    },
    /// There, but does not encode at the moment.
    Paused {
        /// Why, in words.
        reason: String,
    },
    /// Failed too often and gets no work for a while.
    SetAside {
        /// Why, in words.
        reason: String,
    },
}

/// An encoder that was tried and works on some computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Encoder {
    /// ffmpeg's name for it.
    pub name: String,
    /// What it makes.
    pub codec: Codec,
    /// It runs on a graphics card or the like.
    pub hardware: bool,
    /// Measured frames a second at 1080p.
    pub fps_1080p: f64,
    /// How many segments at once are fastest.
    pub seats: u32,
}

/// A job: one file on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Job {
    /// Which one.
    pub id: JobId,
    /// The source's file name.
    pub name: String,
    /// The source's path.
    pub source: FilePath,
    /// Bytes of the source.
    pub source_bytes: u64,
    /// Length of the film in seconds, once known.
    pub duration_s: Option<f64>,
    /// The picture in words, once known: "1920×1080, 23.976 fps, HDR10".
    pub picture: Option<String>,
    /// What was asked for.
    pub choice: Choice,
    /// How it stands.
    pub state: JobState,
    /// Its place among the jobs that are not over: 0 is served first. `None` where it is over, or interrupted.
    pub place: Option<u32>,
    /// Share of the work done, 0..=1; never falls.
    pub progress: f64,
    /// Frames encoded so far, verified or not; falls where a part is lost.
    pub frames_done: u64,
    /// Frames of the film, once the index is complete.
    pub frames_total: Option<u64>,
    /// Frames a second, all computers together.
    pub speed_fps: Option<f64>,
    /// Seconds to go, once that can be said.
    pub eta_s: Option<u64>,
    /// How many times faster than this computer alone, once that can be said.
    pub speed_up: Option<f64>,
    /// Seconds worked on it so far.
    pub elapsed_s: f64,
    /// The segments, in the order of the film; the film's end has none while the index is not complete.
    pub segments: Vec<Segment>,
    /// Who has a hand in it, most segments first.
    pub hands: Vec<Hand>,
    /// Bytes of the source sent to other computers for the segments that are done; retries and duplicates not counted.
    pub sent_bytes: u64,
    /// Bytes of results that came back for them.
    pub received_bytes: u64,
    /// What the user should know about it, in sentences.
    pub notes: Vec<String>,
    /// How long each stage has taken so far.
    pub stages: Stages,
    /// When it was submitted.
    pub created_ms: u64,
    /// When it ended.
    pub finished_ms: Option<u64>,
    /// The original, if the output took its place.
    #[serde(default)]
    pub original: Option<Box<Original>>,
    /// Another computer owns it: how far it is there. `null` for this computer's own, and once it is over.
    #[serde(default)]
    pub away: Option<Box<Away>>,
    /// Whose film it is, where another computer sent it here: what that calls itself. `null` for this computer's own.
    #[serde(default)]
    pub sent_by: Option<String>,
}

/// How far a film is that was sent to another computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Away {
    /// Where it is.
    pub computer: ComputerId,
    /// What that calls itself.
    pub name: String,
    /// This computer helps with it.
    pub participates: bool,
    /// The result stays there until it is fetched.
    pub leaves: bool,
    /// What is being done.
    pub step: AwayStep,
    /// Bytes moved in this step.
    pub moved: u64,
    /// Of so many; 0 if not known.
    pub of: u64,
}

/// What is being done with a film that was sent to another computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum AwayStep {
    /// It waits for that computer to be there.
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

/// The original of a file that was replaced by its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Original {
    /// The job that made the result.
    pub job: JobId,
    /// The name it had.
    pub source: FilePath,
    /// The result's name.
    pub output: FilePath,
    /// Where it is while it is kept.
    pub kept: FilePath,
    /// Bytes.
    pub bytes: u64,
    /// When it was replaced.
    pub replaced_ms: u64,
    /// When it may be deleted; `None`: only when somebody says so.
    pub until_ms: Option<u64>,
    /// How it stands.
    pub state: OriginalState,
    /// Why it is still kept though its time is over, in a sentence.
    pub trouble: Option<String>,
}

/// How an original stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OriginalState {
    /// Kept beside the result.
    Kept,
    /// At its own name again; the result is gone.
    Restored,
    /// Deleted.
    Deleted,
    /// On its way, and its disk is not there: it is gone on with when it is.
    Moving,
}

/// How long each stage of a job took, seconds. They overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Stages {
    /// From the start to the first segment handed out.
    pub first_segment_s: f64,
    /// From the start to the complete index.
    pub analyse_s: f64,
    /// From the first segment handed out to the last one verified.
    pub process_s: f64,
    /// From the last segment verified to the output in place.
    pub merge_s: f64,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum JobState {
    /// Another job is before it.
    Queued,
    /// It was told to wait for other computers.
    WaitingForPeers {
        /// How many are there.
        present: u32,
        /// How many it waits for.
        wanted: u32,
    },
    /// Speeds are being measured.
    Benchmarking,
    /// Segments are being encoded.
    Processing,
    /// Held by the user, or by something that must be put right first.
    Paused {
        /// Why, in words; empty when the user did it.
        reason: String,
    },
    /// All segments are here; they are being joined and proved.
    Combining,
    /// The output is in place and proved.
    Completed {
        /// What came of it.
        outcome: Outcome,
    },
    /// It failed; everything is kept for diagnosis.
    Failed {
        /// Why, and what to do.
        error: ApiError,
    },
    /// Stopped by the user.
    Cancelled,
}

impl JobState {
    /// Whether nothing more will happen to the job by itself.
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Completed { .. } | Self::Failed { .. } | Self::Cancelled
        )
    }
}

/// What came of a completed job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Outcome {
    /// The output file.
    pub output: FilePath,
    /// The receipt that proves it.
    pub receipt: FilePath,
    /// Every frame of the source is in the output, in order, once, at its time: proved.
    pub exact: bool,
    /// The receipt's verdict in one sentence.
    pub verdict: String,
    /// Frames in the output.
    pub frames: u64,
    /// Bytes of the output.
    pub bytes: u64,
    /// Seconds from start to end, in all runs, without the time in which it was held or the node did not run.
    pub wall_s: f64,
}

/// One segment of the strip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Segment {
    /// Its number in the film, from 0.
    pub index: u32,
    /// Where it begins in the film, seconds; for drawing only.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// How it stands.
    pub state: SegmentState,
    /// Who has it or made it.
    pub computer: Option<ComputerId>,
    /// Share encoded, 0..=1.
    pub progress: f64,
    /// Attempts so far; more than one means that it was done again.
    pub attempts: u32,
}

/// How a segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SegmentState {
    /// Nobody has it.
    Waiting,
    /// On its way to a computer, or waiting there.
    Sent,
    /// Being encoded.
    Encoding,
    /// Back, and being checked.
    Checking,
    /// It is what the plan expects.
    Done,
    /// Every attempt failed.
    Failed,
}

/// A computer's share in a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Hand {
    /// Who.
    pub computer: ComputerId,
    /// Its name.
    pub name: String,
    /// Segments it has done.
    pub segments: u32,
    /// Segments it has in hand.
    pub working: u32,
    /// Frames it has done.
    pub frames: u64,
    /// Segments that it read itself, where the film lies on storage that both see.
    #[serde(default)]
    pub read_there: u32,
    /// Frames a second it delivers for this job.
    pub speed_fps: Option<f64>,
    /// What it encodes with: ffmpeg's name.
    pub encoder: Option<String>,
    /// Why it does nothing at the moment, in words.
    pub paused: Option<String>,
}

/// What a file is and what would become of it, before anything is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Inspection {
    /// The file.
    pub path: FilePath,
    /// Its name.
    pub name: String,
    /// What it is, or why it cannot be worked on.
    pub result: Inspected,
}

/// The outcome of looking at one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Inspected {
    /// It can be encoded.
    Fine(Facts),
    /// It cannot.
    Refused {
        /// Why, and what to do.
        error: ApiError,
    },
}

/// What is in a file that can be encoded, and what the choice makes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Facts {
    /// Bytes.
    pub bytes: u64,
    /// Length in seconds, where the file says so.
    pub duration_s: Option<f64>,
    /// The picture in words: "1920×1080, 23.976 fps, HDR10".
    pub picture: String,
    /// The other streams in words: "2 × sound, 3 × subtitles, chapters".
    pub others: String,
    /// Where the output would be put.
    pub output: FilePath,
    /// What the output would not keep or show differently, in sentences, each with the way out. Not empty:
    /// `submit` needs `yes` in the choice.
    pub losses: Vec<String>,
    /// What else is worth knowing, in sentences.
    pub notes: Vec<String>,
}

/// One file of a `submit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Submitted {
    /// The file.
    pub path: FilePath,
    /// The job, if it was taken.
    pub job: Option<JobId>,
    /// Why not, if it was not.
    pub error: Option<ApiError>,
}

/// A completed job's receipt, as it stands in its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Receipt(#[cfg_attr(test, ts(type = "unknown"))] pub serde_json::Value);

/// An invite: whoever redeems it first within its time is paired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Invite {
    /// The line to paste on the other computer. It holds a secret: never log it.
    pub text: String,
    /// Seconds it is good for, from now.
    pub valid_s: u64,
    /// The line as a QR code: its rows, of which `1` is dark and `0` is light, without the light border of four.
    pub qr: Vec<String>,
}

/// What the user has set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What this computer is called on the others.
    pub name: String,
    /// Only paired computers learn that name.
    #[serde(default)]
    pub hide_name: bool,
    /// Whether it helps the computers it is paired with.
    pub donating: bool,
    /// The computers it is paired with may send it whole films, while it helps.
    #[serde(default = "yes")]
    pub whole_films: bool,
    /// With how many of its processor threads at most; `null`: all of them.
    #[serde(default)]
    pub donate_cores: Option<u32>,
    /// When it helps, and how much of itself it gives.
    #[serde(default)]
    pub helping: HelpRules,
    /// An ffmpeg to use instead of the one that came with the app.
    pub ffmpeg: Option<FilePath>,
    /// The purpose that is preselected.
    pub purpose: Purpose,
    /// The folder below which working files are kept; `null`: the data folder.
    #[serde(default)]
    pub temp: Option<FilePath>,
    /// The most bytes of working files; `null`: no limit but the disk.
    #[serde(default)]
    pub temp_limit: Option<u64>,
    /// The most bytes a second that films and results may take in each direction; `null`: no limit.
    #[serde(default)]
    pub bandwidth: Option<u64>,
    /// Where other computers reach this one, from the next start on; `null`: 47820 or the next free one.
    #[serde(default)]
    pub port: Option<u16>,
    /// Where the page is served, from the next start on; `null`: 8090.
    #[serde(default)]
    pub web_port: Option<u16>,
    /// What becomes of the originals of files that are replaced.
    #[serde(default)]
    pub replace: Replace,
    /// Watched folders and their rules.
    #[serde(default)]
    pub library: crate::library::LibraryRules,
    /// Films that others give work of are read where they lie, where this computer sees the same file.
    #[serde(default)]
    pub shared: Shared,
}

/// Films that others give work of are read where they lie, where this computer sees the same file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Shared {
    /// Whether they are.
    pub read: bool,
    /// Where they are looked for, beside network drives and the watched folders.
    pub folders: Vec<FilePath>,
    /// Folders that have other names on other computers.
    pub paths: Vec<PathPair>,
}

impl Default for Shared {
    fn default() -> Self {
        engine::status::Shared::default().into()
    }
}

/// A folder that two computers see, each under its own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct PathPair {
    /// As other computers call it, with either slash.
    pub theirs: String,
    /// As this one does.
    pub here: FilePath,
}

fn yes() -> bool {
    true
}

/// What becomes of the originals of files that are replaced by their results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Replace {
    /// Trying things out: every original is kept until somebody deletes it, whatever else is chosen.
    pub testing_mode: bool,
    /// How long they are kept where a job does not say.
    pub keep: Keep,
}

/// What `doctor` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Report {
    /// The findings, in the order to read them.
    pub findings: Vec<Finding>,
}

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Finding {
    /// What was looked at: "ffmpeg", "encoder hevc_nvenc", "network".
    pub subject: String,
    /// How it is.
    pub level: Level,
    /// In a sentence.
    pub says: String,
    /// What to do; empty where nothing is to be done.
    #[serde(default)]
    pub help: String,
}

/// How a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// Works, but could be better.
    Note,
    /// Does not work.
    Bad,
}

/// What `clean` removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Cleaned {
    /// Files and folders removed.
    pub removed: u64,
    /// Bytes that are free again.
    pub bytes: u64,
    /// Jobs whose working files were kept because they still go on or wait.
    pub kept_jobs: u32,
}
