//! The real program as a node: it listens, is found over its socket, pairs, keeps its folder to itself, and
//! stops cleanly. No film is encoded here; the torture set and the hosts do that.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test is this crate's own"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod node;

use node::{Node, ask, program};
use serde_json::Value;

#[tokio::test]
async fn a_node_listens_pairs_and_stops() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut node = Node::serve(program(first.path()), &["--name", "Kitchen", "--donate"]).await;
    assert_eq!(
        (&node.listening["name"], &node.listening["donating"]),
        (&"Kitchen".into(), &true.into())
    );
    assert!(
        node.listening["addresses"][0]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );

    let (code, lines) = ask(first.path(), &["serve", "--no-mdns"]).await;
    assert_eq!((code, &lines[0]["code"]), (60, &"node_running".into()));
    let (code, lines) = ask(first.path(), &["jobs"]).await;
    assert_eq!((code, lines.len()), (0, 0));

    let (code, lines) = ask(first.path(), &["invite"]).await;
    assert_eq!(code, 0);
    let invite = lines[0]["invite"].as_str().unwrap().to_owned();
    let (code, lines) = ask(second.path(), &["pair", &invite]).await;
    assert_eq!(
        (code, &lines[0]["name"]),
        (0, &"Kitchen".into()),
        "{lines:?}"
    );
    let third = tempfile::tempdir().unwrap();
    assert_eq!(
        ask(third.path(), &["pair", &invite]).await.0,
        52,
        "an invite is good once"
    );
    assert_eq!(
        ask(first.path(), &["pair", &invite]).await.0,
        53,
        "nobody pairs with himself"
    );
    assert_eq!(ask(third.path(), &["pair", "mh1:nonsense"]).await.0, 50);

    let (_, lines) = ask(first.path(), &["peers"]).await;
    let paired: Vec<&Value> = lines.iter().filter(|line| line["paired"] == true).collect();
    assert_eq!(paired.len(), 1, "{lines:?}");
    let id = paired[0]["id"].as_str().unwrap();
    assert_eq!(ask(first.path(), &["unpair", &id[..8]]).await.0, 0);
    assert_eq!(ask(first.path(), &["unpair", &id[..8]]).await.0, 56);

    node.signal("-TERM");
    assert_eq!(node.line("stopped").await["held"], Value::Array(Vec::new()));
    assert_eq!(node.child.wait().await.unwrap().code(), Some(0));
    assert_eq!(
        ask(first.path(), &["jobs"]).await.0,
        0,
        "the folder is free again"
    );
}

#[tokio::test]
async fn a_node_that_is_killed_leaves_nothing_in_the_way() {
    let data = tempfile::tempdir().unwrap();
    let mut node = Node::serve(program(data.path()), &[]).await;
    node.child.kill().await.unwrap();
    let again = Node::serve(program(data.path()), &[]).await;
    assert_eq!(
        again.listening["id"], node.listening["id"],
        "it is the same computer"
    );
    assert_eq!(ask(data.path(), &["jobs"]).await.0, 0);
}

#[tokio::test]
async fn a_node_waits_for_a_short_lived_one_to_let_go() {
    let data = tempfile::tempdir().unwrap();
    let mut brief = Node::start(program(data.path()), &["invite"]);
    brief.line("invite").await;
    let interrupt = async {
        // By the time this is answered, the other has found the folder in use.
        assert_eq!(ask(data.path(), &["jobs"]).await.0, 0);
        brief.signal("-INT");
    };
    let (node, ()) = tokio::join!(Node::serve(program(data.path()), &[]), interrupt);
    assert!(node.listening["id"].is_string());
    assert_eq!(brief.child.wait().await.unwrap().code(), Some(130));
}

#[tokio::test]
async fn a_folder_too_deep_for_a_socket_works_as_well() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("d".repeat(150));
    let _node = Node::serve(program(&data), &[]).await;
    let (code, lines) = ask(&data, &["serve", "--no-mdns"]).await;
    assert_eq!((code, &lines[0]["code"]), (60, &"node_running".into()));
    assert_eq!(ask(&data, &["jobs"]).await.0, 0);
}

#[tokio::test]
async fn the_page_is_served_on_loopback_alone() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::serve(program(data.path()), &["--web", "127.0.0.1:0"]).await;
    let link = node.listening["web"].as_str().unwrap();
    assert!(
        link.starts_with("http://127.0.0.1:") && link.contains("/#token="),
        "{link}"
    );
    let other = tempfile::tempdir().unwrap();
    let words = [
        "serve",
        "--no-mdns",
        "--listen",
        "127.0.0.1:0",
        "--web",
        "0.0.0.0:0",
    ];
    let (code, lines) = ask(other.path(), &words).await;
    assert_eq!((code, &lines[0]["code"]), (63, &"cannot_listen".into()));
}
