//! The node's end of the local socket: calls go to the [`Api`], events come out.

use std::io;
use std::path::Path;

use api::{Api, ApiError, ErrorCode};
use interprocess::local_socket::tokio::{Stream, prelude::*};
use tokio::io::BufReader;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::place::{self, Bound};
use super::wire::{self, EVENTS, PROTOCOL, Reply, Request};

/// Lines waiting to be written to one client. A client slower than this loses events, sees the gap in their
/// numbers and asks for a snapshot.
const QUEUE: usize = 256;

/// A node's open door; shut when this goes.
pub struct Server {
    task: JoinHandle<()>,
    _bound: Bound,
}

impl Server {
    /// Opens the door of the node that has locked `data`.
    ///
    /// # Errors
    /// [`ErrorCode::CannotListen`] if the socket cannot be made.
    pub fn start(api: Api, data: &Path) -> Result<Self, ApiError> {
        let (listener, bound) = place::bind(data).map_err(|error| cannot_open(&error))?;
        let task = tokio::spawn(async move {
            let mut clients = JoinSet::new();
            loop {
                match listener.accept().await {
                    Ok(stream) => {
                        clients.spawn(serve(api.clone(), stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a local connection failed");
                        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    }
                }
                while clients.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            task,
            _bound: bound,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(api: Api, stream: Stream) {
    let (reader, mut writer) = tokio::io::split(stream);
    let (replies, mut waiting) = mpsc::channel::<Reply>(QUEUE);
    let hello = Reply::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let write = async move {
        wire::write(&mut writer, &hello).await?;
        while let Some(reply) = waiting.recv().await {
            wire::write(&mut writer, &reply).await?;
        }
        io::Result::Ok(())
    };
    let outcome = tokio::select! {
        outcome = write => outcome,
        outcome = read(api, BufReader::new(reader), replies) => outcome,
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a local client went away");
    }
}

/// Starts what is asked for, each call in a task of its own: a long one holds up no other, and one that was
/// begun is finished though its client goes away.
async fn read(
    api: Api,
    mut reader: impl tokio::io::AsyncBufRead + Unpin,
    replies: mpsc::Sender<Reply>,
) -> io::Result<()> {
    while let Some(request) = wire::read::<Request, _>(&mut reader).await? {
        let (api, replies) = (api.clone(), replies.clone());
        if request.call == EVENTS {
            // Subscribed before anything is answered: a snapshot asked for afterwards misses nothing.
            let events = api.events();
            let started = Reply::Result {
                id: request.id,
                result: serde_json::Value::Null,
            };
            tokio::spawn(async move {
                let _ = replies.send(started).await;
                tell(events, replies).await;
            });
            continue;
        }
        tokio::spawn(async move {
            let reply = match api.dispatch(&request.call, request.args).await {
                Ok(result) => Reply::Result {
                    id: request.id,
                    result,
                },
                Err(error) => Reply::Error {
                    id: request.id,
                    error,
                },
            };
            // A client that has gone away needs no answer.
            let _ = replies.send(reply).await;
        });
    }
    Ok(())
}

async fn tell(mut events: api::Events, replies: mpsc::Sender<Reply>) {
    while let Some(event) = events.next().await {
        match replies.try_send(Reply::Event {
            event: Box::new(event),
        }) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return,
        }
    }
}

fn cannot_open(error: &io::Error) -> ApiError {
    ApiError::new(
        ErrorCode::CannotListen,
        format!("The local socket cannot be opened: {error}."),
    )
    .help("Give --data a folder on a local disk.")
}
