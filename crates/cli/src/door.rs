//! The way to a node: the one that runs with the data folder, or one of our own for as long as it takes.

use std::path::Path;
use std::time::Duration;

use api::Live;
use api::{Api, ApiError, Call, ErrorCode, Numbered};
use local::{Client, Server};
use tokio::sync::mpsc;

use crate::node::{self, Start};

/// How often a folder that is in use is tried again, and for how long: a node that has just been started opens
/// its door in a moment, and one that was started only to answer a question soon lets go.
const AGAIN: Duration = Duration::from_millis(200);
const TRIES: u32 = 30;

/// The way to a node.
pub enum Door {
    /// To one in another process.
    Running(Client),
    /// To our own.
    Own(Own),
}

/// A node of our own, with its door open for other processes.
pub struct Own {
    /// Its calls.
    pub api: Api,
    node: Live,
    server: Server,
}

impl Own {
    /// Starts a node.
    ///
    /// # Errors
    /// [`ErrorCode::NodeRunning`] if the folder has one; what is wrong with the folder; an address that is taken.
    pub async fn start(data: &Path, start: Start) -> Result<Self, ApiError> {
        let node = node::start(data, start).await?;
        let api = node.api();
        match Server::start(api.clone(), data) {
            Ok(server) => Ok(Self { api, node, server }),
            Err(error) => {
                node.stop().await;
                Err(error)
            }
        }
    }

    /// Starts a node that is to stay, and waits for a moment if a short-lived one has the folder.
    ///
    /// # Errors
    /// As [`Own::start`].
    pub async fn start_when_free(data: &Path, start: Start) -> Result<Self, ApiError> {
        let mut tries = 0;
        loop {
            match Self::start(data, start.clone()).await {
                Err(error) if error.code == ErrorCode::NodeRunning && tries < TRIES => tries += 1,
                ended => return ended,
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Closes the door and stops the node; its jobs are kept as they are.
    pub async fn stop(self) {
        drop(self.server);
        drop(self.api);
        self.node.stop().await;
    }
}

impl Door {
    /// Opens the way to the node of `data`; starts one if none runs.
    ///
    /// # Errors
    /// As [`Own::start`], and if the running one does not answer.
    pub async fn open(data: &Path, start: Start) -> Result<Self, ApiError> {
        let mut tries = 0;
        loop {
            if let Some(client) = Client::connect(data).await? {
                return Ok(Self::Running(client));
            }
            match Own::start(data, start.clone()).await {
                Ok(own) => return Ok(Self::Own(own)),
                Err(error) if error.code == ErrorCode::NodeRunning && tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Runs a call.
    ///
    /// # Errors
    /// What the call says.
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Reply, ApiError> {
        match self {
            Self::Running(client) => client.call(call).await,
            Self::Own(own) => own.api.call(call).await,
        }
    }

    /// The events from now on.
    ///
    /// # Errors
    /// [`ErrorCode::NoNode`] if the node has stopped.
    pub async fn events(&self) -> Result<Feed, ApiError> {
        match self {
            Self::Running(client) => Ok(Feed::Running(client.events().await?)),
            Self::Own(own) => Ok(Feed::Own(own.api.events())),
        }
    }

    /// Whether the node is our own and ends with us.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// Goes away; a node of our own stops.
    pub async fn close(self) {
        match self {
            Self::Running(_) => {}
            Self::Own(own) => own.stop().await,
        }
    }
}

/// Events, from wherever the node is.
pub enum Feed {
    /// Of a node in another process.
    Running(mpsc::UnboundedReceiver<Numbered>),
    /// Of our own.
    Own(api::Events),
}

impl Feed {
    /// The next event; `None` when the node has stopped.
    pub async fn next(&mut self) -> Option<Numbered> {
        match self {
            Self::Running(events) => events.recv().await,
            Self::Own(events) => events.next().await,
        }
    }
}
