//! Other programs: run them where their output can be seen, or read what they say.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Says in one line what is about to happen.
pub fn say(line: impl AsRef<str>) {
    println!("→ {}", line.as_ref());
}

/// A program to be run in the root of the tree.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::tree::root());
    command
}

/// The same cargo that runs this task.
pub fn cargo() -> Command {
    let program = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut cargo = command(&program);
    // Set for `xtask` by its own cargo; they would make the inner one rebuild what did not change.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&*name);
        }
    }
    cargo
}

/// npm, which is a batch file on Windows.
pub fn npm() -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(crate::tree::root().join("ui"));
    npm
}

/// Runs a command with its output shown; an error names the command line.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    let status = command
        .status()
        .with_context(|| format!("could not start '{line}'"))?;
    if !status.success() {
        bail!("'{line}' ended with {status}");
    }
    Ok(())
}

/// What a command writes to its standard output, or an error with what it complained of.
pub fn output(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start '{line}'"))?;
    if !out.status.success() {
        let complaint = String::from_utf8_lossy(&out.stderr);
        bail!("'{line}' ended with {}: {}", out.status, complaint.trim());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Whether a command can be started and succeeds, without showing what it says.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where a program is found: on the path, or in the system folders a plain user's path leaves out.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// A command line as a person would type it.
fn line_of(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}
