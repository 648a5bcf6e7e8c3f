//! The text `ffmpeg -i FILE` prints: streams, tags' languages, dispositions, side data, chapters.
//!
//! ffmpeg indents tags and continues a tag's further lines behind `:`, so a line that starts
//! with exactly two spaces and `Stream #0:` is ffmpeg's own and no tag's.

use crate::stream::{SourceInfo, Stream, StreamKind};

/// More streams than this are not read: the file is a bomb, not a film.
const MOST_STREAMS: usize = 512;

/// Reads the whole text. `None` where no input was opened.
#[must_use]
pub fn read(text: &str) -> Option<SourceInfo> {
    let mut info = SourceInfo::default();
    let (mut seen_input, mut grouped) = (false, false);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("Input #0, ") {
            seen_input = true;
            info.format = rest.split(", from '").next().unwrap_or_default().to_owned();
        } else if !seen_input {
            continue;
        } else if let Some(rest) = line.strip_prefix("  Duration: ") {
            duration(rest, &mut info);
        } else if line.starts_with("    Chapter #0:") {
            info.chapters = info.chapters.saturating_add(1);
        } else if line.starts_with("  Stream group #") {
            // Since 7.0: what belongs together (a camera's timecode) is listed deeper and first.
            grouped = true;
        } else if let Some(rest) = stream_line(line, grouped) {
            if info.streams.len() < MOST_STREAMS {
                info.streams.extend(stream(rest));
            }
        } else if line.starts_with("Output #") || line.starts_with("Stream mapping") {
            break;
        } else {
            side_data(line, &mut info);
        }
    }
    info.streams.sort_by_key(|stream| stream.index);
    info.streams.dedup_by_key(|stream| stream.index);
    seen_input.then_some(info)
}

/// What follows `Stream #0:` in a line of ffmpeg's own.
fn stream_line(line: &str, grouped: bool) -> Option<&str> {
    let plain = line.strip_prefix("  Stream #0:");
    plain.or_else(|| line.strip_prefix("    Stream #0:").filter(|_| grouped))
}

fn duration(rest: &str, info: &mut SourceInfo) {
    let mut parts = rest.split(", ");
    info.duration_us = parts.next().and_then(clock);
    info.start_us = parts
        .find_map(|p| p.strip_prefix("start: "))
        .and_then(seconds);
}

/// `00:01:02.50` in microseconds.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.trim().splitn(3, ':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let rest = seconds(parts.next()?)?;
    Some(
        hours
            .checked_mul(3600)?
            .checked_add(minutes.checked_mul(60)?)?
            .checked_mul(1_000_000)?
            + rest,
    )
}

/// `-1.25` in microseconds.
fn seconds(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part: String = format!("{part:0<6}").chars().take(6).collect();
    let whole: i64 = whole.parse().ok()?;
    Some(
        sign * (whole
            .checked_mul(1_000_000)?
            .checked_add(part.parse().ok()?)?),
    )
}

/// `0[0x1](und): Video: hevc (Main 10), yuv420p10le(tv) (default) (forced)`
fn stream(rest: &str) -> Option<Stream> {
    let (id, rest) = rest.split_once(": ")?;
    let digits = id.find(|c: char| !c.is_ascii_digit()).unwrap_or(id.len());
    let language = id.split_once('(').and_then(|(_, l)| l.strip_suffix(')'));
    let (kind, description) = rest.split_once(": ").or_else(|| rest.split_once(':'))?;
    let codec = description.split([' ', ',']).next().unwrap_or_default();
    Some(Stream {
        index: id[..digits].parse().ok()?,
        language: language.filter(|l| *l != "und").map(str::to_owned),
        codec: codec.to_owned(),
        kind: kind_of(kind),
        dispositions: dispositions(description),
        description: description.to_owned(),
        side_data: Vec::new(),
    })
}

fn kind_of(word: &str) -> StreamKind {
    match word {
        "Video" => StreamKind::Video,
        "Audio" => StreamKind::Audio,
        "Subtitle" => StreamKind::Subtitle,
        "Attachment" => StreamKind::Attachment,
        "Data" => StreamKind::Data,
        _ => StreamKind::Unknown,
    }
}

/// libavformat/dump.c prints one parenthesis for each disposition, last on the line.
const DISPOSITIONS: [&str; 18] = [
    "default",
    "dub",
    "original",
    "comment",
    "lyrics",
    "karaoke",
    "forced",
    "hearing impaired",
    "visual impaired",
    "clean effects",
    "attached pic",
    "timed thumbnails",
    "captions",
    "descriptions",
    "metadata",
    "dependent",
    "still image",
    "non-diegetic",
];

