//! `/jobs`: films on their way.

use api::{JobId, KeyScope, Shift};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{CONTENT_RANGE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::choice::Choice;
use super::entry::{Rights, over};
use super::extract::{Asked, Named, Sent, in_full};
use super::job::{self, Job, Segment};
use super::problem::Refused;
use crate::Shared;

/// Jobs in one answer, where nobody says how many.
const PAGE: u32 = 50;
/// The most jobs in one answer.
const LONGEST_PAGE: u32 = 200;

/// Which jobs are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Only those in this state.
    state: Option<job::State>,
    /// At most this many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Only those with a smaller number: the `next_before` of the answer before.
    #[param(minimum = 0)]
    before: Option<u64>,
}

/// Some of the jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Jobs {
    /// They.
    jobs: Vec<Job>,
    /// Ask with this `before` for those that follow; `null`: there are no more.
    next_before: Option<u64>,
}

/// A film to encode.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The film.
    source: Source,
    /// What is wanted of it.
    #[serde(default)]
    choice: Choice,
}

/// Where a film is: on this computer, or sent here before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// Its path on this computer, in full. Needs the scope `files`.
    Path(FullPath),
    /// The id of an upload that has arrived whole.
    Upload(UploadId),
}

/// A path on the node's computer, in full.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(min_length = 1, max_length = 4096, example = "/films/film.mkv")]
pub struct FullPath(String);

/// The id of an upload.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(pattern = "^[0-9a-f]{32}$")]
pub struct UploadId(String);

/// Where to in the queue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// To its head, one place forward or back, or to its end.
    to: Place,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Its head: served first.
    Top,
    /// One place forward.
    Up,
    /// One place back.
    Down,
    /// Its end.
    Bottom,
}

impl From<Place> for Shift {
    fn from(place: Place) -> Self {
        match place {
            Place::Top => Self::Top,
            Place::Up => Self::Up,
            Place::Down => Self::Down,
            Place::Bottom => Self::Bottom,
        }
    }
}

/// Who made which part of a film.
#[derive(Debug, Serialize, ToSchema)]
pub struct Segments {
    /// The parts, in the order of the film.
    segments: Vec<Segment>,
}

/// The jobs, newest first.
#[utoipa::path(get, path = "/jobs", tag = "jobs", params(Wanted),
    responses((status = 200, description = "Some of them.", body = Jobs)))]
pub async fn list(
    State(shared): State<Shared>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Jobs>, Refused> {
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        let text = format!("The limit is 1 to {LONGEST_PAGE}.");
        return Err(Refused::new(StatusCode::BAD_REQUEST, text));
    }
    if wanted
        .before
        .is_some_and(|before| i64::try_from(before).is_err())
    {
        let text = "No job has such a number.";
        return Err(Refused::new(StatusCode::BAD_REQUEST, text));
    }
    let mut jobs = shared.api.jobs().await?;
    jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
    let is_wanted = |one: &api::Job| {
        wanted.before.is_none_or(|before| one.id.0 < before)
            && wanted
                .state
                .is_none_or(|state| job::state(&one.state).0 == state)
    };
    let mut rest = jobs.into_iter().filter(is_wanted);
    let jobs: Vec<Job> = rest.by_ref().take(limit as usize).map(Into::into).collect();
    let last = jobs.last().map(|job| job.id);
    let next_before = rest.next().and(last);
    Ok(Json(Jobs { jobs, next_before }))
}

/// Submits a film.
///
/// A film that is under way with the same choice is joined, and an interrupted or failed one goes on: then the answer is
/// 200 with that job.
#[utoipa::path(post, path = "/jobs", tag = "jobs", request_body = NewJob,
    responses(
        (status = 201, description = "A new job.", body = Job, headers(("Location" = String, description = "The job."))),
        (status = 200, description = "That film is a job already.", body = Job, headers(("Location" = String, description = "The job."))),
    ))]
