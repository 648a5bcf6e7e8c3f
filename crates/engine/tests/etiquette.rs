//! Two nodes: one has the film, the other helps, and somebody sits down at it, unplugs it, turns helping off. What the
//! second one notices is a stand-in's, the rest is real; time is the stand-in's, too.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test makes its own clips and may fail anywhere"
)]

mod bundled;
mod house;
mod nodes;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::node::{Node, NodeConfig, Sense, Wanted};
use engine::status::{
    Helping, JobId, JobState, JobStatus, Mode, PeerState, Rest, Rules, SegmentState, Settings,
    Terms,
};
use engine::trouble::Kind;
use etiquette::{Person, Senses};
use house::clip;
use media::choice::{Choice, Purpose};
use media::encoder::Speed;

/// What the donor notices, and what time it is there.
#[derive(Clone, Default)]
struct Around(Arc<Mutex<(Senses, Duration)>>);

impl Around {
    /// Something changes, so many seconds after what there was before.
    fn change(&self, seconds: u64, change: impl FnOnce(&mut Senses)) {
        let mut around = self.0.lock().unwrap();
        around.1 += Duration::from_secs(seconds);
        change(&mut around.0);
    }

    fn touched(&self, seconds: u64, ago: u64) {
        let ago = Person::Last(Duration::from_secs(ago));
        self.change(seconds, |senses| senses.person = ago);
    }
}

impl Sense for Around {
    fn look(&mut self, wanted: &Wanted) -> Senses {
        let mut senses = self.0.lock().unwrap().0.clone();
        senses.program = senses.program.filter(|name| wanted.programs.contains(name));
        senses
    }

