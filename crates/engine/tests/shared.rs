//! Two nodes in one process on loopback that see the same film, each in a folder of its own, as two computers see a NAS.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;
mod house;
mod nodes;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::node::{Node, NodeConfig};
use engine::status::{JobId, JobState, JobStatus, PathPair, PeerState, Settings, Shared, Terms};
use house::clip;
use media::choice::{Choice, Purpose};

const FRAMES: u64 = 1500;

fn config(folder: &Path, name: &str) -> NodeConfig {
    NodeConfig {
        workers: Some(1),
        ..nodes::config(folder, name)
    }
}

/// An owner whose film is at `mnt/nas/films/film.mkv`, and a donor that sees what is at `media/films/film.mkv`.
struct House {
    folder: tempfile::TempDir,
    owner: Node,
    donor: Node,
    film: PathBuf,
    theirs: PathBuf,
}

impl House {
    async fn new(shared: impl FnOnce(&Path) -> Shared) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        let film = clip(&at("mnt/nas/films/film.mkv"), 60);
        let theirs = at("media/films/film.mkv");
        fs::copy(&film, &theirs).unwrap();
        let donor = Node::start(config(folder.path(), "donor")).await.unwrap();
        let settings = Settings {
            shared: shared(folder.path()),
            ..donor.settings().await.unwrap()
        };
        donor.set_settings(settings).await.unwrap();
        let owner = Node::start(config(folder.path(), "owner")).await.unwrap();
        let (invite, _) = donor.invite().unwrap();
        owner.pair(invite).await.unwrap();
        let house = Self {
            folder,
            owner,
            donor,
            film,
            theirs,
        };
        house.ready().await;
        house
    }

    async fn ready(&self) {
        loop {
            let peers = self.owner.status().await.unwrap().peers;
            if peers.iter().any(|p| p.state == PeerState::Ready) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn submit(&self) -> JobId {
        let choice = Choice {
            purpose: Purpose::Everywhere,
            ..Choice::default()
        };
        let terms = Terms {
            wait_for: 1,
            ..Terms::default()
        };
        self.owner
            .submit(self.film.clone(), choice, terms)
            .await
            .unwrap()
    }

    /// The job once it is over, or `enough` of it.
    async fn until(&self, job: JobId, enough: impl Fn(&JobStatus) -> bool) -> JobStatus {
        loop {
            let status = self.owner.status().await.unwrap();
            let job = status.jobs.into_iter().find(|j| j.id == job).unwrap();
            let over = matches!(job.state, JobState::Completed(_) | JobState::Failed(_));
            if over || enough(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn stop(self) {
        self.donor.stop().await;
        self.owner.stop().await;
    }
}

fn read_there(job: &JobStatus) -> u32 {
    job.hands.iter().map(|hand| hand.read_there).sum()
}

/// It is exact, and the donor has a hand in it: the receipt's segments of others.
fn assert_exact(job: &JobStatus) -> Vec<serde_json::Value> {
    let JobState::Completed(outcome) = &job.state else {
        panic!("{:?}", job.state)
    };
    assert!(outcome.exact);
    assert_eq!(outcome.frames, FRAMES);
    assert_eq!(job.hands.len(), 2, "{:?}", job.hands);
    let receipt = fs::read_to_string(&outcome.receipt).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    let segments = receipt["segments"].as_array().unwrap().iter();
    let own = job.hands.iter().find(|hand| hand.name == "owner").unwrap();
    let own = own.peer.to_string();
    let of_others =
        segments.filter(|one| one["peer"].as_str().is_some_and(|id| !id.starts_with(&own)));
    of_others.cloned().collect()
}

fn in_its_folder(folder: &Path) -> Shared {
    Shared {
        folders: vec![folder.join("media")],
        ..Shared::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_both_see_is_not_sent() {
    let house = House::new(in_its_folder).await;
    let job = house.submit().await;
    let job = house.until(job, |_| false).await;
    let of_donor = assert_exact(&job);
    assert!(read_there(&job) > 0, "{:?}", job.hands);
    for segment in of_donor {
        let (read, sent) = (
            &segment["read_there"],
            segment["sent_bytes"].as_u64().unwrap(),
        );
        assert_eq!(sent == 0, *read == true, "{segment}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_another_name_may_be_told() {
    let house = House::new(|folder| Shared {
        paths: vec![PathPair {
            theirs: folder.join("mnt/nas").to_str().unwrap().to_owned(),
            here: folder.join("media"),
        }],
        ..Shared::default()
    })
    .await;
    let job = house.submit().await;
    let job = house.until(job, |_| false).await;
    assert_exact(&job);
    assert!(read_there(&job) > 0, "{:?}", job.hands);
    house.stop().await;
}

/// It lies where nobody allowed to look, or is not to be read at all.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_sent() {
    let house = House::new(|folder| Shared {
        read: false,
        ..in_its_folder(folder)
    })
    .await;
    let job = house.submit().await;
    let job = house.until(job, |_| false).await;
    assert_exact(&job);
    assert_eq!(read_there(&job), 0);
    assert!(job.traffic.sent > 0);
    house.stop().await;
}

/// Of the same name, length and time, but other pictures: nothing of it gets into the output.
#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_only_looks_the_same_is_not_read() {
    let house = House::new(in_its_folder).await;
    change_in_the_middle(&house.theirs);
    let job = house.submit().await;
    let job = house.until(job, |_| false).await;
    assert_exact(&job);
    assert_eq!(read_there(&job), 0, "{:?}", job.hands);
    house.stop().await;
}

/// The donor's sight of it changes after the two have compared it, and nothing but its content tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_changes_while_it_is_read_is_sent_from_then_on() {
    let house = House::new(in_its_folder).await;
    let job = house.submit().await;
    house.until(job, |job| read_there(job) > 0).await;
    change_in_the_middle(&house.theirs);
    let job = house.until(job, |_| false).await;
    assert_exact(&job);
    assert!(house.folder.path().join("mnt/nas/films/film.mkv").exists());
    house.stop().await;
}

/// Other bytes in the film's middle; its time stays.
fn change_in_the_middle(film: &Path) {
    let modified = fs::metadata(film).unwrap().modified().unwrap();
    let mut content = fs::read(film).unwrap();
    let middle = content.len() / 4..content.len() * 3 / 4;
    content[middle]
        .iter_mut()
        .step_by(97)
        .for_each(|byte| *byte ^= 0x55);
    // In its place: a donor may have it open.
    let file = fs::OpenOptions::new().write(true).open(film).unwrap();
    std::io::Write::write_all(&mut &file, &content).unwrap();
    file.set_modified(modified).unwrap();
}
