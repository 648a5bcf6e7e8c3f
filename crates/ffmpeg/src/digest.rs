//! A whole decode, counted and hashed frame by frame: what "these frames really decode" means.

use std::path::Path;

use media::argv::QUIET;
use media::{Pts, Span, Timebase};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::child::{self, Run, RunError, Sink};
use crate::hold::Hold;
use crate::picture::{self, Grey};
use crate::result::Returned;

/// Frames of a decode and the hash over all of them, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decoded {
    /// How many.
    pub frames: u32,
    /// BLAKE3, in hex, over each frame's MurmurHash3 of its samples.
    pub hash: String,
}

/// Why a decode proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// ffmpeg failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The decoder complained: some frames are damaged though all came out.
    #[error("the decoder reported {0} errors: {1}")]
    Damaged(u32, String),
}

impl DigestError {
    /// Whether it says nothing of what is in the file: as [`RunError::is_of_the_system`].
    #[must_use]
    pub fn is_of_the_system(&self) -> bool {
        match self {
            Self::Run(error) => error.is_of_the_system(),
            Self::Damaged(_, words) => child::are_of_the_system(words),
        }
    }
}

/// Decodes every frame of an encoded segment, on at most so many processors.
///
/// # Errors
/// [`DigestError`]: a decode with a single error line is none.
pub async fn segment(
    ffmpeg: &Path,
    result: Returned<'_>,
    cores: Option<u8>,
) -> Result<Decoded, DigestError> {
    held(ffmpeg, result, cores, None).await
}

/// As [`segment`], for a run that may have to stand still.
///
/// # Errors
/// As [`segment`].
pub async fn held(
    ffmpeg: &Path,
    result: Returned<'_>,
    cores: Option<u8>,
    hold: Option<Hold>,
) -> Result<Decoded, DigestError> {
    let run = open(ffmpeg, result).cores(cores).held(hold);
    decode(run, "0:v:0", None, std::convert::identity).await
}

/// Decodes every frame of an encoded segment, and keeps small grey pictures of those within
/// `spans` (of the segment's own times, ascending) out of the same decode; `scratch` is written.
///
/// # Errors
/// As [`segment`].
pub async fn with_pictures(
    ffmpeg: &Path,
    result: Returned<'_>,
    timebase: Timebase,
    spans: &[Span],
    scratch: &Path,
) -> Result<(Decoded, Vec<Grey>), DigestError> {
    let within: Vec<String> = spans.iter().map(within).collect();
    let (width, height) = picture::SIZE;
    let graph = format!(
        "settb={timebase},select='{}',scale={width}:{height}:flags=area,format=gray",
        within.join("+")
    );
    let clock = picture::own_clock(timebase);
    let pictures = [
        "-map",
        "0:v:0",
        "-vf",
        &graph,
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        &clock,
        "-f",
        "rawvideo",
        "-y",
    ];
    let more = |run: Run| run.args(pictures).output(scratch);
    let decoded = decode(open(ffmpeg, result), "0:v:0", None, more).await?;
    let bytes = tokio::fs::read(scratch).await.map_err(RunError::from)?;
    let pictures = bytes
        .chunks_exact(width * height)
        .map(<[u8]>::to_vec)
        .collect();
    Ok((decoded, pictures))
}

/// ffmpeg's expression for a frame of `span`.
fn within(span: &Span) -> String {
    match span.end {
        Some(end) => format!("between(pts,{},{})", span.start.0, end.0 - 1),
        None => format!("gte(pts,{})", span.start.0),
    }
}

fn open(ffmpeg: &Path, result: Returned<'_>) -> Run {
    let run = Run::new(ffmpeg).args(QUIET).args(["-copyts"]);
    let run = run.most_seconds(result.decoded_within());
    result.input(run.args(["-threads", &threads()]))
}

/// Decodes the first film of a finished file, frame times ignored.
///
/// # Errors
/// As [`segment`].
pub async fn film(ffmpeg: &Path, file: &Path) -> Result<Decoded, DigestError> {
    decode(
        Run::new(ffmpeg)
            .args(QUIET)
            .args(["-protocol_whitelist", "file"])
            .input(file),
        "0:v:0",
        None,
        std::convert::identity,
    )
    .await
}

/// Decodes the first film of a finished file from `start_us` up to but not including `end_us`.
///
/// # Errors
/// As [`segment`].
pub async fn range(
    ffmpeg: &Path,
    file: &Path,
    start_us: i64,
    end_us: Option<i64>,
) -> Result<Decoded, DigestError> {
    let span = Span {
        start: Pts(start_us),
        end: end_us.map(Pts),
    };
    let trim = picture::trim(Timebase::MICROSECONDS, span);
    let from_us = Some(start_us).filter(|start| *start > 0);
    let run = Run::new(ffmpeg).args(QUIET).args(["-copyts"]).seek(from_us);
    let run = run
        .args(["-protocol_whitelist", "file", "-noautorotate"])
        .input(file);
    decode(run, "0:v:0", Some(&trim), std::convert::identity).await
}

/// Decoder threads: each costs a little, and the other cores are encoding.
pub(crate) fn threads() -> String {
    (crate::hardware::threads() / 2).clamp(1, 4).to_string()
}

async fn decode(
    run: Run,
    map: &str,
    filter: Option<&str>,
    more: impl FnOnce(Run) -> Run,
) -> Result<Decoded, DigestError> {
    let run = run.args(["-map", map]);
    let run = filter
        .into_iter()
        .fold(run, |run, graph| run.args(["-vf", graph]));
    let run = run.args([
        "-fps_mode",
        "passthrough",
        "-f",
        "framehash",
        "-hash",
        "murmur3",
        "pipe:1",
    ]);
    let mut running = more(run).sink(Sink::Pipe).start()?;
    let mut hash = blake3::Hasher::new();
    let mut frames = 0u32;
    if let Some(stdout) = running.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.map_err(RunError::from)? {
            if line.starts_with('#') {
                continue;
            }
            let Some((_, frame)) = line.rsplit_once(',') else {
                continue;
            };
            hash.update(frame.trim().as_bytes());
            frames = frames.saturating_add(1);
        }
    }
    let said = running.finish().await?;
    if said.errors > 0 {
        let first = said
            .log
            .lines()
            .find(|l| l.contains("[error]") || l.contains("[fatal]"))
            .unwrap_or_default();
        return Err(DigestError::Damaged(said.errors, first.to_owned()));
    }
    Ok(Decoded {
        frames,
        hash: hash.finalize().to_hex().to_string(),
    })
}
