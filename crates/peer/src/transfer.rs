//! Moving blobs through a link: in both directions, over requests of the side that dialled it.
//!
//! ```text
//!            the one who dialled                       the other
//! push       HEAD held?, PUT from there     pull       registers, waits for the PUT
//! pull       GET from what it holds, POST   push       registers, waits for GET and POST
//! ```
//!
//! So one open port between two computers is enough. A broken transfer is tried again with growing
//! pauses; any progress starts the count anew. Every transfer ends with its link, and dropping its
//! future cancels it. What was received stays in its file, and the next pull resumes from there.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};

use crate::blobs::{BlobEnd, Registration, Told};
use crate::body::{FeedError, Partial, ReceiveError, Received, Sent, Source, pump, receive};
use crate::ids::{BlobId, Digest};
use crate::link::Link;
use crate::proto::{MAX_BODY, PROTOCOL, Refusal, RefusalCode};
use crate::tls::SERVER_NAME;

/// How long an answer may take once a request is complete. Longer than a peer waits for a blob to
/// be registered, and than it needs to put a segment on a slow disk.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// How long the side that waits for requests waits without any sign of one.
const STALL_PATIENCE: Duration = Duration::from_secs(90);

/// Failures in a row, without a byte of progress, after which a transfer is given up.
const MAX_FAILURES: u32 = 6;

/// Failures of our own source after which a transfer is given up.
const MAX_SOURCE_FAILURES: u32 = 3;

/// The pause after the first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The header with how many bytes are held.
pub(crate) const HELD_HEADER: &str = "manyhands-held";

/// Why a blob did not get across.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The link ended.
    #[error("the connection to that computer ended")]
    LinkClosed,
    /// The content is longer than agreed.
    #[error("more than the {ceiling} bytes that were agreed")]
    TooLong {
        /// The most it may have.
        ceiling: u64,
    },
    /// The content is not what its digest says, twice.
    #[error("what arrived is not what was sent")]
    Mismatch,
    /// Our content could not be read.
    #[error("cannot read what is to be sent: {0}")]
    Source(io::Error),
    /// It could not be written here.
    #[error("cannot store what arrives: {0}")]
    Store(io::Error),
    /// The other side refused for good.
    #[error("that computer refused the transfer ({0:?})")]
    Refused(RefusalCode),
    /// It broke again and again.
    #[error("the transfer broke {failures} times, last because {last}")]
    GaveUp {
        /// How often in a row.
        failures: u32,
        /// The last reason.
        last: String,
    },
    /// The other side never came for it.
    #[error("that computer did nothing about the transfer for {} seconds", STALL_PATIENCE.as_secs())]
    Stalled,
}

/// What one attempt came to.
enum Trouble {
    /// Another attempt may work; so many bytes are across.
    Passing {
        why: String,
        across: u64,
    },
    /// The content was wrong, and has been thrown away.
    Mismatch,
    /// Our own content could not be read.
    Source(io::Error),
    Final(TransferError),
}

impl Link {
    /// Gives `blob` to the peer: by PUT if this side dialled, else by offering it until the peer
    /// has taken it. Returns when the peer has all of it and has checked its digest.
    ///
    /// # Errors
    /// [`TransferError`]; the source may have been opened several times.
    pub async fn push(
        &self,
        blob: BlobId,
        ceiling: u64,
        source: Arc<dyn Source>,
    ) -> Result<Sent, TransferError> {
        let pushing = async {
            if self.dialled() {
                return self.put(blob, ceiling, &*source).await;
            }
            let key = (self.peer(), blob);
            let traffic = Arc::clone(self.traffic());
            wait_until_taken(self.blobs().offer(key, ceiling, source, traffic), ceiling).await
        };
        self.while_it_lasts(pushing).await
    }

    /// Takes `blob` from the peer into `path`: made for its user alone, resumed from what it
    /// holds. Returns when all of it is on the disk and its digest is right.
    ///
    /// # Errors
    /// [`TransferError`]; the file then holds what arrived, or nothing if that was worthless.
    pub async fn pull(
        &self,
        blob: BlobId,
        ceiling: u64,
        path: &Path,
    ) -> Result<Received, TransferError> {
        let pulling = async {
            if self.dialled() {
                return self.get(blob, ceiling, path).await;
            }
            let key = (self.peer(), blob);
            let traffic = Arc::clone(self.traffic());
            wait_until_received(
                self.blobs().expect(key, ceiling, path.to_owned(), traffic),
                ceiling,
            )
            .await
        };
        self.while_it_lasts(pulling).await
    }

