//! Invites between real nodes, and the ends of pairings.

use std::time::Duration;

use super::house::{Node, config, identity, paired, soon};
use crate::*;

#[tokio::test]
async fn an_invite_pairs_both_ways() {
    let (mut inviter, mut guest) = (Node::named("Kitchen").await, Node::named("Studio").await);
    let invite: Invite = inviter.net.invite().to_string().parse().unwrap();
    let met = guest.net.redeem(&invite).await.unwrap();
    assert_eq!(
        (met.id, met.name.as_str(), &met.addresses[..]),
        (inviter.id(), "Kitchen", &[inviter.address()][..])
    );
    let known = inviter
        .event("the pairing", |event| match event {
            NetEvent::Paired(paired) => Some(paired),
            _ => None,
        })
        .await;
    assert_eq!((known.id, known.name.as_str()), (guest.id(), "Studio"));
    assert_eq!(known.addresses, [guest.address()]);
    let (there, here) = (guest.link_up().await, inviter.link_up().await);
    assert_eq!((there.peer(), here.peer()), (inviter.id(), guest.id()));
    assert_eq!(
        (there.address(), here.address()),
        (inviter.address(), guest.address())
    );
    for (from, to) in [(&there, &mut inviter), (&here, &mut guest)] {
        from.send(Message::Accepted {
            task: TaskId([7; 16]),
        })
        .await
        .unwrap();
        assert_eq!(
            to.message().await.1,
            Message::Accepted {
                task: TaskId([7; 16])
            }
        );
    }
}

#[tokio::test]
async fn every_wrong_invite_has_its_own_sentence() {
    let [inviter, guest, late] = [
        Node::named("a").await,
        Node::named("b").await,
        Node::named("c").await,
    ];
    let used = inviter.net.invite();
    guest.net.redeem(&used).await.unwrap();
    // Once is all, for whoever redeemed it, too: it would outlive the pairing otherwise.
    assert_eq!(guest.net.redeem(&used).await, Err(RedeemError::Used));
    assert_eq!(late.net.redeem(&used).await, Err(RedeemError::Used));
    let expired = inviter.net.invite_for(Duration::ZERO);
    assert_eq!(late.net.redeem(&expired).await, Err(RedeemError::Expired));
    let foreign = Invite::new(inviter.id(), vec![inviter.address()]);
    assert_eq!(late.net.redeem(&foreign).await, Err(RedeemError::Unknown));
    assert_eq!(
        inviter.net.redeem(&inviter.net.invite()).await,
        Err(RedeemError::OwnInvite)
    );
    // The right secret at the wrong computer: nothing is sent there.
    let mut lured = inviter.net.invite();
    lured.addresses = vec![guest.address()];
    let wrong = DialError::WrongComputer(guest.address());
    assert_eq!(
        late.net.redeem(&lured).await,
        Err(RedeemError::Unreachable(wrong))
    );
    let mut nowhere = inviter.net.invite();
    nowhere.addresses = vec!["127.0.0.1:1".parse().unwrap()];
    let error = late.net.redeem(&nowhere).await.unwrap_err();
    assert!(
        matches!(error, RedeemError::Unreachable(DialError::Unreachable(_))),
        "{error}"
    );
    assert!(late.net.paired().is_empty());
    assert_eq!(inviter.net.paired().len(), 1);
}

#[tokio::test]
async fn guessing_is_stopped_even_for_the_right_guess() {
    let (inviter, guest) = (Node::named("a").await, Node::named("b").await);
    let mut errors = Vec::new();
    for _ in 0..8 {
        let guess = Invite::new(inviter.id(), vec![inviter.address()]);
        errors.push(guest.net.redeem(&guess).await.unwrap_err());
    }
    assert_eq!(errors[..5], [const { RedeemError::Unknown }; 5]);
    assert_eq!(errors[7], RedeemError::SlowDown);
    assert_eq!(
        guest.net.redeem(&inviter.net.invite()).await,
        Err(RedeemError::SlowDown)
    );
}

#[tokio::test]
async fn an_address_that_does_not_answer_does_not_matter() {
    let (inviter, guest) = (Node::named("a").await, Node::named("b").await);
    let mut invite = inviter.net.invite();
    invite.addresses.insert(0, "127.0.0.1:1".parse().unwrap());
    let met = guest.net.redeem(&invite).await.unwrap();
    assert_eq!(met.addresses[0], inviter.address());
}

