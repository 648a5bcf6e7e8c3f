//! What else runs here: how much it takes of the processors, and whether a program of a list is among it. What this
//! program has started itself is not counted as something else.

use std::collections::HashSet;
use std::ffi::OsStr;

use sysinfo::{
    CpuRefreshKind, Pid, Process, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System,
    UpdateKind,
};

/// The kernel cuts the names of processes there, where nothing else tells them.
const CUT: usize = 15;

/// Looks at what runs.
#[derive(Debug)]
pub(crate) struct Processes {
    system: Option<System>,
    me: Option<Pid>,
    /// The processors were looked at before: shares are of the time since.
    counted: bool,
}

impl Processes {
    pub fn new() -> Self {
        let kinds = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing().with_usage());
        Self {
            system: System::new_with_specifics(kinds).ok(),
            me: sysinfo::get_current_pid().ok(),
            counted: false,
        }
    }

    /// What others take of the processors, if that is wanted, in percent; and which program of the list runs.
    pub fn look(&mut self, load: bool, programs: &[String]) -> (Option<u8>, Option<String>) {
        let counted = std::mem::replace(&mut self.counted, load) && load;
        let Some(system) = self
            .system
            .as_mut()
            .filter(|_| load || !programs.is_empty())
        else {
            return (None, None);
        };
        let mut kinds = ProcessRefreshKind::nothing();
        if load {
            kinds = kinds.with_cpu();
            system.refresh_cpu_usage();
        }
        if !programs.is_empty() {
            kinds = kinds.with_exe(UpdateKind::OnlyIfNotSet);
        }
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kinds);
        let ours = self.me.map(|me| tree(system, me)).unwrap_or_default();
        let percent = counted.then(|| others(system, &ours));
        let foreign = system
            .processes()
            .values()
            .filter(|one| !ours.contains(&one.pid()));
        let program = foreign.filter_map(|one| listed(one, programs)).next();
        (percent, program.cloned())
    }
}

/// A process and everything that it has started.
fn tree(system: &System, root: Pid) -> HashSet<Pid> {
    let parent = |one: &Process| one.parent().and_then(|above| system.process(above));
    let is_ours = |one: &&Process| {
        // A bound, for lists that were read while they changed.
        let mut line = std::iter::successors(Some(*one), |one| parent(one)).take(32);
        line.any(|one| one.pid() == root)
    };
    let ours = system.processes().values().filter(is_ours);
    ours.map(Process::pid).collect()
}

fn others(system: &System, ours: &HashSet<Pid>) -> u8 {
    let processors = system.cpus().len().max(1) as f32;
    let own: f32 = ours
        .iter()
        .filter_map(|pid| system.process(*pid))
        .map(Process::cpu_usage)
        .sum();
    let others = system.global_cpu_usage() - own / processors;
    // Not a number becomes 0; a cast saturates.
    others.round().clamp(0.0, 100.0) as u8
}

/// The word of the list that this process is called by.
fn listed<'a>(process: &Process, programs: &'a [String]) -> Option<&'a String> {
    let file = process.exe().and_then(|exe| exe.file_name()).map(plain);
    let name = plain(process.name());
    programs.iter().find(|wanted| {
        let wanted = plain(OsStr::new(wanted.trim()));
        let by_name = name == wanted || (name.len() == CUT && wanted.starts_with(&name));
        !wanted.is_empty() && (file.as_ref() == Some(&wanted) || by_name)
    })
}

/// A program's name as people write it.
fn plain(name: &OsStr) -> String {
    let name = name.to_string_lossy().to_lowercase();
    name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name)
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Child, Command};
    use std::time::Duration;

    use super::*;

    /// A copy of a program under a name of its own, started by somebody else: an orphan is nobody's child.
    struct Started(Child);

    impl Drop for Started {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[expect(
        clippy::disallowed_methods,
        clippy::unwrap_used,
        reason = "programs are what is looked for, in tests"
    )]
    fn start(program: &std::path::Path, argument: &str) -> Started {
        Started(Command::new(program).arg(argument).spawn().unwrap())
    }

    #[test]
    fn a_program_is_found_by_its_name_and_ours_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let game = folder.path().join("Some-Long-Game-Name");
        std::fs::copy("/bin/sleep", &game).unwrap();
        let _running = start(&game, "600");
        let list = ["some-long-game-name.exe".to_owned()];
        let mut ours = Processes::new();
        assert_eq!(
            ours.look(false, &list).1,
            None,
            "what we have started ourselves"
        );
        // To whoever has not started it, it is somebody else's.
        let mut theirs = Processes::new();
        theirs.me = None;
        // The list may be read between its fork and its exec.
        while theirs.look(false, &list).1.is_none() {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(theirs.look(false, &list).1, Some(list[0].clone()));
        for other in ["some-long-game", "game", ""] {
            assert_eq!(theirs.look(false, &[other.to_owned()]).1, None, "{other:?}");
        }
    }

    #[test]
    fn what_we_compute_ourselves_is_nobody_elses_load() {
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let burns = |stop: &std::sync::Arc<std::sync::atomic::AtomicBool>| {
            let stop = stop.clone();
            move || while !stop.load(std::sync::atomic::Ordering::Relaxed) {}
        };
        let all = std::thread::available_parallelism().unwrap().get();
        let threads: Vec<_> = (0..all).map(|_| std::thread::spawn(burns(&stop))).collect();
        let (mut ours, mut theirs) = (Processes::new(), Processes::new());
        theirs.me = None;
        // Two processors' worth of ours: seen as others' only by who does not know that it is ours.
        loop {
            ours.look(true, &[]);
            theirs.look(true, &[]);
            std::thread::sleep(sysinfo::MINIMUM_CPU_UPDATE_INTERVAL * 2);
            let (with, without) = (
                ours.look(true, &[]).0.unwrap(),
                theirs.look(true, &[]).0.unwrap(),
            );
            if without > 30 && with + 20 < without {
                break;
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }

    #[test]
    fn a_first_look_tells_no_share() {
        let mut processes = Processes::new();
        assert_eq!(processes.look(true, &[]).0, None);
        assert!(processes.look(true, &[]).0.is_some());
        assert_eq!(processes.look(false, &[]).0, None);
        assert_eq!(
            processes.look(true, &[]).0,
            None,
            "the time since the last look says nothing"
        );
    }
}
