//! Calls by name: JSON in, JSON out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::Shared;
use crate::refusal::{Refusal, refuse};

/// `POST /api/{call}`: the body holds the arguments; empty means none.
pub async fn call(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let args = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body)
            .map_err(|_| refuse(StatusCode::BAD_REQUEST, "The body is not JSON."))?
    };
    Ok(Json(shared.api.dispatch(&name, args).await?))
}

/// What the page must know of its host.
#[derive(Serialize)]
pub struct Page {
    /// The folder that takes dropped files; a job whose source is below it goes with its files.
    pub uploads: String,
    /// The largest file that may be dropped, bytes.
    pub upload_limit_bytes: u64,
    /// Whether the page is open to the network: it says so all the time.
    pub open: bool,
}

/// How one gets in.
#[derive(Serialize)]
pub struct Entry {
    /// By a password; else only by the link that was printed.
    pub password: bool,
}

/// `GET /api/page`.
pub async fn page(State(shared): State<Shared>) -> Json<Page> {
    let uploads = shared.uploads.folder().display().to_string();
    Json(Page {
        uploads,
        upload_limit_bytes: shared.uploads.limit(),
        open: shared.guard.is_open(),
    })
}
