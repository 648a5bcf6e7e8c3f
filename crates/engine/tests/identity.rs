//! Who is who, where that is in doubt: a copied data folder, and a paired computer that shows another key.

#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod nodes;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use engine::node::{Node, NodeConfig};
use engine::status::{Level, NodeStatus, PeerId, PeerState};
use nodes::config;

/// Starts a node; the folder's lock goes with the last handle of the old one, a moment after that stopped.
async fn node(folder: &Path, name: &str) -> Node {
    node_at(([127, 0, 0, 1], 0).into(), folder, name).await
}

async fn node_at(listen: SocketAddr, folder: &Path, name: &str) -> Node {
    let config = NodeConfig {
        listen: Some(listen),
        ..config(folder, name)
    };
    loop {
        if let Ok(node) = Node::start(config.clone()).await {
            return node;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Looks until `found` makes something of what the node says.
async fn until<T>(node: &Node, found: impl Fn(&NodeStatus) -> Option<T>) -> T {
    loop {
        if let Some(found) = found(&node.status().await.unwrap()) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn id(node: &Node) -> PeerId {
    node.status().await.unwrap().here.id
}

async fn address(node: &Node) -> String {
    node.status().await.unwrap().listening[0].clone()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().flatten() {
        if file.path().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_data_folder_is_noticed_on_both_sides_and_gets_a_key_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let friend = node(folder.path(), "friend").await;
    let original = node(folder.path(), "original").await;
    let (invite, _) = original.invite().unwrap();
    friend.pair(invite).await.unwrap();
    let was = id(&original).await;
    original.stop().await;
    drop(original);
    copy(&folder.path().join("original"), &folder.path().join("copy"));
    let original = node(folder.path(), "original").await;
    // At a place that it keeps.
    let place = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let place = place.unwrap();
    let copied = node_at(place, folder.path(), "copy").await;
    assert_eq!(id(&copied).await, was);

    // Only one of the two calls.
    let refused = original.connect(address(&copied).await).await.unwrap_err();
    assert!(refused.message.contains("identity new"), "{refused:?}");
    for node in [&original, &copied] {
        until(node, |status| status.twin.clone()).await;
    }
    let report = copied.doctor().await.unwrap();
    let told = report
        .iter()
        .find(|line| line.subject == "identity")
        .unwrap();
    assert_eq!(told.level, Level::Bad);
    assert!(told.help.contains("manyhands identity new"), "{told:?}");

    copied.new_identity().await.unwrap();
    copied.stop().await;
    drop(copied);
    let copied = node_at(place, folder.path(), "copy").await;
    assert_ne!(id(&copied).await, was);
    // The copy's pairings were the original's, which keeps them.
    let status = copied.status().await.unwrap();
    assert!(status.peers.is_empty() && status.twin.is_none());
    let kept = original.status().await.unwrap().peers;
    assert!(kept.iter().any(|one| one.name == "friend"), "{kept:?}");
    original.connect(address(&copied).await).await.unwrap();
    // There is nothing left to warn of.
    until(&original, |status| status.twin.is_none().then_some(())).await;
    for node in [friend, original, copied] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paired_computer_with_another_key_is_shown_and_trusted_only_when_paired_anew() {
    let folder = tempfile::tempdir().unwrap();
    let studio = node(folder.path(), "Studio").await;
    let kitchen = node(folder.path(), "Kitchen").await;
    let (invite, _) = kitchen.invite().unwrap();
    studio.pair(invite).await.unwrap();
    let old = id(&kitchen).await;
    let state = |wanted: PeerId| {
        move |status: &NodeStatus| {
            let found = status.peers.iter().find(|one| one.id == wanted);
            found.map(|one| (one.state.clone(), one.trouble.clone()))
        }
    };
    // It is reinstalled: the same name, another key.
    kitchen.stop().await;
    drop(kitchen);
    std::fs::remove_dir_all(folder.path().join("Kitchen")).unwrap();
    let kitchen = node(folder.path(), "Kitchen").await;
    let new = id(&kitchen).await;
    studio.connect(address(&kitchen).await).await.unwrap();
    until(&studio, |status| {
        let (state, _) = state(old)(status)?;
        (state == PeerState::OtherIdentity(new)).then_some(())
    })
    .await;
    let stranger = state(new)(&studio.status().await.unwrap()).unwrap();
    assert_eq!(stranger.0, PeerState::Nearby, "trusted without a word");
    let report = studio.doctor().await.unwrap();
    let told = report
        .iter()
        .find(|line| line.subject == "Kitchen")
        .unwrap();
    assert_eq!(told.level, Level::Bad);
    assert!(told.says.contains("identity changed"), "{told:?}");

    let (invite, _) = kitchen.invite().unwrap();
    studio.pair(invite).await.unwrap();
    let trouble = until(&studio, |status| {
        let (state, trouble) = state(old)(status)?;
        (state == PeerState::Offline).then_some(trouble?)
    })
    .await;
    assert!(trouble.contains("paired anew"), "{trouble}");
    for node in [studio, kitchen] {
        node.stop().await;
    }
}
