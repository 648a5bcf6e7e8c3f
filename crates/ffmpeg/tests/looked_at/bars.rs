//! Black bars of real films: nothing is said of a film of which only a part was seen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ffmpeg::bars::{self, Bars};
use ffmpeg::source::Source;

use crate::{filmed, program};

const PATIENCE: Duration = Duration::from_secs(120);
const SIZE: (u16, u16) = (320, 180);

/// A film of that many frames, 25 a second, with bars of 30 lines above and below while `barred` holds.
fn film(folder: &Path, name: &str, frames: u32, barred: &str) -> Source {
    let bar = |y: u32| format!("drawbox=y={y}:w=320:h=30:c=black:t=fill:enable='{barred}'");
    let picture = format!("testsrc2=s=320x180:r=25,{},{}", bar(0), bar(150));
    let frames = frames.to_string();
    filmed(folder.join(name), &picture, "25", &["-frames:v", &frames])
}

async fn look(source: &Source, length_us: i64, patience: Duration) -> Bars {
    bars::find(&program(), source, (0, length_us), SIZE, patience).await
}

#[tokio::test]
async fn bars_of_the_whole_film_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "a.mkv", 250, "1");
    let Bars::Round(area) = look(&source, 10_000_000, PATIENCE).await else {
        panic!("its bars were not found")
    };
    assert_eq!((area.width.get(), area.height.get()), (320, 124));
    assert_eq!((area.left, area.top), (0, 28));
    // As short as films get.
    let source = film(folder.path(), "short.mkv", 12, "1");
    let found = look(&source, 480_000, PATIENCE).await;
    assert!(matches!(found, Bars::Round(_)), "{found:?}");
}

#[tokio::test]
async fn a_film_that_fills_its_frame_later_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "a.mkv", 250, "lt(t,6.5)");
    assert_eq!(look(&source, 10_000_000, PATIENCE).await, Bars::None);
}

#[tokio::test]
async fn what_was_not_looked_at_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    // A logo on black, and then the film.
    let source = film(folder.path(), "a.mkv", 250, "lt(t,6.5)");
    let unknown = Bars::Unknown;
    assert_eq!(look(&source, 0, PATIENCE).await, unknown, "no length");
    assert_eq!(
        look(&source, 10_000_000, Duration::ZERO).await,
        unknown,
        "no time"
    );
    // Places behind its end show its last pictures, which fill the frame.
    assert_eq!(look(&source, 20_000_000, PATIENCE).await, Bars::None);
    let gone = Source {
        path: folder.path().join("gone.mkv"),
        ..source.clone()
    };
    assert_eq!(look(&gone, 10_000_000, PATIENCE).await, unknown);
    let black = film(folder.path(), "black.mkv", 250, "0");
    let dark = Source {
        path: darkened(&black.path),
        ..black
    };
    assert_eq!(
        look(&dark, 10_000_000, PATIENCE).await,
        unknown,
        "all black"
    );
}

/// The same film, black from its beginning to its end.
fn darkened(film: &Path) -> PathBuf {
    let path = film.with_extension("dark.mkv");
    let made = std::process::Command::new(program())
        .args(["-v", "error", "-y", "-i"])
        .arg(film)
        .args(["-vf", "drawbox=c=black:t=fill", "-c:v", "libx264"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}
