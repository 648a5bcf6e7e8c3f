//! One output held against its source, in everything: pictures, times, looks, sound, and what else the source carried.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::carried::{self, Carried, Stream};
use crate::exact::{self, Clock, Timeline};
use crate::frames::{self, Look, Reading};
use crate::sound;

/// What became of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Every packet of every track is there, unchanged.
    Copied,
    /// Encoded anew: heard at the same moments.
    Encoded,
}

/// Something an output may lack, because its container or codec has no place for it and this was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Fonts and other attached files.
    Attachments,
    /// Cover pictures.
    Cover,
    /// Subtitles that are pictures.
    Bitmaps,
    /// Fonts, places and colours of subtitles; their words and times stay.
    Styling,
    /// The pixel format: fewer bits or fewer colours.
    Format,
    /// The order of fields: every frame is marked progressive.
    Fields,
    /// Sound that is played before the first frame.
    Lead,
    /// Which tracks are chosen by themselves, and the tracks' own titles.
    Choices,
    /// The display turns the picture no more.
    Rotation,
    /// Mastering display and light levels.
    Light,
    /// The sound tracks.
    Sound,
}

/// What is expected of an output.
#[derive(Debug, Clone)]
pub struct Rule {
    /// How exact its container's times are.
    pub clock: Clock,
    /// What its times are held against.
    pub timeline: Timeline,
    /// What became of the sound.
    pub sound: Sound,
    /// What may be missing.
    pub losses: BTreeSet<Loss>,
}

impl Rule {
    /// Everything kept that its container can hold, sound copied, times as in the source, for an output of this name.
    #[must_use]
    pub fn strict(output: &Path) -> Self {
        let matroska = output.extension().is_some_and(|it| it == "mkv");
        let clock = if matroska {
            Clock::Millisecond
        } else {
            Clock::Tick
        };
        Self {
            clock,
            timeline: Timeline::Source,
            sound: Sound::Copied,
            losses: if matroska {
                BTreeSet::new()
            } else {
                BTreeSet::from([Loss::Choices])
            },
        }
    }

    /// With something that may be missing.
    #[must_use]
    pub fn without(mut self, loss: Loss) -> Self {
        self.losses.insert(loss);
        self
    }

    fn keeps(&self, loss: Loss) -> bool {
        !self.losses.contains(&loss)
    }
}

/// A file and everything that is known of it.
#[derive(Debug, Clone)]
pub struct Seen {
    path: PathBuf,
    /// Its frames.
    pub reading: Reading,
    /// What else it holds.
    pub carried: Carried,
}

/// Reads a file.
///
/// # Errors
/// If it holds no film that can be decoded.
pub fn see(path: &Path) -> Result<Seen> {
    Ok(Seen {
        path: path.to_owned(),
        reading: frames::read(path)?,
        carried: carried::list(path)?,
    })
}

/// Every way in which `output` falls short of `source` under `rule`; nothing if it is exact.
///
/// # Errors
/// If one of the two cannot be read to the end.
pub fn differences(source: &Seen, output: &Seen, rule: &Rule) -> Result<Vec<String>> {
    let mut found = exact::differences(&source.reading, &output.reading, rule.clock, rule.timeline);
    found.extend(looks(&source.reading.look, &output.reading.look, rule));
    found.extend(sounds(source, output, rule)?);
    found.extend(subtitles(source, output, rule)?);
    found.extend(others(source, output, rule)?);
    Ok(found)
}

fn looks(source: &Look, output: &Look, rule: &Rule) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, wanted: &str, got: &str| {
        if wanted != got {
            found.push(format!("{what} is {got}, the source's {wanted}"));
        }
    };
    same("the size", &source.size, &output.size);
    same(
        "the sample aspect ratio",
        square(&source.aspect),
        square(&output.aspect),
    );
    if rule.keeps(Loss::Format) {
        // The same format with full range has a name of its own.
        same(
            "the pixel format",
            &source.format.replace("yuvj", "yuv"),
            &output.format.replace("yuvj", "yuv"),
        );
    }
    if rule.keeps(Loss::Fields) {
        same("the field order", &source.scan, &output.scan);
    }
    let mut colour = source.colour.clone();
    if is_rgb(&source.format) && !rule.keeps(Loss::Format) {
        // What players take for granted where nothing is said; every clip of this kind is a small one.
        colour[0] = "tv".into();
        colour[1] = "smpte170m".into();
    }
    same("range", limited(&colour[0]), limited(&output.colour[0]));
    for (at, what) in ["matrix", "primaries", "transfer curve"]
        .into_iter()
        .enumerate()
    {
        if !["unknown", "reserved", ""].contains(&colour[at + 1].as_str()) {
            same(what, &colour[at + 1], &output.colour[at + 1]);
        }
    }
    if !rule.keeps(Loss::Light) {
        return found;
    }
    if !alike(&source.mastering, &output.mastering) {
        same(
            "the mastering display",
            &source.mastering,
            &output.mastering,
        );
    }
    same("the light level", &source.light, &output.light);
    found
}

