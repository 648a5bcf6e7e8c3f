//! Finding each other: by mDNS on a port of our own, by callers, by typed addresses.

use std::sync::atomic::{AtomicU16, Ordering};

use super::house::{Node, config, identity, paired, soon};
use crate::*;

/// A UDP port for each test's own mDNS.
fn mdns_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % 2000).unwrap();
    21_000 + process * 8 + NEXT.fetch_add(1, Ordering::Relaxed)
}

async fn found(node: &mut Node, id: PeerId) -> Nearby {
    node.event("somebody near", |event| match event {
        NetEvent::Seen(nearby) if nearby.peer == id => Some(nearby),
        NetEvent::DiscoveryFailed { why } => panic!("{why}"),
        _ => None,
    })
    .await
}

/// A caller is seen before it is announced; only the announced can say that they leave.
async fn announced(node: &Node, id: PeerId) {
    soon("an announcement", async {
        while node.net.shared().instances_of(id).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn searching(name: &str, port: u16, identity: Identity) -> Node {
    Node::start(NetConfig {
        mdns: true,
        mdns_port: port,
        ..config(identity, name)
    })
    .await
}

#[tokio::test]
async fn three_nodes_on_one_computer_find_each_other_and_miss_who_leaves() {
    let port = mdns_port();
    let mut nodes = Vec::new();
    for name in ["one", "two", "three"] {
        nodes.push(searching(name, port, identity()).await);
    }
    let ids: Vec<PeerId> = nodes.iter().map(Node::id).collect();
    let addresses: Vec<_> = nodes.iter().map(Node::address).collect();
    for (i, node) in nodes.iter_mut().enumerate() {
        let own = ids[i];
        let mut missing: Vec<PeerId> = ids.iter().copied().filter(|id| *id != own).collect();
        while !missing.is_empty() {
            let seen = node.event("the others", |event| match event {
                NetEvent::Seen(nearby) => Some(nearby),
                _ => None,
            });
            let seen = seen.await;
            assert_ne!(seen.peer, own);
            let which = ids
                .iter()
                .position(|id| *id == seen.peer)
                .expect("one of ours");
            assert_eq!(seen.name.as_str(), ["one", "two", "three"][which]);
            assert!(seen.addresses.contains(&addresses[which]));
            missing.retain(|id| *id != seen.peer);
        }
    }
    let leaving = nodes.pop().unwrap();
    let gone = leaving.id();
    for node in &nodes {
        announced(node, gone).await;
    }
    leaving.net.shutdown().await;
    for node in &mut nodes {
        let unseen = node.event("the absence", |event| match event {
            NetEvent::Unseen { peer } => Some(peer),
            _ => None,
        });
        assert_eq!(unseen.await, gone);
        assert!(node.net.nearby().iter().all(|nearby| nearby.peer != gone));
    }
}

#[tokio::test]
async fn a_new_name_is_noticed() {
    let port = mdns_port();
    let (mut one, two) = (
        searching("one", port, identity()).await,
        searching("two", port, identity()).await,
    );
    assert_eq!(found(&mut one, two.id()).await.name.as_str(), "two");
    two.net.set_about(About {
        name: "Loft".into(),
        donating: true,
        ..About::default()
    });
    let seen = found(&mut one, two.id()).await;
    assert_eq!((seen.name.as_str(), seen.donating), ("Loft", true));
}

#[tokio::test]
async fn the_paired_are_found_wherever_they_are() {
    let (port, one, two) = (mdns_port(), identity(), identity());
    let known = |id, name| NetConfig {
        paired: vec![paired(id, name, &[])],
        mdns: true,
        mdns_port: port,
        ..config(
            if id == one.id() {
                two.clone()
            } else {
                one.clone()
            },
            "x",
        )
    };
    let (mut a, mut b) = (
        Node::start(known(two.id(), "two")).await,
        Node::start(known(one.id(), "one")).await,
    );
    assert_eq!(a.link_up().await.peer(), b.id());
    assert_eq!(b.link_up().await.peer(), a.id());
    assert!(a.net.nearby().is_empty() && b.net.nearby().is_empty());
}

#[tokio::test]
async fn mdns_can_be_turned_off_and_on() {
    let port = mdns_port();
    let (mut one, two) = (
        searching("one", port, identity()).await,
        searching("two", port, identity()).await,
    );
    found(&mut one, two.id()).await;
    announced(&one, two.id()).await;
    two.net.set_mdns(false).await;
    let gone = one.event("the absence", |event| match event {
        NetEvent::Unseen { peer } => Some(peer),
        _ => None,
    });
    assert_eq!(gone.await, two.id());
    two.net.set_mdns(true).await;
    found(&mut one, two.id()).await;
}

#[tokio::test]
async fn a_typed_address_is_enough_for_both() {
    let mut typed = Node::named("typed").await;
    let mut typing = Node::named("typing").await;
    let answer = typing.net.add_address(typed.address()).await.unwrap();
    assert_eq!((answer.peer, answer.name.as_str()), (typed.id(), "typed"));
    assert_eq!(
        found(&mut typing, typed.id()).await.addresses,
        [typed.address()]
    );
    // Whoever is asked learns who asks, although it never heard of it.
    assert_eq!(
        found(&mut typed, typing.id()).await.addresses,
        [typing.address()]
    );
}

#[tokio::test]
async fn whoever_was_near_without_mdns_is_missed_too() {
    let (mut one, two) = (Node::named("one").await, Node::named("two").await);
    one.net.add_address(two.address()).await.unwrap();
    let gone = two.id();
    one.net.forget_address(two.address());
    two.net.shutdown().await;
    crate::scout::recheck(one.net.shared()).await;
    let unseen = one.event("the absence", |event| match event {
        NetEvent::Unseen { peer } => Some(peer),
        _ => None,
    });
    assert_eq!(unseen.await, gone);
    assert!(one.net.nearby().is_empty());
}

#[tokio::test]
async fn a_typed_address_leads_to_the_paired_too() {
    let (one, other) = (identity(), identity());
    let mut waiting = config(other.clone(), "waiting");
    waiting.paired = vec![paired(one.id(), "typing", &[])];
    let waiting = Node::start(waiting).await;
    let mut typing = config(one, "typing");
    typing.paired = vec![paired(other.id(), "waiting", &[])];
    typing.typed = vec![waiting.address()];
    let mut typing = Node::start(typing).await;
    let addresses = typing.event("the link", |event| match event {
        NetEvent::LinkUp { addresses, .. } => Some(addresses),
        _ => None,
    });
    assert_eq!(addresses.await, [waiting.address()]);
}

#[tokio::test]
async fn our_own_address_and_our_own_twin_are_told_apart() {
    let twins = identity();
    let (mut one, mut other) = (
        Node::start(config(twins.clone(), "one")).await,
        Node::start(config(twins, "other")).await,
    );
    let (here, there) = (one.address(), other.address());
    assert_eq!(
        one.net.add_address(here).await,
        Err(AddressError::Own(here))
    );
    assert_eq!(
        one.net.add_address(there).await,
        Err(AddressError::SameIdentity(there))
    );
    let twin = one.event("the twin", |event| match event {
        NetEvent::SameIdentity { address, name } => Some((address, name)),
        _ => None,
    });
    assert_eq!(twin.await, (there, "other".into()));
    other.events.close();
    let mut typed = config(identity(), "third");
    typed.listen = "127.0.0.1:0".parse().unwrap();
    let third = Node::start(typed).await;
    assert!(
        third
            .net
            .add_address("127.0.0.1:1".parse().unwrap())
            .await
            .is_err()
    );
}