    fn now(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

struct House {
    owner: Node,
    donor: Node,
    around: Around,
    folder: tempfile::TempDir,
}

fn config(folder: &Path, name: &str) -> NodeConfig {
    NodeConfig {
        workers: Some(1),
        settings: engine::config::Sources::default(),
        ..nodes::config(folder, name)
    }
}

impl House {
    /// Two nodes that are paired, the donor by these rules.
    async fn new(helping: Rules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let around = Around::default();
        let owner = Node::start(config(folder.path(), "owner")).await.unwrap();
        let sense = Box::new(around.clone());
        let donor = Node::start_with(config(folder.path(), "donor"), sense)
            .await
            .unwrap();
        let settings = Settings {
            helping,
            ..donor.settings().await.unwrap()
        };
        donor.set_settings(settings).await.unwrap();
        let (invite, _) = donor.invite().unwrap();
        owner.pair(invite).await.unwrap();
        let house = Self {
            owner,
            donor,
            around,
            folder,
        };
        house.until_seen(|state| *state == PeerState::Ready).await;
        house
    }

    /// Waits until the owner sees the donor so.
    async fn until_seen(&self, enough: impl Fn(&PeerState) -> bool) {
        loop {
            let peers = self.owner.status().await.unwrap().peers;
            if peers.iter().any(|peer| enough(&peer.state)) {
                return;
            }
            pause().await;
        }
    }

    /// Waits until the donor stands so.
    async fn until_stands(&self, enough: impl Fn(&Helping) -> bool) -> Helping {
        loop {
            let helping = self.donor.status().await.unwrap().helping;
            if enough(&helping) {
                return helping;
            }
            pause().await;
        }
    }

    /// A long film on its way, of which the donor is just encoding a part.
    async fn in_mid_job(&self, seconds: u32) -> JobId {
        let film = clip(&self.folder.path().join("film.mkv"), seconds);
        let choice = Choice {
            purpose: Purpose::Everywhere,
            speed: Speed::Slow,
            ..Choice::default()
        };
        let terms = Terms {
            wait_for: 1,
            ..Terms::default()
        };
        let id = self.owner.submit(film, choice, terms).await.unwrap();
        self.until_encoding(id).await;
        id
    }

    async fn donor_id(&self) -> engine::status::PeerId {
        self.donor.status().await.unwrap().here.id
    }

    /// Waits until the donor has begun a part, and not long ago.
    async fn until_encoding(&self, id: JobId) {
        let donor = self.donor_id().await;
        let job = self
            .until_job(id, |job| {
                job.segments.iter().any(|segment| {
                    segment.peer == Some(donor)
                        && segment.state == SegmentState::Encoding
                        && segment.progress < 0.3
                })
            })
            .await;
        assert!(!matches!(job.state, JobState::Completed(_)), "too quick");
    }

    async fn until_job(&self, id: JobId, enough: impl Fn(&JobStatus) -> bool) -> JobStatus {
        loop {
            let jobs = self.owner.status().await.unwrap().jobs;
            let job = jobs.into_iter().find(|job| job.id == id).unwrap();
            let over = matches!(job.state, JobState::Completed(_) | JobState::Failed(_));
            if over || enough(&job) {
                return job;
            }
            pause().await;
        }
    }

    /// The job comes out exact, whoever helped.
    async fn ends_well(self, id: JobId, frames: u64) -> JobStatus {
        let job = self.until_job(id, |_| false).await;
        let JobState::Completed(outcome) = &job.state else {
            panic!("{:?}", job.state)
        };
        assert!(outcome.exact);
        assert_eq!(outcome.frames, frames);
        self.donor.stop().await;
        self.owner.stop().await;
        job
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

fn only_when_idle() -> Rules {
    Rules {
        mode: Mode::OnlyWhenIdle,
        ..Rules::default()
    }
}

fn says(job: &JobStatus, words: &str) -> bool {
    job.notes.iter().any(|note| note == words)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_sits_down_and_the_part_is_done_by_others() {
    let house = House::new(only_when_idle()).await;
    let id = house.in_mid_job(120).await;
    // At once: it stands still, nothing new is begun, and the owner sees why.
    house.around.touched(1, 0);
    let now = house.until_stands(|helping| helping.rest.is_some()).await;
    assert_eq!(now.rest, Some(Rest::InUse));
    let in_use = PeerState::Paused("in use".to_owned());
    house.until_seen(|state| *state == in_use).await;
    let stood = house.until_stands(|helping| helping.stands_still).await;
    assert!(stood.rest.is_some());
    // A minute later it goes back, and nobody speaks of an error.
    house.around.touched(61, 0);
    let told = "donor is in use; its part went back in the queue.";
    let job = house.until_job(id, |job| says(job, told)).await;
    assert!(says(&job, told), "{:?}, {:?}", job.state, job.notes);
    let peers = house.owner.status().await.unwrap().peers;
    assert_eq!((&peers[0].state, &peers[0].trouble), (&in_use, &None));
    // The computer is left alone, and it is welcome again.
    house.around.touched(300, 200);
    house.until_stands(|helping| helping.rest.is_none()).await;
    house.until_encoding(id).await;
    let job = house.ends_well(id, 3000).await;
    assert_eq!(job.hands.len(), 2, "{:?}", job.hands);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_off_the_plug_costs_nothing() {
    let house = House::new(Rules::default()).await;
    let id = house.in_mid_job(60).await;
    house.around.change(1, |senses| senses.on_battery = true);
    house.until_stands(|helping| helping.stands_still).await;
    let on_battery = PeerState::Paused("on battery".to_owned());
    house.until_seen(|state| *state == on_battery).await;
    house.around.change(30, |senses| senses.on_battery = false);
    house
        .until_stands(|helping| !helping.stands_still && helping.rest.is_none())
        .await;
    let job = house.ends_well(id, 1500).await;
    assert!(
        job.notes.iter().all(|note| !note.contains("queue")),
        "{:?}",
        job.notes
    );
    let hand = job.hands.iter().find(|hand| hand.name == "donor").unwrap();
    assert!(hand.segments > 0, "{:?}", job.hands);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_battery_it_helps_if_its_user_says_so_until_it_is_plugged_in() {
    let house = House::new(Rules::default()).await;
    let no = house.donor.help_on_battery(true).await.unwrap_err();
    assert_eq!(no.kind, Kind::NotNow);
    house.around.change(1, |senses| senses.on_battery = true);
    house
        .until_stands(|helping| helping.rest == Some(Rest::OnBattery))
        .await;
    house.donor.help_on_battery(true).await.unwrap();
    let all_the_same = house.until_stands(|helping| helping.rest.is_none()).await;
    assert!(all_the_same.battery_too && all_the_same.on_battery);
    house.until_seen(|state| *state == PeerState::Ready).await;
    house.around.change(1, |senses| senses.on_battery = false);
    house.until_stands(|helping| !helping.on_battery).await;
    house.around.change(1, |senses| senses.on_battery = true);
    let again = house.until_stands(|helping| helping.rest.is_some()).await;
    assert!(!again.battery_too);
    house.donor.stop().await;
    house.owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_polite_gives_half_while_it_is_used_and_names_no_program() {
    let rules = Rules {
        programs: vec!["game".to_owned()],
        ..Rules::default()
    };
    let house = House::new(rules).await;
    let all = house.donor.status().await.unwrap().here.cores;
    house.around.touched(1, 5);
    let used = house
        .until_stands(|helping| helping.cores == helping.half_cores)
        .await;
    assert!(used.rest.is_none());
    assert_eq!(used.half_cores, (used.half_cores).clamp(1, all.div_ceil(2)));
    let program = |name: &str| {
        let name = name.to_owned();
        house
            .around
            .change(20, |senses| senses.program = Some(name));
    };
    program("game");
    let rests = house.until_stands(|helping| helping.rest.is_some()).await;
    assert_eq!(rests.rest, Some(Rest::Program("game".to_owned())));
    // Its owner alone knows which: others hear that it is in use.
    let in_use = PeerState::Paused("in use".to_owned());
    house.until_seen(|state| *state == in_use).await;
    program("another one");
    house.until_stands(|helping| helping.rest.is_none()).await;
    house.around.touched(1, 400);
    house.until_stands(|helping| helping.cores == all).await;
    house.donor.stop().await;
    house.owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn helping_ends_with_the_part_that_is_under_way() {
    let house = House::new(Rules::default()).await;
    let id = house.in_mid_job(60).await;
    house.donor.wind_down().await.unwrap();
    let status = house.donor.status().await.unwrap();
    assert!(!status.donating && status.helping.winding_down);
    let by_hand = PeerState::Paused("paused by its user".to_owned());
    house
        .until_seen(|state| *state == by_hand || *state == PeerState::NotHelping)
        .await;
    house.until_stands(|helping| !helping.winding_down).await;
    house
        .until_seen(|state| *state == PeerState::NotHelping)
        .await;
    let job = house.ends_well(id, 1500).await;
    let hand = job.hands.iter().find(|hand| hand.name == "donor").unwrap();
    assert!(
        hand.segments > 0,
        "what was under way was kept: {:?}",
        job.hands
    );
}
