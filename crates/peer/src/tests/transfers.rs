//! Blobs across, whole and exact, whoever dialled and whatever breaks.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use rand::{RngCore, SeedableRng};
use tokio::io::AsyncRead;

use super::house::{Pair, identity, pair, soon};
use crate::blobs::Blobs;
use crate::body::pump;
use crate::client::http_client;
use crate::proto::{Refusal, RefusalCode};
use crate::tls::SERVER_NAME;
use crate::*;

const MIB: usize = 1 << 20;

fn content(bytes: usize) -> Vec<u8> {
    let mut content = vec![0; bytes];
    rand::rngs::StdRng::seed_from_u64(bytes as u64).fill_bytes(&mut content);
    content
}

/// Content for each opening in turn, the last one for all after it. `Err` fails.
struct Takes {
    takes: Mutex<Vec<Result<Vec<u8>, io::ErrorKind>>>,
    opened: AtomicU32,
}

impl Takes {
    fn of(takes: Vec<Result<Vec<u8>, io::ErrorKind>>) -> Arc<Self> {
        Arc::new(Self {
            takes: Mutex::new(takes),
            opened: AtomicU32::new(0),
        })
    }

    fn always(content: Vec<u8>) -> Arc<Self> {
        Self::of(vec![Ok(content)])
    }

    fn opened(&self) -> u32 {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Source for Takes {
    fn open(&self) -> BoxFuture<'_, io::Result<Box<dyn AsyncRead + Send + Unpin>>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let mut takes = self.takes.lock().unwrap();
        let take = if takes.len() > 1 {
            takes.remove(0)
        } else {
            takes[0].clone()
        };
        Box::pin(async move {
            let reader: Box<dyn AsyncRead + Send + Unpin> = Box::new(io::Cursor::new(take?));
            Ok(reader)
        })
    }
}

/// Bytes without an end.
struct Endless;

impl Source for Endless {
    fn open(&self) -> BoxFuture<'_, io::Result<Box<dyn AsyncRead + Send + Unpin>>> {
        Box::pin(async {
            let reader: Box<dyn AsyncRead + Send + Unpin> = Box::new(tokio::io::repeat(7));
            Ok(reader)
        })
    }
}

/// Sends over `from` and receives over `to` at once.
async fn across(
    from: &Link,
    to: &Link,
    ceiling: u64,
    source: Arc<dyn Source>,
    path: &std::path::Path,
) -> (Result<Sent, TransferError>, Result<Received, TransferError>) {
    let blob = BlobId::random();
    soon("the transfer", async {
        tokio::join!(
            from.push(blob, ceiling, source),
            to.pull(blob, ceiling, path)
        )
    })
    .await
}

