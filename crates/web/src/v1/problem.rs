//! What goes wrong, as this interface says it: a status, a word to branch on, a sentence, and what to do.

use api::{ApiError, ErrorCode, KeyScope};
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Paths};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::UtoipaMethodRouter;

use super::entry;
use crate::Shared;
use crate::refusal::Refusal;

/// The name of the way in, in the document.
pub const SCHEME: &str = "key";

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A word to branch on: one of the codes of the command line's exit table, or, for what only HTTP knows,
    /// `unauthorized`, `forbidden`, `not_found`, `method_not_allowed`, `conflict`, `precondition_failed`, `too_large`,
    /// `unsupported_media_type`, `range_not_satisfiable`, `upgrade_required`, `too_many_requests`, `busy`.
    #[schema(example = "no_such_job")]
    pub code: String,
    /// One sentence that says what is wrong. It may quote names of files and computers: show it as text only.
    #[schema(example = "There is no job 7.")]
    pub message: String,
    /// One sentence that says what to do; empty where there is nothing to do.
    pub help: String,
}

/// A request that is not done, and its answer.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    problem: Problem,
}

impl Refused {
    /// Refused by this interface itself: the word follows from the status.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let problem = Problem {
            code: word(status).to_owned(),
            message: message.into(),
            help: String::new(),
        };
        Self { status, problem }
    }

    /// The same where the request was understood, and what it asks for is out of the question: 422 instead of 400.
    #[must_use]
    pub fn understood(mut self) -> Self {
        if self.status == StatusCode::BAD_REQUEST {
            self.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = help.into();
        self
    }
}

/// As the field of another answer: why a job failed.
impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        // Every code is a word in JSON; one that were not would be said as the general one.
        let code = serde_json::to_value(error.code).ok();
        let code = code.and_then(|code| code.as_str().map(str::to_owned));
        Self {
            code: code.unwrap_or_else(|| "other".to_owned()),
            message: error.message,
            help: error.help,
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (status, error) = refusal.into_parts();
        let own = error.code == ErrorCode::BadRequest;
        let mut problem = Problem::from(error);
        if own {
            problem.code = word(status).to_owned();
        }
        Self { status, problem }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(self.problem);
        match self.status {
            StatusCode::UNAUTHORIZED => {
                (self.status, [(WWW_AUTHENTICATE, "Bearer")], body).into_response()
            }
            StatusCode::TOO_MANY_REQUESTS => {
                (self.status, [(RETRY_AFTER, "60")], body).into_response()
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                (self.status, [(RETRY_AFTER, "1")], body).into_response()
            }
            status => (status, body).into_response(),
        }
    }
}

/// For a path that is no route.
pub async fn no_route() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "There is nothing here.")
        .help("GET /api/v1/docs lists what there is.")
}

/// For a route that knows other methods.
pub async fn no_method() -> Refused {
    Refused::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This cannot be done with that method.",
    )
    .help("GET /api/v1/docs lists what there is.")
}

fn word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        409 => "conflict",
        412 => "precondition_failed",
        413 => "too_large",
        415 => "unsupported_media_type",
        416 => "range_not_satisfiable",
        426 => "upgrade_required",
        429 => "too_many_requests",
        503 => "busy",
        500 => "other",
        _ => "bad_request",
    }
}

/// What each failure means, for the document.
fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is not understood.",
        401 => "No key, or one that is not good.",
        403 => "The key is not good for this, or the request comes from another page.",
        404 => "There is no such thing.",
        409 => "Not in this state.",
        412 => "It was changed by somebody else meanwhile.",
        413 => "Larger than is taken.",
        415 => "The body is of another kind than is taken here.",
        416 => "The file has no such part.",
        422 => "Understood, and it cannot be done: the code says why.",
        426 => "This is a WebSocket.",
        429 => "Too many wrong keys from this address: wait a minute.",
        500 => "Something went wrong here.",
        503 => "Too much is asked at once: come back in a moment.",
        507 => "There is not enough room on the disk.",
        _ => "It cannot be done.",
    }
}

/// What may happen to every request.
const ANYWHERE: [u16; 6] = [400, 401, 403, 429, 500, 503];

/// The route with the scope that opens it, in the router and in the document, and how it may fail.
pub fn documented(
    scope: KeyScope,
    fails: &[u16],
    (schemas, mut paths, router): UtoipaMethodRouter<Shared>,
) -> UtoipaMethodRouter<Shared> {
    for operation in operations(&mut paths) {
        operation.security = Some(vec![SecurityRequirement::new(SCHEME, [scope.word()])]);
        for status in ANYWHERE.iter().chain(fails) {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build();
            let response = ResponseBuilder::new()
                .description(meaning(*status))
                .content("application/json", content);
            let responses = &mut operation.responses.responses;
            responses.insert(status.to_string(), RefOr::T(response.build()));
        }
    }
    let guarded = router.route_layer(middleware::from_fn_with_state(scope, entry::need));
    (schemas, paths, guarded)
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = &mut Operation> {
    paths.paths.values_mut().flat_map(|item| {
        [
            item.get.as_mut(),
            item.put.as_mut(),
            item.post.as_mut(),
            item.delete.as_mut(),
            item.head.as_mut(),
            item.patch.as_mut(),
        ]
        .into_iter()
        .flatten()
    })
}
