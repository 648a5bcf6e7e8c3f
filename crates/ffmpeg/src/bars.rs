//! Black bars round a film's picture, looked for in some of its pictures. A proposal: a person sees what is left.

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
/// Bars that are together lower or narrower than this are left: edges of many films are a little dark.
const LEAST: u16 = 8;

/// The picture of `size` without its bars; `None` where it has none, or nothing could be seen. `film` is its start and
/// length, microseconds of the file's own timeline.
pub async fn find(
    ffmpeg: &Path,
    source: &Source,
    film: (i64, i64),
    size: (u16, u16),
    patience: Duration,
) -> Option<Area> {
    let until = Instant::now() + patience;
    let mut seen: Option<Edges> = None;
    for share in PLACES {
        let at_us = film.0 + film.1 / 100 * share;
        // A run that takes too long is dropped, and so killed.
        match timeout_at(until, edges(ffmpeg, source, at_us)).await {
            Ok(Ok(found)) => {
                seen = seen.into_iter().chain(found).reduce(Edges::with);
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "a place of the film could not be looked at");
            }
            Err(_) => break,
        }
    }
    seen?.area(size)
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

/// The largest picture among some.
async fn edges(ffmpeg: &Path, source: &Source, at_us: i64) -> Result<Option<Edges>, RunError> {
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
    // A tenth of the way from black to white, at any depth. Each picture for itself: one flash must not count for all.
    let graph = "cropdetect=limit=0.094:round=2:reset=1";
    let run = source
        .open(run)
        .args(["-vf", graph, "-frames:v", FRAMES, "-f", "null", "-"])
        .keep_log();
    let log = match run.finish().await {
        Ok(said) => said.log,
        Err(RunError::Failed { log, .. }) => log,
        Err(error) => return Err(error),
    };
    Ok(log.lines().filter_map(Edges::read).reduce(Edges::with))
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
}
