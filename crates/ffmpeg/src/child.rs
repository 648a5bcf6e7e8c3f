//! The one place that starts ffmpeg: cleared environment, low priority, own process group,
//! killed with us, its words kept to a bounded tail.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use media::parse::progress;
use media::time::seconds_text;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[cfg(target_os = "linux")]
use crate::cage;
use crate::cage::Given;

/// Bytes of standard error kept for a report.
const TAIL: usize = 32 * 1024;
/// A longer line of standard error is cut: it is a tag's text, not a message.
const LONGEST_LINE: usize = 4 * 1024;

/// What a run reads.
#[derive(Debug)]
pub enum Feed {
    /// Nothing.
    Nothing,
    /// A file, from where it stands.
    File(File),
    /// What the caller writes into [`Running::stdin`].
    Pipe,
    /// Another run's output.
    From(ChildStdout),
}

/// Where a run writes.
#[derive(Debug)]
pub enum Sink {
    /// Nowhere.
    Nothing,
    /// A file.
    File(File),
    /// [`Running::stdout`].
    Pipe,
}

/// One run of ffmpeg, not yet started.
#[derive(Debug)]
pub struct Run {
    program: PathBuf,
    args: Vec<OsString>,
    feed: Feed,
    sink: Sink,
    keep_log: bool,
    niceness: Niceness,
    cores: Option<u8>,
    given: Given,
}

/// How far a run stands back. Nobody waits for an encoder as for what feeds it and what examines its result.
#[derive(Clone, Copy, Debug)]
enum Niceness {
    Low,
    Lowest,
}

/// A started ffmpeg. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    /// Where to write, for [`Feed::Pipe`].
    pub stdin: Option<ChildStdin>,
    /// What to read, for [`Sink::Pipe`].
    pub stdout: Option<ChildStdout>,
    /// Frames it says it has encoded.
    pub frames: watch::Receiver<u32>,
    child: Child,
    listener: JoinHandle<Said>,
    command: String,
}

/// What a run said on standard error.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The last 32 KiB, or all of it (up to 1 MiB) where asked ([`Run::keep_log`]).
    pub log: String,
    /// Lines of level error or worse.
    pub errors: u32,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It could not be started.
    #[error("ffmpeg could not be started ({program}): {error}")]
    NotStarted {
        /// Which file.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// It ended with a failure.
    #[error("ffmpeg failed ({status}): {}", last_words(.log))]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The command line, for reports.
        command: String,
        /// Its last words.
        log: String,
    },
    /// A pipe broke.
    #[error("talking to ffmpeg failed: {0}")]
    Pipe(#[from] io::Error),
}

