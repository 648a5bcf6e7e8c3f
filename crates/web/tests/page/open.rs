//! The page beyond loopback: a password, TLS, and nothing without them.

use std::net::SocketAddr;
use std::sync::Arc;

use api::rehearsal::Rehearsal;
use api::{Api, ErrorCode};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use web::{Web, WebConfig};

use crate::anybody::Anybody;
use crate::client::{Answer, JSON, OURS, over};

const WORD: &str = "correct horse battery";

/// A page that is open to the network, and its folder.
struct Open {
    node: Arc<Rehearsal>,
    web: Web,
    /// Where it answers: it listens everywhere.
    at: SocketAddr,
    folder: tempfile::TempDir,
}

impl Open {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        web::set_password(folder.path(), Some(WORD)).unwrap();
        let node = Arc::new(Rehearsal::default());
        let web = serve(node.clone(), folder.path(), 0).await.unwrap();
        let at = SocketAddr::from(([127, 0, 0, 1], web.address().port()));
        Self {
            node,
            web,
            at,
            folder,
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        let stream = TcpStream::connect(self.at).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    }

    async fn send(&self, line: &str, headers: &[&str], body: &[u8]) -> Answer {
        let stream = self.connect().await;
        let host = format!("Host: {}", self.at);
        let given = headers.iter().any(|line| line.starts_with("Host: "));
        let own = [host.as_str()];
        let all = [if given { &[][..] } else { &own[..] }, headers].concat();
        over(stream, line, &all, body).await
    }

    async fn enter(&self, password: &str) -> Answer {
        let body = json!({ "password": password }).to_string();
        self.send("POST /api/session", &[JSON, OURS], body.as_bytes())
            .await
    }
}

async fn start(folder: &std::path::Path, port: u16) -> Result<Web, api::ApiError> {
    serve(Arc::new(Rehearsal::default()), folder, port).await
}

async fn serve(
    node: Arc<Rehearsal>,
    folder: &std::path::Path,
    port: u16,
) -> Result<Web, api::ApiError> {
    let api = Api::new(node);
    let config = WebConfig {
        names: vec!["attic.local".to_owned()],
        ..WebConfig::new(([0, 0, 0, 0], port).into(), folder)
    };
    Web::start(api, config).await
}

#[tokio::test]
async fn the_password_opens_and_nothing_else_does() {
    let open = Open::new().await;
    assert!(open.web.link().starts_with("https://"));
    assert!(!open.web.link().contains("0.0.0.0"), "{}", open.web.link());
    let door = open.send("GET /api/door", &[], b"").await;
    assert_eq!(door.json(), json!({ "password": true }));
    for line in [
        "POST /api/jobs",
        "GET /api/events",
        "GET /api/page",
        "GET /api/output/1",
    ] {
        assert_eq!(open.send(line, &[OURS], b"").await.status, 401, "{line}");
    }
    assert_eq!(open.enter("correct horse").await.status, 401);
    let answer = open.enter(WORD).await;
    assert_eq!(answer.status, 204);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    assert!(
        cookie.contains("Secure") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    let page = open.send("GET /api/page", &[&cookie], b"").await;
    assert_eq!(page.json()["open"], true);
    let origin = format!("Origin: https://{}", open.at);
    let jobs = open
        .send("POST /api/jobs", &[&cookie, OURS, &origin], b"")
        .await;
    assert_eq!(jobs.body, b"[]");
}

#[tokio::test]
async fn foreign_names_and_pages_stay_out() {
    let open = Open::new().await;
    let answer = open.enter(WORD).await;
    let cookie = answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let cookie = format!("Cookie: {cookie}");
    let port = open.at.port();
    for (host, status) in [
        (format!("Host: attic.local:{port}"), 200),
        (format!("Host: 192.168.1.20:{port}"), 200),
        (format!("Host: [fd00::20]:{port}"), 200),
        (format!("Host: evil.example:{port}"), 403),
        (format!("Host: 192.168.1.20:{}", port ^ 1), 403),
        ("Host: 192.168.1.20".to_owned(), 403),
    ] {
        let answer = open
            .send("POST /api/jobs", &[&host, &cookie, OURS], b"")
            .await;
        assert_eq!(answer.status, status, "{host}");
    }
    for origin in [
        format!("Origin: http://{}", open.at),
        "Origin: https://evil.example".to_owned(),
    ] {
        let answer = open
            .send("POST /api/jobs", &[&cookie, OURS, &origin], b"")
            .await;
        assert_eq!(answer.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn without_tls_there_is_no_answer() {
    let open = Open::new().await;
    let mut stream = TcpStream::connect(open.at).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(
        !answer.starts_with(b"HTTP/"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn guessing_passwords_ends_soon() {
    let open = Open::new().await;
    for guess in 0..10 {
        assert_eq!(
            open.enter(&format!("guess number {guess}")).await.status,
            401
        );
    }
    assert_eq!(open.enter(WORD).await.status, 429);
}

#[tokio::test]
async fn the_certificate_stays_the_same() {
    let open = Open::new().await;
    let first = open.web.fingerprint().unwrap().to_owned();
    assert_eq!(first.split(':').count(), 32, "{first}");
    let folder = open.folder;
    open.web.stop().await;
    let again = start(folder.path(), 0).await.unwrap();
    assert_eq!(again.fingerprint(), Some(first.as_str()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = folder
            .path()
            .join("page.pem")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    web::set_password(folder.path(), None).unwrap();
    let refused = start(folder.path(), 0).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::CannotListen);
}

/// Connections that are held at once; fewer than two processes have open files, since both ends are here.
const SEATS: usize = 256;

#[tokio::test]
async fn a_crowd_that_says_nothing_keeps_nobody_out() {
    let open = Open::new().await;
    let cookie = open
        .enter(WORD)
        .await
        .header("set-cookie")
        .unwrap()
        .to_owned();
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    // Who is signed in and listens.
    let mut listening = open.connect().await;
    let head = format!(
        "GET /api/events HTTP/1.1\r\nHost: {}\r\n{cookie}\r\n\r\n",
        open.at
    );
    listening.write_all(head.as_bytes()).await.unwrap();
    let mut block = [0; 4096];
    assert!(listening.read(&mut block).await.unwrap() > 0);
    let mut crowd = Vec::new();
    for number in 0..SEATS + 40 {
        let mut stream = TcpStream::connect(open.at).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(&[0x16, 3, 1]).await.unwrap();
        }
        crowd.push(stream);
    }
    let page = open.send("GET /api/page", &[&cookie], b"").await;
    assert_eq!(page.status, 200);
    // The first of the crowd were sent away; who listens was not.
    let sent_away = async |stream: &mut TcpStream| {
        let mut buffer = [0; 64];
        let end = stream.read(&mut buffer);
        tokio::time::timeout(std::time::Duration::from_millis(1), end)
            .await
            .is_ok()
    };
    let mut gone = 0;
    for stream in &mut crowd {
        gone += usize::from(sent_away(stream).await);
    }
    assert!(gone >= 40, "{gone}");
    open.node
        .edit(|scene| scene.jobs.push(api::rehearsal::job(1, "film.mkv")));
    let mut told = String::new();
    while !told.contains("film.mkv") {
        let got = listening.read(&mut block).await.unwrap();
        assert!(got > 0, "{told}");
        told += &String::from_utf8_lossy(&block[..got]);
    }
}
