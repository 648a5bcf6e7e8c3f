//! The sound of a file as it is heard: samples on the film's own clock, and packets as they were copied.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::tool;

/// Samples a second of what [`hear`] gives.
pub const RATE: u32 = 8_000;

/// How far a track is searched for its place, either way, in samples.
const SEARCH: i64 = RATE as i64 / 10;
/// The length that is matched, in samples.
const WINDOW: usize = RATE as usize / 2;

/// Bytes of a sample.
const SAMPLE: usize = 4;
/// Samples by which a packet may miss the end of the one before and still follow it directly: 2 ms.
const JITTER: usize = RATE as usize / 500;
/// A window with less energy than this is silent; a tone at a tenth of the loudness has twenty.
const SILENCE: f32 = 5.0;

/// One track, decoded to mono at [`RATE`].
#[derive(Debug, Clone)]
pub struct Track {
    /// When the first sample is heard, in samples from the file's own zero.
    pub start: i64,
    /// The samples; pauses between packets are filled with silence.
    pub samples: Vec<f32>,
}

/// Decodes the `index`-th sound track of a file.
///
/// # Errors
/// If ffmpeg cannot decode it or there is no such track.
pub fn hear(file: &Path, index: usize) -> Result<Track> {
    let folder = tempfile::tempdir()?;
    let filters = format!(
        "[0:a:{index}]aresample={RATE},aformat=sample_fmts=flt:channel_layouts=mono,asplit[heard][listed]"
    );
    let mut arguments: Vec<OsString> = "-v error -nostdin -copyts -i"
        .split(' ')
        .map(OsString::from)
        .collect();
    arguments.extend([
        tool::file_url(file),
        "-filter_complex".into(),
        filters.into(),
    ]);
    // The times come beside the samples and not in the log, where a decoder's complaints may cut a line in two.
    let outputs = "-map [heard] -f f32le pipe:1 -map [listed] -c:a pcm_f32le -f framecrc times";
    arguments.extend(outputs.split(' ').map(OsString::from));
    let said = tool::must(tool::ffmpeg(), arguments, folder.path())?;
    place(
        &std::fs::read_to_string(folder.path().join("times"))?,
        &said.stdout,
    )
}

/// Puts samples where a list of packets (stream, decoding time, presentation time, duration, bytes, sum) has them.
fn place(times: &str, bytes: &[u8]) -> Result<Track> {
    let mut heard = bytes
        .chunks_exact(SAMPLE)
        .map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]]));
    let mut track = Track {
        start: 0,
        samples: Vec::new(),
    };
    for line in times.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split(',').map(str::trim).collect();
        let (Some(pts), Some(size)) = (columns.get(2), columns.get(4)) else {
            bail!("cannot read {line}");
        };
        let (pts, count) = (pts.parse::<i64>()?, size.parse::<usize>()? / SAMPLE);
        if track.samples.is_empty() {
            track.start = pts;
        }
        let at = usize::try_from(pts - track.start).context("sound goes back in time")?;
        ensure!(
            at < 1_000 * RATE as usize,
            "sound jumps to {} s",
            pts / i64::from(RATE)
        );
        // Times rounded to milliseconds make packets overlap or part a little; nobody hears that.
        if at.abs_diff(track.samples.len()) > JITTER {
            track.samples.resize(at, 0.0);
        }
        track.samples.extend(heard.by_ref().take(count));
    }
    ensure!(!track.samples.is_empty(), "nothing is heard");
    Ok(track)
}

impl Track {
    /// How much later than `source` this is heard, in seconds, both held against their own zero.
    ///
    /// Looks for the place, up to 0.1 s either way, at which the two are most alike; two or three places in the film must agree.
    ///
    /// # Errors
    /// If the two are not alike anywhere, or not by the same shift everywhere.
    pub fn later_than(&self, source: &Self) -> Result<f64> {
        let first = self.start.max(source.start) + SEARCH;
        let last = self.end().min(source.end()) - SEARCH - WINDOW as i64;
        ensure!(first < last, "the tracks do not overlap");
        let places = (1..12).map(|part| first + (last - first) * part / 12);
        // Where a damaged packet left silence, anything is like anything.
        let loud = places.filter(|&at| energy(source.window(at)) > SILENCE);
        let shifts: Vec<i64> = loud
            .step_by(4)
            .map(|at| self.shift_at(source, at))
            .collect::<Result<_>>()?;
        ensure!(shifts.len() > 1, "there is hardly any sound");
        let mut sorted = shifts.clone();
        sorted.sort_unstable();
        let spread = sorted
            .last()
            .zip(sorted.first())
            .map_or(0, |(high, low)| high - low);
        ensure!(
            spread <= JITTER as i64,
            "the sound drifts: shifts by {shifts:?} samples of {RATE} Hz"
        );
        Ok(sorted[sorted.len() / 2] as f64 / f64::from(RATE))
    }

