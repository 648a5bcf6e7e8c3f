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

/// Listens to announcements as any program in the network can.
fn listener(port: u16) -> tokio::net::UdpSocket {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.set_reuse_address(true).unwrap();
    #[cfg(unix)]
    socket.set_reuse_port(true).unwrap();
    let anywhere = std::net::SocketAddr::from(([0, 0, 0, 0], port));
    socket.bind(&anywhere.into()).unwrap();
    let group = std::net::Ipv4Addr::new(224, 0, 0, 251);
    socket
        .join_multicast_v4(&group, &std::net::Ipv4Addr::LOCALHOST)
        .unwrap();
    socket.set_nonblocking(true).unwrap();
    tokio::net::UdpSocket::from_std(socket.into()).unwrap()
}

/// The `key=value` strings of the TXT records in an mDNS packet.
fn texts(packet: &[u8]) -> Vec<String> {
    let number = |at: usize| usize::from(packet[at]) << 8 | usize::from(packet[at + 1]);
    let after_name = |mut at: usize| loop {
        match packet[at] {
            0 => return at + 1,
            length if length >= 0xc0 => return at + 2,
            length => at += 1 + usize::from(length),
        }
    };
    let mut at = 12;
    for _ in 0..number(4) {
        at = after_name(at) + 4;
    }
    let mut texts = Vec::new();
    for _ in 0..number(6) + number(8) + number(10) {
        let head = after_name(at);
        let (kind, length) = (number(head), number(head + 8));
        let (mut text, end) = (head + 10, head + 10 + length);
        while kind == 16 && text < end {
            let (from, to) = (text + 1, text + 1 + usize::from(packet[text]));
            texts.push(String::from_utf8_lossy(&packet[from..to]).into_owned());
            text = to;
        }
        at = end;
    }
    texts
}

/// The next announcement of which `wanted` is true: its texts, and all of it.
async fn announcement(
    socket: &tokio::net::UdpSocket,
    wanted: impl Fn(&[String]) -> bool,
) -> (Vec<String>, String) {
    soon("an announcement", async {
        let mut packet = vec![0; 9000];
        loop {
            let length = socket.recv(&mut packet).await.unwrap();
            let mut said = texts(&packet[..length]);
            said.sort();
            if wanted(&said) {
                return (
                    said,
                    String::from_utf8_lossy(&packet[..length]).into_owned(),
                );
            }
        }
    })
    .await
}

#[tokio::test]
async fn announcements_tell_a_short_name_and_nothing_of_the_machine_or_no_name_at_all() {
    let port = mdns_port();
    let socket = listener(port);
    let mut node = config(identity(), "Kitchen");
    (node.mdns, node.mdns_port) = (true, port);
    let node = Node::start(node).await;
    node.net.set_about(About {
        name: "Kitchen".into(),
        cpu_model: "Abacus 3000".into(),
        cores: 77,
        memory_mb: 123_456,
        ffmpeg: "n9.0.2".into(),
        ..About::default()
    });
    let keys = |said: &[String]| -> Vec<String> {
        let key = |text: &String| text.split('=').next().unwrap_or_default().to_owned();
        said.iter().map(key).collect()
    };
    let (said, packet) = announcement(&socket, |said| !said.is_empty()).await;
    assert_eq!(keys(&said), ["id", "l", "n", "p", "s", "v"]);
    assert!(said.contains(&"n=Kitchen".to_owned()), "{said:?}");
    assert!(said.iter().map(String::len).sum::<usize>() < 200);
    for of_the_machine in ["Abacus", "123456", "n9.0.2"] {
        assert!(!packet.contains(of_the_machine), "{packet}");
    }
    // The system's own name for it is not used either.
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = host.trim();
    assert!(host.len() < 6 || !packet.contains(host), "{host}");

    node.net.set_hides_name(true);
    let hidden = |said: &[String]| !said.is_empty() && !keys(said).contains(&"n".to_owned());
    let (said, packet) = announcement(&socket, hidden).await;
    assert_eq!(keys(&said), ["id", "l", "p", "s", "v"]);
    assert!(!packet.contains("Kitchen"), "{packet}");
    // Whoever asks does not learn it either, and whoever is paired does.
    let friend = identity();
    let card = |key: Identity| {
        let client = crate::client::http_client(&key, Some(node.id()), node.address()).unwrap();
        let url = format!(
            "https://{}:{}/v1/hello",
            crate::tls::SERVER_NAME,
            node.address().port()
        );
        async move { client.get(url).send().await.unwrap().json::<Card>().await }
    };
    assert_eq!(card(friend.clone()).await.unwrap().name.as_str(), "");
    node.net.shared().know(paired(friend.id(), "friend", &[]));
    assert_eq!(card(friend).await.unwrap().name.as_str(), "Kitchen");
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
    // Who was called found out, too.
    let twin = other.event("the twin", |event| match event {
        NetEvent::SameIdentity { address, .. } => Some(address),
        _ => None,
    });
    assert_eq!(twin.await, here);
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