/// Whether a pixel format holds red, green and blue.
fn is_rgb(format: &str) -> bool {
    format.starts_with("gbr") || format.starts_with("rgb")
}

/// What says nothing of its range has the limited one (ITU-T H.264 and H.265, E.2.1).
fn limited(range: &str) -> &str {
    if range == "pc" { "pc" } else { "tv" }
}

/// Whether two mastering displays are one: AV1 stores luminances in steps of 1/16384.
fn alike(a: &str, b: &str) -> bool {
    let numbers = |text: &str| -> Vec<f64> {
        let words = text.split(|sign: char| !sign.is_ascii_digit() && sign != '.');
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let (one, two) = (numbers(a), numbers(b));
    one.len() == two.len() && one.iter().zip(&two).all(|(a, b)| (a - b).abs() < 1e-4)
}

fn square(aspect: &str) -> &str {
    if aspect == "0/1" { "1/1" } else { aspect }
}

fn sounds(source: &Seen, output: &Seen, rule: &Rule) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if !rule.keeps(Loss::Sound) {
        return Ok(found);
    }
    let (wanted, got) = (
        source.carried.of_kind("Audio").count(),
        output.carried.of_kind("Audio").count(),
    );
    if wanted != got {
        found.push(format!("{got} sound tracks, the source has {wanted}"));
        return Ok(found);
    }
    for track in 0..wanted {
        if rule.sound == Sound::Copied {
            found.extend(copied(source, output, track, rule.keeps(Loss::Lead))?);
        }
        if !matches!(rule.timeline, Timeline::Mended { joins: 1.., .. }) {
            found.extend(heard(source, output, track, rule)?);
        }
    }
    Ok(found)
}

/// Every packet of the source, in order, once; the first may be missing where the sound's lead is given up.
fn copied(source: &Seen, output: &Seen, track: usize, whole: bool) -> Result<Option<String>> {
    let (wanted, got) = (
        hashes(source, "Audio", track)?,
        hashes(output, "Audio", track)?,
    );
    let kept = if whole {
        wanted == got
    } else {
        !got.is_empty() && wanted.ends_with(&got)
    };
    Ok((!kept).then(|| {
        let at = wanted.iter().zip(&got).position(|(a, b)| a != b);
        format!(
            "sound track {track}: {} packets of {}, first other one {at:?}",
            got.len(),
            wanted.len()
        )
    }))
}

/// The hashes of the packets of the `index`-th stream of a kind.
fn hashes(seen: &Seen, kind: &str, index: usize) -> Result<Vec<String>> {
    let codec = seen
        .carried
        .of_kind(kind)
        .nth(index)
        .map(|it| it.codec.as_str())
        .unwrap_or_default();
    let which = format!("{}:{index}", if kind == "Audio" { "a" } else { "s" });
    if codec.starts_with("pcm_") {
        // Uncompressed samples come in packets of any length.
        return Ok(vec![sound::samples(&seen.path, &which)?]);
    }
    let packets = sound::packets(&seen.path, &which, codec)?;
    Ok(packets.into_iter().map(|(_, hash)| hash).collect())
}

fn heard(source: &Seen, output: &Seen, track: usize, rule: &Rule) -> Result<Option<String>> {
    let (wanted, got) = (
        sound::hear(&source.path, track)?,
        sound::hear(&output.path, track)?,
    );
    let moved = first(&output.reading) - first(&source.reading);
    let limit = match (rule.sound, rule.clock) {
        (Sound::Copied, Clock::Tick) => 0.000_5,
        (Sound::Copied, Clock::Millisecond) => 0.001_1,
        (Sound::Encoded, _) => 0.002,
    };
    Ok(match got.moved_by(-moved).later_than(&wanted) {
        Err(error) => Some(format!("sound track {track}: {error:#}")),
        Ok(late) if late.abs() > limit => Some(format!(
            "sound track {track} is heard {:.2} ms late against the picture",
            late * 1e3
        )),
        Ok(_) => None,
    })
}

