//! Bytes that are not what was said of them, and tasks that nobody means.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use peer::{BlobId, DeclineReason, Message, TaskId};
use tests::nodes::until;

use super::attacker::{Attacker, head};
use super::house::{House, Opening, Outcome, Peer, Wanted, honest, knowing, opened, quiet, spec};
use super::pairing::redemption;

/// A paired computer that cannot be dialled: whatever comes from it, it brings itself.
fn undialled(house: &House, name: &str) -> Peer {
    let folder = house.path(name);
    let raw = Attacker::of(&folder, 90);
    let redemption = redemption(&house.node.invite(), raw.id);
    let redeemed = raw.post(house.node.address, "/v1/pair/redeem", &redemption);
    assert_eq!(redeemed.0, 200);
    let config = knowing(&house.node, quiet(&folder, "Studio"));
    let peer = Peer::start(&house.runtime, house.node.id, config);
    assert!(peer.link().dialled());
    peer
}

/// A task that waits for its source: its names.
fn waiting(house: &House, peer: &mut Peer, source_ceiling: u64) -> (TaskId, BlobId) {
    let wanted = Wanted {
        source_ceiling,
        ..Wanted::of(spec(), Vec::new())
    };
    let (task, order) = wanted.order();
    let Message::Task { source, .. } = &order else {
        unreachable!("an order is a task")
    };
    let (source, link) = (*source, peer.link());
    let said = house.runtime.block_on(async {
        link.send(order).await.unwrap();
        peer.word(task).await
    });
    assert!(matches!(said, Some(Message::Accepted { .. })), "{said:?}");
    (task, source)
}

/// `content` as a body in chunks.
fn chunked(content: &[u8]) -> Vec<u8> {
    let mut body = format!("{:x}\r\n", content.len()).into_bytes();
    body.extend(content);
    body.extend(b"\r\n0\r\n\r\n");
    body
}

fn put(source: BlobId, query: &str, more: &str) -> Vec<u8> {
    let more = format!("connection: close\r\n{more}");
    head("PUT", &format!("/v1/blob/{source}{query}"), &more).into_bytes()
}

/// Too long, too short, from elsewhere, of somebody else, with another digest.
pub fn lies(house: &mut House) {
    const CEILING: u64 = 1 << 20;
    let to = house.node.address;
    let mut peer = undialled(house, "liar");
    let liar = Attacker::of(&house.path("liar"), 91);
    let put = |query: &'static str, more: &'static str, body: Vec<u8>| {
        move |source: BlobId| [put(source, query, more), body].concat()
    };
    let chunks = "transfer-encoding: chunked\r\n";
    let none = "content-length: 0\r\n";
    let long = vec![7; usize::try_from(CEILING).unwrap() + 40];
    type Request = Box<dyn FnOnce(BlobId) -> Vec<u8>>;
    let rows: [(&str, Request, u16); 7] = [
        (
            "another digest",
            Box::new(put("?from=0", chunks, chunked(&[7; 90]))),
            409,
        ),
        (
            "no digest",
            Box::new(put("?from=0", chunks, b"0\r\n\r\n".to_vec())),
            409,
        ),
        (
            "elsewhere",
            Box::new(put("?from=17", chunks, chunked(&[7; 90]))),
            409,
        ),
        (
            "not a number",
            Box::new(put("?from=-1", none, Vec::new())),
            400,
        ),
        (
            "more questions",
            Box::new(put("?from=0&path=/etc/passwd", none, Vec::new())),
            400,
        ),
        (
            "too long",
            Box::new(put("?from=0", chunks, chunked(&long))),
            413,
        ),
        (
            "two lengths",
            Box::new(put(
                "?from=0",
                "content-length: 5\r\ncontent-length: 6\r\n",
                Vec::new(),
            )),
            400,
        ),
    ];
    for (what, request, status) in rows {
        let (task, source) = waiting(house, &mut peer, CEILING);
        assert_eq!(liar.request(to, request(source)).0, status, "{what}");
        let link = peer.link();
        house
            .runtime
            .block_on(link.send(Message::Cancel { task }))
            .unwrap();
    }
    let path = head(
        "GET",
        "/v1/blob/..%2f..%2fetc%2fpasswd",
        "connection: close\r\n",
    );
    assert_eq!(liar.request(to, path).0, 400);
    let (task, source) = waiting(house, &mut peer, CEILING);
    // Said to be long, and over at once: what came is kept for a second try, and not more.
    let mut wire = liar.call(to).unwrap();
    let short = put("?from=0", "content-length: 1000000\r\n", vec![7; 1000])(source);
    wire.write_all(&short).unwrap();
    wire.flush().unwrap();
    drop(wire);
    endless(&liar, house, source, CEILING);
    // What is agreed with somebody else does not exist.
    let other = Attacker::of(&house.path("liar-too"), 92);
    house.paired("liar-too").leave();
    let theirs = other.request(
        to,
        head(
            "HEAD",
            &format!("/v1/blob/{source}"),
            "connection: close\r\n",
        ),
    );
    assert_eq!(theirs.0, 404);
    let link = peer.link();
    house
        .runtime
        .block_on(link.send(Message::Cancel { task }))
        .unwrap();
    house.forget(peer, &[other.id.to_string()]);
}

