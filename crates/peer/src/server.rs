//! The listening side: one port, TLS always, and almost nothing for strangers.
//!
//! | route | for | |
//! |---|---|---|
//! | `GET /v1/hello` | anyone | who this is |
//! | `POST /v1/pair/redeem` | anyone with a certificate | redeem an invite |
//! | `POST /v1/pair/ask` | anyone with a certificate | ask for help: a code will be typed here |
//! | `POST /v1/pair/turn` | who asked | one half of an exchange; held for up to eight seconds |
//! | `POST /v1/pair/confirm` | who asked | proof of the key that came of it |
//! | `POST /v1/pair/withdraw` | who asked | take the request back |
//! | `GET /v1/link` | paired | the control connection, a WebSocket |
//! | `HEAD /v1/blob/{id}` | paired | how much is held of a blob that is expected |
//! | `PUT /v1/blob/{id}?from=N` | paired | the rest of a blob that is expected |
//! | `GET /v1/blob/{id}?from=N` | paired | the rest of a blob that is offered |
//! | `POST /v1/blob/{id}` | paired | how taking an offered blob ended |
//!
//! The blob routes are for work. A paired computer gets 403 from them while this one does not donate or does not let it
//! use it, unless the blob belongs to what it does for this one.
//!
//! A stranger gets 403 for everything else, whether it exists or not. Strangers share a few
//! connections that live for seconds; small bodies and headers are all that they may send.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Extension, Path, Query, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head, post};
use axum::{Json, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::blobs::BlobEnd;
use crate::client::{EXTRAS_HEADER, PORT_HEADER, PROTOCOL_HEADER, SESSION_HEADER};
use crate::doorstep::{Doorstep, Place};
use crate::identity::fingerprint;
use crate::ids::{BlobId, PeerId};
use crate::interfaces;
use crate::proto::{
    AskBody, EXTRAS, Extras, ForeignHello, MAX_BODY, MAX_MESSAGE, Name, PROTOCOL, Redeem, Refusal,
    RefusalCode, Welcome,
};
use crate::shared::Shared;
use crate::transfer::{Ended, HELD_HEADER};
use crate::wire::Wire;

/// How long a caller may take to finish the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How long a connection may take for a request's head, and may idle between requests.
const HEAD: Duration = Duration::from_secs(30);

/// How long a stranger's connection lives.
const STRANGER: Duration = Duration::from_secs(15);

/// The most connections at once: less than the open files that systems allow by default.
const MAX_CONNECTIONS: usize = 512;

/// The largest head of a request, and the buffer its body is read through.
const BUFFER: usize = 64 << 10;

/// What strangers may ask for.
const PUBLIC: [&str; 6] = [
    "/v1/hello",
    "/v1/pair/redeem",
    "/v1/pair/ask",
    "/v1/pair/turn",
    "/v1/pair/confirm",
    "/v1/pair/withdraw",
];

/// Who makes a request.
#[derive(Clone, Copy, Debug)]
struct Caller {
    peer: Option<PeerId>,
    address: SocketAddr,
}

/// Accepts connections until the node stops.
pub(crate) async fn serve(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let router = router(&shared);
    let doorstep = Arc::new(Doorstep::default());
    let all = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, most likely: others must close first.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        // A connection that is one too many is closed without a word.
        let Ok(connection) = Arc::clone(&all).try_acquire_owned() else {
            continue;
        };
        let address = interfaces::undisguised(address);
        let place = doorstep.enter(address.ip());
        let (acceptor, router, shared) = (acceptor.clone(), router.clone(), Arc::clone(&shared));
        shared.tasks.clone().spawn(async move {
            let _connection = connection;
            converse(stream, address, acceptor, router, &shared, place).await;
        });
    }
}

/// Serves one connection to its end.
async fn converse(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    router: Router,
    shared: &Shared,
    place: Place,
) {
    // Without it only latency suffers.
    let _ = stream.set_nodelay(true);
    let stream = tokio::select! {
        () = shared.stop.cancelled() => return,
        () = place.sent_away() => return,
        shaken = timeout(HANDSHAKE, acceptor.accept(stream)) => match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let peer = certificates
        .and_then(|chain| chain.first())
        .map(fingerprint);
    let paired = peer.filter(|peer| shared.is_paired(*peer));
    let seat = paired.map(|peer| shared.seat(peer));
    if let Some(None) = seat {
        return;
    }
    let place = if paired.is_some() { None } else { Some(place) };
    let service = TowerToHyperService::new(router.layer(Extension(Caller { peer, address })));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        () = shared.stop.cancelled() => {}
        () = time_is_up(place.as_ref()) => {}
        // A connection that broke has nobody to be told.
        _ = connection => {}
    }
}

/// A stranger's time is short, and shorter where others wait.
async fn time_is_up(place: Option<&Place>) {
    let Some(place) = place else {
        return std::future::pending().await;
    };
    // Either way it is over.
    let _ = timeout(STRANGER, place.sent_away()).await;
}

