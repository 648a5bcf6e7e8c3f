//! `/uploads`: films sent here from elsewhere, in as many parts as it takes.
//!
//! The protocol is tus 1.0 (<https://tus.io>) with *creation* and *termination*, so that its clients work as they are; a
//! program of one's own may begin with JSON instead of tus's headers. The bytes go the same way as those of files dropped
//! on the page ([`crate::uploads`]). What was begun lasts as long as this node runs, and is let go after a day without a
//! word; what a job has goes with that job.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, FromRequest as _, Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, interval};
use utoipa::ToSchema;

use super::entry::{Rights, over};
use super::extract::{Called, Sent, check_kind};
use super::problem::Refused;
use crate::Shared;
use crate::abandoned::{LOOK, PATIENCE};
use crate::resume::{Key, Part, there};
use crate::uploads::{Uploads, append, plain_name};

/// Uploads under way at once: those that no job has yet.
const MOST: usize = 64;
/// The longest name, bytes.
const NAME_BYTES: usize = 1024;

const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("tus-resumable"),
    HeaderValue::from_static("1.0.0"),
);
/// What the body of a part is called.
const PART: &str = "application/offset+octet-stream";

/// Uploads that were begun here.
#[derive(Default)]
pub struct Pending(Mutex<BTreeMap<String, Begun>>);

/// What is known of one.
#[derive(Clone)]
struct Begun {
    key: Key,
    name: String,
    size_bytes: u64,
    touched: Instant,
    /// A job has it: its files go with that job.
    taken: bool,
}

/// A file that is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// Its name; only its last part is kept.
    #[schema(min_length = 1, max_length = 1024, example = "film.mkv")]
    name: String,
    /// Its size.
    #[schema(minimum = 1)]
    size_bytes: u64,
}

/// An upload and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Upload {
    /// Its id, for `POST /jobs`.
    id: String,
    /// The name under which it is kept.
    name: String,
    /// Bytes of the whole.
    size_bytes: u64,
    /// Bytes that have arrived: the next part begins there.
    received_bytes: u64,
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Result<Begun, Refused> {
        let mut all = self.lock();
        let begun = all.get_mut(id).ok_or_else(|| {
            Refused::new(StatusCode::NOT_FOUND, "There is no such upload.")
                .help("Begin one with POST /api/v1/uploads.")
        })?;
        begun.touched = Instant::now();
        Ok(begun.clone())
    }

    /// Whether one of this key was begun here.
    pub fn knows(&self, key: &Key) -> bool {
        self.lock().contains_key(key.name())
    }

    /// A job has this one now.
    pub fn take(&self, id: &str) {
        if let Some(begun) = self.lock().get_mut(id) {
            begun.taken = true;
        }
    }

    /// Adds one, if there is room for one more that is under way.
    fn add(&self, begun: Begun) -> Result<(), Refused> {
        let mut all = self.lock();
        if all.values().filter(|one| !one.taken).count() >= MOST {
            let text = format!("There are {MOST} uploads under way already.");
            return Err(Refused::new(StatusCode::CONFLICT, text).help(
                "Submit those that are whole, and delete those that are not wanted any more.",
            ));
        }
        all.insert(begun.key.name().to_owned(), begun);
        Ok(())
    }

    /// Those that nobody has spoken of for long: known no more. One of which a part comes just now is spoken of.
    fn let_go(&self, comes: impl Fn(&Key) -> bool) -> Vec<Key> {
        let mut all = self.lock();
        let coming = all.values_mut().filter(|begun| comes(&begun.key));
        coming.for_each(|begun| begun.touched = Instant::now());
        let old: Vec<String> = all
            .iter()
            .filter(|(_, begun)| begun.touched.elapsed() > PATIENCE)
            .map(|(id, _)| id.clone())
            .collect();
        old.iter()
            .filter_map(|id| all.remove(id))
            .map(|begun| begun.key)
            .collect()
    }

    /// The path of an upload that has arrived whole.
    ///
    /// # Errors
    /// There is none of that id, or it is not whole.
    pub async fn whole(&self, uploads: &Uploads, id: &str) -> Result<api::FilePath, Refused> {
        let begun = self.find(id)?;
        let received = there(uploads, &begun.key, &begun.name).await;
        if received != begun.size_bytes {
            let text = format!(
                "The upload has not arrived whole: {received} of {} bytes.",
                begun.size_bytes
            );
            return Err(Refused::new(StatusCode::CONFLICT, text)
                .help("Send the rest with PATCH, then submit it."));
        }
        Ok(uploads
            .folder()
            .join(begun.key.name())
            .join(begun.name)
            .into())
    }
}

