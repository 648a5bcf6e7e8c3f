//! What is under way, as the window's surroundings show it: progress on the taskbar, a question before closing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use api::{Event, Job, JobId, JobState};
use tauri::window::{ProgressBarState, ProgressBarStatus};
use tauri::{AppHandle, CloseRequestApi, Manager as _, Window};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons};

/// The jobs that go on, and how far they are.
#[derive(Default)]
pub struct UnderWay {
    jobs: BTreeMap<JobId, f64>,
    shown: Option<u64>,
}

/// Whether anything is under way; for [`ask_before_closing`].
#[derive(Default)]
pub struct Busy(AtomicBool);

impl UnderWay {
    /// Takes an event in, and shows what changed.
    pub fn take(&mut self, app: &AppHandle, event: &Event) {
        match event {
            Event::Job(job) if goes_on(job) => _ = self.jobs.insert(job.id, job.progress),
            Event::Job(Job { id, .. }) | Event::JobGone(id) => _ = self.jobs.remove(id),
            Event::Here(_) | Event::Computer(_) | Event::ComputerGone(_) => return,
        }
        app.state::<Busy>()
            .0
            .store(!self.jobs.is_empty(), Ordering::Relaxed);
        let percent = self.percent();
        if percent != self.shown {
            self.shown = percent;
            show(app, percent);
        }
    }

    /// All jobs together; `None` if there are none.
    fn percent(&self) -> Option<u64> {
        let all = self.jobs.values().sum::<f64>();
        let count = self.jobs.len();
        (count > 0).then(|| (100.0 * all / count as f64).clamp(0.0, 100.0) as u64)
    }
}

fn goes_on(job: &Job) -> bool {
    !job.state.is_over() && !matches!(job.state, JobState::Paused { .. })
}

fn show(app: &AppHandle, percent: Option<u64>) {
    let Some(window) = app.get_webview_window("main") else {
        return;
    };
    let status = match percent {
        Some(_) => ProgressBarStatus::Normal,
        None => ProgressBarStatus::None,
    };
    let state = ProgressBarState {
        status: Some(status),
        progress: percent,
    };
    // Many desktops have no such thing: nothing is lost.
    if let Err(error) = window.set_progress_bar(state) {
        tracing::debug!(%error, "no progress on the taskbar");
    }
}

/// Says what closing means while videos are under way, and lets the user decide.
pub fn ask_before_closing(window: &Window, close: &CloseRequestApi) {
    let app = window.app_handle().clone();
    if !app.state::<Busy>().0.load(Ordering::Relaxed) {
        return;
    }
    close.prevent_close();
    let dialog = app.dialog().message(
        "Videos are still under way. If you quit, they stop where they are, and go on when Manyhands is opened again.",
    );
    let buttons = MessageDialogButtons::OkCancelCustom("Quit".into(), "Keep working".into());
    dialog
        .title("Quit Manyhands?")
        .buttons(buttons)
        .parent(window)
        .show(move |quit| {
            if quit {
                app.exit(0);
            }
        });
}
