//! Where requests come in: plainly on loopback, by TLS with a certificate of our own beyond it.
//!
//! Handshakes are made beside each other and given a few seconds, so that nobody who says nothing keeps others out.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::password::write_private;

/// The page's certificate and its key, in the data folder.
const FILE: &str = "page.pem";
/// How long a caller may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes under way at once; one more waits to be accepted.
const HANDSHAKES: usize = 64;

/// A listener on loopback, or one with TLS.
pub(crate) enum Door {
    /// Loopback: what is sent never leaves this computer.
    Plain(TcpListener),
    /// Connections whose handshake is done.
    Tls {
        /// Where.
        address: SocketAddr,
        /// They come out here.
        ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    },
}

/// Who makes a request: where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Door {
    /// Takes callers of `listener` by TLS with the certificate of this data folder, made where missing; and the
    /// certificate's SHA-256, as browsers show it.
    pub(crate) fn with_tls(listener: TcpListener, data_dir: &Path) -> io::Result<(Self, String)> {
        let address = listener.local_addr()?;
        let (config, fingerprint) = tls(data_dir)?;
        let (done, ready) = mpsc::channel(HANDSHAKES);
        tokio::spawn(greet(listener, TlsAcceptor::from(Arc::new(config)), done));
        Ok((Self::Tls { address, ready }, fingerprint))
    }
}

/// Makes handshakes until nobody takes their connections any more.
async fn greet(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(turn) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = done.closed() => return,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, most likely: others must close first.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            let shaken = timeout(HANDSHAKE, acceptor.accept(stream)).await;
            drop(turn);
            if let Ok(Ok(stream)) = shaken {
                // The page may have stopped meanwhile.
                let _ = done.send((stream, address)).await;
            }
        });
    }
}

impl Listener for Door {
    type Io = Io;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Io, SocketAddr) {
        match self {
            Self::Plain(listener) => {
                let (stream, address) = Listener::accept(listener).await;
                (Io::Plain(stream), address)
            }
            Self::Tls { ready, .. } => match ready.recv().await {
                Some((stream, address)) => (Io::Tls(Box::new(stream)), address),
                None => std::future::pending().await,
            },
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(listener) => listener.local_addr(),
            Self::Tls { address, .. } => Ok(*address),
        }
    }
}

/// A connection of either kind.
pub(crate) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
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
