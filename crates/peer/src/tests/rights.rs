//! What a paired computer may ask of this one: nothing that is withdrawn, and nothing while this one does not donate.

use reqwest::{Method, StatusCode};

use super::house::{Node, config, identity, pair, paired, soon};
use crate::client::http_client;
use crate::proto::{Refusal, RefusalCode};
use crate::tls::SERVER_NAME;
use crate::*;

/// Every route by which work comes and goes. The order itself comes by the link and is declined by whoever owns it.
const WORK: [Method; 4] = [Method::HEAD, Method::PUT, Method::GET, Method::POST];

const WITHDRAWN: Rights = Rights {
    may_use_me: false,
    i_may_use: true,
};

/// What a paired computer with `key` gets from each route for work.
async fn answers(
    node: &Node,
    key: &Identity,
    blob: BlobId,
) -> Vec<(Method, StatusCode, Option<RefusalCode>)> {
    let client = http_client(key, Some(node.id()), node.address()).unwrap();
    let url = format!(
        "https://{SERVER_NAME}:{}/v1/blob/{blob}",
        node.address().port()
    );
    let asked = WORK.map(|method| {
        let request = client.request(method.clone(), &url).send();
        async move {
            let response = request.await.unwrap();
            let (status, is_head) = (response.status(), method == Method::HEAD);
            let refusal = response.json::<Refusal>().await.ok();
            assert_eq!(refusal.is_none(), is_head, "{method}");
            (method, status, refusal.map(|refusal| refusal.error))
        }
    });
    soon("the answers", futures_util::future::join_all(asked)).await
}

fn all(status: StatusCode, code: RefusalCode) -> Vec<(Method, StatusCode, Option<RefusalCode>)> {
    let one = |method: Method| {
        let code = (method != Method::HEAD).then_some(code);
        (method, status, code)
    };
    WORK.map(one).into()
}

#[tokio::test]
async fn every_route_for_work_is_closed_while_helping_is_off_or_withdrawn() {
    let owner = identity();
    let mut knowing = config(identity(), "Kitchen");
    knowing.paired = vec![paired(owner.id(), "Studio", &[])];
    let node = Node::start(knowing).await;
    let blob = BlobId([1; 16]);
    let (off, withheld) = (
        all(StatusCode::FORBIDDEN, RefusalCode::NotDonating),
        all(StatusCode::FORBIDDEN, RefusalCode::NotAllowed),
    );
    assert_eq!(answers(&node, &owner, blob).await, off);
    node.net.set_about(About {
        donating: true,
        ..About::default()
    });
    assert!(node.net.set_rights(owner.id(), WITHDRAWN));
    assert_eq!(answers(&node, &owner, blob).await, withheld);
    // With both there is nothing in the way but that no such blob was agreed on.
    assert!(node.net.set_rights(owner.id(), Rights::default()));
    let path = format!("/v1/blob/{blob}");
    assert_eq!(node.net.shared().withheld(owner.id(), &path), None);
    assert!(!node.net.set_rights(PeerId([5; 32]), WITHDRAWN));
}

#[tokio::test]
async fn a_helper_reaches_what_it_does_for_us_whatever_it_may_ask_of_us() {
    let mut pair = pair().await;
    // The listener has the film and gives nothing itself; the dialler helps it, by its own requests.
    pair.listener.net.set_about(About::default());
    assert!(pair.listener.net.set_rights(pair.dialler.id(), WITHDRAWN));
    // What pairing gave may have been told before.
    while pair.dialler.rights().await != WITHDRAWN {}
    let folder = tempfile::tempdir().unwrap();
    let (film, there) = (folder.path().join("film"), folder.path().join("there"));
    std::fs::write(&film, "a segment").unwrap();
    let (source, result) = (BlobId([1; 16]), BlobId([2; 16]));
    let give = || {
        pair.back
            .push(source, 100, std::sync::Arc::new(FileSource(film.clone())))
    };
    let ours = pair.back.ours(source, result);
    let (gave, took) = soon("the segment", async {
        tokio::join!(give(), pair.out.pull(source, 100, &there))
    })
    .await;
    assert_eq!(gave.unwrap().digest, took.unwrap().digest);
    drop(ours);
    let refused = soon("the refusal", pair.out.pull(source, 100, &there)).await;
    assert!(
        matches!(
            refused,
            Err(TransferError::Refused(RefusalCode::NotDonating))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn some_are_helped_though_nobody_is() {
    let mut pair = pair().await;
    let (owner, other) = (pair.dialler.id(), PeerId([7; 32]));
    let path = format!("/v1/blob/{}", BlobId([1; 16]));
    let withheld = |peer| pair.listener.net.shared().withheld(peer, &path);
    pair.listener.net.set_about(About::default());
    assert_eq!(withheld(owner), Some(RefusalCode::NotDonating));
    pair.listener.net.set_helped([owner].into());
    assert_eq!(withheld(owner), None);
    assert_eq!(withheld(other), Some(RefusalCode::NotDonating));
    // It alone is told, too; strangers are not.
    let told = pair
        .dialler
        .event("that it is helped", |event| match event {
            NetEvent::Message {
                message: Message::About(about),
                ..
            } => about.donating.then_some(()),
            _ => None,
        });
    told.await;
    assert!(!pair.listener.net.shared().card(None).donating);
    // What it may ask holds all the same.
    assert!(pair.listener.net.set_rights(owner, WITHDRAWN));
    let withheld = |peer| pair.listener.net.shared().withheld(peer, &path);
    assert_eq!(withheld(owner), Some(RefusalCode::NotAllowed));
    assert!(pair.listener.net.set_rights(owner, Rights::default()));
    pair.listener.net.set_helped([].into());
    assert_eq!(withheld(owner), Some(RefusalCode::NotDonating));
}

#[tokio::test]
async fn the_result_of_a_film_is_open_to_its_sender_alone_and_one_way_only() {
    let pair = pair().await;
    pair.listener.net.set_about(About::default());
    let folder = tempfile::tempdir().unwrap();
    let (film, there) = (folder.path().join("film"), folder.path().join("there"));
    std::fs::write(&film, "a result").unwrap();
    let result = BlobId([3; 16]);
    let opened = pair.back.opened(result);
    let path = format!("/v1/blob/{result}");
    let withheld = |peer| pair.listener.net.shared().withheld(peer, &path);
    assert_eq!(withheld(pair.dialler.id()), None);
    assert_eq!(withheld(PeerId([7; 32])), Some(RefusalCode::NotDonating));
    let source = std::sync::Arc::new(FileSource(film.clone()));
    let giving = pair.back.push(result, 100, source.clone());
    let (gave, took) = soon("the result", async {
        tokio::join!(giving, pair.out.pull(result, 100, &there))
    })
    .await;
    assert_eq!(gave.unwrap().digest, took.unwrap().digest);
    // What is offered is not written, though its route is open.
    let offered = pair.back.push(result, 100, source.clone());
    let writing = async {
        let client = http_client(
            &pair.dialler.net.shared().identity,
            Some(pair.listener.id()),
            pair.listener.address(),
        );
        let url = format!(
            "https://{SERVER_NAME}:{}{path}?from=0",
            pair.listener.address().port()
        );
        let put = client.unwrap().put(&url).body("something else").send();
        put.await.unwrap().status()
    };
    let status = tokio::select! {
        _ = offered => panic!("nobody takes it"),
        status = soon("an answer", writing) => status,
    };
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(std::fs::read(&film).unwrap(), b"a result");
    drop(opened);
    assert_eq!(withheld(pair.dialler.id()), Some(RefusalCode::NotDonating));
}
