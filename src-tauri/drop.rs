//! Files dropped on the window: their paths go to the page, which offers them.

use std::path::PathBuf;

use api::{FilePath, Handed};
use serde::Serialize;
use tauri::{AppHandle, DragDropEvent, Manager as _, Window};

use crate::node::Node;
use crate::{films, front};

/// What the page hears under the name `drop`.
#[derive(Clone, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Dropped {
    /// Files are held over the window.
    Over,
    /// They are not any more.
    Out,
    /// They were let go.
    Files { paths: Vec<FilePath> },
    /// Another process was opened with files: `shell.opened` has them.
    Opened,
}

/// Tells the page of files over and in the window.
pub fn on_drag(window: &Window, event: &DragDropEvent) {
    let dropped = match event {
        DragDropEvent::Enter { .. } => Dropped::Over,
        DragDropEvent::Leave => Dropped::Out,
        DragDropEvent::Drop { paths, .. } => {
            Node::of(window.app_handle()).remember_dropped(paths);
            return tell_files(window, paths.clone());
        }
        _ => return,
    };
    tell(window, dropped);
}

/// Looking into folders takes its time where they are far away: the window goes on meanwhile.
fn tell_files(window: &Window, paths: Vec<PathBuf>) {
    let app = window.app_handle().clone();
    tauri::async_runtime::spawn_blocking(move || {
        let paths = films::expand(paths).into_iter().map(FilePath).collect();
        tell(&app, Dropped::Files { paths });
    });
}

fn tell(page: &impl tauri::Emitter<tauri::Wry>, dropped: Dropped) {
    if let Err(error) = page.emit("drop", dropped) {
        tracing::warn!(%error, "the page cannot be told of a drop");
    }
}

/// Takes the files that other processes are opened with, and brings the window to the front.
pub async fn take_handed(app: &AppHandle, mut handed: Handed) {
    while let Some(paths) = handed.recv().await {
        offer(app, paths.into_iter().map(|path| path.0).collect());
        front::bring(app);
    }
}

/// Offers files that the app was opened with.
pub fn offer(app: &AppHandle, files: Vec<PathBuf>) {
    Node::of(app).open(files);
    tell(app, Dropped::Opened);
}
