//! What requests carry, read strictly: what is not understood is answered with a problem, never with a guess.

use std::path::{Component, PathBuf};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use api::{FilePath, JobId};

use super::problem::Refused;

/// How long a body of JSON may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body of JSON.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        check_kind(request.headers(), "application/json")?;
        let refused =
            |status| Refused::new(status, "The body is too large or did not arrive whole.");
        let body = timeout(PATIENCE, Bytes::from_request(request, state)).await;
        let body = body.map_err(|_| refused(StatusCode::BAD_REQUEST))?;
        let body = body.map_err(|error| refused(error.status()))?;
        let mut value = serde_json::from_slice(&body).map_err(|error| not_wanted(&error))?;
        whole_numbers(&mut value);
        understood(value).map(Self)
    }
}

/// What a body's JSON says.
///
/// # Errors
/// 400: it says something else than is wanted.
pub fn understood<T: DeserializeOwned>(value: Value) -> Result<T, Refused> {
    serde_json::from_value(value).map_err(|error| not_wanted(&error))
}

fn not_wanted(error: &serde_json::Error) -> Refused {
    let text = format!("The body is not what is wanted here: {error}.");
    Refused::new(StatusCode::BAD_REQUEST, text).help("GET /api/v1/docs shows what is.")
}

/// Makes `4.0` the whole number that it is to JSON Schema, and to languages that know but one kind of number.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            // Below 2^53 every whole number is one of these.
            let whole = number.as_f64().filter(|_| number.is_f64());
            let whole =
                whole.filter(|one| one.fract() == 0.0 && one.abs() < 9_007_199_254_740_992.0);
            if let Some(whole) = whole {
                *number = (whole as i64).into();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(whole_numbers),
        Value::Object(all) => all.values_mut().for_each(whole_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Refuses a body of another kind.
pub fn check_kind(headers: &HeaderMap, wanted: &str) -> Result<(), Refused> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if kind.is_some_and(|kind| kind.eq_ignore_ascii_case(wanted)) {
        return Ok(());
    }
    let text = format!("The body is not marked as {wanted}.");
    Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
        .help(format!("Send the header Content-Type: {wanted}.")))
}

/// What the query of an address asks for.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error| {
            Refused::new(StatusCode::BAD_REQUEST, format!("{}.", error.body_text()))
        })
    }
}

/// The job that a path names. A number that is none is the number of no job.
pub struct Named(pub JobId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let number = path.ok().and_then(|Path(id)| id.parse().ok());
        number
            .map(|id| Self(JobId(id)))
            .ok_or_else(|| Refused::new(StatusCode::NOT_FOUND, "There is no such job."))
    }
}

/// What a path names by a word. One that is no text is the name of nothing.
pub struct Called(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Called {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let unknown = |_| Refused::new(StatusCode::NOT_FOUND, "There is no such thing.");
        path.map(|Path(name)| Self(name)).map_err(unknown)
    }
}

/// A path that was sent. It is in full: this computer's current folder is nobody's business. And it goes straight to
/// where it leads: its beginning says what it is in.
pub fn in_full(path: String) -> Result<FilePath, Refused> {
    let path = PathBuf::from(path);
    let refused = |text| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, text);
    if !path.is_absolute() || path.as_os_str().as_encoded_bytes().contains(&0) {
        let text = "The path is not one in full, from the root of this computer.";
        return Err(refused(text));
    }
    if path.components().any(|part| part == Component::ParentDir) {
        let text = "The path goes back by `..`.";
        return Err(refused(text).help("Send the same path without it."));
    }
    Ok(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let mut value =
            serde_json::from_str(r#"{"a":[4.0,-1e3,0.5,1e300,18446744073709551615]}"#).unwrap();
        whole_numbers(&mut value);
        let expected = r#"{"a":[4,-1000,0.5,1e+300,18446744073709551615]}"#;
        assert_eq!(value.to_string(), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_in_full_and_goes_straight() {
        for right in ["/films/a.mkv", "/films/a..b/..c.mkv", "/"] {
            assert!(in_full(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "a.mkv",
            "../a.mkv",
            "/films/\0.mkv",
            "/data/uploads/../../films/a.mkv",
            "/films/..",
        ] {
            assert!(in_full(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