/// Begins an upload.
///
/// Then send the bytes with `PATCH` to the address in `Location`, as many at a time as you like. A tus client sends the
/// headers `Upload-Length` and `Upload-Metadata` (with `filename`) instead of a body.
#[utoipa::path(post, path = "/uploads", tag = "uploads", request_body = NewUpload,
    responses((status = 201, description = "It is begun.", body = Upload,
        headers(("Location" = String, description = "The upload.")))))]
pub async fn begin(State(shared): State<Shared>, request: Request) -> Result<Response, Refused> {
    let new = wanted(request).await?;
    let name = plain_name(&new.name);
    if new.size_bytes == 0 {
        let text = "The file is empty: there is nothing to encode.";
        return Err(Refused::new(StatusCode::BAD_REQUEST, text));
    }
    let uploads = &shared.uploads;
    uploads.make_folder().await?;
    uploads.check_room(Some(new.size_bytes), 0)?;
    let key = Key::random();
    shared.desk.pending.add(Begun {
        key: key.clone(),
        name: name.clone(),
        size_bytes: new.size_bytes,
        touched: Instant::now(),
        taken: false,
    })?;
    let place = format!("/api/v1/uploads/{}", key.name());
    let upload = Upload {
        id: key.name().to_owned(),
        name,
        size_bytes: new.size_bytes,
        received_bytes: 0,
    };
    let headers = [(LOCATION, place), (OFFSET, "0".to_owned())];
    Ok((StatusCode::CREATED, [VERSION], headers, Json(upload)).into_response())
}

/// What is to be sent, by tus's headers or by JSON.
async fn wanted(request: Request) -> Result<NewUpload, Refused> {
    let headers = request.headers();
    let new = if headers.contains_key(LENGTH) {
        NewUpload {
            size_bytes: number(headers, &LENGTH)?,
            name: named(headers).unwrap_or_default(),
        }
    } else {
        let new = Sent::<NewUpload>::from_request(request, &()).await?.0;
        if new.name.is_empty() {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "The name is empty."));
        }
        new
    };
    if new.name.len() > NAME_BYTES {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "The name is too long.",
        ));
    }
    Ok(new)
}

/// The name that tus's metadata hold: `filename BASE64,…`.
fn named(headers: &HeaderMap) -> Option<String> {
    let all = headers.get(METADATA)?.to_str().ok()?;
    let mut pairs = all
        .split(',')
        .filter_map(|pair| pair.trim().split_once(' '));
    let (_, coded) = pairs.find(|(key, _)| matches!(*key, "filename" | "name"))?;
    String::from_utf8(BASE64.decode(coded.trim().as_bytes()).ok()?).ok()
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Refused> {
    let value = headers
        .get(name)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    value.ok_or_else(|| {
        let text = format!("The header {name} is missing, or is no number.");
        Refused::new(StatusCode::BAD_REQUEST, text)
    })
}

/// Removes uploads that nobody has spoken of for long, without end.
pub async fn keep(shared: Shared) {
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        let writers = &shared.uploads.writers;
        for gone in shared.desk.pending.let_go(|key| writers.is_writing(key)) {
            // What a job uses goes with that job.
            let _ = crate::resume::remove(&shared.uploads, &shared.api, &gone).await;
        }
    }
}

/// How far an upload is. A part that is still being sent is ended.
#[utoipa::path(get, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "It.", body = Upload,
        headers(("Upload-Offset" = u64, description = "Bytes that have arrived."),
            ("Upload-Length" = u64, description = "Bytes of the whole.")))))]
pub async fn tell(State(shared): State<Shared>, Called(id): Called) -> Result<Response, Refused> {
    let begun = shared.desk.pending.find(&id)?;
    let _turn = shared.uploads.writers.turn(&begun.key).await;
    let received_bytes = there(&shared.uploads, &begun.key, &begun.name).await;
    let headers = [
        (OFFSET, received_bytes.to_string()),
        (LENGTH, begun.size_bytes.to_string()),
    ];
    let upload = Upload {
        id,
        name: begun.name,
        size_bytes: begun.size_bytes,
        received_bytes,
    };
    Ok(([VERSION], headers, Json(upload)).into_response())
}

