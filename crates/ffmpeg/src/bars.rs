//! Black bars round a film's picture, looked for in some of its pictures. What is cut off is gone for good, and often
//! nobody looks: so there is no answer from a part of the film.

use std::path::Path;
use std::time::Duration;

use media::filter::Area;
use media::spec::Side;
use tokio::time::{Instant, timeout_at};

use crate::child::{Run, RunError};
use crate::limits;
use crate::source::{Source, TALKING};

/// Parts of the film that are looked at, in hundredths of its length.
const PLACES: [i64; 9] = [8, 18, 29, 39, 50, 61, 71, 82, 92];
/// Pictures of each.
const FRAMES: &str = "12";
/// Places that must have been looked at: what a part of the film shows says nothing about the rest.
const LEAST_PLACES: usize = 7;
/// Bars that are together lower or narrower than this are left: edges of many films are a little dark.
const LEAST: u16 = 8;
/// Less than one in so many of the picture's columns or lines is no picture but a light in a dark film.
const PART: u32 = 4;

/// What looking for bars came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bars {
    /// The film has some: this is its picture without them.
    Round(Area),
    /// It has none.
    None,
    /// Too little of the film could be seen to say so.
    Unknown,
}

/// The black bars round a picture of `size`. `film` is its start and length, microseconds of the file's own timeline;
/// of a film whose length is not known no places can be chosen.
pub async fn find(
    ffmpeg: &Path,
    source: &Source,
    film: (i64, i64),
    size: (u16, u16),
    patience: Duration,
) -> Bars {
    if film.1 <= 0 {
        return Bars::Unknown;
    }
    let until = Instant::now() + patience;
    let (mut seen, mut looked): (Option<Edges>, usize) = (None, 0);
    for share in PLACES {
        let at_us = film.0 + film.1.saturating_mul(share) / 100;
        // A run that takes too long is dropped, and so killed.
        match timeout_at(until, edges(ffmpeg, source, at_us)).await {
            Ok(Ok(Some(found))) => {
                looked += 1;
                seen = seen.into_iter().chain(found).reduce(Edges::with);
            }
            Ok(Ok(None)) => tracing::debug!(at_us, "a place of the film has no picture"),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a place of the film could not be looked at");
            }
            Err(_) => return Bars::Unknown,
        }
    }
    if looked < LEAST_PLACES {
        return Bars::Unknown;
    }
    judge(seen, size)
}

/// What all pictures that were looked at say together.
fn judge(seen: Option<Edges>, size: (u16, u16)) -> Bars {
    // Of a film that is black wherever it was looked at nothing is known.
    let Some(seen) = seen else {
        return Bars::Unknown;
    };
    if seen.is_a_spot(size) {
        return Bars::Unknown;
    }
    seen.area(size).map_or(Bars::None, Bars::Round)
}

/// Where pictures end, pixels from the left and the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edges {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Edges {
    /// In a line of `cropdetect`: `… t:2.000 crop=1920:800:0:140`. Of a black picture the numbers are negative.
    fn read(line: &str) -> Option<Self> {
        let (_, numbers) = line.split_once("crop=")?;
        let numbers = numbers.split_whitespace().next()?;
        let mut numbers = numbers.split(':').map(|n| n.parse::<u32>().ok());
        let mut next = || numbers.next().flatten().filter(|n| *n <= 65_536);
        let (width, height, left, top) = (next()?, next()?, next()?, next()?);
        Some(Self {
            left,
            top,
            right: left + width,
            bottom: top + height,
        })
        .filter(|_| width > 0 && height > 0)
    }

    fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether that is far too little of a picture of `size`.
    fn is_a_spot(self, (width, height): (u16, u16)) -> bool {
        let little = |from: u32, to: u32, all: u16| to.saturating_sub(from) * PART < u32::from(all);
        little(self.left, self.right, width) || little(self.top, self.bottom, height)
    }

    /// What is left of a picture of `size`: at multiples of four lines, which fields have, too.
    fn area(self, (width, height): (u16, u16)) -> Option<Area> {
        let cut = |from: u32, to: u32, all: u16| {
            let whole = u32::from(all) / 4 * 4;
            let from = from / 4 * 4;
            let to = to.div_ceil(4).saturating_mul(4).min(whole);
            let narrow = u32::from(all).saturating_sub(to.saturating_sub(from)) < u32::from(LEAST);
            let (from, to) = if narrow {
                (0, u32::from(all) / 2 * 2)
            } else {
                (from, to)
            };
            let length = u16::try_from(to.checked_sub(from)?).ok()?;
            Some((u16::try_from(from).ok()?, Side::new(length)?))
        };
        let (left, wide) = cut(self.left, self.right, width)?;
        let (top, high) = cut(self.top, self.bottom, height)?;
        let area = Area {
            width: wide,
            height: high,
            left,
            top,
        };
        let whole = wide.get() + LEAST > width && high.get() + LEAST > height;
        (!whole && area.fits(width, height)).then_some(area)
    }
}