fn dispositions(description: &str) -> Vec<String> {
    let mut rest = description.trim_end();
    let mut found = Vec::new();
    while let Some(open) = rest.strip_suffix(')').and_then(|inner| inner.rfind('(')) {
        let word = &rest[open + 1..rest.len() - 1];
        if !DISPOSITIONS.contains(&word) {
            break;
        }
        found.insert(0, word.to_owned());
        rest = rest[..open].trim_end();
    }
    found
}

/// Side data is listed six spaces deep below `    Side data:`; tags stand there too, but the
/// names asked for ([`Stream::has_side_data`]) start a line, where a tag has its key.
fn side_data(line: &str, info: &mut SourceInfo) {
    let Some(entry) = line.strip_prefix("      ").filter(|e| !e.starts_with(' ')) else {
        return;
    };
    let Some((name, _)) = entry.split_once(": ") else {
        return;
    };
    if name.ends_with(' ') {
        return; // a tag: keys are padded to a column
    }
    if let Some(stream) = info.streams.last_mut().filter(|s| s.side_data.len() < 32) {
        stream.side_data.push(entry.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[in#0 @ 0x55c1c66b6000] Referenced QT chapter track not found
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/tmp/rot.mp4':
  Metadata:
    title           : A: Stream #0:9: Video
                    : second line
  Duration: 00:01:06.01, start: -0.023000, bitrate: 258 kb/s
  Chapters:
    Chapter #0:0: start 0.000000, end 6.005000
      Metadata:
        title           : One
  Stream #0:0[0x1](und): Video: hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt2020nc/unknown/unknown, progressive), 320x180 [SAR 1:1 DAR 16:9], 176 kb/s, 23.98 fps, 23.98 tbr, 16k tbn (default)
    Metadata:
      handler_name    : VideoHandler
    Side data:
      Display Matrix: rotation of 90.00 degrees
  Stream #0:1[0x2](fre): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 69 kb/s (default) (hearing impaired)
  Stream #0:2: Subtitle: subrip
  Stream #0:3: Attachment: ttf
  Stream #0:4: Video: mjpeg (Baseline), yuvj420p(pc), 320x180 (attached pic)
At least one output file must be specified
";

    #[test]
    fn reads_streams_tags_and_chapters() {
        let info = read(TEXT).unwrap();
        assert_eq!(info.format, "mov,mp4,m4a,3gp,3g2,mj2");
        assert!(info.is_format("mp4"));
        assert_eq!(
            (info.duration_us, info.start_us),
            (Some(66_010_000), Some(-23_000))
        );
        assert_eq!((info.chapters, info.streams.len()), (1, 5));
        let film = info.film().unwrap();
        assert_eq!(
            (film.index, film.codec.as_str(), film.language.as_deref()),
            (0, "hevc", None)
        );
        assert!(film.has_side_data("display matrix"));
        let sound = &info.streams[1];
        assert_eq!(sound.language.as_deref(), Some("fre"));
        assert_eq!(sound.dispositions, ["default", "hearing impaired"]);
        assert_eq!(info.streams[3].codec, "ttf");
        assert!(info.streams[4].is_cover());
    }

    #[test]
    fn a_camera_s_timecode_group_is_read_through() {
        let text = "\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/tmp/timecode.mov':
  Stream group #0:0[0x3]: Track Reference: (default)
    Stream #0:0[0x1](eng): Video: h264 (High), yuv420p, 320x180 (default)
    Stream #0:2[0x3](eng): Data: none (tmcd / 0x64636D74)
  Stream #0:1[0x2](eng): Audio: aac (LC), 48000 Hz, stereo (default)
";
        let info = read(text).unwrap();
        assert_eq!(
            info.streams.iter().map(|s| s.index).collect::<Vec<_>>(),
            [0, 1, 2]
        );
        assert_eq!(info.film().unwrap().codec, "h264");
    }

    #[test]
    fn a_tag_cannot_pose_as_a_stream() {
        let info = read(TEXT).unwrap();
        assert!(info.streams.iter().all(|s| s.index < 5));
    }

    #[test]
    fn nothing_opened_is_none() {
        assert_eq!(
            read("file:/x: Invalid data found when processing input\n"),
            None
        );
    }
}
