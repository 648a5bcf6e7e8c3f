//! What this machine is, in one line that changes when its speed or its drivers may have.

use std::fmt::Write as _;

/// Processor model, its threads, and on Linux the graphics cards and NVIDIA's driver. A
/// measurement made under another fingerprint is to be made again.
///
/// On macOS the processor's name is the graphics unit's as well. On Windows cards are not in
/// it; there a changed driver shows in the encoders' trials, which are made at every start.
#[must_use]
pub fn fingerprint() -> String {
    let mut line = format!("{} × {}", processor(), threads());
    for card in cards() {
        // Writing to a string does not fail.
        let _ = write!(line, "; {card}");
    }
    line
}

/// Threads that encoders may use, at least 1: what this process is allowed, not what is built in.
#[must_use]
pub fn threads() -> u8 {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u8::try_from(threads).unwrap_or(u8::MAX)
}

/// The processor's name in its maker's words.
#[must_use]
pub fn processor() -> String {
    let refresh = sysinfo::RefreshKind::nothing().with_cpu(sysinfo::CpuRefreshKind::nothing());
    let system = sysinfo::System::new_with_specifics(refresh).ok();
    let brand = system.and_then(|system| Some(system.cpus().first()?.brand().trim().to_owned()));
    brand
        .filter(|brand| !brand.is_empty())
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Bytes of memory, all together; `None` where the system does not say.
#[must_use]
pub fn memory() -> Option<u64> {
    let refresh =
        sysinfo::RefreshKind::nothing().with_memory(sysinfo::MemoryRefreshKind::everything());
    let system = sysinfo::System::new_with_specifics(refresh).ok()?;
    Some(system.total_memory()).filter(|bytes| *bytes > 0)
}

/// Graphics cards as `vendor:device` of their PCI numbers, and NVIDIA's driver version.
#[cfg(target_os = "linux")]
fn cards() -> Vec<String> {
    use std::fs;
    let nodes = fs::read_dir("/sys/class/drm")
        .into_iter()
        .flatten()
        .flatten();
    let number = |node: &std::path::Path, name: &str| {
        let text = fs::read_to_string(node.join("device").join(name)).ok()?;
        Some(text.trim().trim_start_matches("0x").to_owned())
    };
    let card = |node: fs::DirEntry| {
        let is_render = node.file_name().to_string_lossy().starts_with("renderD");
        let node = node.path();
        let found = is_render.then(|| Some((number(&node, "vendor")?, number(&node, "device")?)));
        found
            .flatten()
            .map(|(vendor, device)| format!("{vendor}:{device}"))
    };
    let mut cards: Vec<String> = nodes.filter_map(card).collect();
    cards.sort();
    let driver = fs::read_to_string("/proc/driver/nvidia/version").unwrap_or_default();
    cards.extend(driver.lines().next().map(|line| line.trim().to_owned()));
    cards
}

#[cfg(not(target_os = "linux"))]
fn cards() -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_machine_is_the_same_twice() {
        let line = fingerprint();
        assert_eq!(line, fingerprint());
        assert!(line.contains(&format!("× {}", threads())), "{line}");
        assert!(!processor().is_empty());
        assert!(memory().is_none_or(|bytes| bytes > 64 << 20));
    }
}
