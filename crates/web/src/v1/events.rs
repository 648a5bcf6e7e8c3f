//! `/events` and `/events/socket`: what happens, as it happens, as server-sent events and over a WebSocket.
//!
//! Both carry the same JSON. Nothing is kept for who is not there: after a gap there is one event `missed`, and whoever
//! reads asks again for what it shows. Pairing is not told: a code that is shown there is meant for eyes in the room. A
//! stream ends with the node, and when the key that opened it is revoked.

use std::convert::Infallible;
use std::time::Duration;

use api::Events;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response, sse};
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{interval, timeout};
use utoipa::ToSchema;

use super::entry::{Rights, over};
use super::job::Job;
use super::peers::{Node, Peer};
use super::problem::Refused;
use crate::Shared;

/// How often a WebSocket is asked whether it is there.
const BEAT: Duration = Duration::from_secs(20);
/// How long a reader may take to take a message.
const STUCK: Duration = Duration::from_secs(30);
/// Events that wait for a reader before that counts.
const WAITING: usize = 64;
/// The largest message that is read, bytes; there is nothing to say to us.
const HEARD_BYTES: usize = 4096;
/// And how many of them between two beats.
const CHATTER: u32 = 64;

/// An event and its number. Numbers of one run of the node grow; they may leave some out.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Numbered {
    /// The event's number.
    pub seq: u64,
    /// What happened.
    pub event: Event,
}

/// Something is not as it was: here it is, whole.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// This computer's node.
    Node {
        /// It.
        node: Box<Node>,
    },
    /// Another computer, new or changed.
    Peer {
        /// It.
        peer: Box<Peer>,
    },
    /// A computer that is not there any more.
    PeerGone {
        /// Which.
        peer_id: String,
    },
    /// A job, new or changed.
    Job {
        /// It.
        job: Box<Job>,
    },
    /// A job that was taken off the list.
    JobGone {
        /// Which.
        job_id: u64,
    },
    /// Something was left out: ask again for what you show.
    Missed {},
}

impl Event {
    /// `None` for what is not told here.
    fn of(event: api::Event) -> Option<Self> {
        Some(match event {
            api::Event::Here(here) => Self::Node {
                node: Box::new(here.into()),
            },
            api::Event::Computer(one) => Self::Peer {
                peer: Box::new(one.into()),
            },
            api::Event::ComputerGone(id) => Self::PeerGone { peer_id: id.0 },
            api::Event::Job(job) => Self::Job {
                job: Box::new(job.into()),
            },
            api::Event::JobGone(id) => Self::JobGone { job_id: id.0 },
            api::Event::Pairing(_) => return None,
        })
    }
}

/// Whoever reads, as far as it has come.
struct Reader {
    events: Events,
    last: Option<u64>,
    /// To be told next, after a gap.
    next: Option<Numbered>,
    /// Something was missed before it began.
    behind: bool,
    _room: OwnedSemaphorePermit,
}

impl Reader {
    /// A reader, if there is room for one more. One that is `behind` hears first that it has missed something.
    fn new(shared: &Shared, behind: bool) -> Result<Self, Refused> {
        let room = shared.desk.streams.clone().try_acquire_owned();
        let full = |_| {
            let text = "There are as many streams of events as this computer gives.";
            Refused::new(StatusCode::SERVICE_UNAVAILABLE, text)
        };
        Ok(Self {
            events: shared.api.events(),
            last: None,
            next: None,
            behind,
            _room: room.map_err(full)?,
        })
    }

    /// The next event as it is told; `None` when the node has stopped.
    async fn next(&mut self) -> Option<Numbered> {
        loop {
            if self.behind {
                self.behind = false;
                let seq = self.last.unwrap_or(0);
                let event = Event::Missed {};
                return Some(Numbered { seq, event });
            }
            if let Some(kept) = self.next.take() {
                return Some(kept);
            }
            let numbered = self.events.next().await?;
            let seq = numbered.seq;
            self.behind = self.last.is_some_and(|last| seq != last + 1);
            self.last = Some(seq);
            self.next = Event::of(numbered.event).map(|event| Numbered { seq, event });
        }
    }
}

/// What happens, as server-sent events: each has a `Numbered` as its data.
///
/// Nothing comes until something changes: read what you show first with the other routes, after this stream is open. A
/// reader that comes again with `Last-Event-ID` hears `missed` first.
#[utoipa::path(get, path = "/events", tag = "events",
    responses((status = 200, description = "A stream that does not end.", content_type = "text/event-stream", body = String)))]
