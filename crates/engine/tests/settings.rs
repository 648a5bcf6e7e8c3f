//! What is set is obeyed: real nodes, a real ffmpeg, and what the system says of its processes and files.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;
mod house;
mod nodes;

use std::path::Path;
use std::time::Duration;

use engine::node::{Node, NodeConfig, Shift};
use engine::status::{JobId, JobState, JobStatus, PeerState, Settings, Terms};
use engine::trouble::Kind;
use house::clip;
use media::choice::{Choice, Purpose};
use nodes::config;

/// A node without a network, one segment at a time.
fn alone(folder: &Path) -> NodeConfig {
    NodeConfig {
        network: false,
        workers: Some(1),
        settings: engine::config::Sources::default(),
        ..config(folder, "node")
    }
}

fn here_alone() -> Terms {
    Terms {
        only_here: true,
        ..Terms::default()
    }
}

fn everywhere() -> Choice {
    Choice {
        purpose: Purpose::Everywhere,
        ..Choice::default()
    }
}

async fn status(node: &Node, job: JobId) -> JobStatus {
    let jobs = node.status().await.unwrap().jobs;
    jobs.into_iter().find(|one| one.id == job).unwrap()
}

/// Looks again and again until `found` makes something of it.
async fn until<T>(mut found: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = found().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the encoders among our children were told, and on which processors they may run.
#[cfg(target_os = "linux")]
fn encoders() -> Vec<(String, String)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let children =
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<String> = children.collect();
    let read = |pid: &str, file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    let pids = children.iter().flat_map(|line| line.split_whitespace());
    pids.filter_map(|pid| {
        let said = read(pid, "cmdline")?.replace('\0', " ");
        let allowed = read(pid, "status")?;
        let allowed = allowed
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
        Some((said, allowed.trim().to_owned()))
    })
    .filter(|(said, _)| said.contains("-c:v libx264"))
    .collect()
}

/// One node helps with one core: its encoders are told so, and the system holds them to it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_donor_gives_no_more_than_its_share() {
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(
        cores > 1,
        "a share of one processor is all of it: this needs two"
    );
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 60);
    let owner = Node::start(config(folder.path(), "owner")).await.unwrap();
    let donor = Node::start(config(folder.path(), "donor")).await.unwrap();
    let whole = donor.status().await.unwrap().here.encoders;
    let settings = Settings {
        donate_cores: Some(1),
        ..donor.settings().await.unwrap()
    };
    donor.set_settings(settings).await.unwrap();
    assert_eq!(donor.status().await.unwrap().given_cores, 1);
    let (invite, _) = donor.invite().unwrap();
    owner.pair(invite).await.unwrap();
    let offered = until(async || {
        let peers = owner.status().await.unwrap().peers;
        peers
            .into_iter()
            .find(|p| p.state == PeerState::Ready)
            .map(|p| p.encoders)
    })
    .await;
    // What it promises is what it gives.
    assert!(
        offered[0].fps_1080p < whole[0].fps_1080p,
        "{offered:?}, {whole:?}"
    );

    let terms = Terms {
        wait_for: 1,
        ..Terms::default()
    };
    let job = owner.submit(film, everywhere(), terms).await.unwrap();
    let mut held = Vec::new();
    let done = until(async || {
        held.extend(
            encoders()
                .into_iter()
                .filter(|(_, on)| on.parse::<u32>().is_ok()),
        );
        let job = status(&owner, job).await;
        (!matches!(
            job.state,
            JobState::Processing | JobState::Queued | JobState::Combining
        ))
        .then_some(job)
    })
    .await;
    assert!(
        matches!(done.state, JobState::Completed(_)),
        "{:?}",
        done.state
    );
    assert_eq!(
        done.hands.len(),
        2,
        "both had a hand in it: {:?}",
        done.hands
    );
    assert!(!held.is_empty(), "no encoder was held to one processor");
    for (said, _) in &held {
        assert!(
            said.matches("-threads 1").count() == 2,
            "decoder and encoder: {said}"
        );
    }
    let given = until(async || Some(donor.given().await.unwrap()).filter(|g| g.segments > 0)).await;
    assert!(
        given.frames > 0 && given.ms > 0 && given.computers == 1,
        "{given:?}"
    );
    donor.stop().await;
    owner.stop().await;
}

/// Bytes of everything below `folder`.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let each = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => size(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    each.sum()
}

