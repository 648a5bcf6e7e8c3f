//! What a file carries besides its pictures: its streams as ffmpeg lists them, tags, chapters, subtitles, attachments.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::tool;

/// One stream, as ffmpeg's listing describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stream {
    /// `Video`, `Audio`, `Subtitle`, `Attachment` or `Data`.
    pub kind: String,
    /// The codec's name.
    pub codec: String,
    /// The language, if one is said.
    pub language: Option<String>,
    /// `default`, `forced`, `attached pic` and the like.
    pub dispositions: BTreeSet<String>,
    /// Its tags, in lower case.
    pub tags: BTreeMap<String, String>,
    /// The degrees a player turns the picture, if it is to be turned.
    pub rotation: Option<i32>,
}

/// A part of the film with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// Its start in nanoseconds.
    pub start: i128,
    /// Its end in nanoseconds.
    pub end: i128,
    /// Its name.
    pub title: String,
}

/// Everything a file carries.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// The streams, in order.
    pub streams: Vec<Stream>,
    /// The file's own tags, in lower case.
    pub tags: BTreeMap<String, String>,
    /// The chapters, in order.
    pub chapters: Vec<Chapter>,
}

impl Carried {
    /// The streams of a kind that are not cover pictures.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Stream> {
        let cover = |stream: &Stream| stream.dispositions.contains("attached pic");
        self.streams
            .iter()
            .filter(move |stream| stream.kind == kind && !cover(stream))
    }

    /// How many cover pictures there are, as pictures or as attachments that are pictures.
    #[must_use]
    pub fn covers(&self) -> usize {
        self.streams
            .iter()
            .filter(|stream| stream.dispositions.contains("attached pic"))
            .count()
    }
}

/// Lists what a file carries.
///
/// # Errors
/// If ffmpeg cannot open it.
pub fn list(file: &Path) -> Result<Carried> {
    let arguments = [
        "-hide_banner".into(),
        "-nostdin".into(),
        "-i".into(),
        tool::file_url(file),
    ];
    // Without an output this ends with an error after the listing.
    let said = tool::run(tool::ffmpeg(), arguments as [OsString; 4], Path::new("."))?;
    let mut carried = Carried {
        streams: streams(&said.stderr),
        ..Carried::default()
    };
    anyhow::ensure!(
        !carried.streams.is_empty(),
        "no stream in {}: {}",
        file.display(),
        said.stderr
    );
    let words = "-v error -nostdin -copyts -i"
        .split(' ')
        .map(OsString::from);
    let more = "-map 0:v? -map 0:a? -map 0:s? -c copy -f ffmetadata pipe:1";
    let arguments = words
        .chain([tool::file_url(file)])
        .chain(more.split(' ').map(OsString::from));
    let said = tool::must(tool::ffmpeg(), arguments, Path::new("."))?;
    metadata(&String::from_utf8_lossy(&said.stdout), &mut carried)?;
    Ok(carried)
}

fn streams(listing: &str) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    for line in listing.lines() {
        let inner = line.trim_start();
        if let Some(words) = inner.strip_prefix("Stream #0:") {
            // A tag that looks like a stream stands behind a name and a colon, so it does not start the line.
            streams.extend(stream(words));
        } else if let Some(stream) = streams.last_mut() {
            if let Some((_, turn)) = inner.split_once("rotation of ") {
                let degrees: Option<f64> = turn.split(' ').next().and_then(|it| it.parse().ok());
                stream.rotation = degrees.map(|it| it.round() as i32);
            } else if let Some((name, value)) = inner
                .split_once(": ")
                .filter(|_| line.starts_with("      "))
            {
                stream
                    .tags
                    .insert(name.trim().to_lowercase(), value.to_owned());
            }
        }
    }
    streams
}

/// Reads `1[0x2](eng): Audio: aac (LC), 48000 Hz, mono (default) (forced)`.
fn stream(words: &str) -> Option<Stream> {
    let (head, rest) = words.split_once(": ")?;
    let (kind, rest) = rest.split_once(": ")?;
    let language = head
        .split_once('(')
        .and_then(|(_, it)| it.strip_suffix(')'))
        .map(str::to_owned);
    let mut dispositions = BTreeSet::new();
    let mut tail = rest.trim_end();
    // Dispositions are the last words in brackets; what the codec says of itself is followed by a comma.
    while let Some((before, word)) = tail.strip_suffix(')').and_then(|it| it.rsplit_once(" (")) {
        if !KNOWN.contains(&word) {
            break;
        }
        dispositions.insert(word.to_owned());
        tail = before.trim_end();
    }
    Some(Stream {
        kind: kind.to_owned(),
        codec: rest.split([' ', ',']).next().unwrap_or_default().to_owned(),
        language: language.filter(|it| it != "und"),
        dispositions,
        ..Stream::default()
    })
}

const KNOWN: [&str; 13] = [
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
    "captions",
    "descriptions",
];

