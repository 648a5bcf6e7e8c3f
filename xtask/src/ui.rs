//! The page: installs what it is built with and builds it into `ui/dist/`, which
//! the window and the web server carry inside them.

use crate::shell::{self, npm, say};
use crate::tree;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Installs and builds, each only when its inputs have changed.
pub fn build() -> Result<()> {
    install()?;
    let stamp = tree::tools().join("ui.stamp");
    let inputs = tree::digest(&inputs()?)?;
    if tree::stamped(&stamp, &inputs) && built().is_file() {
        return Ok(());
    }
    say("building the page (ui/dist)");
    shell::run(npm().args(["run", "--silent", "build"]))?;
    if !built().is_file() {
        bail!("the page's build left no ui/dist/index.html");
    }
    tree::stamp(&stamp, &inputs)
}

/// The page's own checks and tests.
pub fn check() -> Result<()> {
    shell::run(npm().args(["run", "--silent", "check"]))?;
    shell::run(npm().args(["run", "--silent", "test"]))
}

/// The page in a real browser, served by the real node. Needs the debug build; a skip goes to the file `skipped`.
pub fn browser(ffmpeg: &Path, skipped: &Path) -> Result<()> {
    let mut browser = npm();
    browser.args(["run", "--silent", "test:browser"]);
    browser.env("MANYHANDS_FFMPEG", ffmpeg);
    shell::run(browser.env("MANYHANDS_SKIPPED", skipped))
}

/// Pictures of every screen in both themes into `target/screens`, with scenes instead of a node; with `--readme` those
/// of the README anew. Needs Chromium.
pub fn screens(args: &[String]) -> Result<()> {
    let readme = match args {
        [] => false,
        [only] if only == "--readme" => true,
        _ => bail!("screens takes nothing, or --readme"),
    };
    install()?;
    let folder = tree::root().join("target/screens");
    let mut shots = npm();
    shots.args(["run", "--silent", "shots", "--"]).arg(&folder);
    if readme {
        shots.env("README_PICTURES", tree::root().join("docs/pictures"));
    }
    shell::run(&mut shots)?;
    say(format!("the pictures are in {}", folder.display()));
    Ok(())
}

/// Packages as the lock file has them, never newer ones.
fn install() -> Result<()> {
    let ui = tree::root().join("ui");
    let lock = ui.join("package-lock.json");
    let wanted = tree::digest(&[ui.join("package.json"), lock])
        .context("ui/package.json and ui/package-lock.json must be there")?;
    // Inside the folder it vouches for, so that deleting the folder deletes the claim.
    let stamp = ui.join("node_modules").join(".installed");
    if tree::stamped(&stamp, &wanted) {
        return Ok(());
    }
    say("installing the page's build tools (npm ci)");
    shell::run(npm().args(["ci", "--no-audit", "--no-fund"])).context(
        "npm could not install the page's build tools; the first time needs the internet",
    )?;
    tree::stamp(&stamp, &wanted)
}

fn built() -> PathBuf {
    tree::root().join("ui/dist/index.html")
}

/// Everything under `ui/` that belongs to the tree.
fn inputs() -> Result<Vec<PathBuf>> {
    let files = tree::files()?;
    let inputs = files.iter().filter(|path| path.starts_with("ui/"));
    Ok(inputs
        .map(|path| tree::root().join(path))
        .filter(|path| fs::metadata(path).is_ok())
        .collect())
}