/// Writes settings that nobody could make: small enough for a test.
async fn limited(folder: &Path, limit: u64) {
    let store = store::Store::open(folder).unwrap();
    let settings = Settings {
        scratch_limit: Some(limit),
        ..Settings::default()
    };
    let written = store.call(move |tables| tables.set_setting("settings", &settings));
    written.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn working_files_keep_within_their_limit() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder.path().join("film.mkv"), 60);
    let data = folder.path().join("node");
    let one_worker = alone(folder.path());
    let only_here = here_alone();

    // Less than any result of this film could be: refused at once, and nothing is left behind.
    limited(&data, 10_000).await;
    let node = Node::start(one_worker.clone()).await.unwrap();
    let refused = node
        .submit(film.clone(), everywhere(), only_here.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::NoSpace, "{refused:?}");
    assert_eq!(size(&data.join("jobs")), 0);
    node.stop().await;
    drop(node);

    // Enough to begin, by an estimate that takes no result for larger than its film; too little to end, because this
    // one is.
    let far_better = Choice {
        quality: Some(6),
        ..everywhere()
    };
    let limit = std::fs::metadata(&film).unwrap().len();
    limited(&data, limit).await;
    let stays = NodeConfig {
        stays: true,
        ..one_worker
    };
    let mut node = Node::start(stays.clone()).await.unwrap();
    let job = node.submit(film, far_better, only_here).await.unwrap();
    let mut most = 0;
    // Once it is held it is so after a restart too, for the same reason.
    for _ in 0..2 {
        let reason = until(async || {
            most = most.max(size(&data.join("jobs")));
            let jobs = node.status().await.unwrap().jobs;
            match jobs.into_iter().find(|one| one.id == job)?.state {
                JobState::Paused(reason) if reason.contains("limit") => Some(reason),
                JobState::Processing | JobState::Queued | JobState::Paused(_) => None,
                other => panic!("{other:?}"),
            }
        })
        .await;
        assert!(reason.contains("goes on"), "{reason}");
        assert!(most <= limit, "{most} bytes, {limit} allowed");
        node.stop().await;
        drop(node);
        node = Node::start(stays.clone()).await.unwrap();
    }

    // More room, and it goes on by itself, with what it has.
    let settings = Settings {
        scratch_limit: None,
        ..node.settings().await.unwrap()
    };
    node.set_settings(settings).await.unwrap();
    let done = until(async || {
        let job = status(&node, job).await;
        matches!(job.state, JobState::Completed(_) | JobState::Failed(_)).then_some(job.state)
    })
    .await;
    assert!(
        matches!(done, JobState::Completed(outcome) if outcome.exact && outcome.frames == 1500)
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_changed_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let films = ["a.mkv", "b.mkv", "c.mkv"].map(|name| clip(&folder.path().join(name), 60));
    let start = alone(folder.path());
    let only_here = here_alone();
    let node = Node::start(start.clone()).await.unwrap();
    let mut ids = Vec::new();
    for film in films {
        ids.push(
            node.submit(film, everywhere(), only_here.clone())
                .await
                .unwrap(),
        );
    }
    let queue = async |node: &Node| {
        let jobs = node.status().await.unwrap().jobs;
        let mut queue: Vec<_> = jobs
            .iter()
            .filter_map(|job| Some((job.place?, job.id)))
            .collect();
        queue.sort_unstable();
        queue.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    assert_eq!(queue(&node).await, ids);
    for job in &ids {
        node.steer(*job, engine::node::Steer::Pause).await.unwrap();
    }
    node.reorder(ids[2], Shift::Top).await.unwrap();
    node.reorder(ids[0], Shift::Down).await.unwrap();
    let wanted = vec![ids[2], ids[1], ids[0]];
    until(async || (queue(&node).await == wanted).then_some(())).await;
    // A job that was stopped for good is begun anew, at the end of the queue.
    node.steer(ids[1], engine::node::Steer::Cancel)
        .await
        .unwrap();
    until(async || matches!(status(&node, ids[1]).await.state, JobState::Cancelled).then_some(()))
        .await;
    node.steer(ids[1], engine::node::Steer::Retry)
        .await
        .unwrap();
    let wanted = until(async || {
        let queue = queue(&node).await;
        (queue.len() == 3 && queue[..2] == [ids[2], ids[0]]).then_some(queue)
    })
    .await;
    node.reorder(wanted[2], Shift::Bottom).await.unwrap();
    assert_eq!(
        node.reorder(JobId(99), Shift::Up).await.unwrap_err().kind,
        Kind::NoSuchJob
    );
    node.stop().await;
    drop(node);

    let again = NodeConfig {
        stays: true,
        ..start
    };
    let node = Node::start(again).await.unwrap();
    until(async || (queue(&node).await == wanted).then_some(())).await;
    let kept = node.strip(ids[0]).await.unwrap();
    assert!(kept.is_empty() || kept[0].start_us == 0);
    node.stop().await;
}
