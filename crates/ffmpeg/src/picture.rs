//! Small grey pictures of a few frames, for comparing a result with its source.

use std::path::Path;

use media::argv::QUIET;
use media::parse::packets;
use media::time::seconds_text;
use media::{Span, Timebase};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::child::{Run, RunError, Sink};
use crate::source::Source;

/// Width and height of the pictures compared, pixels. Large enough to tell neighbours of a slow
/// pan apart, small enough to average noise away.
pub const SIZE: (usize, usize) = (160, 90);
/// Frames one look may return.
const MOST_FRAMES: usize = 512;

/// A grey picture of [`SIZE`].
pub type Grey = Vec<u8>;

/// The frames of `source` shown within `span`, ascending, seeking to `seek_us` first.
///
/// # Errors
/// [`RunError`].
pub async fn of_source(
    ffmpeg: &Path,
    source: &Source,
    timebase: Timebase,
    seek_us: Option<i64>,
    span: Span,
) -> Result<Vec<Grey>, RunError> {
    let run =
        source.open(open(ffmpeg, seek_us).args(["-protocol_whitelist", "file", "-noautorotate"]));
    frames(run, timebase, span).await
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
    let run =
        source.open(open(ffmpeg, seek_us).args(["-protocol_whitelist", "file", "-noautorotate"]));
    let graph = format!("{},scale=16:16,format=gray", trim(timebase, span));
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

/// The frames of an encoded segment shown within `span` of its own (shifted) timeline.
///
/// # Errors
/// [`RunError`].
pub async fn of_segment(
    ffmpeg: &Path,
    file: &Path,
    timebase: Timebase,
    seek_us: Option<i64>,
    span: Span,
) -> Result<Vec<Grey>, RunError> {
    let run = open(ffmpeg, seek_us)
        .args([
            "-protocol_whitelist",
            "file",
            "-format_whitelist",
            "mov,mp4,m4a,3gp,3g2,mj2",
            "-noautorotate",
            "-f",
            "mp4",
        ])
        .input(file)
        .args(["-map", "0:v:0"]);
    frames(run, timebase, span).await
}

fn open(ffmpeg: &Path, seek_us: Option<i64>) -> Run {
    let run = Run::new(ffmpeg).args(QUIET);
    let run = match seek_us {
        Some(seek) => run.args([
            "-noaccurate_seek",
            "-seek_timestamp",
            "1",
            "-ss",
            &seconds_text(seek),
        ]),
        None => run,
    };
    // A few frames: more threads would only decode ahead of what is looked at.
    run.args(["-copyts", "-threads", "1"])
}

async fn frames(run: Run, timebase: Timebase, span: Span) -> Result<Vec<Grey>, RunError> {
    let mut graph = trim(timebase, span);
    let (width, height) = SIZE;
    graph.push_str(&format!(",scale={width}:{height}:flags=area,format=gray"));
    let mut running = run
        .args([
            "-vf",
            &graph,
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            &own_clock(timebase),
            "-f",
            "rawvideo",
            "pipe:1",
        ])
        .sink(Sink::Pipe)
        .start()?;
    let mut pictures = Vec::new();
    if let Some(mut stdout) = running.stdout.take() {
        let mut picture = vec![0; width * height];
        while pictures.len() < MOST_FRAMES && stdout.read_exact(&mut picture).await.is_ok() {
            pictures.push(picture.clone());
        }
    }
    // Enough was read, or the decoder reached the end of what there is: its exit code adds nothing.
    running.kill().await;
    Ok(pictures)
}

/// The frames of `span`, in its own timebase.
fn trim(timebase: Timebase, span: Span) -> String {
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
