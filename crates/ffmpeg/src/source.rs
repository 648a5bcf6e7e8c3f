//! A source film as ffmpeg is told of it, and the probe of what is in it.

use std::path::{Path, PathBuf};

use media::parse::{description, frame};
use media::spec::Scan;
use media::stream::SourceInfo;
use media::{Pts, Timebase};

use crate::child::{self, Run, RunError};
use crate::limits;

/// A film: its file, its stream, and what its timestamps need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file; never written.
    pub path: PathBuf,
    /// ffmpeg's index of the film's stream.
    pub stream: u32,
    /// Missing presentation times are to be made up (AVI).
    pub genpts: bool,
}

impl Source {
    /// The options that open it, timestamps kept: the same for index, extraction and comparison.
    pub(crate) fn open(&self, run: Run) -> Run {
        self.input(run)
            .args(["-map", &format!("0:{}", self.stream)])
    }

    /// Likewise as one input of several.
    pub(crate) fn input(&self, run: Run) -> Run {
        let run = if self.genpts {
            run.args(["-fflags", "+genpts"])
        } else {
            run
        };
        run.input(&self.path)
    }
}

/// Why a file cannot be read as a film.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// ffmpeg does not open it; holds its last words.
    #[error("ffmpeg cannot open it: {0}")]
    NotOpened(String),
    /// The film's stream gives no picture; holds ffmpeg's last words.
    #[error("no picture could be decoded: {0}")]
    NoPicture(String),
    /// ffmpeg itself does not run.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl ProbeError {
    /// Whether it says nothing of what is in the file: as [`RunError::is_of_the_system`].
    #[must_use]
    pub fn is_of_the_system(&self) -> bool {
        match self {
            Self::NotOpened(words) | Self::NoPicture(words) => child::are_of_the_system(words),
            Self::Run(error) => error.is_of_the_system(),
        }
    }
}

/// What the container says is in `path`.
///
/// # Errors
/// [`ProbeError::NotOpened`] for what is no media file.
pub async fn describe(ffmpeg: &Path, path: &Path) -> Result<SourceInfo, ProbeError> {
    let run = Run::new(ffmpeg)
        .answers()
        .most_seconds(limits::BRIEF)
        .args([
            "-hide_banner",
            "-nostdin",
            "-loglevel",
            "info",
            "-protocol_whitelist",
            "file",
        ])
        .input(path)
        .keep_log();
    // Without an output ffmpeg always ends with an error, after it has said all we want.
    let log = match run.finish().await {
        Ok(said) => said.log,
        Err(RunError::Failed { log, .. }) => log,
        Err(error) => return Err(error.into()),
    };
    description::read(&log).ok_or_else(|| ProbeError::NotOpened(reason(&log)))
}

/// The film's first decoded frame.
///
/// # Errors
/// [`ProbeError::NoPicture`] where nothing decodes.
pub async fn first_frame(ffmpeg: &Path, source: &Source) -> Result<frame::FrameInfo, ProbeError> {
    shown(
        source,
        Run::new(ffmpeg)
            .answers()
            .args(TALKING)
            .most_seconds(limits::BRIEF),
        "showinfo",
    )
    .await
}

/// How the first interlaced frame of some is scanned, looked for at three places of the film: recordings often begin with
/// something progressive. `None` where none is found. `film` is its start and length, microseconds of the file's own
/// timeline; of a film whose length is not known no places can be chosen.
pub async fn interlaced_later(
    ffmpeg: &Path,
    source: &Source,
    film: (i64, Option<i64>),
) -> Option<Scan> {
    let length = film.1.filter(|length| *length > 0)?;
    for share in [25, 50, 75] {
        let at_us = film.0 + length.saturating_mul(share) / 100;
        let run = Run::new(ffmpeg)
            .answers()
            .args(TALKING)
            .most_seconds(limits::BRIEF)
            .seek(Some(at_us));
        // A damaged place says nothing; the others may.
        let frame = shown(source, run, "showinfo").await.ok();
        let scan = frame.and_then(|frame| frame.scan);
        if scan.is_some_and(|scan| scan != Scan::Progressive) {
            return scan;
        }
    }
    None
}

/// The first frame decoded at or after `start`, seeking to `seek_us` first.
///
/// # Errors
/// As [`first_frame`].
pub async fn frame_at(
    ffmpeg: &Path,
    source: &Source,
    timebase: Timebase,
    seek_us: Option<i64>,
    start: Pts,
) -> Result<frame::FrameInfo, ProbeError> {
    let run = Run::new(ffmpeg)
        .args(TALKING)
        .most_seconds(limits::BRIEF)
        .args(["-copyts"])
        .seek(seek_us);
    let graph = format!("settb={timebase},trim=start_pts={},showinfo", start.0);
    shown(source, run, &graph).await
}

/// For a run whose log is its answer.
pub(crate) const TALKING: [&str; 5] = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "info"];

async fn shown(source: &Source, run: Run, graph: &str) -> Result<frame::FrameInfo, ProbeError> {
    let run = run.args(["-protocol_whitelist", "file", "-noautorotate"]);
    let run = source
        .open(run)
        .args(["-vf", graph, "-frames:v", "1", "-f", "null", "-"])
        .keep_log();
    let log = match run.finish().await {
        Ok(said) => said.log,
        Err(RunError::Failed { log, .. }) => log,
        Err(error) => return Err(error.into()),
    };
    frame::read(&log).ok_or_else(|| ProbeError::NoPicture(reason(&log)))
}

/// ffmpeg's last line, without the path it repeats in front.
fn reason(log: &str) -> String {
    const CUT_OFF: &str = "moov atom not found";
    if log.contains(CUT_OFF) {
        return CUT_OFF.to_owned();
    }
    let line = log
        .lines()
        .rev()
        .find(|l| !l.trim().is_empty())
        .unwrap_or("it said nothing");
    let after = line.rsplit_once(": ").map_or(line, |(_, reason)| reason);
    after.chars().take(300).collect()
}
