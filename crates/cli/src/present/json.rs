//! Lines for programs, as docs/json.md describes them. They are stable: fields are added, never renamed or
//! removed, which is why they are types of their own and not the API's view models.

mod away;
mod figures;
mod key;
mod library;
mod originals;
mod own;
mod timeline;

use api::{
    ApiError, Asking, Cleaned, Computer, ComputerStatus, ErrorCode, FilePath, Finding, Hand, Here,
    Job, JobState, Level, Outcome, SegmentState,
};
use serde::{Serialize, Serializer};
use std::path::Path;

pub use away::{AwayPart, LeftLine};
pub use figures::{StatsDayLine, StatsLine, StatsPeerLine};
pub use key::{KeyLine, RevokedLine};
pub use library::{
    LibraryFileLine, LibraryFolderLine, LibraryPreviewLine, LibraryRetryLine, LibraryScanLine,
};
pub use originals::{OriginalLine, OriginalPart, UndoneLine};
pub use own::{
    ComplaintLine, ConfigPathLine, DeedLine, GivenLine, HelpingLine, IdentityLine, ImportedLine,
    ReloadedLine, SettingLine, SettingsLine,
};
pub use timeline::{StintLine, TimelineLine, TimelinePeerLine};

/// A measured number as a program reads it: digits that mean something, and no more. `null` if it is none.
pub fn rounded<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((value * 1e4).round() / 1e4)
}

/// As [`rounded`], for a number that may not be known.
pub fn rounded_option<S: Serializer>(
    value: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value
        .map(|value| (value * 1e4).round() / 1e4)
        .serialize(serializer)
}

/// `error`: something failed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "error")]
pub struct ErrorLine {
    code: ErrorCode,
    exit: u8,
    message: String,
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<FilePath>,
}

/// What an error is about.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The job.
    pub job: Option<u64>,
    /// The film.
    pub input: Option<FilePath>,
}

impl ErrorLine {
    /// An error as a line.
    pub fn new(error: &ApiError, about: Option<About>) -> Self {
        let About { job, input } = about.unwrap_or_default();
        let ApiError {
            code,
            message,
            help,
        } = error.clone();
        Self {
            code,
            exit: code.exit(),
            message,
            help,
            job,
            input,
        }
    }
}

/// `submitted`: a job was made for an input, or one that was interrupted goes on.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "submitted")]
pub struct SubmittedLine {
    /// Its number.
    pub job: u64,
    /// The film.
    pub input: FilePath,
    /// It goes on with what an earlier command began.
    pub resumed: bool,
}

/// `state`: a job is in another state.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "state")]
pub struct StateLine {
    job: u64,
    input: FilePath,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl StateLine {
    /// A job's state as a line.
    pub fn new(job: &Job) -> Self {
        let reason = match &job.state {
            JobState::Paused { reason } => Some(reason.clone()).filter(|reason| !reason.is_empty()),
            JobState::Failed { error } => Some(error.message.clone()),
            JobState::WaitingForPeers { present, wanted } => Some(format!("{present} of {wanted}")),
            JobState::Queued
            | JobState::Benchmarking
            | JobState::Processing
            | JobState::Combining
            | JobState::Completed { .. }
            | JobState::Cancelled => None,
        };
        Self {
            job: job.id.0,
            input: job.source.clone(),
            state: state(&job.state),
            reason,
        }
    }
}

/// `note`: something the user should know about a job.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "note")]
pub struct NoteLine {
    /// The job's number.
    pub job: u64,
    /// A sentence.
    pub text: String,
}

/// `progress`: how far a job is.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "progress")]
pub struct ProgressLine {
    job: u64,
    state: &'static str,
    #[serde(serialize_with = "rounded")]
    progress: f64,
    frames: u64,
    frames_total: Option<u64>,
    #[serde(serialize_with = "rounded_option")]
    fps: Option<f64>,
    eta_s: Option<u64>,
    #[serde(serialize_with = "rounded_option")]
    speed_up: Option<f64>,
    #[serde(serialize_with = "rounded")]
    elapsed_s: f64,
    peers: Vec<PeerShare>,
    #[serde(skip_serializing_if = "Option::is_none")]
    away: Option<AwayPart>,
}

impl ProgressLine {
    /// A job's progress as a line.
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.id.0,
            state: state(&job.state),
            progress: job.progress,
            frames: job.frames_done,
            frames_total: job.frames_total,
            fps: job.speed_fps,
            eta_s: job.eta_s,
            speed_up: job.speed_up,
            elapsed_s: job.elapsed_s,
            peers: job.hands.iter().map(PeerShare::new).collect(),
            away: AwayPart::of(job),
        }
    }
}