pub async fn stream(
    State(shared): State<Shared>,
    Extension(rights): Extension<Rights>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let reader = Reader::new(&shared, headers.contains_key("last-event-id"))?;
    let (told, events) = mpsc::channel(WAITING);
    tokio::spawn(tell(reader, told, over(shared, rights)));
    let events = stream::unfold(events, |mut events| async move {
        Some((events.recv().await?, events))
    });
    let open = stream::once(async { Ok(sse::Event::default().comment("open")) });
    let all = open.chain(events);
    Ok(Sse::new(all)
        .keep_alive(KeepAlive::default())
        .into_response())
}

type Told = Result<sse::Event, Infallible>;

/// Hands events to a stream until it is over, or is taken from no more: who reads nothing keeps no seat.
async fn tell(mut reader: Reader, told: mpsc::Sender<Told>, over: impl Future<Output = ()>) {
    tokio::pin!(over);
    loop {
        let numbered = tokio::select! {
            () = &mut over => return,
            () = told.closed() => return,
            numbered = reader.next() => numbered,
        };
        let Some(numbered) = numbered else {
            return;
        };
        let event = sse::Event::default().id(numbered.seq.to_string());
        // What cannot be written would be a fault of ours; the next event tells it whole again.
        let Ok(event) = event.json_data(&numbered) else {
            continue;
        };
        tokio::select! {
            () = &mut over => return,
            sent = timeout(STUCK, told.send(Ok(event))) => if !matches!(sent, Ok(Ok(()))) {
                return;
            },
        }
    }
}

/// The same over a WebSocket: each text message is a `Numbered`. What is sent to it is not read.
#[utoipa::path(get, path = "/events/socket", tag = "events",
    responses((status = 101, description = "It is open.")))]
pub async fn socket(
    State(shared): State<Shared>,
    Extension(rights): Extension<Rights>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refused> {
    let upgrade = upgrade.map_err(|_| {
        let text = "This is a WebSocket: it is opened by an upgrade.";
        Refused::new(StatusCode::UPGRADE_REQUIRED, text)
            .help("GET /api/v1/events tells the same as server-sent events.")
    })?;
    let reader = Reader::new(&shared, false)?;
    let upgrade = upgrade
        .max_message_size(HEARD_BYTES)
        .max_frame_size(HEARD_BYTES);
    Ok(upgrade.on_upgrade(move |socket| talk(socket, reader, over(shared, rights))))
}

async fn talk(mut socket: WebSocket, mut reader: Reader, over: impl Future<Output = ()>) {
    let mut beats = interval(BEAT);
    let mut heard = 1;
    tokio::pin!(over);
    loop {
        let message = tokio::select! {
            () = &mut over => break,
            numbered = reader.next() => match numbered.map(|one| serde_json::to_string(&one)) {
                Some(Ok(text)) => Message::Text(text.into()),
                Some(Err(_)) => continue,
                None => break,
            },
            came = socket.recv() => match came {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) if heard < CHATTER => {
                    heard += 1;
                    continue;
                }
                Some(Ok(_)) => return,
            },
            _ = beats.tick() => {
                if std::mem::take(&mut heard) == 0 {
                    return;
                }
                Message::Ping(Vec::new().into())
            }
        };
        if !matches!(timeout(STUCK, socket.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
    // It may be gone already.
    let _ = timeout(STUCK, socket.send(Message::Close(None))).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::Api;
    use api::rehearsal::{Rehearsal, job};
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_keeps_no_seat() {
        let node = Arc::new(Rehearsal::default());
        let api = Api::new(node.clone());
        let seats = Arc::new(Semaphore::new(1));
        let reader = Reader {
            events: api.events(),
            last: None,
            next: None,
            behind: false,
            _room: seats.clone().try_acquire_owned().unwrap(),
        };
        api.snapshot().await.unwrap();
        let (told, _kept) = mpsc::channel(1);
        let telling = tokio::spawn(tell(reader, told, std::future::pending()));
        for number in 1..=3 {
            node.edit(|scene| scene.jobs.push(job(number, "a.mkv")));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(seats.available_permits(), 0);
        telling.await.unwrap();
        assert_eq!(seats.available_permits(), 1);
    }
}