fn router(shared: &Arc<Shared>) -> Router {
    let blob = head(held).get(give).put(take).post(ended);
    Router::new()
        .route("/v1/hello", get(hello))
        .route("/v1/pair/redeem", post(redeem))
        .route("/v1/pair/ask", post(ask))
        .route("/v1/pair/turn", post(turn))
        .route("/v1/pair/confirm", post(confirm))
        .route("/v1/pair/withdraw", post(withdraw))
        .route("/v1/link", get(link))
        .route("/v1/blob/{id}", blob)
        .fallback(async || refuse(StatusCode::NOT_FOUND, RefusalCode::NoSuchThing))
        .layer(from_fn_with_state(Arc::clone(shared), gate))
        .with_state(Arc::clone(shared))
}

/// Lets the paired through, and anyone to what is for anyone.
async fn gate(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let public = PUBLIC.contains(&path);
    let paired = caller.peer.is_some_and(|peer| shared.is_paired(peer));
    if public {
        if !paired && !shared.allows_stranger(caller.address.ip()) {
            return refuse(StatusCode::TOO_MANY_REQUESTS, RefusalCode::SlowDown);
        }
    } else {
        match caller.peer {
            Some(peer) if paired => {
                if let Some(code) = shared.withheld(peer, path) {
                    return refuse(StatusCode::FORBIDDEN, code);
                }
            }
            Some(peer) if shared.is_redeeming(peer) => {
                return refuse(StatusCode::SERVICE_UNAVAILABLE, RefusalCode::Pairing);
            }
            _ => return refuse(StatusCode::FORBIDDEN, RefusalCode::NotPaired),
        }
    }
    next.run(request).await
}

async fn hello(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let said = |header| headers.get(header).and_then(|said| said.to_str().ok());
    let port = said(PORT_HEADER).and_then(|port| port.parse().ok());
    let session = said(SESSION_HEADER).and_then(|session| session.parse().ok());
    if let (Some(peer), Some(port)) = (caller.peer, port) {
        let address = interfaces::with_port(caller.address, port);
        if peer == shared.id() && session.is_some_and(|session| session != shared.session) {
            shared.met_twin(session, address, Name::default()).await;
        }
        shared.heard_from(peer, address);
    }
    Json(shared.card(caller.peer)).into_response()
}

