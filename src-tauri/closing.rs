//! The question before the window closes, while something is under way.

use tauri::{AppHandle, CloseRequestApi, Manager as _, Window};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons};

use crate::around::Latest;
use crate::words::Spoken;

/// Says what closing means while something is under way, and lets the user decide.
pub fn ask_first(window: &Window, close: &CloseRequestApi) {
    let app = window.app_handle();
    if Latest::fresh(app).is_busy() && Spoken::of(app).is_some() {
        close.prevent_close();
        ask(app);
    }
}

/// Ends the app, after asking if something is under way.
pub fn ask(app: &AppHandle) {
    let now = Latest::fresh(app);
    let Some(words) = Spoken::of(app).filter(|_| now.is_busy()) else {
        return app.exit(0);
    };
    let text = if now.measuring {
        &words.quit_measuring
    } else if now.going.is_empty() {
        &words.quit_helping
    } else {
        &words.quit_jobs
    };
    let buttons = MessageDialogButtons::OkCancelCustom(words.quit.clone(), words.stay.clone());
    let mut dialog = app
        .dialog()
        .message(text)
        .title(&words.quit_title)
        .buttons(buttons);
    if let Some(window) = app.get_webview_window("main") {
        dialog = dialog.parent(&window);
    }
    let app = app.clone();
    dialog.show(move |quit| {
        if quit {
            app.exit(0);
        }
    });
}
