//! What travels beside the film: sound encoded once, streams hashed, the one final mux, and the
//! normalising copy of a source with broken timestamps.

use std::io;
use std::path::{Path, PathBuf};

use media::Timebase;
use media::argv::{QUIET, SHIFT_US};
use media::parse::packets::{self, Line};
use media::time::seconds_text;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::child::{Feed, Run, RunError, Running, Said, Sink};

/// Encodes the sound streams of `source` into `target` (NUT), whole-film, in one run.
///
/// `tracks`: stream index in the source, encoder (or `copy`), bits a second.
///
/// # Errors
/// [`RunError`].
pub async fn encode_sound(
    ffmpeg: &Path,
    source: &Path,
    tracks: &[(u32, &'static str, u32)],
    target: &Path,
) -> Result<Said, RunError> {
    let mut run = Run::new(ffmpeg)
        .args(QUIET)
        .args(["-y", "-copyts"])
        // NUT holds no negative time: an edit list's lead lies before zero.
        .args([
            "-itsoffset",
            &seconds_text(SHIFT_US),
            "-protocol_whitelist",
            "file",
        ])
        .input(source);
    for (position, (stream, encoder, bits)) in tracks.iter().enumerate() {
        run = run.args([
            "-map".to_owned(),
            format!("0:{stream}"),
            format!("-c:{position}"),
            (*encoder).to_owned(),
        ]);
        if *encoder != "copy" {
            run = run.args([format!("-b:{position}"), bits.to_string()]);
        }
        if *encoder == "libopus" {
            // Layouts beyond 5.1(side) need a mapping the encoder chooses itself from the count.
            run = run.args([format!("-mapping_family:{position}"), "-1".to_owned()]);
        }
    }
    let run = run.args([
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
        "-avoid_negative_ts",
        "disabled",
        "-f",
        "nut",
    ]);
    run.output(target).finish().await
}

/// Takes a cover out of `source` as a file, byte for byte.
///
/// # Errors
/// [`RunError`].
pub async fn take_cover(
    ffmpeg: &Path,
    source: &Path,
    stream: u32,
    target: &Path,
) -> Result<Said, RunError> {
    let run = Run::new(ffmpeg)
        .args(QUIET)
        .args(["-y", "-protocol_whitelist", "file"])
        .input(source);
    let run = run.args(["-map".to_owned(), format!("0:{stream}")]).args([
        "-c",
        "copy",
        "-frames:v",
        "1",
        "-f",
        "image2",
        "-update",
        "1",
    ]);
    run.output(target).finish().await
}

/// Copies `streams` of a source whose timestamps are broken into one clean timeline (NUT).
///
/// # Errors
/// [`RunError`].
pub async fn normalise(
    ffmpeg: &Path,
    source: &Path,
    streams: &[u32],
    target: &Path,
) -> Result<Said, RunError> {
    let times = ["-output_ts_offset", "1", "-f", "nut"];
    let run = copy(ffmpeg, &["-fflags", "+genpts"], source, streams).args(times);
    run.output(target).finish().await
}

/// Copies the film of an AVI file that is MPEG-4 with packed pictures, so that each packet holds one. Into AVI: what that
/// does not say of times is then made up as for any other.
///
/// # Errors
/// [`RunError`].
pub async fn unpack(
    ffmpeg: &Path,
    source: &Path,
    film: u32,
    target: &Path,
) -> Result<Said, RunError> {
    let each = ["-bsf:0", "mpeg4_unpack_bframes", "-f", "avi"];
    let run = copy(ffmpeg, &[], source, &[film]).args(each);
    run.output(target).finish().await
}

/// A copy of some streams of a file alone.
fn copy(ffmpeg: &Path, how: &[&str], source: &Path, streams: &[u32]) -> Run {
    let run = Run::new(ffmpeg).args(QUIET).args(["-y"]);
    let run = run.args(how).args(["-protocol_whitelist", "file"]);
    let maps = streams
        .iter()
        .flat_map(|stream| ["-map".to_owned(), format!("0:{stream}")]);
    let run = run.input(source).args(maps);
    run.args(["-c", "copy", "-map_chapters", "-1", "-map_metadata", "-1"])
}

/// What a stream holds, packet by packet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// How many packets.
    pub packets: u64,
    /// BLAKE3, in hex, over each packet's MurmurHash3, in order.
    pub hash: String,
    /// The first packet's presentation time, microseconds.
    pub first_us: Option<i64>,
    /// The last packet's.
    pub last_us: Option<i64>,
    /// When the last of them is over.
    #[serde(default)]
    pub end_us: Option<i64>,
    /// The packets' bytes.
    #[serde(default)]
    pub bytes: u64,
}

/// A stream to be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its index in the file.
    pub index: u32,
    /// It is AAC: transport streams put a header before each packet that other containers do not
    /// have, so it is taken off before hashing (and passes where there is none).
    pub aac: bool,
}

