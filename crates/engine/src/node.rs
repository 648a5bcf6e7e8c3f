//! A running node, as the shells hold it: a cheap clone with plain methods.

use std::net::SocketAddr;
use std::path::PathBuf;

use media::choice::Choice;
use tokio::sync::watch;

use crate::status::{Cleaned, Finding, Inspection, JobId, NodeStatus, PeerId, PeerStatus, Settings, Terms};
use crate::trouble::{Kind, Trouble};

/// How to start a node.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its data folder; made where missing.
    pub data_dir: PathBuf,
    /// What it is called, this time; else the settings', else the host's name.
    pub name: Option<String>,
    /// Where peers reach it; `None`: port 47820 or the next free one, all interfaces.
    pub listen: Option<SocketAddr>,
    /// Whether it announces itself and looks for others.
    pub mdns: bool,
    /// Whether it may open any network socket at all (`--only-here` jobs of a short-lived node need none).
    pub network: bool,
    /// Helps, this time; `None`: as the settings say.
    pub donate: Option<bool>,
    /// Addresses to try beside those found.
    pub peers: Vec<SocketAddr>,
}

/// What to do with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Stop for good.
    Cancel,
    /// Hold.
    Pause,
    /// Go on.
    Resume,
    /// Again.
    Retry,
    /// Off the list.
    Forget,
}

/// A running node.
#[derive(Clone, Debug)]
pub struct Node {
    changes: watch::Receiver<u64>,
}

impl Node {
    /// Opens the data folder (locking it), starts the network and the loop.
    ///
    /// # Errors
    /// What keeps it from starting, in words.
    pub async fn start(_config: NodeConfig) -> Result<Self, Trouble> {
        Err(Trouble::new(Kind::Other, "The engine is being built."))
    }

    /// Stops: running encoders end, what is verified is kept for the next start.
    pub async fn stop(&self) {}

    /// Everything there is to say, now.
    pub async fn status(&self) -> NodeStatus {
        std::future::pending().await
    }

    /// Ticks whenever something shown may have changed; closes when the node stops.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Looks at a file without starting anything.
    ///
    /// # Errors
    /// Why it cannot be worked on.
    pub async fn inspect(&self, _path: PathBuf, _choice: Choice, _terms: Terms) -> Result<Inspection, Trouble> {
        std::future::pending().await
    }

    /// Starts a job.
    ///
    /// # Errors
    /// Why it cannot be worked on.
    pub async fn submit(&self, _path: PathBuf, _choice: Choice, _terms: Terms) -> Result<JobId, Trouble> {
        std::future::pending().await
    }

    /// Does something with a job.
    ///
    /// # Errors
    /// No such job, or not in this state.
    pub async fn steer(&self, _job: JobId, _steer: Steer) -> Result<(), Trouble> {
        std::future::pending().await
    }

    /// Makes an invite: its line and the seconds it is good for.
    ///
    /// # Errors
    /// Where the node does not listen.
    pub async fn invite(&self) -> Result<(String, u64), Trouble> {
        std::future::pending().await
    }

    /// Redeems an invite.
    ///
    /// # Errors
    /// Why it is not good.
    pub async fn pair(&self, _invite: String) -> Result<PeerStatus, Trouble> {
        std::future::pending().await
    }

    /// Ends a pairing.
    ///
    /// # Errors
    /// No such computer.
    pub async fn unpair(&self, _peer: PeerId) -> Result<(), Trouble> {
        std::future::pending().await
    }

    /// Looks for a computer at `host:port` or `host`, and remembers the address.
    ///
    /// # Errors
    /// Nobody there.
    pub async fn connect(&self, _address: String) -> Result<(), Trouble> {
        std::future::pending().await
    }

    /// What the user has set.
    ///
    /// # Errors
    /// The store's.
    pub async fn settings(&self) -> Result<Settings, Trouble> {
        std::future::pending().await
    }

    /// Sets it.
    ///
    /// # Errors
    /// The store's, or an ffmpeg that does not work.
    pub async fn set_settings(&self, _settings: Settings) -> Result<(), Trouble> {
        std::future::pending().await
    }

    /// Turns helping on or off.
    ///
    /// # Errors
    /// The store's.
    pub async fn donate(&self, _on: bool) -> Result<(), Trouble> {
        std::future::pending().await
    }

    /// Looks at everything that may be wrong.
    ///
    /// # Errors
    /// None today.
    pub async fn doctor(&self) -> Result<Vec<Finding>, Trouble> {
        std::future::pending().await
    }

    /// Removes scratch that no job needs.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn clean(&self) -> Result<Cleaned, Trouble> {
        std::future::pending().await
    }
}