/// The largest picture among some: `None` where there are none, `Some(None)` where all are black.
async fn edges(
    ffmpeg: &Path,
    source: &Source,
    at_us: i64,
) -> Result<Option<Option<Edges>>, RunError> {
    let run = Run::new(ffmpeg)
        .args(TALKING)
        .most_seconds(limits::BRIEF)
        .seek(Some(at_us));
    let run = run.args([
        "-threads",
        "2",
        "-protocol_whitelist",
        "file",
        "-noautorotate",
    ]);
    // A tenth of the way from black to white, at any depth. Each picture for itself, from the first: one flash must not
    // count for all, and a short film has no others.
    let graph = "cropdetect=limit=0.094:round=2:reset=1:skip=0";
    let run = source
        .open(run)
        .args(["-vf", graph, "-frames:v", FRAMES, "-f", "null", "-"])
        .keep_log();
    let log = match run.finish().await {
        Ok(said) => said.log,
        // A damaged place: what came before the damage counts.
        Err(RunError::Failed { log, .. }) if log.contains("crop=") => log,
        Err(error) => return Err(error),
    };
    let mut pictures = log.lines().filter(|line| line.contains("crop=")).peekable();
    let any = pictures.peek().is_some();
    let found = pictures.filter_map(Edges::read).reduce(Edges::with);
    Ok(any.then_some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_what_no_picture_reaches() {
        let read = |numbers: &str| {
            Edges::read(&format!(
                "[Parsed_cropdetect_0 @ 0x5] x1:0 t:2.0 crop={numbers}"
            ))
        };
        let dark = read("1900:600:10:240").unwrap();
        let usual = read("1920:800:0:140").unwrap();
        assert_eq!(read("-1904:-1072:1914:1078"), None, "a black picture");
        let area = dark.with(usual).area((1920, 1080)).unwrap();
        assert_eq!((area.width.get(), area.height.get()), (1920, 800));
        assert_eq!((area.left, area.top), (0, 140));
        let hardly = read("1916:1076:2:2").unwrap();
        assert_eq!(hardly.area((1920, 1080)), None);
        let odd = read("1278:534:0:93").unwrap().area((1278, 720)).unwrap();
        assert_eq!((odd.height.get(), odd.top), (536, 92));
        assert_eq!((odd.width.get(), odd.left), (1278, 0));
        assert_eq!(
            read("1920:4:0:0").unwrap().area((2, 2)),
            None,
            "another film's"
        );
    }

    #[test]
    fn a_light_in_the_dark_is_no_picture() {
        let size = (1920, 1080);
        let seen = |left, top, right, bottom| {
            Some(Edges {
                left,
                top,
                right,
                bottom,
            })
        };
        assert_eq!(judge(None, size), Bars::Unknown, "black everywhere");
        assert_eq!(judge(seen(900, 500, 1000, 560), size), Bars::Unknown);
        assert_eq!(judge(seen(0, 0, 1920, 1080), size), Bars::None);
        // An upright film in a wide one.
        let Bars::Round(area) = judge(seen(656, 0, 1264, 1080), size) else {
            panic!("its bars were not found")
        };
        assert_eq!((area.width.get(), area.left), (608, 656));
    }
}