/// A computer's share in a job.
#[derive(Debug, Serialize)]
pub struct PeerShare {
    id: String,
    name: String,
    segments: u32,
    working: u32,
    frames: u64,
    #[serde(serialize_with = "rounded_option")]
    fps: Option<f64>,
    encoder: Option<String>,
    paused: Option<String>,
}

impl PeerShare {
    fn new(hand: &Hand) -> Self {
        Self {
            id: hand.computer.0.clone(),
            name: hand.name.clone(),
            segments: hand.segments,
            working: hand.working,
            frames: hand.frames,
            fps: hand.speed_fps,
            encoder: hand.encoder.clone(),
            paused: hand.paused.clone(),
        }
    }
}

/// `done`: a job is completed; the last line of an `encode` with one input.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "done")]
pub struct DoneLine {
    job: u64,
    input: FilePath,
    output: FilePath,
    exact: bool,
    verdict: String,
    frames: u64,
    bytes: u64,
    source_bytes: u64,
    sent_bytes: u64,
    received_bytes: u64,
    #[serde(serialize_with = "rounded")]
    wall_s: f64,
    #[serde(serialize_with = "rounded_option")]
    speed_up: Option<f64>,
    stages: StagesLine,
    peers: Vec<DoneShare>,
    receipt: FilePath,
    original: Option<OriginalPart>,
}

/// How long each stage took; they overlap.
#[derive(Debug, Serialize)]
struct StagesLine {
    #[serde(serialize_with = "rounded")]
    first_segment_s: f64,
    #[serde(serialize_with = "rounded")]
    analyse_s: f64,
    #[serde(serialize_with = "rounded")]
    process_s: f64,
    #[serde(serialize_with = "rounded")]
    merge_s: f64,
}

#[derive(Debug, Serialize)]
struct DoneShare {
    id: String,
    name: String,
    segments: u32,
    frames: u64,
}

impl DoneLine {
    /// A completed job as a line.
    pub fn new(job: &Job, outcome: &Outcome) -> Self {
        let share = |hand: &Hand| DoneShare {
            id: hand.computer.0.clone(),
            name: hand.name.clone(),
            segments: hand.segments,
            frames: hand.frames,
        };
        Self {
            job: job.id.0,
            input: job.source.clone(),
            output: outcome.output.clone(),
            exact: outcome.exact,
            verdict: outcome.verdict.clone(),
            frames: outcome.frames,
            bytes: outcome.bytes,
            source_bytes: job.source_bytes,
            sent_bytes: job.sent_bytes,
            received_bytes: job.received_bytes,
            wall_s: outcome.wall_s,
            speed_up: job.speed_up,
            stages: StagesLine {
                first_segment_s: job.stages.first_segment_s,
                analyse_s: job.stages.analyse_s,
                process_s: job.stages.process_s,
                merge_s: job.stages.merge_s,
            },
            peers: job
                .hands
                .iter()
                .filter(|hand| hand.segments > 0)
                .map(share)
                .collect(),
            receipt: outcome.receipt.clone(),
            original: job.original.as_deref().map(OriginalPart::new),
        }
    }
}

