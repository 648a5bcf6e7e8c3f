//! The owner goes in mid-job and comes back, at another port: what the helper had in hand is not made twice.

use std::fs;
use std::path::PathBuf;

use super::*;

/// The owner as it starts again on its own: it takes up what was interrupted.
async fn back(folder: &Path) -> Node {
    let stays = NodeConfig {
        stays: true,
        ..config(folder, "owner")
    };
    start_again(stays).await
}

/// A pair whose donor is at work on a segment, and has its source.
async fn at_work(folder: &Path) -> (Node, Node, engine::status::JobId) {
    let (owner, donor, id) = in_mid_job(folder, 60).await;
    let who = donor.status().await.unwrap().here.id;
    until(&owner, id, |job| {
        let mut of_donor = job.segments.iter().filter(|one| one.peer == Some(who));
        of_donor.any(|one| one.progress > 0.0)
    })
    .await;
    (owner, donor, id)
}

/// Stops it, and lets go of its data folder.
async fn leave(node: Node) {
    node.stop().await;
}

/// The folders of what the donor has here for others.
fn guests(folder: &Path) -> Vec<PathBuf> {
    let donated = folder.join("donor").join("donated");
    let entries = fs::read_dir(donated).unwrap().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Waits until everything the donor has in hand is encoded, and nothing runs any more.
async fn until_encoded(folder: &Path) {
    let is_done = |guest: &PathBuf| {
        // A fragmented file ends with its index once it is whole.
        let tail = fs::read(guest.join("result.mp4")).unwrap_or_default();
        tail.len() > 24
            && tail[tail.len() - 24..]
                .windows(4)
                .any(|four| four == b"mfro")
    };
    while !guests(folder).iter().all(is_done) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn receipt_of(job: &JobStatus) -> serde_json::Value {
    let JobState::Completed(outcome) = &job.state else {
        panic!("{:?}", job.state)
    };
    serde_json::from_str(&fs::read_to_string(&outcome.receipt).unwrap()).unwrap()
}

/// Whether a segment of a receipt was made by this computer; its name in short is enough.
fn is_by(segment: &serde_json::Value, who: &str) -> bool {
    segment["peer"].as_str().unwrap().starts_with(who)
}

/// Segments that came from the other computer without their source having been sent in this run.
fn taken_up(receipt: &serde_json::Value, donor: &str) -> usize {
    let segments = receipt["segments"].as_array().unwrap().iter();
    let of_donor = segments.filter(|one| is_by(one, donor));
    of_donor.filter(|one| one["sent_bytes"] == 0).count()
}

async fn finished(owner: Node, folder: &Path, donor: &Node, id: engine::status::JobId) {
    let job = until(&owner, id, |_| false).await;
    assert_exact(&job, 1500);
    let who = donor.status().await.unwrap().here.id.to_string();
    let receipt = receipt_of(&job);
    assert!(taken_up(&receipt, &who) > 0, "{receipt}");
    // Whatever was kept for it is wanted no more.
    while !guests(folder).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Nothing of the film was made there that is not in it.
    let of_donor = |one: &&serde_json::Value| is_by(one, &who);
    let segments = receipt["segments"].as_array().unwrap();
    let frames: u64 = segments
        .iter()
        .filter(of_donor)
        .map(|one| one["proof"]["frames"].as_u64().unwrap())
        .sum();
    let logged: u64 = donor
        .deeds()
        .await
        .unwrap()
        .iter()
        .map(|line| line.frames)
        .sum();
    assert_eq!(frames, logged, "{receipt}");
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_finished_while_the_owner_was_away_is_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, donor, id) = at_work(folder.path()).await;
    leave(owner).await;
    until_encoded(folder.path()).await;
    let kept = peer(&donor).await.trouble.unwrap_or_default();
    assert!(kept.contains("kept here for an hour"), "{kept:?}");
    let owner = back(folder.path()).await;
    finished(owner, folder.path(), &donor, id).await;
    donor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_when_the_owner_is_back_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, donor, id) = at_work(folder.path()).await;
    leave(owner).await;
    let owner = back(folder.path()).await;
    finished(owner, folder.path(), &donor, id).await;
    donor.stop().await;
}

/// As by the command line: a node of its own for each command, and nothing is taken up by itself.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_the_same_again_gets_what_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, donor, id) = at_work(folder.path()).await;
    leave(owner).await;
    let owner = again(folder.path()).await;
    until_peer(&owner, |one| !matches!(one.state, PeerState::Offline)).await;
    let terms = Terms {
        wait_for: 1,
        ..Terms::default()
    };
    let film = folder.path().join("film.mkv");
    let same = owner.submit(film, everywhere(), terms).await.unwrap();
    assert_eq!(same, id);
    finished(owner, folder.path(), &donor, id).await;
    donor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_wanted_any_more_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, donor, id) = at_work(folder.path()).await;
    leave(owner).await;
    // It comes back without its journal's job: somebody threw that away meanwhile.
    let alone = NodeConfig {
        network: false,
        ..config(folder.path(), "owner")
    };
    let alone = start_again(alone).await;
    alone.steer(id, Steer::Cancel).await.unwrap();
    leave(alone).await;
    let owner = back(folder.path()).await;
    while !guests(folder.path()).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    donor.stop().await;
    owner.stop().await;
}
