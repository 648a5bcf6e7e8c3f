//! One film through the product, and what came out of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tests::clips::{Clip, Truth};
use tests::exact::Timeline;
use tests::product::{self, Answer, Desk};
use tests::verdict::{self, Rule, Seen, Sound};

use crate::table::{Change, Expected, Road};

/// A clip on a road.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The source.
    pub clip: Clip,
    /// The wish.
    pub road: Road,
    /// How it must end.
    pub expected: Expected,
    /// The ffmpeg that the product finds, where it is not the pinned one.
    pub ffmpeg: Option<&'static Path>,
}

impl Trial {
    /// Runs it.
    ///
    /// # Errors
    /// Everything that is not as expected.
    pub fn run(&self) -> Result<()> {
        let source = self.clip.file()?;
        let before = digest(&source)?;
        let folder = TempDir::new()?;
        let output = folder.path().join(format!("out.{}", self.road.ending));
        let desk = self.desk()?;
        let ended = self.ends(&desk, &source, &output);
        ensure!(digest(&source)? == before, "the source was changed");
        ended
    }

    #[cfg(unix)]
    fn desk(&self) -> Result<product::Lent> {
        let program = self.ffmpeg.map(product::program_with).transpose()?;
        Desk::borrow_for(program)
    }

    #[cfg(not(unix))]
    fn desk(&self) -> Result<product::Lent> {
        Desk::borrow()
    }

    fn ends(&self, desk: &Desk, source: &Path, output: &Path) -> Result<()> {
        let first = desk.encode(source, output, self.road.wish)?;
        match self.expected {
            Expected::Exact => self.exact(&first, output, &[]),
            Expected::Noted(words, changes) => {
                says(&first, words)?;
                self.exact(&first, output, changes)
            }
            Expected::Refused(code, words) => {
                refused(&first, code, words, output)?;
                let agreed = desk.encode(source, output, &self.agreed())?;
                refused(&agreed, code, words, output)
            }
            Expected::Degraded(words, changes) => {
                refused(&first, "would_lose", words, output)?;
                let agreed = desk.encode(source, output, &self.agreed())?;
                says(&agreed, words)?;
                self.exact(&agreed, output, changes)
            }
        }
    }

    fn agreed(&self) -> Vec<&'static str> {
        [self.road.wish, &["--yes"]].concat()
    }

    fn exact(&self, answer: &Answer, output: &Path, changes: &[Change]) -> Result<()> {
        ensure!(
            answer.exit == Some(0),
            "exit {:?}: {}{}",
            answer.exit,
            answer.sentences(),
            answer.errors
        );
        ensure!(
            answer.ended() == "done" && answer.last("exact") == true,
            "not exact: {:?}",
            answer.lines.last()
        );
        ensure!(
            answer.last("output").as_str().map(Path::new) == Some(output),
            "another output: {answer:?}"
        );
        proved(&product::receipt(answer)?)?;
        only(output, answer)?;
        let (source, made) = (seen(&self.clip)?, verdict::see(output)?);
        let found = verdict::differences(&source, &made, &self.rule(output, changes))?;
        ensure!(
            found.is_empty(),
            "not exact, though it says so:\n  {}",
            found.join("\n  ")
        );
        let frames = made.reading.frames.len();
        ensure!(
            answer.last("frames").as_u64() == Some(frames as u64),
            "{frames} frames: {:?}",
            answer.lines.last()
        );
        self.mended(&product::receipt(answer)?)?;
        self.split(answer)
    }

    /// A timeline is repaired only where it is broken, and shifted only where a stream's start is removed.
    fn mended(&self, receipt: &Value) -> Result<()> {
        let repaired = receipt["normalised"] == true;
        let shifted = receipt["file"]["shift_us"].as_i64().unwrap_or(0) != 0;
        match self.timeline() {
            Timeline::Source => ensure!(
                !repaired && !shifted,
                "repaired {repaired}, shifted {shifted}"
            ),
            Timeline::Shifted => ensure!(!repaired, "repaired, though nothing was broken"),
            Timeline::Mended { joins: 0, .. } => {}
            Timeline::Mended { .. } => ensure!(repaired, "the receipt does not tell of the repair"),
        }
        Ok(())
    }

    /// A film of many GOPs went through in several pieces, or the trial has shown nothing.
    fn split(&self, answer: &Answer) -> Result<()> {
        let peers = answer.last("peers").as_array().context("no peers")?;
        let segments: u64 = peers
            .iter()
            .filter_map(|peer| peer["segments"].as_u64())
            .sum();
        let least = match self.clip.truth {
            Truth::Whole(frames) | Truth::Gaps(frames) if frames >= 60 => 2,
            _ => 1,
        };
        ensure!(segments >= least, "{segments} segments");
        Ok(())
    }

    fn rule(&self, output: &Path, changes: &[Change]) -> Rule {
        let mut rule = Rule::strict(output);
        rule.timeline = self.timeline();
        for change in changes {
            match change {
                Change::Lost(loss) => rule = rule.without(*loss),
                Change::Sound => rule.sound = Sound::Encoded,
            }
        }
        rule
    }

    fn timeline(&self) -> Timeline {
        match self.clip.truth {
            Truth::Mended {
                rate,
                seconds,
                joins,
                ..
            } => Timeline::Mended {
                rate,
                seconds,
                joins,
            },
            _ if [".ts", ".mpg", ".m2ts"]
                .iter()
                .any(|end| self.clip.name.ends_with(end)) =>
            {
                Timeline::Shifted
            }
            _ => Timeline::Source,
        }
    }
}

