//! `GET /api/output/{job}`: a completed job's output, whole or from somewhere on.

use std::io;
use std::path::Path;

use api::{ApiError, ErrorCode, JobId, JobState, OriginalState};
use axum::body::Body;
use axum::extract::{Path as Segment, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
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
    let path = outcome.output.as_ref();
    let gone = |error: io::Error| {
        ApiError::new(
            ErrorCode::NoSuchFile,
            format!("The output {} cannot be read: {error}.", path.display()),
        )
    };
    let mut file = File::open(path).await.map_err(gone)?;
    let size = file.metadata().await.map_err(gone)?.len();
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let (first, length) = match asked.map(|asked| range(asked, size)) {
        None => (0, size),
        Some(Some(range)) => range,
        Some(None) => {
            return Err(refuse(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "The file has no such part.",
            ));
        }
    };
    file.seek(io::SeekFrom::Start(first)).await.map_err(gone)?;
    file.set_max_buf_size(BLOCK);
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), BLOCK));
    let about = [
        (CONTENT_TYPE, kind(path).to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_DISPOSITION, disposition(path)),
    ];
    if asked.is_none() {
        return Ok((about, body).into_response());
    }
    let part = [(
        CONTENT_RANGE,
        format!("bytes {first}-{}/{size}", first + length - 1),
    )];
    Ok((StatusCode::PARTIAL_CONTENT, about, part, body).into_response())
}

/// First byte and length of the one range asked for, if the file has it.
fn range(asked: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first, last) {
        ("", tail) => (size.checked_sub(tail.parse().ok()?)?, size.checked_sub(1)?),
        (first, "") => (first.parse().ok()?, size.checked_sub(1)?),
        (first, last) => (
            first.parse().ok()?,
            last.parse::<u64>().ok()?.min(size.checked_sub(1)?),
        ),
    };
    (first <= last).then(|| (first, last - first + 1))
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
            ("bytes=0-", Some((0, 100))),
            ("bytes=40-", Some((40, 60))),
            ("bytes=40-49", Some((40, 10))),
            ("bytes=40-4000", Some((40, 60))),
            ("bytes=-10", Some((90, 10))),
            ("bytes=100-", None),
            ("bytes=-200", None),
            ("bytes=5-4", None),
            ("bytes=-0", None),
            ("bytes=a-", None),
            ("bytes=0-1,5-6", None),
            ("lines=0-1", None),
        ];
        for (asked, expected) in cases {
            assert_eq!(range(asked, 100), expected, "{asked}");
        }
        assert_eq!(range("bytes=0-", 0), None);
    }

    #[test]
    fn names_are_escaped() {
        let text = disposition(Path::new("/x/a\"b\né.mkv"));
        assert_eq!(text, "attachment; filename*=UTF-8''a%22b%0A%C3%A9.mkv");
    }
}
