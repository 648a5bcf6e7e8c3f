//! Runs that are made to stand still for a while, and go on as if nothing had been.

#[cfg(unix)]
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::sync::watch;

/// Whether runs can be made to stand still on this system. Where not, a [`Hold`] changes nothing.
pub const IS_POSSIBLE: bool = cfg!(unix);

/// Whether the runs that go by it stand still.
#[derive(Clone, Debug)]
pub struct Hold(watch::Receiver<bool>);

impl Hold {
    /// Stands still while `still` says so.
    #[must_use]
    pub fn new(still: watch::Receiver<bool>) -> Self {
        Self(still)
    }

    /// Whether they stand still now.
    #[must_use]
    pub fn is_on(&self) -> bool {
        IS_POSSIBLE && *self.0.borrow()
    }
}

/// Makes a run and what it has started stand still and go on, as `hold` says; returns when nobody can say so any more.
/// What is `wrapped` leads a session of its own.
#[cfg(unix)]
pub(crate) async fn follow(mut hold: Hold, leader: Option<u32>, wrapped: bool) {
    let Some(leader) = leader else { return };
    let mut still = false;
    loop {
        let wanted = *hold.0.borrow_and_update();
        if wanted != still {
            signal(
                leader,
                wrapped,
                if wanted { libc::SIGSTOP } else { libc::SIGCONT },
            );
            still = wanted;
        }
        if hold.0.changed().await.is_err() {
            if still {
                signal(leader, wrapped, libc::SIGCONT);
            }
            return;
        }
    }
}

#[cfg(not(unix))]
pub(crate) async fn follow(_: Hold, _: Option<u32>, _: bool) {
    std::future::pending().await
}

#[cfg(unix)]
fn signal(leader: u32, wrapped: bool, signal: libc::c_int) {
    let Ok(group) = libc::pid_t::try_from(leader) else {
        return;
    };
    // SAFETY: a system call. Each run leads a group of its own, and is not waited for before this task is over.
    unsafe { libc::killpg(group, signal) };
    if wrapped {
        let started = started_by(Pid::from_u32(leader));
        for pid in started
            .iter()
            .filter_map(|pid| libc::pid_t::try_from(pid.as_u32()).ok())
        {
            // SAFETY: as above.
            unsafe { libc::kill(pid, signal) };
        }
    }
}

/// What a process has started, and what that has.
#[cfg(unix)]
fn started_by(leader: Pid) -> Vec<Pid> {
    let Ok(mut system) = System::new() else {
        return Vec::new();
    };
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, ProcessRefreshKind::nothing());
    let those = system
        .processes()
        .values()
        .filter(|one| one.pid() != leader);
    let those = those.filter(|one| crate::limits::descends(&system, one, leader));
    those.map(sysinfo::Process::pid).collect()
}
