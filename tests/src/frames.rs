//! The reference reader: every frame of a file, its number as burnt into the picture, and its time in exact ticks.
//!
//! One whole decode by a given ffmpeg, from the first packet to the last, with `-copyts` and without any frame rate
//! conversion. Each frame is also kept as a small grey picture, so that frames whose number is illegible can be compared.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::barcode;
use crate::tool;

/// One decoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Presentation time in ticks of the reading's time base; `None` where the decoder gave none.
    pub pts: Option<i64>,
    /// The number in the picture, where it is legible.
    pub number: Option<u32>,
    /// The picture, [`barcode::WIDTH`] × [`barcode::HEIGHT`] grey pixels.
    pub grey: Vec<u8>,
}

/// How a frame is to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// Pixel format, as ffmpeg names it.
    pub format: String,
    /// Width and height in pixels, as `320x180`.
    pub size: String,
    /// Sample aspect ratio; `0/1` where none is said.
    pub aspect: String,
    /// `P` for a progressive frame, `T` or `B` for the field that comes first.
    pub scan: String,
    /// Range, matrix, primaries and transfer curve.
    pub colour: [String; 4],
    /// Mastering display, as numbers in ffmpeg's words; empty for none.
    pub mastering: String,
    /// Light levels; empty for none.
    pub light: String,
}

/// What a whole decode of a file gave.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Seconds in a tick, as a fraction.
    pub time_base: (i64, i64),
    /// The frame rate the file claims, as a fraction; 0/1 or 1/0 for none.
    pub rate: (i64, i64),
    /// The frames, in the order the decoder gave them.
    pub frames: Vec<Frame>,
    /// The look of the first frame.
    pub look: Look,
    /// Kinds of side data met in any frame.
    pub extras: BTreeSet<String>,
    /// Lines in which the demuxer or the decoder complained.
    pub complaints: Vec<String>,
}

impl Reading {
    /// The numbers in the pictures, in order.
    #[must_use]
    pub fn numbers(&self) -> Vec<Option<u32>> {
        self.frames.iter().map(|frame| frame.number).collect()
    }

    /// A time of this reading in seconds, for messages.
    #[must_use]
    pub fn seconds(&self, pts: i64) -> f64 {
        pts as f64 * self.time_base.0 as f64 / self.time_base.1 as f64
    }
}

/// Decodes the first video stream of `file` that is not a cover picture.
///
/// # Errors
/// If ffmpeg cannot be run, finds no such stream, or says something this cannot read.
pub fn read(file: &Path) -> Result<Reading> {
    read_with(tool::ffmpeg(), file)
}

/// As [`read`], by a particular ffmpeg, 5.1 or later.
///
/// # Errors
/// As [`read`].
pub fn read_with(ffmpeg: &Path, file: &Path) -> Result<Reading> {
    let filters = format!(
        "showinfo=checksum=0,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709,\
         scale={}:{}:flags=area,format=gray",
        barcode::WIDTH,
        barcode::HEIGHT
    );
    let words = "-hide_banner -nostats -nostdin -loglevel level+info -copyts -noautorotate";
    let mut arguments: Vec<std::ffi::OsString> = words.split(' ').map(Into::into).collect();
    arguments.extend([
        "-i".into(),
        tool::file_url(file),
        "-map".into(),
        "0:V:0".into(),
        "-vf".into(),
        filters.into(),
    ]);
    arguments.extend(
        "-fps_mode passthrough -enc_time_base 1:100000000 -f rawvideo pipe:1"
            .split(' ')
            .map(Into::into),
    );
    let said = tool::run(ffmpeg, &arguments, Path::new("."))?;
    let mut reading =
        parse(&said.stderr).with_context(|| format!("cannot read {}", file.display()))?;
    let size = barcode::WIDTH * barcode::HEIGHT;
    if said.stdout.len() != reading.frames.len() * size {
        bail!(
            "{}: {} frames announced, {} bytes of pictures",
            file.display(),
            reading.frames.len(),
            said.stdout.len()
        );
    }
    for (frame, grey) in reading.frames.iter_mut().zip(said.stdout.chunks(size)) {
        frame.number = barcode::read(grey);
        frame.grey = grey.to_vec();
    }
    Ok(reading)
}

