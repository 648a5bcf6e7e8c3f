//! A result is what the plan said it would be, or it is thrown away.
//!
//! Counts and timestamps prove little, so three things are asked: the container's own story
//! (frames, times to the tick, codec, size, sample format), a whole decode (the donor's, or ours
//! for our own and under `paranoid`), and the pictures themselves, compared with the source at
//! both ends and, for a random third of the segments, at a random keyframe.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ffmpeg::digest::{self, Decoded};
use ffmpeg::picture::{self, Grey};
use media::encoder::Codec;
use media::spec::{PixelFormat, SegmentSpec};
use media::{Pts, Span};
use plan::cut::Segment;
use serde::{Deserialize, Serialize};
use splice::{Limits, Track};

use crate::compare::Look;
use crate::film::Film;
use crate::size;

/// What was found of one good result; kept for the receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// Frames shown.
    pub frames: u32,
    /// Who decoded the whole result, and what came out.
    pub decoded: Decoded,
    /// `donor` or `owner`.
    pub decoded_by: DecodedBy,
    /// Windows of pictures compared with the source.
    pub compared: Vec<Compared>,
    /// BLAKE3 of the result, hex.
    pub digest: String,
    /// Bytes of the result.
    pub bytes: u64,
    /// Times of packets of the source that give no picture; source ticks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blank: Vec<i64>,
}

/// Who made the whole decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DecodedBy {
    /// The machine that encoded it.
    Donor,
    /// This machine.
    Owner,
}

/// One window of pictures that were the source's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Compared {
    /// First frame, source ticks.
    pub from: i64,
    /// Frames.
    pub frames: usize,
    /// Worst mean squared error, grey levels squared, at 160×90.
    pub worst: f64,
}

/// Why a result is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// Not the frames that were asked for: may be the extraction's fault, blames nobody.
    #[error("not the expected frames: {0}")]
    WrongFrames(String),
    /// Packets of the film give no picture, and which are every second ones was counted by packets.
    #[error("some packets of the film give no picture")]
    Uncounted,
    /// Broken, or of another kind than ordered.
    #[error("{0}")]
    Bad(String),
    /// This machine could not check it.
    #[error("the check itself failed: {0}")]
    Check(String),
}

/// A result to be checked.
pub(crate) struct Returned<'a> {
    /// The film it belongs to.
    pub film: &'a Arc<Film>,
    /// The segment it should be.
    pub segment: &'a Segment,
    /// What was ordered.
    pub spec: &'a SegmentSpec,
    /// The file.
    pub file: &'a Path,
    /// The donor's whole decode, where one is believed.
    pub donor: Option<Decoded>,
    /// Chooses the sample.
    pub random: u64,
    /// Reading the source for a comparison starts so many steps earlier.
    pub step_back: u8,
}

impl Returned<'_> {
    /// It, for ffmpeg.
    pub(crate) fn encoded(&self) -> ffmpeg::result::Returned<'_> {
        ffmpeg::result::Returned {
            file: self.file,
            spec: self.spec,
        }
    }
}

/// Checks a result.
///
/// # Errors
/// [`Unfit`].
pub(crate) async fn verify(ffmpeg: &Path, result: Returned<'_>) -> Result<Proof, Unfit> {
    let first = attempt(ffmpeg, &result).await;
    if !matches!(first, Err(Unfit::WrongFrames(_))) {
        return first;
    }
    let Some(blank) = blank(ffmpeg, &result).await? else {
        return first;
    };
    if result.film.step() > 1 {
        return Err(Unfit::Uncounted);
    }
    // The source itself gives no picture for these packets: the result may be all there is.
    let kept = blank.clone();
    result.film.add_blank(blank);
    Ok(Proof {
        blank: kept,
        ..attempt(ffmpeg, &result).await?
    })
}

async fn attempt(ffmpeg: &Path, result: &Returned<'_>) -> Result<Proof, Unfit> {
    let expected = result.film.shown(result.segment);
    let track = container(result, &expected).await?;
    if !begins(ffmpeg, result, &expected).await? {
        let text = "a packet at its beginning gives no picture";
        return Err(Unfit::WrongFrames(text.to_owned()));
    }
    size::check(ffmpeg, result, &track).await?;
    let look = Look::new(result, &expected, &track);
    let (decoded, decoded_by, ours) = whole_decode(ffmpeg, result, &look.inside()).await?;
    if decoded.frames as usize != expected.len() {
        return Err(Unfit::WrongFrames(format!(
            "{} of {} decode",
            decoded.frames,
            expected.len()
        )));
    }
    let compared = look.compare(ffmpeg, ours).await?;
    let (digest, bytes) = file_digest(result.file)
        .await
        .map_err(|e| Unfit::Check(e.to_string()))?;
    Ok(Proof {
        frames: decoded.frames,
        decoded,
        decoded_by,
        compared,
        digest,
        bytes,
        blank: Vec::new(),
    })
}

/// Whether each packet up to the first frames that are kept gives a picture. At half the rate that has to be asked: with
/// one less in front, those that are kept would be the others, and just as far apart.
async fn begins(ffmpeg: &Path, result: &Returned<'_>, expected: &[i64]) -> Result<bool, Unfit> {
    let film = result.film;
    if film.step() == 1 || film.counted {
        return Ok(true);
    }
    let whole = result.segment.span;
    let second = expected.get(1).copied().map(Pts);
    let span = Span {
        end: second.or(whole.end),
        ..whole
    };
    let packets = film.index().shown(span).unwrap_or_default();
    let seek = film.reading(result.segment, result.step_back).seek_us;
    let times = picture::times_of_source(ffmpeg, &film.source, film.timebase(), seek, span).await;
    let times = times.map_err(|e| Unfit::Check(e.to_string()))?;
    Ok(packets.iter().all(|time| times.binary_search(time).is_ok()))
}

