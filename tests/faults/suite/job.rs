//! A film on its way, and what becomes of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{SegmentState, Store};
use tests::exact::{Clock, Timeline, differences};
use tests::film::Film;
use tests::frames::{self, Reading};
use tests::nodes::until;
use tests::recipe::{Recipe, Shoot};

/// Frames of the film: enough for a score of segments.
pub const FRAMES: u32 = 2000;

/// The film, as it was before anything happened.
pub struct Original {
    /// The file itself, which nobody may touch.
    pub file: PathBuf,
    digest: String,
    reading: Reading,
}

impl Original {
    /// Made once, and read once.
    pub fn make() -> Result<Self, String> {
        let film = Film::new(FRAMES);
        let make = Shoot::new().film(&film).sound(0, film.seconds());
        let make = make
            .with("-c:v libx264 -preset veryfast -crf 22 -g 50 -bf 2 -c:a aac -shortest")
            .save("faults.mkv");
        let file = "faults.mkv";
        let recipe = Recipe {
            file,
            steps: vec![make],
        };
        let file = recipe.make().map_err(|error| format!("{error:#}"))?;
        let reading = frames::read(&file).map_err(|error| format!("{error:#}"))?;
        Ok(Self {
            digest: digest(&file)?,
            file,
            reading,
        })
    }

    /// Whether this file is still the film, byte by byte.
    pub fn is_untouched(&self, file: &Path) -> Result<(), String> {
        if digest(file)? == self.digest {
            return Ok(());
        }
        Err(format!("{} is another film now", file.display()))
    }

    /// Whether this file shows exactly the film.
    pub fn is_shown_by(&self, output: &Path) -> Result<(), String> {
        let made = frames::read(output).map_err(|error| format!("{error:#}"))?;
        let found = differences(&self.reading, &made, Clock::Tick, Timeline::Source);
        if found.is_empty() {
            return Ok(());
        }
        Err(format!("{} is not exact: {found:?}", output.display()))
    }
}

fn digest(file: &Path) -> Result<String, String> {
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let digest = Sha256::digest(bytes);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A job of the owner's, with the command that asked for it.
pub struct Job {
    /// Its number.
    pub id: u64,
    /// The film, a copy for this job alone.
    pub source: PathBuf,
    /// The file that it makes.
    pub output: PathBuf,
    /// What the command prints.
    printed: PathBuf,
    client: Child,
}

impl Job {
    /// Asks for it; `encode` is the command as far as the film.
    pub fn submit(
        mut encode: Command,
        source: &Path,
        output: &Path,
        printed: &Path,
    ) -> Result<Self, String> {
        let file = File::create(printed).map_err(|error| error.to_string())?;
        let too = file.try_clone().map_err(|error| error.to_string())?;
        encode.arg(source).arg("-o").arg(output).arg("--json");
        let encode = encode.stdin(Stdio::null()).stdout(file).stderr(too);
        let client = encode.spawn().map_err(|error| error.to_string())?;
        let mut job = Self {
            id: 0,
            source: source.to_owned(),
            output: output.to_owned(),
            printed: printed.to_owned(),
            client,
        };
        job.id = until("the job's number", || {
            let lines = job.lines();
            if let Some(error) = lines.iter().find(|line| line["type"] == "error") {
                return Err(error.to_string());
            }
            let mut submitted = lines.iter().filter(|line| line["type"] == "submitted");
            Ok(submitted.find_map(|line| line["job"].as_u64()))
        })?;
        Ok(job)
    }

    /// What the command has printed so far.
    pub fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.printed).unwrap_or_default();
        let lines = text.lines().map(serde_json::from_str);
        lines.filter_map(Result::ok).collect()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.client.kill().ok();
        self.client.wait().ok();
    }
}

/// The segments that a job has done, by who did them.
pub fn done(job: &Value) -> u64 {
    let peers = job["peers"].as_array().into_iter().flatten();
    peers.filter_map(|peer| peer["segments"].as_u64()).sum()
}

/// Whether a computer has a segment of the job in hand.
pub fn works(job: &Value, name: &str) -> bool {
    let mut peers = job["peers"].as_array().into_iter().flatten();
    peers.any(|peer| peer["name"] == name && peer["working"].as_u64() > Some(0))
}

/// Whether the job is over, well or badly.
pub fn is_over(job: &Value) -> bool {
    ["completed", "failed", "cancelled"]
        .iter()
        .any(|state| job["state"] == *state)
}

/// What a node that is dead had written down of a job's verified segments: each with all that is known of its making,
/// how long it took among it, so that a second making shows.
pub fn verified(data: &Path, job: u64) -> Result<BTreeMap<u32, String>, String> {
    let copy = tempfile::tempdir().map_err(|error| error.to_string())?;
    for name in ["manyhands.sqlite", "manyhands.sqlite-wal"] {
        if data.join(name).exists() {
            fs::copy(data.join(name), copy.path().join(name)).map_err(|error| error.to_string())?;
        }
    }
    let store = Store::open(copy.path()).map_err(|error| error.to_string())?;
    let number = i64::try_from(job).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let rows = runtime.block_on(store.call(move |tables| tables.segments(number)));
    let rows = rows.map_err(|error| error.to_string())?;
    let verified = rows
        .into_iter()
        .filter(|row| row.state == SegmentState::Verified);
    Ok(verified
        .map(|row| {
            let made = format!("{:?} {:?} {:?}", row.digest, row.file, row.report);
            (row.index, made)
        })
        .collect())
}
