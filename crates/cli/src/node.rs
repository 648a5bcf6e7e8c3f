//! The one place that starts a node.

use std::net::SocketAddr;
use std::path::Path;

use api::{ApiError, Live, NodeConfig, Sources};

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
    /// It stays: jobs that were interrupted go on, and encoders are measured while nothing else is to be done.
    pub stays: bool,
    /// Where its settings come from; a folder that is made for one job has none.
    pub settings: Sources,
}

impl Start {
    /// For a command that only looks at what is stored.
    pub fn to_look() -> Self {
        Self {
            no_network: true,
            ..Self::default()
        }
    }
}

/// Starts a node. Must be called within a tokio runtime.
///
/// # Errors
/// [`ErrorCode::NodeRunning`] if the folder has one; what is wrong with the folder; an address that is taken or
/// not understood.
pub async fn start(data: &Path, start: Start) -> Result<Live, ApiError> {
    let mut peers = Vec::new();
    for address in &start.peers {
        peers.extend(api::resolve(address).await?);
    }
    Live::start(NodeConfig {
        data_dir: data.to_owned(),
        name: start.name,
        listen: start.listen,
        mdns: !start.no_mdns,
        network: !start.no_network,
        donate: start.donate,
        peers,
        stays: start.stays,
        settings: start.settings,
        workers: None,
    })
    .await
}
