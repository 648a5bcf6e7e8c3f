//! Verified segments become one file: our splice of their packets into one fragmented MP4,
//! streamed into one mux that adds everything else, without a temporary copy of the film.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffmpeg::carry::{From, Mux, MuxStream};
use ffmpeg::child::RunError;
use ffmpeg::source::ProbeError;
use media::argv::shift_ticks;
use media::choice::Container;
use media::encoder::Codec;
use plan::carry::{Freight, How, Image};
use plan::cut::Segment;
use plan::keep::Muxer;
use splice::{DisplayMatrix, JoinError, Joined, Limits, Part, Timing};

use crate::film::Film;
use crate::lease::{Bench, Piece};

/// All that is to become one file.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// The film.
    pub film: Arc<Film>,
    /// Its segments with their results, in order.
    pub pieces: Vec<(Segment, Piece)>,
    /// Where the results lie.
    pub folder: PathBuf,
    /// What travels beside it, as it turned out.
    pub freight: Freight,
    /// Sound encoded beside the film.
    pub sound: Option<PathBuf>,
    /// Covers to be attached.
    pub covers: Vec<(PathBuf, Image)>,
}

/// The joined file, written aside, and what must be found in it.
#[derive(Debug)]
pub(crate) struct Merged {
    /// Where.
    pub file: PathBuf,
    /// MurmurHash3 of the film's packets in decode order.
    pub packets: Vec<[u8; 16]>,
    /// The first packet of each segment in `packets`.
    pub starts: Vec<usize>,
    /// Per segment: its headers are those of the joined file.
    pub equal_headers: Vec<bool>,
}

/// Why there is no joined file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MergeError {
    /// These segments do not fit and are to be made again.
    #[error("{reason}")]
    Redo {
        /// Positions in the film.
        segments: Vec<u32>,
        /// Why.
        reason: String,
    },
    /// Making them again would not help.
    #[error("{0}")]
    Failed(String),
    /// It could not be looked at: that says nothing of what is in it.
    #[error("{0}")]
    NotSeen(String),
    /// It saves less than was asked for: so many bytes.
    #[error("it has {0} bytes")]
    NotWorthwhile(u64),
}

impl MergeError {
    pub(crate) fn failed(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }

    /// Of a film that is there already.
    pub(crate) fn not_seen(error: impl ToString) -> Self {
        Self::NotSeen(error.to_string())
    }

    /// Of a run that reads what was made.
    pub(crate) fn of_run(error: &RunError) -> Self {
        if error.is_of_the_system() {
            return Self::not_seen(error);
        }
        Self::failed(error)
    }

    /// Of a look at what was made.
    pub(crate) fn of_probe(error: &ProbeError) -> Self {
        if error.is_of_the_system() {
            return Self::not_seen(error);
        }
        Self::failed(error)
    }
}

/// Joins `parts` into `target`.
///
/// # Errors
/// [`MergeError`]; the target may be half-written then.
pub(crate) async fn merge(
    bench: &Bench,
    parts: &Parts,
    target: &Path,
) -> Result<Merged, MergeError> {
    let joined = plan_join(parts).await?;
    let equal_headers = (0..joined.parts())
        .map(|at| joined.headers(at) == Some(splice::Headers::Equal))
        .collect();
    let mut running = mux(parts, joined.timescale(), bench.muxer)
        .start(&bench.ffmpeg, target)
        .map_err(MergeError::failed)?;
    let stdin = running
        .stdin
        .take()
        .ok_or_else(|| MergeError::failed("ffmpeg has no input"))?;
    let files = files(parts);
    let matrix = matrix(parts.film.video.rotation);
    let pipe = stdin_file(stdin).map_err(MergeError::failed)?;
    let writing = tokio::task::spawn_blocking(move || write(&joined, &files, matrix, pipe));
    let finished = running.finish().await;
    let written = writing.await.map_err(MergeError::failed)?;
    // ffmpeg's own words say more than the pipe that broke with it.
    finished.map_err(MergeError::failed)?;
    let (packets, starts) = written?;
    Ok(Merged {
        file: target.to_owned(),
        packets,
        starts,
        equal_headers,
    })
}

fn files(parts: &Parts) -> Vec<PathBuf> {
    parts
        .pieces
        .iter()
        .map(|(_, piece)| parts.folder.join(&piece.file))
        .collect()
}

/// Scans every result again and settles the film's one timeline.
async fn plan_join(parts: &Parts) -> Result<Joined, MergeError> {
    let film = Arc::clone(&parts.film);
    let files = files(parts);
    let segments: Vec<Segment> = parts
        .pieces
        .iter()
        .map(|(segment, _)| segment.clone())
        .collect();
    let planning = tokio::task::spawn_blocking(move || {
        let scale = i64::from(film.timebase().num());
        let mut tracks = Vec::with_capacity(files.len());
        for (path, segment) in files.iter().zip(&segments) {
            let expected_pts: Vec<i64> =
                film.shown(segment).iter().map(|pts| pts * scale).collect();
            let limits = Limits {
                samples: expected_pts.len() + 1,
                ..Limits::default()
            };
            let redo = |reason: String| MergeError::Redo {
                segments: vec![segment.index],
                reason,
            };
            let file = File::open(path)
                .map_err(|e| redo(format!("a finished segment cannot be read: {e}")))?;
            let track = splice::scan(file, limits).map_err(|e| redo(e.to_string()))?;
            tracks.push(Part {
                track,
                expected_pts,
            });
        }
        let shift = shift_ticks(film.timebase()) * scale;
        Joined::plan(
            tracks,
            Timing {
                shift,
                last_duration: None,
            },
        )
        .map_err(join_error)
    });
    planning.await.map_err(MergeError::failed)?
}

