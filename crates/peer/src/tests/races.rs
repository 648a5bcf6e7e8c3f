//! Two computers that dial each other at once end with one link, and agree which.

use super::house::{Node, config, identity, paired, soon};
use crate::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_the_dials_cross_one_link_stays() {
    for round in 0..20u8 {
        let (one, other) = (identity(), identity());
        // Both addresses must be known before either starts.
        let places = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let [here, there] = [0, 1].map(|i: usize| places[i].local_addr().unwrap());
        drop(places);
        let mut first = config(one.clone(), "one");
        (first.listen, first.paired) = (here, vec![paired(other.id(), "other", &[there])]);
        let mut second = config(other, "other");
        (second.listen, second.paired) = (there, vec![paired(one.id(), "one", &[here])]);
        let (mut a, mut b) = tokio::join!(Node::start(first), Node::start(second));
        settle(&mut a, &mut b, round).await;
    }
}

/// Both ends must come to hold the two ends of one connection, over which messages pass.
async fn settle(a: &mut Node, b: &mut Node, round: u8) {
    let task = TaskId([round; 16]);
    let agreed = async {
        loop {
            let (there, here) = (a.net.link(b.id()), b.net.link(a.id()));
            if let (Some(out), Some(back)) = (there, here)
                && out.dialled() != back.dialled()
            {
                let said = out.send(Message::Cancel { task }).await.is_ok()
                    && back.send(Message::Cancel { task }).await.is_ok();
                if said {
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    soon("an agreement", agreed).await;
    assert_eq!(heard(a).await, Message::Cancel { task });
    assert_eq!(heard(b).await, Message::Cancel { task });
}

/// The first message; until then ups and downs must alternate.
async fn heard(node: &mut Node) -> Message {
    let mut up = false;
    node.event("a message on the link that stayed", |event| match event {
        NetEvent::LinkUp { .. } => {
            assert!(!up, "two links at once");
            up = true;
            None
        }
        NetEvent::LinkDown { .. } => {
            assert!(up, "an end without a beginning");
            up = false;
            None
        }
        NetEvent::Message { message, .. } => {
            assert!(up, "a message without a link");
            Some(message)
        }
        _ => None,
    })
    .await
}