/// `stopped`: the user stopped the command. With a job: it is held.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "stopped")]
pub struct StoppedLine {
    /// The jobs that are held and go on with the same command.
    pub held: Vec<u64>,
}

/// `listening`: a node has started.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "listening")]
pub struct ListeningLine {
    id: String,
    name: String,
    version: String,
    data: String,
    addresses: Vec<String>,
    donating: bool,
    web: Option<String>,
}

impl ListeningLine {
    /// A node as a line, with the link to its page.
    pub fn new(here: &Here, web: Option<String>) -> Self {
        Self {
            id: here.computer.id.0.clone(),
            name: here.computer.name.clone(),
            version: here.version.clone(),
            data: here.data_dir.clone(),
            addresses: here.listening.clone(),
            donating: here.donating,
            web,
        }
    }
}

/// `peer`: a computer, this one included.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename = "peer")]
pub struct PeerLine {
    id: String,
    name: String,
    here: bool,
    paired: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    helps_us: bool,
    we_help: bool,
    lets_us: Option<bool>,
    asks_us: Option<bool>,
    cpu: String,
    cores: u32,
    memory_mb: u64,
    cpu_percent: Option<u8>,
    memory_used_mb: Option<u64>,
    celsius: Option<i16>,
    encoders: Vec<EncoderLine>,
    address: Option<String>,
    #[serde(serialize_with = "rounded_option")]
    fps: Option<f64>,
    last_seen_ms: Option<u64>,
    trouble: Option<String>,
    takes_films: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct EncoderLine {
    name: String,
    codec: api::Codec,
    hardware: bool,
    #[serde(serialize_with = "rounded")]
    fps_1080p: f64,
    seats: u32,
}

impl PeerLine {
    /// What the computer does, as a word.
    pub fn state(&self) -> &'static str {
        self.state
    }

    /// A computer as a line.
    pub fn new(computer: &Computer, here: bool) -> Self {
        let (state, reason) = status(&computer.status);
        let encoder = |one: &api::Encoder| EncoderLine {
            name: one.name.clone(),
            codec: one.codec,
            hardware: one.hardware,
            fps_1080p: one.fps_1080p,
            seats: one.seats,
        };
        Self {
            id: computer.id.0.clone(),
            name: computer.name.clone(),
            here,
            paired: !here && computer.status != ComputerStatus::Nearby,
            state,
            reason,
            helps_us: computer.helps_us,
            we_help: computer.we_help,
            lets_us: computer.lets_us,
            asks_us: computer.asks_us,
            cpu: computer.cpu.clone(),
            cores: computer.cores,
            memory_mb: computer.memory_mb,
            cpu_percent: computer.load.map(|load| load.cpu_percent),
            memory_used_mb: computer.load.map(|load| load.memory_used_mb),
            celsius: computer.load.and_then(|load| load.celsius),
            encoders: computer.encoders.iter().map(encoder).collect(),
            address: computer.address.clone(),
            fps: computer.speed_fps,
            last_seen_ms: computer.last_seen_ms,
            trouble: computer.trouble.clone(),
            takes_films: computer.takes_films,
        }
    }
}

/// `job`: a job of a list.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "job")]
pub struct JobLine {
    job: u64,
    input: FilePath,
    state: &'static str,
    place: Option<u32>,
    #[serde(serialize_with = "rounded")]
    progress: f64,
    frames: u64,
    frames_total: Option<u64>,
    #[serde(serialize_with = "rounded_option")]
    duration_s: Option<f64>,
    #[serde(serialize_with = "rounded_option")]
    fps: Option<f64>,
    eta_s: Option<u64>,
    #[serde(serialize_with = "rounded")]
    elapsed_s: f64,
    created_ms: u64,
    finished_ms: Option<u64>,
    sent_bytes: u64,
    received_bytes: u64,
    notes: Vec<String>,
    peers: Vec<PeerShare>,
    #[serde(skip_serializing_if = "Option::is_none")]
    away: Option<AwayPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<FilePath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<FilePath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<Vec<SegmentLine>>,
}

