//! Films that are sent whole: to a node that owns their jobs, and back.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;
mod house;
mod nodes;

/// An owner that lies.
#[path = "sent/liar.rs"]
mod liar;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bundled::ffmpeg;
use engine::node::{Agreement, Node, NodeConfig, Steer};
use engine::status::{
    AwayStep, JobId, JobState, JobStatus, On, PeerId, PeerState, Place, Settings, Terms,
};
use engine::trouble::Kind;
use house::clip;
use media::choice::{Choice, Purpose};
use media::filter::{Filters, Turn};

fn config(folder: &Path, name: &str, stays: bool) -> NodeConfig {
    NodeConfig {
        workers: Some(1),
        stays,
        settings: engine::config::Sources::default(),
        ..nodes::config(folder, name)
    }
}

/// Starts a node, also where the one before it has not let go of the folder yet.
async fn start(config: NodeConfig) -> Node {
    loop {
        match Node::start(config.clone()).await {
            Ok(node) => return node,
            Err(trouble) if trouble.kind == Kind::NodeRunning => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(trouble) => panic!("{trouble}"),
        }
    }
}

/// The sender, which helps nobody, and the owner.
async fn house_of_two(folder: &Path) -> (Node, Node) {
    let sender = NodeConfig {
        donate: Some(false),
        ..config(folder, "sender", false)
    };
    let (sender, owner) = (
        start(sender).await,
        start(config(folder, "owner", true)).await,
    );
    let (invite, _) = owner.invite().unwrap();
    sender.pair(invite).await.unwrap();
    until_there(&sender).await;
    (sender, owner)
}

async fn until_there(sender: &Node) {
    loop {
        let peers = sender.status().await.unwrap().peers;
        if peers
            .iter()
            .any(|one| one.takes_films && one.state == PeerState::Ready)
        {
            return;
        }
        pause().await;
    }
}

