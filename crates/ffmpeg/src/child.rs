//! The one place that starts ffmpeg: cleared environment, low priority, own process group,
//! killed with us, its words kept to a bounded tail.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use media::time::seconds_text;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use crate::cage::Given;
#[cfg(target_os = "linux")]
use crate::cage::{self, Way};
use crate::failures;
use crate::hold::{self, Hold};
#[cfg(target_os = "linux")]
use crate::limits::Few;
use crate::limits::{self, Limit, Limits};
use crate::said;
pub use crate::said::{BrokeOff, Said};

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
    limits: Limits,
    patient: bool,
    answers: bool,
    hold: Option<Hold>,
}

/// How far a run stands back. Nobody waits for an encoder as for what feeds it and what examines its result.
#[derive(Clone, Copy, Debug)]
enum Niceness {
    Low,
    Lowest,
}

/// What is started for a run.
struct Entered {
    /// The run's own program, or what keeps it.
    program: PathBuf,
    /// Arguments before the run's.
    front: Vec<OsString>,
    /// The run is a child of what is started.
    wrapped: bool,
    /// What the child does first.
    #[cfg(target_os = "linux")]
    door: Option<cage::Door>,
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
    group: Group,
    /// Ends once it has killed the run because that did nothing.
    overseer: Option<AbortOnDropHandle<()>>,
    /// Makes it stand still.
    _holder: Option<AbortOnDropHandle<()>>,
    command: String,
    answers: bool,
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
    #[error("ffmpeg failed ({status}): {}", said::last_words(.log))]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The command line, for reports.
        command: String,
        /// Its last words.
        log: String,
    },
    /// It reached one of its limits, which ended it.
    #[error("ffmpeg was stopped: {limit}")]
    Stopped {
        /// Which.
        limit: Limit,
        /// The command line, for reports.
        command: String,
    },
    /// It ended well, and could not read its input to the end.
    #[error("reading broke off: {0}")]
    Unread(String),
    /// A pipe broke.
    #[error("talking to ffmpeg failed: {0}")]
    Pipe(#[from] io::Error),
}

/// The system's words, with which ffmpeg ends where the computer is to blame and not what it reads.
const OF_THE_SYSTEM: [&str; 4] = [
    "No space left on device",
    "Input/output error",
    "Stale file handle",
    "Cannot allocate memory",
];

/// Whether ffmpeg's words are of the computer that it runs on, and say nothing of the file.
pub(crate) fn are_of_the_system(words: &str) -> bool {
    OF_THE_SYSTEM.iter().any(|reason| words.contains(reason))
}

