//! Whatever happens: what must hold holds after every step, and every job ends once the faults stop and one
//! able peer stays.

use std::time::Duration;

use proptest::prelude::*;
use schedule::{EncoderId, FarmConfig, Input, JobId, JobState, LeaseId, Needs, Offer, Work};

use crate::donor::{Donor, peer};
use crate::film::{Film, MergeFault};
use crate::world::{Happening, Sim};

/// What the world may do.
#[derive(Clone, Debug)]
enum Op {
    Drop {
        film: u8,
        needs: u8,
        total: u16,
        gop: u8,
        reading: u16,
        wait_for: u8,
        only_here: bool,
    },
    Appears(u8),
    Leaves(u8),
    Sleeps(u8),
    Wakes(u8),
    LinkCut(u8),
    LinkHeals(u8),
    Loses(u8, u8),
    Doubles(u8, u8),
    Delays(u8, u8),
    Corrupts(u8, bool),
    Crashes(u8, bool),
    DiskFull(u8, bool),
    Offers(u8, u8, u8),
    PeerPauses(u8),
    PeerIsWithdrawn(u8),
    PeerResumes(u8),
    Pause(u8),
    Resume(u8),
    Cancel(u8),
    Retry(u8),
    Reorder(u8, u8),
    Forget(u8),
    Reset(u8),
    Benchmarks(u8, bool),
    PlanFails(u8),
    BadMerge(u8, u8),
    IntraRefresh(u8, u8),
    Remaining(u8, u16),
    Stray(u64),
    Stale(u8),
    Restart,
    Pass(u16),
}

fn op() -> impl Strategy<Value = Op> {
    let film = (
        any::<u8>(),
        0u8..4,
        1u16..400,
        1u8..30,
        0u16..200,
        0u8..4,
        prop::bool::weighted(0.1),
    );
    let drop = film.prop_map(|(film, needs, total, gop, reading, wait_for, only_here)| {
        let wait_for = if wait_for == 3 { 2 } else { 0 };
        Op::Drop {
            film,
            needs,
            total,
            gop,
            reading,
            wait_for,
            only_here,
        }
    });
    let who = || 0u8..6;
    let chance = || 0u8..60;
    prop_oneof![
        4 => drop,
        20 => (1u16..300).prop_map(Op::Pass),
        4 => who().prop_map(Op::Appears),
        12 => peer_faults(),
        3 => (who(), any::<bool>()).prop_map(|(who, on)| Op::Corrupts(who, on)),
        2 => (who(), any::<bool>()).prop_map(|(who, on)| Op::Crashes(who, on)),
        2 => (who(), any::<bool>()).prop_map(|(who, on)| Op::DiskFull(who, on)),
        2 => (who(), chance()).prop_map(|(who, chance)| Op::Loses(who, chance)),
        2 => (who(), chance()).prop_map(|(who, chance)| Op::Doubles(who, chance)),
        2 => (who(), chance()).prop_map(|(who, chance)| Op::Delays(who, chance)),
        2 => (who(), 0u8..5, 0u8..200).prop_map(|(who, seats, speed)| Op::Offers(who, seats, speed)),
        10 => job_ops(),
        2 => any::<u64>().prop_map(Op::Stray),
        1 => any::<u8>().prop_map(Op::Stale),
        2 => Just(Op::Restart),
    ]
}

fn peer_faults() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0u8..6).prop_map(Op::Leaves),
        (0u8..6).prop_map(Op::Sleeps),
        (0u8..6).prop_map(Op::Wakes),
        (0u8..6).prop_map(Op::LinkCut),
        (0u8..6).prop_map(Op::LinkHeals),
        (0u8..6).prop_map(Op::PeerPauses),
        (1u8..6).prop_map(Op::PeerIsWithdrawn),
        (0u8..6).prop_map(Op::PeerResumes),
    ]
}

fn job_ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (0u8..4).prop_map(Op::Pause),
        2 => (0u8..4).prop_map(Op::Resume),
        1 => (0u8..4).prop_map(Op::Cancel),
        2 => (0u8..4).prop_map(Op::Retry),
        2 => (0u8..4, 0u8..5).prop_map(|(job, to)| Op::Reorder(job, to)),
        1 => (0u8..4).prop_map(Op::Forget),
        1 => (0u8..4).prop_map(Op::Reset),
        1 => (0u8..4).prop_map(Op::PlanFails),
        2 => (0u8..4, any::<bool>()).prop_map(|(job, on)| Op::Benchmarks(job, on)),
        2 => (0u8..4, 0u8..4).prop_map(|(job, count)| Op::BadMerge(job, count)),
        2 => (0u8..4, 0u8..8).prop_map(|(job, segment)| Op::IntraRefresh(job, segment)),
        1 => (0u8..4, any::<u16>()).prop_map(|(job, left)| Op::Remaining(job, left)),
    ]
}