fn metadata(text: &str, carried: &mut Carried) -> Result<()> {
    let (mut section, mut base) = (String::new(), (1i128, 1_000_000_000i128));
    for (key, value) in entries(text) {
        let nanoseconds = |value: &str| -> Result<i128> {
            Ok(value.parse::<i128>()? * base.0 * 1_000_000_000 / base.1)
        };
        match (section.as_str(), key.as_str()) {
            (_, "[") => {
                section = value;
                if section == "CHAPTER" {
                    carried.chapters.push(Chapter {
                        start: 0,
                        end: 0,
                        title: String::new(),
                    });
                }
            }
            ("", _) => drop(carried.tags.insert(key, value)),
            ("CHAPTER", _) => {
                let chapter = carried.chapters.last_mut().context("no chapter")?;
                match key.as_str() {
                    "timebase" => {
                        let (above, below) = value.split_once('/').context("no time base")?;
                        base = (above.parse()?, below.parse()?);
                    }
                    "start" => chapter.start = nanoseconds(&value)?,
                    "end" => chapter.end = nanoseconds(&value)?,
                    "title" => chapter.title = value,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Names (in lower case) and values of ffmpeg's metadata format; a section's head has the name `[`.
fn entries(text: &str) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let (mut word, mut key, mut escaped) = (String::new(), None::<String>, false);
    for sign in text.chars() {
        match sign {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '=' if !escaped && key.is_none() => {
                key = Some(std::mem::take(&mut word).to_lowercase())
            }
            '\n' if !escaped => {
                let word = std::mem::take(&mut word);
                match key.take() {
                    Some(key) => entries.push((key, word)),
                    None => entries.extend(section(&word)),
                }
            }
            _ => word.push(sign),
        }
        escaped = false;
    }
    entries
}

fn section(line: &str) -> Option<(String, String)> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    Some(("[".to_owned(), name.to_owned()))
}

/// The subtitles of the `index`-th subtitle stream as text with times, whatever their format; styling is left out.
///
/// # Errors
/// If they are pictures, or cannot be read.
pub fn lines(file: &Path, index: usize) -> Result<Vec<String>> {
    let head = "-v error -nostdin -copyts -i"
        .split(' ')
        .map(OsString::from);
    let more = format!("-map 0:s:{index} -c:s text -f srt pipe:1");
    let arguments = head
        .chain([tool::file_url(file)])
        .chain(more.split(' ').map(OsString::from));
    let said = tool::must(tool::ffmpeg(), arguments, Path::new("."))?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    Ok(text
        .split("\n\n")
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect())
}

/// A hash of each attachment's bytes.
///
/// # Errors
/// If they cannot be taken out.
pub fn attachments(file: &Path) -> Result<BTreeSet<String>> {
    let folder = tempfile::tempdir()?;
    let mut hashes = BTreeSet::new();
    for index in 0..list(file)?.of_kind("Attachment").count() {
        let to = folder.path().join(index.to_string());
        let head = [
            "-v".into(),
            "error".into(),
            "-y".into(),
            format!("-dump_attachment:t:{index}").into(),
        ];
        let arguments = [
            to.clone().into_os_string(),
            "-i".into(),
            tool::file_url(file),
        ];
        // Without an output this ends with an error after the attachment is written.
        tool::run(
            tool::ffmpeg(),
            (head as [OsString; 4]).into_iter().chain(arguments),
            folder.path(),
        )?;
        let digest = Sha256::digest(std::fs::read(&to).context("no attachment came out")?);
        hashes.insert(digest.iter().map(|byte| format!("{byte:02x}")).collect());
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_understood() {
        let listing = "\
Input #0, matroska,webm, from 'x':
  Metadata:
    title           : Stream #0:9: Video: h264 (default)
  Stream #0:0: Video: hevc (Main 10), yuv420p10le(tv), 320x180 [SAR 1:1 DAR 16:9], 25 fps (default)
    Metadata:
      TITLE           : Picture: large
    Side data:
      Display Matrix: rotation of -90.00 degrees
  Stream #0:1[0x2](deu): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, mono, fltp (default) (hearing impaired)
  Stream #0:2(und): Subtitle: ass (ssa)
";
        let streams = streams(listing);
        assert_eq!(streams.len(), 3);
        assert_eq!(
            (streams[0].rotation, streams[0].tags["title"].as_str()),
            (Some(-90), "Picture: large")
        );
        let dispositions: Vec<&String> = streams[1].dispositions.iter().collect();
        assert_eq!(dispositions, ["default", "hearing impaired"]);
        assert_eq!(streams[1].language.as_deref(), Some("deu"));
        assert_eq!(
            (streams[2].codec.as_str(), streams[2].language.as_deref()),
            ("ass", None)
        );
    }

    #[test]
    fn escapes_in_metadata_are_undone() {
        let text = ";FFMETADATA1\nTitle=a\\=b\\;c\\\nd\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=x=y\n";
        let mut carried = Carried::default();
        metadata(text, &mut carried).unwrap();
        assert_eq!(carried.tags["title"], "a=b;c\nd");
        let chapter = Chapter {
            start: 0,
            end: 2_000_000_000,
            title: "x=y".to_owned(),
        };
        assert_eq!(carried.chapters, [chapter]);
    }
}
