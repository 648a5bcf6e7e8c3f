//! A client that sends exactly the request it is told to.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use api::rehearsal::Rehearsal;
use api::{Api, ErrorCode};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use web::{Web, WebConfig};

/// A node in memory with its page.
pub struct Stage {
    pub node: Arc<Rehearsal>,
    pub api: Api,
    pub web: Web,
    pub folder: tempfile::TempDir,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let wanted = name.to_ascii_lowercase();
        let lines = self
            .headers
            .lines()
            .filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find_map(|(name, value)| (name.to_ascii_lowercase() == wanted).then_some(value))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

impl Stage {
    pub async fn new() -> Self {
        Self::with_limit(1 << 20).await
    }

    pub async fn with_limit(upload_limit: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Arc::new(Rehearsal::default());
        let api = Api::new(node.clone());
        let web = serve(&api, folder.path(), upload_limit).await;
        Self {
            node,
            api,
            web,
            folder,
        }
    }

    pub fn token(&self) -> &str {
        self.web.link().split_once("#token=").unwrap().1
    }

    /// Sends a request with a right host and these header lines.
    pub async fn send(&self, line: &str, headers: &[&str], body: &[u8]) -> Answer {
        let host = format!("Host: {}", self.web.address());
        let mut all = vec![host.as_str()];
        all.extend(headers);
        raw(self.web.address(), line, &all, body).await
    }

    /// Signs in as the page does; gives the `Cookie` line.
    pub async fn sign_in(&self) -> String {
        let body = format!("{{\"token\":\"{}\"}}", self.token());
        let answer = self
            .send("POST /api/session", &[JSON, OURS], body.as_bytes())
            .await;
        assert_eq!(
            answer.status,
            204,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        let cookie = answer.header("set-cookie").unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        format!("Cookie: {}", cookie.split(';').next().unwrap())
    }

    /// A call as the page makes it.
    pub async fn call(&self, cookie: &str, name: &str, args: &Value) -> Answer {
        self.send(
            &format!("POST /api/{name}"),
            &[cookie, JSON, OURS],
            args.to_string().as_bytes(),
        )
        .await
    }
}

pub async fn serve(api: &Api, folder: &Path, upload_limit: u64) -> Web {
    let config = WebConfig {
        upload_limit,
        ..WebConfig::new(([127, 0, 0, 1], 0).into(), folder)
    };
    Web::start(api.clone(), config).await.unwrap()
}

pub const JSON: &str = "Content-Type: application/json";
pub const OURS: &str = "X-Manyhands: 1";

/// Sends exactly this, reads to the end.
pub async fn raw(to: SocketAddr, line: &str, headers: &[&str], body: &[u8]) -> Answer {
    over(TcpStream::connect(to).await.unwrap(), line, headers, body).await
}

/// The same over a connection that is there.
pub async fn over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    line: &str,
    headers: &[&str],
    body: &[u8],
) -> Answer {
    let head = format!(
        "{line} HTTP/1.1\r\n{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        headers.join("\r\n"),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses may close before it has read everything.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    parse(&answer)
}

fn parse(answer: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(answer).into_owned();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text}"));
    let (status, headers) = text[..end].split_once("\r\n").unwrap();
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        headers: headers.to_owned(),
        body: answer[end + 4..].to_vec(),
    }
}

#[tokio::test]
async fn only_loopback_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::new(Arc::new(Rehearsal::default()));
    let config = WebConfig::new(([0, 0, 0, 0], 0).into(), folder.path());
    let error = Web::start(api, config).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::CannotListen);
    assert!(
        error.message.contains("password") && error.help.contains("ssh -L"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_taken_port_is_said() {
    let stage = Stage::new().await;
    let config = WebConfig::new(stage.web.address(), stage.folder.path());
    let error = Web::start(Api::new(stage.node.clone()), config)
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, ErrorCode::CannotListen);
}
