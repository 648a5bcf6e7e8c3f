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
    FarmConfig { normal: Work(2400), min: Work(500), ..FarmConfig::default() }
}

pub fn donor(number: u8, speed: f64, seats: u32) -> Donor {
    Donor::new(number, number == 0, vec![Offer { encoder: ENCODER, speed, seats }])
}

/// The time until all is verified, over the bound.
fn ratio(sim: &mut Sim, total: u64, gop: u64) -> f64 {
    let speed: f64 = sim.donors.values().map(|donor| donor.offers[0].speed * donor.truth).sum();
    let fastest = sim.donors.values().map(|donor| donor.seat_speed(ENCODER)).fold(0.0, f64::max);
    sim.submit(JobId(1), Film::new(Needs::Exactly(ENCODER), total, gop), 0, false);
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
    let ratios: Vec<f64> = (0..60).map(|seed| ratio(&mut household(seed), 720_000, 100)).collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    assert!(worst <= 1.05, "worst {worst:.4} of {ratios:.3?}");
}

#[test]
fn a_film_of_ten_minutes_on_any_household() {
    let ratios: Vec<f64> = (0..60).map(|seed| ratio(&mut household(seed), 60_000, 100)).collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    assert!(worst <= 1.05, "worst {worst:.4} of {ratios:.3?}");
}