/// The receipt holds what docs/receipt.md promises.
fn proved(receipt: &Value) -> Result<()> {
    ensure!(
        receipt["exact"] == true,
        "the receipt does not say exact: {receipt}"
    );
    let (frames, file) = (
        receipt["frames"].as_u64().context("no frames")?,
        &receipt["file"],
    );
    ensure!(
        file["frames"].as_u64() == Some(frames),
        "other frames in the joined file: {file}"
    );
    let hash = file["source_pts_hash"]
        .as_str()
        .context("no hash of times")?;
    ensure!(
        hash.len() == 64 && file["output_pts_hash"] == hash,
        "the hashes of times differ: {file}"
    );
    let segments = receipt["segments"].as_array().context("no segments")?;
    let mut decoded = 0;
    for segment in segments {
        ensure!(
            segment["packets_identical"] == true,
            "not proved: {segment}"
        );
        let again = file["decoded_ranges"]
            .as_array()
            .is_some_and(|it| it.contains(&segment["index"]));
        ensure!(
            segment["equal_headers"] == true || again,
            "other headers, and not decoded again: {segment}"
        );
        let compared = segment["proof"]["compared"]
            .as_array()
            .is_some_and(|it| !it.is_empty());
        ensure!(compared, "no picture was compared: {segment}");
        decoded += segment["proof"]["frames"]
            .as_u64()
            .context("no frames in a proof")?;
    }
    ensure!(decoded == frames, "{decoded} frames proved of {frames}");
    Ok(())
}

fn refused(answer: &Answer, code: &str, words: &str, output: &Path) -> Result<()> {
    ensure!(
        answer.exit != Some(0),
        "done, though {code} was expected: {}",
        answer.sentences()
    );
    ensure!(
        answer.ended() == "error" && answer.last("code") == code,
        "{code} was expected, not {:?}",
        answer.lines.last()
    );
    says(answer, words)?;
    let left: Vec<PathBuf> = list(output.parent().context("no folder")?)?;
    ensure!(left.is_empty(), "refused, and left {left:?}");
    Ok(())
}

fn says(answer: &Answer, words: &str) -> Result<()> {
    let said = answer.sentences();
    ensure!(
        said.to_lowercase().contains(&words.to_lowercase()),
        "{words:?} is not said in: {said}"
    );
    Ok(())
}

/// The output and its receipt, and nothing else, are in the output's folder.
fn only(output: &Path, answer: &Answer) -> Result<()> {
    let receipt = answer.last("receipt").as_str().map(PathBuf::from);
    let strangers: Vec<PathBuf> = list(output.parent().context("no folder")?)?
        .into_iter()
        .filter(|path| path != output && Some(path) != receipt.as_ref())
        .collect();
    ensure!(strangers.is_empty(), "left behind: {strangers:?}");
    Ok(())
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?)
}

fn digest(file: &Path) -> Result<Vec<u8>> {
    Ok(Sha256::digest(fs::read(file)?).to_vec())
}

/// The source as read once for all its trials.
fn seen(clip: &Clip) -> Result<Arc<Seen>> {
    static READ: Mutex<BTreeMap<&str, Arc<Seen>>> = Mutex::new(BTreeMap::new());
    let read = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(seen) = read().get(clip.name) {
        return Ok(Arc::clone(seen));
    }
    let seen = Arc::new(verdict::see(&clip.file()?)?);
    if seen.reading.frames.is_empty() {
        bail!("the source has no frames");
    }
    read().insert(clip.name, Arc::clone(&seen));
    Ok(seen)
}
