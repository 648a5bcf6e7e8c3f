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

/// The longest name that a computer may have, bytes: what it tells the others holds no more.
pub(crate) const NAME_BYTES: usize = 40;

/// The host's name, for people: as much of it as a computer may be called.
pub(crate) fn host_name() -> String {
    fitting(&whole_host_name())
}

/// All of it; empty where there is none.
pub(crate) fn whole_host_name() -> String {
    System::host_name().unwrap_or_default()
}

/// As much of a host's name as may be set as a name. Hosts may have longer ones than computers here.
fn fitting(host: &str) -> String {
    let name: String = host.chars().filter(|c| !c.is_control()).collect();
    let mut end = name.len().min(NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    match name[..end].trim() {
        "" => "This computer".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_host_is_called_its_name_may_be_set() {
        let long = "ip-172-31-27-111.eu-central-1.compute.internal";
        let cases = [
            ("attic".to_owned(), "attic"),
            (long.to_owned(), &long[..40]),
            ("x".repeat(64), &"x".repeat(40)),
            (format!("{}äb", "x".repeat(39)), &"x".repeat(39)),
            (format!("{}  b", "x".repeat(38)), &"x".repeat(38)),
            (" \n".to_owned(), "This computer"),
            (String::new(), "This computer"),
        ];
        for (host, name) in cases {
            assert_eq!(fitting(&host), name, "{host:?}");
            let named = crate::status::Settings {
                name: fitting(&host),
                ..crate::status::Settings::default()
            };
            assert!(crate::settings::faults(&named).is_empty(), "{host:?}");
        }
    }
}
