//! `cargo xtask run`: from a fresh clone to Manyhands on the screen, or to its
//! page where there is no screen.

use crate::packages::Need;
use crate::setup::set_up;
use crate::shell::{self, cargo, say};
use anyhow::Result;
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
    if has_screen() {
        window(args)
    } else {
        page(args)
    }
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
            .env("PATH", path_with(&ffmpeg)?),
    )
}

fn page(args: &[String]) -> Result<()> {
    let ffmpeg = set_up(Need::Headless)?;
    say("building the node (the first time takes some minutes)");
    shell::run(cargo().args(["build", "--locked", "--package", "cli"]))?;
    say("no screen here: serving the page instead; open the link below");
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
        .any(|arg| arg == "--web" || arg.starts_with("--web="))
    {
        node.args(["--web", PAGE]);
    }
    shell::run(node.args(args).env("PATH", path_with(&ffmpeg)?))
}

/// The search path with `ffmpeg`'s folder in front: the program takes the checkout's pinned one by itself, and
/// finds one of your own there where nothing is pinned.
fn path_with(ffmpeg: &Path) -> Result<OsString> {
    let folder = ffmpeg.parent().map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(
        folder.into_iter().chain(env::split_paths(&path)),
    )?)
}
