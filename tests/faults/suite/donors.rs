//! A donor dies, vanishes, sleeps, slows down, has no room, or is no longer willing.

use std::process::Command;
use std::thread;
use std::time::Duration;

use tests::nodes::until;

use super::house::{House, OWNER};
use super::job::Job;
use super::{Fault, long, short};

pub const FAULTS: &[Fault] = &[
    short(
        "donors::dies",
        "a donor's node is killed, and started again later",
        dies,
    ),
    long(
        "donors::vanishes",
        "a donor's plug is pulled, and put back later",
        vanishes,
    ),
    short(
        "donors::has_no_room",
        "a donor's disk fills up",
        has_no_room,
    ),
    long(
        "donors::is_switched_off",
        "a donor's user takes its help back",
        is_switched_off,
    ),
    long(
        "donors::loses_its_power",
        "everything on a donor ends at once",
        loses_its_power,
    ),
    long(
        "donors::sleeps",
        "a donor sleeps for 70 seconds, and wakes up",
        sleeps,
    ),
    long(
        "donors::crawls",
        "a donor slows down to a thirtieth",
        crawls,
    ),
    long(
        "donors::stops",
        "a donor is asked to stop, as for an update",
        stops,
    ),
];

/// Which of them it happens to.
const DONOR: usize = 2;

/// The job is completed although something happens to a donor in the middle of it; the owner shows one of these words,
/// unless there are none. Then the donor is as before.
fn goes_on(
    house: &mut House,
    words: &[&str],
    happen: impl FnOnce(&mut House, &Job) -> Result<(), String>,
    undo: impl FnOnce(&mut House) -> Result<(), String>,
) -> Result<String, String> {
    let job = house.submit()?;
    house.middle(&job)?;
    happen(house, &job)?;
    house.completed(&job)?;
    if !words.is_empty() {
        // Silence takes half a minute to be noticed, and a film may be done before.
        until("the owner to say it", || {
            house.look(&job)?;
            Ok(house.has_shown(words).ok())
        })?;
    }
    undo(house)?;
    house.is_well()?;
    let again = house.done_again();
    Ok(format!(
        "completed exactly; {again} segments given out twice; the donor was welcomed back"
    ))
}

fn nothing(_: &mut House) -> Result<(), String> {
    Ok(())
}

fn dies(house: &mut House) -> Result<String, String> {
    let kill = |house: &mut House, _: &Job| {
        house.nodes[DONOR].kill();
        Ok(())
    };
    goes_on(house, &["is gone"], kill, nothing)
}

fn loses_its_power(house: &mut House) -> Result<String, String> {
    let kill = |house: &mut House, _: &Job| {
        house.lan.hosts()[DONOR].kill_all();
        Ok(())
    };
    goes_on(house, &["is gone"], kill, nothing)
}

fn vanishes(house: &mut House) -> Result<String, String> {
    let pull = |house: &mut House, _: &Job| house.lan.hosts()[DONOR].unplug();
    goes_on(house, &["is gone"], pull, nothing)
}

fn sleeps(house: &mut House) -> Result<String, String> {
    let sleep = |house: &mut House, job: &Job| {
        house.lan.hosts()[DONOR].freeze()?;
        for _ in 0..70 {
            house.look(job)?;
            thread::sleep(Duration::from_secs(1));
        }
        house.lan.hosts()[DONOR].thaw()
    };
    goes_on(house, &["is gone"], sleep, nothing)
}

fn crawls(house: &mut House) -> Result<String, String> {
    let slow = |house: &mut House, _: &Job| house.lan.hosts()[DONOR].set_cpu(0.02);
    goes_on(house, &[], slow, nothing)
}

fn stops(house: &mut House) -> Result<String, String> {
    let stop = |house: &mut House, _: &Job| {
        let pid = house.nodes[DONOR].pid().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        told.map(|_| ()).map_err(|error| error.to_string())
    };
    goes_on(house, &["is gone"], stop, nothing)
}

fn has_no_room(house: &mut House) -> Result<String, String> {
    let fill = |house: &mut House, _: &Job| house.disks[DONOR].fill(100 << 20);
    let empty = |house: &mut House| house.disks[DONOR].empty();
    goes_on(house, &["room", "disk"], fill, empty)
}

fn is_switched_off(house: &mut House) -> Result<String, String> {
    let off = |house: &mut House, _: &Job| {
        house.ask(DONOR, &["settings", "--donate", "off"])?;
        house.nodes[OWNER].wait_for("host3", &["not_helping"])
    };
    let on = |house: &mut House| house.ask(DONOR, &["settings", "--donate", "on"]).map(drop);
    goes_on(house, &["host3 no longer helps"], off, on)
}
