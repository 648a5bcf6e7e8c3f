//! How busy and how hot this machine is, looked at every few seconds for as long as the loop lives.

use std::time::Duration;

use sysinfo::{Components, CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};
use tokio::sync::mpsc;

use crate::driver::Mail;
use crate::status::Load;

/// How often it is looked at. Shares of shorter times say little, and every look is told to the others.
const EVERY: Duration = Duration::from_secs(3);

/// What a sensor of a processor is called, in part: Intel's and AMD's own, those of boards and of small computers.
const PROCESSORS: [&str; 8] = [
    "package", "tctl", "tdie", "coretemp", "k10temp", "cpu", "soc", "core",
];

/// Looks until nobody wants to know any more. A system that does not tell is not asked again.
pub(crate) async fn watch(mail: mpsc::UnboundedSender<Mail>) {
    let kinds = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing().with_usage())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let Ok(mut system) = System::new_with_specifics(kinds) else {
        return;
    };
    let mut sensors = Components::new_with_refreshed_list().ok();
    loop {
        // A share is of the time since the look before.
        tokio::time::sleep(EVERY).await;
        if mail
            .send(Mail::Load(read(&mut system, &mut sensors)))
            .is_err()
        {
            return;
        }
    }
}

fn read(system: &mut System, sensors: &mut Option<Components>) -> Load {
    system.refresh_cpu_usage();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    if let Some(sensors) = sensors {
        sensors.refresh(false);
    }
    let busy = system.global_cpu_usage();
    let heat = sensors
        .iter()
        .flat_map(|sensors| sensors.iter())
        .filter_map(|one| Some((one.label(), one.temperature()?)));
    Load {
        // Not a number becomes 0; a cast saturates.
        cpu_percent: busy.round().clamp(0.0, 100.0) as u8,
        memory_used_mb: system.used_memory() / 1_048_576,
        celsius: hottest(heat),
    }
}

/// The hottest of a processor's sensors. What is beyond all sense comes from a sensor that is not there.
fn hottest<'a>(sensors: impl Iterator<Item = (&'a str, f32)>) -> Option<i16> {
    let of_processor = |label: &str| {
        let label = label.to_ascii_lowercase();
        PROCESSORS.iter().any(|word| label.contains(word))
    };
    let known = sensors.filter(|(label, _)| of_processor(label));
    let degrees = known.map(|(_, celsius)| celsius.round() as i16);
    degrees
        .filter(|celsius| (1..=*peer::HEAT.end()).contains(celsius))
        .max()
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
        assert!(
            load.celsius
                .is_none_or(|celsius| peer::HEAT.contains(&celsius))
        );
        drop(letters);
        looking.await.unwrap();
    }

    #[test]
    fn the_processor_is_as_hot_as_its_hottest_sensor() {
        let sensors = [
            ("nvme Composite", 71.9),
            ("coretemp Core 3", 64.4),
            ("coretemp Package id 0", 66.6),
            ("acpitz temp1", 27.8),
        ];
        assert_eq!(hottest(sensors.into_iter()), Some(67));
        let odd = [("k10temp Tctl", f32::NAN), ("cpu_thermal", 255.0)];
        assert_eq!(hottest(odd.into_iter()), None);
        assert_eq!(hottest([("nvme Composite", 40.0)].into_iter()), None);
    }
}
