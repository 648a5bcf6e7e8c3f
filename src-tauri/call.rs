//! The one command of the window: a name and JSON, as everywhere.

use std::path::PathBuf;

use api::{ApiError, ErrorCode, FilePath, JobId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tauri::AppHandle;

use crate::node::Node;
use crate::words::{Spoken, Words};
use crate::{choose, login, notice, outside, tray};

/// Runs a call of the API, or one that only a window has:
///
/// | name | |
/// |---|---|
/// | `shell.choose` | lets the user choose films |
/// | `shell.folder` | lets them choose a folder |
/// | `shell.opened` | the files that the app was opened with since the last time |
/// | `shell.open`, `shell.show` | a job's output in its player, or in its folder |
/// | `shell.keep`, `shell.take` | a small text (the first also a picture) into and out of a file that the user chooses |
/// | `shell.text` | the text of a JSON file that was dropped on the window |
/// | `shell.starts_at_login`, `shell.start_at_login` | whether it starts when its user logs in, and sets that |
/// | `shell.speak` | the words of the page's language, for what the shell says itself |
///
/// # Errors
/// What the call says, for the page to show.
#[tauri::command]
pub async fn call(app: AppHandle, name: String, args: Value) -> Result<Value, ApiError> {
    match name.as_str() {
        "shell.choose" => json(paths(choose::films(&app).await)),
        "shell.folder" => json(choose::folder(&app).await.map(FilePath)),
        "shell.opened" => json(paths(Node::of(&app).opened())),
        "shell.open" => json(outside::open(&output(&app, args).await?)?),
        "shell.show" => json(outside::show(&output(&app, args).await?)?),
        "shell.keep" => {
            let Kept { name, text, bytes } = read(args)?;
            let bytes = bytes.unwrap_or_else(|| text.into_bytes());
            json(choose::keep(&app, &name, &bytes).await?)
        }
        "shell.take" => json(choose::take(&app).await?),
        "shell.text" => json(dropped(&app, args).await?),
        "shell.starts_at_login" => json(login::starts(&app)?),
        "shell.start_at_login" => {
            let Switched { on } = read(args)?;
            json(login::start(&app, on)?)
        }
        "shell.speak" => {
            let Speech { words } = read(args)?;
            Spoken::speak(&app, words);
            tray::draw(&app);
            notice::tell_what_waits(&app);
            json(())
        }
        _ => Node::of(&app).api().await?.dispatch(&name, args).await,
    }
}

/// What `shell.keep` is asked.
#[derive(serde::Deserialize)]
struct Kept {
    /// The name to suggest.
    name: String,
    /// What to write: a text,
    #[serde(default)]
    text: String,
    /// or a picture.
    bytes: Option<Vec<u8>>,
}

/// What `shell.text` is asked.
#[derive(serde::Deserialize)]
struct Named {
    path: FilePath,
}

/// A page that somebody has taken over reads no file that its user has not just given it.
async fn dropped(app: &AppHandle, args: Value) -> Result<String, ApiError> {
    let Named { path } = read(args)?;
    let is_json = path
        .0
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    if is_json && Node::of(app).was_dropped(&path.0) {
        return choose::text(&path.0).await;
    }
    let text = format!(
        "{} was not dropped here, or is no JSON file.",
        path.0.display()
    );
    Err(ApiError::new(ErrorCode::BadRequest, text).help("Drop it on the window once more."))
}

/// What `shell.start_at_login` is told.
#[derive(serde::Deserialize)]
struct Switched {
    on: bool,
}

/// What `shell.speak` is told.
#[derive(serde::Deserialize)]
struct Speech {
    words: Words,
}

/// What `shell.open` and `shell.show` are asked: never a path, only whose.
#[derive(serde::Deserialize)]
struct Whose {
    id: JobId,
}

/// The output of the job that is meant.
async fn output(app: &AppHandle, args: Value) -> Result<PathBuf, ApiError> {
    let Whose { id } = read(args)?;
    let job = Node::of(app).api().await?.job(id).await?;
    match job.state {
        api::JobState::Completed { outcome } => Ok(outcome.output.0),
        _ => Err(ApiError::new(
            ErrorCode::NotNow,
            "This video is not done yet.",
        )),
    }
}

fn read<T: DeserializeOwned>(args: Value) -> Result<T, ApiError> {
    serde_json::from_value(args)
        .map_err(|error| ApiError::new(ErrorCode::BadRequest, error.to_string()))
}

fn json(value: impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|error| ApiError::new(ErrorCode::Other, error.to_string()))
}

fn paths(paths: Vec<PathBuf>) -> Vec<FilePath> {
    paths.into_iter().map(FilePath).collect()
}
