//! The lines that travel over the local socket: one JSON object each.
//!
//! The node speaks first (`hello`). A request names a call of [`api::call`] and carries its arguments; the
//! request `events` has no reply of its own but is followed by every event from then on. Replies carry the
//! request's number and come in any order.

use api::{ApiError, Numbered};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The version of this protocol. A client and a node of different versions do not talk.
pub const PROTOCOL: u32 = 1;

/// The request that turns events on.
pub const EVENTS: &str = "events";

/// The longest line that is read. A snapshot of a thousand jobs is a few megabytes.
const LONGEST: u64 = 64 * 1024 * 1024;

/// From the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The client's number for it.
    pub id: u64,
    /// The call's name.
    pub call: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Value,
}

/// From the node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// The first line.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// The version of Manyhands.
        version: String,
    },
    /// A call went well.
    Result {
        /// The request's number.
        id: u64,
        /// What the call answers.
        result: Value,
    },
    /// A call went wrong.
    Error {
        /// The request's number.
        id: u64,
        /// Why.
        error: ApiError,
    },
    /// Something happened.
    Event {
        /// What.
        event: Box<Numbered>,
    },
}

/// Reads one line; `None` at the end.
///
/// # Errors
/// If the connection breaks, the line is too long, or it is not what it should be.
pub async fn read<T, R>(reader: &mut R) -> std::io::Result<Option<T>>
where
    T: for<'de> Deserialize<'de>,
    R: AsyncBufRead + Unpin,
{
    let mut line = Vec::new();
    let length = reader.take(LONGEST).read_until(b'\n', &mut line).await?;
    if length == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "the line has no end",
        ));
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// Writes one line.
///
/// # Errors
/// If the connection breaks.
pub async fn write<T, W>(writer: &mut W, value: &T) -> std::io::Result<()>
where
    T: Serialize,
    W: AsyncWrite + Unpin,
{
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    writer.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_back_and_half_a_line_is_an_error() {
        let request = Request {
            id: 7,
            call: "jobs".into(),
            args: serde_json::json!({}),
        };
        let mut bytes = Vec::new();
        write(&mut bytes, &request).await.unwrap();
        let mut reader = &bytes[..];
        assert_eq!(read(&mut reader).await.unwrap(), Some(request));
        assert_eq!(read::<Request, _>(&mut reader).await.unwrap(), None);
        bytes.pop();
        assert!(read::<Request, _>(&mut &bytes[..]).await.is_err());
        assert!(read::<Request, _>(&mut &b"hello\n"[..]).await.is_err());
    }

    #[test]
    fn the_lines_look_as_documented() {
        let error = ApiError::new(api::ErrorCode::NoSuchJob, "There is no job 3.");
        let line = serde_json::to_string(&Reply::Error { id: 1, error }).unwrap();
        let expected = r#"{"type":"error","id":1,"error":{"code":"no_such_job","message":"There is no job 3.","help":""}}"#;
        assert_eq!(line, expected);
    }
}
