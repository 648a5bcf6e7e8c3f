//! TLS 1.3 with a certificate of one's own, and on it whatever bytes one likes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peer::{IDENTITY_FILE, Identity, PeerId};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, Socket, Type};

use super::anybody::Anybody;

/// How long a node may leave a byte unanswered before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody with a key and a certificate, who calls from an address of its own.
pub struct Attacker {
    pub id: PeerId,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    from: IpAddr,
}

pub type Wire = StreamOwned<ClientConnection, TcpStream>;

impl Attacker {
    /// The one of this folder, which is made if it is not there. Calls from 127.0.0.`last`.
    pub fn of(folder: &Path, last: u8) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let id = Identity::open(folder).unwrap().id();
        let pem = std::fs::read(folder.join(IDENTITY_FILE)).unwrap();
        Self {
            id,
            certificate: CertificateDer::from_pem_slice(&pem).unwrap(),
            key: PrivateKeyDer::from_pem_slice(&pem).unwrap(),
            from: Ipv4Addr::new(127, 0, 0, last).into(),
        }
    }

    /// A connection on which anything can be said.
    pub fn call(&self, to: SocketAddr) -> io::Result<Wire> {
        self.shake(to, true)
    }

    /// One without a certificate.
    pub fn call_unnamed(&self, to: SocketAddr) -> io::Result<Wire> {
        self.shake(to, false)
    }

    fn shake(&self, to: SocketAddr, named: bool) -> io::Result<Wire> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider())));
        let mut config = if named {
            let chain = vec![self.certificate.clone()];
            config
                .with_client_auth_cert(chain, self.key.clone_key())
                .unwrap()
        } else {
            config.with_no_client_auth()
        };
        config.resumption = rustls::client::Resumption::disabled();
        let name = ServerName::try_from("peer.manyhands.internal").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut wire = StreamOwned::new(tls, dial(self.from, to)?);
        while wire.conn.is_handshaking() {
            wire.conn.complete_io(&mut wire.sock)?;
        }
        Ok(wire)
    }

    /// What a server with this identity is made of.
    pub fn server(&self) -> Arc<ServerConfig> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key());
        Arc::new(config.unwrap())
    }

    /// Passes on what `near` says to this server and what is answered, in the clear in between.
    pub fn relay(&self, near: TcpStream, server: Arc<ServerConfig>, to: SocketAddr) {
        let Ok(mut far) = self.call(to) else { return };
        let tls = ServerConnection::new(server).unwrap();
        let mut near = StreamOwned::new(tls, near);
        for socket in [&near.sock, &far.sock] {
            socket
                .set_read_timeout(Some(Duration::from_millis(10)))
                .unwrap();
        }
        while pass(&mut near, &mut far) && pass(&mut far, &mut near) {}
    }

    /// Answers the first call at this address with its own certificate: what the caller says then.
    pub fn listen(&self, at: SocketAddr) -> Vec<u8> {
        let listener = TcpListener::bind(at).unwrap();
        let (caller, _) = listener.accept().unwrap();
        caller.set_read_timeout(Some(PATIENCE)).unwrap();
        let tls = ServerConnection::new(self.server()).unwrap();
        let mut heard = Vec::new();
        // The handshake fails, or what follows it is heard.
        let _ = StreamOwned::new(tls, caller).read_to_end(&mut heard);
        heard
    }

    /// The status and the body that a request is answered with; 0 where the connection is closed instead.
    pub fn request(&self, to: SocketAddr, request: impl AsRef<[u8]>) -> (u16, String) {
        let Ok(mut wire) = self.call(to) else {
            return (0, String::new());
        };
        answer(&mut wire, request.as_ref())
    }

    /// A POST with a body in JSON: the status, and the refusal's word.
    pub fn post(&self, to: SocketAddr, path: &str, body: &str) -> (u16, String) {
        let (status, body) = self.request(to, post(path, body));
        let refusal: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let word = refusal["error"].as_str().unwrap_or_default();
        (status, word.to_owned())
    }
}

/// Passes on what there is: whether both still listen.
fn pass(from: &mut impl Read, to: &mut impl Write) -> bool {
    let mut block = [0; 16 << 10];
    match from.read(&mut block) {
        Ok(0) => false,
        Ok(n) => to.write_all(&block[..n]).and_then(|()| to.flush()).is_ok(),
        Err(error) => is_patience(&error),
    }
}

/// Nothing came in the time that was set, and something may still.
pub fn is_patience(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// A TCP connection from this address.
pub fn dial(from: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect(&to.into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}

/// A GET.
pub fn get(path: &str) -> String {
    head("GET", path, "connection: close\r\n")
}

/// A request without a body.
pub fn head(method: &str, path: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: peer.manyhands.internal\r\n{more}\r\n")
}

fn post(path: &str, body: &str) -> String {
    let length = format!("connection: close\r\ncontent-length: {}\r\n", body.len());
    head("POST", path, &length) + body
}

/// Says it, and hears the answer to its end.
pub fn answer(wire: &mut (impl Read + Write), request: &[u8]) -> (u16, String) {
    let text = whole_answer(wire, request);
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok());
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.unwrap_or(0), body.to_owned())
}

/// The same with its head, as one text.
pub fn whole_answer(wire: &mut (impl Read + Write), request: &[u8]) -> String {
    // One that is refused early may find the connection closed while it still speaks.
    let _ = wire.write_all(request).and_then(|()| wire.flush());
    let mut heard = Vec::new();
    // The other side may close without TLS's own goodbye.
    let _ = wire.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