impl RunError {
    /// Whether it says nothing of what is in the file that was read: it could not be started or spoken to, a disk did not
    /// answer or was full, or there was no memory.
    #[must_use]
    pub fn is_of_the_system(&self) -> bool {
        match self {
            Self::NotStarted { .. } | Self::Unread(_) => true,
            Self::Failed { log, .. } => are_of_the_system(log),
            Self::Stopped { limit, .. } => *limit != Limit::File,
            // What is said of packets comes by the same way, and has no number of the system's.
            Self::Pipe(error) => error.raw_os_error().is_some(),
        }
    }
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
            limits: Limits::default(),
            patient: false,
            answers: false,
            hold: None,
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
        self.limits.hardware = hardware;
        self
    }

    /// Ends it when a file that it writes gets larger than so many bytes.
    #[must_use]
    pub fn most_bytes(mut self, bytes: u64) -> Self {
        self.limits.file = Some(bytes);
        self
    }

    /// Ends it when it has computed for so many seconds, all its threads together.
    #[must_use]
    pub(crate) fn most_seconds(mut self, seconds: u64) -> Self {
        self.limits.processor_s = Some(seconds);
        self
    }

    /// It may have to wait long for whoever takes what it writes: doing nothing is no sign of trouble.
    #[must_use]
    pub(crate) fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Something is only tried, or asked: that it fails is an answer, and no failure of the work.
    #[must_use]
    pub(crate) fn answers(mut self) -> Self {
        self.answers = true;
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

    /// Has it stand still whenever that is wanted.
    #[must_use]
    pub fn held(mut self, hold: Option<Hold>) -> Self {
        self.hold = hold;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`RunError::NotStarted`].
    pub fn start(self) -> Result<Running, RunError> {
        let answers = self.answers;
        noted(self.enter_and_run(), answers)
    }

    fn enter_and_run(self) -> Result<Running, RunError> {
        let command = describe(&self.program, &self.args);
        tracing::debug!(%command, "starting ffmpeg");
        let failed = |error| RunError::NotStarted {
            program: self.program.display().to_string(),
            error,
        };
        let entered = self.enter().map_err(failed)?;
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
        let mut process = process(&entered.program, self.niceness, self.limits);
        process
            .args(&entered.front)
            .args(&self.args)
            .stdin(feed)
            .stdout(sink)
            .stderr(Stdio::piped());
        #[cfg(target_os = "linux")]
        if let Some(few) = self.cores.and_then(Few::of_ours) {
            // SAFETY: one system call on a value that the closure owns, between fork and exec.
            unsafe { process.pre_exec(move || few.confine()) };
        }
        #[cfg(target_os = "linux")]
        if let Some(door) = entered.door {
            // SAFETY: system calls alone, between fork and exec.
            unsafe { process.pre_exec(door) };
        }
        let mut child = process.spawn().map_err(failed)?;
        let (frames, seen) = watch::channel(0);
        let kept = if self.keep_log {
            said::MOST
        } else {
            said::TAIL
        };
        let inputs = said::names(&self.given.reads);
        let listener = tokio::spawn(said::listen(child.stderr.take(), frames, kept, inputs));
        let (id, wrapped) = (child.id(), entered.wrapped);
        let overseer = (!self.patient)
            .then(|| tokio::spawn(limits::end_when_idle(id, wrapped, self.hold.clone())));
        let holder = self
            .hold
            .map(|hold| tokio::spawn(hold::follow(hold, id, wrapped)));
        Ok(Running {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            frames: seen,
            group: Group(child.id()),
            child,
            listener,
            overseer: overseer.map(AbortOnDropHandle::new),
            _holder: holder.map(AbortOnDropHandle::new),
            command,
            answers: self.answers,
        })
    }

    /// What is really started, so that it is kept to what it is given.
    #[cfg(target_os = "linux")]
    fn enter(&self) -> io::Result<Entered> {
        let (wrapper, front, door) = match cage::way(&self.program, &self.given)? {
            Way::Open => (None, Vec::new(), None),
            Way::Door(door) => (None, Vec::new(), Some(door)),
            Way::Wrapped(wrapper, front) => (Some(wrapper), front, None),
        };
        Ok(Entered {
            wrapped: wrapper.is_some(),
            program: wrapper.unwrap_or_else(|| self.program.clone()),
            front,
            door,
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn enter(&self) -> io::Result<Entered> {
        Ok(Entered {
            program: self.program.clone(),
            front: Vec::new(),
            wrapped: false,
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
    /// [`RunError::Failed`] unless it exits with 0; [`RunError::Stopped`] where one of its limits ended it;
    /// [`RunError::Unread`] where it exits with 0 and has not read all.
    pub async fn finish(self) -> Result<Said, RunError> {
        let answers = self.answers;
        noted(self.end().await, answers)
    }

    async fn end(mut self) -> Result<Said, RunError> {
        drop(self.stdin.take());
        let status = self.child.wait().await?;
        if status.success() {
            self.group.is_over();
        } else {
            // Or what it started would go on, and talk on.
            self.group.end();
        }
        let said = self.listener.await.unwrap_or_default();
        if status.success() {
            return match said.broke_off {
                Some(BrokeOff::Unread(why)) => Err(RunError::Unread(why)),
                Some(BrokeOff::Damaged) | None => Ok(said),
            };
        }
        let idled = self.overseer.is_some_and(|overseer| overseer.is_finished());
        let limit = Some(Limit::Idle)
            .filter(|_| idled)
            .or_else(|| limits::reached(status));
        let command = self.command;
        Err(match limit {
            Some(limit) => RunError::Stopped { limit, command },
            None => RunError::Failed {
                status,
                command,
                log: said.log,
            },
        })
    }

    /// Kills it and waits until it is gone.
    pub async fn kill(mut self) {
        // Already gone is as good.
        let _ = self.child.kill().await;
    }
}

/// Counts a failure, unless that is an answer.
fn noted<T>(ended: Result<T, RunError>, answers: bool) -> Result<T, RunError> {
    ended.inspect_err(|error| {
        if !answers {
            failures::note(error);
        }
    })
}

/// A run with all that it has started, which ends with it: an ffmpeg may be a script that starts another.
#[derive(Debug)]
struct Group(Option<u32>);

impl Group {
    /// It ended well, and whatever it left running is meant to.
    fn is_over(&mut self) {
        self.0 = None;
    }

    /// Kills what is left of it.
    fn end(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self
            .0
            .take()
            .and_then(|pid| libc::pid_t::try_from(pid).ok())
        {
            // SAFETY: a system call. Each run leads a group of its own; none is left where all have ended.
            unsafe { libc::killpg(leader, libc::SIGKILL) };
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
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

fn process(program: &Path, niceness: Niceness, limits: Limits) -> Command {
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
    stand_back(&mut process, niceness, limits);
    process
}

/// Whether a program runs with these arguments, and says so by its end; without a cage, at once.
#[cfg(target_os = "linux")]
pub(crate) fn works(program: &Path, arguments: &[OsString]) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "this module is where processes are started"
    )]
    let mut process = std::process::Command::new(program);
    process.env_clear().args(arguments);
    let quiet = process
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Behind whatever the person at the keyboard does, and within its limits.
#[cfg(unix)]
fn stand_back(process: &mut Command, niceness: Niceness, limits: Limits) {
    let niceness: libc::c_int = match niceness {
        Niceness::Low => 10,
        Niceness::Lowest => 17,
    };
    // Own group: Ctrl-C in the terminal is ours to handle, not the child's.
    process.process_group(0);
    let bounds = limits.bounds();
    // SAFETY: only async-signal-safe calls between fork and exec.
    unsafe {
        process.pre_exec(move || {
            libc::setpriority(libc::PRIO_PROCESS, 0, niceness);
            bounds.impose();
            #[cfg(target_os = "linux")]
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
}

/// Windows has nothing between this class and one that gets no time at all beside a game.
#[cfg(windows)]
fn stand_back(process: &mut Command, _: Niceness, _: Limits) {
    const BELOW_NORMAL_PRIORITY_CLASS: u32 = 0x4000;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    process.creation_flags(BELOW_NORMAL_PRIORITY_CLASS | CREATE_NO_WINDOW);
}

fn describe(program: &Path, args: &[OsString]) -> String {
    let mut text = program.display().to_string();
    for arg in args {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
