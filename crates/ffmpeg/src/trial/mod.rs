//! Which encoders work on this machine, found by encoding, and how fast they are.
//!
//! An encoder that a build lists may lack its device, its driver, or the pixel format; only a
//! real encode and a decode of its result say that it works. The command line is the one that
//! segments are encoded with.

mod bench;
mod cause;

use std::path::{Path, PathBuf};
use std::time::Duration;

use media::argv::Allowance;
use media::spec::PixelFormat;
use media::{Encoder, SegmentSpec};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

pub use cause::Cause;

use crate::child::{Feed, RunError};
use crate::clip::{Clip, Size};
use crate::digest;
use crate::encode::{self, EncodeError};
use crate::hardware;
use crate::result::Returned;
use crate::tools::Tool;

/// A trial that takes longer has failed.
const TRIAL_LIMIT: Duration = Duration::from_secs(15);
/// No clip comes to more bytes than this.
const LARGEST: u64 = 1 << 30;

/// How fast an encoder is on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Which encoder.
    pub encoder: Encoder,
    /// At which pixel format.
    pub pixel_format: PixelFormat,
    /// Frames a second at 1920×1080, all seats together.
    pub fps_1080p: f64,
    /// How many segments at once are fastest, at least 1.
    pub seats: u8,
    /// Threads for each of them; `None` lets the encoder choose.
    pub threads: Option<u8>,
    /// The ffmpeg it was measured with.
    pub ffmpeg_version: String,
    /// The machine it was measured on ([`hardware::fingerprint`]).
    pub hardware: String,
}

impl Measurement {
    /// Whether it says nothing about this ffmpeg on this machine any more.
    #[must_use]
    pub fn is_outdated(&self, ffmpeg_version: &str, hardware: &str) -> bool {
        self.ffmpeg_version != ffmpeg_version || self.hardware != hardware
    }
}

/// Why an encoder cannot be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{encoder} cannot be used for {}: {cause}{}", pixel_format.name(), said(.words))]
pub struct Unusable {
    /// Which encoder.
    pub encoder: Encoder,
    /// At which pixel format.
    pub pixel_format: PixelFormat,
    /// What kind of failure it is.
    pub cause: Cause,
    /// ffmpeg's own line that says so; may be empty.
    pub words: String,
    /// The end of everything that ffmpeg said.
    pub log: String,
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({words})")
    }
}

/// A place to try encoders in.
#[derive(Debug)]
pub struct Trials {
    tool: Tool,
    folder: PathBuf,
    hardware: String,
    clips: Mutex<Vec<((Size, PixelFormat), Clip)>>,
}

impl Trials {
    /// Trials of `tool`'s encoders, with scratch files in `folder`. The caller removes it.
    #[must_use]
    pub fn new(tool: &Tool, folder: &Path) -> Self {
        Self {
            tool: tool.clone(),
            folder: folder.to_owned(),
            hardware: hardware::fingerprint(),
            clips: Mutex::new(Vec::new()),
        }
    }

    /// Encoders worth a trial: those that the build lists.
    #[must_use]
    pub fn candidates(&self) -> Vec<Encoder> {
        let listed = |encoder: &Encoder| self.tool.features.lists(*encoder);
        Encoder::ALL.iter().copied().filter(listed).collect()
    }

    /// Whether an encoder works: encodes a short clip, decodes the result, counts the frames.
    /// Takes a fraction of a second where there is no device; worth doing at every start.
    ///
    /// # Errors
    /// [`Unusable`] says why not.
    pub async fn try_out(&self, encoder: Encoder, format: PixelFormat) -> Result<(), Unusable> {
        let unusable = |cause, log: String| Unusable::new(encoder, format, cause, log);
        if !self.tool.features.lists(encoder) {
            return Err(unusable(Cause::NotBuilt, String::new()));
        }
        let frames = Size::Small.frames();
        let (clip, spec) = self.order(encoder, format, Size::Small, frames).await?;
        let result = self
            .folder
            .join(format!("try-{encoder}-{}.mp4", format.name()));
        let encoded = self.encode(&clip, &spec, Allowance::default(), &result);
        let encoded = match tokio::time::timeout(TRIAL_LIMIT, encoded).await {
            Ok(encoded) => encoded.map_err(|error| Unusable::of(encoder, format, error)),
            Err(_) => Err(unusable(Cause::TooSlow, String::new())),
        };
        let checked = match encoded {
            Ok(()) => self
                .check(&result, &spec, frames)
                .await
                .map_err(|words| unusable(Cause::WrongResult, words)),
            Err(unusable) => Err(unusable),
        };
        // Scratch, gone with its folder at the latest.
        let _ = tokio::fs::remove_file(&result).await;
        checked
    }

    /// Whether the result decodes to so many frames; if not, what is wrong with it.
    async fn check(&self, result: &Path, spec: &SegmentSpec, frames: u32) -> Result<(), String> {
        let result = Returned { file: result, spec };
        match digest::segment(&self.tool.path, result, None).await {
            Ok(decoded) if decoded.frames == frames => Ok(()),
            Ok(decoded) => Err(format!(
                "{} frames came back instead of {frames}",
                decoded.frames
            )),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A clip and the order to encode its first `frames` frames.
    async fn order(
        &self,
        encoder: Encoder,
        format: PixelFormat,
        size: Size,
        frames: u32,
    ) -> Result<(Clip, SegmentSpec), Unusable> {
        let clip = self.clip(size, format).await;
        let clip = clip.map_err(|error| Unusable::of(encoder, format, error.into()))?;
        let spec = clip.spec(encoder, frames);
        let none = || Unusable::new(encoder, format, Cause::Unknown, "no such clip".into());
        let spec = spec.ok_or_else(none)?;
        Ok((clip, spec))
    }

    /// The clip of that kind, made when it is first wanted.
    async fn clip(&self, size: Size, format: PixelFormat) -> Result<Clip, RunError> {
        let mut clips = self.clips.lock().await;
        if let Some((_, clip)) = clips.iter().find(|(kind, _)| *kind == (size, format)) {
            return Ok(clip.clone());
        }
        let clip = Clip::make(&self.tool, &self.folder, size, format).await?;
        clips.push(((size, format), clip.clone()));
        Ok(clip)
    }

    /// One encode of the clip, as a donor does it.
    async fn encode(
        &self,
        clip: &Clip,
        spec: &SegmentSpec,
        allowance: Allowance,
        result: &Path,
    ) -> Result<(), EncodeError> {
        let feed = Feed::File(std::fs::File::open(&clip.path).map_err(RunError::Pipe)?);
        let out = std::fs::File::create(result).map_err(RunError::Pipe)?;
        let encoding = encode::tried(&self.tool.path, spec, allowance, feed, out, LARGEST)?;
        encoding.finish().await.map(drop)
    }
}

impl Unusable {
    fn new(encoder: Encoder, pixel_format: PixelFormat, cause: Cause, log: String) -> Self {
        let words = cause::words(&log, cause);
        Self {
            encoder,
            pixel_format,
            cause,
            words,
            log,
        }
    }

    /// Reads the cause out of what ffmpeg said.
    fn of(encoder: Encoder, pixel_format: PixelFormat, error: EncodeError) -> Self {
        let (cause, log) = match error {
            EncodeError::Run(RunError::Failed { log, .. }) => (Cause::read(&log), log),
            EncodeError::Run(other) => (Cause::Unknown, other.to_string()),
            EncodeError::Stuck => (Cause::TooSlow, String::new()),
        };
        Self::new(encoder, pixel_format, cause, log)
    }
}
