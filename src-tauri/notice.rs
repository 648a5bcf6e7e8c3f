//! The system's notifications: a video has ended, or another computer asks for help, while the user looks at something
//! else.

use std::sync::{Mutex, PoisonError};

use notify_rust::Notification;
use tauri::{AppHandle, Manager as _};

use crate::front;
use crate::under_way::News;
use crate::words::{Spoken, Words, fill};

/// More news than this is not kept for a page that does not come.
const MOST_UNTOLD: usize = 20;

/// News from before the page has handed over words to tell it in.
#[derive(Default)]
pub struct Untold(Mutex<Vec<News>>);

impl Untold {
    fn with<T>(app: &AppHandle, act: impl FnOnce(&mut Vec<News>) -> T) -> T {
        let untold = app.state::<Self>();
        let mut news = untold.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut news)
    }
}

/// Tells the news as soon as there are words, unless the window is in front, where it is seen.
pub fn tell(app: &AppHandle, news: News) {
    Untold::with(app, |untold| {
        if untold.len() < MOST_UNTOLD {
            untold.push(news);
        }
    });
    tell_what_waits(app);
}

/// Tells what had to wait for words.
pub fn tell_what_waits(app: &AppHandle) {
    let Some(words) = Spoken::of(app) else {
        return;
    };
    let news = Untold::with(app, std::mem::take);
    if front::is_it(app) {
        return;
    }
    for news in news {
        let (app, words) = (app.clone(), words.clone());
        // Showing it waits for other programs, and a click on it may come much later.
        std::thread::spawn(move || show(&app, &words, &news));
    }
}

fn show(app: &AppHandle, words: &Words, news: &News) {
    let (title, text) = said(words, news);
    let mut notification = Notification::new();
    notification.summary(&title).body(&plain(&text));
    address(&mut notification, app, &words.show);
    match notification.show() {
        Ok(shown) => bring_when_clicked(app, shown),
        // Not every desktop shows notifications; the window says the same.
        Err(error) => tracing::debug!(%error, "no notification"),
    }
}

fn said(words: &Words, news: &News) -> (String, String) {
    match news {
        News::Done {
            name,
            smaller,
            exact,
        } => {
            let smaller = smaller.map(|n| fill(&words.smaller, &[("percent", &n.to_string())]));
            let proved = exact.then(|| words.proved.clone());
            let text = smaller.into_iter().chain(proved).collect::<Vec<_>>();
            (fill(&words.done, &[("name", name)]), text.join(" "))
        }
        News::Failed { name, why } => (fill(&words.failed, &[("name", name)]), why.clone()),
        News::Asked { name } => {
            let title = fill(&words.asked, &[("name", name)]);
            (title, words.asked_help.clone())
        }
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

/// Text in which nothing is taken for markup, as most of Linux' desktops would.
#[cfg(target_os = "linux")]
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(not(target_os = "linux"))]
fn plain(text: &str) -> String {
    text.to_owned()
}
