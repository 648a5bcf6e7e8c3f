//! Lines about originals that were replaced by their results.

use api::{FilePath, Original, OriginalState};
use serde::Serialize;

/// Where an original is, and for how long.
#[derive(Debug, Serialize)]
pub struct OriginalPart {
    kept: FilePath,
    state: OriginalState,
    until_ms: Option<u64>,
}

impl OriginalPart {
    /// An original as part of another line.
    pub fn new(one: &Original) -> Self {
        Self {
            kept: one.kept.clone(),
            state: one.state,
            until_ms: one.until_ms,
        }
    }
}

/// `original`: one of `originals`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "original")]
pub struct OriginalLine {
    job: u64,
    source: FilePath,
    output: FilePath,
    kept: FilePath,
    bytes: u64,
    replaced_ms: u64,
    until_ms: Option<u64>,
    state: OriginalState,
    trouble: Option<String>,
}

impl OriginalLine {
    /// An original as a line.
    pub fn new(one: &Original) -> Self {
        Self {
            job: one.job.0,
            source: one.source.clone(),
            output: one.output.clone(),
            kept: one.kept.clone(),
            bytes: one.bytes,
            replaced_ms: one.replaced_ms,
            until_ms: one.until_ms,
            state: one.state,
            trouble: one.trouble.clone(),
        }
    }
}

/// `undone` and `original_deleted`: what became of an original.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UndoneLine {
    /// It is back in its place.
    Undone {
        /// The job whose result replaced it.
        job: u64,
    },
    /// It is gone.
    OriginalDeleted {
        /// The job whose result replaced it.
        job: u64,
    },
}
