//! A film with a hole, on its road: as far as it is read nothing is wrong with it, and no program says a word.

#![expect(
    clippy::disallowed_methods,
    reason = "a test makes its own film with ffmpeg"
)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::alone::{self, over};
use crate::status::{JobState, Place, Terms};
use crate::trouble::Kind;

/// Twelve fragments, one of which has lost its box.
fn holed(folder: &Path) -> PathBuf {
    let path = folder.join("film.mp4");
    let named = std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from);
    let mut candidates = ffmpeg::tools::Places::here(named).candidates().into_iter();
    let (program, _) = candidates
        .next()
        .expect("no ffmpeg: run `cargo xtask ffmpeg`");
    let (picture, sound) = ("testsrc2=s=320x180:r=25:d=12", "sine=d=12");
    let made = std::process::Command::new(program)
        .args(["-v", "error", "-f", "lavfi", "-i", picture])
        .args(["-f", "lavfi", "-i", sound, "-c:v", "libx264"])
        .args(["-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"])
        .args(["-c:a", "aac", "-movflags"])
        .arg("+frag_keyframe+empty_moov+default_base_moof")
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let mut film = fs::read(&path).unwrap();
    let boxes = film.windows(4).enumerate();
    let parts: Vec<usize> = boxes
        .filter(|(_, four)| four == b"moof")
        .map(|(at, _)| at - 4)
        .collect();
    assert!(parts.len() > 8, "{parts:?}");
    let lost = parts[parts.len() / 2];
    film[lost..lost + 4096].fill(0);
    fs::write(&path, film).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_was_not_read_to_its_end_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let film = holed(folder.path());
    let original = fs::read(&film).unwrap();
    let node = alone::node(folder.path()).await;
    let choice = media::choice::Choice {
        purpose: media::choice::Purpose::Everywhere,
        ..media::choice::Choice::default()
    };
    let beside = Terms {
        only_here: true,
        ..Terms::default()
    };
    let in_place = Terms {
        place: Place::InPlace {
            keep: Some(swap::Keep::Never),
        },
        ..beside.clone()
    };
    let job = node.submit(film.clone(), choice.clone(), in_place);
    let job = over(&node, job.await.unwrap()).await;
    let JobState::Failed(trouble) = job.state else {
        panic!("{:?}", job.state)
    };
    assert_eq!(trouble.kind, Kind::Damaged, "{trouble}");
    assert!(
        trouble.message.contains("it is not replaced") && trouble.help.contains("stays as it is"),
        "{trouble}"
    );
    assert!(fs::read(&film).unwrap() == original, "the film was touched");

    // Beside it, it is said: in the list, and in the receipt.
    let job = node.submit(film.clone(), choice, beside);
    let job = over(&node, job.await.unwrap()).await;
    let JobState::Completed(outcome) = job.state else {
        panic!("{:?}", job.state)
    };
    let is_it = |note: &str| note.starts_with("The film is damaged: of ");
    assert!(job.notes.iter().any(|note| is_it(note)), "{:?}", job.notes);
    let receipt = fs::read(&outcome.receipt).unwrap();
    let receipt: serde_json::Value = serde_json::from_slice(&receipt).unwrap();
    let notes = receipt["notes"].as_array().unwrap();
    let notes = notes.iter().filter_map(|note| note.as_str());
    assert_eq!(notes.filter(|note| is_it(note)).count(), 1, "{receipt}");
    node.stop().await;
}