fn first(reading: &Reading) -> f64 {
    let pts = reading.frames.first().and_then(|frame| frame.pts);
    pts.map_or(0.0, |pts| reading.seconds(pts))
}

/// Codecs of subtitles that are pictures.
const BITMAPS: [&str; 4] = ["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"];

fn subtitles(source: &Seen, output: &Seen, rule: &Rule) -> Result<Vec<String>> {
    let bitmap = |stream: &Stream| BITMAPS.contains(&stream.codec.as_str());
    let tracks = |seen: &Seen| {
        seen.carried
            .of_kind("Subtitle")
            .cloned()
            .collect::<Vec<_>>()
    };
    let (theirs, got) = (tracks(source), tracks(output));
    let kept = |stream: &Stream| rule.keeps(Loss::Bitmaps) || !bitmap(stream);
    let wanted: Vec<(usize, &Stream)> = theirs
        .iter()
        .enumerate()
        .filter(|(_, it)| kept(it))
        .collect();
    if wanted.len() != got.len() {
        return Ok(vec![format!(
            "{} subtitle tracks of {}",
            got.len(),
            wanted.len()
        )]);
    }
    let mut found = Vec::new();
    for (at, (theirs, stream)) in wanted.into_iter().enumerate() {
        let same = if bitmap(stream) {
            hashes(source, "Subtitle", theirs)? == hashes(output, "Subtitle", at)?
        } else {
            carried::lines(&source.path, theirs)? == carried::lines(&output.path, at)?
        };
        if !same {
            found.push(format!(
                "subtitle track {at} says something else or at another time"
            ));
        }
    }
    Ok(found)
}

fn others(source: &Seen, output: &Seen, rule: &Rule) -> Result<Vec<String>> {
    let (wanted, got) = (&source.carried, &output.carried);
    let mut found = Vec::new();
    if wanted.chapters.len() != got.chapters.len()
        || wanted.chapters.iter().zip(&got.chapters).any(|(a, b)| {
            a.title != b.title
                || (a.start - b.start).abs() > 1_000_000
                || (a.end - b.end).abs() > 1_000_000
        })
    {
        found.push(format!(
            "the chapters are {:?}, the source's {:?}",
            got.chapters, wanted.chapters
        ));
    }
    for name in ["title", "artist", "comment"] {
        if wanted.tags.get(name) != got.tags.get(name) {
            found.push(format!(
                "the tag {name} is {:?}, was {:?}",
                got.tags.get(name),
                wanted.tags.get(name)
            ));
        }
    }
    if rule.keeps(Loss::Attachments)
        && carried::attachments(&source.path)? != carried::attachments(&output.path)?
    {
        found.push("the attachments are other ones".to_owned());
    }
    if rule.keeps(Loss::Cover) && wanted.covers() != got.covers() {
        found.push(format!(
            "{} cover pictures, the source has {}",
            got.covers(),
            wanted.covers()
        ));
    }
    found.extend(tracks(wanted, got, rule));
    Ok(found)
}

fn tracks(source: &Carried, output: &Carried, rule: &Rule) -> Vec<String> {
    let mut found = Vec::new();
    // Transport streams and the like choose nothing.
    let chosen = source.streams.iter().any(|it| !it.dispositions.is_empty());
    for kind in ["Video", "Audio", "Subtitle"] {
        let gone =
            |it: &&Stream| !rule.keeps(Loss::Bitmaps) && BITMAPS.contains(&it.codec.as_str());
        let theirs = source.of_kind(kind).filter(|it| !gone(it));
        for (at, (wanted, got)) in theirs.zip(output.of_kind(kind)).enumerate() {
            let mut same = |what: &str, same: bool| {
                if !same {
                    found.push(format!(
                        "{kind} {at}: the {what} is not the source's: {got:?}, was {wanted:?}"
                    ));
                }
            };
            same("language", wanted.language == got.language);
            if kind == "Video" && rule.keeps(Loss::Rotation) {
                same("rotation", wanted.rotation == got.rotation);
            }
            if rule.keeps(Loss::Choices) {
                same("title", wanted.tags.get("title") == got.tags.get("title"));
                same(
                    "disposition",
                    !chosen || wanted.dispositions == got.dispositions,
                );
            }
        }
    }
    found
}
