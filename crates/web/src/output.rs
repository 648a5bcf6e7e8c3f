//! `GET /api/output/{job}`: a completed job's output, whole or from somewhere on.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use api::{ApiError, ErrorCode, JobId, JobState, OriginalState};
use axum::body::Body;
use axum::extract::{Path as Segment, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::Shared;
use crate::refusal::{Refusal, refuse};

/// Bytes read at a time; the default of 4 KiB costs most of the speed.
const BLOCK: usize = 256 << 10;

/// Gives the output as a download.
pub async fn give(
    State(shared): State<Shared>,
    Segment(job): Segment<u64>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    of(&shared, JobId(job), &headers).await
}

/// The output of a job, or the part of it that these headers ask for.
pub async fn of(shared: &Shared, job: JobId, headers: &HeaderMap) -> Result<Response, Refusal> {
    let path = path_of(shared, job).await?;
    let gone = |error: io::Error| {
        ApiError::new(
            ErrorCode::NoSuchFile,
            format!("The output {} cannot be read: {error}.", path.display()),
        )
    };
    let mut file = File::open(&path).await.map_err(gone)?;
    let about = file.metadata().await.map_err(gone)?;
    let (size, tag) = (about.len(), tag(&about));
    let text = |name: HeaderName| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    // Who goes on with another output than this gets all of it.
    let same = text(IF_RANGE).is_none_or(|wanted| wanted == tag);
    let asked = text(RANGE).filter(|_| same);
    let part = match asked.map_or(Asked::Whole, |asked| range(asked, size)) {
        Asked::Whole => None,
        Asked::Part(first, length) => Some((first, length)),
        Asked::Beyond => return Ok(beyond(size)),
    };
    let (first, length) = part.unwrap_or((0, size));
    file.seek(io::SeekFrom::Start(first)).await.map_err(gone)?;
    file.set_max_buf_size(BLOCK);
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), BLOCK));
    let about = [
        (CONTENT_TYPE, kind(&path).to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_DISPOSITION, disposition(&path)),
        (ETAG, tag),
    ];
    if part.is_none() {
        return Ok((about, body).into_response());
    }
    let last = first + length - 1;
    let part = [(CONTENT_RANGE, format!("bytes {first}-{last}/{size}"))];
    Ok((StatusCode::PARTIAL_CONTENT, about, part, body).into_response())
}

/// Where the output of a completed job is.
async fn path_of(shared: &Shared, job: JobId) -> Result<PathBuf, Refusal> {
    let job = shared.api.job(job).await?;
    let JobState::Completed { outcome } = job.state else {
        return Err(ApiError::new(ErrorCode::NotNow, "The job has no output yet.").into());
    };
    if job
        .original
        .is_some_and(|one| one.state == OriginalState::Restored)
    {
        let text = "The output is gone: the original was put back.";
        return Err(ApiError::new(ErrorCode::NotNow, text).into());
    }
    Ok(outcome.output.0)
}

/// What an output is known by as long as it is the same.
fn tag(about: &Metadata) -> String {
    let changed = about.modified().ok();
    let changed = changed.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let changed = changed.unwrap_or_default().as_nanos();
    format!("\"{:x}-{changed:x}\"", about.len())
}

/// The answer to who asks for what lies behind the end.
fn beyond(size: u64) -> Response {
    let refusal = refuse(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "The file has no such part.",
    );
    let range = [(CONTENT_RANGE, format!("bytes */{size}"))];
    (range, refusal).into_response()
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// All of it; also what is not understood here: another unit, several parts.
    Whole,
    /// The first byte and how many.
    Part(u64, u64),
    /// Something that the file has not.
    Beyond,
}

/// What of a file of so many bytes is asked for.
fn range(asked: &str, size: u64) -> Asked {
    let numbers = asked
        .strip_prefix("bytes=")
        .and_then(|of| of.split_once('-'));
    let Some((first, last)) = numbers else {
        return Asked::Whole;
    };
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, size.saturating_sub(1)),
        (Err(_), Ok(0)) if first.is_empty() => return Asked::Beyond,
        (Err(_), Ok(tail)) if first.is_empty() => {
            (size.saturating_sub(tail), size.saturating_sub(1))
        }
        _ => return Asked::Whole,
    };
    if first >= size {
        return Asked::Beyond;
    }
    Asked::Part(first, last - first + 1)
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("mp4") => "video/mp4",
        Some("mkv") => "video/x-matroska",
        _ => "application/octet-stream",
    }
}

/// The file's name as RFC 6266 wants it: everything but plain letters and digits is escaped.
fn disposition(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let escaped: String = name.bytes().map(escape).collect();
    format!("attachment; filename*=UTF-8''{escaped}")
}

fn escape(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let cases = [
            ("bytes=0-", Asked::Part(0, 100)),
            ("bytes=40-", Asked::Part(40, 60)),
            ("bytes=40-49", Asked::Part(40, 10)),
            ("bytes=40-4000", Asked::Part(40, 60)),
            ("bytes=-10", Asked::Part(90, 10)),
            ("bytes=-200", Asked::Part(0, 100)),
            ("bytes=100-", Asked::Beyond),
            ("bytes=100-200", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            // What RFC 9110 says is to be passed over.
            ("bytes=5-4", Asked::Whole),
            ("bytes=a-", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("lines=0-1", Asked::Whole),
        ];
        for (asked, expected) in cases {
            assert_eq!(range(asked, 100), expected, "{asked}");
        }
        for asked in ["bytes=0-", "bytes=0-0", "bytes=-5"] {
            assert_eq!(range(asked, 0), Asked::Beyond, "{asked}");
        }
    }

    #[test]
    fn names_are_escaped() {
        let text = disposition(Path::new("/x/a\"b\né.mkv"));
        assert_eq!(text, "attachment; filename*=UTF-8''a%22b%0A%C3%A9.mkv");
    }
}
