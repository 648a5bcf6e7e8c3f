//! A job as programs see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choice::Choice;
use super::originals::Original;
use super::problem::Problem;

/// A film on its way.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// The source's file name.
    pub name: String,
    /// The source's path on this computer. What is not Unicode in it is shown as `�`.
    pub source_path: String,
    /// Bytes of the source.
    pub source_bytes: u64,
    /// Length of the film, once known.
    pub duration_s: Option<f64>,
    /// The picture in words, once known: `1920×1080, 23.976 fps, HDR10`.
    pub picture: Option<String>,
    /// What was asked for.
    pub choice: Choice,
    /// How it stands.
    pub state: State,
    /// Why it waits or is held, in words; empty where there is nothing to say.
    pub reason: String,
    /// Why it failed.
    pub error: Option<Problem>,
    /// What came of it, once it is completed.
    pub outcome: Option<Outcome>,
    /// Its place among the jobs that are not over: 0 is served first.
    pub queue_place: Option<u32>,
    /// Share of the work done, 0 to 1; never falls.
    #[schema(minimum = 0, maximum = 1)]
    pub progress_ratio: f64,
    /// Frames encoded and checked.
    pub frames_done: u64,
    /// Frames of the film, once they are counted.
    pub frames_total: Option<u64>,
    /// Frames a second, all computers together.
    pub speed_fps: Option<f64>,
    /// Seconds to go, once that can be said.
    pub eta_s: Option<u64>,
    /// How many times faster than this computer alone, once that can be said.
    pub speed_up_ratio: Option<f64>,
    /// Seconds worked on it so far.
    pub elapsed_s: f64,
    /// Segments that are done.
    pub segments_done: u32,
    /// Segments known so far; more come while the film is read.
    pub segments_total: u32,
    /// Who has a hand in it, most segments first.
    pub hands: Vec<Hand>,
    /// Bytes of the source sent to other computers.
    pub sent_bytes: u64,
    /// Bytes of results that came back.
    pub received_bytes: u64,
    /// The original, if the output took its place.
    pub original: Option<Original>,
    /// Another computer owns it: how far it is there. `null` for this computer's own, and once it is over.
    pub away: Option<Away>,
    /// What the computer calls itself that sent the film here. `null` for this computer's own.
    pub sent_by: Option<String>,
    /// What is worth knowing about it, in sentences.
    pub notes: Vec<String>,
    /// When it was submitted, Unix milliseconds.
    pub created_ms: u64,
    /// When it ended, Unix milliseconds.
    pub finished_ms: Option<u64>,
}

/// How far a film is that was sent to another computer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Away {
    /// Where it is.
    pub peer_id: String,
    /// What that calls itself.
    pub name: String,
    /// This computer helps with it.
    pub participates: bool,
    /// The result stays there until it is fetched.
    pub leaves: bool,
    /// What is being done.
    pub step: AwayStep,
    /// Bytes moved in this step.
    pub moved_bytes: u64,
    /// Of so many; 0 where nothing travels.
    pub of_bytes: u64,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Another job is before it.
    Queued,
    /// It was told to wait for other computers.
    WaitingForPeers,
    /// Speeds are being measured.
    Benchmarking,
    /// Segments are being encoded.
    Processing,
    /// Held, by somebody or by something that must be put right first.
    Paused,
    /// The segments are being joined and proved.
    Combining,
    /// The output is in place and proved.
    Completed,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl State {
    /// Of every state, its name.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::WaitingForPeers,
        Self::Benchmarking,
        Self::Processing,
        Self::Paused,
        Self::Combining,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::WaitingForPeers => "waiting_for_peers",
            Self::Benchmarking => "benchmarking",
            Self::Processing => "processing",
            Self::Paused => "paused",
            Self::Combining => "combining",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What came of a completed job.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Outcome {
    /// The output file.
    pub output_path: String,
    /// Bytes of it.
    pub output_bytes: u64,
    /// Frames in it.
    pub frames: u64,
    /// Every frame of the source is in the output, in order, once, at its time: proved.
    pub exact: bool,
    /// The receipt's verdict in one sentence.
    pub verdict: String,
    /// From the start to the end.
    pub wall_s: f64,
}

/// A computer's share in a job.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Hand {
    /// Which computer.
    pub peer_id: String,
    /// What it calls itself.
    pub name: String,
    /// Segments it has done.
    pub segments_done: u32,
    /// Segments it has in hand.
    pub segments_working: u32,
    /// Frames it has done.
    pub frames_done: u64,
    /// Segments done that it read itself, where the film lies on storage that both see.
    pub segments_read_there: u32,
    /// Frames a second it delivers for this job.
    pub speed_fps: Option<f64>,
    /// What it encodes with: ffmpeg's name.
    pub encoder: Option<String>,
    /// Why it does nothing at the moment, in words.
    pub paused: Option<String>,
}

