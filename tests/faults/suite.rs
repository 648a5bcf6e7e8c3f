//! The faults, and how they are played.

/// Chance that can be had again.
mod dice;
/// The computers.
mod house;
/// A film on its way.
mod job;
/// What is written down of a fault, for `cargo xtask faults`.
mod told;

/// The computer whose film it is.
mod owner;

/// Those who help.
mod donors;

/// What is between them.
mod network;

/// What gets full.
mod disks;

/// Those who use it.
mod people;

/// Several at once, and for a long time.
mod churn;

use std::env;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use house::House;
use libtest_mimic::{Arguments, Failed, Trial};
use tests::hosts::{skipped, unavailable};

/// What happens, and how it is called.
pub struct Fault {
    /// The name of its test.
    name: &'static str,
    /// For people: what happens.
    what: &'static str,
    /// Whether it is part of the short form.
    short: bool,
    /// Has it happen; answers with what was seen.
    play: fn(&mut House) -> Result<String, String>,
}

/// In the short form.
const fn short(
    name: &'static str,
    what: &'static str,
    play: fn(&mut House) -> Result<String, String>,
) -> Fault {
    Fault {
        name,
        what,
        short: true,
        play,
    }
}

/// In the long form alone.
const fn long(
    name: &'static str,
    what: &'static str,
    play: fn(&mut House) -> Result<String, String>,
) -> Fault {
    Fault {
        short: false,
        ..short(name, what, play)
    }
}

/// Every fault, by who has it.
fn all() -> impl Iterator<Item = &'static Fault> {
    let groups: [&[Fault]; 6] = [
        owner::FAULTS,
        donors::FAULTS,
        network::FAULTS,
        disks::FAULTS,
        people::FAULTS,
        churn::FAULTS,
    ];
    groups.into_iter().flatten()
}

/// How long the long form churns, if this is the long form.
fn minutes() -> Option<Duration> {
    let minutes = env::var("MANYHANDS_FAULTS_MINUTES").ok()?.parse().ok()?;
    Some(Duration::from_secs(60 * u64::max(minutes, 1)))
}

/// How often something is done: `short` times in the short form; in the long one more often the longer it churns, `most`
/// times at most.
fn by_minutes((short, each, most): (u64, u64, u64)) -> u64 {
    minutes().map_or(short, |churn| {
        (churn.as_secs() / 60 * each).clamp(short, most)
    })
}

/// Plays the faults that the command line names, or all of the short form.
pub fn run() {
    let mut arguments = Arguments::from_args();
    // They share one house, and each is to be blamed for what it does to it.
    arguments.test_threads = Some(1);
    let house = Arc::new(Mutex::new(None));
    let missing = unavailable().filter(|_| !arguments.list);
    if let Some(why) = &missing {
        skipped("faults: real nodes, and what happens to them", why);
    }
    let trials = all().map(|fault| {
        let house = Arc::clone(&house);
        let play = move || suffer(&house, fault);
        let ignored = missing.is_some() || !(fault.short || minutes().is_some());
        Trial::test(fault.name, play).with_ignored_flag(ignored)
    });
    if missing.is_some() {
        arguments.include_ignored = false;
        arguments.ignored = false;
    }
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    drop(house);
    conclusion.exit();
}

/// One fault, in a house that was well before and is well afterwards. If it is not, the next one gets another house.
fn suffer(shared: &Mutex<Option<House>>, fault: &'static Fault) -> Result<(), Failed> {
    let mut place = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let mut house = match place.take() {
        Some(house) => house,
        None => House::build()?,
    };
    let began = Instant::now();
    house.begin();
    let seen = (fault.play)(&mut house).and_then(|seen| house.is_well().map(|()| seen));
    told::tell(fault, &house, began.elapsed(), &seen);
    match seen {
        Ok(_) => {
            *place = Some(house);
            Ok(())
        }
        Err(why) => Err(house.with_logs(&why).into()),
    }
}
