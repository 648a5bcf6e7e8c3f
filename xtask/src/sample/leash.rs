//! Programs that end when this task ends, however it ends.
//!
//! Where there is a shell it holds the other end of a pipe: as soon as nobody does on this side, it tells the
//! program to end. A task that is killed has no other way to tell.

use super::lines;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts the program that is its arguments, and ends it when its input does. It ends as the program did.
const WATCH: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
{ cat >/dev/null; kill "$program" 2>/dev/null; } <&3 &
watch=$!
exec 3<&- </dev/null
wait "$program"
status=$?
kill "$watch" 2>/dev/null
exit $status
"#;

/// A program on the leash.
pub struct Leashed {
    child: Child,
    log: PathBuf,
    name: String,
}

/// The same command behind [`WATCH`].
fn held(command: &Command) -> Command {
    let mut held = if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCH, "sh"]).arg(command.get_program());
        shell
    } else {
        Command::new(command.get_program())
    };
    held.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => held.env(name, value),
            None => held.env_remove(name),
        };
    }
    held
}

impl Leashed {
    /// Starts it; what it writes goes into the file `log`.
    pub fn start(command: &Command, log: &Path) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let file =
            File::create(log).with_context(|| format!("could not write {}", log.display()))?;
        let mut held = held(command);
        held.stdin(Stdio::piped())
            .stderr(file.try_clone()?)
            .stdout(file);
        let child = held
            .spawn()
            .with_context(|| format!("could not start '{name}'"))?;
        Ok(Self {
            child,
            log: log.to_owned(),
            name,
        })
    }

    /// Waits for a line of this type; gives it.
    pub fn said(&self, kind: &str) -> Result<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let mut all = lines(&log);
            if let Some(line) = all.find(|line| line["type"] == kind) {
                return Ok(line);
            }
            if log.contains(r#""type":"error""#) || Instant::now() > end {
                bail!("'{}' said:\n{log}", self.name);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> Result<()> {
        // Its input stays open meanwhile.
        let input = self.child.stdin.take();
        let status = self.child.wait()?;
        drop(input);
        self.judge(status)
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) -> Result<()> {
        self.end()?;
        Ok(())
    }

    fn end(&mut self) -> Result<ExitStatus> {
        drop(self.child.stdin.take());
        if !cfg!(unix) {
            self.child.kill()?;
        }
        Ok(self.child.wait()?)
    }

    fn judge(&self, status: ExitStatus) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        bail!("'{}' ended with {status}:\n{log}", self.name)
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        // Ended or not, there is nothing more to be done about it here.
        let _ = self.end();
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Leashed {
        Leashed::start(Command::new("sh").args(["-c", script]), log).unwrap()
    }

    #[test]
    fn it_ends_as_its_program_does() {
        let folder = tree_folder("ends");
        let log = folder.join("log");
        assert!(shell("exit 0", &log).wait().is_ok());
        let failed = shell("echo why; exit 3", &log).wait().unwrap_err();
        assert!(failed.to_string().contains("why"), "{failed}");
    }

    #[test]
    fn its_program_ends_with_it() {
        let folder = tree_folder("leash");
        let (log, ended) = (folder.join("log"), folder.join("ended"));
        let script = format!(
            r#"trap 'echo x >"{}"; exit 0' TERM; echo '{{"type":"ready"}}'; while :; do sleep 0.05; done"#,
            ended.display()
        );
        let held = shell(&script, &log);
        held.said("ready").unwrap();
        assert!(!ended.exists());
        // As when this task is killed: nobody says anything, the pipe closes.
        drop(held);
        assert!(ended.exists());
    }

    fn tree_folder(name: &str) -> PathBuf {
        let folder = crate::tree::root().join("target/xtask-tests").join(name);
        // What an earlier run left is not this one's.
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        folder
    }
}
