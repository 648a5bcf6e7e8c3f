//! `cargo xtask bench`: the figures that the README claims, as ratios of things
//! measured in one run, so that they mean something on any machine.
//!
//! a, alone against plain ffmpeg · b, four slow computers against one · c, time to the
//! first segment sent · d, time from the last segment to the output · e, the owner's
//! memory over a long film. Machines are noisy: runs take turns, and what is printed
//! is the median with the smallest and largest.

mod alone;
mod clip;
mod farm;
mod figure;
mod long;
mod measure;

/// The same hosts and nodes as the tests'.
#[expect(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../../../tests/src/hosts/mod.rs"]
mod hosts;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../../tests/src/nodes.rs"]
mod nodes;

use crate::packages::Need;
use crate::shell::{self, cargo, say};
use crate::{setup, tree};
use anyhow::{Context, Result, bail};
use figure::Figure;
use nodes::Programs;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What to measure, and how thoroughly.
struct Order {
    figures: BTreeSet<char>,
    /// Shorter films and fewer runs: to see that it works, not to quote.
    quick: bool,
    /// A `manyhands` to measure instead of this tree's release.
    with: Option<PathBuf>,
}

/// What all figures need.
struct Bench {
    programs: Programs,
    /// For films that are worth keeping between runs.
    films: PathBuf,
    /// For everything else; emptied at the start.
    scratch: PathBuf,
    quick: bool,
}

impl Bench {
    /// How often each side is run.
    fn runs(&self, thorough: usize) -> usize {
        if self.quick { 1 } else { thorough }
    }
}

/// Runs the benches named, or all.
pub fn bench(args: &[String]) -> Result<()> {
    let order = parse(args)?;
    let bench = prepare(&order)?;
    let wants = |letters: &str| {
        letters
            .chars()
            .any(|letter| order.figures.contains(&letter))
    };
    let mut figures: Vec<Figure> = Vec::new();
    if wants("a") {
        // (d) is a by-product of every other one.
        figures.extend(alone::measure(&bench)?);
    }
    if wants("bcde") {
        match hosts::unavailable() {
            Some(why) => say(format!("SKIPPED b, c, d, e: {why}")),
            None => {
                if wants("bd") {
                    figures.extend(farm::measure(&bench, wants("b"))?);
                }
                if wants("ce") {
                    figures.extend(long::measure(&bench)?);
                }
            }
        }
    }
    figures.retain(|figure| order.figures.contains(&figure.letter));
    figures.sort_by_key(|figure| figure.letter);
    println!("\n{}", figure::table(&figures, order.quick));
    Ok(())
}

fn parse(args: &[String]) -> Result<Order> {
    let mut order = Order {
        figures: BTreeSet::new(),
        quick: false,
        with: None,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => order.quick = true,
            "--with" => order.with = Some(args.next().context("--with PATH")?.into()),
            "a" | "b" | "c" | "d" | "e" => order.figures.extend(arg.chars()),
            other => bail!("'{other}' is none of a, b, c, d, e, --quick, --with PATH"),
        }
    }
    if order.figures.is_empty() {
        order.figures.extend("abcde".chars());
    }
    Ok(order)
}

fn prepare(order: &Order) -> Result<Bench> {
    let manyhands = match &order.with {
        Some(path) => std::path::absolute(path)?,
        None => release()?,
    };
    let ffmpeg = crate::ffmpeg::obtain()?;
    let scratch = tree::root().join("target/bench");
    fs::remove_dir_all(&scratch).ok();
    fs::create_dir_all(&scratch).context("could not make target/bench")?;
    let films = tree::tools().join("bench");
    fs::create_dir_all(&films)?;
    Ok(Bench {
        programs: side_by_side(&manyhands, &ffmpeg, &scratch.join("bin"))?,
        films,
        scratch,
        quick: order.quick,
    })
}

/// Both programs in one folder, as packages have them: what is measured must use the very ffmpeg that it is
/// measured against.
fn side_by_side(manyhands: &Path, ffmpeg: &Path, folder: &Path) -> Result<Programs> {
    fs::create_dir_all(folder)?;
    let put = |program: &Path, name: &str| -> Result<PathBuf> {
        let place = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        fs::copy(program, &place)
            .with_context(|| format!("could not copy {}", program.display()))?;
        Ok(place)
    };
    Ok(Programs {
        manyhands: put(manyhands, "manyhands")?,
        ffmpeg: put(ffmpeg, "ffmpeg")?,
    })
}

fn release() -> Result<PathBuf> {
    setup::set_up(Need::Headless)?;
    say("building the release (some minutes the first time)");
    shell::run(cargo().args(["build", "--release", "--locked", "--package", "cli"]))?;
    let name = format!("manyhands{}", std::env::consts::EXE_SUFFIX);
    Ok(tree::root().join("target/release").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(args: &[&str]) -> Result<Order> {
        parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_named_means_all() {
        assert_eq!(order(&["--quick"]).unwrap().figures.len(), 5);
        let some = order(&["a", "d"]).unwrap();
        assert!(some.figures.contains(&'d') && !some.figures.contains(&'b') && !some.quick);
        assert!(order(&["f"]).is_err() && order(&["--with"]).is_err());
    }
}
