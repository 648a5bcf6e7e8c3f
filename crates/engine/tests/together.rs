//! Two nodes in one process on loopback: one has the film, the other helps, and one is lost.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;
mod house;
mod nodes;

/// Somebody was away.
#[path = "together/reunion.rs"]
mod reunion;

/// How the time went.
#[path = "together/timeline.rs"]
mod timeline;

use std::path::Path;
use std::time::Duration;

use bundled::ffmpeg;
use engine::node::{Agreement, Node, NodeConfig, Steer};
use engine::status::{JobState, JobStatus, PeerState, Terms};
use engine::trouble::Kind;
use house::clip;
use media::choice::{Choice, Purpose};
use media::filter::{Filters, Level, Turn};

fn config(folder: &Path, name: &str) -> NodeConfig {
    NodeConfig {
        workers: Some(1),
        settings: engine::config::Sources::default(),
        ..nodes::config(folder, name)
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
    let film = clip(&folder.path().join("film.mkv"), 60);
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
    assert_sent_sparingly(&folder.path().join("film.mkv"), &job);
    assert_logged(&donor, &job).await;
    timeline::assert_told(&owner, job.id).await;
    timeline::assert_counted(&owner, &donor).await;
    donor.stop().await;
    owner.stop().await;
    drop(owner);
    // And in the next run.
    let owner = again(folder.path()).await;
    timeline::assert_told(&owner, job.id).await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_have_a_hand_in_a_film_that_is_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 60);
    let (owner, donor) = paired(folder.path()).await;
    let choice = Choice {
        filters: Filters {
            denoise: Some(Level::Light),
            half_rate: true,
            rotate: Some(Turn::Right),
            ..Filters::default()
        },
        ..everywhere()
    };
    let terms = Terms {
        wait_for: 1,
        ..Terms::default()
    };
    let job = owner.submit(film, choice, terms).await.unwrap();
    let job = until(&owner, job, |_| false).await;
    assert_exact(&job, 750);
    assert_eq!(job.hands.len(), 2, "{:?}", job.hands);
    assert!(job.hands.iter().all(|hand| hand.segments > 0));
    donor.stop().await;
    owner.stop().await;
}

