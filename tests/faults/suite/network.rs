//! What is between them loses, delays, is slow, hears only one side, falls in two, and moves.

use std::thread;
use std::time::Duration;

use super::house::{House, OWNER};
use super::job::Job;
use super::{Fault, long, short};

pub const FAULTS: &[Fault] = &[
    short(
        "network::loses_a_fifth",
        "a fifth of a donor's packets is lost",
        |house| through(house, |house| house.lan.hosts()[DONOR].lose(20.0)),
    ),
    long(
        "network::loses_a_twentieth",
        "a twentieth of all packets is lost",
        |house| {
            through(house, |house| {
                let mut hosts = house.lan.hosts().iter();
                hosts.try_for_each(|host| host.lose(5.0))
            })
        },
    ),
    long("network::is_late", "a donor is 200 ms away", |house| {
        through(house, |house| house.lan.hosts()[DONOR].set_delay(100))
    }),
    long("network::is_slow", "a donor has 1 Mbit/s", |house| {
        let seen = through(house, |house| {
            house.lan.hosts()[DONOR].set_rate(Some(1_000_000))
        });
        house.lan.hosts()[DONOR].set_rate(None)?;
        seen
    }),
    long(
        "network::hears_one_side",
        "a donor hears the owner, who does not hear it",
        |house| healed(house, |house| house.lan.hosts()[DONOR].cut(false, true)),
    ),
    long(
        "network::is_not_heard",
        "the owner hears a donor, who does not hear the owner",
        |house| healed(house, |house| house.lan.hosts()[DONOR].cut(true, false)),
    ),
    long(
        "network::falls_in_two",
        "the owner and the donors are in two halves for a minute",
        |house| healed(house, |house| house.lan.split(&[OWNER])),
    ),
    long(
        "network::donor_moves",
        "a donor gets another address",
        |house| through(house, |house| house.lan.hosts()[DONOR].change_address(53)),
    ),
    long(
        "network::donor_is_plugged_in",
        "a donor goes from one network card to another, and in the next job back",
        |house| {
            through(house, |house| house.lan.hosts()[1].change_card(42))?;
            through(house, |house| house.lan.hosts()[1].change_card_back(43))
        },
    ),
    long(
        "network::owner_moves",
        "the owner gets another address",
        |house| through(house, |house| house.lan.hosts()[OWNER].change_address(51)),
    ),
];

/// Whose wire it is.
const DONOR: usize = 2;

/// Longer than the silence after which a computer counts as gone.
const CUT: Duration = Duration::from_secs(60);

fn middle_of_a_job(house: &mut House) -> Result<Job, String> {
    let job = house.submit()?;
    house.middle(&job)?;
    Ok(job)
}

fn outcome(house: &mut House, job: &Job) -> Result<String, String> {
    house.completed(job)?;
    let again = house.done_again();
    house.is_well()?;
    Ok(format!(
        "completed exactly; {again} segments given out twice"
    ))
}

/// A job is completed through what lasts to its end.
fn through(
    house: &mut House,
    happen: impl FnOnce(&mut House) -> Result<(), String>,
) -> Result<String, String> {
    let job = middle_of_a_job(house)?;
    happen(house)?;
    outcome(house, &job)
}

/// A job is completed after what lasts for a while.
fn healed(
    house: &mut House,
    happen: impl FnOnce(&mut House) -> Result<(), String>,
) -> Result<String, String> {
    let job = middle_of_a_job(house)?;
    happen(house)?;
    thread::sleep(CUT);
    house.mend()?;
    let seen = outcome(house, &job)?;
    Ok(format!("{seen}; everybody found each other again"))
}