impl Run {
    /// `program` with nothing to read and nowhere to write.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            args: Vec::new(),
            feed: Feed::Nothing,
            sink: Sink::Nothing,
            keep_log: false,
            niceness: Niceness::Low,
            cores: None,
            given: Given::default(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds `-i file:PATH` as ffmpeg needs it for any name: absolute, with the protocol in front,
    /// so that dashes, colons and patterns in names mean nothing.
    #[must_use]
    pub fn input(self, path: &Path) -> Self {
        self.reads(path).args(["-i".into(), file_url(path)])
    }

    /// Lets it read a file, which its arguments name by their own means.
    #[must_use]
    pub fn reads(mut self, path: &Path) -> Self {
        self.given.reads.push(path.to_owned());
        self
    }

    /// Adds `file:PATH` as an output: the only files that it may write are these.
    #[must_use]
    pub fn output(mut self, path: &Path) -> Self {
        self.given.writes.push(path.to_owned());
        self.args([file_url(path)])
    }

    /// It encodes in hardware, and needs what its drivers need.
    #[must_use]
    pub fn hardware(mut self, hardware: bool) -> Self {
        self.given.hardware = hardware;
        self
    }

    /// Has the next input read from the key at or before a time in microseconds, as it stands in the file; `None`
    /// reads from the beginning.
    #[must_use]
    pub fn seek(self, to_us: Option<i64>) -> Self {
        match to_us {
            Some(to) => self.args([
                "-noaccurate_seek",
                "-seek_timestamp",
                "1",
                "-ss",
                &seconds_text(to),
            ]),
            None => self,
        }
    }

    /// Has it stand back behind our other runs too.
    #[must_use]
    pub fn last(mut self) -> Self {
        self.niceness = Niceness::Lowest;
        self
    }

    /// What it reads.
    #[must_use]
    pub fn feed(mut self, feed: Feed) -> Self {
        self.feed = feed;
        self
    }

    /// Where it writes.
    #[must_use]
    pub fn sink(mut self, sink: Sink) -> Self {
        self.sink = sink;
        self
    }

    /// Keeps up to 1 MiB of its words, for parsing.
    #[must_use]
    pub fn keep_log(mut self) -> Self {
        self.keep_log = true;
        self
    }

    /// Holds it to so many of the processors that we may use, whatever number of threads it makes. Where the
    /// system has no such thing (anywhere but on Linux) only its own options bound it.
    #[must_use]
    pub fn cores(mut self, cores: Option<u8>) -> Self {
        self.cores = cores;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`RunError::NotStarted`].
    pub fn start(self) -> Result<Running, RunError> {
        let command = describe(&self.program, &self.args);
        tracing::debug!(%command, "starting ffmpeg");
        let failed = |error| RunError::NotStarted {
            program: self.program.display().to_string(),
            error,
        };
        let feed = match self.feed {
            Feed::Nothing => Stdio::null(),
            Feed::File(file) => file.into(),
            Feed::Pipe => Stdio::piped(),
            Feed::From(stdout) => stdout.try_into().map_err(failed)?,
        };
        let sink = match self.sink {
            Sink::Nothing => Stdio::null(),
            Sink::File(file) => file.into(),
            Sink::Pipe => Stdio::piped(),
        };
        let mut process = process(&self.program, self.niceness);
        process
            .args(&self.args)
            .stdin(feed)
            .stdout(sink)
            .stderr(Stdio::piped());
        #[cfg(target_os = "linux")]
        if let Some(cores) = self.cores {
            confine(&mut process, cores);
        }
        #[cfg(target_os = "linux")]
        if let Some(enter) = cage::door(&self.program, &self.given).map_err(failed)? {
            // SAFETY: system calls alone, between fork and exec.
            unsafe { process.pre_exec(enter) };
        }
        let mut child = process.spawn().map_err(failed)?;
        let (frames, seen) = watch::channel(0);
        let limit = if self.keep_log { 1024 * 1024 } else { TAIL };
        let listener = tokio::spawn(listen(child.stderr.take(), frames, limit));
        Ok(Running {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            frames: seen,
            child,
            listener,
            command,
        })
    }

    /// Starts it and waits for its end.
    ///
    /// # Errors
    /// As [`Run::start`] and [`Running::finish`].
    pub async fn finish(self) -> Result<Said, RunError> {
        self.start()?.finish().await
    }
}

impl Running {
    /// Waits for its end; closes its input first.
    ///
    /// # Errors
    /// [`RunError::Failed`] unless it exits with 0.
    pub async fn finish(mut self) -> Result<Said, RunError> {
        drop(self.stdin.take());
        let status = self.child.wait().await?;
        let said = self.listener.await.unwrap_or_default();
        if status.success() {
            Ok(said)
        } else {
            Err(RunError::Failed {
                status,
                command: self.command,
                log: said.log,
            })
        }
    }

    /// Kills it and waits until it is gone.
    pub async fn kill(mut self) {
        // Already gone is as good.
        let _ = self.child.kill().await;
    }
}

/// `file:` and the absolute path.
fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    url
}

/// Variables a child may see: where libraries and drivers are looked up, nothing that steers
/// ffmpeg itself (`FFREPORT` writes a file of the setter's choosing).
const KEPT: [&str; 9] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "LIBVA_DRIVER_NAME",
    "LIBVA_DRIVERS_PATH",
    "CUDA_VISIBLE_DEVICES",
];

fn process(program: &Path, niceness: Niceness) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "this module is where processes are started"
    )]
    let mut process = Command::new(program);
    process.env_clear().kill_on_drop(true);
    process.envs(
        KEPT.iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    process.env("LC_ALL", "C");
    lower_priority(&mut process, niceness);
    process
}