/// Lists the packets of `streams` of `file` and hashes each stream.
///
/// # Errors
/// [`RunError`].
pub async fn contents(
    ffmpeg: &Path,
    file: &Path,
    streams: &[Look],
) -> Result<Vec<Contents>, RunError> {
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let run = Run::new(ffmpeg)
        .args(QUIET)
        .args(["-copyts", "-protocol_whitelist", "file"]);
    let mut run = run.input(file);
    for (position, look) in streams.iter().enumerate() {
        run = run.args(["-map".to_owned(), format!("0:{}", look.index)]);
        if look.aac {
            run = run.args([format!("-bsf:{position}"), "aac_adtstoasc".to_owned()]);
        }
    }
    let mut tally = Tally::new(streams.len());
    list(run, |line| tally.take(line)).await?;
    Ok(tally.finish())
}

/// Runs a stream copy into framehash, and hands on its lines.
async fn list(run: Run, mut each: impl FnMut(&str)) -> Result<(), RunError> {
    let hashed = ["-c", "copy", "-copyts", "-f", "framehash"];
    let run = run.args(hashed).args(["-hash", "murmur3", "pipe:1"]);
    let mut running = run.sink(Sink::Pipe).start()?;
    if let Some(stdout) = running.stdout.take() {
        let mut lines = BufReader::with_capacity(1 << 16, stdout).lines();
        while let Some(line) = lines.next_line().await? {
            each(&line);
        }
    }
    let said = running.finish().await?;
    if said.log.contains("Error applying bitstream filters") {
        // Passed over here with a message; the muxers' own filters stop at it.
        return Err(io::Error::other("some packets are damaged").into());
    }
    Ok(())
}

/// What the lines of framehash add up to, stream by stream.
struct Tally(Vec<(Contents, blake3::Hasher, Timebase)>);

impl Tally {
    fn new(streams: usize) -> Self {
        let empty = || {
            (
                Contents::default(),
                blake3::Hasher::new(),
                Timebase::MICROSECONDS,
            )
        };
        Self((0..streams).map(|_| empty()).collect())
    }

    /// Adds a line to its stream.
    fn take(&mut self, line: &str) {
        if let Line::Timebase(stream, timebase) = packets::line(line) {
            if let Some(slot) = self.0.get_mut(stream as usize) {
                slot.2 = timebase;
            }
            return;
        }
        if line.starts_with('#') {
            return;
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [stream, _dts, pts, duration, size, hash, ..] = fields[..] else {
            return;
        };
        let at = stream.parse().ok();
        let Some(slot) = at.and_then(|at: usize| self.0.get_mut(at)) else {
            return;
        };
        slot.0.packets += 1;
        slot.0.bytes += size.parse::<u32>().map_or(0, u64::from);
        slot.1.update(hash.as_bytes());
        let pts: Option<i64> = pts.parse().ok().filter(|p| *p != i64::MIN);
        if let Some(pts) = pts {
            let us = slot.2.micros(pts);
            slot.0.first_us.get_or_insert(us);
            slot.0.last_us = Some(us);
            let lasts: i64 = duration.parse().unwrap_or(0);
            let ends = slot.2.micros(pts.saturating_add(lasts.max(0)));
            slot.0.end_us = slot.0.end_us.max(Some(ends));
        }
    }

    fn finish(self) -> Vec<Contents> {
        let finished = self.0.into_iter().map(|(contents, hasher, _)| Contents {
            hash: hasher.finalize().to_hex().to_string(),
            ..contents
        });
        finished.collect()
    }
}

/// How a stream is turned into something comparable where its packets were repackaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Essence {
    /// Decoded samples.
    Sound,
    /// The text, without its times.
    Text,
}

