//! What people do while a film is made.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use tests::nodes::until;

use super::house::{House, OWNER};
use super::job::{self, Job};
use super::{Fault, by_minutes, long, short};

pub const FAULTS: &[Fault] = &[
    short(
        "people::cancel",
        "the job is cancelled at random moments",
        cancel,
    ),
    long(
        "people::pause_and_resume",
        "the job is held and resumed at random moments",
        pause_and_resume,
    ),
    long(
        "people::quit",
        "the node is asked to stop in the middle of work",
        quit,
    ),
    long(
        "people::rename_the_output_folder",
        "the output folder is renamed during work",
        rename_folder,
    ),
    long(
        "people::remove_the_output_folder",
        "the output folder is removed during work",
        remove_folder,
    ),
    long(
        "people::delete_the_source",
        "the source is deleted during work",
        |house| source(house, |film| fs::remove_file(film)),
    ),
    long(
        "people::cut_the_source_short",
        "the source is cut short during work",
        |house| {
            source(house, |film| {
                let file = fs::OpenOptions::new().write(true).open(film)?;
                file.set_len(file.metadata()?.len() / 2)
            })
        },
    ),
    long(
        "people::replace_the_source",
        "another film gets the source's name during work",
        |house| {
            source(house, |film| {
                let other = film.with_extension("other");
                fs::write(&other, b"another film")?;
                fs::rename(other, film)
            })
        },
    ),
    long(
        "people::two_jobs_with_one_output",
        "two films are to become the same file",
        one_output,
    ),
    long(
        "people::the_same_job_twice",
        "the same job is asked for twice",
        twice,
    ),
    long(
        "people::set_the_clock",
        "the clocks of the owner and of a donor are set, forward by a year and back by two",
        set_the_clock,
    ),
];

/// Where Debian has the library that gives a process another clock. The kernel has one for all hosts.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// By how much the clocks differ from the kernel's, in turn.
const CLOCKS: [&str; 3] = ["+365d", "-365d", "+0"];

fn sleep_below(house: &mut House, ms: u64) {
    thread::sleep(Duration::from_millis(house.dice.below(ms)));
}

fn cancel(house: &mut House) -> Result<String, String> {
    let rounds = by_minutes((2, 1, 15));
    let mut finished = 0;
    for _ in 0..rounds {
        let job = house.submit()?;
        sleep_below(house, 12_000);
        // It may be done by now, and then it is.
        if house.order("cancel", &job).is_err() {
            house.completed(&job)?;
            finished += 1;
            continue;
        }
        until("the job to be over", || {
            Ok(job::is_over(&house.look(&job)?).then_some(()))
        })?;
        if job.output.exists() {
            house.completed(&job)?;
            finished += 1;
        }
        house.film.is_untouched(&job.source)?;
        house.is_well()?;
    }
    Ok(format!(
        "{rounds} times, {finished} of them too late; nothing was left, neither a file nor an ffmpeg"
    ))
}

fn pause_and_resume(house: &mut House) -> Result<String, String> {
    let rounds = by_minutes((4, 3, 40));
    let (mut times, mut jobs) = (0, 0);
    while times < rounds {
        let job = house.submit()?;
        jobs += 1;
        while times < rounds {
            sleep_below(house, 3000);
            if house.order("pause", &job).is_err() {
                break;
            }
            times += 1;
            sleep_below(house, 2000);
            if house.order("resume", &job).is_err() {
                break;
            }
        }
        house.completed(&job)?;
    }
    Ok(format!(
        "{times} times in {jobs} jobs; all completed exactly"
    ))
}

fn quit(house: &mut House) -> Result<String, String> {
    let job = house.submit()?;
    house.middle(&job)?;
    let pid = house.nodes[OWNER].pid().to_string();
    Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .map_err(|error| error.to_string())?;
    until("the node to stop", || {
        Ok((!house.nodes[OWNER].runs()).then_some(()))
    })?;
    let before = job::verified(house.nodes[OWNER].data(), job.id)?;
    house.nodes[OWNER].start_again()?;
    house.completed(&job)?;
    house.nodes[OWNER].kill();
    let after = job::verified(house.nodes[OWNER].data(), job.id)?;
    let again = before
        .iter()
        .filter(|(at, made)| after.get(at) != Some(made));
    let again = again.count();
    if again > 0 {
        return Err(format!("{again} verified segments were made again"));
    }
    Ok(format!(
        "went on with {} verified segments when it was started again; completed exactly",
        before.len()
    ))
}

