//! The system's own dialog for choosing files. The page is not trusted to open it with rules of its own.

use std::path::PathBuf;

use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

/// What most films are named. Everything else can be chosen too: ffmpeg decides, not a name.
const FILMS: &[&str] = &[
    "mkv", "mp4", "m4v", "mov", "webm", "avi", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "wmv",
    "flv", "ogv", "3gp", "mxf",
];

/// The files the user chooses; none if they change their mind.
pub async fn files(app: &AppHandle) -> Vec<PathBuf> {
    let (answer, chosen) = oneshot::channel();
    app.dialog()
        .file()
        .set_title("Choose videos")
        .add_filter("Videos", FILMS)
        .add_filter("All files", &["*"])
        // Nobody waits any more if the window went meanwhile.
        .pick_files(move |files| drop(answer.send(files)));
    let files = chosen.await.ok().flatten().unwrap_or_default();
    files
        .into_iter()
        .filter_map(|file| file.into_path().ok())
        .collect()
}
