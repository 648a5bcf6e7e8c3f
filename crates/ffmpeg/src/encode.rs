//! One segment encoded: NUT in, fragmented MP4 into a file.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use media::SegmentSpec;
use media::argv::{self, Allowance};
use media::encoder::Family;
use tokio::sync::watch;

use crate::child::{Feed, Run, RunError, Running, Said, Sink};
use crate::hold::Hold;
use crate::limits::{self, Limit};

/// An encoder that says nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running encoder.
#[derive(Debug)]
pub struct Encoding {
    running: Running,
    hold: Option<Hold>,
}

/// Why a segment was not encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// ffmpeg failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It was killed: no frame for two minutes.
    #[error("the encoder made no progress for {} s and was stopped", PATIENCE.as_secs())]
    Stuck,
}

/// Starts encoding what `feed` gives into `result`, which may grow to `most` bytes.
///
/// # Errors
/// [`RunError::NotStarted`].
pub fn start(
    ffmpeg: &Path,
    spec: &SegmentSpec,
    allowance: Allowance,
    feed: Feed,
    result: File,
    most: u64,
) -> Result<Encoding, RunError> {
    held(ffmpeg, spec, allowance, feed, result, most, None)
}

/// As [`start`], for a run that may have to stand still.
///
/// # Errors
/// [`RunError::NotStarted`].
pub fn held(
    ffmpeg: &Path,
    spec: &SegmentSpec,
    allowance: Allowance,
    feed: Feed,
    result: File,
    most: u64,
    hold: Option<Hold>,
) -> Result<Encoding, RunError> {
    let run = run(ffmpeg, spec, allowance, feed, result, most);
    let running = run.held(hold.clone()).start()?;
    Ok(Encoding { running, hold })
}

/// As [`start`], to see whether that works at all.
///
/// # Errors
/// [`RunError::NotStarted`].
pub(crate) fn tried(
    ffmpeg: &Path,
    spec: &SegmentSpec,
    allowance: Allowance,
    feed: Feed,
    result: File,
    most: u64,
) -> Result<Encoding, RunError> {
    let run = run(ffmpeg, spec, allowance, feed, result, most);
    let running = run.answers().start()?;
    let hold = None;
    Ok(Encoding { running, hold })
}

fn run(
    ffmpeg: &Path,
    spec: &SegmentSpec,
    allowance: Allowance,
    feed: Feed,
    result: File,
    most: u64,
) -> Run {
    let frames = u64::from(spec.frames.get());
    Run::new(ffmpeg)
        .args(argv::encode(spec, allowance))
        .cores(allowance.cores)
        .feed(feed)
        .sink(Sink::File(result))
        .most_bytes(most)
        .most_seconds(limits::encode(frames, spec.pixels()))
        .last()
        .hardware(spec.encoder.family() != Family::Software)
}

impl EncodeError {
    /// The result got larger than it was allowed to.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::Run(RunError::Stopped {
                limit: Limit::File,
                ..
            })
        )
    }
}

impl Encoding {
    /// Frames encoded so far.
    #[must_use]
    pub fn frames(&self) -> watch::Receiver<u32> {
        self.running.frames.clone()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// [`EncodeError`]; the process is gone then.
    pub async fn finish(self) -> Result<Said, EncodeError> {
        let mut frames = self.running.frames.clone();
        let end = self.running.finish();
        tokio::pin!(end);
        tokio::select! {
            said = &mut end => Ok(said?),
            () = silence(&mut frames, self.hold) => Err(EncodeError::Stuck),
        }
    }
}

/// Returns once no new frame has come for [`PATIENCE`], while nobody held it.
async fn silence(frames: &mut watch::Receiver<u32>, hold: Option<Hold>) {
    loop {
        match tokio::time::timeout(PATIENCE, frames.changed()).await {
            Ok(Ok(())) => {}
            // The listener is gone: the process is ending, its exit decides.
            Ok(Err(_)) => std::future::pending().await,
            Err(_) if hold.as_ref().is_some_and(Hold::is_on) => {}
            Err(_) => return,
        }
    }
}
