//! What `--keep-temp` leaves of a job beside its parts: a log for each computer, written as things happen, and a
//! manifest of all of it. For people who want to know why something took its time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use schedule::{Lease, PeerId, SegmentState};
use serde::Serialize;

use crate::driver::{Core, unix_ms};
use crate::lease::hex;

/// A computer's log stays below this, bytes.
const LARGEST: u64 = 16 << 20;

/// All there is to know of a kept job, in its folder.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    /// Of this file's form.
    manifest: u32,
    manyhands: &'static str,
    job: u64,
    source: String,
    source_bytes: u64,
    choice: &'a media::choice::Choice,
    state: String,
    notes: &'a [String],
    computers: Vec<Computer>,
    segments: Vec<Part<'a>>,
}

#[derive(Debug, Serialize)]
struct Computer {
    id: String,
    name: String,
    /// Its log in this folder; none where it did nothing.
    log: Option<String>,
}

#[derive(Debug, Serialize)]
struct Part<'a> {
    index: u32,
    /// Ticks of the source's time base; the end is open in the last one.
    start: i64,
    end: Option<i64>,
    frames: u32,
    attempts: u32,
    state: String,
    /// Who made it, with what, and what was found; as in the receipt.
    piece: Option<&'a crate::lease::Piece>,
}

/// The log of a computer. Its name is its user's affair; only its id is good for a file.
fn log_name(peer: PeerId) -> String {
    format!("{}.log", &hex(&peer.0)[..16])
}

fn append(folder: &Path, peer: PeerId, line: &str) -> io::Result<()> {
    let logs = folder.join("log");
    fs::create_dir_all(&logs)?;
    let mut log = File::options()
        .create(true)
        .append(true)
        .open(logs.join(log_name(peer)))?;
    if log.metadata()?.len() > LARGEST {
        return Ok(());
    }
    writeln!(log, "{line}")
}

impl Core {
    /// Notes what happened to a lease, where its job keeps its working files.
    pub(crate) fn note_down(&self, lease: &Lease, what: &str) {
        let Some(job) = self.jobs.get(&lease.job).filter(|job| job.terms.keep_temp) else {
            return;
        };
        let (at, segment, attempt) = (unix_ms(), lease.segment, lease.attempt.0);
        let since = job.elapsed_ms() as f64 / 1000.0;
        let line = format!("{at} {since:9.3} s  segment {segment}, attempt {attempt}: {what}");
        let folder = self.workspace.job(lease.job);
        if let Err(error) = append(&folder, lease.peer, &line) {
            tracing::warn!(%error, "a computer's log was not written");
        }
    }

    /// Writes the manifest of a job that keeps its working files.
    pub(crate) fn write_manifest(&self, id: schedule::JobId) {
        let Some(job) = self.jobs.get(&id).filter(|job| job.terms.keep_temp) else {
            return;
        };
        let folder = self.workspace.job(id);
        let views = self.farm.segments(id);
        let parts = job.segments.iter().map(|segment| {
            let view = views.iter().find(|view| view.segment.0 == segment.index);
            Part {
                index: segment.index,
                start: segment.span.start.0,
                end: segment.span.end.map(|end| end.0),
                frames: segment.frames,
                attempts: view.map_or(0, |view| view.attempt.0),
                state: view.map_or_else(String::new, |view| word(&view.state).to_owned()),
                piece: job.pieces.get(&segment.index),
            }
        });
        let manifest = Manifest {
            manifest: 1,
            manyhands: env!("CARGO_PKG_VERSION"),
            job: id.0,
            source: job.film.path.display().to_string(),
            source_bytes: job.film.bytes,
            choice: &job.film.choice,
            state: self
                .farm
                .job(id)
                .map_or_else(String::new, |view| format!("{:?}", view.state)),
            notes: &job.notes,
            computers: self.computers(&folder),
            segments: parts.collect(),
        };
        let written = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other);
        let written = written.and_then(|text| fs::write(folder.join("manifest.json"), text));
        if let Err(error) = written {
            tracing::warn!(%error, "the manifest was not written");
        }
    }

    fn computers(&self, folder: &Path) -> Vec<Computer> {
        let here = (self.me, self.settings.name.clone());
        let others = self.neighbours.values().filter(|one| one.paired);
        let all = std::iter::once(here).chain(others.map(|one| (one.id, one.name.clone())));
        let computers = all.map(|(id, name)| {
            let log = format!("log/{}", log_name(id));
            Computer {
                id: hex(&id.0),
                name,
                log: folder.join(&log).is_file().then_some(log),
            }
        });
        computers.collect()
    }
}

fn word(state: &SegmentState) -> &'static str {
    match state {
        SegmentState::Waiting { .. } => "waiting",
        SegmentState::Leased { .. } => "leased",
        SegmentState::Verified { .. } => "verified",
        SegmentState::Failed { .. } => "failed",
    }
}
