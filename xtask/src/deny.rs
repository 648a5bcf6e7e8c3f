//! `cargo deny`: licences, bans and sources of everything that is linked, and known holes in it, by deny.toml.
//!
//! The program is built once from crates.io, by version and with its own lock file, into the folder of tools: that
//! takes minutes, so it is done where `CI` is set, and elsewhere only what is there already is used; `cargo xtask tidy`
//! checks licences and bans by itself, on every run. The list of known holes lies on a server that a build machine may
//! not reach.

use crate::shell::{self, cargo, command, say};
use crate::tree;
use anyhow::{Context, Result, bail};
use std::env;
use std::path::Path;
use std::process::Stdio;

const VERSION: &str = "0.20.2";

/// Where the list of advisories comes from; cargo-deny's own default.
const ADVISORIES: &str = "https://github.com/rustsec/advisory-db";

/// Of `cargo xtask test`: all checks, or none where the program is neither here nor to be built.
///
/// # Errors
/// What deny.toml forbids, and advisories.
pub fn check() -> Result<()> {
    let root = tree::tools().join(format!("cargo-deny-{VERSION}"));
    if root.is_dir() || env::var_os("CI").is_some() {
        return deny(&[]);
    }
    say(
        "cargo-deny is not here and CI is not set: tidy has checked licences and bans, nobody advisories",
    );
    Ok(())
}

/// `cargo xtask deny`: all checks, whatever has to be built for them.
///
/// # Errors
/// As [`check`], and where the program cannot be built.
pub fn deny(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        bail!("deny takes no arguments");
    }
    let root = tree::tools().join(format!("cargo-deny-{VERSION}"));
    let program = root.join(format!("bin/cargo-deny{}", env::consts::EXE_SUFFIX));
    if !program.is_file() {
        install(&root).context("cargo-deny could not be built")?;
    }
    let check = |what: &[&str]| {
        let mut check = command(&program.display().to_string());
        check.args([
            "--log-level",
            "error",
            "--locked",
            "check",
            "--hide-inclusion-graph",
        ]);
        shell::run(check.args(what))
    };
    check(&["bans", "licenses", "sources"])?;
    if is_reachable() {
        check(&["advisories"])
    } else {
        say(format!(
            "SKIPPED advisories: {ADVISORIES} cannot be reached from here"
        ));
        Ok(())
    }
}

/// Quickly built rather than quickly run: it runs for a second.
fn install(root: &Path) -> Result<()> {
    say(format!("building cargo-deny {VERSION}, once"));
    let folder = tree::root().join("target").join("cargo-deny");
    let mut install = cargo();
    install.args([
        "install",
        "cargo-deny",
        "--version",
        VERSION,
        "--locked",
        "--debug",
        "--quiet",
    ]);
    install.env("CARGO_PROFILE_DEV_DEBUG", "false");
    let installed = shell::run(
        install
            .arg("--root")
            .arg(root)
            .arg("--target-dir")
            .arg(&folder),
    );
    // A gigabyte that nobody needs again.
    std::fs::remove_dir_all(&folder).ok();
    installed
}

/// Whether git gets an answer, within ten seconds.
fn is_reachable() -> bool {
    let mut ask = command("git");
    ask.args(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=10"]);
    ask.args(["ls-remote", "--exit-code", ADVISORIES, "HEAD"]);
    ask.env("GIT_TERMINAL_PROMPT", "0");
    let quiet = ask
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