fn join_error(error: JoinError) -> MergeError {
    let reason = error.to_string();
    match error.part() {
        Some(part) => MergeError::Redo {
            segments: vec![u32::try_from(part).unwrap_or(u32::MAX)],
            reason,
        },
        None => MergeError::Failed(reason),
    }
}

/// The writer's end of the pipe, for a thread that blocks.
#[cfg(unix)]
fn stdin_file(stdin: tokio::process::ChildStdin) -> std::io::Result<File> {
    Ok(File::from(stdin.into_owned_fd()?))
}

#[cfg(windows)]
fn stdin_file(stdin: tokio::process::ChildStdin) -> std::io::Result<File> {
    Ok(File::from(stdin.into_owned_handle()?))
}

type Packets = (Vec<[u8; 16]>, Vec<usize>);

fn write(
    joined: &Joined,
    files: &[PathBuf],
    matrix: DisplayMatrix,
    pipe: File,
) -> Result<Packets, MergeError> {
    let mut out = BufWriter::with_capacity(1 << 20, pipe);
    joined
        .write_head(&mut out, matrix)
        .map_err(MergeError::failed)?;
    let mut packets = Vec::with_capacity(joined.samples());
    let mut starts = Vec::with_capacity(files.len());
    for (part, path) in files.iter().enumerate() {
        starts.push(packets.len());
        let file = File::open(path).map_err(MergeError::failed)?;
        joined
            .write_part(&mut out, part, file, |packet| {
                packets.push(packet.murmur3())
            })
            .map_err(MergeError::failed)?;
    }
    out.flush().map_err(MergeError::failed)?;
    Ok((packets, starts))
}

/// The tkhd matrix for ffmpeg's counter-clockwise degrees, in 16.16 and 2.30.
fn matrix(rotation: Option<i32>) -> DisplayMatrix {
    const ONE: i32 = 0x1_0000;
    let (cos, sin) = match rotation.unwrap_or(0).rem_euclid(360) {
        90 => (0, ONE),
        180 => (-ONE, 0),
        270 => (0, -ONE),
        _ => return DisplayMatrix::UPRIGHT,
    };
    DisplayMatrix([cos, -sin, 0, sin, cos, 0, 0, 0, 0x4000_0000])
}

/// Whole ticks of the film, and fine enough that no sound's start moves by a sample.
fn edit_timescale(timescale: u32) -> u32 {
    const FINE: u32 = 100_000;
    timescale.saturating_mul(FINE.div_ceil(timescale.max(1)))
}

fn mux(parts: &Parts, timescale: u32, muxer: Muxer) -> Mux {
    let film = &parts.film;
    let mp4 = film.choice.container() == Container::Mp4;
    let beside = film.copy_of_the_rest();
    let mut sounds = 0;
    let places = parts.freight.carried.iter().enumerate();
    let streams = places.filter_map(|(position, carried)| {
        let at = u32::try_from(position).unwrap_or(u32::MAX);
        let source = if beside.is_some() {
            at + 1
        } else {
            carried.index
        };
        let (from, codec) = match carried.how {
            How::Copy => (From::Source(source), "copy"),
            How::Text(encoder) => (From::Source(source), encoder),
            How::Sound(..) | How::CopyApart => {
                sounds += 1;
                (From::Sound(sounds - 1), "copy")
            }
            How::Cover(_) => return None,
        };
        let disposition = carried.disposition.clone();
        Some(MuxStream {
            source: carried.index,
            from,
            codec,
            disposition,
        })
    });
    let streams = streams.collect();
    let stream = film
        .info
        .streams
        .iter()
        .find(|s| s.index == film.video.index);
    Mux {
        source: film.path.clone(),
        normalised: beside.map(Path::to_owned),
        sound: parts.sound.clone(),
        film: film.video.index,
        film_disposition: stream.map_or_else(|| "0".to_owned(), plan::carry::disposition),
        streams,
        attach: parts
            .covers
            .iter()
            .map(|(path, image)| (path.clone(), image.mimetype(), image.file_name()))
            .collect(),
        mp4,
        timescale,
        edit_timescale: (!muxer.starts_in_ticks()).then(|| edit_timescale(timescale)),
        tag: (mp4 && film.choice.codec() == Codec::Hevc).then_some("hvc1"),
        offset_us: -film.start_us,
        // No whole 64 s where a tick is 1001/30000 s.
        film_late_us: film.timebase().micros(shift_ticks(film.timebase())),
    }
}
