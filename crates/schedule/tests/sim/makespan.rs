//! Static farms of unlike machines: a film takes no more than 5 % longer than the fluid bound, which is all
//! the work by all the speed, plus one normal segment on the fastest peer.

use std::time::Duration;

use schedule::{EncoderId, FarmConfig, JobId, JobState, Needs, Offer, Work};

use crate::donor::Donor;
use crate::film::Film;
use crate::rng::Rng;
use crate::world::Sim;

const ENCODER: EncoderId = EncoderId(1);

pub fn config() -> FarmConfig {
    FarmConfig {
        normal: Work(2400),
        min: Work(500),
        ..FarmConfig::default()
    }
}

pub fn donor(number: u8, speed: f64, seats: u32) -> Donor {
    Donor::new(
        number,
        number == 0,
        vec![Offer {
            encoder: ENCODER,
            speed,
            seats,
        }],
    )
}

/// The time until all is verified, over the bound.
fn ratio(sim: &mut Sim, total: u64, gop: u64) -> f64 {
    let speed: f64 = sim
        .donors
        .values()
        .map(|donor| donor.offers[0].speed * donor.truth)
        .sum();
    let fastest = sim
        .donors
        .values()
        .map(|donor| donor.seat_speed(ENCODER))
        .fold(0.0, f64::max);
    sim.submit(
        JobId(1),
        Film::new(Needs::Exactly(ENCODER), total, gop),
        0,
        false,
    );
    assert!(sim.run(Duration::from_secs(1_000_000), Sim::all_ended));
    assert_eq!(sim.farm.job(JobId(1)).unwrap().state, JobState::Completed);
    let took = sim.now.0 as f64 / 1000.0 - 0.5;
    took / (total as f64 / speed + sim.config.normal.0 as f64 / fastest)
}

/// A household: an owner and up to nine others, from a tenth to ten times as fast, with one to four seats.
fn household(seed: u64) -> Sim {
    let mut rng = Rng::new(seed);
    let mut sim = Sim::new(config(), seed);
    sim.watch.thorough = false;
    for number in 0..rng.between(2, 11) as u8 {
        let speed = 100.0 * 10f64.powf(rng.between(0, 200) as f64 / 100.0 - 1.0);
        sim.add_donor(donor(number, speed, rng.between(1, 5) as u32));
    }
    sim
}

#[test]
fn a_film_of_two_hours_on_any_household() {
    let ratios: Vec<f64> = (0..60)
        .map(|seed| ratio(&mut household(seed), 720_000, 100))
        .collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    assert!(worst <= 1.05, "worst {worst:.4} of {ratios:.3?}");
}

#[test]
fn a_film_of_ten_minutes_on_any_household() {
    let ratios: Vec<f64> = (0..60)
        .map(|seed| ratio(&mut household(seed), 60_000, 100))
        .collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    assert!(worst <= 1.05, "worst {worst:.4} of {ratios:.3?}");
}

#[test]
fn long_groups_of_pictures_do_not_spoil_it() {
    let ratios: Vec<f64> = (0..30)
        .map(|seed| ratio(&mut household(seed), 720_000, 1000))
        .collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    assert!(worst <= 1.05, "worst {worst:.4} of {ratios:.3?}");
}

#[test]
fn benchmarks_that_are_wrong_by_a_factor_of_two_are_found_out() {
    let ratios: Vec<f64> = (0..60)
        .map(|seed| {
            let mut sim = household(seed);
            let mut rng = Rng::new(seed + 1000);
            for donor in sim.donors.values_mut() {
                donor.truth = rng.between(50, 200) as f64 / 100.0;
            }
            ratio(&mut sim, 720_000, 100)
        })
        .collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    assert!(worst <= 1.10, "worst {worst:.4} of {ratios:.3?}");
}

#[test]
fn four_twins_share_four_minutes_evenly_and_in_few_pieces() {
    let mut sim = Sim::new(config(), 0);
    for number in 0..4 {
        sim.add_donor(donor(number, 100.0, 1));
    }
    let film = Film::new(Needs::Exactly(ENCODER), 24_000, 50);
    sim.submit(JobId(1), film, 0, false);
    assert!(sim.run(Duration::from_secs(1000), Sim::all_ended));
    let took = sim.now.0 as f64 / 1000.0 - 0.5;
    assert!(60.0 / took >= 0.97, "{took} s instead of 60");
    let pieces = sim.farm.segments(JobId(1)).len();
    assert!(pieces <= 14, "every piece costs a start: {pieces}");
    assert_eq!(sim.watch.hedges, 0);
}

