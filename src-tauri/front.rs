//! The window, in front of all others.

use tauri::{AppHandle, Manager as _};

/// Brings it there, also from where it was minimised to.
pub fn bring(app: &AppHandle) {
    let Some(window) = app.get_webview_window("main") else {
        return;
    };
    let shown = window.unminimize().and_then(|()| window.show());
    // Some window managers allow none of it.
    if let Err(error) = shown.and_then(|()| window.set_focus()) {
        tracing::debug!(%error, "the window cannot come to the front");
    }
}

/// Puts it out of the way: onto the taskbar, where it can be found.
pub fn leave(app: &AppHandle) {
    let window = app.get_webview_window("main");
    if let Some(Err(error)) = window.map(|window| window.minimize()) {
        tracing::debug!(%error, "the window cannot be minimised");
    }
}

/// Whether the user is looking at it.
pub fn is_it(app: &AppHandle) -> bool {
    let window = app.get_webview_window("main");
    window.is_some_and(|window| window.is_focused().unwrap_or(false))
}
