//! The average load of the whole machine over a stretch of time.

use std::time::Duration;

use sysinfo::{CpuRefreshKind, RefreshKind, System};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often the load is looked at. sysinfo gives the average since the last look.
const PAUSE: Duration = Duration::from_millis(500);

/// A meter that runs.
pub struct Load {
    stop: oneshot::Sender<()>,
    task: JoinHandle<f64>,
}

impl Load {
    /// Starts to measure.
    pub fn start() -> Self {
        let (stop, stopped) = oneshot::channel();
        Self {
            stop,
            task: tokio::spawn(measure(stopped)),
        }
    }

    /// Stops, and gives the average since the start: 0 for an idle machine, 1 for one whose every core was busy.
    /// Not a number if there was no time to look.
    pub async fn stop(self) -> f64 {
        // The task waits for this and for nothing else.
        let _ = self.stop.send(());
        self.task.await.unwrap_or(f64::NAN)
    }
}

async fn measure(mut stopped: oneshot::Receiver<()>) -> f64 {
    let usage = CpuRefreshKind::nothing().with_usage();
    // A system that does not tell its load has none that could be shown.
    let Ok(mut system) = System::new_with_specifics(RefreshKind::nothing().with_cpu(usage)) else {
        return f64::NAN;
    };
    let (mut sum, mut looks) = (0.0, 0.0);
    loop {
        tokio::select! {
            _ = &mut stopped => return sum / looks,
            () = tokio::time::sleep(PAUSE) => {}
        }
        system.refresh_cpu_usage();
        sum += f64::from(system.global_cpu_usage()) / 100.0;
        looks += 1.0;
    }
}
