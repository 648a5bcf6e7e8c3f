//! Knocking at doors, and listening for what is announced.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::house::{Node, config, identity, pair, soon};
use crate::*;

#[tokio::test]
async fn each_door_says_what_is_behind_it() {
    let node = Node::named("here").await;
    assert_eq!(node.net.knock(node.address()).await, There::Own);

    let other = Node::named("Attic").await;
    let there = There::Manyhands {
        peer: other.id(),
        name: "Attic".into(),
        paired: false,
        linked: false,
    };
    assert_eq!(node.net.knock(other.address()).await, there);

    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    assert_eq!(node.net.knock(address).await, There::Refused);

    let web = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = web.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            // Whoever does not wait for it does not get it.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    assert_eq!(node.net.knock(address).await, There::NotManyhands);

    let twin = identity();
    let (one, copy) = (
        Node::start(config(twin.clone(), "one")).await,
        Node::start(config(twin, "copy")).await,
    );
    assert_eq!(one.net.knock(copy.address()).await, There::Copy);
}

#[tokio::test]
async fn who_is_connected_is_said() {
    let pair = pair().await;
    let there = pair.dialler.net.knock(pair.listener.address()).await;
    let There::Manyhands { paired, linked, .. } = there else {
        panic!("{there:?}")
    };
    assert!(paired && linked);
}

#[tokio::test]
async fn without_mdns_there_is_nothing_to_hear() {
    let node = Node::named("here").await;
    assert_eq!(node.net.survey().await.heard, Heard::Off);
}

#[tokio::test]
async fn our_own_announcement_is_heard_back() {
    let listen = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let node = Node::start(NetConfig {
        listen,
        mdns: true,
        mdns_port: 15_377,
        ..config(identity(), "here")
    })
    .await;
    // A first announcement takes a second; a busy machine takes longer.
    soon("our own announcement", async {
        loop {
            let survey = node.net.survey().await;
            if matches!(survey.heard, Heard::Something { own: true, .. }) {
                return;
            }
            assert!(!matches!(survey.heard, Heard::Failed(_)), "{survey:?}");
        }
    })
    .await;
}
