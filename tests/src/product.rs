//! The product as a stranger meets it: the `manyhands` program, its exit code and its JSON lines (docs/json.md).

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::tool;

/// The program under test: `MANYHANDS_BIN`, else the one of this build folder, which is built first where cargo is at hand.
///
/// # Errors
/// If it cannot be built, or is nowhere.
pub fn program() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    built.as_deref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn find() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("MANYHANDS_BIN") {
        return Ok(named.into());
    }
    // A test program lies in target/PROFILE/deps.
    let here = std::env::current_exe()?;
    let folder = here.ancestors().nth(2).context("no build folder")?;
    let path = folder.join(format!("manyhands{}", std::env::consts::EXE_SUFFIX));
    if let Some(cargo) = std::env::var_os("CARGO") {
        // The whole workspace's features, as in the build of everything: one set of them is built once.
        let mut build = Command::new(cargo);
        build
            .args(["build", "--quiet", "--workspace", "--bin", "manyhands"])
            .current_dir(tool::checkout());
        if folder.ends_with("release") {
            build.arg("--release");
        }
        ensure!(
            build.stdout(Stdio::null()).status()?.success(),
            "manyhands cannot be built"
        );
    }
    ensure!(
        path.exists(),
        "no {}: build it, or name it in MANYHANDS_BIN",
        path.display()
    );
    Ok(path)
}

/// The program with another ffmpeg beside it, which it prefers to every other. Made once.
///
/// # Errors
/// If the program is nowhere, or cannot be put there.
#[cfg(unix)]
pub fn program_with(ffmpeg: &Path) -> Result<PathBuf> {
    let mut made = BESIDE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = match made.take() {
        Some(folder) => folder,
        None => {
            // The same disk: a program that is built without optimisation is large, a link is not.
            let here = program()?.parent().context("no folder")?;
            let folder = tempfile::Builder::new()
                .prefix(".beside-")
                .tempdir_in(here)?;
            std::fs::hard_link(program()?, folder.path().join("manyhands"))?;
            std::os::unix::fs::symlink(ffmpeg, folder.path().join("ffmpeg"))?;
            folder
        }
    };
    Ok(made.insert(folder).path().join("manyhands"))
}

static BESIDE: Mutex<Option<TempDir>> = Mutex::new(None);

/// How long one call may take before it counts as hung: a film of seconds takes seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// What one call of the program said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its exit code; `None` if it was killed.
    pub exit: Option<i32>,
    /// The lines it printed, as JSON.
    pub lines: Vec<Value>,
    /// What it wrote to standard error.
    pub errors: String,
}

impl Answer {
    /// The last line's type.
    #[must_use]
    pub fn ended(&self) -> &str {
        self.lines
            .last()
            .and_then(|line| line["type"].as_str())
            .unwrap_or_default()
    }

    /// A field of the last line.
    #[must_use]
    pub fn last(&self, field: &str) -> &Value {
        static NOTHING: Value = Value::Null;
        self.lines.last().map_or(&NOTHING, |line| &line[field])
    }

    /// Every sentence meant for the user: notes, messages, help.
    #[must_use]
    pub fn sentences(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            for field in ["text", "message", "help", "reason", "verdict"] {
                if let Some(sentence) = line[field].as_str() {
                    text.push_str(sentence);
                    text.push('\n');
                }
            }
        }
        text
    }
}

/// A data folder whose encoders are measured already, lent to one call at a time.
#[derive(Debug)]
pub struct Desk {
    folder: TempDir,
    /// Another program than [`program`].
    program: Option<PathBuf>,
}