async fn until_gone(sender: &Node) {
    while sender.status().await.unwrap().peers[0].state != PeerState::Offline {
        pause().await;
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

async fn peer_of(node: &Node) -> PeerId {
    node.status().await.unwrap().peers[0].id
}

async fn on(sender: &Node) -> On {
    On {
        peer: peer_of(sender).await,
        participate: false,
        leave: false,
    }
}

fn to(on: On) -> Terms {
    Terms {
        on: Some(on),
        ..Terms::default()
    }
}

fn everywhere() -> Choice {
    Choice {
        purpose: Purpose::Everywhere,
        ..Choice::default()
    }
}

fn is_over(job: &JobStatus) -> bool {
    matches!(
        job.state,
        JobState::Completed(_) | JobState::Failed(_) | JobState::Cancelled
    )
}

async fn until(node: &Node, id: JobId, enough: impl Fn(&JobStatus) -> bool) -> JobStatus {
    loop {
        let jobs = node.status().await.unwrap().jobs;
        let job = jobs.into_iter().find(|job| job.id == id).unwrap();
        if is_over(&job) || enough(&job) {
            return job;
        }
        pause().await;
    }
}

fn step(job: &JobStatus) -> Option<AwayStep> {
    job.away.as_ref().map(|away| away.step)
}

/// The owner's job of somebody else's film, once it is one.
async fn theirs(owner: &Node) -> JobStatus {
    loop {
        let jobs = owner.status().await.unwrap().jobs;
        if let Some(job) = jobs.into_iter().find(|job| job.terms.sent_by.is_some()) {
            return job;
        }
        pause().await;
    }
}

/// What the owner has of others' films.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let films = folder.join("owner").join("films");
    let entries = fs::read_dir(films).unwrap().flatten();
    entries.map(|entry| entry.path()).collect()
}

async fn until_nothing_is_kept(folder: &Path) {
    while !kept(folder).is_empty() {
        pause().await;
    }
}

/// Bytes of the film that the owner has so far.
fn come(folder: &Path) -> u64 {
    let films = kept(folder).into_iter();
    films
        .filter_map(|film| film.join("film").metadata().ok())
        .map(|about| about.len())
        .sum()
}

fn frames(film: &Path) -> usize {
    let listed = std::process::Command::new(ffmpeg())
        .args(["-v", "error", "-i"])
        .arg(film)
        .args([
            "-map",
            "0:v",
            "-f",
            "framecrc",
            "-fps_mode",
            "passthrough",
            "-",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).count()
}

fn outcome(job: &JobStatus) -> &engine::status::Outcome {
    let JobState::Completed(outcome) = &job.state else {
        panic!("{:?}, {:?}", job.state, job.notes)
    };
    outcome
}

/// Pictures with noise, which is large whatever encodes it.
fn heavy(path: &Path, seconds: u32) -> PathBuf {
    let picture = format!("testsrc2=s=640x360:r=25:d={seconds},noise=alls=60:allf=t");
    let made = std::process::Command::new(ffmpeg())
        .args([
            "-v", "error", "-f", "lavfi", "-i", &picture, "-c:v", "libx264",
        ])
        .args(["-preset", "ultrafast", "-g", "25", "-b:v", "8M"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
    path.to_owned()
}

/// The film counts for whom it came from, once; who made it has given its work to that one.
async fn assert_counted(sender: &Node, owner: &Node) {
    let (ours, theirs) = (
        sender.figures(7).await.unwrap(),
        owner.figures(7).await.unwrap(),
    );
    assert_eq!(ours.in_all.films, 1, "{ours:?}");
    assert!(ours.in_all.source_bytes > 0 && ours.in_all.output_bytes > 0);
    assert_eq!(theirs.in_all.films, 0, "{theirs:?}");
    let [given] = theirs.by_peer.as_slice() else {
        panic!("{theirs:?}")
    };
    assert!(!given.for_us && given.parts > 0, "{given:?}");
    assert_eq!(
        (given.peer, given.name.as_str()),
        (ours.me, "sender"),
        "{given:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_is_sent_and_its_result_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("holiday.mkv"), 12);
    let before = fs::read(&film).unwrap();
    let (sender, owner) = house_of_two(folder.path()).await;
    let choice = Choice {
        filters: Filters {
            half_rate: true,
            rotate: Some(Turn::Right),
            ..Filters::default()
        },
        ..everywhere()
    };
    let id = sender
        .submit(film.clone(), choice, to(on(&sender).await))
        .await
        .unwrap();
    let there = theirs(&owner).await;
    let sent_by = there.terms.sent_by.unwrap();
    assert_eq!(
        (sent_by.name.as_str(), sent_by.film.as_str()),
        ("sender", "holiday.mkv")
    );
    let job = until(&sender, id, |_| false).await;
    let outcome = outcome(&job);
    assert!(
        outcome.exact && outcome.verdict.contains("Made by owner"),
        "{outcome:?}"
    );
    assert_eq!(outcome.output.parent(), film.parent());
    assert_eq!((outcome.frames, frames(&outcome.output)), (150, 150));
    assert_eq!(fs::read(&film).unwrap(), before, "the film is as it was");
    let receipt = fs::read_to_string(&outcome.receipt).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["made_by"]["name"], "owner");
    assert_counted(&sender, &owner).await;
    // Nothing is left on the owner but a line of its history.
    until_nothing_is_kept(folder.path()).await;
    let left = until(&owner, there.id, |_| false).await;
    assert!(
        matches!(left.state, JobState::Completed(_)),
        "{:?}",
        left.state
    );
    let scratch = fs::read_dir(folder.path().join("sender").join("jobs")).unwrap();
    assert_eq!(scratch.count(), 0);
    owner.stop().await;
    sender.stop().await;
    drop(sender);
    let sender = start(config(folder.path(), "sender", true)).await;
    let job = until(&sender, id, |_| false).await;
    assert!(
        matches!(job.state, JobState::Completed(_)),
        "{:?}",
        job.state
    );
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_has_a_hand_in_it_though_it_helps_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 90);
    let (sender, owner) = house_of_two(folder.path()).await;
    assert!(!sender.status().await.unwrap().donating);
    let terms = to(On {
        participate: true,
        ..on(&sender).await
    });
    let id = sender.submit(film, everywhere(), terms).await.unwrap();
    let there = theirs(&owner).await;
    let made = until(&owner, there.id, |_| false).await;
    assert!(
        matches!(made.state, JobState::Completed(_)),
        "{:?}",
        made.state
    );
    let hand = made.hands.iter().find(|hand| hand.name == "sender");
    assert!(
        hand.is_some_and(|hand| hand.segments > 0),
        "{:?}",
        made.hands
    );
    let job = until(&sender, id, |_| false).await;
    assert_eq!(outcome(&job).frames, 2250);
    // Its film is done: it helps as little as before.
    loop {
        let peers = owner.status().await.unwrap().peers;
        if peers.iter().any(|one| one.state == PeerState::NotHelping) {
            break;
        }
        pause().await;
    }
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_there_is_fetched_when_somebody_asks_and_takes_the_films_place() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mp4"), 4);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = Terms {
        place: Place::InPlace { keep: None },
        ..to(On {
            leave: true,
            ..on(&sender).await
        })
    };
    let id = sender
        .submit(film.clone(), everywhere(), terms)
        .await
        .unwrap();
    let job = until(&sender, id, |job| step(job) == Some(AwayStep::Ready)).await;
    assert_eq!(step(&job), Some(AwayStep::Ready), "{:?}", job.state);
    assert_eq!(kept(folder.path()).len(), 1);
    // It waits there, whoever is restarted meanwhile.
    owner.stop().await;
    drop(owner);
    let owner = start(config(folder.path(), "owner", true)).await;
    sender.fetch(id).await.unwrap();
    let job = until(&sender, id, |_| false).await;
    assert_eq!(outcome(&job).output, film);
    assert_counted(&sender, &owner).await;
    assert!(job.original.is_some_and(|original| original.kept.exists()));
    assert_eq!(frames(&film), 100);
    until_nothing_is_kept(folder.path()).await;
    assert_eq!(sender.fetch(id).await.unwrap_err().kind, Kind::NotNow);
    assert_eq!(
        sender.fetch(JobId(99)).await.unwrap_err().kind,
        Kind::NoSuchJob
    );
    owner.stop().await;
    sender.stop().await;
}

async fn slowly(node: &Node) {
    let settings = Settings {
        bandwidth: Some(1_000_000),
        ..node.settings().await.unwrap()
    };
    node.set_settings(settings).await.unwrap();
}

/// Waits until so much of the film is there, and sees to it that what was there is never lost.
async fn until_come(folder: &Path, bytes: u64, at_least: u64) -> u64 {
    loop {
        let there = come(folder);
        assert!(
            kept(folder).is_empty() || there >= at_least,
            "{there} of {at_least}"
        );
        if there >= bytes {
            return there;
        }
        pause().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_killed_in_mid_transfer_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let film = heavy(&folder.path().join("film.mkv"), 12);
    let (sender, owner) = house_of_two(folder.path()).await;
    slowly(&sender).await;
    let id = sender
        .submit(film, everywhere(), to(on(&sender).await))
        .await
        .unwrap();
    let there = until_come(folder.path(), 2 << 20, 0).await;
    sender.stop().await;
    drop(sender);
    let sender = start(config(folder.path(), "sender", true)).await;
    let there = until_come(folder.path(), there + (1 << 20), there).await;
    owner.stop().await;
    drop(owner);
    let owner = start(config(folder.path(), "owner", true)).await;
    until_come(folder.path(), there + (1 << 20), there).await;
    let job = until(&sender, id, |_| false).await;
    assert_eq!(outcome(&job).frames, 300);
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_here_ends_there() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 120);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(on(&sender).await);
    let id = sender
        .submit(film.clone(), everywhere(), terms.clone())
        .await
        .unwrap();
    let there = theirs(&owner).await;
    // Asked for twice is sent once.
    assert_eq!(
        sender
            .submit(film.clone(), everywhere(), terms.clone())
            .await
            .unwrap(),
        id
    );
    sender.steer(id, Steer::Pause).await.unwrap();
    let held = until(&owner, there.id, |job| {
        matches!(job.state, JobState::Paused(_))
    })
    .await;
    assert!(
        matches!(held.state, JobState::Paused(_)),
        "{:?}",
        held.state
    );
    sender.steer(id, Steer::Resume).await.unwrap();
    until(&owner, there.id, |job| {
        matches!(job.state, JobState::Processing)
    })
    .await;
    sender.steer(id, Steer::Cancel).await.unwrap();
    let ended = until(&owner, there.id, |_| false).await;
    assert!(
        matches!(ended.state, JobState::Cancelled),
        "{:?}",
        ended.state
    );
    until_nothing_is_kept(folder.path()).await;
    // And the other way round: its owner's user does not want it, which is said.
    owner.steer(there.id, Steer::Forget).await.unwrap();
    sender.steer(id, Steer::Retry).await.unwrap();
    let there = theirs(&owner).await;
    owner.steer(there.id, Steer::Cancel).await.unwrap();
    let job = until(&sender, id, |_| false).await;
    let JobState::Failed(trouble) = job.state else {
        panic!("{:?}", job.state)
    };
    assert_eq!(trouble.message, "The job was cancelled on owner.");
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_is_sent_to_nobody_who_does_not_take_it() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 60);
    let (sender, owner) = house_of_two(folder.path()).await;
    let on = on(&sender).await;
    let refused = async |terms| {
        let refused = sender.submit(film.clone(), everywhere(), terms).await;
        refused.unwrap_err()
    };
    let nobody = On {
        peer: PeerId([9; 32]),
        ..on
    };
    assert_eq!(refused(to(nobody)).await.kind, Kind::NoSuchPeer);
    let alone = Terms {
        only_here: true,
        ..to(on)
    };
    assert_eq!(refused(alone).await.kind, Kind::BadRequest);
    let no = |may_use_me, i_may_use| Agreement {
        may_use_me,
        i_may_use,
    };
    sender
        .set_rights(on.peer, no(Some(false), None))
        .await
        .unwrap();
    let helping = On {
        participate: true,
        ..on
    };
    assert_eq!(refused(to(helping)).await.kind, Kind::BadRequest);
    // Its user withdraws the right in the middle of it: it ends there at once, and is said here.
    let id = sender
        .submit(film.clone(), everywhere(), to(on))
        .await
        .unwrap();
    theirs(&owner).await;
    let at_owner = peer_of(&owner).await;
    owner
        .set_rights(at_owner, no(Some(false), None))
        .await
        .unwrap();
    let job = until(&sender, id, |_| false).await;
    let JobState::Failed(trouble) = job.state else {
        panic!("{:?}", job.state)
    };
    assert!(
        trouble.message.contains("does not work for this computer"),
        "{trouble}"
    );
    until_nothing_is_kept(folder.path()).await;
    owner
        .set_rights(at_owner, no(Some(true), None))
        .await
        .unwrap();
    // It takes no whole films.
    until_there(&sender).await;
    let settings = Settings {
        whole_films: false,
        ..owner.settings().await.unwrap()
    };
    owner.set_settings(settings).await.unwrap();
    loop {
        if !sender.status().await.unwrap().peers[0].takes_films {
            break;
        }
        pause().await;
    }
    assert_eq!(refused(to(on)).await.kind, Kind::NotNow);
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_is_away_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 2);
    let (sender, owner) = house_of_two(folder.path()).await;
    let on = on(&sender).await;
    owner.stop().await;
    drop(owner);
    until_gone(&sender).await;
    let id = sender.submit(film, everywhere(), to(on)).await.unwrap();
    let job = until(&sender, id, |_| true).await;
    assert_eq!(step(&job), Some(AwayStep::Waiting));
    assert!(
        job.notes.iter().any(|note| note.contains("not there")),
        "{:?}",
        job.notes
    );
    let owner = start(config(folder.path(), "owner", true)).await;
    let job = until(&sender, id, |_| false).await;
    assert_eq!(outcome(&job).frames, 50);
    owner.stop().await;
    sender.stop().await;
}

