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