/// SHA-256, in hex, of what one stream of `file` means rather than of how it is packed.
///
/// # Errors
/// [`RunError`].
pub async fn essence(
    ffmpeg: &Path,
    file: &Path,
    stream: u32,
    essence: Essence,
) -> Result<String, RunError> {
    let run = mapped(
        Run::new(ffmpeg)
            .args(QUIET)
            .args(["-protocol_whitelist", "file"])
            .input(file),
        &[stream],
    );
    let run = match essence {
        Essence::Sound => run.args(["-f", "hash", "-hash", "sha256"]),
        Essence::Text => run.args(["-c:s", "text", "-f", "streamhash", "-hash", "sha256"]),
    };
    let mut running = run.args(["pipe:1"]).sink(Sink::Pipe).start()?;
    let text = read_all(&mut running).await?;
    running.finish().await?;
    Ok(text
        .rsplit('=')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned())
}

fn mapped(mut run: Run, streams: &[u32]) -> Run {
    for stream in streams {
        run = run.args(["-map".to_owned(), format!("0:{stream}")]);
    }
    run
}

async fn read_all(running: &mut Running) -> Result<String, RunError> {
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    if let Some(stdout) = running.stdout.take() {
        stdout.take(MOST).read_to_string(&mut text).await?;
    }
    Ok(text)
}

/// The final mux: the spliced film on standard input, everything else from the source.
#[derive(Clone, Debug)]
pub struct Mux {
    /// Where tags, chapters and copied streams come from.
    pub source: PathBuf,
    /// A second file with the streams of a normalised source, where there is one.
    pub normalised: Option<PathBuf>,
    /// Sound encoded by [`encode_sound`].
    pub sound: Option<PathBuf>,
    /// The film's stream in the source, for its tags.
    pub film: u32,
    /// The film's dispositions: `default+forced`, or `0`.
    pub film_disposition: String,
    /// The other streams, in output order.
    pub streams: Vec<MuxStream>,
    /// Files to be attached, after all streams: path, media type, name.
    pub attach: Vec<(PathBuf, &'static str, &'static str)>,
    /// MP4 rather than Matroska.
    pub mp4: bool,
    /// Ticks a second of the film's track in MP4.
    pub timescale: u32,
    /// Ticks a second in which MP4 says when each track starts; `None` leaves it to ffmpeg.
    pub edit_timescale: Option<u32>,
    /// `hvc1` for HEVC in MP4.
    pub tag: Option<&'static str>,
    /// Added to every timestamp, microseconds: removes a transport stream's start.
    pub offset_us: i64,
    /// By how much later than it is to be shown the film is given, microseconds: whole ticks of its own.
    pub film_late_us: i64,
}

/// One stream beside the film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MuxStream {
    /// Its index in the source, for tags.
    pub source: u32,
    /// Where its packets come from.
    pub from: From,
    /// `copy`, or a text subtitle's new form.
    pub codec: &'static str,
    /// Its dispositions, joined by `+`, or `0`.
    pub disposition: String,
}

/// Which input holds a stream's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The source itself (or its normalised copy, at this index).
    Source(u32),
    /// The encoded sound, at this position.
    Sound(u32),
}

impl Mux {
    /// Starts writing `target`; the caller writes the film into [`Running::stdin`].
    ///
    /// # Errors
    /// [`RunError::NotStarted`].
    pub fn start(&self, ffmpeg: &Path, target: &Path) -> Result<Running, RunError> {
        let mut run = Run::new(ffmpeg).args(QUIET).args(["-y", "-copyts"]);
        run = run.args([
            "-itsoffset",
            &seconds_text(-self.film_late_us),
            "-protocol_whitelist",
            "pipe",
            "-f",
            "mp4",
            "-i",
            "pipe:0",
        ]);
        run = run
            .args(["-copyts", "-protocol_whitelist", "file"])
            .input(&self.source);
        let mut inputs = 2;
        let mut packets = 1;
        if let Some(path) = &self.normalised {
            run = run
                .args(["-copyts", "-protocol_whitelist", "file"])
                .input(path);
            packets = inputs;
            inputs += 1;
        }
        if let Some(path) = &self.sound {
            run = run
                .args(["-copyts", "-itsoffset", &seconds_text(-SHIFT_US)])
                .args(["-protocol_whitelist", "file", "-f", "nut"])
                .input(path);
        }
        run = run.args(["-map", "0:v:0"]);
        for stream in &self.streams {
            let map = match stream.from {
                From::Source(index) => format!("{packets}:{index}"),
                From::Sound(position) => format!("{inputs}:{position}"),
            };
            run = run.args(["-map", &map]);
        }
        let run = self.attachments(self.codecs_and_tags(run));
        self.container(run).output(target).feed(Feed::Pipe).start()
    }