async fn redeem(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Response {
    let (peer, redeem) = match greeted::<Redeem>(&shared, caller, body).await {
        Ok(greeted) => greeted,
        Err(refusal) => return refusal,
    };
    match shared.redeemed(peer, caller.address.ip(), &redeem).await {
        Ok(()) => Json(Welcome {
            name: shared.name(),
        })
        .into_response(),
        Err(RefusalCode::SlowDown) => refuse(StatusCode::TOO_MANY_REQUESTS, RefusalCode::SlowDown),
        Err(code @ (RefusalCode::InviteUsed | RefusalCode::InviteExpired)) => {
            refuse(StatusCode::GONE, code)
        }
        Err(code) => refuse(StatusCode::FORBIDDEN, code),
    }
}

/// A body that begins with the protocol its sender speaks, as every version's must.
async fn greeted<T: DeserializeOwned>(
    shared: &Shared,
    caller: Caller,
    body: Body,
) -> Result<(PeerId, T), Response> {
    let (peer, body) = signed(caller, body).await?;
    match serde_json::from_slice::<ForeignHello>(&body) {
        Ok(foreign) if foreign.protocol != PROTOCOL => {
            let status = StatusCode::UPGRADE_REQUIRED;
            return Err(named(shared, status, RefusalCode::Protocol));
        }
        Ok(_) => {}
        Err(_) => return Err(malformed()),
    }
    let parsed = serde_json::from_slice(&body).map_err(|_| malformed())?;
    Ok((peer, parsed))
}

/// A body of somebody who has shown a certificate.
async fn signed(caller: Caller, body: Body) -> Result<(PeerId, Bytes), Response> {
    match (caller.peer, small(body).await) {
        (Some(peer), Some(body)) => Ok((peer, body)),
        _ => Err(malformed()),
    }
}

/// What a body of somebody with a certificate says.
async fn said<T: DeserializeOwned>(caller: Caller, body: Body) -> Result<(PeerId, T), Response> {
    let (peer, body) = signed(caller, body).await?;
    let parsed = serde_json::from_slice(&body).map_err(|_| malformed())?;
    Ok((peer, parsed))
}

/// A body that is small and comes soon.
async fn small(body: Body) -> Option<Bytes> {
    let read = timeout(HANDSHAKE, to_bytes(body, MAX_BODY)).await;
    read.ok().and_then(Result::ok)
}

async fn ask(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Response {
    let ip = caller.address.ip();
    let asked = async {
        let (peer, ask) = greeted::<AskBody>(&shared, caller, body).await?;
        shared.asked(peer, ip, ask).await.map_err(refuse_code)
    };
    asked.await.map(Json).into_response()
}

async fn turn(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Response {
    let answered = async {
        let (peer, turn) = said(caller, body).await?;
        shared.turn(peer, &turn).await.map_err(refuse_code)
    };
    answered.await.map(Json).into_response()
}

async fn confirm(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Response {
    let confirmed = async {
        let (peer, confirm) = said(caller, body).await?;
        let judged = shared.confirm(peer, &confirm).await;
        judged.map_err(|(code, left)| refuse_with(code, u64::from(left)))
    };
    confirmed.await.map(Json).into_response()
}

async fn withdraw(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let Some(peer) = caller.peer else {
        return malformed();
    };
    shared.withdrawn(peer).await;
    Json(()).into_response()
}

async fn link(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(peer) = caller.peer else {
        return refuse(StatusCode::FORBIDDEN, RefusalCode::NotPaired);
    };
    let spoken = headers
        .get(PROTOCOL_HEADER)
        .and_then(|version| version.to_str().ok()?.parse().ok());
    if spoken != Some(PROTOCOL) {
        let name = shared.paired_name(peer).unwrap_or_default();
        shared
            .met_other_protocol(peer, name, spoken.unwrap_or(0))
            .await;
        return named(&shared, StatusCode::UPGRADE_REQUIRED, RefusalCode::Protocol);
    }
    let upgrade = upgrade
        .read_buffer_size(16 << 10)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE);
    let extras = headers.get(EXTRAS_HEADER);
    let extras = Extras::said(extras.and_then(|said| said.to_str().ok()));
    let answer = upgrade.on_upgrade(move |socket| async move {
        let wire = Wire::accepted(socket, extras);
        shared.establish(wire, peer, false, caller.address).await;
    });
    ([(EXTRAS_HEADER, EXTRAS)], answer).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    #[serde(default)]
    from: u64,
}

type Key = Result<Path<BlobId>, axum::extract::rejection::PathRejection>;

/// The blob that a paired caller means.
fn key_of(caller: Caller, id: Key) -> Option<(PeerId, BlobId)> {
    Some((caller.peer?, id.ok()?.0))
}

async fn held(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    id: Key,
) -> Response {
    let Some(key) = key_of(caller, id) else {
        return malformed();
    };
    match shared.blobs.held(key).await {
        Ok(held) => ([(HELD_HEADER, held.to_string())], StatusCode::NO_CONTENT).into_response(),
        Err(code) => refuse(status_of(code), code),
    }
}

async fn give(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    id: Key,
    Query(From { from }): Query<From>,
) -> Response {
    let Some(key) = key_of(caller, id) else {
        return malformed();
    };
    match shared.blobs.give(key, from).await {
        Ok(body) => Body::from_stream(body).into_response(),
        Err(code) => refuse(status_of(code), code),
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    id: Key,
    Query(From { from }): Query<From>,
    body: Body,
) -> Response {
    let Some(key) = key_of(caller, id) else {
        return malformed();
    };
    match shared.blobs.take(key, from, body.into_data_stream()).await {
        Ok(received) => Json(Ended {
            bytes: received.bytes,
            digest: received.digest,
        })
        .into_response(),
        Err((error, held)) => refuse_with(error, held),
    }
}

async fn ended(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    id: Key,
    body: Body,
) -> Response {
    let Some(key) = key_of(caller, id) else {
        return malformed();
    };
    let body = small(body).await.unwrap_or_default();
    let Ok(end) = serde_json::from_slice::<BlobEnd>(&body) else {
        return malformed();
    };
    match shared.blobs.ended(key, end).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(code) => refuse(status_of(code), code),
    }
}

fn status_of(code: RefusalCode) -> StatusCode {
    match code {
        RefusalCode::NoSuchBlob => StatusCode::NOT_FOUND,
        RefusalCode::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalCode::CannotStore => StatusCode::INSUFFICIENT_STORAGE,
        RefusalCode::SlowDown => StatusCode::TOO_MANY_REQUESTS,
        RefusalCode::NotDonating
        | RefusalCode::NotAllowed
        | RefusalCode::PairDeclined
        | RefusalCode::PairWrongCode => StatusCode::FORBIDDEN,
        RefusalCode::PairOver => StatusCode::GONE,
        RefusalCode::Malformed => StatusCode::BAD_REQUEST,
        _ => StatusCode::CONFLICT,
    }
}

fn refuse(status: StatusCode, error: RefusalCode) -> Response {
    (
        status,
        Json(Refusal {
            error,
            protocol: PROTOCOL,
            name: Name::default(),
            held: 0,
        }),
    )
        .into_response()
}

fn refuse_code(error: RefusalCode) -> Response {
    refuse_with(error, 0)
}

/// With the number that goes with the code.
fn refuse_with(error: RefusalCode, held: u64) -> Response {
    let refusal = Refusal {
        error,
        protocol: PROTOCOL,
        name: Name::default(),
        held,
    };
    (status_of(error), Json(refusal)).into_response()
}

fn malformed() -> Response {
    refuse(StatusCode::BAD_REQUEST, RefusalCode::Malformed)
}

/// For refusals that a person will read about: with our name in it.
fn named(shared: &Shared, status: StatusCode, error: RefusalCode) -> Response {
    (
        status,
        Json(Refusal {
            error,
            protocol: PROTOCOL,
            name: shared.public_name(),
            held: 0,
        }),
    )
        .into_response()
}
