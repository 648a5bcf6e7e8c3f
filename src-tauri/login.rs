//! Starting when the user logs in, so that a computer helps without anybody thinking of it.

use api::{ApiError, ErrorCode};
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Wry};
use tauri_plugin_autostart::ManagerExt as _;

use crate::Line;

/// Knows how each system is asked for that; what it starts is this program, out of the way, with this data folder.
pub fn plugin(line: &Line) -> TauriPlugin<Wry> {
    let mut words = vec!["--minimized".to_owned()];
    if let Some(data) = &line.data {
        let data = std::path::absolute(data).unwrap_or_else(|_| data.clone());
        // Elsewhere the words become one line, which the system splits again.
        let data = match data.to_string_lossy() {
            data if cfg!(target_os = "macos") => data.into_owned(),
            data => format!("\"{data}\""),
        };
        words.extend(["--data".to_owned(), data]);
    }
    tauri_plugin_autostart::Builder::new().args(words).build()
}

/// Whether it does.
///
/// # Errors
/// The system does not say.
pub fn starts(app: &AppHandle) -> Result<bool, ApiError> {
    app.autolaunch().is_enabled().map_err(refused)
}

/// Sets whether it does.
///
/// # Errors
/// The system does not let us.
pub fn start(app: &AppHandle, on: bool) -> Result<(), ApiError> {
    let autolaunch = app.autolaunch();
    // What is off already cannot be switched off on every system.
    if !on && !starts(app)? {
        return Ok(());
    }
    let set = if on {
        autolaunch.enable()
    } else {
        autolaunch.disable()
    };
    set.map_err(refused)
}

fn refused(error: impl std::fmt::Display) -> ApiError {
    let text = format!("The system does not let Manyhands start by itself: {error}.");
    ApiError::new(ErrorCode::Other, text)
        .help("Add it to the programs that start at login by hand.")
}
