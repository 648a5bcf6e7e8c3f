//! A thousand peers and thirty thousand segments.

use std::time::Duration;

use schedule::{EncoderId, JobId, Needs};

use crate::donor::{Donor, peer};
use crate::film::Film;
use crate::makespan::{config, donor};
use crate::rng::Rng;
use crate::world::Sim;

#[test]
fn a_thousand_peers_do_thirty_thousand_segments() {
    let mut rng = Rng::new(7);
    let mut sim = Sim::new(config(), 7);
    sim.watch.thorough = false;
    for number in 0..1000u16 {
        let speed = rng.between(50, 200) as f64;
        sim.add_donor(Donor {
            id: peer(number),
            ..donor((number != 0).into(), speed, 1)
        });
    }
    let film = Film::new(Needs::Exactly(EncoderId(1)), 30_000 * 2400, 100);
    sim.submit(JobId(1), film, 0, false);
    assert!(sim.run(Duration::from_secs(100_000), Sim::all_ended));
    assert!(sim.farm.segments(JobId(1)).len() >= 30_000);
    let took = sim.now.0 as f64 / 1000.0;
    let speed: f64 = sim.donors.values().map(|donor| donor.offers[0].speed).sum();
    let bound = 30_000.0 * 2400.0 / speed + 2400.0 / 200.0;
    assert!(took <= bound * 1.05, "{took} s, and the bound is {bound} s");
}