fn offers(who: u8, seats: u8, speed: u8) -> Vec<Offer> {
    let speed = f64::from(speed) * f64::from(who + 1) / 3.0;
    let mut offers = vec![Offer {
        encoder: EncoderId(1),
        speed,
        seats: seats.into(),
    }];
    if who.is_multiple_of(2) {
        offers.push(Offer {
            encoder: EncoderId(2),
            speed: speed * 3.0,
            seats: 1,
        });
    }
    offers
}

fn house(seed: u64) -> Sim {
    let config = FarmConfig {
        normal: Work(2400),
        min: Work(500),
        ..FarmConfig::default()
    };
    let mut sim = Sim::new(config, seed);
    for who in 0..6u8 {
        let donor = Donor::new(who, who == 0, offers(who, who % 3 + 1, 100));
        sim.donors.insert(donor.id, donor);
    }
    sim.appear(peer(0));
    sim
}

/// The job that an operation means: one of those there are.
fn job(sim: &Sim, number: u8) -> JobId {
    let jobs: Vec<JobId> = sim.films.keys().copied().collect();
    jobs.get(usize::from(number) % jobs.len().max(1))
        .copied()
        .unwrap_or(JobId(9999))
}

fn apply(sim: &mut Sim, op: &Op) {
    match op {
        Op::Drop {
            film,
            needs,
            total,
            gop,
            reading,
            wait_for,
            only_here,
        } => {
            let needs = match needs {
                0 => Needs::Exactly(EncoderId(2)),
                1 => Needs::AnyOf(vec![EncoderId(1), EncoderId(2)]),
                _ => Needs::Exactly(EncoderId(1)),
            };
            let mut new = Film::new(needs, u64::from(*total) * 100, u64::from(*gop) * 50);
            new.indexed = schedule::Time(u64::from(*reading) * 100);
            if !sim.films.contains_key(&JobId((*film).into())) {
                sim.submit(JobId((*film).into()), new, (*wait_for).into(), *only_here);
            }
        }
        Op::Pass(seconds) => sim.run_for(Duration::from_secs((*seconds).into())),
        Op::Restart => sim.restart(),
        Op::Stray(lease) => sim.hear(Input::Encoded {
            lease: LeaseId(*lease),
        }),
        Op::Stale(ago) => {
            let lease = sim.farm.leases().last().map_or(0, |view| view.lease.id.0);
            let lease = LeaseId(lease.saturating_sub(u64::from(*ago) + 1));
            if !sim.watch.is_live(lease) {
                sim.hear(Input::Verified { lease });
            }
        }
        _ => apply_to_peer(sim, op),
    }
}

fn apply_to_peer(sim: &mut Sim, op: &Op) {
    match *op {
        Op::Appears(who) => sim.appear(peer(who.into())),
        Op::Leaves(who) => sim.leave(peer(who.into())),
        Op::Sleeps(who) => sim.sleep(peer(who.into()), true),
        Op::Wakes(who) => sim.sleep(peer(who.into()), false),
        Op::LinkCut(who) => sim.cut_link(peer(who.into()), true),
        Op::LinkHeals(who) => sim.cut_link(peer(who.into()), false),
        Op::Loses(who, chance) => donor(sim, who).habits.loses = chance,
        Op::Doubles(who, chance) => donor(sim, who).habits.doubles = chance,
        Op::Delays(who, chance) => donor(sim, who).habits.delays = chance,
        Op::Corrupts(who, on) => donor(sim, who).habits.corrupts = on,
        Op::Crashes(who, on) => donor(sim, who).habits.crashes = on,
        Op::DiskFull(who, on) => donor(sim, who).habits.declines = on,
        Op::Offers(who, seats, speed) => {
            let (id, offers) = (peer(who.into()), offers(who, seats, speed));
            donor(sim, who).offers.clone_from(&offers);
            sim.hear(Input::PeerChanged {
                peer: id,
                is_self: who == 0,
                offers,
            });
        }
        Op::PeerPauses(who) => sim.hear(Input::PeerPaused {
            peer: peer(who.into()),
            reason: "in use".into(),
        }),
        Op::PeerIsWithdrawn(who) => sim.hear(Input::PeerWithdrawn {
            peer: peer(who.into()),
        }),
        Op::PeerResumes(who) => sim.hear(Input::PeerResumed {
            peer: peer(who.into()),
        }),
        _ => apply_to_job(sim, op),
    }
}

