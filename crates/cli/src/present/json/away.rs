//! Films that another computer has the job of.

use api::{Away, AwayStep, FilePath, Job};
use serde::Serialize;

/// How far a film is that was sent to another computer.
#[derive(Debug, Serialize)]
pub struct AwayPart {
    peer: String,
    name: String,
    participates: bool,
    leaves: bool,
    step: &'static str,
    moved_bytes: u64,
    of_bytes: u64,
}

impl AwayPart {
    /// Of a job, where it is away.
    pub fn of(job: &Job) -> Option<Self> {
        job.away.as_deref().map(Self::new)
    }

    fn new(away: &Away) -> Self {
        let step = match away.step {
            AwayStep::Waiting => "waiting",
            AwayStep::Sending => "sending",
            AwayStep::Working => "working",
            AwayStep::Ready => "ready",
            AwayStep::Fetching => "fetching",
            AwayStep::Checking => "checking",
        };
        Self {
            peer: away.computer.0.clone(),
            name: away.name.clone(),
            participates: away.participates,
            leaves: away.leaves,
            step,
            moved_bytes: away.moved,
            of_bytes: away.of,
        }
    }
}

/// `left`: a film is done on another computer, where its result waits to be fetched.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "left")]
pub struct LeftLine {
    job: u64,
    input: FilePath,
    peer: String,
    name: String,
}

impl LeftLine {
    /// A job as a line.
    pub fn new(job: &Job) -> Self {
        let away = job.away.as_ref();
        Self {
            job: job.id.0,
            input: job.source.clone(),
            peer: away.map_or_else(String::new, |away| away.computer.0.clone()),
            name: away.map_or_else(String::new, |away| away.name.clone()),
        }
    }
}
