//! A job in the loop's memory: its film, its plan so far, what is finished of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use media::choice::Choice;
use plan::cut::{Cutter, Segment};
use schedule::{JobId, PeerId};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::companion::Companion;
use crate::film::Film;
use crate::lease::Piece;
use crate::status::{JobState, Outcome, Stages, Terms};
use crate::trouble::Trouble;

/// A job that is being worked on.
#[derive(Debug)]
pub(crate) struct Job {
    pub id: JobId,
    pub film: Arc<Film>,
    pub terms: Terms,
    /// The output's folder.
    pub folder: PathBuf,
    pub cutter: Cutter,
    /// Cut so far, in order.
    pub segments: Vec<Segment>,
    /// Verified results by segment.
    pub pieces: BTreeMap<u32, Piece>,
    /// What other computers had in hand when the last run ended, until it is known whether they have it still.
    pub awaited: BTreeMap<u32, PeerId>,
    /// How often a result of a segment was no good, where there was one.
    pub refused: BTreeMap<u32, u32>,
    pub companion: CompanionState,
    /// The scheduler wants the merge, and the companion is not ready.
    pub wants_merge: bool,
    /// The scheduler waits for the index.
    pub waits_for_index: bool,
    /// Why its film could not be looked at when a segment came to nothing, where that was so the last time.
    pub away: Option<String>,
    /// Its source is being copied onto a repaired timeline: nothing can be cut yet.
    pub repairing: bool,
    /// Starts again at each new index.
    pub generation: u32,
    pub begun: Instant,
    pub created_ms: i64,
    pub finished_ms: Option<i64>,
    pub stages: Stages,
    pub notes: Vec<String>,
    pub ended: Option<Ended>,
    /// The highest progress ever shown.
    pub shown: f64,
    /// By how much a result was larger than its source at least, where more came than was kept free for it.
    pub outgrown: f64,
    /// Ends everything that runs for this job but leases.
    pub cancel: CancellationToken,
    /// Ends the joining that is under way.
    pub joining: CancellationToken,
    /// Its result is just being put in its place: that is not called off.
    pub placing: bool,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    Well(Outcome),
    Badly(Trouble),
}

/// What travels beside the film.
#[derive(Clone, Debug)]
pub(crate) enum CompanionState {
    Pending,
    Ready(Companion),
}

/// What the journal keeps of a job beside its rows' columns.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    pub choice: Choice,
    pub terms: Terms,
}

/// What the journal keeps of a finished job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memo {
    pub exact: bool,
    pub verdict: String,
    pub frames: u64,
    pub bytes: u64,
    pub wall_ms: u64,
    pub help: String,
    pub picture: String,
    pub duration_us: Option<i64>,
    /// A sample of the result, from when its name is noted until it has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placing: Option<[u8; 32]>,
}

/// A segment as the journal keeps it beside its columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentMemo {
    pub open_end: bool,
    /// Whether it was cut of a film whose pictures had been counted.
    #[serde(default)]
    pub counted: bool,
}

/// A job of an earlier run, for the list.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub id: JobId,
    pub source: PathBuf,
    pub source_bytes: u64,
    pub wish: Wish,
    pub memo: Memo,
    pub state: JobState,
    pub created_ms: i64,
    pub finished_ms: Option<i64>,
    /// Who did what, as the journal's rows say.
    pub pieces: Vec<(u64, Piece)>,
}

impl Job {
    /// Bytes that its output will come to at most, as far as is known: its results, and what travels beside them.
    pub fn output_bytes(&self) -> u64 {
        let film: u64 = self.pieces.values().map(|piece| piece.proof.bytes).sum();
        let sent: u64 = self.segments.iter().map(|segment| segment.bytes).sum();
        // What is not the film's own packets is sound, subtitles and fonts, and is kept.
        film + self.film.bytes.saturating_sub(sent)
    }

    /// Milliseconds since it began.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What there is to remember once it has ended.
    pub fn memo(&self) -> Memo {
        match &self.ended {
            Some(Ended::Well(outcome)) => Memo::of(outcome, &self.film),
            Some(Ended::Badly(trouble)) => Memo {
                help: trouble.help.clone(),
                ..Memo::of_film(&self.film)
            },
            None => Memo::of_film(&self.film),
        }
    }
}

impl Memo {
    /// Of a job that ended well.
    pub fn of(outcome: &Outcome, film: &Film) -> Self {
        Self {
            exact: outcome.exact,
            verdict: outcome.verdict.clone(),
            frames: outcome.frames,
            bytes: outcome.bytes,
            wall_ms: outcome.wall_ms,
            ..Self::of_film(film)
        }
    }

    fn of_film(film: &Film) -> Self {
        Self {
            picture: crate::probe::picture_words(&film.video),
            duration_us: film.info.duration_us,
            ..Self::default()
        }
    }
}
