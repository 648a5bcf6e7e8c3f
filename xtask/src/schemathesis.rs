//! The pinned schemathesis, which tries the API against its document: from PyPI into `.tools/schemathesis`, with all it
//! needs, checked by hash (`xtask/schemathesis.txt`). Where it cannot be had, the test that needs it skips itself.

use crate::shell::{self, command, say};
use crate::tree;
use anyhow::Result;
use std::path::PathBuf;

/// Puts it in place, or says why that cannot be done.
pub fn obtain() {
    if let Err(error) = install() {
        say(format!("schemathesis cannot be had: {error:#}"));
    }
}

fn install() -> Result<()> {
    let list = tree::root().join("xtask/schemathesis.txt");
    let wanted = tree::digest(std::slice::from_ref(&list))?;
    let stamp = folder().join("stamp");
    if tree::stamped(&stamp, &wanted) {
        return Ok(());
    }
    say("schemathesis, into .tools/");
    // The system's own Python: others on the path may be gone tomorrow.
    let system = PathBuf::from("/usr/bin/python3");
    let python = Some(system).filter(|path| path.exists());
    let python = python.unwrap_or_else(|| PathBuf::from("python3"));
    let mut venv = command(&python.to_string_lossy());
    shell::run(venv.args(["-m", "venv", "--clear"]).arg(folder()))?;
    let pip = folder().join("bin/python");
    let mut install = command(&pip.to_string_lossy());
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    install.args(["--require-hashes", "--only-binary", ":all:", "-r"]);
    shell::run(install.arg(&list))?;
    tree::stamp(&stamp, &wanted)
}

fn folder() -> PathBuf {
    tree::tools().join("schemathesis")
}
