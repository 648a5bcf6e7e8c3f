//! The one place that starts a node.

use std::net::SocketAddr;
use std::path::Path;

use api::{Api, ApiError, ErrorCode};

/// How a node is to be started.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// A new name for this computer.
    pub name: Option<String>,
    /// Where others reach it; the usual port or the next free one if not given.
    pub listen: Option<SocketAddr>,
    /// Whether it helps others; as it was set before if not given.
    pub donate: Option<bool>,
    /// Neither look nor be found by mDNS.
    pub no_mdns: bool,
    /// Addresses to look at too.
    pub peers: Vec<String>,
    /// Open no network socket at all: the job is for this computer alone.
    pub no_network: bool,
    /// Leave jobs that were interrupted as they are: the command only wants to look or to pair.
    pub only_look: bool,
    /// Encode so many segments at once, each on one processor core, instead of what was measured as fastest.
    pub workers: Option<u32>,
}

impl Start {
    /// For a command that only looks at what is stored.
    pub fn to_look() -> Self {
        Self {
            only_look: true,
            no_network: true,
            ..Self::default()
        }
    }

    /// For a command that meets other computers and works on nothing.
    pub fn to_meet() -> Self {
        Self {
            only_look: true,
            ..Self::default()
        }
    }

    /// For a job of its own on this computer alone.
    pub fn to_bench(workers: u32) -> Self {
        Self {
            no_network: true,
            workers: Some(workers),
            ..Self::default()
        }
    }
}

/// A node of this process.
pub struct Running {
    api: Api,
}

/// Starts a node.
///
/// # Errors
/// [`ErrorCode::NodeRunning`] if the folder has one; what is wrong with the folder; an address that is taken.
#[expect(clippy::unused_async, reason = "not wired yet")]
pub async fn start(_data: &Path, _start: Start) -> Result<Running, ApiError> {
    Err(ApiError::new(ErrorCode::Other, "There is no engine yet."))
}

impl Running {
    /// Its calls.
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    /// Stops it; its jobs are kept as they are.
    #[expect(clippy::unused_async, reason = "not wired yet")]
    pub async fn stop(self) {}
}