pub async fn submit(
    State(shared): State<Shared>,
    Extension(rights): Extension<Rights>,
    Sent(new): Sent<NewJob>,
) -> Result<Response, Refused> {
    new.choice.check()?;
    let choice: api::Choice = new.choice.into();
    let elsewhere = choice.place != api::Place::Beside;
    if elsewhere || choice.output.is_some() || choice.out_dir.is_some() {
        rights.check(KeyScope::Files)?;
    }
    let (path, upload) = match new.source {
        Source::Path(path) => {
            rights.check(KeyScope::Files)?;
            (in_full(path.0)?, None)
        }
        Source::Upload(id) => {
            let whole = shared.desk.pending.whole(&shared.uploads, &id.0).await?;
            (whole, Some(id.0))
        }
    };
    // One submission at a time, so that two of the same film at once are one job.
    let _turn = shared.desk.submitting.lock().await;
    let jobs = shared.api.jobs().await?;
    let goes_on = |job: &&api::Job| {
        !job.state.is_over() && !matches!(job.state, api::JobState::Paused { .. })
    };
    let joined = jobs
        .iter()
        .filter(goes_on)
        .find(|job| job.source == path && job.choice.makes_the_same(&choice));
    let (status, id) = match joined {
        Some(job) => (StatusCode::OK, job.id),
        None => {
            let id = hand_in(&shared, path, choice).await?;
            let known = jobs.iter().any(|job| job.id == id);
            (
                if known {
                    StatusCode::OK
                } else {
                    StatusCode::CREATED
                },
                id,
            )
        }
    };
    if let Some(upload) = upload {
        shared.desk.pending.take(&upload);
    }
    let job: Job = shared.api.job(id).await?.into();
    let place = format!("/api/v1/jobs/{}", job.id);
    Ok((status, [(LOCATION, place)], Json(job)).into_response())
}

/// Hands a film to the node; gives its job.
async fn hand_in(
    shared: &Shared,
    path: api::FilePath,
    choice: api::Choice,
) -> Result<JobId, Refused> {
    let submitted = shared.api.submit(vec![path], choice).await;
    let submitted = submitted.map_err(|error| Refused::from(error).understood())?;
    let line = submitted.into_iter().next();
    let (job, error) = line.map_or((None, None), |line| (line.job, line.error));
    if let Some(error) = error {
        return Err(Refused::from(error).understood());
    }
    job.ok_or_else(|| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "Nothing came of it."))
}

/// One job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "It.", body = Job)))]
pub async fn one(State(shared): State<Shared>, Named(id): Named) -> Result<Json<Job>, Refused> {
    Ok(Json(shared.api.job(id).await?.into()))
}

/// Takes a job that is over off the list.
///
/// The output stays where it is, unless the film was an upload: then source and output go, so fetch it before. A job that
/// is not over is refused; cancel it first.
#[utoipa::path(delete, path = "/jobs/{id}", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 204, description = "It is gone.")))]
pub async fn forget(State(shared): State<Shared>, Named(id): Named) -> Result<StatusCode, Refused> {
    shared.api.forget(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Holds a job; what it has made so far is kept.
#[utoipa::path(post, path = "/jobs/{id}/pause", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The job as it stands now.", body = Job)))]
pub async fn pause(State(shared): State<Shared>, Named(id): Named) -> Result<Json<Job>, Refused> {
    shared.api.pause(id).await?;
    one(State(shared), Named(id)).await
}

/// Goes on with a job that is held.
#[utoipa::path(post, path = "/jobs/{id}/resume", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The job as it stands now.", body = Job)))]
pub async fn resume(State(shared): State<Shared>, Named(id): Named) -> Result<Json<Job>, Refused> {
    shared.api.resume(id).await?;
    one(State(shared), Named(id)).await
}

/// Stops a job for good; what it has made so far is removed.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The job as it stands now.", body = Job)))]
pub async fn cancel(State(shared): State<Shared>, Named(id): Named) -> Result<Json<Job>, Refused> {
    shared.api.cancel(id).await?;
    one(State(shared), Named(id)).await
}

/// Tries a failed or cancelled job again, with what it has made so far.
///
/// A cancelled job begins anew under another number: `Location` and the body are of that.
#[utoipa::path(post, path = "/jobs/{id}/retry", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The job as it stands now, under its number of now.", body = Job,
        headers(("Location" = String, description = "The job.")))))]
