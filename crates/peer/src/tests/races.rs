//! Two computers that dial each other at once end with one link, and agree which.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Barrier, mpsc};
use tokio::time::advance;

use super::house::{Node, config, identity, paired, soon};
use super::links::link_to;
use crate::shared::{Shared, Verdict};
use crate::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_the_dials_cross_one_link_stays() {
    for round in 0..25u8 {
        let (mut a, mut b) = (Node::named("a").await, Node::named("b").await);
        let both = Arc::new(Barrier::new(2));
        let dials = [(&a, &b), (&b, &a)].map(|(from, to)| {
            let (shared, both) = (Arc::clone(from.net.shared()), Arc::clone(&both));
            let other = paired(to.id(), "other", &[to.address()]);
            tokio::spawn(async move {
                both.wait().await;
                shared.know(other);
            })
        });
        for dial in dials {
            dial.await.unwrap();
        }
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
                && out.send(Message::Cancel { task }).await.is_ok()
                && back.send(Message::Cancel { task }).await.is_ok()
            {
                return;
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
        NetEvent::LinkDown { why, .. } => {
            assert!(up, "an end without a beginning");
            // One side decides, so a race costs nobody a link that was up.
            panic!("a link was lost: {why:?}");
        }
        NetEvent::Message {
            message: Message::Rights(_),
            ..
        } => None,
        NetEvent::Message { message, .. } => {
            assert!(up, "a message without a link");
            Some(message)
        }
        _ => None,
    })
    .await
}

/// The rule itself: what becomes of a new connection while there is another.
#[tokio::test(start_paused = true)]
async fn the_side_that_decides_keeps_the_first_of_two_in_a_race() {
    let (now, later) = (Duration::ZERO, Duration::from_secs(6));
    let (this_run, next_run) = (Session([1; 8]), Session([2; 8]));
    // decides, we dialled, after, the other's run --> the first stays
    let rule = [
        (true, true, now, this_run, true),
        (true, false, now, this_run, true),
        (true, true, later, this_run, true),
        // It dialled, so it has no link: ours is dead and we have not noticed yet.
        (true, false, later, this_run, false),
        // It was started again.
        (true, true, now, next_run, false),
        (true, false, now, next_run, false),
        // Whoever does not decide takes what it is shown.
        (false, true, now, this_run, false),
        (false, false, later, this_run, false),
    ];
    for (decides, dialled, after, session, stays) in rule {
        let peer = PeerId([9; 32]);
        let config = config(identity(), "x");
        let shared = Shared::new(
            config.identity,
            config.listen,
            0,
            About::default(),
            false,
            mpsc::channel(1).0,
        );
        let shared = Arc::new(shared);
        let (first, _ends) = link_to(peer, true, this_run);
        assert!(matches!(shared.adopt(&first, decides), Verdict::NotPaired));
        shared.know(paired(peer, "x", &[]));
        assert!(matches!(
            shared.adopt(&first, decides),
            Verdict::Adopted(None)
        ));
        advance(after).await;
        let (second, _ends) = link_to(peer, dialled, session);
        let stayed = match shared.adopt(&second, decides) {
            Verdict::Duplicate => true,
            Verdict::Adopted(Some(before)) => {
                assert!(before.is(&first));
                false
            }
            Verdict::Adopted(None) | Verdict::NotPaired => panic!("the first was forgotten"),
        };
        assert_eq!(stayed, stays, "{decides} {dialled} {after:?} {session}");
        assert!(
            shared
                .link(peer)
                .unwrap()
                .is(if stays { &first } else { &second })
        );
        shared.stop.cancel();
    }
}
