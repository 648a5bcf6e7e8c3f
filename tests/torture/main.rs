//! The torture set against the product: every clip, by several roads, ends exact and proved, or refused, or degraded with
//! the reason the table states. There is no fourth way to end.
//!
//! `cargo test -p tests --test torture -- h264_opengop` runs the trials of some clips. The program under test is built
//! first, or named in `MANYHANDS_BIN`.

/// What is expected of each clip on each road.
mod table;
/// One film through the product, and what came out of it.
mod trial;

use std::io::Write;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use tests::product;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // An encoder uses what it finds: more trials at once would only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let trials = table::trials().into_iter().map(|trial| {
        let name = format!("{}::{}", trial.clip.name, trial.road.name);
        Trial::test(name.clone(), move || {
            trial.run().map_err(|error| said(&name, &error))
        })
    });
    let outcome = libtest_mimic::run(&arguments, trials.collect());
    product::clear();
    outcome.exit_code()
}

/// A run takes minutes: what fails says so at once, and again in the summary.
fn said(name: &str, error: &anyhow::Error) -> Failed {
    let reason = format!("{error:#}");
    // Nobody listens to a closed stderr.
    drop(std::io::stderr().write_all(format!("FAILED {name}: {reason}\n").as_bytes()));
    Failed::from(reason)
}
