//! What there is to look at before, beside and after a job.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bundled::ffmpeg;
use engine::node::{Node, NodeConfig};
use engine::sight::View;
use engine::status::{JobId, JobState, Terms};
use engine::trouble::Kind;
use media::choice::{Choice, Purpose};

/// Six seconds at 25 frames a second, in a transport stream whose clock starts elsewhere.
fn clip(folder: &Path) -> PathBuf {
    let path = folder.join("film.ts");
    let source = "testsrc2=s=320x180:r=25:d=6";
    let made = std::process::Command::new(ffmpeg())
        .args(["-v", "error", "-f", "lavfi", "-i", source])
        .args(["-c:v", "libx264", "-g", "50", "-output_ts_offset", "33"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}

async fn node(folder: &Path) -> Node {
    let config = NodeConfig {
        data_dir: folder.join("data"),
        name: Some("alone".into()),
        listen: None,
        mdns: false,
        network: false,
        donate: None,
        peers: Vec::new(),
        stays: false,
        workers: None,
        settings: engine::config::Sources::default(),
    };
    Node::start(config).await.unwrap()
}

async fn completed(node: &Node, id: JobId) {
    loop {
        let status = node.status().await.unwrap();
        let job = status.jobs.into_iter().find(|j| j.id == id).unwrap();
        match job.state {
            JobState::Completed(_) => return,
            JobState::Failed(trouble) => panic!("{trouble}"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_and_result_show_the_same_frame_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path());
    let node = node(folder.path()).await;
    let choice = Choice {
        purpose: Purpose::Everywhere,
        ..Choice::default()
    };
    let submitted = node.submit(film.clone(), choice, Terms::default()).await;
    let job = submitted.unwrap();
    let early = node.still(View::Result(job), 0, true, 180).await;
    completed(&node, job).await;
    for at_us in [0, 2_500_000, 4_000_000] {
        let before = node
            .still(View::Source(job), at_us, true, 180)
            .await
            .unwrap();
        let asked = before.at_us - 4000;
        let after = node
            .still(View::Result(job), asked, true, 180)
            .await
            .unwrap();
        assert!(
            (before.at_us - after.at_us).abs() < 2000,
            "{} {}",
            before.at_us,
            after.at_us
        );
        assert!(before.at_us - at_us < 80_000, "{}", before.at_us);
        assert!(!after.jpeg.is_empty());
    }
    let file = node
        .still(View::File(film), 2_500_000, false, 90)
        .await
        .unwrap();
    assert!(file.at_us <= 2_500_000 && file.next_us.is_none());

    // What cannot be shown is refused with a reason.
    let refused = |still: Result<_, engine::trouble::Trouble>| {
        still.map(|_: engine::sight::Still| ()).unwrap_err().kind
    };
    // It may have been quicker than the question.
    assert!(early.is_ok() || refused(early) == Kind::NotNow);
    assert_eq!(
        refused(node.still(View::Source(JobId(99)), 0, true, 180).await),
        Kind::NoSuchJob
    );
    assert_eq!(
        refused(node.still(View::Source(job), 60_000_000, true, 180).await),
        Kind::Unreadable
    );
    let nowhere = View::File(folder.path().join("none.mkv"));
    assert_eq!(
        refused(node.still(nowhere, 0, true, 180).await),
        Kind::NoSuchFile
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_is_for_this_film_and_these_computers() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path());
    let node = node(folder.path()).await;
    let bytes = std::fs::metadata(&film).unwrap().len();
    let outlook = node
        .forecast(film, Choice::default(), Terms::default(), false)
        .await
        .unwrap();
    assert_eq!(outlook.purposes.len(), 4);
    for (purpose, one) in &outlook.purposes {
        assert!(one.bytes_low < one.bytes_high, "{purpose:?} {one:?}");
        assert!(one.bytes_high <= bytes + bytes / 2, "{purpose:?} {one:?}");
        assert_eq!((one.computers, one.seconds), (1, one.alone_s));
        assert!(one.seconds.is_some_and(|s| s > 0.0));
    }
    let smaller = outlook
        .purposes
        .iter()
        .find(|(p, _)| *p == Purpose::Smaller);
    assert_eq!(smaller.map(|(_, one)| one), Some(&outlook.chosen));
    node.stop().await;
}

/// Two films that look alike from outside, same size and same bytes a second, one of which is calm: only trying
/// their frames tells them apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_closer_look_tells_a_calm_film_from_a_busy_one() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, picture: &str| {
        let path = folder.path().join(name);
        let rate = [
            "-b:v", "1M", "-minrate", "1M", "-maxrate", "1M", "-bufsize", "1M",
        ];
        let done = std::process::Command::new(ffmpeg())
            .args([
                "-v", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264",
            ])
            .args([
                "-preset",
                "ultrafast",
                "-x264-params",
                "nal-hrd=cbr",
                "-g",
                "25",
            ])
            .args(rate)
            .arg(&path)
            .status();
        assert!(done.unwrap().success());
        path
    };
    let calm = made("calm.mkv", "smptebars=s=480x270:r=25:d=20");
    let busy = made(
        "busy.mkv",
        "testsrc2=s=480x270:r=25:d=20,noise=alls=20:allf=t",
    );
    let node = node(folder.path()).await;
    let forecast = async |film: &Path, closer| {
        let film = film.to_owned();
        let outlook = node.forecast(film, Choice::default(), Terms::default(), closer);
        outlook.await.unwrap().chosen
    };
    let guessed = (forecast(&calm, false).await, forecast(&busy, false).await);
    assert!(guessed.0.bytes_high > guessed.1.bytes_low, "{guessed:?}");
    let tried = (forecast(&calm, true).await, forecast(&busy, true).await);
    assert!(tried.0.bytes_high < tried.1.bytes_low, "{tried:?}");
    // Once tried, everybody gets the closer one.
    assert_eq!(forecast(&busy, false).await, tried.1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = node(folder.path()).await;
    assert_eq!(first.wishes().await.unwrap(), None);
    let wishes = serde_json::json!({ "last": null, "presets": [{ "name": "TV" }] });
    first.set_wishes(wishes.clone()).await.unwrap();
    assert_eq!(
        first.given().await.unwrap(),
        engine::sight::Given::default()
    );
    first.stop().await;
    drop(first);
    let second = node(folder.path()).await;
    assert_eq!(second.wishes().await.unwrap(), Some(wishes));
    second.stop().await;
}