    /// The same sound on a clock that shows `seconds` more.
    #[must_use]
    pub fn moved_by(mut self, seconds: f64) -> Self {
        self.start += (seconds * f64::from(RATE)).round() as i64;
        self
    }

    fn end(&self) -> i64 {
        self.start + self.samples.len() as i64
    }

    fn shift_at(&self, source: &Self, at: i64) -> Result<i64> {
        let wanted = source.window(at);
        let alike = |shift: i64| likeness(wanted, self.window(at + shift));
        let best = (-SEARCH..=SEARCH).map(|shift| (shift, alike(shift)));
        let (shift, likeness) = best
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .context("no shift")?;
        ensure!(
            likeness > 0.8,
            "the sound at {:.2} s is another one: likeness {likeness:.2}",
            at as f64 / f64::from(RATE)
        );
        Ok(shift)
    }

    fn window(&self, at: i64) -> &[f32] {
        let from = usize::try_from(at - self.start)
            .unwrap_or(0)
            .min(self.samples.len());
        &self.samples[from..(from + WINDOW).min(self.samples.len())]
    }
}

fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|it| it * it).sum()
}

/// The normalised correlation of two pieces: 1 for equal up to loudness.
fn likeness(a: &[f32], b: &[f32]) -> f64 {
    let (mut both, mut one, mut two) = (0f32, 1e-9f32, 1e-9f32);
    for (a, b) in a.iter().zip(b) {
        both += a * b;
        one += a * a;
        two += b * b;
    }
    f64::from(both) / (f64::from(one) * f64::from(two)).sqrt()
}

/// The packets of one stream: a hash of each, in order, with its time in ticks.
///
/// `which` is an ffmpeg stream specifier, such as `a:0`; `codec` is the name of the codec.
///
/// # Errors
/// If ffmpeg cannot copy the stream.
pub fn packets(file: &Path, which: &str, codec: &str) -> Result<Vec<(i64, String)>> {
    // In transport streams each packet of AAC has a head of its own, which other containers keep once.
    let filter = if codec == "aac" {
        "aac_adtstoasc"
    } else {
        "null"
    };
    let arguments: [OsString; 15] = [
        "-v".into(),
        "error".into(),
        "-nostdin".into(),
        "-copyts".into(),
        "-i".into(),
        tool::file_url(file),
        "-map".into(),
        format!("0:{which}").into(),
        "-c".into(),
        "copy".into(),
        "-bsf:a".into(),
        filter.into(),
        "-f".into(),
        "framehash".into(),
        "pipe:1".into(),
    ];
    let said = tool::must(tool::ffmpeg(), arguments, Path::new("."))?;
    let text = String::from_utf8_lossy(&said.stdout);
    let mut packets = Vec::new();
    // Stream, decoding time, presentation time, duration, size, hash.
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split(',').map(str::trim).collect();
        let (Some(pts), Some(hash)) = (columns.get(2), columns.get(5)) else {
            bail!("cannot read {line}");
        };
        packets.push((pts.parse()?, (*hash).to_owned()));
    }
    Ok(packets)
}

/// A hash of all samples of one track, decoded.
///
/// # Errors
/// If ffmpeg cannot decode the track.
pub fn samples(file: &Path, which: &str) -> Result<String> {
    let head = [
        "-v".into(),
        "error".into(),
        "-nostdin".into(),
        "-i".into(),
        tool::file_url(file),
    ];
    let map = format!("0:{which}");
    let tail = ["-map", &map, "-c:a", "pcm_s32le", "-f", "md5", "pipe:1"].map(OsString::from);
    let said = tool::must(tool::ffmpeg(), head.into_iter().chain(tail), Path::new("."))?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(start: i64, from: usize) -> Track {
        let tone = |at: usize| {
            let t = (at + from) as f32 / RATE as f32;
            (2.0 * std::f32::consts::PI * (200.0 * t + 150.0 * t * t)).sin()
        };
        Track {
            start,
            samples: (0..RATE as usize * 3).map(tone).collect(),
        }
    }

    #[test]
    fn a_shift_is_measured_to_the_sample() {
        let source = sweep(0, 0);
        assert_eq!(source.later_than(&source).unwrap(), 0.0);
        assert_eq!(sweep(168, 0).later_than(&source).unwrap(), 0.021);
        // Starts later and shows what is heard then: no shift.
        assert_eq!(sweep(400, 400).later_than(&source).unwrap(), 0.0);
        assert_eq!(sweep(-8, 0).later_than(&source).unwrap(), -0.001);
    }

    #[test]
    fn another_sound_is_no_shift_of_this_one() {
        let mut other = sweep(0, 0);
        other.samples.reverse();
        assert!(other.later_than(&sweep(0, 0)).is_err());
    }
}
