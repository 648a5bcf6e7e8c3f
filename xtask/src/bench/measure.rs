//! How long a command takes and how much processor time it and its children use.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one command took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub wall_s: f64,
    /// Of the command and everything it waited for.
    pub cpu_s: f64,
}

/// Runs a command with its output put aside in `log`; also answers with what it printed.
pub fn timed(command: &Command, log: &Path) -> Result<(Cost, String)> {
    let times = log.with_extension("times");
    // The shell's `times` counts children that were waited for, to the hundredth of a second, everywhere.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "\"$@\"; code=$?; times > \"$0\"; exit $code"])
        .arg(&times);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        shell.env(name, value.map_or_else(OsString::new, ToOwned::to_owned));
    }
    let begin = Instant::now();
    let out = shell
        .stdin(Stdio::null())
        .stderr(File::create(log)?)
        .output()?;
    let wall_s = begin.elapsed().as_secs_f64();
    let printed = String::from_utf8_lossy(&out.stdout).into_owned();
    if !out.status.success() {
        bail!(
            "{command:?} ended with {}: {printed}{}",
            out.status,
            fs::read_to_string(log)?
        );
    }
    let said = fs::read_to_string(&times)?;
    let cpu_s = children(&said).with_context(|| format!("`times` said {said:?}"))?;
    Ok((Cost { wall_s, cpu_s }, printed))
}

/// Seconds, user and system, in the second line of `times`: "0m1.25s 0m0.04s".
fn children(said: &str) -> Option<f64> {
    let line = said.lines().nth(1)?;
    line.split_whitespace().map(clock).sum()
}

fn clock(text: &str) -> Option<f64> {
    let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
}

/// A line of JSON and when it was printed, in seconds from the start of the command.
pub type Line = (f64, Value);

/// Runs a command that prints JSON lines, as they come; `meanwhile` sees each of them at once.
pub fn watched(
    command: &mut Command,
    log: &Path,
    mut meanwhile: impl FnMut(&Value),
) -> Result<Vec<Line>> {
    let begin = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(log)?)
        .spawn()?;
    let stdout = child.stdout.take().context("standard output is a pipe")?;
    let mut lines = Vec::new();
    for line in BufReader::new(stdout).lines() {
        if let Ok(value) = serde_json::from_str::<Value>(&line?) {
            let at_s = begin.elapsed().as_secs_f64();
            meanwhile(&value);
            lines.push((at_s, value));
        }
    }
    let status = child.wait()?;
    if !status.success() {
        let last = lines.last().map(|(_, value)| value.to_string());
        bail!(
            "{command:?} ended with {status}: {last:?} {}",
            fs::read_to_string(log)?
        );
    }
    Ok(lines)
}

/// The most memory a process has ever held, in megabytes, as long as it lives.
pub fn peak_megabytes(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_is_read_in_its_second_line() {
        let seconds = children("0m0.00s 0m0.00s\n1m2.50s 0m0.25s\n").unwrap();
        assert!((seconds - 62.75).abs() < 1e-9);
        assert!(children("nothing").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_command_is_timed_and_its_output_kept() {
        let log = std::env::temp_dir().join(format!("xtask-timed-{}.log", std::process::id()));
        let mut echo = Command::new("sh");
        echo.args(["-c", "echo $WORD"]).env("WORD", "hello");
        let (cost, printed) = timed(&echo, &log).unwrap();
        assert_eq!(printed, "hello\n");
        assert!(cost.cpu_s >= 0.0 && cost.wall_s > 0.0);
        assert!(timed(&Command::new("false"), &log).is_err());
        fs::remove_file(&log).ok();
        fs::remove_file(log.with_extension("times")).ok();
    }
}
