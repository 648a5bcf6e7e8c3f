//! The joined file is the film, and the receipt says why: every packet byte-identical to what
//! was verified, every timestamp the source's, everything carried the same.

use std::collections::BTreeMap;
use std::path::Path;

use ffmpeg::carry::{self, Contents, Essence, FilmPacket, Look};
use ffmpeg::source::{self, Source};
use media::Timebase;
use media::choice::Container;
use media::parse::frame::FrameInfo;
use media::spec::{Ratio, Scan};
use media::stream::StreamKind;
use plan::carry::{Carried, How};
use plan::expect::{self, Times};
use serde::{Deserialize, Serialize};

use crate::film::Film;
use crate::lease::Bench;
use crate::merge::{MergeError, Merged, Parts};

/// What proving the joined file found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileProof {
    /// Frames in the output.
    pub frames: usize,
    /// BLAKE3 over the source's frame times in ticks of the output, moved as the output was.
    pub source_pts_hash: String,
    /// Likewise over the frame times read back from the output.
    pub output_pts_hash: String,
    /// The output's timebase.
    pub timebase: String,
    /// Added to every timestamp, microseconds.
    pub shift_us: i64,
    /// What travelled beside the film.
    pub carried: Vec<CarriedProof>,
    /// Segments whose range of the joined file was decoded, with equal hash.
    pub decoded_ranges: Vec<u32>,
}

/// One carried stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CarriedProof {
    /// Its index in the source.
    pub source: u32,
    /// Its index in the output.
    pub output: u32,
    /// What it is.
    pub kind: StreamKind,
    /// How the two were found the same.
    pub same: Same,
    /// Hash of its content.
    pub hash: String,
}

/// How two streams were found the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Same {
    /// Every packet has the same bytes and the same time.
    Packets,
    /// Repackaged; the decoded samples are the same.
    Decoded,
    /// Repackaged or converted; the text is the same.
    Text,
    /// Encoded anew as was asked; it begins and ends where the source's does.
    Encoded,
    /// A file inside the file; it is there.
    Attached,
}

/// Proves `merged`.
///
/// # Errors
/// [`MergeError::Redo`] names segments whose packets are not what was verified.
pub(crate) async fn prove(
    bench: &Bench,
    parts: &Parts,
    merged: &Merged,
    source: &[Contents],
    paranoid: bool,
) -> Result<FileProof, MergeError> {
    let film = &parts.film;
    // Side by side: nothing else goes on by now, and each reads the file on one thread.
    let ((timebase, mut times), carried, ()) = tokio::try_join!(
        packets(bench, merged),
        carried(bench, parts, &merged.file, source),
        picture_kept(bench, parts, &merged.file),
    )?;
    times.sort_unstable();
    let expected = film.all_shown().map_err(MergeError::failed)?;
    match expect::times(&expected, film.timebase(), &times, timebase, -film.start_us) {
        Times::Exact => {}
        Times::Count(found, wanted) => {
            return Err(MergeError::Failed(format!(
                "the joined file has {found} of {wanted} frames"
            )));
        }
        Times::Elsewhere(at, found, wanted) => {
            return Err(MergeError::Failed(format!(
                "frame {at} of the joined file is at tick {found} instead of {wanted}"
            )));
        }
    }
    let decoded_ranges = decode_where_needed(bench, parts, merged, paranoid).await?;
    Ok(FileProof {
        frames: times.len(),
        source_pts_hash: pts_hash(
            expected
                .iter()
                .map(|t| expect::shifted(*t, film.timebase(), timebase, -film.start_us)),
        ),
        output_pts_hash: pts_hash(times.iter().copied()),
        timebase: timebase.to_string(),
        shift_us: -film.start_us,
        carried,
        decoded_ranges,
    })
}

/// The proof of a file that was decoded whole, whose frames are at these times.
///
/// # Errors
/// Where two frames of the film share a time.
pub(crate) fn whole(
    film: &Film,
    timebase: Timebase,
    times: &[i64],
    carried: Vec<CarriedProof>,
) -> Result<FileProof, MergeError> {
    let expected = film.all_shown().map_err(MergeError::failed)?;
    let moved = |time: &i64| expect::shifted(*time, film.timebase(), timebase, -film.start_us);
    Ok(FileProof {
        frames: times.len(),
        source_pts_hash: pts_hash(expected.iter().map(moved)),
        output_pts_hash: pts_hash(times.iter().copied()),
        timebase: timebase.to_string(),
        shift_us: -film.start_us,
        carried,
        decoded_ranges: Vec::new(),
    })
}