fn is_held(job: &JobStatus) -> bool {
    matches!(job.state, JobState::Paused(_))
}

fn is_at_work(job: &JobStatus) -> bool {
    matches!(
        job.state,
        JobState::Processing | JobState::Combining | JobState::Completed(_)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_resumed_before_the_two_meet_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 120);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(on(&sender).await);
    let id = sender
        .submit(film.clone(), everywhere(), terms.clone())
        .await
        .unwrap();
    let there = theirs(&owner).await;
    sender.steer(id, Steer::Pause).await.unwrap();
    assert!(is_held(&until(&owner, there.id, is_held).await));
    owner.stop().await;
    drop(owner);
    until_gone(&sender).await;
    // Asked for once more, with nobody there to hear it.
    let again = sender.submit(film, everywhere(), terms).await.unwrap();
    assert_eq!(again, id);
    let owner = start(config(folder.path(), "owner", true)).await;
    let job = until(&owner, there.id, is_at_work).await;
    assert!(is_at_work(&job), "{:?}", job.state);
    sender.stop().await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_owners_user_holds_is_let_go_on_there_alone() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 120);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(on(&sender).await);
    let id = sender.submit(film, everywhere(), terms).await.unwrap();
    let there = theirs(&owner).await;
    owner.steer(there.id, Steer::Pause).await.unwrap();
    let seen = |job: &JobStatus| is_held(job) && step(job) == Some(AwayStep::Working);
    until(&sender, id, seen).await;
    let refused = sender.steer(id, Steer::Resume).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotNow);
    // The two meet anew, and say how it stands with each.
    sender.stop().await;
    drop(sender);
    let sender = start(config(folder.path(), "sender", true)).await;
    until(&sender, id, seen).await;
    for _ in 0..25 {
        let job = until(&owner, there.id, |_| true).await;
        assert!(is_held(&job), "{:?}", job.state);
        pause().await;
    }
    owner.steer(there.id, Steer::Resume).await.unwrap();
    let job = until(&owner, there.id, is_at_work).await;
    assert!(is_at_work(&job), "{:?}", job.state);
    sender.stop().await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_rested_goes_on_when_its_owner_helps_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 120);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(on(&sender).await);
    sender.submit(film, everywhere(), terms).await.unwrap();
    let there = theirs(&owner).await;
    until(&owner, there.id, is_at_work).await;
    owner.donate(false).await.unwrap();
    assert!(is_held(&until(&owner, there.id, is_held).await));
    owner.stop().await;
    drop(owner);
    let owner = start(config(folder.path(), "owner", true)).await;
    let job = until(&owner, there.id, is_at_work).await;
    assert!(is_at_work(&job), "{:?}", job.state);
    // It stays so.
    for _ in 0..25 {
        let job = until(&owner, there.id, |_| true).await;
        assert!(is_at_work(&job), "{:?}", job.state);
        pause().await;
    }
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_only_looks_leaves_the_films_of_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let film = heavy(&folder.path().join("film.mkv"), 12);
    let (sender, owner) = house_of_two(folder.path()).await;
    slowly(&sender).await;
    let terms = to(on(&sender).await);
    sender.submit(film, everywhere(), terms).await.unwrap();
    let there = until_come(folder.path(), 1 << 20, 0).await;
    owner.stop().await;
    drop(owner);
    let looks = NodeConfig {
        donate: Some(false),
        ..config(folder.path(), "owner", false)
    };
    let looks = start(looks).await;
    for _ in 0..25 {
        looks.status().await.unwrap();
        pause().await;
    }
    assert!(come(folder.path()) >= there);
    looks.stop().await;
    drop(looks);
    let owner = start(config(folder.path(), "owner", true)).await;
    until_come(folder.path(), there + (1 << 20), there).await;
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_given_back_though_nobody_is_helped_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 2);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(On {
        leave: true,
        ..on(&sender).await
    });
    let id = sender.submit(film, everywhere(), terms).await.unwrap();
    let ready = |job: &JobStatus| step(job) == Some(AwayStep::Ready);
    until(&sender, id, ready).await;
    owner.donate(false).await.unwrap();
    sender.fetch(id).await.unwrap();
    let job = until(&sender, id, |_| false).await;
    assert_eq!(outcome(&job).frames, 50);
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_while_it_is_checked_gets_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 30);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(on(&sender).await);
    let id = sender.submit(film, everywhere(), terms).await.unwrap();
    let checks = |job: &JobStatus| step(job) == Some(AwayStep::Checking);
    let job = until(&sender, id, checks).await;
    assert!(checks(&job), "{:?}", job.state);
    sender.steer(id, Steer::Cancel).await.unwrap();
    let job = until(&sender, id, |_| false).await;
    assert!(matches!(job.state, JobState::Cancelled), "{:?}", job.state);
    until_nothing_is_kept(folder.path()).await;
    sender.stop().await;
    owner.stop().await;
    let beside = fs::read_dir(folder.path()).unwrap().flatten();
    let beside = beside.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let others: Vec<String> = beside
        .filter(|name| !["film.mkv", "sender", "owner"].contains(&name.as_str()))
        .collect();
    assert_eq!(others, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_owners_user_takes_off_the_list_is_kept_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 2);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(On {
        leave: true,
        ..on(&sender).await
    });
    let id = sender.submit(film, everywhere(), terms).await.unwrap();
    let ready = |job: &JobStatus| step(job) == Some(AwayStep::Ready);
    until(&sender, id, ready).await;
    assert_eq!(kept(folder.path()).len(), 1);
    let there = theirs(&owner).await;
    owner.steer(there.id, Steer::Forget).await.unwrap();
    until_nothing_is_kept(folder.path()).await;
    let job = until(&sender, id, |_| false).await;
    let JobState::Failed(trouble) = job.state else {
        panic!("{:?}", job.state)
    };
    assert_eq!(trouble.message, "The job was cancelled on owner.");
    owner.stop().await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_it_ended_there_is_heard_by_whoever_was_away() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 120);
    let (sender, owner) = house_of_two(folder.path()).await;
    let terms = to(on(&sender).await);
    let id = sender.submit(film, everywhere(), terms).await.unwrap();
    let there = theirs(&owner).await;
    sender.stop().await;
    drop(sender);
    owner.steer(there.id, Steer::Cancel).await.unwrap();
    until_nothing_is_kept(folder.path()).await;
    let sender = start(config(folder.path(), "sender", true)).await;
    let job = until(&sender, id, |_| false).await;
    let JobState::Failed(trouble) = job.state else {
        panic!("{:?}", job.state)
    };
    assert_eq!(trouble.message, "The job was cancelled on owner.");
    sender.stop().await;
    owner.stop().await;
}
