//! Calling another computer: reaching it first, then asking it something.
//!
//! Every call is over TLS with our certificate shown. It is pinned to the one expected, except for
//! [`hello`], whose purpose is to find out who is there. No redirects, no proxies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use rustls::pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest};

use crate::identity::{Identity, fingerprint};
use crate::ids::PeerId;
use crate::interfaces;
use crate::proto::{Card, EXTRAS, Extras, MAX_BODY, PROTOCOL, Refusal, RefusalCode};
use crate::shared::Shared;
use crate::tls::{self, SERVER_NAME};
use crate::transfer::{answer, in_words};
use crate::wire::{Wire, limits};

/// Each address of a computer is tried this long after the one before.
const STAGGER: Duration = Duration::from_millis(250);

/// How long one address may take to answer and prove itself.
const REACH: Duration = Duration::from_secs(3);

/// How long a small question may take; some are held back for eight seconds.
const ASK: Duration = Duration::from_secs(12);

/// The header that tells where the asking side listens, for those who never heard of it.
pub(crate) const PORT_HEADER: &str = "manyhands-port";

/// The header with the run of the asking node, by which two copies of one identity tell each other apart.
pub(crate) const SESSION_HEADER: &str = "manyhands-session";

/// The header with the protocol that is about to be spoken.
pub(crate) const PROTOCOL_HEADER: &str = "manyhands-protocol";

/// The header with what is understood beyond that, in both directions.
pub(crate) const EXTRAS_HEADER: &str = "manyhands-extras";

/// Why a computer could not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// Nothing is known about where it is.
    #[error("no address of that computer is known")]
    NoAddress,
    /// No address answered.
    #[error("no answer at {0}")]
    Unreachable(String),
    /// Somebody else's certificate was shown at this address.
    #[error("another computer answered at {0}")]
    WrongComputer(SocketAddr),
    /// It answered, and said no.
    #[error("it refused the connection ({0:?})")]
    Refused(RefusalCode),
    /// It answered with something that is not this protocol.
    #[error("what answered is not Manyhands: {0}")]
    NotManyhands(String),
    /// Our own identity cannot be used.
    #[error("{0}")]
    Own(String),
}

/// A connection to the computer with the pinned certificate.
pub(crate) struct Reached {
    pub(crate) stream: TlsStream<TcpStream>,
    pub(crate) address: SocketAddr,
}

/// Tries `addresses` one after the other, a little apart, and keeps the first that proves to be
/// `peer`. The error is the most telling one.
pub(crate) async fn reach(
    identity: &Identity,
    peer: PeerId,
    addresses: &[SocketAddr],
) -> Result<Reached, DialError> {
    let config =
        tls::client_config(identity, Some(peer)).map_err(|e| DialError::Own(e.to_string()))?;
    let connector = TlsConnector::from(Arc::new(config));
    let call = |address| {
        let connector = connector.clone();
        async move {
            let stream = connect(&connector, address).await?;
            Ok(Reached { stream, address })
        }
        .boxed()
    };
    race(addresses, call).await
}

async fn connect(
    connector: &TlsConnector,
    address: SocketAddr,
) -> Result<TlsStream<TcpStream>, DialError> {
    let unreachable = |e: std::io::Error| DialError::Unreachable(format!("{address} ({e})"));
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    connector.connect(server_name(), stream).await.map_err(|e| {
        let wrong = e
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .is_some_and(tls::is_wrong_pin);
        if wrong {
            DialError::WrongComputer(address)
        } else {
            unreachable(e)
        }
    })
}

fn server_name() -> ServerName<'static> {
    // A constant that is a valid name; the test below says so.
    ServerName::try_from(SERVER_NAME)
        .unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()))
}

/// The first success among `call`s on each address, begun a little apart.
pub(crate) async fn race<T>(
    addresses: &[SocketAddr],
    call: impl Fn(SocketAddr) -> BoxFuture<'static, Result<T, DialError>> + Send + Sync,
) -> Result<T, DialError> {
    let own = interfaces::all();
    let places: Vec<SocketAddr> = addresses
        .iter()
        .flat_map(|address| interfaces::dialable(*address, &own))
        .collect();
    let attempt = |(i, address): (usize, &SocketAddr)| {
        let address = *address;
        let call = call(address);
        async move {
            sleep(STAGGER * u32::try_from(i).unwrap_or(u32::MAX)).await;
            let late = || {
                DialError::Unreachable(format!(
                    "{address} (no answer for {} seconds)",
                    REACH.as_secs()
                ))
            };
            timeout(REACH, call).await.unwrap_or_else(|_| Err(late()))
        }
    };
    let mut attempts: FuturesUnordered<_> = places.iter().enumerate().map(attempt).collect();
    let mut worst = DialError::NoAddress;
    while let Some(outcome) = attempts.next().await {
        match outcome {
            Ok(reached) => return Ok(reached),
            Err(error) => worst = more_telling(worst, error),
        }
    }
    Err(worst)
}

