//! How busy this machine is, looked at every few seconds for as long as the loop lives.

use std::time::Duration;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};
use tokio::sync::mpsc;

use crate::driver::Mail;
use crate::status::Load;

/// How often it is looked at. Shares of shorter times say little, and every look is told to the others.
const EVERY: Duration = Duration::from_secs(3);

/// Looks until nobody wants to know any more. A system that does not tell is not asked again.
pub(crate) async fn watch(mail: mpsc::UnboundedSender<Mail>) {
    let kinds = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing().with_usage())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let Ok(mut system) = System::new_with_specifics(kinds) else {
        return;
    };
    loop {
        // A share is of the time since the look before.
        tokio::time::sleep(EVERY).await;
        if mail.send(Mail::Load(read(&mut system))).is_err() {
            return;
        }
    }
}

fn read(system: &mut System) -> Load {
    system.refresh_cpu_usage();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let busy = system.global_cpu_usage();
    Load {
        // Not a number becomes 0; a cast saturates.
        cpu_percent: busy.round().clamp(0.0, 100.0) as u8,
        memory_used_mb: system.used_memory() / 1_048_576,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_is_possible_here_and_within_bounds() {
        let (mail, mut letters) = mpsc::unbounded_channel();
        let looking = tokio::spawn(watch(mail));
        let Some(Mail::Load(load)) = letters.recv().await else {
            panic!("no look")
        };
        let machine = crate::machine::describe();
        assert!(load.cpu_percent <= 100);
        assert!(load.memory_used_mb > 0 && load.memory_used_mb <= machine.memory_mb);
        drop(letters);
        looking.await.unwrap();
    }
}
