//! `cargo xtask fuzz`: random bytes, guided by what they reach, at everything that reads what others wrote.
//!
//! libFuzzer, with the compiler's own coverage counters: they are stable options, so that no other compiler than
//! everybody's is needed. `fuzz/` is a workspace of its own and is built into a folder of its own; what was found before
//! is in `fuzz/corpus`, what is found on the way in `target/fuzz`.

use crate::shell::{self, cargo, command, say};
use crate::tree;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// What is fuzzed, and how the bytes are called there.
const TARGETS: &[(&str, &str)] = &[
    ("messages", "what is said on a link"),
    ("bodies", "small bodies, and invites"),
    ("announcements", "TXT records"),
    ("ffmpeg", "what ffmpeg prints"),
    ("reports", "a donor's part of a receipt"),
    ("segments", "results that come back"),
];

/// Seconds for each target, where nobody says another number.
const SECONDS: u32 = 60;

/// Seconds for each target in `cargo xtask test`: a minute in all.
const IN_TESTS: u32 = 10;

/// Counters at every edge, and a table of where they are, as libFuzzer wants them.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Ccodegen-units=1";

/// `[--seconds N] [TARGET]`.
///
/// # Errors
/// What is not understood, what cannot be built, and what breaks.
pub fn fuzz(args: &[String]) -> Result<()> {
    let (seconds, target) = match args {
        [] => (SECONDS, None),
        [flag, number] if flag == "--seconds" => (read(number)?, None),
        [flag, number, target] if flag == "--seconds" => (read(number)?, Some(target)),
        [target] => (SECONDS, Some(target)),
        _ => bail!("fuzz takes [--seconds N] [TARGET]"),
    };
    let known = |name: &String| TARGETS.iter().any(|(target, _)| target == name);
    if let Some(unknown) = target.filter(|name| !known(name)) {
        let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        bail!(
            "there is no target '{unknown}'; there are: {}",
            names.join(", ")
        );
    }
    let chosen = TARGETS
        .iter()
        .filter(|(name, _)| target.is_none_or(|target| target == name));
    run(chosen, seconds)
}

fn read(number: &str) -> Result<u32> {
    let seconds = number.parse().ok().filter(|seconds| *seconds > 0);
    seconds.with_context(|| format!("'{number}' is no number of seconds"))
}

/// All of them, for a minute in all.
///
/// # Errors
/// As [`fuzz`].
pub fn briefly() -> Result<()> {
    run(TARGETS.iter(), IN_TESTS)
}

fn run<'a>(targets: impl Iterator<Item = &'a (&'a str, &'a str)>, seconds: u32) -> Result<()> {
    if cfg!(windows) {
        say("not on Windows: the fuzzing engine is not built here");
        return Ok(());
    }
    let programs = build()?;
    let mut broken = Vec::new();
    for (target, what) in targets {
        say(format!("fuzzing {target} ({what}) for {seconds} s"));
        if let Err(error) = attack(&programs, target, seconds) {
            eprintln!("✗ {target}: {error:#}");
            broken.push(*target);
        }
    }
    if !broken.is_empty() {
        bail!(
            "{} broke. The input is in target/fuzz/broken; mend the code, and put it into fuzz/corpus",
            broken.join(", ")
        );
    }
    Ok(())
}

/// Builds all targets; answers with the folder of their programs.
fn build() -> Result<PathBuf> {
    let said = shell::output(command("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say what it compiles for")?;
    let folder = tree::root().join("target").join("fuzz");
    // With a target named, the flags are not for what runs while building.
    let mut build = cargo();
    build.current_dir(tree::root().join("fuzz"));
    build
        .env("RUSTFLAGS", FLAGS)
        .args(["build", "--locked", "--quiet", "--target", host]);
    shell::run(build.arg("--target-dir").arg(&folder))?;
    Ok(folder.join(host).join("debug"))
}

fn attack(programs: &Path, target: &str, seconds: u32) -> Result<()> {
    let folder = tree::root().join("target").join("fuzz");
    let (found, broken) = (folder.join("found").join(target), folder.join("broken"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&broken)?;
    let said = command(&programs.join(target).display().to_string())
        .arg(&found)
        .arg(tree::root().join("fuzz").join("corpus").join(target))
        .args(["-max_len=65536", "-timeout=10", "-rss_limit_mb=1024"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/{target}-", broken.display()))
        .output()
        .context("could not start the fuzzer")?;
    let told = String::from_utf8_lossy(&said.stderr);
    if !said.status.success() {
        let from = told
            .find("panicked at")
            .unwrap_or(told.len().saturating_sub(1000));
        let from = (0..=from).rev().find(|at| told.is_char_boundary(*at));
        bail!("{}", &told[from.unwrap_or(0)..]);
    }
    let last = told.lines().rev().find(|line| line.starts_with("Done "));
    println!("  {}", last.unwrap_or("done"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_a_program() {
        let manifest = fs::read_to_string(tree::root().join("fuzz/Cargo.toml")).unwrap();
        for (target, _) in TARGETS {
            let seeds = fs::read_dir(tree::root().join("fuzz/corpus").join(target));
            assert!(seeds.unwrap().count() > 1, "{target}");
            assert!(
                manifest.contains(&format!("name = \"{target}\"")),
                "{target}"
            );
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for args in [
            &["--seconds"][..],
            &["--seconds", "x"],
            &["nothing"],
            &["--seconds", "0"],
        ] {
            let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
            assert!(fuzz(&args).is_err(), "{args:?}");
        }
    }
}