fn apply_to_job(sim: &mut Sim, op: &Op) {
    match *op {
        Op::Pause(number) => sim.hear(Input::Pause {
            job: job(sim, number),
        }),
        Op::Resume(number) => sim.hear(Input::Resume {
            job: job(sim, number),
        }),
        Op::Cancel(number) => sim.hear(Input::Cancel {
            job: job(sim, number),
        }),
        Op::Retry(number) => sim.hear(Input::Retry {
            job: job(sim, number),
        }),
        Op::Reorder(number, to) => sim.hear(Input::Reorder {
            job: job(sim, number),
            to: to.into(),
        }),
        Op::Forget(number) => sim.forget(job(sim, number)),
        Op::Reset(number) => sim.reset(job(sim, number)),
        Op::Benchmarks(number, true) => sim.hear(Input::BenchmarkStarted {
            job: job(sim, number),
        }),
        Op::Benchmarks(number, false) => sim.hear(Input::BenchmarkDone {
            job: job(sim, number),
        }),
        Op::PlanFails(number) => sim.plan_fails(job(sim, number)),
        Op::BadMerge(number, count) => {
            let fault = if count == 0 {
                MergeFault::Whole
            } else {
                MergeFault::Segments(count)
            };
            let job = job(sim, number);
            if let Some(film) = sim.films.get_mut(&job) {
                film.merge_faults.push_back(fault);
            }
        }
        Op::IntraRefresh(number, segment) => {
            let job = job(sim, number);
            if let Some(film) = sim.films.get_mut(&job) {
                film.intra_refresh
                    .insert(schedule::SegmentIndex(segment.into()));
            }
        }
        Op::Remaining(number, left) => {
            sim.hear(Input::RemainingWork {
                job: job(sim, number),
                remaining: Work(left.into()),
            });
        }
        ref other => unreachable!("{other:?} is not about a job"),
    }
}

fn donor(sim: &mut Sim, who: u8) -> &mut Donor {
    sim.donors.get_mut(&peer(who.into())).unwrap()
}

/// All faults stop; one able peer is there to stay.
fn peace(sim: &mut Sim) {
    for who in 0..6u8 {
        let id = peer(who.into());
        donor(sim, who).habits = Default::default();
        sim.sleep(id, false);
    }
    donor(sim, 0).offers = offers(0, 1, 100);
    let offers = offers(0, 1, 100);
    sim.hear(Input::PeerLeft { peer: peer(0) });
    sim.appear(peer(0));
    sim.hear(Input::PeerChanged {
        peer: peer(0),
        is_self: true,
        offers,
    });
    let jobs: Vec<JobId> = sim.films.keys().copied().collect();
    for job in jobs {
        sim.hear(Input::BenchmarkDone { job });
        sim.hear(Input::Resume { job });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends(seed: u64, ops in prop::collection::vec(op(), 1..60)) {
        let mut sim = house(seed);
        for op in &ops {
            apply(&mut sim, op);
        }
        peace(&mut sim);
        let ended = sim.run(Duration::from_secs(14 * 86_400), Sim::all_ended);
        prop_assert!(ended, "still {:#?}\n{:#?}\n{:#?}", sim.farm.jobs(), sim.farm.leases(), sim.farm.peers());
        // What the journal holds is what the farm says.
        for view in sim.farm.jobs() {
            let stored = &sim.journal.jobs[&view.job];
            prop_assert_eq!(&stored.state, &view.state);
            prop_assert_eq!(stored.planned.len(), view.planned as usize);
            prop_assert_eq!(stored.planned.values().filter(|(_, by)| by.is_some()).count(), view.verified as usize);
        }
    }

    /// With nothing worse than restarts, comings and goings, and a network that loses, doubles and delays,
    /// every film is completed.
    #[test]
    fn nobody_gives_up_for_what_is_nobodys_fault(
        seed: u64,
        doubles in 0u8..50,
        delays in 0u8..30,
        comings in prop::collection::vec((1u8..6, any::<bool>(), 1u16..60, prop::bool::weighted(0.1)), 1..15),
    ) {
        let mut sim = house(seed);
        for who in 1..6 {
            donor(&mut sim, who).habits.doubles = doubles;
            donor(&mut sim, who).habits.delays = delays;
        }
        for number in 0..3 {
            sim.submit(JobId(number), Film::new(Needs::Exactly(EncoderId(1)), 20_000, 150), 0, false);
        }
        for (who, comes, seconds, restart) in comings {
            if comes { sim.appear(peer(who.into())) } else { sim.leave(peer(who.into())) }
            sim.run_for(Duration::from_secs(seconds.into()));
            if restart {
                sim.restart();
            }
        }
        prop_assert!(sim.run(Duration::from_secs(86_400), Sim::all_ended));
        for view in sim.farm.jobs() {
            prop_assert_eq!(view.state, JobState::Completed);
        }
        for job in 0..3 {
            let stored = &sim.journal.jobs[&JobId(job)];
            let made: u64 = stored.planned.values().map(|(work, _)| work.0).sum();
            prop_assert_eq!(made, 20_000, "the segments tile the film");
            prop_assert_eq!(&stored.state, &JobState::Completed);
        }
    }
}

#[test]
fn the_same_inputs_give_the_same_decisions() {
    let history = || {
        let mut sim = house(5);
        sim.told = Some(Vec::new());
        (1..6).for_each(|who| sim.appear(peer(who)));
        donor(&mut sim, 3).habits.corrupts = true;
        donor(&mut sim, 4).habits.delays = 30;
        sim.submit(
            JobId(1),
            Film::new(Needs::Exactly(EncoderId(1)), 90_000, 120),
            0,
            false,
        );
        sim.in_ms(40_000, Happening::Hear(Input::PeerLeft { peer: peer(5) }));
        assert!(sim.run(Duration::from_secs(86_400), Sim::all_ended));
        sim.told.unwrap()
    };
    let first = history();
    assert!(first.len() > 40);
    assert_eq!(first, history());
}
