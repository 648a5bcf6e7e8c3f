//! Two nodes in one process on loopback: one has the film, the other helps, and one is lost.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::node::{Node, NodeConfig};
use engine::status::{JobState, JobStatus, PeerState, Terms};
use media::choice::{Choice, Purpose};

fn ffmpeg() -> PathBuf {
    let places =
        ffmpeg::tools::Places::here(std::env::var_os("MANYHANDS_FFMPEG").map(PathBuf::from));
    places
        .candidates()
        .into_iter()
        .next()
        .expect("no ffmpeg: run `cargo xtask ffmpeg`")
        .0
}

fn clip(folder: &Path, seconds: u32) -> PathBuf {
    let path = folder.join("film.mkv");
    let picture = format!("testsrc2=s=480x270:r=25:d={seconds}");
    let made = std::process::Command::new(ffmpeg())
        .args([
            "-v", "error", "-f", "lavfi", "-i", &picture, "-c:v", "libx264", "-preset", "veryfast",
            "-g", "25",
        ])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}

fn config(folder: &Path, name: &str) -> NodeConfig {
    NodeConfig {
        data_dir: folder.join(name),
        name: Some(name.into()),
        listen: Some(([127, 0, 0, 1], 0).into()),
        mdns: false,
        network: true,
        donate: Some(true),
        peers: Vec::new(),
        stays: false,
        workers: Some(1),
    }
}

async fn node(folder: &Path, name: &str) -> Node {
    Node::start(config(folder, name)).await.unwrap()
}

async fn paired(folder: &Path) -> (Node, Node) {
    let (owner, donor) = (node(folder, "owner").await, node(folder, "donor").await);
    let (invite, _) = donor.invite().unwrap();
    owner.pair(invite).await.unwrap();
    loop {
        let peers = owner.status().await.unwrap().peers;
        if peers.iter().any(|p| p.state == PeerState::Ready) {
            return (owner, donor);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until(
    node: &Node,
    job: engine::status::JobId,
    enough: impl Fn(&JobStatus) -> bool,
) -> JobStatus {
    loop {
        let status = node.status().await.unwrap();
        let job = status.jobs.into_iter().find(|j| j.id == job).unwrap();
        let over = matches!(
            job.state,
            JobState::Completed(_) | JobState::Failed(_) | JobState::Cancelled
        );
        if over || enough(&job) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn everywhere() -> Choice {
    Choice {
        purpose: Purpose::Everywhere,
        ..Choice::default()
    }
}

fn assert_exact(job: &JobStatus, frames: u64) {
    let JobState::Completed(outcome) = &job.state else {
        panic!("{:?}", job.state)
    };
    assert!(outcome.exact);
    assert_eq!(outcome.frames, frames);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_have_a_hand_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path(), 60);
    let (owner, donor) = paired(folder.path()).await;
    let job = owner
        .submit(
            film,
            everywhere(),
            Terms {
                wait_for: 1,
                ..Terms::default()
            },
        )
        .await
        .unwrap();
    let job = until(&owner, job, |_| false).await;
    assert_exact(&job, 1500);
    assert_eq!(job.hands.len(), 2, "{:?}", job.hands);
    assert!(job.hands.iter().all(|hand| hand.segments > 0));
    donor.stop().await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_is_lost_costs_nothing_but_time() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path(), 60);
    let (owner, donor) = paired(folder.path()).await;
    let id = owner
        .submit(
            film,
            everywhere(),
            Terms {
                wait_for: 1,
                ..Terms::default()
            },
        )
        .await
        .unwrap();
    let begun = until(&owner, id, |job| job.hands.len() == 2).await;
    assert_eq!(begun.hands.len(), 2, "{:?}", begun.state);
    donor.stop().await;
    let job = until(&owner, id, |_| false).await;
    assert_exact(&job, 1500);
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_turns_helping_off_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path(), 12);
    let (owner, donor) = paired(folder.path()).await;
    donor.donate(false).await.unwrap();
    loop {
        let peers = owner.status().await.unwrap().peers;
        if peers.iter().any(|p| p.state == PeerState::NotHelping) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let job = owner
        .submit(film, everywhere(), Terms::default())
        .await
        .unwrap();
    let job = until(&owner, job, |_| false).await;
    assert_exact(&job, 300);
    assert_eq!(job.hands.len(), 1);
    donor.stop().await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_goes_on_with_what_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(folder.path(), 60);
    let owner = node(folder.path(), "owner").await;
    let terms = Terms {
        only_here: true,
        ..Terms::default()
    };
    let id = owner
        .submit(film.clone(), everywhere(), terms.clone())
        .await
        .unwrap();
    let before = until(&owner, id, |job| job.hands.iter().any(|h| h.segments > 0)).await;
    assert!(
        !matches!(before.state, JobState::Completed(_)),
        "it was too quick to be interrupted"
    );
    owner.stop().await;
    drop(owner);
    let owner = again(folder.path()).await;
    let resumed = owner.submit(film, everywhere(), terms).await.unwrap();
    assert_eq!(resumed, id, "the same job goes on");
    let job = until(&owner, id, |_| false).await;
    assert_exact(&job, 1500);
    owner.stop().await;
}

/// The folder's lock goes with the last handle of the old node, a moment after it stopped.
async fn again(folder: &Path) -> Node {
    for _ in 0..500 {
        if let Ok(node) = Node::start(config(folder, "owner")).await {
            return node;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the data folder stays locked")
}
