//! Errors as HTTP answers.

use api::{ApiError, ErrorCode};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// An error and its status. The body is the [`ApiError`] as JSON.
pub struct Refusal {
    status: StatusCode,
    error: ApiError,
}

/// A refusal by this crate itself; the page branches on the status.
pub fn refuse(status: StatusCode, message: &str) -> Refusal {
    Refusal {
        status,
        error: ApiError::new(ErrorCode::BadRequest, message),
    }
}

/// For whatever is not a route.
pub async fn no_route() -> Refusal {
    refuse(StatusCode::NOT_FOUND, "There is nothing here.")
}

impl Refusal {
    /// Its status and what it says.
    pub fn into_parts(self) -> (StatusCode, ApiError) {
        (self.status, self.error)
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self {
            status: status_of(error.code),
            error,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.error)).into_response()
    }
}

fn status_of(code: ErrorCode) -> StatusCode {
    if code == ErrorCode::BadRequest {
        StatusCode::BAD_REQUEST
    } else if matches!(
        code,
        ErrorCode::NoSuchFile | ErrorCode::NoSuchJob | ErrorCode::NoSuchPeer | ErrorCode::NoSuchKey
    ) {
        StatusCode::NOT_FOUND
    } else if matches!(
        code,
        ErrorCode::NotNow | ErrorCode::NodeRunning | ErrorCode::NoNode
    ) {
        StatusCode::CONFLICT
    } else if code == ErrorCode::NoSpace {
        StatusCode::INSUFFICIENT_STORAGE
    } else if code == ErrorCode::Other {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}
