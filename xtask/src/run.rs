//! `cargo xtask run`: from a fresh clone to Manyhands on the screen, or to its
//! page where there is no screen; with `--sample`, to Manyhands at work.

use crate::packages::Need;
use crate::sample;
use crate::setup::set_up;
use crate::shell::{self, cargo, say};
use anyhow::{Result, bail};
use std::env;
use std::ffi::OsString;
use std::path::Path;

/// Where the page is served when there is no screen.
const PAGE: &str = "127.0.0.1:8090";

/// Sets up, builds and starts; what stands after `--` goes to the program.
pub fn run(args: &[String]) -> Result<()> {
    let args = match args.split_first() {
        Some((dashes, rest)) if dashes == "--" => rest,
        _ => args,
    };
    let args: &[String] = &args.iter().map(|arg| from_here(arg)).collect::<Vec<_>>();
    match args {
        [only] if only == "--sample" => sample::sample(has_screen(), PAGE),
        _ if args.iter().any(|arg| arg == "--sample") => {
            bail!("--sample takes nothing else: it brings its own film and its own computers")
        }
        _ if has_screen() => window(args),
        _ => page(args),
    }
}

/// A video's path as it is meant where this was typed: programs are started in the root of the tree.
fn from_here(arg: &str) -> String {
    let path = std::path::absolute(arg).ok().filter(|path| path.exists());
    path.map_or_else(
        || arg.to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}

/// macOS and Windows always have one; elsewhere X11 or Wayland say so.
fn has_screen() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn window(args: &[String]) -> Result<()> {
    let ffmpeg = set_up(Need::Desktop)?;
    say("building the window (the first time takes some minutes)");
    shell::run(cargo().args(["build", "--locked", "--package", "manyhands-desktop"]))?;
    say("opening Manyhands");
    shell::run(
        cargo()
            .args([
                "run",
                "--quiet",
                "--locked",
                "--package",
                "manyhands-desktop",
                "--",
            ])
            .args(args)
            .env("PATH", path_with(&ffmpeg)?)
            .env(UNDISTURBED, "0"),
    )
}

/// Set for tests and samples, which go on whoever uses this computer; what is run for real minds its user.
const UNDISTURBED: &str = "MANYHANDS_UNDISTURBED";

fn page(args: &[String]) -> Result<()> {
    let ffmpeg = set_up(Need::Headless)?;
    say("building the node (the first time takes some minutes)");
    shell::run(cargo().args(["build", "--locked", "--package", "cli"]))?;
    say("no screen here: serving the page instead; open the link below");
    let (videos, args): (Vec<&String>, Vec<&String>) =
        args.iter().partition(|arg| Path::new(arg).is_file());
    for video in videos {
        say(format!(
            "a page cannot be opened with a video: drop {video} on it"
        ));
    }
    let mut node = cargo();
    node.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "cli",
        "--",
        "serve",
    ]);
    if !args
        .iter()
        .any(|arg| *arg == "--web" || arg.starts_with("--web="))
    {
        node.args(["--web", PAGE]);
    }
    node.args(args).env(UNDISTURBED, "0");
    shell::run(node.env("PATH", path_with(&ffmpeg)?))
}

/// The search path with `ffmpeg`'s folder in front: the program takes the checkout's pinned one by itself, and
/// finds one of your own there where nothing is pinned.
pub fn path_with(ffmpeg: &Path) -> Result<OsString> {
    let folder = ffmpeg.parent().map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(
        folder.into_iter().chain(env::split_paths(&path)),
    )?)
}
