//! What surrounds the window, kept as things stand: progress on the taskbar or dock, the icon beside the clock,
//! notifications, and that the computer stays awake.

use std::sync::{Mutex, PoisonError};

use api::{Api, Event, Snapshot};
use tauri::window::{ProgressBarState, ProgressBarStatus};
use tauri::{AppHandle, Manager as _};

use crate::awake::Awake;
use crate::node::Node;
use crate::under_way::{Now, UnderWay};
use crate::{notice, tray};

/// How things stood last, for whoever asks.
#[derive(Default)]
pub struct Latest(Mutex<Now>);

impl Latest {
    /// How things stand.
    pub fn of(app: &AppHandle) -> Now {
        let latest = app.state::<Self>();
        let now = latest.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// The same, with what no event tells.
    pub fn fresh(app: &AppHandle) -> Now {
        Now {
            measuring: Node::of(app).is_measuring(),
            ..Self::of(app)
        }
    }

    fn set(app: &AppHandle, now: Now) {
        let latest = app.state::<Self>();
        *latest.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

/// Everything round the window.
pub struct Around {
    app: AppHandle,
    under_way: UnderWay,
    awake: Awake,
}

impl Around {
    /// As things stand at the start.
    pub fn new(app: &AppHandle, api: Api, snapshot: &Snapshot) -> Self {
        let mut this = Self {
            app: app.clone(),
            under_way: UnderWay::default(),
            awake: Awake::start(move |finding| api.found(finding)),
        };
        this.begin(snapshot);
        this
    }

    /// As things stand when events were lost.
    pub fn begin(&mut self, snapshot: &Snapshot) {
        self.under_way = UnderWay::default();
        self.under_way.begin(snapshot);
        self.show();
    }

    /// Takes an event in, and shows what changed.
    pub fn take(&mut self, event: &Event) {
        if let Some(news) = self.under_way.take(event) {
            notice::tell(&self.app, news);
        }
        self.show();
    }

    fn show(&self) {
        let before = Latest::of(&self.app);
        let now = Now {
            // No event tells of it, but events come all the time: this computer's load is one.
            measuring: Node::of(&self.app).is_measuring(),
            ..self.under_way.now()
        };
        if before == now {
            return;
        }
        Latest::set(&self.app, now.clone());
        if before.percent != now.percent {
            show_progress(&self.app, now.percent);
        }
        self.awake.want(now.effort());
        tray::draw(&self.app);
    }
}

/// On the taskbar's button or the dock's icon.
fn show_progress(app: &AppHandle, percent: Option<u64>) {
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