fn more_telling(one: DialError, other: DialError) -> DialError {
    let rank = |error: &DialError| match error {
        DialError::NoAddress => 0,
        DialError::Unreachable(_) => 1,
        DialError::NotManyhands(_) => 2,
        DialError::WrongComputer(_) => 3,
        DialError::Refused(_) | DialError::Own(_) => 4,
    };
    match (one, other) {
        (DialError::Unreachable(one), DialError::Unreachable(other)) => {
            DialError::Unreachable(format!("{one}, {other}"))
        }
        (one, other) if rank(&one) >= rank(&other) => one,
        (_, other) => other,
    }
}

/// Opens the control connection over a connection that proved itself.
pub(crate) async fn open_link(reached: Reached) -> Result<(Wire, SocketAddr), DialError> {
    let foreign = |e: &dyn std::error::Error| DialError::NotManyhands(e.to_string());
    let uri = format!("wss://{SERVER_NAME}:{}/v1/link", reached.address.port());
    let mut request = uri.into_client_request().map_err(|e| foreign(&e))?;
    let headers = request.headers_mut();
    headers.insert(PROTOCOL_HEADER, PROTOCOL.into());
    headers.insert(EXTRAS_HEADER, HeaderValue::from_static(EXTRAS));
    let opening =
        tokio_tungstenite::client_async_with_config(request, reached.stream, Some(limits()));
    match timeout(ASK, opening).await {
        Ok(Ok((socket, answer))) => {
            let extras = answer.headers().get(EXTRAS_HEADER);
            let extras = Extras::said(extras.and_then(|said| said.to_str().ok()));
            Ok((Wire::dialled(socket, extras), reached.address))
        }
        Ok(Err(tungstenite::Error::Http(response))) => {
            Err(DialError::Refused(code_of(response.status().as_u16())))
        }
        Ok(Err(e)) => Err(foreign(&e)),
        Err(_) => Err(DialError::Unreachable(format!(
            "{} (no answer)",
            reached.address
        ))),
    }
}

/// The status codes that a link can be refused with; see [`crate::server`].
fn code_of(status: u16) -> RefusalCode {
    match status {
        403 => RefusalCode::NotPaired,
        426 => RefusalCode::Protocol,
        429 => RefusalCode::SlowDown,
        503 => RefusalCode::Pairing,
        404 => RefusalCode::NoSuchThing,
        _ => RefusalCode::Other,
    }
}

/// A client for requests to `address` only, whatever name they carry.
pub(crate) fn http_client(
    identity: &Identity,
    pin: Option<PeerId>,
    address: SocketAddr,
) -> Result<reqwest::Client, DialError> {
    let config = tls::client_config(identity, pin).map_err(|e| DialError::Own(e.to_string()))?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .tls_info(true)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .resolve(SERVER_NAME, address)
        .tcp_nodelay(true)
        .connect_timeout(REACH)
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(10))
        .build()
        .map_err(|e| DialError::Own(in_words(&e)))
}

/// Asks whoever is at `address` who they are, and shows our certificate, port and run in return.
pub(crate) async fn hello(
    shared: &Shared,
    address: SocketAddr,
) -> Result<(PeerId, Card), DialError> {
    let client = http_client(&shared.identity, None, address)?;
    let url = format!("https://{SERVER_NAME}:{}/v1/hello", address.port());
    let request = client
        .get(url)
        .header(PORT_HEADER, shared.listen.port())
        .header(SESSION_HEADER, shared.session.to_string())
        .send();
    let unreachable = |why: String| DialError::Unreachable(format!("{address} ({why})"));
    let response = timeout(REACH, request)
        .await
        .map_err(|_| unreachable("no answer".to_owned()))?;
    let response = response.map_err(|e| unreachable(in_words(&e)))?;
    let shown = response
        .extensions()
        .get::<reqwest::tls::TlsInfo>()
        .and_then(|info| info.peer_certificate());
    let id = shown.map(|der| fingerprint(&CertificateDer::from(der)));
    let id = id.ok_or_else(|| DialError::NotManyhands("no certificate".to_owned()))?;
    match answer::<Card>(response).await {
        Ok(card) => Ok((id, card)),
        Err(Refusal {
            error: RefusalCode::Malformed | RefusalCode::Other,
            ..
        }) => Err(DialError::NotManyhands(format!(
            "no proper answer at {address}"
        ))),
        Err(refusal) => Err(DialError::Refused(refusal.error)),
    }
}

/// Sends a small question to `peer` at `address`.
pub(crate) async fn post<B: Serialize, A: DeserializeOwned>(
    identity: &Identity,
    peer: PeerId,
    address: SocketAddr,
    path: &str,
    body: &B,
) -> Result<Result<A, Refusal>, DialError> {
    let client = http_client(identity, Some(peer), address)?;
    let url = format!("https://{SERVER_NAME}:{}/v1/{path}", address.port());
    let body = serde_json::to_vec(body).map_err(|e| DialError::Own(e.to_string()))?;
    debug_assert!(body.len() <= MAX_BODY);
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .body(body)
        .send();
    let unreachable = |why: String| DialError::Unreachable(format!("{address} ({why})"));
    let response = timeout(ASK, request)
        .await
        .map_err(|_| unreachable("no answer".to_owned()))?;
    Ok(answer(response.map_err(|e| unreachable(in_words(&e)))?).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_every_request_is_a_name() {
        assert_eq!(server_name().to_str(), SERVER_NAME);
    }
}
