//! Files dropped on the window: their paths go to the page, which offers them.

use api::FilePath;
use serde::Serialize;
use tauri::{DragDropEvent, Emitter as _, Window, WindowEvent};

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
}

/// Tells the page of files over and in the window.
pub fn on_window_event(window: &Window, event: &WindowEvent) {
    let WindowEvent::DragDrop(event) = event else {
        return;
    };
    let dropped = match event {
        DragDropEvent::Enter { .. } => Dropped::Over,
        DragDropEvent::Leave => Dropped::Out,
        DragDropEvent::Drop { paths, .. } => Dropped::Files {
            paths: paths.iter().map(FilePath::from).collect(),
        },
        _ => return,
    };
    if let Err(error) = window.emit("drop", dropped) {
        tracing::warn!(%error, "the page cannot be told of a drop");
    }
}
