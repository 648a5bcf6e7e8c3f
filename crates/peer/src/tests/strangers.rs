//! What a stranger gets: a hello, a chance to redeem an invite, and no more.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::house::{Node, identity, soon};
use crate::client::{self, http_client};
use crate::doorstep::MAX_STRANGERS;
use crate::proto::{MAX_BODY, Refusal, RefusalCode};
use crate::tls::{self, SERVER_NAME};
use crate::*;

fn url(address: SocketAddr, path: &str) -> String {
    format!("https://{SERVER_NAME}:{}{path}", address.port())
}

#[tokio::test]
async fn a_stranger_gets_403_for_everything_else() {
    let node = Node::named("Kitchen").await;
    let client = http_client(&identity(), Some(node.id()), node.address()).unwrap();
    let blob = format!("/v1/blob/{}", BlobId([1; 16]));
    let routes = [
        (Method::GET, "/v1/link"),
        (Method::GET, &blob),
        (Method::HEAD, &blob),
        (Method::PUT, &blob),
        (Method::POST, &blob),
        (Method::DELETE, &blob),
        (Method::GET, "/v1/blob/../../etc/passwd"),
        (Method::GET, "/"),
        (Method::GET, "/v1/hello/"),
        (Method::GET, "/v1/pair"),
        (Method::POST, "/v2/anything"),
        (Method::OPTIONS, "/v1/jobs"),
    ];
    for (method, path) in routes {
        let response = client
            .request(method.clone(), url(node.address(), path))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{method} {path}");
        if method != Method::HEAD {
            let refusal: Refusal = response.json().await.unwrap();
            assert_eq!(
                (refusal.error, refusal.name.as_str()),
                (RefusalCode::NotPaired, ""),
                "{method} {path}"
            );
        }
    }
    let card: Card = client
        .get(url(node.address(), "/v1/hello"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (card.protocol, card.name.as_str(), card.pairing),
        (PROTOCOL, "Kitchen", false)
    );
    let _invite = node.net.invite();
    let card: Card = client
        .get(url(node.address(), "/v1/hello"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(card.pairing);
}

#[tokio::test]
async fn what_a_stranger_may_send_is_small() {
    let node = Node::named("Kitchen").await;
    let client = http_client(&identity(), Some(node.id()), node.address()).unwrap();
    let redeem = url(node.address(), "/v1/pair/redeem");
    let protocol = format!(
        "{{\"protocol\":{PROTOCOL},\"name\":\"{}\"}}",
        " ".repeat(MAX_BODY)
    );
    for body in [
        "",
        "{}",
        "[[[[",
        protocol.as_str(),
        "{\"protocol\":1,\"name\":\"x\",\"port\":1,\"proof\":\"00\"}",
    ] {
        let answer = client.post(&redeem).body(body.to_owned()).send().await;
        // One that is much too long may find the connection closed instead.
        let status = answer.map_or(StatusCode::BAD_REQUEST, |response| response.status());
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let long_head = client
        .get(url(node.address(), "/v1/hello"))
        .header("x", "y".repeat(128 << 10))
        .send()
        .await;
    let refused = long_head.map_or(true, |response| response.status().is_client_error());
    assert!(refused);
}

#[tokio::test]
async fn questions_are_rationed() {
    let node = Node::named("Kitchen").await;
    let client = http_client(&identity(), Some(node.id()), node.address()).unwrap();
    let mut refused = 0;
    for _ in 0..80 {
        let response = client
            .get(url(node.address(), "/v1/hello"))
            .send()
            .await
            .unwrap();
        match response.status() {
            StatusCode::OK => {}
            status => {
                assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
}

/// A TLS client without a certificate, of the given version.
async fn anonymous(
    address: SocketAddr,
    version: &'static rustls::SupportedProtocolVersion,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    #[derive(Debug)]
    struct Anything(Arc<rustls::crypto::CryptoProvider>);

    impl rustls::client::danger::ServerCertVerifier for Anything {
        fn verify_server_cert(
            &self,
            _: &rustls::pki_types::CertificateDer<'_>,
            _: &[rustls::pki_types::CertificateDer<'_>],
            _: &rustls::pki_types::ServerName<'_>,
            _: &[u8],
            _: rustls::pki_types::UnixTime,
        ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
            Ok(rustls::client::danger::ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &rustls::pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &rustls::pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }

    let provider = tls::provider();
    let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything(provider)))
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from(SERVER_NAME).unwrap();
    let stream = TcpStream::connect(address).await?;
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = anonymous(address, &rustls::version::TLS13).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // The server may close without TLS's own goodbye.
    let _ = soon("the answer", stream.read_to_string(&mut answer)).await;
    answer
}

#[tokio::test]
async fn without_a_certificate_there_is_only_the_hello() {
    let node = Node::named("Kitchen").await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(
        ask(node.address(), &get("/v1/hello"))
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        ask(node.address(), &get("/v1/link"))
            .await
            .starts_with("HTTP/1.1 403")
    );
    let redeem = "POST /v1/pair/redeem HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    assert!(
        ask(node.address(), redeem)
            .await
            .starts_with("HTTP/1.1 400")
    );
}

#[tokio::test]
async fn only_tls_13_is_spoken() {
    let node = Node::named("Kitchen").await;
    assert!(
        anonymous(node.address(), &rustls::version::TLS12)
            .await
            .is_err()
    );
    assert!(
        anonymous(node.address(), &rustls::version::TLS13)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn strangers_share_a_few_connections() {
    let node = Node::named("Kitchen").await;
    let mut silent = Vec::new();
    for _ in 0..=MAX_STRANGERS {
        silent.push(TcpStream::connect(node.address()).await.unwrap());
    }
    let closed = soon("the oldest to be closed", silent[0].read(&mut [0; 1])).await;
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    // Whoever comes now has a place, although nobody left by himself.
    let newest = anonymous(node.address(), &rustls::version::TLS13).await;
    assert!(newest.is_ok(), "{newest:?}");
    drop(silent);
}

#[tokio::test]
async fn a_paired_computer_has_so_many_connections_and_no_more() {
    let pair = super::house::pair().await;
    let (there, address) = (pair.listener.id(), pair.listener.address());
    let own = pair.dialler.net.shared().identity.clone();
    let mut open = Vec::new();
    let shut = soon("the one too many to be closed", async {
        loop {
            let reached = client::reach(&own, there, &[address]).await.unwrap();
            open.push(reached.stream);
            let last = open.last_mut().unwrap();
            let waited = tokio::time::timeout(std::time::Duration::from_millis(20), last.read_u8());
            if waited.await.is_ok() {
                return open.len();
            }
        }
    });
    assert!((60..=66).contains(&shut.await), "about 64");
    // Others are served all the same.
    let stranger = client::reach(&identity(), there, &[address]).await;
    assert!(stranger.is_ok());
}

#[tokio::test]
async fn a_pinned_certificate_needs_its_key() {
    // Somebody who copied Kitchen's certificate from the air, but not its key.
    let node = Node::named("Kitchen").await;
    let wrong = client::reach(&identity(), PeerId([0; 32]), &[node.address()]).await;
    assert!(matches!(wrong, Err(DialError::WrongComputer(_))));
    assert!(
        client::reach(&identity(), node.id(), &[node.address()])
            .await
            .is_ok()
    );
}