#[derive(Debug, Serialize)]
struct JobError {
    code: ErrorCode,
    message: String,
    help: String,
}

#[derive(Debug, Serialize)]
struct SegmentLine {
    index: u32,
    #[serde(serialize_with = "rounded")]
    start_s: f64,
    #[serde(serialize_with = "rounded")]
    end_s: f64,
    state: &'static str,
    peer: Option<String>,
    #[serde(serialize_with = "rounded")]
    progress: f64,
    attempts: u32,
}

impl JobLine {
    /// A job as a line; with its segments where one job is shown.
    pub fn new(job: &Job, with_segments: bool) -> Self {
        let (mut outcome, mut failure) = (None, None);
        match &job.state {
            JobState::Completed { outcome: came } => outcome = Some(came),
            JobState::Failed { error } => failure = Some(error.clone()),
            JobState::Queued
            | JobState::WaitingForPeers { .. }
            | JobState::Benchmarking
            | JobState::Processing
            | JobState::Paused { .. }
            | JobState::Combining
            | JobState::Cancelled => {}
        }
        Self {
            job: job.id.0,
            input: job.source.clone(),
            state: state(&job.state),
            place: job.place,
            progress: job.progress,
            frames: job.frames_done,
            frames_total: job.frames_total,
            duration_s: job.duration_s,
            fps: job.speed_fps,
            eta_s: job.eta_s,
            elapsed_s: job.elapsed_s,
            created_ms: job.created_ms,
            finished_ms: job.finished_ms,
            sent_bytes: job.sent_bytes,
            received_bytes: job.received_bytes,
            notes: job.notes.clone(),
            peers: job.hands.iter().map(PeerShare::new).collect(),
            away: AwayPart::of(job),
            sent_by: job.sent_by.clone(),
            output: outcome.map(|outcome| outcome.output.clone()),
            receipt: outcome.map(|outcome| outcome.receipt.clone()),
            exact: outcome.map(|outcome| outcome.exact),
            error: failure.map(
                |ApiError {
                     code,
                     message,
                     help,
                 }| JobError {
                    code,
                    message,
                    help,
                },
            ),
            segments: with_segments.then(|| job.segments.iter().map(SegmentLine::new).collect()),
        }
    }
}

impl SegmentLine {
    fn new(segment: &api::Segment) -> Self {
        Self {
            index: segment.index,
            start_s: segment.start_s,
            end_s: segment.end_s,
            state: match segment.state {
                SegmentState::Waiting => "waiting",
                SegmentState::Sent => "sent",
                SegmentState::Encoding => "encoding",
                SegmentState::Checking => "checking",
                SegmentState::Done => "done",
                SegmentState::Failed => "failed",
            },
            peer: segment.computer.as_ref().map(|id| id.0.clone()),
            progress: segment.progress,
            attempts: segment.attempts,
        }
    }
}

/// `invite`: the line for the other computer.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "invite")]
pub struct InviteLine {
    /// The line. It holds a secret.
    pub invite: String,
    /// How long it is good for.
    pub valid_s: u64,
}

