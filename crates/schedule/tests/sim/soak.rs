//! Half a day with two hundred computers that come and go: no lease is left over, every job ends, and what the farm keeps
//! does not grow.

use std::time::Duration;

use schedule::{EncoderId, Input, JobId, JobState, Needs, PeerId};

use crate::donor::{Donor, Habits, peer};
use crate::film::Film;
use crate::makespan::{config, donor};
use crate::rng::Rng;
use crate::world::Sim;

/// The owner and everybody else.
const PEERS: u16 = 200;

/// After each of so many rounds everything is done, and the farm is measured.
const ROUNDS: u64 = 24;

/// How long there is trouble in each.
const MINUTES: u64 = 30;

/// Jobs in each.
const JOBS: u64 = 2;

fn house() -> Sim {
    let mut sim = Sim::new(config(), 12);
    sim.watch.thorough = false;
    let mut rng = Rng::new(12);
    for number in 0..PEERS {
        let speed = rng.between(5, 50) as f64;
        sim.add_donor(Donor {
            id: peer(number),
            ..donor((number != 0).into(), speed, 1 + u32::from(number % 3))
        });
    }
    sim
}

/// Something happens to somebody, more likely to the ones than to the others.
fn stir(sim: &mut Sim, rng: &mut Rng) {
    let who = peer(rng.between(1, u64::from(PEERS)) as u16);
    let roll = rng.between(0, 11);
    match roll {
        0 | 1 => sim.leave(who),
        2 | 3 => sim.appear(who),
        4 => sim.sleep(who, true),
        5 => sim.sleep(who, false),
        6 => sim.cut_link(who, true),
        7 => sim.cut_link(who, false),
        _ => {
            let lost = rng.between(0, 20) as u8;
            let Some(donor) = sim.donors.get_mut(&who) else {
                return;
            };
            let habits = &mut donor.habits;
            match roll {
                8 => habits.corrupts = !habits.corrupts,
                9 => habits.crashes = !habits.crashes,
                _ => (habits.loses, habits.doubles, habits.delays) = (lost, lost, lost),
            }
        }
    }
}

/// Everybody is back and behaves.
fn calm(sim: &mut Sim) {
    let all: Vec<PeerId> = sim.donors.keys().copied().collect();
    for id in all {
        sim.cut_link(id, false);
        sim.sleep(id, false);
        let donor = sim.donors.get_mut(&id).unwrap();
        donor.habits = Habits::default();
        if !donor.here {
            sim.appear(id);
        }
    }
}

/// A round: films, trouble, and the end of both. Gives how much the farm keeps, as letters that describe all of it.
fn round(sim: &mut Sim, rng: &mut Rng, number: u64) -> usize {
    let jobs: Vec<JobId> = (0..JOBS).map(|at| JobId(1 + number * JOBS + at)).collect();
    let steps = MINUTES * 3;
    for step in 0..steps {
        if step % (steps / JOBS) == 0 {
            let film = Film::new(Needs::Exactly(EncoderId(1)), 50 * 2400, 100);
            sim.submit(jobs[(step * JOBS / steps) as usize], film, 0, false);
        }
        stir(sim, rng);
        if rng.between(0, 150) == 0 {
            sim.restart();
        }
        sim.run_for(Duration::from_secs(20));
    }
    calm(sim);
    let ended = sim.run(Duration::from_secs(12 * 3600), Sim::all_ended);
    assert!(ended, "round {number}: {:?}", sim.farm.jobs());
    for job in jobs {
        // One that gave up in all this trouble is tried again, and succeeds now.
        if matches!(sim.farm.state(job), Some(JobState::Failed { .. })) {
            sim.hear(Input::Retry { job });
            assert!(sim.run(Duration::from_secs(12 * 3600), Sim::all_ended));
        }
        // A farm that was started again knows nothing of what was over before.
        let state = sim.farm.state(job);
        assert!(
            matches!(state, None | Some(JobState::Completed)),
            "{job:?}: {state:?}"
        );
        sim.forget(job);
    }
    // What is still on its way is heard: it says nothing any more.
    sim.run_for(Duration::from_secs(600));
    assert_eq!(
        sim.farm.leases(),
        [],
        "round {number}: leases are left over"
    );
    format!("{:?}", sim.farm).len()
}

#[test]
fn half_a_day_with_two_hundred_peers_leaves_nothing_behind() {
    let mut sim = house();
    let mut rng = Rng::new(2026);
    let sizes: Vec<usize> = (0..ROUNDS)
        .map(|number| round(&mut sim, &mut rng, number))
        .collect();
    assert!(sim.now.0 >= 12 * 3600 * 1000, "half a day");
    let (early, late) = sizes.split_at(sizes.len() / 2);
    let (early, late) = (early.iter().max().unwrap(), late.iter().max().unwrap());
    // Numbers get longer: times, leases, what each has done. Nothing else does.
    assert!(*late <= early + early / 50, "it grows: {sizes:?}");
}