/// The segment's packets of which this machine's own decode of the source makes no picture;
/// `None` while an earlier extraction may still help, or where every packet gives one.
async fn blank(ffmpeg: &Path, result: &Returned<'_>) -> Result<Option<Vec<i64>>, Unfit> {
    let film = result.film;
    if film.counted {
        // What gives no picture is no frame of it any more.
        return Ok(None);
    }
    let seek = film
        .reading(result.segment, result.step_back.max(1))
        .seek_us;
    let can_go_back = film
        .reading(result.segment, result.step_back)
        .seek_us
        .is_some();
    if can_go_back && result.step_back == 0 {
        return Ok(None);
    }
    let span = result.segment.span;
    let times = picture::times_of_source(ffmpeg, &film.source, film.timebase(), seek, span).await;
    let times = times.map_err(|e| Unfit::Check(e.to_string()))?;
    // At half the rate those count, too, that are left out.
    let expected = match film.step() {
        1 => film.shown(result.segment),
        _ => film.index().shown(span).unwrap_or_default(),
    };
    let blank: Vec<i64> = expected
        .into_iter()
        .filter(|t| times.binary_search(t).is_err())
        .collect();
    Ok(Some(blank).filter(|b| !b.is_empty() && !times.is_empty()))
}

/// The container's story.
async fn container(result: &Returned<'_>, expected: &[i64]) -> Result<Track, Unfit> {
    let file = result.file.to_owned();
    let limits = Limits {
        samples: expected.len() + 1,
        ..Limits::default()
    };
    let scanned = tokio::task::spawn_blocking(move || {
        let file = File::open(file).map_err(|e| Unfit::Check(e.to_string()))?;
        splice::scan(file, limits).map_err(|e| Unfit::Bad(e.to_string()))
    });
    let track = scanned.await.map_err(|e| Unfit::Check(e.to_string()))??;
    let scale = i64::from(result.spec.timebase.num());
    let ticks: Vec<i64> = expected.iter().map(|pts| pts * scale).collect();
    track
        .check(&ticks)
        .map_err(|mismatch| Unfit::WrongFrames(mismatch.to_string()))?;
    kind(&track, result.spec)?;
    Ok(track)
}

/// Codec and sample format as ordered.
fn kind(track: &Track, spec: &SegmentSpec) -> Result<(), Unfit> {
    let entry = track.entry();
    let codec = match entry.codec() {
        splice::Codec::H264 => Codec::H264,
        splice::Codec::Hevc => Codec::Hevc,
        splice::Codec::Av1 => Codec::Av1,
    };
    if codec != spec.encoder.codec() {
        return Err(Unfit::Bad(format!(
            "{codec} came back, {} was ordered",
            spec.encoder.codec()
        )));
    }
    let format = entry.config().format();
    if format.bit_depth != spec.pixel_format.depth() || format.chroma != chroma(spec.pixel_format) {
        return Err(Unfit::Bad(format!(
            "{format:?} came back, {} was ordered",
            spec.pixel_format.name()
        )));
    }
    Ok(())
}

fn chroma(format: PixelFormat) -> splice::Chroma {
    match format {
        PixelFormat::Yuv420p | PixelFormat::Yuv420p10 => splice::Chroma::C420,
        PixelFormat::Yuv422p | PixelFormat::Yuv422p10 => splice::Chroma::C422,
        PixelFormat::Yuv444p | PixelFormat::Yuv444p10 => splice::Chroma::C444,
    }
}

/// The whole decode, and the pictures of `windows` where they came with it.
async fn whole_decode(
    ffmpeg: &Path,
    result: &Returned<'_>,
    spans: &[Span],
) -> Result<(Decoded, DecodedBy, Option<Vec<Grey>>), Unfit> {
    if let Some(donor) = &result.donor {
        return Ok((donor.clone(), DecodedBy::Donor, None));
    }
    let scratch = result.file.with_extension("grey");
    let timebase = result.film.timebase();
    let made = digest::with_pictures(ffmpeg, result.encoded(), timebase, spans, &scratch).await;
    // Scratch: gone with the job's folder at the latest.
    let _ = tokio::fs::remove_file(&scratch).await;
    match made {
        Ok((decoded, pictures)) => Ok((decoded, DecodedBy::Owner, Some(pictures))),
        Err(digest::DigestError::Run(ffmpeg::child::RunError::NotStarted { error, .. })) => {
            Err(Unfit::Check(error.to_string()))
        }
        Err(error) => Err(Unfit::Bad(error.to_string())),
    }
}

/// BLAKE3 of a file, hex, and its size.
pub(crate) async fn file_digest(path: &Path) -> std::io::Result<(String, u64)> {
    let path = path.to_owned();
    let hashing = tokio::task::spawn_blocking(move || {
        let mut hasher = blake3::Hasher::new();
        let mut file = File::open(path)?;
        let bytes = std::io::copy(&mut file, &mut hasher)?;
        Ok((hasher.finalize().to_hex().to_string(), bytes))
    });
    hashing.await.map_err(std::io::Error::other)?
}
