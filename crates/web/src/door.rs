//! Where requests come in: plainly on loopback, by TLS with a certificate of our own beyond it.
//!
//! Whoever says nothing keeps nobody out: handshakes are made beside each other and given a few seconds, a request's head
//! half a minute, and there are so many connections and no more ([`Seats`]).

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::password::write_private;
use crate::seats::{Seat, Seats};

/// The page's certificate and its key, in the data folder.
const FILE: &str = "page.pem";
/// How long a caller may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a caller may take for a request's head, and may idle between requests.
const HEAD: Duration = Duration::from_secs(30);
/// How long connections may take to end when the page is stopped.
const GRACE: Duration = Duration::from_secs(2);
/// The largest head of a request, and the buffer its body is read through.
const BUFFER: usize = 64 << 10;

/// A listener: on loopback plainly, as what is sent there never leaves this computer, elsewhere with TLS.
pub(crate) struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

/// Who makes a request: where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) SocketAddr);

impl Door {
    /// Takes callers of `listener` plainly.
    pub(crate) fn plain(listener: TcpListener) -> Self {
        let tls = None;
        Self { listener, tls }
    }

    /// Takes callers of `listener` by TLS with the certificate of this data folder, made where missing; and the
    /// certificate's SHA-256, as browsers show it.
    pub(crate) fn with_tls(listener: TcpListener, data_dir: &Path) -> io::Result<(Self, String)> {
        let (config, fingerprint) = tls(data_dir)?;
        let tls = Some(TlsAcceptor::from(Arc::new(config)));
        Ok((Self { listener, tls }, fingerprint))
    }

    /// Answers until `stop`, then lets short answers finish and cuts what is left.
    pub(crate) async fn serve(self, router: Router, stop: CancellationToken) {
        let (seats, talks) = (Arc::new(Seats::default()), TaskTracker::new());
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, address)) = accepted else {
                // Out of file descriptors, most likely: others must close first.
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            // A connection that is one too many is closed without a word.
            let Some(seat) = seats.take(address.ip()) else {
                continue;
            };
            let caller = Extension(ConnectInfo(Caller(address)));
            let router = router.clone().layer(caller).layer(Extension(seat.place()));
            talks.spawn(converse(
                stream,
                self.tls.clone(),
                router,
                seat,
                stop.clone(),
            ));
        }
        talks.close();
        talks.wait().await;
    }
}

/// Serves one connection to its end, or until its seat is somebody else's.
async fn converse(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    seat: Seat,
    stop: CancellationToken,
) {
    // Without it only latency suffers.
    let _ = stream.set_nodelay(true);
    let talk = async {
        let Some(tls) = tls else {
            return answer(stream, router, &stop).await;
        };
        let shaken = tokio::select! {
            () = stop.cancelled() => return,
            shaken = timeout(HANDSHAKE, tls.accept(stream)) => shaken,
        };
        if let Ok(Ok(stream)) = shaken {
            answer(stream, router, &stop).await;
        }
    };
    tokio::select! {
        () = seat.sent_away() => {}
        () = talk => {}
    }
}

/// Answers the requests of one connection.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    stop: &CancellationToken,
) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    tokio::pin!(connection);
    // A connection that broke has nobody to be told.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = timeout(GRACE, connection).await;
}

/// TLS 1.3 with the data folder's certificate, and its fingerprint: `AB:CD:…`.
fn tls(data_dir: &Path) -> io::Result<(ServerConfig, String)> {
    let path = data_dir.join(FILE);
    if !path.try_exists()? {
        write_private(&path, made()?.as_bytes())?;
    }
    let pem = std::fs::read(&path)?;
    let damaged = || io::Error::other(format!("{} is damaged; delete it", path.display()));
    let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| damaged())?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| damaged())?;
    let fingerprint = fingerprint(&certificate);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|config| {
            config
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
        })
        .map_err(|_| damaged())?;
    Ok((config, fingerprint))
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate.as_ref());
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// A new certificate and its key. It names nobody: whoever looks at it compares its fingerprint.
fn made() -> io::Result<String> {
    let other = |error: rcgen::Error| io::Error::other(error.to_string());
    let key = rcgen::KeyPair::generate().map_err(other)?;
    let names = vec!["manyhands.local".to_owned(), "localhost".to_owned()];
    let mut params = rcgen::CertificateParams::new(names).map_err(other)?;
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Manyhands page");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2099, 1, 1);
    let certificate = params.self_signed(&key).map_err(other)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}
