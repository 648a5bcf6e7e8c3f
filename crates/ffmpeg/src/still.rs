//! One picture of a film as a JPEG, for people to look at. Nothing is decided by it.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::child::{Run, RunError, Sink};
use crate::limits;
use crate::source::{Source, TALKING};

/// The largest picture kept, bytes.
const LARGEST: u64 = 8 << 20;
/// The longest one picture may take: a long group of a large film, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Microseconds on the file's own timeline.
    pub at_us: i64,
    /// The very frame shown then, or else the key frame before it, which is much quicker.
    pub exact: bool,
    /// The largest height, pixels; even.
    pub height: u32,
    /// How much earlier to begin reading, microseconds: where no index leads to the key frame before.
    pub run_up_us: i64,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Still {
    /// Its time on the file's own timeline, microseconds.
    pub at_us: i64,
    /// The time of the frame after it, where there is one.
    pub next_us: Option<i64>,
    /// It, as a JPEG.
    pub jpeg: Vec<u8>,
}

/// The picture of `source` at `place`; `None` where the film has none there. With `filters` it is the film as those make
/// it: a graph of [`media::argv::through`] that begins at the place and turns the picture as a player does.
///
/// # Errors
/// [`RunError`].
pub async fn filtered(
    ffmpeg: &Path,
    source: &Source,
    place: Place,
    filters: Option<&str>,
) -> Result<Option<Still>, RunError> {
    let from_us = place.at_us - place.run_up_us;
    let run = Run::new(ffmpeg)
        .answers()
        .args(TALKING)
        .most_seconds(limits::BRIEF)
        .seek(Some(from_us));
    let run = run.args(["-copyts", "-threads", "2", "-protocol_whitelist", "file"]);
    let frames = if place.exact { "2" } else { "1" };
    let run = match filters {
        Some(_) => run.args(["-noautorotate"]),
        None => run,
    };
    let mut running = source
        .open(run)
        .args(["-vf", &graph(place, filters), "-frames:v", frames])
        .args(["-fps_mode", "passthrough", "-c:v", "mjpeg", "-q:v", "3"])
        .args(["-f", "image2pipe", "pipe:1"])
        .sink(Sink::Pipe)
        .keep_log()
        .start()?;
    let mut bytes = Vec::new();
    if let Some(stdout) = running.stdout.take() {
        let mut stdout = stdout.take(LARGEST);
        let read = stdout.read_to_end(&mut bytes);
        // Dropped where it takes too long, which ends the program.
        match timeout(PATIENCE, read).await {
            Ok(read) => _ = read?,
            Err(_) => return Ok(None),
        }
    }
    let log = match running.finish().await {
        Ok(said) => said.log,
        // Where nothing is left to show, some versions end with a failure.
        Err(RunError::Failed { .. }) if bytes.is_empty() => return Ok(None),
        Err(RunError::Failed { log, .. }) => log,
        Err(error) => return Err(error),
    };
    let mut times = log.lines().filter_map(shown_at);
    let at_us = times.next();
    // A quick picture has later frames in the log, but not necessarily the next one.
    let next_us = times.next().filter(|_| place.exact);
    let jpeg = first_jpeg(bytes);
    Ok(at_us.filter(|_| !jpeg.is_empty()).map(|at_us| Still {
        at_us,
        next_us,
        jpeg,
    }))
}

fn graph(place: Place, filters: Option<&str>) -> String {
    let Place {
        at_us,
        exact,
        height,
        ..
    } = place;
    let trim = match filters {
        Some(filters) => format!("{filters},"),
        None if exact => format!("trim=start={at_us}us,"),
        None => String::new(),
    };
    // Square pixels: a browser knows of no others.
    format!(
        "{trim}showinfo=checksum=0,scale=w='2*round(min({height},ih)*dar/2)':h='2*trunc(min({height},ih)/2)':flags=bicubic,\
         setsar=1,format=yuvj420p"
    )
}

/// The time in a line of `showinfo`, microseconds.
fn shown_at(line: &str) -> Option<i64> {
    let (_, rest) = line.split_once("pts_time:")?;
    let seconds: f64 = rest.split_whitespace().next()?.parse().ok()?;
    Some((seconds * 1e6).round() as i64)
}

/// The first of the pictures that stand one after the other.
fn first_jpeg(mut bytes: Vec<u8>) -> Vec<u8> {
    // Within a JPEG's data every FF is followed by a zero or a restart marker.
    let next = bytes
        .windows(4)
        .position(|four| four == [0xff, 0xd9, 0xff, 0xd8]);
    if let Some(next) = next {
        bytes.truncate(next + 2);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_showinfo_has_its_time() {
        let line = "[Parsed_showinfo_0 @ 0x5] n:   0 pts:  12012 pts_time:0.5005  duration:   1001 fmt:yuv420p";
        assert_eq!(shown_at(line), Some(500_500));
        assert_eq!(shown_at("  Stream #0:0: Video: hevc"), None);
        assert_eq!(shown_at("pts:NOPTS pts_time:NOPTS"), None);
    }

    #[test]
    fn only_the_first_picture_is_kept() {
        let one = [0xff, 0xd8, 1, 2, 0xff, 0xd9];
        let two = [one, one].concat();
        assert_eq!(first_jpeg(two), one);
        assert_eq!(first_jpeg(one.to_vec()), one);
    }
}