    async fn while_it_lasts<T>(
        &self,
        transfer: impl Future<Output = Result<T, TransferError>>,
    ) -> Result<T, TransferError> {
        tokio::select! {
            biased;
            () = self.ended() => Err(TransferError::LinkClosed),
            done = transfer => done,
        }
    }

    async fn put(
        &self,
        blob: BlobId,
        ceiling: u64,
        source: &dyn Source,
    ) -> Result<Sent, TransferError> {
        let mut tries = Tries::default();
        loop {
            match self.put_once(blob, ceiling, source).await {
                Ok(sent) => return Ok(sent),
                Err(trouble) => tries.failed(trouble).await?,
            }
        }
    }

    async fn put_once(
        &self,
        blob: BlobId,
        ceiling: u64,
        source: &dyn Source,
    ) -> Result<Sent, Trouble> {
        let from = self.held_there(blob).await?;
        let (feeder, body) = pump();
        let request = self
            .client()
            .put(self.url(blob, Some(from)))
            .body(reqwest::Body::wrap_stream(body))
            .send();
        let mut request = std::pin::pin!(request);
        let feeding = feeder.feed(source, from, ceiling, self.traffic(), || ());
        let passing = |why: String| Trouble::Passing { why, across: from };
        let (fed, response) = tokio::select! {
            response = &mut request => (None, response),
            fed = feeding => {
                let fed = fed.map_err(|e| of_feed(e, ceiling, from))?;
                let response = timeout(ANSWER_PATIENCE, request).await;
                (Some(fed), response.map_err(|_| passing("no answer came".to_owned()))?)
            }
        };
        let response = response.map_err(|e| passing(in_words(&e)))?;
        let received: Ended = answer(response)
            .await
            .map_err(|refused| of_refusal(refused, from))?;
        match fed {
            Some(sent) if sent.digest == received.digest && sent.bytes == received.bytes => {
                Ok(sent)
            }
            Some(_) => Err(Trouble::Mismatch),
            // An answer that did not wait for the end cannot be about this content.
            None => Err(passing("the answer came too early".to_owned())),
        }
    }

    async fn held_there(&self, blob: BlobId) -> Result<u64, Trouble> {
        let passing = |why: String| Trouble::Passing { why, across: 0 };
        let request = self.client().head(self.url(blob, None)).send();
        let response = timeout(ANSWER_PATIENCE, request)
            .await
            .map_err(|_| passing("no answer came".to_owned()))?;
        let response = response.map_err(|e| passing(in_words(&e)))?;
        let held = response
            .headers()
            .get(HELD_HEADER)
            .and_then(|held| held.to_str().ok()?.parse().ok());
        match held {
            Some(held) if response.status().is_success() => Ok(held),
            _ => Err(passing(format!("it answered {}", response.status()))),
        }
    }