fn parse(log: &str) -> Result<Reading> {
    let mut reading = Reading {
        time_base: (0, 1),
        rate: (0, 1),
        frames: Vec::new(),
        look: Look::default(),
        extras: BTreeSet::new(),
        complaints: Vec::new(),
    };
    for line in log.lines() {
        let shown = line
            .split_once("[info] ")
            .filter(|(who, _)| who.contains("showinfo"));
        if let Some((_, words)) = shown {
            showinfo(&mut reading, words);
        }
        // Threads may write into one line.
        if line.contains("[error]") || line.contains("[fatal]") {
            reading.complaints.push(line.to_owned());
        }
    }
    if reading.time_base.0 == 0 || reading.frames.is_empty() {
        let last = reading.complaints.last().cloned();
        bail!(
            "no frame: {}",
            last.unwrap_or_else(|| "no reason given".to_owned())
        );
    }
    Ok(reading)
}

fn showinfo(reading: &mut Reading, words: &str) {
    let words = words.trim();
    if let Some(config) = words.strip_prefix("config in ") {
        if let Some(base) = field(config, "time_base:").and_then(fraction) {
            reading.time_base = base;
        }
        if let Some(rate) = field(config, "frame_rate:").and_then(fraction) {
            reading.rate = rate;
        }
    } else if words.starts_with("n:") {
        let pts = field(words, " pts:").and_then(|pts| pts.parse().ok());
        reading.frames.push(Frame {
            pts,
            number: None,
            grey: Vec::new(),
        });
        if reading.frames.len() == 1 {
            frame_look(&mut reading.look, words);
        }
    } else if words.starts_with("color_range:") {
        if reading.frames.len() == 1 {
            reading.look.colour = [
                "color_range:",
                "color_space:",
                "color_primaries:",
                "color_trc:",
            ]
            .map(|name| field(words, name).unwrap_or_default().to_owned());
        }
    } else if let Some(data) = words.strip_prefix("side data - ") {
        side_data(reading, data);
    }
}

fn frame_look(look: &mut Look, words: &str) {
    let take = |name| field(words, name).unwrap_or_default().to_owned();
    look.format = take(" fmt:");
    look.size = take(" s:");
    look.aspect = take(" sar:");
    look.scan = take(" i:");
}

fn side_data(reading: &mut Reading, data: &str) {
    // 5.1 and 9.0 use different words for the same things.
    let (name, values) = data
        .split_once(": ")
        .unwrap_or((data.trim_end_matches(':'), ""));
    let name = name.to_lowercase();
    let first = reading.frames.len() == 1;
    if first && name.starts_with("mastering display") {
        reading.look.mastering = values.trim().to_owned();
    } else if first && name.starts_with("content light level") {
        reading.look.light = values.trim().to_owned();
    }
    reading.extras.insert(name);
}

/// The word behind a name; blanks between the two are skipped.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(name)?;
    rest.trim_start().split([' ', ',']).next()
}

fn fraction(text: &str) -> Option<(i64, i64)> {
    let (above, below) = text.split_once('/')?;
    Some((above.parse().ok()?, below.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
[Parsed_showinfo_0 @ 0x7f] [info] config in time_base: 1/12800, frame_rate: 25/1
[Parsed_showinfo_0 @ 0x7f] [info] n:   0 pts:   -512 pts_time:-0.04       duration:    512 fmt:yuv420p10le cl:left sar:16/11 s:320x180 i:T iskey:1 type:I 
[Parsed_showinfo_0 @ 0x7f] [info]   side data - Content light level metadata: MaxCLL=1000, MaxFALL=400
[Parsed_showinfo_0 @ 0x7f] [info] color_range:tv color_space:bt2020nc color_primaries:bt2020 color_trc:smpte2084
[h264 @ 0x7f] [error] something is wrong
[Parsed_showinfo_0 @ 0x7f] [info] n:   1 pts:   NOPTS pts_time:NOPTS fmt:yuv420p sar:1/1 s:320x180 i:P";

    #[test]
    fn the_log_is_understood() {
        let reading = parse(LOG).unwrap();
        assert_eq!((reading.time_base, reading.rate), ((1, 12800), (25, 1)));
        assert_eq!(
            reading
                .frames
                .iter()
                .map(|frame| frame.pts)
                .collect::<Vec<_>>(),
            [Some(-512), None]
        );
        assert_eq!(
            (reading.look.aspect.as_str(), reading.look.scan.as_str()),
            ("16/11", "T")
        );
        assert_eq!(
            reading.look.colour,
            ["tv", "bt2020nc", "bt2020", "smpte2084"]
        );
        assert_eq!(reading.look.light, "MaxCLL=1000, MaxFALL=400");
        assert_eq!(reading.complaints.len(), 1);
    }

    #[test]
    fn a_log_without_frames_is_an_error() {
        assert!(
            parse("[in] [error] moov atom not found")
                .unwrap_err()
                .to_string()
                .contains("moov")
        );
    }
}
