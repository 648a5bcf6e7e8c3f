//! The system's notifications: a video has ended while the user looks at something else.

use notify_rust::Notification;
use tauri::AppHandle;

use crate::front;
use crate::under_way::Ended;
use crate::words::{Spoken, Words, fill};

/// Says that a video has ended, unless the window is in front, where it is seen.
pub fn tell(app: &AppHandle, ended: Ended) {
    let Some(words) = Spoken::of(app).filter(|_| !front::is_it(app)) else {
        return;
    };
    let app = app.clone();
    // Showing it waits for other programs, and a click on it may come much later.
    std::thread::spawn(move || show(&app, &words, &ended));
}

fn show(app: &AppHandle, words: &Words, ended: &Ended) {
    let (title, text) = said(words, ended);
    let mut notification = Notification::new();
    notification.summary(&title).body(&text);
    address(&mut notification, app, &words.show);
    match notification.show() {
        Ok(shown) => bring_when_clicked(app, shown),
        // Not every desktop shows notifications; the window says the same.
        Err(error) => tracing::debug!(%error, "no notification"),
    }
}

fn said(words: &Words, ended: &Ended) -> (String, String) {
    match ended {
        Ended::Done {
            name,
            smaller,
            exact,
        } => {
            let smaller = smaller.map(|n| fill(&words.smaller, &[("percent", &n.to_string())]));
            let proved = exact.then(|| words.proved.clone());
            let text = smaller.into_iter().chain(proved).collect::<Vec<_>>();
            (fill(&words.done, &[("name", name)]), text.join(" "))
        }
        Ended::Failed { name, why } => (fill(&words.failed, &[("name", name)]), why.clone()),
    }
}

/// Whose it is, and what a click on it does.
#[cfg(target_os = "linux")]
fn address(notification: &mut Notification, app: &AppHandle, show: &str) {
    notification
        .appname(&app.package_info().name)
        .icon("manyhands-desktop")
        .action("default", show);
}

#[cfg(windows)]
fn address(notification: &mut Notification, app: &AppHandle, _show: &str) {
    notification.app_id(&app.config().identifier);
}

#[cfg(not(any(target_os = "linux", windows)))]
fn address(notification: &mut Notification, app: &AppHandle, _show: &str) {
    notification.appname(&app.package_info().name);
}

#[cfg(target_os = "linux")]
fn bring_when_clicked(app: &AppHandle, shown: notify_rust::NotificationHandle) {
    shown.wait_for_action(|action| {
        if action == "default" {
            front::bring(app);
        }
    });
}

/// macOS brings the app to the front by itself; on Windows a click only takes the notification away.
#[cfg(not(target_os = "linux"))]
fn bring_when_clicked(_app: &AppHandle, _shown: notify_rust::NotificationHandle) {}
