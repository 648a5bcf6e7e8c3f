//! The system's own dialogs for files and folders. The page is not trusted to open them with rules of its own.

use std::path::{Path, PathBuf};

use api::{ApiError, ErrorCode};
use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder, FilePath};
use tokio::sync::oneshot;

use crate::films::FILMS;
use crate::words::Spoken;

/// The largest text taken from a file, bytes.
const MOST_TEXT: u64 = 1 << 20;

/// The films the user chooses; none if they change their mind.
pub async fn films(app: &AppHandle) -> Vec<PathBuf> {
    let (answer, chosen) = oneshot::channel();
    let mut dialog = dialog(app);
    if let Some(words) = Spoken::of(app) {
        dialog = dialog
            .set_title(&words.choose_videos)
            .add_filter(&words.videos, FILMS)
            .add_filter(&words.all_files, &["*"]);
    }
    // Nobody waits any more if the window went meanwhile.
    dialog.pick_files(move |files| drop(answer.send(files)));
    let files = chosen.await.ok().flatten().unwrap_or_default();
    files
        .into_iter()
        .filter_map(|file| file.into_path().ok())
        .collect()
}

/// The folder the user chooses.
pub async fn folder(app: &AppHandle) -> Option<PathBuf> {
    let (answer, chosen) = oneshot::channel();
    let mut dialog = dialog(app);
    if let Some(words) = Spoken::of(app) {
        dialog = dialog.set_title(&words.choose_folder);
    }
    dialog.pick_folder(move |folder| drop(answer.send(folder)));
    path(chosen).await
}

/// Writes a text or a picture into a file that the user chooses; false if they change their mind.
///
/// # Errors
/// [`ErrorCode::OutputReadOnly`] if it cannot be written.
pub async fn keep(app: &AppHandle, name: &str, bytes: &[u8]) -> Result<bool, ApiError> {
    let (answer, chosen) = oneshot::channel();
    dialog(app)
        .set_file_name(name)
        .save_file(move |file| drop(answer.send(file)));
    let Some(file) = path(chosen).await else {
        return Ok(false);
    };
    let unwritten = |error| {
        let text = format!("{} cannot be written: {error}.", file.display());
        ApiError::new(ErrorCode::OutputReadOnly, text).help("Choose another folder.")
    };
    tokio::fs::write(&file, bytes).await.map_err(unwritten)?;
    Ok(true)
}

/// The text of a file that the user chooses; `None` if they change their mind.
///
/// # Errors
/// [`ErrorCode::Unreadable`] if it is no text or more than 1 MiB.
pub async fn take(app: &AppHandle) -> Result<Option<String>, ApiError> {
    let (answer, chosen) = oneshot::channel();
    let mut dialog = dialog(app).add_filter("JSON", &["json"]);
    if let Some(words) = Spoken::of(app) {
        dialog = dialog.add_filter(&words.all_files, &["*"]);
    }
    dialog.pick_file(move |file| drop(answer.send(file)));
    match path(chosen).await {
        Some(file) => text(&file).await.map(Some),
        None => Ok(None),
    }
}

/// The text of a file.
///
/// # Errors
/// [`ErrorCode::Unreadable`] if it is no text or more than 1 MiB.
pub async fn text(file: &Path) -> Result<String, ApiError> {
    let unread = || {
        let text = format!("{} cannot be read as a text.", file.display());
        ApiError::new(ErrorCode::Unreadable, text)
    };
    let about = tokio::fs::metadata(file).await.map_err(|_| unread())?;
    if about.len() > MOST_TEXT {
        return Err(unread());
    }
    let text = tokio::fs::read_to_string(file).await;
    text.map_err(|_| unread())
}

fn dialog(app: &AppHandle) -> FileDialogBuilder<tauri::Wry> {
    app.dialog().file()
}

async fn path(chosen: oneshot::Receiver<Option<FilePath>>) -> Option<PathBuf> {
    chosen.await.ok().flatten()?.into_path().ok()
}