    async fn get(
        &self,
        blob: BlobId,
        ceiling: u64,
        path: &Path,
    ) -> Result<Received, TransferError> {
        let mut tries = Tries::default();
        loop {
            match self.get_once(blob, ceiling, path).await {
                Ok(received) => {
                    self.tell_the_end(
                        blob,
                        BlobEnd::Received {
                            digest: received.digest,
                        },
                    )
                    .await;
                    return Ok(received);
                }
                Err(trouble) => {
                    if let Err(error) = tries.failed(trouble).await {
                        self.tell_the_end(
                            blob,
                            BlobEnd::Refused {
                                error: refusal_of(&error),
                            },
                        )
                        .await;
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn get_once(&self, blob: BlobId, ceiling: u64, path: &Path) -> Result<Received, Trouble> {
        let store = |e| Trouble::Final(TransferError::Store(e));
        let partial = Partial::open(path, ceiling).await.map_err(store)?;
        let across = partial.held();
        let passing = |why: String| Trouble::Passing { why, across };
        let request = self.client().get(self.url(blob, Some(across))).send();
        let response = timeout(ANSWER_PATIENCE, request)
            .await
            .map_err(|_| passing("no answer came".to_owned()))?;
        let response = response.map_err(|e| passing(in_words(&e)))?;
        if !response.status().is_success() {
            return Err(of_refusal(read_refusal(response).await, across));
        }
        let body = Box::pin(response.bytes_stream());
        receive(body, partial, ceiling, self.traffic(), || ())
            .await
            .map_err(|error| match error {
                ReceiveError::Cut(why) => passing(why),
                ReceiveError::TooLong => Trouble::Final(TransferError::TooLong { ceiling }),
                ReceiveError::Mismatch => Trouble::Mismatch,
                ReceiveError::Store(e) => store(e),
            })
    }

    /// Tells the one who offered a blob how it ended. Tried a few times; if it is lost, the other
    /// side learns the same from the messages that follow, or gives up waiting.
    async fn tell_the_end(&self, blob: BlobId, end: BlobEnd) {
        for attempt in 0..3u32 {
            let request = self.client().post(self.url(blob, None)).json(&end).send();
            match timeout(ANSWER_PATIENCE, request).await {
                Ok(Ok(_)) => return,
                Ok(Err(_)) | Err(_) => sleep(FIRST_PAUSE * 2u32.pow(attempt)).await,
            }
        }
    }

    fn url(&self, blob: BlobId, from: Option<u64>) -> String {
        let port = self.address().port();
        let query = from.map(|from| format!("?from={from}")).unwrap_or_default();
        format!("https://{SERVER_NAME}:{port}/v1/blob/{blob}{query}")
    }
}

/// The answer to a complete PUT.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Ended {
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
}

/// Failures in a row.
#[derive(Default)]
struct Tries {
    failures: u32,
    mismatches: u32,
    source: u32,
    across: u64,
}

impl Tries {
    /// Counts `trouble` and pauses, or says that it was one too many.
    async fn failed(&mut self, trouble: Trouble) -> Result<(), TransferError> {
        match trouble {
            Trouble::Final(error) => return Err(error),
            Trouble::Mismatch => {
                // The first may be a resumed file that was not what it seemed.
                self.mismatches += 1;
                self.across = 0;
                if self.mismatches == 2 {
                    return Err(TransferError::Mismatch);
                }
            }
            Trouble::Source(error) => {
                self.source += 1;
                if self.source >= MAX_SOURCE_FAILURES {
                    return Err(TransferError::Source(error));
                }
            }
            Trouble::Passing { why, across } => {
                self.failures = if across > self.across {
                    1
                } else {
                    self.failures + 1
                };
                self.across = self.across.max(across);
                if self.failures >= MAX_FAILURES {
                    return Err(TransferError::GaveUp {
                        failures: self.failures,
                        last: why,
                    });
                }
            }
        }
        sleep(FIRST_PAUSE * 2u32.pow(self.failures.min(5))).await;
        Ok(())
    }
}

fn of_feed(error: FeedError, ceiling: u64, across: u64) -> Trouble {
    let passing = |why: String| Trouble::Passing { why, across };
    match error {
        FeedError::TooLong => Trouble::Final(TransferError::TooLong { ceiling }),
        FeedError::Source(e) => Trouble::Source(e),
        FeedError::Cut => passing("the connection broke".to_owned()),
        FeedError::Stalled => passing("nothing moved".to_owned()),
    }
}

fn of_refusal(refusal: Refusal, across: u64) -> Trouble {
    match refusal.error {
        RefusalCode::Mismatch => Trouble::Mismatch,
        RefusalCode::TooLong
        | RefusalCode::CannotStore
        | RefusalCode::CannotRead
        | RefusalCode::NotDonating
        | RefusalCode::NotAllowed
        | RefusalCode::NotPaired => Trouble::Final(TransferError::Refused(refusal.error)),
        code => Trouble::Passing {
            why: format!("it answered {code:?}"),
            across: across.max(refusal.held),
        },
    }
}

fn refusal_of(error: &TransferError) -> RefusalCode {
    match error {
        TransferError::TooLong { .. } => RefusalCode::TooLong,
        TransferError::Mismatch => RefusalCode::Mismatch,
        TransferError::Store(_) => RefusalCode::CannotStore,
        _ => RefusalCode::Other,
    }
}

/// Waits on the offering side until the peer says that it has the blob.
async fn wait_until_taken(mut offered: Registration, ceiling: u64) -> Result<Sent, TransferError> {
    let (mut fed, mut there, mut source_failures) = (None::<Sent>, None::<Digest>, 0);
    loop {
        let told = timeout(STALL_PATIENCE, offered.told.recv())
            .await
            .map_err(|_| TransferError::Stalled)?;
        match told {
            Some(Told::Fed(sent)) => fed = Some(sent),
            Some(Told::PeerHas(digest)) => there = Some(digest),
            Some(Told::PeerRefused(RefusalCode::TooLong)) => {
                return Err(TransferError::TooLong { ceiling });
            }
            Some(Told::PeerRefused(RefusalCode::Mismatch)) => return Err(TransferError::Mismatch),
            Some(Told::PeerRefused(code)) => return Err(TransferError::Refused(code)),
            Some(Told::SourceFailed(FeedError::Source(error))) => {
                source_failures += 1;
                if source_failures >= MAX_SOURCE_FAILURES {
                    return Err(TransferError::Source(error));
                }
            }
            Some(Told::SourceFailed(FeedError::TooLong)) => {
                return Err(TransferError::TooLong { ceiling });
            }
            Some(
                Told::Alive | Told::SourceFailed(_) | Told::Received(_) | Told::ReceiveFailed(_),
            ) => {}
            None => return Err(TransferError::Stalled),
        }
        // The peer's word may overtake our own count of what went out.
        if let (Some(sent), Some(digest)) = (fed, there) {
            return if sent.digest == digest {
                Ok(sent)
            } else {
                Err(TransferError::Mismatch)
            };
        }
    }
}

/// Waits on the expecting side until the blob is here.
async fn wait_until_received(
    mut expected: Registration,
    ceiling: u64,
) -> Result<Received, TransferError> {
    let mut mismatches = 0;
    loop {
        let told = timeout(STALL_PATIENCE, expected.told.recv())
            .await
            .map_err(|_| TransferError::Stalled)?;
        match told {
            Some(Told::Received(received)) => return Ok(received),
            Some(Told::ReceiveFailed(ReceiveError::TooLong)) => {
                return Err(TransferError::TooLong { ceiling });
            }
            Some(Told::ReceiveFailed(ReceiveError::Store(e))) => {
                return Err(TransferError::Store(e));
            }
            Some(Told::ReceiveFailed(ReceiveError::Mismatch)) => {
                mismatches += 1;
                if mismatches == 2 {
                    return Err(TransferError::Mismatch);
                }
            }
            Some(_) => {}
            None => return Err(TransferError::Stalled),
        }
    }
}

/// Reads an answer's JSON, or its refusal.
pub(crate) async fn answer<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, Refusal> {
    if !response.status().is_success() {
        return Err(read_refusal(response).await);
    }
    let read = bounded(response)
        .await
        .and_then(|body| serde_json::from_slice(&body).ok());
    read.ok_or_else(|| unexplained(RefusalCode::Malformed))
}

async fn read_refusal(response: reqwest::Response) -> Refusal {
    let read = bounded(response)
        .await
        .and_then(|body| serde_json::from_slice(&body).ok());
    read.unwrap_or_else(|| unexplained(RefusalCode::Other))
}

fn unexplained(error: RefusalCode) -> Refusal {
    Refusal {
        error,
        protocol: PROTOCOL,
        name: crate::proto::Name::default(),
        held: 0,
    }
}

/// A small body, or nothing if it is not small or not whole.
async fn bounded(mut response: reqwest::Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let reading = async {
        while let Some(piece) = response.chunk().await.ok()? {
            body.extend_from_slice(&piece);
            (body.len() <= MAX_BODY).then_some(())?;
        }
        Some(())
    };
    timeout(ANSWER_PATIENCE, reading).await.ok()??;
    Some(body)
}

/// An error of the HTTP client with what caused it.
pub(crate) fn in_words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
