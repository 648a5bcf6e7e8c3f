//! The torture set against the product: every clip, by several roads, ends exact and proved, or refused, or degraded with
//! the reason the table states. There is no fourth way to end.
//!
//! `cargo test -p tests --test torture -- h264_opengop` runs the trials of some clips. The program under test is built
//! first, or named in `MANYHANDS_BIN`.
//!
//! Where the system has an ffmpeg before 9 (Debian 12's 5.1 is the oldest that the product takes), some trials are run with
//! it too: `old::…`. All of them: `cargo test -p tests --test torture -- --include-ignored old::`.

/// What is expected of each clip on each road.
mod table;
/// One film through the product, and what came out of it.
mod trial;

use std::io::Write;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use tests::{product, tool};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // An encoder uses what it finds: more trials at once would only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let mut trials: Vec<Trial> = table::trials()
        .into_iter()
        .map(|trial| test("", trial))
        .collect();
    match tool::old_ffmpeg() {
        Some(ffmpeg) => trials.extend(table::trials_with_old(ffmpeg).into_iter().map(|trial| {
            let every = table::old::is_telling(&trial.clip, trial.road);
            test("old::", trial).with_ignored_flag(!every)
        })),
        None => say("There is no older ffmpeg here: its trials are left out."),
    }
    let outcome = libtest_mimic::run(&arguments, trials);
    product::clear();
    outcome.exit_code()
}

fn test(before: &str, trial: trial::Trial) -> Trial {
    let name = format!("{before}{}::{}", trial.clip.name, trial.road.name);
    Trial::test(name.clone(), move || {
        trial.run().map_err(|error| said(&name, &error))
    })
}

/// A run takes minutes: what fails says so at once, and again in the summary.
fn said(name: &str, error: &anyhow::Error) -> Failed {
    let reason = format!("{error:#}");
    say(&format!("FAILED {name}: {reason}"));
    Failed::from(reason)
}

fn say(line: &str) {
    // Nobody listens to a closed stderr.
    drop(std::io::stderr().write_all(format!("{line}\n").as_bytes()));
}
