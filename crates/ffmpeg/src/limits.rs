//! What one run may use at most: whatever a film does to a decoder ends there, and not with this computer.
//!
//! The system holds a run to its memory, its files' size, its processor time and its open files, where it is a
//! Unix; a run that does nothing for two minutes is ended everywhere.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::hold::Hold;

/// A run that has neither computed nor read nor written anything for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(15);

/// Processor time of a run that looks at a few pictures, seconds.
pub(crate) const BRIEF: u64 = 15 * 60;
/// Processor time that any run is given before its frames are counted, seconds.
const BEGINNING: u64 = 5 * 60;
/// Processor time of a megapixel, milliseconds: twenty times what the slowest setting takes on an old processor.
const ENCODE_MS: u64 = 20_000;
/// The same for decoding.
const DECODE_MS: u64 = 2_000;

/// What one run is held to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Bytes of each file that it writes.
    pub file: Option<u64>,
    /// Seconds of processor time, all its threads together.
    pub processor_s: Option<u64>,
    /// Its drivers map what they like: no bound of memory would be true.
    pub hardware: bool,
}

/// A limit that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Its file got larger than it may.
    File,
    /// The system killed it: at the end of its processor time, or for want of memory.
    System,
    /// It did nothing for two minutes.
    Idle,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "what it wrote got larger than it may be",
            Self::System => "it computed for far longer than this takes, or memory ran out",
            Self::Idle => "it did nothing for two minutes; a disk or a share may not answer",
        })
    }
}

/// Seconds of processor time within which `frames` of so many pixels each are encoded.
pub(crate) fn encode(frames: u64, pixels: u64) -> u64 {
    scaled(frames, pixels, ENCODE_MS)
}

/// The same for a decode.
pub(crate) fn decode(frames: u64, pixels: u64) -> u64 {
    scaled(frames, pixels, DECODE_MS)
}

fn scaled(frames: u64, pixels: u64, ms: u64) -> u64 {
    // Small pictures cost something too.
    let pixels = pixels.saturating_add(100_000);
    let each_us = pixels.saturating_mul(ms) / 1000;
    frames.saturating_mul(each_us) / 1_000_000 + BEGINNING
}

/// The limit by which the system ended a run, if that is how it ended.
#[cfg(unix)]
pub(crate) fn reached(status: ExitStatus) -> Option<Limit> {
    use std::os::unix::process::ExitStatusExt;
    // What keeps a run in a cage tells its signal as shells do.
    let told = status.code().and_then(|code| code.checked_sub(128));
    match status.signal().or(told)? {
        libc::SIGXFSZ => Some(Limit::File),
        libc::SIGKILL => Some(Limit::System),
        _ => None,
    }
}

#[cfg(not(unix))]
pub(crate) fn reached(_: ExitStatus) -> Option<Limit> {
    None
}

/// What the system is told between fork and exec: numbers only, made before.
#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    file: Option<u64>,
    processor_s: Option<u64>,
    memory: Option<u64>,
    open_files: u64,
}

#[cfg(unix)]
impl Limits {
    pub fn bounds(self) -> Bounds {
        Bounds {
            file: self.file,
            processor_s: self.processor_s,
            memory: memory().filter(|_| !self.hardware),
            // Drivers open a file for each device and each context.
            open_files: if self.hardware { 1024 } else { 128 },
        }
    }
}

#[cfg(unix)]
impl Bounds {
    /// Sets them for the calling process: a few system calls and nothing else. One that cannot be set, because less
    /// is allowed already, is as good as set.
    pub fn impose(self) {
        let set = |what, most: Option<u64>| {
            let Some(most) = most else { return };
            let most = libc::rlim_t::from(most);
            let limit = libc::rlimit {
                rlim_cur: most,
                rlim_max: most,
            };
            // SAFETY: reads one value that lives until it returns.
            unsafe { libc::setrlimit(what, &raw const limit) };
        };
        set(libc::RLIMIT_CORE, Some(0));
        set(libc::RLIMIT_NOFILE, Some(self.open_files));
        set(libc::RLIMIT_DATA, self.memory);
        set(libc::RLIMIT_FSIZE, self.file);
        // Both limits in one: at the lower one alone ffmpeg is only asked to end.
        set(libc::RLIMIT_CPU, self.processor_s);
    }
}

