//! Small grey pictures of a few frames, for comparing a result with its source.

use std::path::{Path, PathBuf};

use media::argv::QUIET;
use media::parse::packets;
use media::{Span, Timebase};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::child::{Run, RunError, Sink};
use crate::limits;
use crate::result::Returned;
use crate::source::Source;

/// Width and height of the pictures compared, pixels. Large enough to tell neighbours of a slow
/// pan apart, small enough to average noise away.
pub const SIZE: (usize, usize) = (160, 90);
/// The most that is looked at closely, pixels.
const CLOSE: (u16, u16) = (480, 270);
/// Frames one look may return.
const MOST_FRAMES: usize = 512;

/// A grey picture of [`SIZE`].
pub type Grey = Vec<u8>;

/// A place of a film or of a result, to be looked at.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Of what.
    pub of: Of<'a>,
    /// Where to seek first; `None` reads from the beginning.
    pub seek_us: Option<i64>,
    /// The frames, in ticks of the file's own (for a result: shifted) timeline.
    pub span: Span,
    /// What gives them instead, where they pass filters: a graph of [`media::argv::through`].
    pub filters: Option<String>,
    /// How they are looked at.
    pub frame: Frame,
}

/// How pictures are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The whole picture, [`SIZE`].
    Small,
    /// The middle of it as it is, so many pixels wide and high.
    Close(u16, u16),
}

impl Frame {
    /// Close, of a picture of that size.
    #[must_use]
    pub fn within(width: u16, height: u16) -> Self {
        Self::Close(width.min(CLOSE.0), height.min(CLOSE.1))
    }

    fn pixels(self) -> usize {
        match self {
            Self::Small => SIZE.0 * SIZE.1,
            Self::Close(width, height) => usize::from(width) * usize::from(height),
        }
    }

    fn graph(self) -> String {
        match self {
            Self::Small => format!("scale={}:{}:flags=area,format=gray", SIZE.0, SIZE.1),
            // Grey first: colours could not be cut at every pixel.
            Self::Close(width, height) => format!("format=gray,crop={width}:{height}"),
        }
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// The film.
    Source(&'a Source),
    /// An encoded segment.
    Segment(Returned<'a>),
}

/// The frames of each of `views`, ascending, all from one run: starting ffmpeg costs as much as
/// decoding some dozens of small frames. `scratch` is a name to which endings are added; what is written there
/// is gone afterwards.
///
/// # Errors
/// [`RunError`]. What does not decode only gives fewer frames.
pub async fn look(
    ffmpeg: &Path,
    timebase: Timebase,
    views: &[View<'_>],
    scratch: &Path,
) -> Result<Vec<Vec<Grey>>, RunError> {
    let files: Vec<PathBuf> = (0..views.len())
        .map(|at| scratch.with_extension(format!("look{at}")))
        .collect();
    let mut run = Run::new(ffmpeg).args(QUIET).args(["-copyts"]);
    run = run.most_seconds(limits::BRIEF);
    for view in views {
        run = input(run, view);
    }
    for (at, (view, file)) in views.iter().zip(&files).enumerate() {
        run = output(run, at, timebase, view, file);
    }
    let ended = run.finish().await;
    let mut seen = Vec::with_capacity(files.len());
    for (file, view) in files.iter().zip(views) {
        let bytes = tokio::fs::read(file).await.unwrap_or_default();
        seen.push(
            bytes
                .chunks_exact(view.frame.pixels())
                .map(<[u8]>::to_vec)
                .collect(),
        );
        // It may not even have been begun.
        let _ = tokio::fs::remove_file(file).await;
    }
    match ended {
        // The pictures that came out are the answer, not how a damaged file made it end.
        Ok(_) | Err(RunError::Failed { .. }) => Ok(seen),
        Err(error) => Err(error),
    }
}

fn input(run: Run, view: &View<'_>) -> Run {
    // A few frames: more threads would only decode ahead of what is looked at.
    let run = run.seek(view.seek_us).args(["-threads", "1"]);
    match view.of {
        Of::Source(source) => {
            source.input(run.args(["-protocol_whitelist", "file", "-noautorotate"]))
        }
        Of::Segment(result) => result.input(run),
    }
}

fn output(run: Run, at: usize, timebase: Timebase, view: &View<'_>, file: &Path) -> Run {
    let map = match view.of {
        Of::Source(source) => format!("{at}:{}", source.stream),
        Of::Segment(_) => format!("{at}:v:0"),
    };
    let frames = view.filters.clone();
    let frames = frames.unwrap_or_else(|| trim(timebase, view.span));
    let graph = format!("{frames},{}", view.frame.graph());
    let most = MOST_FRAMES.to_string();
    run.args(["-map", &map, "-vf", &graph, "-fps_mode", "passthrough"])
        .args(["-enc_time_base", &own_clock(timebase)])
        .args(["-frames:v", &most, "-f", "rawvideo", "-y"])
        .output(file)
}

/// The times of the frames that decoding `source` really gives within `span`, ascending.
///
/// # Errors
/// [`RunError`].
pub async fn times_of_source(
    ffmpeg: &Path,
    source: &Source,
    timebase: Timebase,
    seek_us: Option<i64>,
    span: Span,
) -> Result<Vec<i64>, RunError> {
    let run = Run::new(ffmpeg)
        .most_seconds(limits::BRIEF)
        .args(QUIET)
        .seek(seek_us)
        .args(["-copyts", "-threads", "1"]);
    times(run, source, timebase, &trim(timebase, span)).await
}

/// The same of the whole film; `size` is its packets, and the pixels of each.
///
/// # Errors
/// [`RunError`].
pub async fn times_of_film(
    ffmpeg: &Path,
    source: &Source,
    timebase: Timebase,
    (packets, pixels): (u64, u64),
) -> Result<Vec<i64>, RunError> {
    let run = Run::new(ffmpeg)
        .most_seconds(limits::decode(packets, pixels))
        .args(QUIET)
        .args(["-copyts", "-threads", &crate::digest::threads()]);
    times(run, source, timebase, &format!("settb={timebase}")).await
}

async fn times(
    run: Run,
    source: &Source,
    timebase: Timebase,
    frames: &str,
) -> Result<Vec<i64>, RunError> {
    let run = source.open(run.args(["-protocol_whitelist", "file", "-noautorotate"]));
    let graph = format!("{frames},scale=16:16,format=gray");
    let encoder = ["-enc_time_base".to_owned(), own_clock(timebase)];
    let run = run
        .args(["-vf", &graph, "-fps_mode", "passthrough"])
        .args(encoder);
    let mut running = run
        .args(["-f", "framecrc", "pipe:1"])
        .sink(Sink::Pipe)
        .start()?;
    let mut times = Vec::new();
    if let Some(stdout) = running.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            if let packets::Line::Packet(0, packet, _) = packets::line(&line) {
                times.extend(packet.pts);
            }
        }
    }
    running.finish().await?;
    times.sort_unstable();
    Ok(times)
}

/// The frames of `span`, in its own timebase.
pub(crate) fn trim(timebase: Timebase, span: Span) -> String {
    let end = span
        .end
        .map(|end| format!(":end_pts={}", end.0))
        .unwrap_or_default();
    format!("settb={timebase},trim=start_pts={}{end}", span.start.0)
}

/// The film's own timebase for an output that would guess one from its frame rate: frames of an
/// uneven film would fall on one tick there and be refused.
pub(crate) fn own_clock(timebase: Timebase) -> String {
    format!("{}:{}", timebase.num(), timebase.den())
}
