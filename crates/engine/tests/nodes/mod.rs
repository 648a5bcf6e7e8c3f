//! Nodes of one process on loopback.

use std::path::Path;

use engine::node::NodeConfig;

/// A node that helps, found by its address alone.
pub fn config(folder: &Path, name: &str) -> NodeConfig {
    NodeConfig {
        data_dir: folder.join(name),
        name: Some(name.into()),
        listen: Some(([127, 0, 0, 1], 0).into()),
        mdns: false,
        network: true,
        donate: Some(true),
        peers: Vec::new(),
        stays: false,
        workers: None,
        settings: engine::config::Sources::default(),
    }
}