/// Bytes that a run may have for itself: three quarters of the memory, and never less than an encoder needs.
#[cfg(unix)]
fn memory() -> Option<u64> {
    // SAFETY: both only answer a number.
    let (pages, size) = unsafe {
        (
            libc::sysconf(libc::_SC_PHYS_PAGES),
            libc::sysconf(libc::_SC_PAGESIZE),
        )
    };
    let bytes = u64::try_from(pages)
        .ok()?
        .checked_mul(u64::try_from(size).ok()?)?;
    Some((bytes / 4 * 3).max(1 << 30))
}

/// Some of the processors that we may use.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy)]
pub(crate) struct Few(libc::cpu_set_t);

#[cfg(target_os = "linux")]
impl Few {
    /// The last so many of ours: on processors with slow and fast cores the last are the slow, quiet ones, and
    /// elsewhere one thread of each core before the second of any. `None` where the system does not tell.
    pub fn of_ours(cores: u8) -> Option<Self> {
        // SAFETY: a set of no processors is all zeros; the system fills in at most its size.
        let mut ours: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        if unsafe { libc::sched_getaffinity(0, size_of_val(&ours), &raw mut ours) } != 0 {
            return None;
        }
        let most = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
        // SAFETY: `ours` is a set, and every number is below its size; so also for `few`.
        let mut few: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        (0..most)
            .rev()
            .filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &ours) })
            .take(usize::from(cores.max(1)))
            .for_each(|cpu| unsafe { libc::CPU_SET(cpu, &mut few) });
        Some(Self(few))
    }

    /// Keeps the calling process to them: one system call. Where that is forbidden, its own options bound it.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "as what is done before exec is called"
    )]
    pub fn confine(self) -> std::io::Result<()> {
        // SAFETY: reads one value that lives until it returns.
        unsafe { libc::sched_setaffinity(0, size_of_val(&self.0), &raw const self.0) };
        Ok(())
    }
}

/// Kills the process once it has done nothing for [`PATIENCE`], and returns then; never where that cannot be seen.
/// What a `wrapped` one does its children do. What is held does nothing by right.
pub(crate) async fn end_when_idle(pid: Option<u32>, wrapped: bool, hold: Option<Hold>) {
    if let (Some(pid), Ok(mut system)) = (pid.map(Pid::from_u32), System::new()) {
        let mut before = None;
        let mut still = Duration::ZERO;
        while still < PATIENCE {
            tokio::time::sleep(EVERY).await;
            let now = done(&mut system, pid, wrapped);
            if now.is_none() {
                return std::future::pending().await;
            }
            let moved = now != before || hold.as_ref().is_some_and(Hold::is_on);
            still = if moved { Duration::ZERO } else { still + EVERY };
            before = now;
        }
        if system.process(pid).is_some_and(Process::kill) {
            return;
        }
    }
    std::future::pending().await
}

/// Milliseconds computed, bytes read and written; `None` of a process that is gone.
fn done(system: &mut System, pid: Pid, wrapped: bool) -> Option<[u64; 3]> {
    let kinds = ProcessRefreshKind::nothing().with_cpu().with_disk_usage();
    let alone = [pid];
    let which = if wrapped {
        ProcessesToUpdate::All
    } else {
        ProcessesToUpdate::Some(&alone)
    };
    system.refresh_processes_specifics(which, true, kinds);
    system.process(pid)?;
    let ours = system
        .processes()
        .values()
        .filter(|one| descends(system, one, pid));
    Some(ours.fold([0; 3], |sum, one| {
        let moved = one.disk_usage();
        let more = [
            one.accumulated_cpu_time(),
            moved.total_read_bytes,
            moved.total_written_bytes,
        ];
        [0, 1, 2].map(|at| sum[at] + more[at])
    }))
}

/// Whether `one` is `pid` or a child of a child of it: deeper is no wrapper's.
pub(crate) fn descends(system: &System, one: &Process, pid: Pid) -> bool {
    let parent = |one: &Process| one.parent().and_then(|above| system.process(above));
    let mut line = std::iter::successors(Some(one), |one| parent(one)).take(3);
    line.any(|one| one.pid() == pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_grows_with_the_work() {
        let second = encode(25, 1920 * 1080);
        assert!(second > BEGINNING && encode(250, 1920 * 1080) > second);
        assert!(decode(250, 1920 * 1080) < encode(250, 1920 * 1080));
        assert_eq!(encode(u64::MAX, u64::MAX), u64::MAX / 1_000_000 + BEGINNING);
    }
}
