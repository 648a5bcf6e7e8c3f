//! Control groups of hosts: their share of the processors, their memory, and whether they run at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The kernel's own default. Shorter periods cannot make good a late wake-up and give less than was set.
const CPU_PERIOD_US: u32 = 100_000;

/// A host's or the whole lan's control groups; version 1 has a folder for each kind of limit.
#[derive(Clone, Debug)]
pub(super) enum Groups {
    V1 {
        cpu: PathBuf,
        accounts: PathBuf,
        freezer: PathBuf,
        memory: PathBuf,
    },
    V2(PathBuf),
}

/// The folders in which groups are made, of both versions.
pub(super) const TOPS: [&str; 5] = [
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/cpu",
    "/sys/fs/cgroup/cpuacct",
    "/sys/fs/cgroup/freezer",
    "/sys/fs/cgroup/memory",
];

impl Groups {
    /// The group that holds all hosts' groups, if groups can be made here. It gets as good as all of the
    /// machine's processors: the rest of the machine shall not eat into the shares of its hosts.
    pub(super) fn create(name: &str) -> Option<Groups> {
        let [top, cpu, accounts, freezer, memory] = TOPS.map(Path::new);
        let groups = if top.join("cgroup.controllers").exists() {
            fs::write(top.join("cgroup.subtree_control"), "+cpu +memory").ok()?;
            Groups::V2(top.join(name))
        } else {
            Groups::V1 {
                cpu: cpu.join(name),
                accounts: accounts.join(name),
                freezer: freezer.join(name),
                memory: memory.join(name),
            }
        };
        groups.make().ok()?;
        match &groups {
            Groups::V1 { cpu, .. } => fs::write(cpu.join("cpu.shares"), "262144").ok()?,
            Groups::V2(group) => {
                fs::write(group.join("cgroup.subtree_control"), "+cpu +memory").ok()?;
                fs::write(group.join("cpu.weight"), "10000").ok()?;
            }
        }
        Some(groups)
    }

    pub(super) fn below(&self, name: &str) -> Option<Groups> {
        let groups = match self {
            Groups::V1 {
                cpu,
                accounts,
                freezer,
                memory,
            } => Groups::V1 {
                cpu: cpu.join(name),
                accounts: accounts.join(name),
                freezer: freezer.join(name),
                memory: memory.join(name),
            },
            Groups::V2(group) => Groups::V2(group.join(name)),
        };
        groups.make().ok()?;
        Some(groups)
    }

    fn folders(&self) -> Vec<&Path> {
        match self {
            Groups::V1 {
                cpu,
                accounts,
                freezer,
                memory,
            } => vec![cpu, accounts, freezer, memory],
            Groups::V2(group) => vec![group],
        }
    }

    fn make(&self) -> io::Result<()> {
        self.folders().into_iter().try_for_each(fs::create_dir_all)
    }

    pub(super) fn remove(&self) {
        for folder in self.folders() {
            // The last process of a group may still be on its way out.
            for _ in 0..50 {
                if !folder.exists() || fs::remove_dir(folder).is_ok() {
                    break;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    pub(super) fn joined(&self) -> String {
        let paths: Vec<String> = self
            .folders()
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        paths.join(":")
    }

    pub(super) fn set_cpu(&self, share: Option<f64>) -> io::Result<()> {
        let quota_us = share.map(|share| (share * f64::from(CPU_PERIOD_US)).round());
        match self {
            Groups::V1 { cpu, .. } => {
                fs::write(cpu.join("cpu.cfs_period_us"), CPU_PERIOD_US.to_string())?;
                let quota_us = quota_us.unwrap_or(-1.0);
                fs::write(cpu.join("cpu.cfs_quota_us"), quota_us.to_string())
            }
            Groups::V2(group) => {
                let quota_us = quota_us.map_or_else(|| "max".into(), |quota| quota.to_string());
                fs::write(group.join("cpu.max"), format!("{quota_us} {CPU_PERIOD_US}"))
            }
        }
    }

    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        match self {
            Groups::V1 { accounts, .. } => {
                let nanoseconds = fs::read_to_string(accounts.join("cpuacct.usage")).ok()?;
                Some(nanoseconds.trim().parse::<f64>().ok()? / 1e9)
            }
            Groups::V2(group) => {
                let stat = fs::read_to_string(group.join("cpu.stat")).ok()?;
                let microseconds = stat
                    .lines()
                    .find_map(|line| line.strip_prefix("usage_usec "))?;
                Some(microseconds.trim().parse::<f64>().ok()? / 1e6)
            }
        }
    }

    pub(super) fn set_memory(&self, bytes: u64) -> io::Result<()> {
        match self {
            Groups::V1 { memory, .. } => {
                fs::write(memory.join("memory.limit_in_bytes"), bytes.to_string())
            }
            Groups::V2(group) => fs::write(group.join("memory.max"), bytes.to_string()),
        }
    }

    /// Stops everything in the group where it stands, or lets it go on, and waits until that is so.
    pub(super) fn freeze(&self, frozen: bool) -> io::Result<()> {
        let (file, order, seen) = match self {
            Groups::V1 { freezer, .. } => {
                let word = if frozen { "FROZEN" } else { "THAWED" };
                let file = freezer.join("freezer.state");
                (file.clone(), (file, word), word)
            }
            Groups::V2(group) => {
                let (number, line) = if frozen {
                    ("1", "frozen 1")
                } else {
                    ("0", "frozen 0")
                };
                let order = (group.join("cgroup.freeze"), number);
                (group.join("cgroup.events"), order, line)
            }
        };
        for _ in 0..500 {
            fs::write(&order.0, order.1)?;
            if fs::read_to_string(&file)?.contains(seen) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(io::Error::other(format!("never said {seen}")))
    }
}