fn rename_folder(house: &mut House) -> Result<String, String> {
    let (job, folder) = job_in_folder(house)?;
    let away = folder.with_extension("away");
    fs::rename(&folder, &away).map_err(|error| error.to_string())?;
    house.failed(&job, &["is not there"])?;
    fs::rename(&away, &folder).map_err(|error| error.to_string())?;
    tried_again(house, &job)
}

fn remove_folder(house: &mut House) -> Result<String, String> {
    let (job, folder) = job_in_folder(house)?;
    fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    house.failed(&job, &["is not there"])?;
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    tried_again(house, &job)
}

fn job_in_folder(house: &mut House) -> Result<(Job, std::path::PathBuf), String> {
    let job = house.submit()?;
    house.middle(&job)?;
    let folder = job.output.parent().map(Path::to_owned);
    Ok((job, folder.ok_or("no folder")?))
}

fn tried_again(house: &mut House, job: &Job) -> Result<String, String> {
    house.order("retry", job)?;
    house.completed(job)?;
    Ok("failed in words; tried again with the folder back, completed exactly".to_owned())
}

/// Something is done to the source; the job fails in words, and leaves nothing.
fn source(
    house: &mut House,
    harm: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<String, String> {
    let job = house.submit()?;
    house.middle(&job)?;
    harm(&job.source).map_err(|error| error.to_string())?;
    let name = job.source.display().to_string();
    let words = [
        format!("{name} was changed"),
        format!("{name} is not there"),
        format!("no file {name}"),
        // In a folder that is empty then, its disk may be away.
        format!("{name} could not be read on"),
    ];
    house.failed(&job, &words.each_ref().map(String::as_str))?;
    // What is encoded is kept for another try until it is not wanted.
    house.order("cancel", &job).ok();
    Ok("failed in words that name the film; no output, nothing left".to_owned())
}

fn one_output(house: &mut House) -> Result<String, String> {
    let first = house.submit()?;
    let folder = first.output.parent().ok_or("no folder")?.to_owned();
    let second = match house.submit_into(&folder) {
        Ok(second) => second,
        Err(refused) => {
            house.completed(&first)?;
            return Ok(format!("the second one was refused: {refused}"));
        }
    };
    let one = house.completed(&first)?;
    let other = house.completed(&second)?;
    if one["output"] == other["output"] {
        return Err(format!("both are {}", one["output"]));
    }
    Ok("both completed exactly, the second under a free name".to_owned())
}

fn twice(house: &mut House) -> Result<String, String> {
    let first = house.submit()?;
    let second = house.submit_film(&first.source, &first.output)?;
    let one = house.completed(&first)?;
    let other = house.completed(&second)?;
    if first.id != second.id && one["output"] == other["output"] {
        return Err(format!("two jobs, and both are {}", one["output"]));
    }
    let how = if first.id == second.id {
        "the second command joined the first one's job"
    } else {
        "both completed exactly, the second under a free name"
    };
    Ok(how.to_owned())
}

/// Only the time on the wall: what a computer counts for itself is nobody's to set.
fn set_the_clock(house: &mut House) -> Result<String, String> {
    let wall = house.folder("clocks")?.join("wall");
    let set = |to: &str| fs::write(&wall, to).map_err(|error| error.to_string());
    set("+0")?;
    let path = wall.display().to_string();
    let library = [
        ("LD_PRELOAD", FAKETIME),
        ("FAKETIME_TIMESTAMP_FILE", &path),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ];
    let whose = [OWNER, OWNER + 1];
    for at in whose {
        let node = &mut house.nodes[at];
        library
            .iter()
            .for_each(|(name, value)| node.set(name, Some(value)));
        node.kill();
        node.start_again()?;
    }
    house.wait_until_all_are_ready()?;
    let job = house.submit()?;
    house.middle(&job)?;
    for to in CLOCKS {
        set(to)?;
        // What it does now stands in its log with the time.
        house.order("pause", &job)?;
        thread::sleep(Duration::from_secs(1));
        house.order("resume", &job)?;
        thread::sleep(Duration::from_secs(1));
    }
    house.completed(&job)?;
    let log = house.nodes[OWNER].data().join("logs/manyhands.log");
    let log = fs::read_to_string(log).map_err(|error| error.to_string())?;
    let years: BTreeSet<_> = log.lines().filter_map(|line| line.get(..4)).collect();
    if years.len() < CLOCKS.len() {
        return Err(format!("its clock was not set: it saw {years:?}"));
    }
    let again = house.done_again();
    // What is killed here is started again with the kernel's clock.
    for at in whose {
        let node = &mut house.nodes[at];
        library.iter().for_each(|(name, _)| node.set(name, None));
        node.kill();
    }
    Ok(format!(
        "completed exactly; {again} segments given out twice"
    ))
}