#[tokio::test]
async fn unpairing_is_told_and_heard() {
    let mut pair = super::house::pair().await;
    let (dialler, listener) = (pair.dialler.id(), pair.listener.id());
    assert!(pair.listener.net.unpair(dialler).await);
    assert!(!pair.listener.net.unpair(dialler).await);
    let ended = |event| match event {
        NetEvent::Unpaired { peer, by_them } => Some((peer, by_them)),
        _ => None,
    };
    assert_eq!(
        pair.dialler.event("the news", ended).await,
        (listener, true)
    );
    assert_eq!(pair.dialler.link_down().await, WhyDown::Unpaired);
    assert_eq!(
        pair.listener.event("the news", ended).await,
        (dialler, false)
    );
    assert_eq!(pair.listener.link_down().await, WhyDown::Unpaired);
    assert!(pair.dialler.net.paired().is_empty() && pair.listener.net.paired().is_empty());
}

#[tokio::test]
async fn unpairing_is_found_out_by_whoever_was_away() {
    let listener = Node::named("listener").await;
    let mut away = config(identity(), "dialler");
    away.paired = vec![paired(listener.id(), "listener", &[listener.address()])];
    let mut dialler = Node::start(away).await;
    let ended = |event| match event {
        NetEvent::Unpaired { peer, by_them } => Some((peer, by_them)),
        _ => None,
    };
    assert_eq!(
        dialler.event("the news", ended).await,
        (listener.id(), true)
    );
    // From then on the other is just somebody near.
    let seen = |event| match event {
        NetEvent::Seen(nearby) => Some(nearby.peer),
        _ => None,
    };
    assert_eq!(dialler.event("it as a stranger", seen).await, listener.id());
}

#[tokio::test]
async fn a_changed_certificate_is_refused_and_reported_once() {
    let (old, new) = (identity(), Node::named("Kitchen").await);
    let mut trusting = config(identity(), "Studio");
    trusting.paired = vec![paired(old.id(), "Kitchen", &[new.address()])];
    let mut studio = Node::start(trusting).await;
    let changed = studio
        .event("the warning", |event| match event {
            NetEvent::ChangedIdentity {
                peer,
                name,
                presented,
                address,
            } => Some((peer, name, presented, address)),
            NetEvent::LinkUp { .. } | NetEvent::Paired(_) => {
                panic!("trusted a stranger: {event:?}")
            }
            _ => None,
        })
        .await;
    assert_eq!(
        changed,
        (old.id(), "Kitchen".into(), new.id(), new.address())
    );
    assert!(studio.net.link(old.id()).is_none() && studio.net.link(new.id()).is_none());
}

fn changed_identity(event: NetEvent) -> Option<(PeerId, PeerId)> {
    match event {
        NetEvent::ChangedIdentity {
            peer, presented, ..
        } => Some((peer, presented)),
        _ => None,
    }
}

#[tokio::test]
async fn a_namesake_of_a_computer_that_is_away_is_reported_until_that_is_back() {
    let (old, new) = (identity(), Node::named("Kitchen").await);
    let mut trusting = config(identity(), "Studio");
    trusting.paired = vec![paired(old.id(), "Kitchen", &[])];
    let mut studio = Node::start(trusting).await;
    studio.net.add_address(new.address()).await.unwrap();
    let changed = studio.event("the warning", changed_identity).await;
    assert_eq!(changed, (old.id(), new.id()));
    assert!(studio.net.link(new.id()).is_none());
    // The one that was meant comes back: it is connected, and the warning may be given again.
    let mut back = config(old.clone(), "Kitchen");
    back.paired = vec![paired(studio.id(), "Studio", &[studio.address()])];
    let back = Node::start(back).await;
    assert_eq!(studio.link_up().await.peer(), old.id());
    drop(back);
    let changed = studio.event("the warning again", changed_identity).await;
    assert_eq!(changed, (old.id(), new.id()));
}