/// Behind whatever the person at the keyboard does.
#[cfg(unix)]
fn lower_priority(process: &mut Command, niceness: Niceness) {
    let niceness: libc::c_int = match niceness {
        Niceness::Low => 10,
        Niceness::Lowest => 17,
    };
    // Own group: Ctrl-C in the terminal is ours to handle, not the child's.
    process.process_group(0);
    // SAFETY: only async-signal-safe calls between fork and exec.
    unsafe {
        process.pre_exec(move || {
            libc::setpriority(libc::PRIO_PROCESS, 0, niceness);
            #[cfg(target_os = "linux")]
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
}

/// The last so many of the processors that we may use: on processors with slow and fast cores the last are the slow,
/// quiet ones, and elsewhere one thread of each core before the second of any.
#[cfg(target_os = "linux")]
fn confine(process: &mut Command, cores: u8) {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: a set of no processors is all zeros; the system fills in at most `size` bytes of it.
    let mut ours: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if unsafe { libc::sched_getaffinity(0, size, &raw mut ours) } != 0 {
        return;
    }
    let most = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
    // SAFETY: `ours` is a set, and every number is below its size; so also for `few`.
    let mut few: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    (0..most)
        .rev()
        .filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &ours) })
        .take(usize::from(cores.max(1)))
        .for_each(|cpu| unsafe { libc::CPU_SET(cpu, &mut few) });
    // SAFETY: one system call on a value that the closure owns, between fork and exec.
    unsafe {
        process.pre_exec(move || {
            libc::sched_setaffinity(0, size, &raw const few);
            Ok(())
        });
    }
}

/// Windows has nothing between this class and one that gets no time at all beside a game.
#[cfg(windows)]
fn lower_priority(process: &mut Command, _: Niceness) {
    const BELOW_NORMAL_PRIORITY_CLASS: u32 = 0x4000;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    process.creation_flags(BELOW_NORMAL_PRIORITY_CLASS | CREATE_NO_WINDOW);
}

async fn listen(stderr: Option<ChildStderr>, frames: watch::Sender<u32>, limit: usize) -> Said {
    let mut said = Said::default();
    let Some(stderr) = stderr else { return said };
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(true) = next_line(&mut reader, &mut line).await {
        let text = String::from_utf8_lossy(&line);
        match progress::line(text.trim_end()) {
            progress::Line::Frames(count) => _ = frames.send_replace(count),
            progress::Line::Pair => {}
            progress::Line::Error(text) => {
                said.errors = said.errors.saturating_add(1);
                keep(&mut said.log, text, limit);
            }
            progress::Line::Log(text) => keep(&mut said.log, text, limit),
        }
    }
    said
}

/// Reads up to a newline or carriage return, keeping at most [`LONGEST_LINE`] bytes of it.
async fn next_line(
    reader: &mut (impl AsyncRead + AsyncBufReadExt + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = bytes.iter().position(|b| *b == b'\n');
        let (taken, done) = end.map_or((bytes.len(), false), |at| (at + 1, true));
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&bytes[..taken.min(room)]);
        reader.consume(taken);
        if done {
            return Ok(true);
        }
    }
}

fn keep(log: &mut String, line: &str, limit: usize) {
    log.push_str(line);
    log.push('\n');
    if log.len() > limit * 2 {
        let cut = (log.len() - limit..log.len())
            .find(|at| log.is_char_boundary(*at))
            .unwrap_or(log.len());
        log.drain(..cut);
    }
}

fn describe(program: &Path, args: &[OsString]) -> String {
    let mut text = program.display().to_string();
    for arg in args {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

/// The last line that says something, for a one-sentence error.
fn last_words(log: &str) -> impl fmt::Display + '_ {
    log.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it said nothing")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn a_run_is_held_to_its_processors() {
        // What it reads of itself it may not read in a cage.
        crate::cage::refuse(Path::new("/bin/grep"));
        let run = Run::new(Path::new("/bin/grep"))
            .args(["Cpus_allowed_list", "/proc/self/status"])
            .cores(Some(1))
            .sink(Sink::Pipe);
        let mut running = run.start().unwrap();
        let mut said = String::new();
        let mut stdout = running.stdout.take().unwrap();
        stdout.read_to_string(&mut said).await.unwrap();
        running.finish().await.unwrap();
        let list = said.split_whitespace().nth(1).unwrap();
        assert!(list.parse::<u32>().is_ok(), "more than one: {list}");
    }
}