pub async fn retry(State(shared): State<Shared>, Named(id): Named) -> Result<Response, Refused> {
    let now = shared.api.retry(id).await?;
    let job: Job = shared.api.job(now).await?.into();
    let place = format!("/api/v1/jobs/{}", job.id);
    Ok(([(LOCATION, place)], Json(job)).into_response())
}

/// Brings the result of a film here that was sent to another computer, and left there.
#[utoipa::path(post, path = "/jobs/{id}/fetch", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The job as it stands now.", body = Job)))]
pub async fn fetch(State(shared): State<Shared>, Named(id): Named) -> Result<Json<Job>, Refused> {
    shared.api.fetch(id).await?;
    one(State(shared), Named(id)).await
}

/// Moves a job in the queue.
#[utoipa::path(post, path = "/jobs/{id}/move", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    request_body = Move,
    responses((status = 200, description = "The job as it stands now.", body = Job)))]
pub async fn shift(
    State(shared): State<Shared>,
    Named(id): Named,
    Sent(wanted): Sent<Move>,
) -> Result<Json<Job>, Refused> {
    shared.api.reorder(id, wanted.to.into()).await?;
    one(State(shared), Named(id)).await
}

/// Who made which part of a job's film, also long after it was over.
#[utoipa::path(get, path = "/jobs/{id}/segments", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The parts.", body = Segments)))]
pub async fn segments(
    State(shared): State<Shared>,
    Named(id): Named,
) -> Result<Json<Segments>, Refused> {
    let segments = shared.api.strip(id).await?;
    let segments = segments.into_iter().map(Into::into).collect();
    Ok(Json(Segments { segments }))
}

/// The output of a completed job, whole or a part of it.
#[utoipa::path(get, path = "/jobs/{id}/output", tag = "jobs",
    params(
        ("id" = u64, Path, description = "Its number."),
        ("Range" = Option<String>, Header, description = "`bytes=FROM-TO`: only these bytes. Several parts at once are not given: then it is all of it."),
        ("If-Range" = Option<String>, Header, description = "The `ETag` of what was fetched before: of another output it is all of it."),
    ),
    responses(
        (status = 200, description = "All of it.",
            content((Vec<u8> = "video/x-matroska"), (Vec<u8> = "video/mp4"), (Vec<u8> = "application/octet-stream"))),
        (status = 206, description = "The part.",
            content((Vec<u8> = "video/x-matroska"), (Vec<u8> = "video/mp4"), (Vec<u8> = "application/octet-stream"))),
    ))]
pub async fn output(
    State(shared): State<Shared>,
    Extension(rights): Extension<Rights>,
    Named(id): Named,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let given = crate::output::of(&shared, id, &headers).await?;
    if let Some(range) = given.headers().get(CONTENT_RANGE)
        && given.status() == StatusCode::RANGE_NOT_SATISFIABLE
    {
        let refused = Refused::new(given.status(), "The file has no such part.");
        return Ok(([(CONTENT_RANGE, range.clone())], refused).into_response());
    }
    // It may take hours.
    let over = over(shared, rights);
    Ok(given.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(over)))))
}

/// The receipt of a completed job: what proves that its output is exact. `docs/receipt.md` describes it.
#[utoipa::path(get, path = "/jobs/{id}/receipt", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "It.", body = Object)))]
pub async fn receipt(
    State(shared): State<Shared>,
    Named(id): Named,
) -> Result<Json<serde_json::Value>, Refused> {
    Ok(Json(shared.api.receipt(id).await?.0))
}

/// How the time of a job went: what each computer did when, and why it was not faster.
///
/// Its form is that of the page's own timeline, with times in milliseconds since the job began: it is a record to draw and
/// to read, and gets fields as more is recorded. Of jobs that go on, and of the last thousand that are over.
#[utoipa::path(get, path = "/jobs/{id}/timeline", tag = "jobs", params(("id" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "It.", body = Object)))]
pub async fn timeline(
    State(shared): State<Shared>,
    Named(id): Named,
) -> Result<Json<api::Timeline>, Refused> {
    Ok(Json(shared.api.timeline(id).await?))
}