/// What the donor did stands in its log: for whom, how much, and what travelled.
async fn assert_logged(donor: &Node, job: &JobStatus) {
    let hand = job.hands.iter().find(|hand| hand.name == "donor").unwrap();
    // A segment is noted once the donor knows that it has arrived; one that was hedged may arrive for nothing.
    let line = loop {
        let lines = donor.deeds().await.unwrap();
        if let [line] = &lines[..]
            && line.segments >= u64::from(hand.segments)
        {
            break line.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(line.name, "owner");
    assert!(
        line.frames >= hand.frames && line.ended_ms >= line.began_ms,
        "{line:?}"
    );
    assert!(
        line.received >= job.traffic.sent && line.sent >= job.traffic.received,
        "{line:?}"
    );
}

/// What a segment costs on the wire is its packets and one group of pictures of pre-roll, and little to wrap them.
fn assert_sent_sparingly(film: &Path, job: &JobStatus) {
    let JobState::Completed(outcome) = &job.state else {
        panic!("{:?}", job.state)
    };
    let receipt = std::fs::read_to_string(&outcome.receipt).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    let packets = packets(film);
    // The clip has a key frame at least every 25 packets.
    let gop = packets.chunks(25).map(bytes).max().unwrap();
    let (mut total, mut of_others) = (0, 0);
    for segment in receipt["segments"].as_array().unwrap() {
        let sent = segment["sent_bytes"].as_u64().unwrap();
        total += sent;
        let (start, end) = (segment["start"].as_i64().unwrap(), segment["end"].as_i64());
        let own: Vec<(i64, u64)> = packets
            .iter()
            .copied()
            .filter(|(pts, _)| *pts >= start && end.is_none_or(|end| *pts < end))
            .collect();
        if sent > 0 {
            of_others += 1;
            // Its own packets are in it, so what is counted is not nothing.
            assert!(sent >= bytes(&own), "{segment}");
            assert!(
                sent * 10 <= bytes(&own) * 11 + gop * 10,
                "{sent} for {}: {segment}",
                bytes(&own)
            );
        }
    }
    assert!(of_others > 0, "{receipt}");
    assert_eq!(receipt["sent_bytes"], total);
    assert_eq!(job.traffic.sent, total);
    assert!(job.traffic.received > 0);
    assert!(
        total * 10 <= job.source_bytes * 11 + of_others * gop * 10,
        "{total} of {}",
        job.source_bytes
    );
}

fn bytes(packets: &[(i64, u64)]) -> u64 {
    packets.iter().map(|(_, size)| size).sum()
}

/// Presentation time and size of each packet, in the order of the file.
fn packets(film: &Path) -> Vec<(i64, u64)> {
    let listed = std::process::Command::new(ffmpeg())
        .args(["-v", "error", "-i"])
        .arg(film)
        .args([
            "-map", "0:v", "-c", "copy", "-copyts", "-f", "framecrc", "-",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    let packet = |line: &str| {
        // Stream, decoding time, presentation time, duration, size, sum.
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        (fields[2].parse().unwrap(), fields[4].parse().unwrap())
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(packet).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_is_lost_costs_nothing_but_time() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 60);
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
    let told = timeline::settled(&owner, id).await;
    let lost = |one: &hindsight::Stint| one.fate == Some(hindsight::Fate::Lost);
    assert!(told.record.stints.iter().any(lost), "{told:?}");
    assert!(
        told.whys.iter().any(|why| !why.is_empty()),
        "why it was lost is told"
    );
    assert_eq!(told.record.absences.len(), 1, "{told:?}");
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_turns_helping_off_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 12);
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

/// How many segments the donor has in hand for this job, as the owner sees it.
fn in_hand(job: &JobStatus) -> u32 {
    let others = job.hands.iter().filter(|hand| hand.name == "donor");
    others.map(|hand| hand.working).sum()
}

async fn peer(of: &Node) -> engine::status::PeerStatus {
    of.status().await.unwrap().peers.remove(0)
}

/// Waits until a donor has something in hand: an owner counts what it has just sent, too.
async fn until_working(donor: &Node) {
    while !matches!(
        donor.status().await.unwrap().here.state,
        PeerState::Working(_)
    ) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A pair with a film of so many seconds on its way, of which the donor has some in hand.
async fn in_mid_job(folder: &Path, seconds: u32) -> (Node, Node, engine::status::JobId) {
    let film = clip(&folder.join("film.mkv"), seconds);
    let (owner, donor) = paired(folder).await;
    let terms = Terms {
        wait_for: 1,
        ..Terms::default()
    };
    let id = owner.submit(film, everywhere(), terms).await.unwrap();
    let begun = until(&owner, id, |job| in_hand(job) > 0).await;
    let (there, notes) = (peer(&owner).await, &begun.notes);
    assert!(
        in_hand(&begun) > 0,
        "{:?}, {notes:?}, {there:?}",
        begun.state
    );
    until_working(&donor).await;
    // Both are told how fast they are at it.
    until_peer(&owner, |one| one.speed_fps.is_some_and(|fps| fps > 0.0)).await;
    (owner, donor, id)
}

/// Waits until what `of` says of the other one is so.
async fn until_peer(of: &Node, enough: impl Fn(&engine::status::PeerStatus) -> bool) {
    while !enough(&peer(of).await) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_withdrawn_in_mid_job_ends_at_once_and_is_told_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, donor, id) = in_mid_job(folder.path(), 90).await;
    let (at_owner, at_donor) = (peer(&donor).await.id, peer(&owner).await.id);
    // The donor's user: nothing is in hand any more on either side, and both are told why.
    let off = |may_use_me, i_may_use| Agreement {
        may_use_me,
        i_may_use,
    };
    let said = donor
        .set_rights(at_owner, off(Some(false), None))
        .await
        .unwrap();
    assert!(!said.may_use_me && said.i_may_use);
    let trouble = said.trouble.unwrap_or_default();
    assert!(trouble.contains("given back"), "{trouble:?}");
    until_peer(&owner, |one| one.lets_us == Some(false)).await;
    until_peer(&owner, |one| one.state == PeerState::NotHelping).await;
    let job = until(&owner, id, |job| in_hand(job) == 0).await;
    assert!(!matches!(job.state, JobState::Completed(_)), "too quick");
    assert!(
        job.notes
            .iter()
            .any(|note| note.contains("no longer helps")),
        "{:?}",
        job.notes
    );

    // Given again, it is used again; then the owner's user does not want it any more.
    donor
        .set_rights(at_owner, off(Some(true), None))
        .await
        .unwrap();
    let job = until(&owner, id, |job| in_hand(job) > 0).await;
    assert!(in_hand(&job) > 0, "{:?}", job.state);
    owner
        .set_rights(at_donor, off(None, Some(false)))
        .await
        .unwrap();
    until_peer(&donor, |one| one.asks_us == Some(false)).await;
    let job = until(&owner, id, |job| in_hand(job) == 0).await;
    assert!(
        job.notes
            .iter()
            .any(|note| note.contains("no longer asked for help")),
        "{:?}",
        job.notes
    );
    let job = until(&owner, id, |_| false).await;
    assert_exact(&job, 2250);
    let stranger = engine::status::PeerId([7; 32]);
    let refused = owner.set_rights(stranger, off(Some(true), None)).await;
    assert_eq!(refused.unwrap_err().kind, Kind::NoSuchPeer);
    donor.stop().await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_stops_helping_in_mid_job_gives_back_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, donor, id) = in_mid_job(folder.path(), 60).await;
    donor.donate(false).await.unwrap();
    let said = peer(&donor).await;
    assert!(
        said.may_use_me,
        "helping is off, the right is not withdrawn"
    );
    let trouble = said.trouble.unwrap_or_default();
    assert!(trouble.contains("given back"), "{trouble:?}");
    let job = until(&owner, id, |job| in_hand(job) == 0).await;
    assert!(!matches!(job.state, JobState::Completed(_)), "too quick");
    assert_exact(&until(&owner, id, |_| false).await, 1500);
    donor.stop().await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_agreed_outlives_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, donor) = paired(folder.path()).await;
    let at_donor = peer(&owner).await.id;
    let off = Agreement {
        may_use_me: Some(false),
        i_may_use: Some(false),
    };
    owner.set_rights(at_donor, off).await.unwrap();
    owner.stop().await;
    drop(owner);
    let owner = again(folder.path()).await;
    let kept = peer(&owner).await;
    assert!(!kept.may_use_me && !kept.i_may_use);
    until_peer(&donor, |one| one.lets_us == Some(false)).await;
    owner.stop().await;
    donor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_goes_on_with_what_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 60);
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
    timeline::assert_gap(&owner, id).await;
    owner.stop().await;
}

/// The film of an interrupted job is on a disk that is not there at the next start, and is plugged in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_go_on_says_why_and_can_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (film, away) = (
        clip(&folder.path().join("film.mkv"), 60),
        folder.path().join("unplugged"),
    );
    let owner = node(folder.path(), "owner").await;
    let terms = Terms {
        only_here: true,
        ..Terms::default()
    };
    let id = owner
        .submit(film.clone(), everywhere(), terms)
        .await
        .unwrap();
    until(&owner, id, |job| job.hands.iter().any(|h| h.segments > 0)).await;
    owner.stop().await;
    drop(owner);

    std::fs::rename(&film, &away).unwrap();
    let staying = NodeConfig {
        stays: true,
        ..config(folder.path(), "owner")
    };
    let owner = start_again(staying).await;
    let job = until(&owner, id, |_| false).await;
    let JobState::Failed(said) = &job.state else {
        panic!("{:?}", job.state)
    };
    assert_eq!(said.kind, Kind::NoSuchFile, "{said}");
    let no = owner.steer(id, Steer::Retry).await.unwrap_err();
    assert_eq!(no.message, said.message, "still away");
    owner.stop().await;
    drop(owner);

    std::fs::rename(&away, &film).unwrap();
    let owner = again(folder.path()).await;
    let job = until(&owner, id, |_| false).await;
    let JobState::Failed(kept) = &job.state else {
        panic!("{:?}", job.state)
    };
    assert_eq!((&kept.message, &kept.help), (&said.message, &said.help));
    for wrong in [Steer::Resume, Steer::Pause] {
        let no = owner.steer(id, wrong).await.unwrap_err();
        assert_eq!(no.kind, Kind::NotNow, "{wrong:?}: {no}");
    }
    owner.steer(id, Steer::Retry).await.unwrap();
    assert_exact(&until(&owner, id, |_| false).await, 1500);
    owner.stop().await;
}

/// The folder's lock goes with the last handle of the old node, a moment after it stopped.
async fn again(folder: &Path) -> Node {
    start_again(config(folder, "owner")).await
}

async fn start_again(config: NodeConfig) -> Node {
    for _ in 0..500 {
        if let Ok(node) = Node::start(config.clone()).await {
            return node;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the data folder stays locked")
}
