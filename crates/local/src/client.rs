//! The other end: calls to a node that runs in another process.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use api::{ApiError, Call, ErrorCode, Numbered};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncBufRead, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::place;
use super::wire::{self, EVENTS, PROTOCOL, Reply, Request};

/// A connection to a node that runs in another process.
pub struct Client {
    requests: mpsc::Sender<Request>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_id: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Result<Value, ApiError>>>,
    events: Option<mpsc::UnboundedSender<Numbered>>,
    over: bool,
}

impl Client {
    /// Connects to the node of `data`; `None` if none is running.
    ///
    /// # Errors
    /// [`ErrorCode::NodeRunning`] if one is running but of another version, or does not answer;
    /// [`ErrorCode::BadDataFolder`] if this user may not look.
    pub async fn connect(data: &Path) -> Result<Option<Self>, ApiError> {
        let unusable = |error: io::Error| no_answer(data, &error);
        let Some(stream) = place::find(data).await.map_err(unusable)? else {
            return Ok(None);
        };
        let (reader, writer) = tokio::io::split(stream);
        let mut reader = BufReader::new(reader);
        match wire::read(&mut reader).await.map_err(unusable)? {
            Some(Reply::Hello {
                protocol: PROTOCOL, ..
            }) => {}
            Some(Reply::Hello { version, .. }) => return Err(another_version(&version)),
            Some(Reply::Result { .. } | Reply::Error { .. } | Reply::Event { .. }) | None => {
                return Ok(None);
            }
        }
        let shared = Arc::new(Shared::default());
        let (requests, queue) = mpsc::channel(16);
        let task = tokio::spawn(run(reader, writer, queue, shared.clone()));
        Ok(Some(Self {
            requests,
            shared,
            task,
        }))
    }

    /// Runs a call there.
    ///
    /// # Errors
    /// What the call says; [`ErrorCode::NoNode`] if the node has stopped.
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Reply, ApiError> {
        let args = serde_json::to_value(call).map_err(|error| misread(C::NAME, &error))?;
        self.ask(C::NAME, args).await
    }

    /// The events from now on; they end when the node does. Only the latest caller gets them.
    ///
    /// # Errors
    /// [`ErrorCode::NoNode`] if the node has stopped.
    pub async fn events(&self) -> Result<mpsc::UnboundedReceiver<Numbered>, ApiError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.shared.state().events = Some(sender);
        self.ask::<()>(EVENTS, Value::Null).await?;
        Ok(receiver)
    }

    async fn ask<T: DeserializeOwned>(&self, name: &str, args: Value) -> Result<T, ApiError> {
        let (sender, receiver) = oneshot::channel();
        let id = self.shared.expect(sender)?;
        let request = Request {
            id,
            call: name.to_owned(),
            args,
        };
        self.requests.send(request).await.map_err(|_| gone())?;
        let value = receiver.await.map_err(|_| gone())??;
        serde_json::from_value(value).map_err(|error| misread(name, &error))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, sender: oneshot::Sender<Result<Value, ApiError>>) -> Result<u64, ApiError> {
        let mut state = self.state();
        if state.over {
            return Err(gone());
        }
        state.last_id += 1;
        let id = state.last_id;
        state.waiting.insert(id, sender);
        Ok(id)
    }

    fn take(&self, reply: Reply) {
        let mut state = self.state();
        let (id, outcome) = match reply {
            Reply::Hello { .. } => return,
            Reply::Result { id, result } => (id, Ok(result)),
            Reply::Error { id, error } => (id, Err(error)),
            Reply::Event { event } => {
                if let Some(events) = &state.events {
                    let _ = events.send(*event);
                }
                return;
            }
        };
        if let Some(waiting) = state.waiting.remove(&id) {
            let _ = waiting.send(outcome);
        }
    }

    /// Everyone who waits is told that nothing more comes.
    fn end(&self) {
        let mut state = self.state();
        state.over = true;
        state.waiting.clear();
        state.events = None;
    }
}

async fn run<R, W>(
    mut reader: R,
    mut writer: W,
    mut queue: mpsc::Receiver<Request>,
    shared: Arc<Shared>,
) where
    R: AsyncBufRead + Unpin,
    W: tokio::io::AsyncWrite + Unpin,
{
    let write = async {
        while let Some(request) = queue.recv().await {
            wire::write(&mut writer, &request).await?;
        }
        io::Result::Ok(())
    };
    let read = async {
        while let Some(reply) = wire::read(&mut reader).await? {
            shared.take(reply);
        }
        io::Result::Ok(())
    };
    let outcome = tokio::select! {
        outcome = write => outcome,
        outcome = read => outcome,
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "the node went away");
    }
    shared.end();
}

fn no_answer(data: &Path, error: &io::Error) -> ApiError {
    let folder = data.display();
    if error.kind() == io::ErrorKind::PermissionDenied {
        let text = format!("The data folder {folder} belongs to another user.");
        return ApiError::new(ErrorCode::BadDataFolder, text)
            .help("Name one of your own with --data.");
    }
    let text = format!("The node of {folder} does not answer: {error}.");
    ApiError::new(ErrorCode::NodeRunning, text).help("Stop it and try again.")
}

fn another_version(theirs: &str) -> ApiError {
    let ours = env!("CARGO_PKG_VERSION");
    let text = format!("The node that is running is Manyhands {theirs}; this is {ours}.");
    ApiError::new(ErrorCode::NodeRunning, text)
        .help("Stop it and start it again with this version.")
}

fn gone() -> ApiError {
    ApiError::new(ErrorCode::NoNode, "The node has stopped.")
        .help("Its jobs go on when it is started again: `manyhands serve`.")
}

fn misread(name: &str, error: &serde_json::Error) -> ApiError {
    ApiError::new(
        ErrorCode::Other,
        format!("The node's answer to {name} is not understood: {error}."),
    )
    .help("Stop the node and start it again with this version.")
}