/// A node that is paired with somebody of whom we have the key.
async fn knowing_one() -> (Node, Identity) {
    let one = identity();
    let mut knowing = config(identity(), "new");
    knowing.paired = vec![paired(one.id(), "old", &[])];
    (Node::start(knowing).await, one)
}

fn met_other(event: NetEvent) -> Option<(PeerId, Name, u32)> {
    match event {
        NetEvent::OtherProtocol { peer, name, theirs } => Some((peer, name, theirs)),
        _ => None,
    }
}

#[tokio::test]
async fn another_protocol_is_refused_with_both_numbers() {
    let (mut node, one) = knowing_one().await;
    let other = node.id();
    // One that says so by its header.
    let client = client::http_client(&one, Some(other), node.address()).unwrap();
    let port = node.address().port();
    let url = |path: &str| format!("https://{}:{port}{path}", tls::SERVER_NAME);
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
    ];
    let mut request = client
        .get(url("/v1/link"))
        .header(client::PROTOCOL_HEADER, 2);
    for (name, value) in upgrade {
        request = request.header(name, value);
    }
    let response = request
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 426);
    let refusal: proto::Refusal = response.json().await.unwrap();
    assert_eq!((refusal.protocol, refusal.name.as_str()), (PROTOCOL, "new"));
    assert_eq!(
        node.event("the report", met_other).await,
        (one.id(), "old".into(), 2)
    );
    // And one that redeems an invite.
    let redeem = client
        .post(url("/v1/pair/redeem"))
        .body(r#"{"protocol":4,"pake":"x"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(redeem.status().as_u16(), 426);
}

#[tokio::test]
async fn another_protocol_is_understood_by_its_hello() {
    let (mut node, one) = knowing_one().await;
    let reached = client::reach(&one, node.id(), &[node.address()])
        .await
        .unwrap();
    let (mut wire, _) = client::open_link(reached).await.unwrap();
    let hello = r#"{"hello":{"protocol":3,"name":"Attic","moods":["fine"]}}"#.to_owned();
    futures_util::SinkExt::send(&mut wire.sink, wire::Outgoing::Text(hello))
        .await
        .unwrap();
    assert_eq!(
        node.event("the report", met_other).await,
        (one.id(), "Attic".into(), 3)
    );
    let farewell = soon("the refusal", async {
        loop {
            let heard = futures_util::StreamExt::next(&mut wire.stream)
                .await
                .unwrap()
                .unwrap();
            if let wire::Incoming::Close(farewell) = heard {
                return farewell;
            }
        }
    })
    .await;
    assert_eq!(farewell, wire::Farewell::Protocol);
}

/// The default socket: a caller of either family reaches it, and is known by an address of that family.
#[tokio::test]
async fn one_socket_takes_callers_of_both_families() {
    let everywhere = NetConfig {
        listen: ANYWHERE,
        ..config(identity(), "Kitchen")
    };
    let mut inviter = Node::start(everywhere).await;
    let port = inviter.address().port();
    let without_ipv6 = inviter.address().is_ipv4();
    for (from, to) in [("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]")] {
        if without_ipv6 && from == "[::1]" {
            // This computer has no IPv6: the fall-back is what there is to see, and it was seen.
            continue;
        }
        let listen = format!("{from}:0").parse().unwrap();
        let own = NetConfig {
            listen,
            ..config(identity(), "Studio")
        };
        let guest = Node::start(own).await;
        let mut invite = inviter.net.invite();
        invite.addresses = vec![format!("{to}:{port}").parse().unwrap()];
        let invite: Invite = invite.to_string().parse().unwrap();
        guest.net.redeem(&invite).await.unwrap();
        let link = inviter.link_up().await;
        assert_eq!(link.peer(), guest.id());
        assert_eq!(link.address(), guest.address(), "not in IPv4's disguise");
    }
}

/// Whoever has the port for IPv4 alone keeps it: half a socket would be found by some callers and not by others.
#[tokio::test]
async fn a_taken_port_is_passed_over_whichever_family_took_it() {
    let taken = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut listen = ANYWHERE;
    listen.set_port(port);
    let refused = Net::start(NetConfig {
        listen,
        ..config(identity(), "late")
    })
    .await;
    assert!(
        matches!(refused, Err(NetError::Listen { .. })),
        "two listeners on one port"
    );
}
