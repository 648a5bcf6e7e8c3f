//! One WebSocket, whichever side opened it, as a sink and a stream of text.

use std::pin::Pin;

use axum::extract::ws;
use futures_util::stream::BoxStream;
use futures_util::{Sink, SinkExt, StreamExt, future};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::proto::{Extras, MAX_MESSAGE};

/// What can be said into a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    Text(String),
    Close(Farewell),
}

/// What can be heard from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    Text(String),
    Close(Farewell),
}

/// Why a side closes, as a WebSocket close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    Stopping,
    Duplicate,
    Unpaired,
    Protocol,
    Misbehaved,
    Other(u16),
}

impl Farewell {
    fn code(self) -> u16 {
        match self {
            Self::Stopping => 1001,
            Self::Misbehaved => 1002,
            Self::Duplicate => 4001,
            Self::Protocol => 4002,
            Self::Unpaired => 4003,
            Self::Other(code) => code,
        }
    }
}

impl From<u16> for Farewell {
    fn from(code: u16) -> Self {
        match code {
            1001 => Self::Stopping,
            1002 => Self::Misbehaved,
            4001 => Self::Duplicate,
            4002 => Self::Protocol,
            4003 => Self::Unpaired,
            other => Self::Other(other),
        }
    }
}

/// The connection broke, or something came that is not text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WireBroken(pub(crate) String);

pub(crate) type Sender = Pin<Box<dyn Sink<Outgoing, Error = WireBroken> + Send>>;
pub(crate) type Receiver = BoxStream<'static, Result<Incoming, WireBroken>>;

/// Both halves, each usable without the other.
pub(crate) struct Wire {
    pub(crate) sink: Sender,
    pub(crate) stream: Receiver,
    /// What the other side understands beyond the first build of the protocol.
    pub(crate) extras: Extras,
}

/// The limits of every WebSocket that we open; the ones we accept have the same.
pub(crate) fn limits() -> tungstenite::protocol::WebSocketConfig {
    tungstenite::protocol::WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

impl Wire {
    /// Of a WebSocket that somebody opened to us.
    pub(crate) fn accepted(socket: ws::WebSocket, extras: Extras) -> Self {
        let (sink, stream) = socket.split();
        let sink = sink.with(|outgoing| {
            future::ready(Ok(match outgoing {
                Outgoing::Text(text) => ws::Message::Text(text.into()),
                Outgoing::Close(why) => ws::Message::Close(Some(ws::CloseFrame {
                    code: why.code(),
                    reason: "".into(),
                })),
            }))
        });
        let stream = stream.filter_map(|item| {
            future::ready(match item {
                Ok(ws::Message::Text(text)) => Some(Ok(Incoming::Text(text.to_string()))),
                Ok(ws::Message::Close(frame)) => Some(Ok(Incoming::Close(
                    frame.map_or(1005, |frame| frame.code).into(),
                ))),
                Ok(ws::Message::Ping(_) | ws::Message::Pong(_)) => None,
                Ok(ws::Message::Binary(_)) => Some(Err(WireBroken("a binary message".to_owned()))),
                Err(e) => Some(Err(broken(&e))),
            })
        });
        Self {
            sink: Box::pin(sink.sink_map_err(|e: axum::Error| broken(&e))),
            stream: stream.boxed(),
            extras,
        }
    }

    /// Of a WebSocket that we opened.
    pub(crate) fn dialled<S>(socket: WebSocketStream<S>, extras: Extras) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        use tungstenite::Message;
        let (sink, stream) = socket.split();
        let sink = sink.with(|outgoing| {
            future::ready(Ok(match outgoing {
                Outgoing::Text(text) => Message::Text(text.into()),
                Outgoing::Close(why) => Message::Close(Some(CloseFrame {
                    code: CloseCode::from(why.code()),
                    reason: "".into(),
                })),
            }))
        });
        let stream = stream.filter_map(|item| {
            future::ready(match item {
                Ok(Message::Text(text)) => Some(Ok(Incoming::Text(text.to_string()))),
                Ok(Message::Close(frame)) => Some(Ok(Incoming::Close(
                    frame.map_or(1005, |frame| frame.code.into()).into(),
                ))),
                Ok(Message::Ping(_) | Message::Pong(_)) => None,
                Ok(Message::Binary(_) | Message::Frame(_)) => {
                    Some(Err(WireBroken("a binary message".to_owned())))
                }
                Err(e) => Some(Err(broken(&e))),
            })
        });
        Self {
            sink: Box::pin(sink.sink_map_err(|e: tungstenite::Error| broken(&e))),
            stream: stream.boxed(),
            extras,
        }
    }
}

fn broken(error: &dyn std::error::Error) -> WireBroken {
    WireBroken(error.to_string())
}
