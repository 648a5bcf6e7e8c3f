//! A job that goes on makes what it began to make.

#![expect(
    clippy::disallowed_methods,
    reason = "a test makes its own film with ffmpeg"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use ffmpeg::bars::Bars;

use super::*;
use crate::alone::{self, over, until};
use crate::node::NodeConfig;

/// A minute in black bars, with a key frame in each, so that there are several parts.
fn barred(folder: &Path) -> PathBuf {
    let path = folder.join("barred.mkv");
    let named = std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from);
    let mut candidates = ffmpeg::tools::Places::here(named).candidates().into_iter();
    let (program, _) = candidates
        .next()
        .expect("no ffmpeg: run `cargo xtask ffmpeg`");
    let picture = "testsrc2=s=480x210:r=25:d=60,pad=480:270:0:32,format=yuv420p";
    let made = std::process::Command::new(program)
        .args(["-v", "error", "-f", "lavfi", "-i", picture])
        .args(["-c:v", "libx264", "-preset", "veryfast", "-g", "25"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}

/// A node on the folder, once an earlier one has let go of it.
async fn node(folder: &Path) -> Node {
    let config = NodeConfig {
        workers: Some(1),
        ..alone::config(folder)
    };
    loop {
        match Node::start(config.clone()).await {
            Ok(node) => return node,
            Err(trouble) => assert_eq!(trouble.kind, Kind::NodeRunning),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_not_looked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let film = barred(folder.path());
    let choice = Choice {
        purpose: media::choice::Purpose::Everywhere,
        filters: Filters {
            crop: Some(Crop::Auto),
            ..Filters::default()
        },
        ..Choice::default()
    };
    let first = node(folder.path()).await;
    let id = first.submit(film.clone(), choice.clone(), Terms::default());
    let id = id.await.unwrap();
    let made = |job: &JobStatus| job.hands.iter().any(|hand| hand.segments > 0);
    let before = until(&first, id, made).await;
    assert!(
        !matches!(before.state, JobState::Completed(_)),
        "it was too quick to be interrupted"
    );
    first.stop().await;
    drop(first);
    let second = node(folder.path()).await;
    // Looked for now, they would not be found.
    let dropped = crate::intake::look(&film).unwrap();
    second.0.samples.keep_bars(
        (dropped.path, dropped.bytes, dropped.modified_ms),
        Bars::None,
    );
    let resumed = second.submit(film, choice, Terms::default()).await.unwrap();
    assert_eq!(resumed, id, "the same job goes on");
    let job = over(&second, id).await;
    let JobState::Completed(outcome) = job.state else {
        panic!("{:?}", job.state)
    };
    assert!(outcome.exact, "{}", outcome.verdict);
    assert!(
        outcome.verdict.contains("cropped to 480×212"),
        "{}",
        outcome.verdict
    );
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ended_while_it_was_looked_at_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film.mp4");
    let first = node(folder.path()).await;
    first.test_clip(film.clone(), 2).await.unwrap();
    let dropped = crate::intake::look(&film).unwrap();
    let (choice, terms) = (Choice::default(), Terms::default());
    let id = first.record(&dropped, &choice, &terms).await.unwrap();
    first.stop().await;
    drop(first);
    let second = node(folder.path()).await;
    let row = second.waiting(row_id(id)).await.unwrap();
    second.steer(id, Steer::Cancel).await.unwrap();
    assert!(second.waiting(row_id(id)).await.is_none());
    let refused = second.resume(row, false).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotNow, "{refused}");
    let given_up = second.ask(|reply| Call::GiveUp(id, refused, reply));
    given_up.await.unwrap();
    let job = until(&second, id, |_| true).await;
    assert!(matches!(job.state, JobState::Cancelled), "{:?}", job.state);
    second.stop().await;
}

#[test]
fn only_what_stands_as_it_was_looked_at_is_taken_up() {
    use store::JobState::{Cancelled, Completed, Failed, Paused, Queued};
    for (now, was, may) in [
        (Some(Queued), Queued, true),
        (Some(Paused), Queued, true),
        // Tried again.
        (Some(Failed), Failed, true),
        (Some(Cancelled), Cancelled, true),
        (Some(Queued), Failed, true),
        (Some(Cancelled), Queued, false),
        (Some(Cancelled), Failed, false),
        (Some(Completed), Failed, false),
        (Some(Completed), Completed, false),
        // Off the list.
        (None, Failed, false),
    ] {
        assert_eq!(may_go_on(now, was), may, "{now:?} {was:?}");
    }
}