/// A part of a film.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Segment {
    /// Its number in the film, from 0.
    pub index: u32,
    /// Where it begins in the film; for drawing only.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// How it stands.
    pub state: SegmentState,
    /// Who has it or made it.
    pub peer_id: Option<String>,
    /// Share encoded, 0 to 1.
    pub progress_ratio: f64,
    /// Attempts so far; more than one means that it was done again.
    pub attempts: u32,
}

super::choice::same_words! {
    /// What is being done with a film that was sent to another computer.
    AwayStep {
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
    /// How a segment stands.
    SegmentState {
        /// Nobody has it.
        Waiting,
        /// On its way to a computer, or waiting there.
        Sent,
        /// Being encoded.
        Encoding,
        /// Back, and being checked.
        Checking,
        /// It is what was expected.
        Done,
        /// Every attempt failed.
        Failed,
    }
}

/// A path as text.
pub fn shown(path: &api::FilePath) -> String {
    path.shown()
}

/// Its state's word, and what there is to say of it.
pub fn state(of: &api::JobState) -> (State, String) {
    let said = match of {
        api::JobState::WaitingForPeers { present, wanted } => {
            format!("{present} of {wanted} computers are there.")
        }
        api::JobState::Paused { reason } => reason.clone(),
        _ => String::new(),
    };
    let word = match of {
        api::JobState::Queued => State::Queued,
        api::JobState::WaitingForPeers { .. } => State::WaitingForPeers,
        api::JobState::Benchmarking => State::Benchmarking,
        api::JobState::Processing => State::Processing,
        api::JobState::Paused { .. } => State::Paused,
        api::JobState::Combining => State::Combining,
        api::JobState::Completed { .. } => State::Completed,
        api::JobState::Failed { .. } => State::Failed,
        api::JobState::Cancelled => State::Cancelled,
    };
    (word, said)
}

impl From<api::Job> for Job {
    fn from(one: api::Job) -> Self {
        let (state, reason) = state(&one.state);
        let done = |segment: &&api::Segment| segment.state == api::SegmentState::Done;
        let amount = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (outcome, error) = match one.state {
            api::JobState::Completed { outcome } => (Some(outcome.into()), None),
            api::JobState::Failed { error } => (None, Some(error.into())),
            _ => (None, None),
        };
        Self {
            id: one.id.0,
            name: one.name,
            source_path: shown(&one.source),
            source_bytes: one.source_bytes,
            duration_s: one.duration_s,
            picture: one.picture,
            choice: one.choice.into(),
            state,
            reason,
            error,
            outcome,
            queue_place: one.place,
            progress_ratio: one.progress,
            frames_done: one.frames_done,
            frames_total: one.frames_total,
            speed_fps: one.speed_fps,
            eta_s: one.eta_s,
            speed_up_ratio: one.speed_up,
            elapsed_s: one.elapsed_s,
            segments_done: amount(one.segments.iter().filter(done).count()),
            segments_total: amount(one.segments.len()),
            hands: one.hands.into_iter().map(Into::into).collect(),
            sent_bytes: one.sent_bytes,
            received_bytes: one.received_bytes,
            original: one.original.map(|original| (*original).into()),
            away: one.away.map(|away| (*away).into()),
            sent_by: one.sent_by,
            notes: one.notes,
            created_ms: one.created_ms,
            finished_ms: one.finished_ms,
        }
    }
}

impl From<api::Away> for Away {
    fn from(one: api::Away) -> Self {
        Self {
            peer_id: one.computer.0,
            name: one.name,
            participates: one.participates,
            leaves: one.leaves,
            step: one.step.into(),
            moved_bytes: one.moved,
            of_bytes: one.of,
        }
    }
}

impl From<api::Outcome> for Outcome {
    fn from(one: api::Outcome) -> Self {
        Self {
            output_path: shown(&one.output),
            output_bytes: one.bytes,
            frames: one.frames,
            exact: one.exact,
            verdict: one.verdict,
            wall_s: one.wall_s,
        }
    }
}

impl From<api::Hand> for Hand {
    fn from(one: api::Hand) -> Self {
        Self {
            peer_id: one.computer.0,
            name: one.name,
            segments_done: one.segments,
            segments_working: one.working,
            frames_done: one.frames,
            segments_read_there: one.read_there,
            speed_fps: one.speed_fps,
            encoder: one.encoder,
            paused: one.paused,
        }
    }
}

impl From<api::Segment> for Segment {
    fn from(one: api::Segment) -> Self {
        Self {
            index: one.index,
            start_s: one.start_s,
            end_s: one.end_s,
            state: one.state.into(),
            peer_id: one.computer.map(|id| id.0),
            progress_ratio: one.progress,
            attempts: one.attempts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}