#[test]
fn a_very_short_film_is_one_segment_and_a_short_one_is_shared() {
    for (total, pieces) in [(400, 1), (900, 1), (4_000, 4)] {
        let mut sim = Sim::new(config(), 0);
        for number in 0..4 {
            sim.add_donor(donor(number, 100.0, 1));
        }
        sim.submit(
            JobId(1),
            Film::new(Needs::Exactly(ENCODER), total, 50),
            0,
            false,
        );
        assert!(sim.run(Duration::from_secs(1000), Sim::all_ended));
        assert_eq!(sim.farm.segments(JobId(1)).len(), pieces, "{total}");
    }
}

#[test]
fn a_straggler_is_overtaken() {
    let mut sim = Sim::new(config(), 0);
    sim.add_donor(donor(0, 100.0, 1));
    let mut slow = donor(1, 100.0, 1);
    slow.truth = 0.02;
    sim.add_donor(slow);
    sim.submit(
        JobId(1),
        Film::new(Needs::Exactly(ENCODER), 24_000, 100),
        0,
        false,
    );
    assert!(sim.run(Duration::from_secs(10_000), Sim::all_ended));
    assert!(sim.watch.hedges > 0);
    // Alone it would be 240 s; the straggler's own segment would take 20 minutes.
    assert!(sim.now.0 < 250_000, "{:?}", sim.now);
}

/// Films of these lengths are given one after the other, so many ahead as a library gives them; the time all take over
/// the time that all the speed there is would take, plus a film's last part.
fn season(sim: &mut Sim, films: &[u64]) -> f64 {
    let speed: f64 = sim.donors.values().map(|donor| donor.offers[0].speed).sum();
    let seats: u32 = sim.donors.values().map(|donor| donor.offers[0].seats).sum();
    let slowest = sim
        .donors
        .values()
        .map(|donor| donor.seat_speed(ENCODER))
        .fold(f64::INFINITY, f64::min);
    let (mut given, mut open) = (0, Vec::new());
    while given < films.len() || !open.is_empty() {
        let left = |sim: &Sim, job: &JobId| {
            let view = sim.farm.job(*job);
            let done = view
                .filter(|view| !view.state.has_ended())
                .map(|view| view.done.0);
            done.map(|done| films[job.0 as usize].saturating_sub(done).div_ceil(2400) as u32)
        };
        open.retain(|job| left(sim, job).is_some());
        let mut parts: Vec<u32> = open.iter().filter_map(|job| left(sim, job)).collect();
        while given < films.len() && library::wants_more(&parts, seats) {
            let job = JobId(given as u64);
            let film = Film::new(Needs::Exactly(ENCODER), films[given], 50);
            sim.submit(job, film, 0, false);
            parts.push(films[given].div_ceil(2400) as u32);
            open.push(job);
            given += 1;
        }
        sim.run_for(Duration::from_secs(1));
    }
    let total: u64 = films.iter().sum();
    let took = sim.now.0 as f64 / 1000.0;
    took / (total as f64 / speed + 2400.0 / slowest)
}

fn farm(speeds: &[f64]) -> Sim {
    let mut sim = Sim::new(config(), 7);
    sim.watch.thorough = false;
    for (number, speed) in speeds.iter().enumerate() {
        sim.add_donor(donor(number as u8, *speed, 1));
    }
    sim
}

#[test]
fn five_hundred_episodes_and_one_long_film_keep_everybody_busy() {
    // Twenty minutes each, some shorter than one segment, and one long film in between: all on one queue.
    let speeds = [100.0, 100.0, 60.0, 40.0, 250.0];
    let episodes = vec![12_000; 500];
    let clips = vec![700; 500];
    let mixed: Vec<u64> = (0..200)
        .map(|n| {
            if n == 20 {
                720_000
            } else {
                1000 + n * 37 % 9000
            }
        })
        .collect();
    for films in [episodes, clips, mixed] {
        let ratio = season(&mut farm(&speeds), &films);
        assert!(
            ratio <= 1.10,
            "{ratio:.3} for {} films of about {}",
            films.len(),
            films[0]
        );
    }
}