/// A body that never ends is cut where it was agreed.
fn endless(liar: &Attacker, house: &House, source: BlobId, ceiling: u64) {
    let mut wire = liar.call(house.node.address).unwrap();
    let begins = put(source, "?from=0", "transfer-encoding: chunked\r\n");
    wire.write_all(&begins).unwrap();
    let block = [b"10000\r\n".to_vec(), vec![7; 0x10000], b"\r\n".to_vec()].concat();
    let mut taken = 0;
    while taken < 64 << 20 && wire.write_all(&block).and_then(|()| wire.flush()).is_ok() {
        taken += block.len() as u64;
    }
    assert!(taken < 64 << 20, "an endless body is taken");
    let on_disk: u64 = house
        .node
        .donated()
        .iter()
        .map(|folder| {
            let file = house
                .node
                .data
                .join("donated")
                .join(folder)
                .join("source.nut");
            std::fs::metadata(file).map_or(0, |file| file.len())
        })
        .sum();
    assert!(on_disk <= ceiling, "{on_disk} bytes are on the disk");
}

/// Tasks that are asked for and never sent: so many and no more, each in a folder for its user alone, and all of it is
/// free again when they are taken back, or their computer goes.
pub fn too_many(house: &mut House) {
    use std::os::unix::fs::PermissionsExt;
    let mut peer = undialled(house, "hoarder");
    let mut held = Vec::new();
    let refused = loop {
        let (task, order) = Wanted::of(spec(), Vec::new()).order();
        let link = peer.link();
        let said = house.runtime.block_on(async {
            link.send(order).await.unwrap();
            peer.word(task).await
        });
        match said {
            Some(Message::Accepted { .. }) => held.push(task),
            other => break other,
        }
        assert!(held.len() < 100, "a hundred tasks are taken");
    };
    assert!(
        matches!(
            refused,
            Some(Message::Declined {
                reason: DeclineReason::Busy,
                ..
            })
        ),
        "{refused:?}"
    );
    // The folders have names of their own.
    let names = house.node.donated();
    assert_eq!(names.len(), held.len());
    for name in names {
        let folder = house.node.data.join("donated").join(&name);
        assert!(held.iter().all(|task| task.to_string() != name), "{name}");
        let mode = std::fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    // Others have room of their own.
    let mut other = house.paired("other");
    let outcome = other.give(&honest(), house.path("other.mp4"));
    assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
    let link = peer.link();
    for task in held.drain(..1) {
        house
            .runtime
            .block_on(link.send(Message::Cancel { task }))
            .unwrap();
    }
    until("a task to be forgotten", || {
        Ok((house.node.donated().len() == held.len()).then_some(()))
    })
    .unwrap();
    // The rest goes with its link.
    house.forget(peer, &[]);
    house.forget(other, &[]);
    until("all to be forgotten", || {
        Ok(house.node.donated().is_empty().then_some(()))
    })
    .unwrap();
}

/// Bytes that come one by one, and stop.
pub struct Stopping {
    pub first: usize,
    pub then: Duration,
}

impl peer::Source for Stopping {
    fn open(&self) -> Opening<'_> {
        let (mut near, far) = tokio::io::duplex(64 << 10);
        let (first, then) = (self.first, self.then);
        tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            // Whoever reads no more has ended the task.
            let _ = near.write_all(&vec![7; first]).await;
            tokio::time::sleep(then).await;
        });
        opened(far)
    }
}

impl Stopping {
    pub fn wanted(first: usize, then: Duration) -> Wanted {
        Wanted {
            source: Arc::new(Self { first, then }),
            ..Wanted::of(spec(), Vec::new())
        }
    }
}
