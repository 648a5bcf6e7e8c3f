//! The one command of the window: a name and JSON, as everywhere.

use api::{ApiError, ErrorCode, FilePath};
use serde_json::Value;
use tauri::AppHandle;

use crate::choose;
use crate::node::Node;

/// Runs a call of the API, or one that only a window has: `shell.choose` lets the user choose files,
/// `shell.opened` gives those that the app was opened with.
///
/// # Errors
/// What the call says, for the page to show.
#[tauri::command]
pub async fn call(app: AppHandle, name: String, args: Value) -> Result<Value, ApiError> {
    match name.as_str() {
        "shell.choose" => as_json(choose::files(&app).await),
        "shell.opened" => as_json(Node::of(&app).opened()),
        _ => Node::of(&app).api().await?.dispatch(&name, args).await,
    }
}

fn as_json(paths: Vec<std::path::PathBuf>) -> Result<Value, ApiError> {
    let paths: Vec<FilePath> = paths.into_iter().map(FilePath).collect();
    serde_json::to_value(paths).map_err(|error| ApiError::new(ErrorCode::Other, error.to_string()))
}