    fn codecs_and_tags(&self, mut run: Run) -> Run {
        run = run.args(["-c", "copy", "-strict", "-2", "-map_metadata", "1"]);
        run = run.args(["-map_metadata:s:0".to_owned(), format!("1:s:{}", self.film)]);
        run = run.args(["-disposition:0", &self.film_disposition]);
        for (position, stream) in self.streams.iter().enumerate() {
            let at = position + 1;
            run = run.args([
                format!("-map_metadata:s:{at}"),
                format!("1:s:{}", stream.source),
            ]);
            run = run.args([format!("-disposition:{at}"), stream.disposition.clone()]);
            if stream.codec != "copy" {
                run = run.args([format!("-c:{at}"), stream.codec.to_owned()]);
            }
        }
        run.args(["-map_chapters", "1", "-max_interleave_delta", "0"])
    }

    fn attachments(&self, mut run: Run) -> Run {
        let first = self.streams.len() + 1;
        for (position, (path, mimetype, name)) in self.attach.iter().enumerate() {
            let at = first + position;
            run = run.reads(path).args(["-attach"]).args([path]);
            run = run.args([format!("-metadata:s:{at}"), format!("mimetype={mimetype}")]);
            run = run.args([format!("-metadata:s:{at}"), format!("filename={name}")]);
        }
        run
    }

    fn container(&self, mut run: Run) -> Run {
        if self.offset_us != 0 {
            run = run.args(["-output_ts_offset", &seconds_text(self.offset_us)]);
        }
        if let Some(tag) = self.tag {
            run = run.args(["-tag:v:0", tag]);
        }
        if let (true, Some(ticks)) = (self.mp4, self.edit_timescale) {
            run = run.args(["-movie_timescale", &ticks.to_string()]);
        }
        if self.mp4 {
            run.args([
                "-video_track_timescale",
                &self.timescale.to_string(),
                "-movflags",
                "+faststart",
                "-f",
                "mp4",
            ])
        } else {
            run.args(["-avoid_negative_ts", "disabled", "-f", "matroska"])
        }
    }
}

/// Lists the packets of the film in a finished file, times as stored.
///
/// Where segments with different reordering were joined, ffmpeg's Matroska demuxer guesses
/// decode times and then bends presentation times to them; `+nofillin` and decode times of our
/// own keep it from that (5.1 and 9.0). What travels beside the film is read apart: `+nofillin`
/// also leaves out the delay of Opus and Vorbis.
///
/// # Errors
/// [`RunError`].
pub async fn film_packets(
    ffmpeg: &Path,
    file: &Path,
    mut each: impl FnMut(FilmPacket),
) -> Result<(), RunError> {
    let run = Run::new(ffmpeg).args(QUIET);
    let run = run.args(["-fflags", "+nofillin", "-copyts"]);
    let run = run.args(["-protocol_whitelist", "file"]).input(file);
    let run = run.args(["-map", "0:v:0", "-bsf:0", "setts=pts=PTS:dts=N-1000000"]);
    list(run, |line| {
        if let Some(found) = film_packet(line) {
            each(found);
        }
    })
    .await
}

/// A packet of the film, or what its times count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilmPacket {
    /// The track's timebase; comes first.
    Timebase(media::Timebase),
    /// A packet: presentation time in ticks, and its bytes' MurmurHash3.
    Packet(i64, [u8; 16]),
}

/// `#tb 0: 1/90000` or `0, dts, pts, duration, size, murmur3[, …]`
fn film_packet(line: &str) -> Option<FilmPacket> {
    if let media::parse::packets::Line::Timebase(0, timebase) = media::parse::packets::line(line) {
        return Some(FilmPacket::Timebase(timebase));
    }
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.split(',').map(str::trim);
    if fields.next()? != "0" {
        return None;
    }
    let pts = fields.nth(1)?.parse().ok()?;
    let hex = fields.nth(2)?;
    let mut digest = [0; 16];
    if hex.len() != 32 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(FilmPacket::Packet(pts, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stream_holds_is_added_up() {
        let mut tally = Tally::new(2);
        for line in [
            "#tb 0: 1/1000",
            "#tb 1: 1/48000",
            "0,          0,        500,       40,      700, 00",
            "0,         40,        400,       40,      300, 01",
            "1,      48000,      48000,     1024,      256, 02, S=1",
            "nonsense",
        ] {
            tally.take(line);
        }
        let found = tally.finish();
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.packets, one.bytes, one.last_us, one.end_us))
            .collect();
        assert_eq!(
            told,
            [
                (2, 1000, Some(400_000), Some(540_000)),
                (1, 256, Some(1_000_000), Some(1_021_333)),
            ]
        );
    }
}