/// BLAKE3 over the times as decimal text, one a line.
fn pts_hash(times: impl Iterator<Item = i64>) -> String {
    let mut hasher = blake3::Hasher::new();
    for time in times {
        hasher.update(format!("{time}\n").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Every packet of the film in the joined file, byte for byte what was verified: their timebase and times.
async fn packets(bench: &Bench, merged: &Merged) -> Result<(Timebase, Vec<i64>), MergeError> {
    let mut timebase = Timebase::MILLISECONDS;
    let mut times = Vec::with_capacity(merged.packets.len());
    let mut wrong: Vec<usize> = Vec::new();
    let listing = carry::film_packets(&bench.ffmpeg, &merged.file, |packet| match packet {
        FilmPacket::Timebase(found) => timebase = found,
        FilmPacket::Packet(pts, digest) => {
            if merged.packets.get(times.len()) != Some(&digest) {
                wrong.push(times.len());
            }
            times.push(pts);
        }
    });
    listing.await.map_err(MergeError::failed)?;
    as_verified(merged, times.len(), &wrong)?;
    Ok((timebase, times))
}

/// Nothing missing, and nothing `wrong`.
fn as_verified(merged: &Merged, found: usize, wrong: &[usize]) -> Result<(), MergeError> {
    if found != merged.packets.len() {
        return Err(MergeError::Failed(format!(
            "the joined file has {found} of {} packets",
            merged.packets.len()
        )));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut segments: Vec<u32> = wrong
        .iter()
        .map(|at| segment_of(*at, &merged.starts))
        .collect();
    segments.dedup();
    Err(MergeError::Redo {
        segments,
        reason: format!(
            "{} packets of the joined file are not those that were verified",
            wrong.len()
        ),
    })
}

fn segment_of(packet: usize, starts: &[usize]) -> u32 {
    u32::try_from(
        starts
            .partition_point(|start| *start <= packet)
            .saturating_sub(1),
    )
    .unwrap_or(u32::MAX)
}

/// Where everything is in the joined file, its chapters among it.
async fn whereabouts(
    bench: &Bench,
    parts: &Parts,
    file: &Path,
) -> Result<BTreeMap<u32, u32>, MergeError> {
    let there = source::describe(&bench.ffmpeg, file).await;
    let there = there.map_err(|e| MergeError::of_probe(&e))?;
    let chapters = parts.film.info.chapters;
    if there.chapters != chapters {
        return Err(MergeError::Failed(format!(
            "the joined file has {} of {chapters} chapters",
            there.chapters
        )));
    }
    places(&parts.freight.carried, &there)
}

/// Each carried stream of the joined file against the source's.
pub(crate) async fn carried(
    bench: &Bench,
    parts: &Parts,
    file: &Path,
    source: &[Contents],
) -> Result<Vec<CarriedProof>, MergeError> {
    let list = &parts.freight.carried;
    let places = whereabouts(bench, parts, file).await?;
    let hashed = list.iter().filter(|c| c.kind != StreamKind::Attachment);
    let looks = hashed.filter_map(|c| {
        Some(Look {
            index: *places.get(&c.index)?,
            aac: parts.film.is_aac(c),
        })
    });
    let looks: Vec<Look> = looks.collect();
    let found = carry::contents(&bench.ffmpeg, file, &looks)
        .await
        .map_err(|e| MergeError::of_run(&e))?;
    let mut found = found.into_iter();
    let mut proofs = Vec::new();
    for (position, stream) in list.iter().enumerate() {
        let output = places.get(&stream.index).copied().unwrap_or(0);
        let (same, hash) = if stream.kind == StreamKind::Attachment {
            (Same::Attached, String::new())
        } else {
            let theirs = source.get(position).cloned().unwrap_or_default();
            same(
                bench,
                parts,
                stream,
                file,
                output,
                &theirs,
                &found.next().unwrap_or_default(),
            )
            .await?
        };
        proofs.push(CarriedProof {
            source: stream.index,
            output,
            kind: stream.kind,
            same,
            hash,
        });
    }
    Ok(proofs)
}

/// Where each carried stream stands in the output: muxers put covers and attachments last.
fn places(
    list: &[Carried],
    there: &media::stream::SourceInfo,
) -> Result<BTreeMap<u32, u32>, MergeError> {
    let mut free: Vec<&media::stream::Stream> = there.streams.iter().skip(1).collect();
    let mut places = BTreeMap::new();
    for stream in list {
        let is_cover = stream.kind == StreamKind::Video;
        let at = free
            .iter()
            .position(|s| s.kind == stream.kind && s.is_cover() == is_cover);
        let at = at.ok_or_else(|| {
            MergeError::Failed(format!("track {} is not in the joined file", stream.index))
        })?;
        places.insert(stream.index, free.remove(at).index);
    }
    Ok(places)
}

async fn same(
    bench: &Bench,
    parts: &Parts,
    stream: &Carried,
    file: &Path,
    output: u32,
    theirs: &Contents,
    ours: &Contents,
) -> Result<(Same, String), MergeError> {
    let film = &parts.film;
    let lost = |what: &str| {
        MergeError::Failed(format!("track {} {what} in the joined file", stream.index))
    };
    // MP4 fills the time before and between subtitles with empty ones.
    let in_mp4 = film.choice.container() == Container::Mp4 || film.info.is_format("mp4");
    let filled = stream.kind == StreamKind::Subtitle && in_mp4;
    let timed = stream.kind != StreamKind::Video && !filled;
    // Sound that an edit list hides before zero is not encoded.
    let hidden = film.info.is_format("mp4") && matches!(stream.how, How::Sound(..));
    let shown = Contents {
        first_us: theirs
            .first_us
            .map(|us| if hidden { us.max(0) } else { us }),
        ..theirs.clone()
    };
    if timed && !in_step(&shown, ours, -film.start_us, stream) {
        return Err(lost("is not in step with the picture"));
    }
    if let How::Sound(..) = stream.how {
        return Ok((Same::Encoded, ours.hash.clone()));
    }
    if theirs.hash == ours.hash && theirs.packets == ours.packets {
        return Ok((Same::Packets, ours.hash.clone()));
    }
    let essence = if stream.kind == StreamKind::Audio {
        Essence::Sound
    } else {
        Essence::Text
    };
    let source_stream = if film.copy_of_the_rest().is_some() {
        theirs_index(parts, stream)
    } else {
        stream.index
    };
    let source_file = film.rest();
    let a = carry::essence(&bench.ffmpeg, source_file, source_stream, essence)
        .await
        .map_err(MergeError::not_seen)?;
    let b = carry::essence(&bench.ffmpeg, file, output, essence)
        .await
        .map_err(|e| MergeError::of_run(&e))?;
    if a != b {
        return Err(lost("is not what it was"));
    }
    Ok((
        if essence == Essence::Sound {
            Same::Decoded
        } else {
            Same::Text
        },
        b,
    ))
}

fn theirs_index(parts: &Parts, stream: &Carried) -> u32 {
    let at = parts
        .freight
        .carried
        .iter()
        .position(|c| c.index == stream.index)
        .unwrap_or(0);
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}

/// Whether a carried stream begins where the source's does, moved as the film was moved. An
/// encoder's priming may lie before (AAC: 1024 samples, Opus: 6.5 ms), a millisecond is rounding.
fn in_step(theirs: &Contents, ours: &Contents, shift_us: i64, stream: &Carried) -> bool {
    let slack = match stream.how {
        How::Copy | How::CopyApart | How::Cover(_) => 1_500,
        How::Sound(..) => 130_000,
        How::Text(_) => 20_000,
    };
    match (theirs.first_us, ours.first_us) {
        (Some(theirs), Some(ours)) => (ours - theirs - shift_us).abs() <= slack,
        (None, None) => true,
        _ => stream.kind == StreamKind::Subtitle,
    }
}

/// Colour, HDR, shape, field order and rotation, as the first frame and the container say.
pub(crate) async fn picture_kept(
    bench: &Bench,
    parts: &Parts,
    file: &Path,
) -> Result<(), MergeError> {
    let film = &parts.film;
    let there = Source {
        path: file.to_owned(),
        stream: 0,
        genpts: false,
    };
    let frame = source::first_frame(&bench.ffmpeg, &there)
        .await
        .map_err(|e| MergeError::of_probe(&e))?;
    let lost = |what: &str| {
        Err(MergeError::Failed(format!(
            "the joined file lost the film's {what}"
        )))
    };
    let made = film.order.made();
    let (was, is) = (made.color, frame.color);
    let kept = |was: bool, same: bool| !was || same;
    if !(kept(was.primaries.is_some(), was.primaries == is.primaries)
        && kept(was.transfer.is_some(), was.transfer == is.transfer)
        && kept(
            was.matrix.is_some() && was.matrix != Some(media::spec::Matrix::Rgb),
            was.matrix == is.matrix,
        ))
    {
        return lost("colour description");
    }
    if let (Some(was), is) = (made.hdr10, frame.hdr10) {
        let is = is.unwrap_or(media::spec::Hdr10 {
            mastering: None,
            light: None,
        });
        if kept(was.mastering.is_some(), is.mastering.is_some())
            && kept(was.light.is_some(), was.light == is.light)
        {
            // Present; SVT-AV1 rounds chromaticities to 16 fractional bits.
        } else {
            return lost("HDR10 metadata");
        }
    }
    if (frame.width, frame.height) != (made.width, made.height) {
        return lost("size");
    }
    if !is_of_shape(film, &frame) {
        return lost("pixel shape");
    }
    as_filtered(film, &frame)
}

/// Whether the pixels have the shape they should. Matroska says it by a size in whole pixels, which after scaling is
/// the nearest.
fn is_of_shape(film: &Film, frame: &FrameInfo) -> bool {
    let made = film.order.made();
    if !film.order.filters().touches_pictures() {
        return made.sar.is_none() || frame.sar == made.sar;
    }
    let shown = |sar: Option<Ratio>| {
        sar.map_or(1.0, |sar| f64::from(sar.num()) / f64::from(sar.den())) * f64::from(made.width)
    };
    (shown(made.sar) - shown(frame.sar)).abs() <= 1.0
}

/// Whether what filters take away is gone.
fn as_filtered(film: &Film, frame: &FrameInfo) -> Result<(), MergeError> {
    let chain = film.order.filters();
    let still = |what: &str| {
        Err(MergeError::Failed(format!(
            "the joined file still says that it is {what}"
        )))
    };
    if chain.tone_map.is_some() && (frame.color.is_hdr() || frame.hdr10.is_some()) {
        return still("HDR");
    }
    if chain.deinterlace.is_some() && frame.scan.is_some_and(|scan| scan != Scan::Progressive) {
        return still("interlaced");
    }
    Ok(())
}

/// Decodes the ranges whose headers differ from the file's (all of them under `paranoid`) out of
/// the joined file, and compares with the verified decode.
async fn decode_where_needed(
    bench: &Bench,
    parts: &Parts,
    merged: &Merged,
    paranoid: bool,
) -> Result<Vec<u32>, MergeError> {
    let mixed = merged.equal_headers.iter().any(|equal| !equal);
    let mut done = Vec::new();
    if !mixed && !paranoid {
        return Ok(done);
    }
    for (at, (segment, piece)) in parts.pieces.iter().enumerate() {
        // After a segment with other headers the decoder must find its way back: that one counts too.
        let near = merged.equal_headers[at.saturating_sub(1)..=at]
            .iter()
            .any(|equal| !equal);
        if !near && !paranoid {
            continue;
        }
        let range = range(parts, segment);
        let decoded = ffmpeg::digest::range(&bench.ffmpeg, &merged.file, range.0, range.1).await;
        let good = decoded.as_ref().is_ok_and(|d| *d == piece.proof.decoded);
        if !good {
            let found = decoded.map_or_else(
                |e| e.to_string(),
                |d| format!("{} of {} frames", d.frames, piece.proof.frames),
            );
            let reason = format!(
                "segment {} does not decode in the joined file as it did alone: {found}",
                segment.index
            );
            return Err(MergeError::Redo {
                segments: vec![segment.index],
                reason,
            });
        }
        done.push(segment.index);
    }
    Ok(done)
}

/// A segment's range in the joined file, microseconds: half a frame early at both ends.
fn range(parts: &Parts, segment: &plan::cut::Segment) -> (i64, Option<i64>) {
    let film = &parts.film;
    let timebase = film.timebase();
    let half = (500_000.0 / film.rate()) as i64;
    // Matroska rounds to milliseconds: the margin covers that and stays within a frame.
    let half = half.min(800);
    let at = |ticks: i64| timebase.micros(ticks) - film.start_us - half;
    (
        at(segment.span.start.0),
        segment.span.end.map(|end| at(end.0)),
    )
}
