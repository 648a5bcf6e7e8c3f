//! `/originals`: the originals of films that were replaced by their results, put back or deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choice::same_words;
use super::extract::Named;
use super::job::{Job, shown};
use super::problem::Refused;
use crate::Shared;

/// The original of a film that was replaced by its result.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Original {
    /// The job that made the result.
    pub job_id: u64,
    /// The name it had.
    pub source_path: String,
    /// The result's name.
    pub output_path: String,
    /// Where it is while it is kept.
    pub kept_path: String,
    /// Bytes of it.
    pub source_bytes: u64,
    /// When it was replaced, Unix milliseconds.
    pub replaced_ms: u64,
    /// When it may be deleted; `null`: only when somebody says so.
    pub until_ms: Option<u64>,
    /// How it stands.
    pub state: OriginalState,
    /// Why it is still kept though its time is over, in a sentence.
    pub trouble: Option<String>,
}

same_words! {
    /// How an original stands.
    OriginalState {
        /// Kept beside the result.
        Kept,
        /// At its own name again; the result is gone.
        Restored,
        /// Deleted.
        Deleted,
        /// On its way, and its disk is not there: it is gone on with when it is.
        Moving,
    }
}

/// The originals of films that were replaced.
#[derive(Debug, Serialize, ToSchema)]
pub struct Originals {
    /// They, the newest first.
    originals: Vec<Original>,
}

impl From<api::Original> for Original {
    fn from(one: api::Original) -> Self {
        Self {
            job_id: one.job.0,
            source_path: shown(&one.source),
            output_path: shown(&one.output),
            kept_path: shown(&one.kept),
            source_bytes: one.bytes,
            replaced_ms: one.replaced_ms,
            until_ms: one.until_ms,
            state: one.state.into(),
            trouble: one.trouble,
        }
    }
}

/// The originals of films that were replaced by their results.
#[utoipa::path(get, path = "/originals", tag = "jobs", responses((status = 200, description = "They.", body = Originals)))]
pub async fn list(State(shared): State<Shared>) -> Result<Json<Originals>, Refused> {
    let originals = shared.api.originals().await?.into_iter().map(Into::into);
    Ok(Json(Originals {
        originals: originals.collect(),
    }))
}

/// Puts the original back that a job's result replaced. The result is gone then.
#[utoipa::path(post, path = "/jobs/{id}/undo", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The job as it stands now.", body = Job)))]
pub async fn undo(State(shared): State<Shared>, Named(id): Named) -> Result<Json<Job>, Refused> {
    shared.api.undo(id).await?;
    Ok(Json(shared.api.job(id).await?.into()))
}

/// Deletes the original that a job's result replaced, for good.
#[utoipa::path(delete, path = "/jobs/{id}/original", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 204, description = "It is gone.")))]
pub async fn delete(State(shared): State<Shared>, Named(id): Named) -> Result<StatusCode, Refused> {
    shared.api.delete_original(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
