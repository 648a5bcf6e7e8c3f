//! This machine: processor, threads, memory, name.

use std::num::NonZeroUsize;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// What there is to say of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Threads this process may use.
    pub cores: u32,
    /// Processor cores, which may run two threads each.
    pub physical: u32,
    /// Megabytes of memory.
    pub memory_mb: u64,
}

/// Looks.
pub(crate) fn describe() -> Machine {
    static ONCE: std::sync::OnceLock<Machine> = std::sync::OnceLock::new();
    ONCE.get_or_init(|| {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(kinds).ok();
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let physical = System::physical_core_count().unwrap_or(cores).min(cores);
        let brand = system
            .as_ref()
            .and_then(|s| Some(s.cpus().first()?.brand().trim().to_owned()));
        Machine {
            cpu: brand.unwrap_or_default(),
            cores: u32::try_from(cores).unwrap_or(u32::MAX),
            physical: u32::try_from(physical).unwrap_or(u32::MAX),
            memory_mb: system.map_or(0, |s| s.total_memory() / 1_048_576),
        }
    })
    .clone()
}

/// The system in words: `Linux 6.18 Debian 13, x86_64`.
pub(crate) fn system() -> String {
    let name = System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned());
    let kernel = System::kernel_version().unwrap_or_default();
    format!("{name}, kernel {kernel}, {}", std::env::consts::ARCH)
}

/// The host's name, for people.
pub(crate) fn host_name() -> String {
    System::host_name()
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "This computer".to_owned())
}
