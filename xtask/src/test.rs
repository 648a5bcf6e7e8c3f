//! `cargo xtask test`: everything that must hold before a change goes in, in one
//! go, with a plain summary at the end.
//!
//! A step that fails does not stop the ones after it. Tests that cannot run on
//! this machine say so in a file as they skip themselves; the summary repeats
//! every such line, and where `CI` is set a skipped test is a failure.

use crate::packages::{self, Need};
use crate::setup::set_up;
use crate::shell::{self, cargo, say};
use crate::{bindings, deny, fuzz, schemathesis, tidy, tree, ui};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Names the file to which a test that skips itself adds one line: what, and why.
const SKIPPED: &str = "MANYHANDS_SKIPPED";

/// One step, as it ended.
struct Step {
    name: &'static str,
    took: Duration,
    error: Option<String>,
}

pub fn test(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        bail!("test takes no arguments; for one crate use: cargo test -p NAME");
    }
    let begin = Instant::now();
    let ffmpeg = set_up(Need::Tests)?;
    schemathesis::obtain();
    let skipped = fresh_skip_file()?;
    announce_root();
    let steps = all(&ffmpeg, &skipped, &built()?);
    let skips: Vec<String> = fs::read_to_string(&skipped)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    conclude(&steps, &skips, begin.elapsed(), env::var_os("CI").is_some())
}

/// The program that the build step leaves: beside this one, whatever the build folder is.
fn built() -> Result<PathBuf> {
    let here = env::current_exe().context("this task does not know where it is")?;
    Ok(here.with_file_name(format!("manyhands{}", env::consts::EXE_SUFFIX)))
}

/// Every step in order, the quick ones first.
fn all(ffmpeg: &Path, skipped: &Path, built: &Path) -> Vec<Step> {
    let with = |mut cargo: Command| {
        cargo.env("MANYHANDS_FFMPEG", ffmpeg).env(SKIPPED, skipped);
        // Tests that drive the program take it as it is, instead of asking cargo for it again.
        cargo.env("MANYHANDS_BIN", built);
        cargo
    };
    vec![
        step("the repository's rules (tidy)", tidy::tidy),
        step("formatting (rustfmt)", || {
            shell::run(cargo().args(["fmt", "--all", "--check"]))
        }),
        step("the page (types, tests)", ui::check),
        step("lints (clippy)", || {
            shell::run(cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ]))
        }),
        // As the tests are built, programs included: another set of features would build everything twice.
        step("build", || {
            shell::run(cargo().args(["test", "--workspace", "--locked", "--no-run"]))
        }),
        step("the page's types are those of the API", bindings::check),
        step("the page in a browser", || ui::browser(ffmpeg, skipped)),
        step("tests", || {
            shell::run(with(cargo()).args(["test", "--workspace", "--locked", "--no-fail-fast"]))
        }),
        step("fuzzing, for a minute", fuzz::briefly),
        step("dependencies (cargo deny)", deny::check),
    ]
}

fn step(name: &'static str, work: impl FnOnce() -> Result<()>) -> Step {
    say(name);
    let begin = Instant::now();
    let error = work().err().map(|error| format!("{error:#}"));
    if let Some(error) = &error {
        eprintln!("✗ {name}: {error}");
    }
    Step {
        name,
        took: begin.elapsed(),
        error,
    }
}

fn fresh_skip_file() -> Result<PathBuf> {
    let path = tree::root().join("target").join("skipped-tests.txt");
    tree::stamp(&path, "")?;
    Ok(path)
}

fn announce_root() {
    if !packages::is_root() {
        say(
            "not root: the tests that make network namespaces will be SKIPPED (run as root to have them)",
        );
    }
}

/// Prints the summary and turns it into the task's result.
fn conclude(steps: &[Step], skips: &[String], took: Duration, ci: bool) -> Result<()> {
    println!("\n{}", summary(steps, skips, took));
    let failed = steps.iter().filter(|step| step.error.is_some()).count();
    if failed > 0 {
        bail!("{failed} of {} steps failed", steps.len());
    }
    if ci && !skips.is_empty() {
        bail!(
            "{} tests were skipped, and CI is set: there they must run",
            skips.len()
        );
    }
    Ok(())
}

fn summary(steps: &[Step], skips: &[String], took: Duration) -> String {
    let mut lines = Vec::new();
    for step in steps {
        let mark = if step.error.is_none() { "✓" } else { "✗" };
        lines.push(format!("{mark} {:<42} {:>6}", step.name, clock(step.took)));
    }
    for skip in skips {
        lines.push(format!("– SKIPPED {skip}"));
    }
    let verdict = if steps.iter().any(|step| step.error.is_some()) {
        "FAILED"
    } else if skips.is_empty() {
        "All good"
    } else {
        "Good as far as it ran"
    };
    lines.push(format!("{verdict}, in {}.", clock(took)));
    lines.join("\n")
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(name: &'static str, error: Option<&str>) -> Step {
        Step {
            name,
            took: Duration::from_secs(61),
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_failed_step_fails_the_task() {
        let steps = [ended("build", None), ended("tests", Some("no"))];
        assert!(conclude(&steps, &[], Duration::ZERO, false).is_err());
        let text = summary(&steps, &[], Duration::from_secs(3600));
        assert!(
            text.contains("✓ build")
                && text.contains("✗ tests")
                && text.contains("FAILED, in 60:00."),
            "{text}"
        );
    }

    #[test]
    fn a_skip_is_said_and_in_ci_is_a_failure() {
        let steps = [ended("tests", None)];
        let skips = ["three nodes: needs root".to_owned()];
        assert!(conclude(&steps, &skips, Duration::ZERO, false).is_ok());
        assert!(conclude(&steps, &skips, Duration::ZERO, true).is_err());
        assert!(
            summary(&steps, &skips, Duration::ZERO).contains("SKIPPED three nodes: needs root")
        );
    }
}