/// `paired` and `unpaired`: with whom.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PairLine {
    /// Two computers may ask each other for help.
    Paired {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// A code to be typed on another computer.
    Code {
        /// The digits, in two groups. A secret while they are good.
        code: String,
        /// Where to type them: its id.
        id: String,
        /// And name.
        name: String,
        /// How long they are good.
        valid_s: u64,
    },
    /// A computer asks for this one's help: its code is to be typed here.
    Request {
        /// Its id.
        id: String,
        /// What it calls itself.
        name: String,
        /// How long its code is still good.
        valid_s: u64,
        /// How often it may still be typed.
        tries: u8,
    },
    /// It was told no.
    Declined {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// They may not any more.
    Unpaired {
        /// As the user named it.
        id: String,
    },
}

impl PairLine {
    /// A code as a line.
    pub fn code(asking: &Asking) -> Self {
        Self::Code {
            code: asking.code.clone(),
            id: asking.id.0.clone(),
            name: asking.name.clone(),
            valid_s: asking.left_s,
        }
    }

    /// A request as a line.
    pub fn request(request: &api::Request) -> Self {
        Self::Request {
            id: request.id.0.clone(),
            name: request.name.clone(),
            valid_s: request.left_s,
            tries: request.tries,
        }
    }
}

/// `cancelled`: a job was stopped for good.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "cancelled")]
pub struct CancelledLine {
    /// Its number.
    pub job: u64,
}

/// `held`, `resumed`, `retried` and `moved`: a job was steered.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SteeredLine {
    /// It is held.
    Held {
        /// Its number.
        job: u64,
    },
    /// It goes on.
    Resumed {
        /// Its number.
        job: u64,
    },
    /// It is tried again.
    Retried {
        /// Its number.
        job: u64,
        /// The number under which it begins anew, where it had been cancelled.
        new_job: Option<u64>,
    },
    /// It has another place in the queue.
    Moved {
        /// Its number.
        job: u64,
        /// Its place, from 0; `null` if it is over meanwhile.
        place: Option<u32>,
    },
}

/// `finding`: one line of the doctor's.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "finding")]
pub struct FindingLine {
    subject: String,
    level: &'static str,
    text: String,
    help: String,
}

impl FindingLine {
    /// A finding as a line.
    pub fn new(finding: &Finding) -> Self {
        let level = match finding.level {
            Level::Good => "good",
            Level::Note => "note",
            Level::Bad => "bad",
        };
        Self {
            subject: finding.subject.clone(),
            level,
            text: finding.says.clone(),
            help: finding.help.clone(),
        }
    }
}

/// `report`: a report, or where it was written.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "report")]
pub struct ReportLine<'a> {
    file: Option<FilePath>,
    /// Where it is not in a file.
    text: Option<&'a str>,
}

impl<'a> ReportLine<'a> {
    pub fn new(text: &'a str, file: Option<&Path>) -> Self {
        Self {
            file: file.map(|file| FilePath(file.to_owned())),
            text: file.is_none().then_some(text),
        }
    }
}

/// `cleaned`: what was removed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "cleaned")]
pub struct CleanedLine {
    removed: u64,
    bytes: u64,
    kept_jobs: u32,
}

impl From<Cleaned> for CleanedLine {
    fn from(cleaned: Cleaned) -> Self {
        Self {
            removed: cleaned.removed,
            bytes: cleaned.bytes,
            kept_jobs: cleaned.kept_jobs,
        }
    }
}

/// A job's state, as a word.
pub fn state(state: &JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::WaitingForPeers { .. } => "waiting_for_peers",
        JobState::Benchmarking => "benchmarking",
        JobState::Processing => "processing",
        JobState::Paused { .. } => "paused",
        JobState::Combining => "combining",
        JobState::Completed { .. } => "completed",
        JobState::Failed { .. } => "failed",
        JobState::Cancelled => "cancelled",
    }
}

/// A computer's state as a word, and the reason for it.
fn status(status: &ComputerStatus) -> (&'static str, Option<String>) {
    match status {
        ComputerStatus::Nearby => ("nearby", None),
        ComputerStatus::Offline => ("offline", None),
        ComputerStatus::OtherIdentity { presented } => {
            ("other_identity", Some(presented.0.clone()))
        }
        ComputerStatus::NotHelping => ("not_helping", None),
        ComputerStatus::Measuring => ("measuring", None),
        ComputerStatus::Ready => ("ready", None),
        ComputerStatus::Working { .. } => ("working", None),
        ComputerStatus::Paused { reason } => ("paused", Some(reason.clone())),
        ComputerStatus::SetAside { reason } => ("set_aside", Some(reason.clone())),
    }
}