/// The two ways a blob can go between a dialler and a listener.
fn both_ways(pair: &Pair) -> [(&Link, &Link); 2] {
    [(&pair.out, &pair.back), (&pair.back, &pair.out)]
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    (folder, path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_length_arrives_both_ways() {
    let pair = pair().await;
    for (from, to) in both_ways(&pair) {
        for bytes in [0, 1, 31, 32, 33, 256 << 10, (256 << 10) + 1, 5 * MIB + 77] {
            let (_folder, path) = folder();
            let content = content(bytes);
            let (sent, received) = across(
                from,
                to,
                bytes as u64,
                Takes::always(content.clone()),
                &path,
            )
            .await;
            let (sent, received) = (sent.unwrap(), received.unwrap());
            let digest = Digest::from(blake3::hash(&content));
            assert_eq!((sent.bytes, sent.digest), (bytes as u64, digest));
            assert_eq!((received.bytes, received.digest), (bytes as u64, digest));
            assert!(
                std::fs::read(&path).unwrap() == content,
                "{bytes} bytes differ"
            );
        }
    }
    assert_eq!(pair.out.sent_bytes(), pair.back.sent_bytes());
    assert!(
        pair.out.sent_bytes() > 5 * MIB as u64
            && pair.out.received_bytes() >= pair.back.sent_bytes()
    );
}

#[cfg(unix)]
#[tokio::test]
async fn what_arrives_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (pair, (_folder, path)) = (pair().await, folder());
    across(&pair.out, &pair.back, 9, Takes::always(content(9)), &path)
        .await
        .1
        .unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_blobs_cross_at_once() {
    let pair = pair().await;
    let folder = tempfile::tempdir().unwrap();
    let transfers = (0..24usize).map(|i| {
        let (from, to) = both_ways(&pair)[i % 2];
        let (path, content) = (folder.path().join(i.to_string()), content(i * 50_000));
        async move {
            let (sent, received) = across(
                from,
                to,
                2 * MIB as u64,
                Takes::always(content.clone()),
                &path,
            )
            .await;
            assert_eq!(sent.unwrap().digest, received.unwrap().digest);
            assert!(std::fs::read(&path).unwrap() == content);
        }
    });
    futures_util::future::join_all(transfers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_transfer_goes_on_where_it_was() {
    let size = 8 * MIB;
    for outward in [true, false] {
        let pair = pair().await;
        let (from, to) = both_ways(&pair)[usize::from(!outward)];
        let (source, (_folder, path)) = (Takes::always(content(size)), folder());
        pair.wire.cut_after(5 * MIB as u64);
        let (sent, received) = across(
            from,
            to,
            size as u64,
            Arc::clone(&source) as Arc<dyn Source>,
            &path,
        )
        .await;
        assert_eq!(sent.unwrap().digest, received.unwrap().digest);
        assert!(pair.wire.has_cut() && source.opened() >= 2);
        assert!(std::fs::read(&path).unwrap() == content(size));
        // Resumed, not begun anew: far less than the first part came twice.
        let arrived = to.received_bytes();
        assert!(
            arrived < (size + MIB) as u64,
            "{arrived} bytes arrived of {size}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_from_an_earlier_link_is_not_sent_again() {
    let pair = pair().await;
    let whole = content(3 * MIB);
    for (from, to) in both_ways(&pair) {
        let (_folder, path) = folder();
        std::fs::write(&path, &whole[..2 * MIB]).unwrap();
        let before = from.sent_bytes();
        let (sent, received) = across(
            from,
            to,
            3 * MIB as u64,
            Takes::always(whole.clone()),
            &path,
        )
        .await;
        assert_eq!(sent.unwrap().digest, received.unwrap().digest);
        assert_eq!(from.sent_bytes() - before, MIB as u64);
        assert!(std::fs::read(&path).unwrap() == whole);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_of_something_else_is_found_out() {
    let pair = pair().await;
    let whole = content(3 * MIB);
    for (from, to) in both_ways(&pair) {
        for rubbish in [content(MIB), content(3 * MIB - 1), content(4 * MIB)] {
            let (_folder, path) = folder();
            std::fs::write(&path, &rubbish).unwrap();
            let (sent, received) = across(
                from,
                to,
                3 * MIB as u64,
                Takes::always(whole.clone()),
                &path,
            )
            .await;
            assert_eq!(sent.unwrap().digest, received.unwrap().digest);
            assert!(std::fs::read(&path).unwrap() == whole);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_changes_its_mind_is_never_mixed() {
    for outward in [true, false] {
        let pair = pair().await;
        let (from, to) = both_ways(&pair)[usize::from(!outward)];
        let (_folder, path) = folder();
        let (first, mut second) = (content(4 * MIB), content(4 * MIB));
        second[0] ^= 1;
        let source = Takes::of(vec![Ok(first), Ok(second.clone())]);
        pair.wire.cut_after(2 * MIB as u64);
        let (sent, received) = across(from, to, 4 * MIB as u64, source, &path).await;
        assert_eq!(sent.unwrap().digest, received.unwrap().digest);
        assert!(std::fs::read(&path).unwrap() == second);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_source_is_tried_again_and_then_given_up() {
    let pair = pair().await;
    for (from, to) in both_ways(&pair) {
        let (_folder, path) = folder();
        let source = Takes::of(vec![Err(io::ErrorKind::NotFound), Ok(content(MIB))]);
        let (sent, received) = across(from, to, MIB as u64, source, &path).await;
        assert_eq!(sent.unwrap().digest, received.unwrap().digest);
        let (_folder, path) = folder();
        let never = Takes::of(vec![Err(io::ErrorKind::NotFound)]);
        let blob = BlobId::random();
        let pushing = soon("giving up", async {
            tokio::select! {
                pushed = from.push(blob, 9, never) => pushed,
                pulled = to.pull(blob, 9, &path) => panic!("{pulled:?}"),
            }
        });
        assert!(matches!(pushing.await, Err(TransferError::Source(_))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_source_stops_at_the_ceiling() {
    let pair = pair().await;
    for (from, to) in both_ways(&pair) {
        let (_folder, path) = folder();
        let blob = BlobId::random();
        let pushed = soon("the refusal", async {
            tokio::select! {
                pushed = from.push(blob, MIB as u64, Arc::new(Endless)) => pushed,
                pulled = to.pull(blob, MIB as u64, &path) => panic!("{pulled:?}"),
            }
        });
        assert!(
            matches!(pushed.await, Err(TransferError::TooLong { ceiling }) if ceiling == MIB as u64)
        );
        assert!(std::fs::metadata(&path).map_or(0, |m| m.len()) <= MIB as u64);
    }
}

/// Requests by hand, as a paired peer that does as it likes.
struct Liar {
    pair: Pair,
    client: reqwest::Client,
    identity: Identity,
}

impl Liar {
    async fn at_the_door() -> Self {
        let (liar, pair) = (identity(), pair().await);
        let invite = pair.listener.net.invite();
        let net = Net::start(super::house::config(liar.clone(), "liar"))
            .await
            .unwrap();
        net.0.redeem(&invite).await.unwrap();
        let client = http_client(&liar, Some(pair.listener.id()), pair.listener.address()).unwrap();
        // Its own node stays silent from here on.
        net.0.shutdown().await;
        Self {
            pair,
            client,
            identity: liar,
        }
    }

    fn url(&self, blob: BlobId, from: u64) -> String {
        format!(
            "https://{SERVER_NAME}:{}/v1/blob/{blob}?from={from}",
            self.pair.listener.address().port()
        )
    }

    /// What the listener would do to take `blob` from it.
    fn expected(
        &self,
        blob: BlobId,
        ceiling: u64,
        path: &std::path::Path,
    ) -> crate::blobs::Registration {
        self.blobs().expect(
            (self.identity.id(), blob),
            ceiling,
            path.to_owned(),
            Arc::default(),
        )
    }

    fn blobs(&self) -> &Arc<Blobs> {
        self.pair.back.blobs()
    }

    async fn put(
        &self,
        blob: BlobId,
        from: u64,
        body: impl Into<reqwest::Body>,
    ) -> Option<RefusalCode> {
        let response = self
            .client
            .put(self.url(blob, from))
            .body(body)
            .send()
            .await
            .ok()?;
        if response.status().is_success() {
            return None;
        }
        Some(
            response
                .json::<Refusal>()
                .await
                .map_or(RefusalCode::Other, |refusal| refusal.error),
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_digest_leaves_nothing() {
    let (liar, (_folder, path)) = (Liar::at_the_door().await, folder());
    let blob = BlobId::random();
    let _expected = liar.expected(blob, 100, &path);
    for lie in [
        content(90),
        vec![],
        vec![1; 31],
        [content(50), blake3::hash(b"else").as_bytes().to_vec()].concat(),
    ] {
        assert_eq!(liar.put(blob, 0, lie).await, Some(RefusalCode::Mismatch));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }
    let truth = [content(50), blake3::hash(&content(50)).as_bytes().to_vec()].concat();
    assert_eq!(
        liar.put(blob, 1, truth.clone()).await,
        Some(RefusalCode::Offset)
    );
    assert_eq!(liar.put(blob, 0, truth).await, None);
    assert!(std::fs::read(&path).unwrap() == content(50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_end_is_cut_at_the_ceiling() {
    let (liar, (_folder, path)) = (Liar::at_the_door().await, folder());
    let blob = BlobId::random();
    let mut expected = liar.expected(blob, MIB as u64, &path);
    let endless =
        futures_util::stream::repeat(bytes::Bytes::from(vec![7; 64 << 10])).map(Ok::<_, io::Error>);
    // The answer may be lost, because the connection is closed under a sender that never stops.
    let refused = soon(
        "the end",
        liar.put(blob, 0, reqwest::Body::wrap_stream(endless)),
    )
    .await;
    assert!(
        matches!(refused, None | Some(RefusalCode::TooLong)),
        "{refused:?}"
    );
    let told = soon("the verdict", async {
        loop {
            match expected.told.recv().await.unwrap() {
                crate::blobs::Told::Alive => {}
                told => return told,
            }
        }
    });
    assert!(matches!(
        told.await,
        crate::blobs::Told::ReceiveFailed(crate::body::ReceiveError::TooLong)
    ));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_lost_is_given_again() {
    let (liar, (_folder, path)) = (Liar::at_the_door().await, folder());
    let blob = BlobId::random();
    let expected = liar.expected(blob, 100, &path);
    let truth = [content(50), blake3::hash(&content(50)).as_bytes().to_vec()].concat();
    assert_eq!(liar.put(blob, 0, truth.clone()).await, None);
    drop(expected);
    let held = liar.client.head(liar.url(blob, 0)).send().await.unwrap();
    assert_eq!(held.headers()[crate::transfer::HELD_HEADER], "50");
    assert_eq!(liar.put(blob, 50, truth[50..].to_vec()).await, None);
    assert_eq!(liar.put(blob, 0, truth).await, Some(RefusalCode::Mismatch));
}

#[tokio::test(start_paused = true)]
async fn a_blob_is_for_its_peer_only() {
    let (blobs, owner, other) = (Arc::new(Blobs::default()), PeerId([1; 32]), PeerId([2; 32]));
    let (offered, expected) = (BlobId([1; 16]), BlobId([2; 16]));
    let _offer = blobs.offer(
        (owner, offered),
        9,
        Takes::always(content(9)),
        Arc::default(),
    );
    let _expectation = blobs.expect(
        (owner, expected),
        9,
        PathBuf::from("/nonexistent"),
        Arc::default(),
    );
    assert!(blobs.give((owner, offered), 0).await.is_ok());
    assert_eq!(blobs.held((owner, expected)).await, Ok(0));
    for key in [
        (other, offered),
        (owner, BlobId([3; 16])),
        (owner, expected),
    ] {
        assert_eq!(
            blobs.give(key, 0).await.err(),
            Some(RefusalCode::NoSuchBlob)
        );
    }
    for key in [(other, expected), (owner, offered)] {
        assert_eq!(blobs.held(key).await, Err(RefusalCode::NoSuchBlob));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_a_little_for_its_blob() {
    let (blobs, key) = (
        Arc::new(Blobs::default()),
        (PeerId([1; 32]), BlobId([1; 16])),
    );
    let asking = tokio::spawn({
        let blobs = Arc::clone(&blobs);
        async move { blobs.held(key).await }
    });
    tokio::time::sleep(crate::blobs::REGISTRATION_PATIENCE / 2).await;
    let registered = blobs.expect(key, 9, PathBuf::from("/nonexistent"), Arc::default());
    assert_eq!(asking.await.unwrap(), Ok(0));
    drop(registered);
    assert_eq!(blobs.held(key).await, Err(RefusalCode::NoSuchBlob));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_ends_with_its_link() {
    for outward in [true, false] {
        let pair = pair().await;
        let (from, to) = both_ways(&pair)[usize::from(!outward)];
        let (_folder, path) = folder();
        let blob = BlobId::random();
        let peer = pair.dialler.id();
        let transfer = async {
            tokio::join!(
                from.push(blob, u64::MAX, Arc::new(Endless)),
                to.pull(blob, u64::MAX, &path)
            )
        };
        let unpairing = async {
            while to.received_bytes() < MIB as u64 {
                tokio::task::yield_now().await;
            }
            pair.listener.net.unpair(peer).await
        };
        let ((pushed, pulled), _) =
            soon("the end", async { tokio::join!(transfer, unpairing) }).await;
        assert!(
            matches!(pushed, Err(TransferError::LinkClosed)),
            "{pushed:?}"
        );
        assert!(
            matches!(pulled, Err(TransferError::LinkClosed)),
            "{pulled:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_was_not_fed_to_its_end_is_an_error() {
    let (feeder, body) = pump();
    drop(feeder);
    let pieces: Vec<_> = body.collect().await;
    assert!(matches!(&pieces[..], [Err(_)]), "{pieces:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_source() {
    let (pair, (folder, path)) = (pair().await, folder());
    let original = folder.path().join("original");
    std::fs::write(&original, content(MIB)).unwrap();
    let (sent, _) = across(
        &pair.back,
        &pair.out,
        MIB as u64,
        Arc::new(FileSource(original)),
        &path,
    )
    .await;
    assert_eq!(sent.unwrap().bytes, MIB as u64);
    assert!(std::fs::read(&path).unwrap() == content(MIB));
}
