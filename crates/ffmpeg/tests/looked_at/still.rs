//! Pictures to look at, out of real films.

use std::path::Path;

use ffmpeg::source::Source;
use ffmpeg::still::{self, Place, Still};

use crate::{filmed, program};

/// Ten seconds at 25 frames a second, a key frame every two.
fn film(folder: &Path, name: &str, filter: &str) -> Source {
    let picture = format!("testsrc2=s=320x180:r=25:d=10,{filter}");
    filmed(folder.join(name), &picture, "50", &[])
}

async fn look(source: &Source, at_us: i64, exact: bool, height: u32) -> Option<Still> {
    let place = Place {
        at_us,
        exact,
        height,
        run_up_us: 0,
    };
    let made = still::filtered(&program(), source, place, None).await;
    made.unwrap()
}

/// Width and height as the JPEG's own header has them.
fn size(jpeg: &[u8]) -> (u16, u16) {
    let at = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    let number = |from: usize| u16::from_be_bytes([jpeg[from], jpeg[from + 1]]);
    (number(at + 7), number(at + 5))
}

#[tokio::test]
async fn an_exact_picture_is_the_frame_shown_then() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.mkv", "b.mp4"] {
        let source = film(folder.path(), name, "null");
        let still = look(&source, 5_010_000, true, 180).await.unwrap();
        let times = (still.at_us, still.next_us);
        assert_eq!(times, (5_040_000, Some(5_080_000)), "{name}");
        // Asked for by its own time it is the same one; the next one is another.
        assert_eq!(look(&source, 5_040_000, true, 180).await.unwrap(), still);
        let next = look(&source, 5_041_000, true, 180).await.unwrap();
        assert_eq!(next.at_us, 5_080_000);
        assert_ne!(next.jpeg, still.jpeg);
    }
}

#[tokio::test]
async fn a_quick_picture_is_the_key_frame_before() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "a.mkv", "null");
    let still = look(&source, 5_010_000, false, 180).await.unwrap();
    assert_eq!((still.at_us, still.next_us), (4_000_000, None));
}

#[tokio::test]
async fn the_last_frame_has_none_after_it_and_beyond_it_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "a.mkv", "null");
    let last = look(&source, 9_950_000, true, 180).await.unwrap();
    assert_eq!((last.at_us, last.next_us), (9_960_000, None));
    assert_eq!(look(&source, 10_500_000, true, 180).await, None);
}

#[tokio::test]
async fn a_picture_has_square_pixels_and_is_never_larger_than_the_film() {
    let folder = tempfile::tempdir().unwrap();
    let source = film(folder.path(), "a.mkv", "null");
    assert_eq!(
        size(&look(&source, 0, true, 90).await.unwrap().jpeg),
        (160, 90)
    );
    assert_eq!(
        size(&look(&source, 0, true, 720).await.unwrap().jpeg),
        (320, 180)
    );
    let wide = film(folder.path(), "wide.mkv", "setsar=4/3");
    assert_eq!(
        size(&look(&wide, 0, true, 90).await.unwrap().jpeg),
        (214, 90)
    );
}
