//! The life of a link, in time that is ours to pass.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt, sink, stream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::house::{Node, identity, pair, soon};
use crate::client::http_client;
use crate::link::{Ends, Parts, Telling, converse};
use crate::proto::Extras;
use crate::wire::{Farewell, Incoming, Outgoing, Wire, WireBroken};
use crate::*;

/// The far end of a wire without a network.
struct Far {
    heard: mpsc::UnboundedReceiver<Outgoing>,
    say: mpsc::UnboundedSender<Result<Incoming, WireBroken>>,
}

impl Far {
    fn say(&self, message: &Message) {
        self.say
            .send(Ok(Incoming::Text(message.encode().unwrap())))
            .unwrap();
    }

    async fn hears(&mut self) -> Message {
        match self.heard.recv().await.expect("the near end closed") {
            Outgoing::Text(text) => Message::decode(&text).unwrap(),
            Outgoing::Close(why) => panic!("closed: {why:?}"),
        }
    }
}

fn wire() -> (Wire, Far) {
    let (say, saying) = mpsc::unbounded_channel();
    let (hear, heard) = mpsc::unbounded_channel();
    let sink = sink::unfold(hear, |hear, outgoing: Outgoing| async move {
        hear.send(outgoing)
            .map_err(|_| WireBroken("gone".to_owned()))?;
        Ok(hear)
    });
    let stream = stream::unfold(saying, |mut saying| async move {
        Some((saying.recv().await?, saying))
    });
    (
        Wire {
            sink: Box::pin(sink),
            stream: stream.boxed(),
            extras: Extras::default(),
        },
        Far { heard, say },
    )
}

fn link() -> (Link, Ends) {
    link_to(PeerId([9; 32]), true, Session([1; 8]))
}

/// A link that leads nowhere.
pub(super) fn link_to(peer: PeerId, dialled: bool, session: Session) -> (Link, Ends) {
    let address = "127.0.0.1:1".parse().unwrap();
    let client = http_client(&identity(), Some(peer), address).unwrap();
    let (traffic, blobs) = Default::default();
    Link::new(Parts {
        peer,
        dialled,
        address,
        session,
        traffic,
        blobs,
        client,
        extras: Extras {
            holding: true,
            ..Extras::default()
        },
    })
}

/// What is told of us, and those who live as long as it may change.
fn telling() -> ((watch::Sender<About>, watch::Sender<Rights>), Telling) {
    let donating = About {
        donating: true,
        ..About::default()
    };
    let ((about, own), (rights, agreed)) =
        (watch::channel(donating), watch::channel(Rights::default()));
    ((about, rights), Telling::new(own, agreed))
}

/// Runs a link in the background: the link, its far end, what it delivers, and why it ended.
fn running() -> (
    Link,
    Far,
    mpsc::UnboundedReceiver<Message>,
    tokio::task::JoinHandle<WhyDown>,
) {
    let ((link, ends), (wire, far)) = (link(), wire());
    let (deliver, delivered) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let (_senders, own) = telling();
        converse(wire, ends, own, |message| {
            deliver.send(message).unwrap();
            std::future::ready(())
        })
        .await
    });
    (link, far, delivered, task)
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_gone_after_three_beats() {
    let begun = Instant::now();
    let (_link, mut far, _delivered, task) = running();
    assert_eq!(far.hears().await, Message::Beat {});
    assert_eq!(begun.elapsed(), BEAT);
    assert_eq!(far.hears().await, Message::Beat {});
    assert_eq!(task.await.unwrap(), WhyDown::Silent);
    assert_eq!(begun.elapsed(), SILENCE);
}