impl Desk {
    /// A data folder nobody has used.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::Builder::new()
                .prefix("manyhands-desk-")
                .tempdir()?,
            program: None,
        })
    }

    /// Lends a data folder, a used one if one is free: measuring the encoders takes seconds and is done once in each.
    ///
    /// # Errors
    /// If none is free and none can be made.
    pub fn borrow() -> Result<Lent> {
        Self::borrow_for(None)
    }

    /// As [`Self::borrow`], for another program than [`program`].
    ///
    /// # Errors
    /// As [`Self::borrow`].
    pub fn borrow_for(program: Option<PathBuf>) -> Result<Lent> {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let at = free.iter().position(|desk| desk.program == program);
        let desk = match at {
            Some(at) => free.swap_remove(at),
            None => Self {
                program,
                ..Self::new()?
            },
        };
        Ok(Lent { desk: Some(desk) })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `manyhands --data FOLDER --json ARGUMENTS…`.
    ///
    /// # Errors
    /// If it cannot be started, or prints something that is not JSON on standard output.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Answer> {
        let Some(program) = &self.program else {
            return run(&[], self.path(), None, arguments);
        };
        listen(Command::new(program), self.path(), arguments)
    }

    /// As [`Self::run`], in a folder.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_in<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Answer> {
        run(&[], self.path(), Some(folder), arguments)
    }

    /// Encodes one film alone on this machine.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn encode(&self, input: &Path, output: &Path, wish: &[&str]) -> Result<Answer> {
        let mut arguments: Vec<OsString> = vec!["encode".into(), "--only-here".into()];
        arguments.extend(wish.iter().map(Into::into));
        arguments.extend(["-o".into(), output.into(), "--".into(), input.into()]);
        self.run(arguments)
    }
}

/// Runs the program with a data folder, by way of another command (`setpriv …`) if one is given, in `folder` if one is.
///
/// # Errors
/// If it cannot be started, or prints something that is not JSON on standard output.
pub fn run<S: AsRef<OsStr>>(
    through: &[&str],
    data: &Path,
    folder: Option<&Path>,
    arguments: impl IntoIterator<Item = S>,
) -> Result<Answer> {
    let mut words = through
        .iter()
        .map(OsString::from)
        .chain([program()?.into()]);
    let mut command = Command::new(words.next().context("no program")?);
    command.args(words);
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    listen(command, data, arguments)
}

fn listen<S: AsRef<OsStr>>(
    mut command: Command,
    data: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Result<Answer> {
    command
        .arg("--data")
        .arg(data)
        .arg("--json")
        .args(arguments);
    // Films of a few seconds: many short segments, as a long film has many long ones.
    command.env("MANYHANDS_SEGMENT_SECONDS", "2");
    let (exit, stdout, stderr) = finish(command)?;
    let text = String::from_utf8(stdout).context("standard output is not UTF-8")?;
    let line = |line: &str| serde_json::from_str(line).with_context(|| format!("not JSON: {line}"));
    let lines: Vec<Value> = text.lines().map(line).collect::<Result<_>>()?;
    let Some(exit) = exit else {
        bail!(
            "it did not end within {} s; its last line: {:?}",
            PATIENCE.as_secs(),
            lines.last()
        );
    };
    Ok(Answer {
        exit: exit.code(),
        lines,
        errors: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// Waits for a program's end and gives its status and what it wrote; one that does not end is killed and has no status.
fn finish(mut command: Command) -> Result<(Option<ExitStatus>, Vec<u8>, Vec<u8>)> {
    let piped = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().context("cannot start manyhands")?;
    let read = |mut from: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).map(|_| bytes)
        })
    };
    let stdout = read(Box::new(child.stdout.take().context("no standard output")?));
    let stderr = read(Box::new(child.stderr.take().context("no standard error")?));
    let begin = Instant::now();
    let mut status = None;
    while status.is_none() && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
        status = child.try_wait()?;
    }
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let join = |thread: std::thread::JoinHandle<std::io::Result<Vec<u8>>>| {
        thread
            .join()
            .ok()
            .context("a reader failed")?
            .context("cannot read what was printed")
    };
    Ok((status, join(stdout)?, join(stderr)?))
}

static FREE: Mutex<Vec<Desk>> = Mutex::new(Vec::new());

/// A borrowed [`Desk`]; given back when dropped.
#[derive(Debug)]
pub struct Lent {
    desk: Option<Desk>,
}

impl std::ops::Deref for Lent {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        #[expect(clippy::expect_used, reason = "taken only in drop")]
        self.desk.as_ref().expect("lent until dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        FREE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(self.desk.take());
    }
}

/// Removes the data folders that are lent no more. A static is never dropped, so whoever runs last calls this.
pub fn clear() {
    FREE.lock().unwrap_or_else(PoisonError::into_inner).clear();
    drop(BESIDE.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// The receipt that a `done` line names, as JSON.
///
/// # Errors
/// If the line names none, or it cannot be read.
pub fn receipt(answer: &Answer) -> Result<Value> {
    let Some(path) = answer.last("receipt").as_str() else {
        bail!("no receipt in {:?}", answer.lines.last());
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    serde_json::from_str(&text).context("the receipt is not JSON")
}
