//! The project's own tasks, as `cargo xtask <task>`: everything a clone needs
//! done to it, so that nobody has to follow a list of steps by hand.
//!
//! It depends on no crate of the product: it must build in seconds on a machine
//! that has nothing but Rust yet.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task runner talks to the person who runs it"
)]

/// What the tasks need is put in place here, in this order.
mod setup;

mod ffmpeg;
mod packages;
mod schemathesis;
mod toolchain;
mod ui;

/// The tasks.
mod bench;
mod bindings;
mod deny;
mod dist;
mod faults;
mod fuzz;
mod run;
mod sample;
mod test;
mod tidy;

/// What they are built from.
mod shell;
mod tree;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask run [VIDEO…]      build what is missing, then open Manyhands (or serve its page where there is no screen)
cargo xtask run --sample      the same with a short film and two more computers, all on this one: see it work
cargo xtask test              everything that must hold before a change goes in
cargo xtask tidy              the repository's own rules, as code
cargo xtask deny              licences, bans and known holes of all dependencies, by cargo-deny
cargo xtask fuzz [TARGET]     hostile input by the million, guided by what it reaches  [--seconds N]
cargo xtask faults [NAME]     computers die, sleep and vanish, disks fill up; writes docs/reliability.md  [--minutes N] [--seed S]
cargo xtask bench [a…e]       the figures of the README, as ratios  [--quick] [--with MANYHANDS]
cargo xtask dist              a package to install: the window, the command line and ffmpeg (.deb, .exe or .dmg)
cargo xtask bindings [--check]  the page's types, written from crates/api
cargo xtask ffmpeg            the pinned ffmpeg, into .tools/
cargo xtask ui                the page, into ui/dist/
cargo xtask screens           pictures of every screen, into target/screens/  [--readme: those of the README, too]
cargo xtask setup [headless|desktop|tests]  only what those need from the system";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let (task, rest) = match args.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", args),
    };
    match task {
        "run" => run::run(rest),
        "test" => test::test(rest),
        "tidy" => tidy::tidy(),
        "deny" => deny::deny(rest),
        "fuzz" => fuzz::fuzz(rest),
        "faults" => faults::faults(rest),
        "bench" => bench::bench(rest),
        "dist" => dist::dist(rest),
        "bindings" => bindings::bindings(rest),
        "ffmpeg" => ffmpeg::obtain().map(|path| println!("{}", path.display())),
        "ui" => ui::build(),
        "screens" => ui::screens(rest),
        "setup" => setup::from_args(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no task '{other}'. The tasks are:\n\n{USAGE}"),
    }
}
