//! Nobody gets in but the one who has the link, and no foreign page speaks through him.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{JSON, OURS, Stage, raw};

#[tokio::test]
async fn a_foreign_host_gets_nothing() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let port = stage.web.address().port();
    let foreign = [
        "Host: evil.example".into(),
        format!("Host: evil.example:{port}"),
        "Host: 127.0.0.1".into(),
        format!("Host: 127.0.0.1:{}", port ^ 1),
    ];
    for host in foreign {
        for line in ["GET /", "POST /api/jobs", "GET /api/events"] {
            let answer = raw(stage.web.address(), line, &[&host, &cookie, OURS], b"").await;
            assert_eq!(answer.status, 403, "{host} {line}");
        }
    }
    let two = [
        format!("Host: 127.0.0.1:{port}"),
        "Host: evil.example".into(),
    ];
    assert!(
        raw(
            stage.web.address(),
            "POST /api/jobs",
            &[&two[0], &two[1], &cookie, OURS],
            b""
        )
        .await
        .status
            >= 400
    );
    let own = format!("Host: LocalHost:{port}");
    assert_eq!(
        raw(
            stage.web.address(),
            "POST /api/jobs",
            &[&own, &cookie, OURS],
            b""
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn a_foreign_page_gets_nothing_even_with_the_cookie() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let own = format!("Origin: http://{}", stage.web.address());
    let other_port = format!(
        "Origin: http://127.0.0.1:{}",
        stage.web.address().port() ^ 1
    );
    let encrypted = format!("Origin: https://{}", stage.web.address());
    let foreign = [
        "Origin: http://evil.example",
        "Origin: null",
        &other_port,
        &encrypted,
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ];
    for header in foreign {
        for line in ["POST /api/jobs", "GET /api/events", "PUT /api/upload/a.mkv"] {
            assert_eq!(
                stage.send(line, &[&cookie, OURS, header], b"").await.status,
                403,
                "{header} {line}"
            );
        }
    }
    for header in [own.as_str(), "Sec-Fetch-Site: same-origin"] {
        assert_eq!(
            stage
                .send("POST /api/jobs", &[&cookie, OURS, header], b"")
                .await
                .status,
            200,
            "{header}"
        );
    }
}

#[tokio::test]
async fn without_the_secret_there_is_only_the_page() {
    let stage = Stage::new().await;
    let lines = [
        "POST /api/jobs",
        "GET /api/events",
        "GET /api/page",
        "GET /api/output/1",
        "PUT /api/upload/a.mkv",
        "GET /api/nothing",
    ];
    for line in lines {
        assert_eq!(stage.send(line, &[OURS], b"").await.status, 401, "{line}");
        let wrong = format!("Cookie: manyhands_{}=0000", stage.web.address().port());
        assert_eq!(
            stage.send(line, &[OURS, &wrong], b"").await.status,
            401,
            "{line}"
        );
    }
    // Built or not, the page itself asks for nothing.
    assert!([200, 503].contains(&stage.send("GET /", &[], b"").await.status));
    assert_eq!(
        stage.send("GET /../../Cargo.toml", &[], b"").await.status,
        404
    );
    assert_eq!(stage.send("POST /", &[], b"").await.status, 405);
}

#[tokio::test]
async fn what_changes_something_needs_our_header() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    for line in ["POST /api/donate", "PUT /api/upload/a.mkv"] {
        assert_eq!(
            stage
                .send(line, &[&cookie, JSON], b"{\"on\":false}")
                .await
                .status,
            403,
            "{line}"
        );
    }
    let body = format!("{{\"token\":\"{}\"}}", stage.token());
    assert_eq!(
        stage
            .send("POST /api/session", &[JSON], body.as_bytes())
            .await
            .status,
        403
    );
    assert_eq!(
        stage
            .call(&cookie, "donate", &json!({ "on": false }))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_program_may_send_the_token_itself() {
    let stage = Stage::new().await;
    let bearer = format!("Authorization: Bearer {}", stage.token());
    assert_eq!(
        stage.send("POST /api/jobs", &[&bearer], b"").await.body,
        b"[]"
    );
    let wrong = format!("Authorization: Bearer {}", "0".repeat(64));
    assert_eq!(
        stage.send("POST /api/jobs", &[&wrong], b"").await.status,
        401
    );
}

#[tokio::test]
async fn on_loopback_no_password_opens() {
    let stage = Stage::new().await;
    web::set_password(stage.folder.path(), Some("a long enough one")).unwrap();
    let door = stage.send("GET /api/door", &[], b"").await;
    assert_eq!(door.json(), json!({ "password": false }));
    let body = br#"{"password":"a long enough one"}"#;
    let answer = stage.send("POST /api/session", &[JSON, OURS], body).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn guessing_ends_soon() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    let guess = format!("{{\"token\":\"{}\"}}", "0".repeat(64));
    for _ in 0..10 {
        assert_eq!(
            stage
                .send("POST /api/session", &[JSON, OURS], guess.as_bytes())
                .await
                .status,
            401
        );
    }
    let eleventh = stage.send("POST /api/session", &[JSON, OURS], guess.as_bytes());
    assert_eq!(eleventh.await.status, 429);
    // Whose link is right need not wait for whoever guesses, and who is in stays in.
    let bearer = format!("Authorization: Bearer {}", stage.token());
    assert_eq!(
        stage.send("POST /api/jobs", &[&bearer], b"").await.status,
        200
    );
    stage.sign_in().await;
    assert_eq!(stage.call(&cookie, "jobs", &json!({})).await.status, 200);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let stage = Stage::new().await;
    for line in ["GET /", "GET /nothing", "POST /api/jobs", "GET /api/events"] {
        let answer = stage.send(line, &[], b"").await;
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{line}"
        );
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(
            answer.header("access-control-allow-origin").is_none(),
            "{line}"
        );
        assert!(answer.header("cache-control").is_some(), "{line}");
    }
}

#[tokio::test]
async fn the_secret_is_long_and_new_every_time() {
    let (one, other) = (Stage::new().await, Stage::new().await);
    assert_eq!(one.token().len(), 64);
    assert_ne!(one.token(), other.token());
}

/// The clock runs ahead whenever everybody waits.
#[tokio::test(start_paused = true)]
async fn who_says_nothing_or_half_a_head_is_not_waited_for() {
    let stage = Stage::new().await;
    for said in ["", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        // Ends: were it waited for, this would wait for ever.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert!([200, 503].contains(&stage.send("GET /", &[], b"").await.status));
}