/// Sends the next part of an upload. What has arrived stays, also where the connection breaks.
#[utoipa::path(patch, path = "/uploads/{id}", tag = "uploads",
    params(
        ("id" = String, Path, description = "Its id."),
        ("Upload-Offset" = u64, Header, description = "Where this part begins: as many bytes as have arrived."),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream", description = "The bytes."),
    responses((status = 204, description = "They have arrived.",
        headers(("Upload-Offset" = u64, description = "Bytes that have arrived.")))))]
pub async fn go_on(
    State(shared): State<Shared>,
    Extension(rights): Extension<Rights>,
    Called(id): Called,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let begun = shared.desk.pending.find(&id)?;
    check_kind(&headers, PART)?;
    let from = number(&headers, &OFFSET)?;
    if from > begun.size_bytes {
        let text = "This part begins after the end of the file.";
        return Err(Refused::new(StatusCode::CONFLICT, text));
    }
    let uploads = &shared.uploads;
    uploads.check_room(Some(begun.size_bytes), from)?;
    let part = Part {
        key: begun.key,
        from,
        size: begun.size_bytes,
    };
    let key = part.key.clone();
    let comes = append(uploads, &part, &begun.name, body);
    tokio::pin!(comes);
    let (_, arrived) = tokio::select! {
        arrived = comes.as_mut() => arrived?,
        () = over(shared.clone(), rights) => {
            // What has come is written before it ends.
            uploads.writers.end(&key);
            comes.await?
        }
    };
    shared.desk.pending.find(&id)?;
    let headers = [(OFFSET, arrived.to_string())];
    Ok((StatusCode::NO_CONTENT, [VERSION], headers).into_response())
}

/// Forgets an upload, and what has arrived of it. One that a job uses is refused.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path, description = "Its id.")),
    responses((status = 204, description = "It is gone.")))]
pub async fn forget(State(shared): State<Shared>, Called(id): Called) -> Result<Response, Refused> {
    let begun = shared.desk.pending.find(&id)?;
    crate::resume::remove(&shared.uploads, &shared.api, &begun.key).await?;
    shared.desk.pending.lock().remove(&id);
    Ok((StatusCode::NO_CONTENT, [VERSION]).into_response())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn begun(touched: Instant) -> Begun {
        Begun {
            key: Key::random(),
            name: "a.mkv".to_owned(),
            size_bytes: 1,
            touched,
            taken: false,
        }
    }

    #[test]
    fn what_a_job_has_is_not_under_way_any_more() {
        let pending = Pending::default();
        for _ in 0..2 * MOST {
            let one = begun(Instant::now());
            let id = one.key.name().to_owned();
            pending.add(one).unwrap();
            pending.take(&id);
        }
        for _ in 0..MOST {
            pending.add(begun(Instant::now())).unwrap();
        }
        assert!(pending.add(begun(Instant::now())).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_for_a_day_is_let_go() {
        let pending = Pending::default();
        let (old, new) = (begun(Instant::now()), Key::random());
        pending.add(old.clone()).unwrap();
        tokio::time::advance(PATIENCE).await;
        let one = Begun {
            key: new.clone(),
            ..begun(Instant::now())
        };
        pending.add(one).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(pending.let_go(|key| *key == old.key).is_empty());
        tokio::time::advance(PATIENCE).await;
        pending.find(new.name()).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(pending.let_go(|_| false), [old.key]);
        assert!(pending.find(new.name()).is_ok());
    }

    #[test]
    fn the_name_is_read_out_of_metadata() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(METADATA, text.parse().unwrap());
            named(&headers)
        };
        assert_eq!(of("filename ZmlsbS5ta3Y=").as_deref(), Some("film.mkv"));
        let many = of("filetype dmlkZW8=, filename w6l0w6k=,is_private");
        assert_eq!(many.as_deref(), Some("été"));
        for wrong in [
            "filename",
            "filename !",
            "filename /w==",
            "other ZmlsbS5ta3Y=",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