#[tokio::test]
async fn how_busy_each_is_is_heard_by_the_other() {
    let mut pair = pair().await;
    let load = |cpu_percent| Load {
        cpu_percent,
        memory_used_mb: 2048,
        celsius: Some(61),
    };
    pair.dialler.net.set_load(load(40));
    pair.listener.net.set_load(load(90));
    let heard = Message::Load(load(40));
    assert_eq!(pair.listener.message().await, (pair.dialler.id(), heard));
    let heard = Message::Load(load(90));
    assert_eq!(pair.dialler.message().await, (pair.listener.id(), heard));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_know_the_word_is_not_told() {
    for (wants, heat) in [(false, false), (true, false), (true, true)] {
        let ((_link, ends), (wire, mut far)) = (link(), wire());
        let (_senders, mut own) = telling();
        let (busy, load) = watch::channel(None);
        if wants {
            own = own.with_loads(load, heat);
        }
        let task = tokio::spawn(converse(wire, ends, own, |_| std::future::ready(())));
        let said = Load {
            cpu_percent: 7,
            memory_used_mb: 1,
            celsius: Some(61),
        };
        busy.send_replace(Some(said));
        let expected = if wants {
            let celsius = heat.then_some(61);
            Message::Load(Load { celsius, ..said })
        } else {
            Message::Beat {}
        };
        assert_eq!(far.hears().await, expected);
        task.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_withdrawn_is_told_in_words_that_the_other_knows() {
    let withdrawn = Rights {
        may_use_me: false,
        i_may_use: true,
    };
    for knows in [false, true] {
        let ((_link, ends), (wire, mut far)) = (link(), wire());
        let ((_about, rights), mut own) = telling();
        if knows {
            own = own.with_rights();
        }
        let task = tokio::spawn(converse(wire, ends, own, |_| std::future::ready(())));
        if knows {
            assert_eq!(far.hears().await, Message::Rights(Rights::default()));
        }
        rights.send_replace(withdrawn);
        let Message::About(about) = far.hears().await else {
            panic!("it is not told what we are to it now")
        };
        assert!(!about.donating);
        let next = if knows {
            Message::Rights(withdrawn)
        } else {
            Message::Beat {}
        };
        assert_eq!(far.hears().await, next);
        task.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_beats_stays() {
    let (link, far, mut delivered, task) = running();
    for _ in 0..60 {
        sleep(SILENCE - Duration::from_millis(1)).await;
        far.say(&Message::Beat {});
    }
    assert!(!task.is_finished());
    let task_id = TaskId([5; 16]);
    far.say(&Message::Collected { task: task_id });
    assert_eq!(
        delivered.recv().await,
        Some(Message::Collected { task: task_id })
    );
    drop(far);
    assert!(matches!(task.await.unwrap(), WhyDown::Broken(_)));
    assert_eq!(link.send(Message::Beat {}).await, Err(LinkClosed));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_gone_although_it_talks() {
    let ((link, ends), (mut wire, far)) = (link(), wire());
    wire.sink = Box::pin(
        sink::unfold((), |(), _: Outgoing| {
            std::future::pending::<Result<(), WireBroken>>()
        })
        .sink_map_err(|e| e),
    );
    let (_senders, own) = telling();
    let task = tokio::spawn(converse(wire, ends, own, |_| std::future::ready(())));
    let begun = Instant::now();
    link.send(Message::Beat {}).await.unwrap();
    while !task.is_finished() && begun.elapsed() < SILENCE * 10 {
        far.say
            .send(Ok(Incoming::Text(Message::Beat {}.encode().unwrap())))
            .ok();
        sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(task.await.unwrap(), WhyDown::Silent);
}

#[tokio::test(start_paused = true)]
async fn what_was_queued_is_said_before_the_goodbye() {
    let (link, mut far, _delivered, task) = running();
    for byte in 0..20 {
        link.send(Message::Cancel {
            task: TaskId([byte; 16]),
        })
        .await
        .unwrap();
    }
    link.close(WhyDown::Unpaired);
    link.close(WhyDown::Stopping);
    for byte in 0..20 {
        assert_eq!(
            far.hears().await,
            Message::Cancel {
                task: TaskId([byte; 16])
            }
        );
    }
    assert_eq!(far.hears().await, Message::Unpaired {});
    assert_eq!(
        far.heard.recv().await,
        Some(Outgoing::Close(Farewell::Unpaired))
    );
    assert_eq!(task.await.unwrap(), WhyDown::Unpaired);
}

#[tokio::test(start_paused = true)]
async fn what_breaks_the_protocol_ends_the_link() {
    let hello = Hello {
        protocol: PROTOCOL,
        name: "x".into(),
        session: Session([0; 8]),
        port: 1,
    };
    let hello = Message::Hello(hello).encode().unwrap();
    for text in [hello, "{}".to_owned(), "{\"beat\":{\"x\":1}}".to_owned()] {
        let (_link, mut far, mut delivered, task) = running();
        far.say.send(Ok(Incoming::Text(text))).unwrap();
        assert!(matches!(task.await.unwrap(), WhyDown::Misbehaved(_)));
        assert_eq!(
            far.heard.recv().await,
            Some(Outgoing::Close(Farewell::Misbehaved))
        );
        assert_eq!(delivered.recv().await, None);
    }
}

#[tokio::test]
async fn what_changes_about_us_is_told() {
    let mut pair = pair().await;
    let about = About {
        name: "Loft".into(),
        cores: 12,
        donating: true,
        ..About::default()
    };
    pair.listener.net.set_about(about.clone());
    let (peer, message) = pair.dialler.message().await;
    assert_eq!((peer, message), (pair.listener.id(), Message::About(about)));
}

#[tokio::test]
async fn a_killed_node_is_noticed_by_its_broken_connection() {
    let (ours, theirs) = (identity(), identity());
    let mut config = super::house::config(ours.clone(), "survivor");
    config.paired = vec![super::house::paired(theirs.id(), "victim", &[])];
    let mut survivor = Node::start(config).await;
    let mut config = super::house::config(theirs, "victim");
    config.paired = vec![super::house::paired(
        ours.id(),
        "survivor",
        &[survivor.address()],
    )];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let victim = runtime.spawn(Node::start(config)).await.unwrap();
    survivor.link_up().await;
    // Everything of it at once, as by kill -9: no task gets to say goodbye.
    runtime.shutdown_background();
    let why = survivor.link_down().await;
    assert!(matches!(why, WhyDown::Broken(_)), "{why:?}");
    drop(victim);
}

#[tokio::test]
async fn a_cut_link_is_made_again() {
    let mut pair = pair().await;
    pair.wire.cut();
    assert!(matches!(pair.dialler.link_down().await, WhyDown::Broken(_)));
    let again = pair.dialler.link_up().await;
    let (task, back) = (TaskId([1; 16]), pair.listener.link_up().await);
    again.send(Message::Cancel { task }).await.unwrap();
    assert_eq!(pair.listener.message().await.1, Message::Cancel { task });
    back.send(Message::Cancel { task }).await.unwrap();
    assert_eq!(pair.dialler.message().await.1, Message::Cancel { task });
    assert!(pair.out.is_closed());
}

#[tokio::test]
async fn a_goodbye_is_heard_as_one() {
    let mut pair = pair().await;
    pair.dialler.net.shutdown().await;
    assert_eq!(pair.listener.link_down().await, WhyDown::Left);
    soon("the end of the events", async {
        while let Some(event) = pair.dialler.events.recv().await {
            if matches!(
                event,
                NetEvent::Message {
                    message: Message::Rights(_),
                    ..
                }
            ) {
                continue;
            }
            assert!(
                matches!(
                    event,
                    NetEvent::LinkDown {
                        why: WhyDown::Stopping,
                        ..
                    }
                ),
                "{event:?}"
            );
        }
    })
    .await;
}

#[test]
fn a_build_that_does_not_know_a_reason_hears_the_nearest_one() {
    let about = About {
        paused: Some(PauseReason::OtherLoad),
        ..About::default()
    };
    let ((_about, own), (_rights, agreed)) =
        (watch::channel(about), watch::channel(Rights::default()));
    let told = |knows: bool| {
        Telling::new(own.clone(), agreed.clone())
            .with_rests(knows)
            .about()
            .paused
    };
    assert_eq!(told(false), Some(PauseReason::InUse));
    assert_eq!(told(true), Some(PauseReason::OtherLoad));
    assert!(!Extras::said(Some("load,rights")).rests && Extras::said(Some("load,rests")).rests);
}
