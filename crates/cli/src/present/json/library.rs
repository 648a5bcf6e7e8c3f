//! Lines about the library.

use std::collections::BTreeMap;

use api::{
    FilePath, Library, LibraryFile, LibraryFolder, LibraryPreview, LibraryState, WatchedFolder,
};
use serde::Serialize;

/// `library_folder`: a watched folder, and how its films stand.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "library_folder")]
pub struct LibraryFolderLine {
    path: FilePath,
    trouble: Option<String>,
    notes: Vec<String>,
    watched: bool,
    scanned_ms: Option<u64>,
    scanning: bool,
    films: BTreeMap<LibraryState, u64>,
    done_bytes: u64,
    result_bytes: u64,
    every_min: Option<u32>,
    stable_s: Option<u32>,
    rules: Vec<String>,
    holds: Option<String>,
}

impl LibraryFolderLine {
    /// A folder as a line; `set`: as its user set it.
    pub fn new(folder: &LibraryFolder, set: Option<&WatchedFolder>, library: &Library) -> Self {
        let count = |state: LibraryState| {
            let found = folder.counts.iter().find(|one| one.state == state);
            (state, found.map_or(0, |one| one.films))
        };
        let states = [
            LibraryState::Waiting,
            LibraryState::InWork,
            LibraryState::Done,
            LibraryState::NotWorthwhile,
            LibraryState::Left,
            LibraryState::Failed,
        ];
        let scanning = library
            .scan
            .as_ref()
            .is_some_and(|scan| scan.folder == folder.path);
        let rules = set.into_iter().flat_map(|set| &set.rules);
        Self {
            path: folder.path.clone(),
            trouble: folder.trouble.clone(),
            notes: folder.notes.clone(),
            watched: folder.watched,
            scanned_ms: folder.scanned_ms,
            scanning,
            films: states.into_iter().map(count).collect(),
            done_bytes: folder.done_bytes,
            result_bytes: folder.result_bytes,
            every_min: set.map(|set| set.every_min),
            stable_s: set.map(|set| set.stable_s),
            rules: rules.map(|rule| rule.name.clone()).collect(),
            holds: library.holds.clone(),
        }
    }
}

/// `library_file`: a film of the library.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "library_file")]
pub struct LibraryFileLine {
    id: i64,
    path: FilePath,
    folder: FilePath,
    bytes: u64,
    state: LibraryState,
    reason: String,
    rule: Option<String>,
    job: Option<u64>,
    forecast_bytes: Option<u64>,
    result_bytes: Option<u64>,
    output: Option<FilePath>,
    receipt: Option<FilePath>,
    changed_ms: u64,
}

impl LibraryFileLine {
    /// A film as a line.
    pub fn new(file: &LibraryFile) -> Self {
        Self {
            id: file.id,
            path: file.path.clone(),
            folder: file.folder.clone(),
            bytes: file.bytes,
            state: file.state,
            reason: file.reason.clone(),
            rule: file.rule.clone(),
            job: file.job.map(|job| job.0),
            forecast_bytes: file.forecast_bytes,
            result_bytes: file.result_bytes,
            output: file.output.clone(),
            receipt: file.receipt.clone(),
            changed_ms: file.changed_ms,
        }
    }
}

/// `library_preview`: what rules would take.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "library_preview")]
pub struct LibraryPreviewLine {
    path: FilePath,
    films: u64,
    bytes: u64,
    takes: u64,
    takes_bytes: u64,
    after_bytes: u64,
    reckoned: bool,
    some: Vec<Example>,
}

#[derive(Debug, Serialize)]
struct Example {
    within: String,
    bytes: u64,
    rule: Option<String>,
    says: String,
}

impl LibraryPreviewLine {
    /// A preview as a line.
    pub fn new(path: &FilePath, preview: &LibraryPreview) -> Self {
        let some = preview.some.iter().map(|one| Example {
            within: one.within.clone(),
            bytes: one.bytes,
            rule: one.rule.clone(),
            says: one.says.clone(),
        });
        Self {
            path: path.clone(),
            films: preview.films,
            bytes: preview.bytes,
            takes: preview.takes,
            takes_bytes: preview.takes_bytes,
            after_bytes: preview.after_bytes,
            reckoned: preview.reckoned,
            some: some.collect(),
        }
    }
}

/// `library_scan`: folders are being looked through.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "library_scan")]
pub struct LibraryScanLine {
    /// Which; `null`: all of them.
    pub folder: Option<FilePath>,
}

/// `library_retry`: films wait for another try.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "library_retry")]
pub struct LibraryRetryLine {
    /// How many.
    pub films: u64,
}
