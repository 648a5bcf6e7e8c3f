//! One node by itself: a film goes in, a proved film comes out.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bundled::ffmpeg;
use engine::node::{Node, NodeConfig, Steer};
use engine::status::{JobState, JobStatus, Terms};
use media::choice::{Choice, Purpose};
use media::filter::{Crop, Filters, Level};
use media::spec::Side;

fn clip(folder: &Path) -> PathBuf {
    clip_of(folder, "320x180", 8)
}

/// A film of that size, pixels, and so many seconds.
fn clip_of(folder: &Path, size: &str, seconds: u32) -> PathBuf {
    let path = folder.join("film.mkv");
    let picture = format!("testsrc2=s={size}:r=25:d={seconds}");
    let sound = format!("sine=d={seconds}");
    let made = std::process::Command::new(ffmpeg())
        .args(["-v", "error", "-f", "lavfi", "-i", &picture])
        .args(["-f", "lavfi", "-i", &sound])
        .args(["-c:v", "libx264", "-g", "50", "-c:a", "aac"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}

fn config(folder: &Path) -> NodeConfig {
    NodeConfig {
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
    }
}

async fn ended(node: &Node, job: engine::status::JobId) -> JobStatus {
    loop {
        let status = node.status().await.unwrap();
        let job = status.jobs.into_iter().find(|j| j.id == job).unwrap();
        match job.state {
            JobState::Completed(_) | JobState::Failed(_) | JobState::Cancelled => return job,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_comes_out_proved() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path());
    let node = Node::start(config(folder.path())).await.unwrap();
    let choice = Choice {
        purpose: Purpose::Everywhere,
        ..Choice::default()
    };
    let job = node.submit(film, choice, Terms::default()).await.unwrap();
    let job = ended(&node, job).await;
    let JobState::Completed(outcome) = job.state else {
        panic!("{:?}", job.state)
    };
    assert!(outcome.exact && outcome.output.is_file() && outcome.receipt.is_file());
    assert_eq!(outcome.frames, 200);
    assert!(outcome.output.ends_with("film.h264.mp4"));
    node.stop().await;
}

/// The job once its parts are being joined.
async fn joining(node: &Node, job: engine::status::JobId) {
    let mut changes = node.changes();
    loop {
        let status = node.status().await.unwrap();
        let job = status.jobs.into_iter().find(|j| j.id == job).unwrap();
        match job.state {
            JobState::Combining => return,
            JobState::Completed(_) | JobState::Failed(_) => panic!("{:?}", job.state),
            _ => changes.changed().await.unwrap(),
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let names = entries.filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_held_and_stopped_while_it_is_joined() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path());
    let node = Node::start(config(folder.path())).await.unwrap();
    let choice = Choice {
        purpose: Purpose::Everywhere,
        ..Choice::default()
    };
    let submit = || node.submit(film.clone(), choice.clone(), Terms::default());
    let job = submit().await.unwrap();
    joining(&node, job).await;
    node.steer(job, Steer::Pause).await.unwrap();
    let status = node.status().await.unwrap();
    assert!(
        matches!(status.jobs[0].state, JobState::Paused(_)),
        "{:?}",
        status.jobs[0].state
    );
    // What was half joined is gone, and nothing goes on by itself.
    while names(folder.path()).len() > 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.steer(job, Steer::Resume).await.unwrap();
    let done = ended(&node, job).await;
    assert!(matches!(&done.state, JobState::Completed(o) if o.exact && o.frames == 200));
    assert_eq!(names(folder.path()), ["film.h264.mp4", "film.mkv"]);

    let job = submit().await.unwrap();
    joining(&node, job).await;
    node.steer(job, Steer::Cancel).await.unwrap();
    assert!(matches!(ended(&node, job).await.state, JobState::Cancelled));
    while names(folder.path()).len() > 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(names(folder.path()), ["film.h264.mp4", "film.mkv"]);
    node.stop().await;
}

/// A film of two fields a picture in wide black bars, as television recorded them.
fn barred(folder: &Path) -> PathBuf {
    let path = folder.join("barred.mkv");
    let picture = "testsrc2=s=320x120:r=50:d=6,pad=320:180:0:32,format=yuv420p,\
                   interlace=scan=tff:lowpass=off";
    let made = std::process::Command::new(ffmpeg())
        .args(["-v", "error", "-f", "lavfi", "-i", picture])
        .args(["-c:v", "libx264", "-g", "25", "-flags", "+ilme+ildct"])
        .args(["-x264-params", "tff=1"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_comes_out_filtered_and_proved() {
    let folder = tempfile::tempdir().unwrap();
    let film = barred(folder.path());
    let node = Node::start(config(folder.path())).await.unwrap();
    let choice = Choice {
        purpose: Purpose::Everywhere,
        filters: Filters {
            deinterlace: true,
            crop: Some(Crop::Auto),
            denoise: Some(Level::Light),
            half_rate: true,
            height: Side::new(60),
            ..Filters::default()
        },
        ..Choice::default()
    };
    let about = node.inspect(film.clone(), choice.clone(), Terms::default());
    let about = about.await.unwrap();
    assert_eq!(about.losses, Vec::<String>::new());
    let notes = about.notes.join(" ");
    assert!(notes.contains("becomes 160×60 (from 320×180)"), "{notes}");
    let job = node.submit(film, choice, Terms::default()).await.unwrap();
    let job = ended(&node, job).await;
    let JobState::Completed(outcome) = job.state else {
        panic!("{:?}", job.state)
    };
    // Six seconds of 25 pictures each, every second one.
    assert!(outcome.exact && outcome.frames == 75, "{outcome:?}");
    assert!(
        outcome.verdict.contains("cropped to 320×120"),
        "{}",
        outcome.verdict
    );
    let receipt = std::fs::read_to_string(&outcome.receipt).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    let filters = &receipt["filters"];
    assert_eq!(filters[0], "deinterlaced");
    assert_eq!(filters[4], "scaled to 160×60", "{filters}");
    assert_eq!(receipt["segments"][0]["filters"]["crop"]["top"], 32);
    node.stop().await;
}

/// A film that is written to while it is encoded is not encoded to its end first.
#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_changes_in_work_ends_its_job() {
    let folder = tempfile::tempdir().unwrap();
    // Of a minute of it nobody is done before somebody looks.
    let film = clip_of(folder.path(), "640x360", 60);
    let node = Node::start(config(folder.path())).await.unwrap();
    let choice = Choice {
        purpose: Purpose::Smallest,
        speed: media::encoder::Speed::Slow,
        ..Choice::default()
    };
    let job = node.submit(film.clone(), choice, Terms::default());
    let job = job.await.unwrap();
    let mut changes = node.changes();
    while !matches!(
        node.status().await.unwrap().jobs[0].state,
        JobState::Processing
    ) {
        changes.changed().await.unwrap();
    }
    let mut content = std::fs::read(&film).unwrap();
    content.extend([0; 100]);
    std::fs::write(&film, content).unwrap();
    let ended = ended(&node, job).await;
    let JobState::Failed(trouble) = ended.state else {
        panic!("{:?}", ended.state)
    };
    assert!(trouble.message.contains("was changed"), "{trouble}");
    assert!(ended.progress < 0.9, "it was encoded to {}", ended.progress);
    assert_eq!(names(folder.path()), ["film.mkv"]);
    node.stop().await;
}
