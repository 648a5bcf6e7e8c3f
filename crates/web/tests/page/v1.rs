//! `/api/v1` and `/metrics`: who gets in, what for, and what is answered to what is not understood.

use api::JobState;
use api::KeyScope::{self, Admin, Control, Files, Metrics, Read, Submit};
use api::rehearsal::job;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Answer, JSON, OURS, Stage, raw};

/// The header line of a new key with these scopes.
pub async fn key(stage: &Stage, scopes: &[KeyScope]) -> String {
    let made = stage
        .api
        .new_key("test".into(), scopes.iter().copied().collect())
        .await
        .unwrap();
    format!("Authorization: Bearer {}", made.text)
}

pub async fn send(stage: &Stage, key: &str, line: &str, body: &Value) -> Answer {
    let (verb, path) = line.split_once(' ').unwrap();
    let line = format!("{verb} /api/v1{path}");
    stage
        .send(&line, &[key, JSON], body.to_string().as_bytes())
        .await
}

pub fn code(answer: &Answer) -> (u16, String) {
    let said = answer.json();
    assert!(!said["message"].as_str().unwrap().is_empty() && said["help"].is_string());
    (answer.status, said["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_and_nothing_else() {
    let stage = Stage::new().await;
    stage.node.edit(|scene| scene.jobs = vec![job(1, "a.mkv")]);
    let routes = [
        ("GET /node", Read),
        ("GET /jobs", Read),
        ("GET /jobs/1", Read),
        ("GET /jobs/1/segments", Read),
        ("GET /peers", Read),
        ("POST /jobs", Submit),
        ("POST /uploads", Submit),
        ("POST /jobs/1/pause", Control),
        ("POST /jobs/1/resume", Control),
        ("POST /jobs/1/fetch", Control),
        ("POST /jobs/1/move", Control),
        ("DELETE /jobs/1", Control),
        ("GET /originals", Read),
        ("GET /jobs/1/timeline", Read),
        ("GET /library", Read),
        ("GET /library/files", Read),
        ("GET /library/rules", Admin),
        ("PUT /library/rules", Admin),
        ("POST /library/scan", Control),
        ("POST /library/retry", Control),
        ("POST /jobs/1/undo", Files),
        ("DELETE /jobs/1/original", Files),
        ("GET /settings", Admin),
        ("PUT /settings", Admin),
        ("DELETE /peers/0", Admin),
    ];
    for scope in KeyScope::ALL {
        let key = key(&stage, &[scope]).await;
        for (line, needed) in routes {
            let answer = send(&stage, &key, line, &json!({})).await;
            let may = scope == needed || scope == Admin;
            assert_eq!(
                answer.status != 403,
                may,
                "{scope:?} {line}: {}",
                answer.status
            );
        }
        let metrics = stage.send("GET /metrics", &[&key], b"").await;
        assert_eq!(
            metrics.status == 200,
            matches!(scope, Metrics | Admin),
            "{scope:?}"
        );
    }
    // The page's own calls are of one build, and no key opens them: above all not those about keys.
    let key = key(&stage, &[Admin]).await;
    for call in ["POST /api/jobs", "POST /api/new_key", "GET /api/events"] {
        let answer = stage.send(call, &[&key, OURS], b"{}").await;
        assert_eq!(answer.status, 401, "{call}");
    }
}

#[tokio::test]
async fn without_a_key_there_is_nothing() {
    let stage = Stage::new().await;
    let wrong = format!("Authorization: Bearer mhk_{}", "0".repeat(64));
    for headers in [&[][..], &[wrong.as_str()][..]] {
        for line in [
            "GET /api/v1/jobs",
            "GET /api/v1/events/socket",
            "GET /metrics",
            "GET /api/v1/x",
        ] {
            let answer = stage.send(line, headers, b"").await;
            assert_eq!(code(&answer), (401, "unauthorized".into()), "{line}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    // What this version can do is told to anybody who speaks to us by name.
    for line in [
        "GET /api/v1/openapi.json",
        "GET /api/v1/docs",
        "GET /api/v1/docs.css",
    ] {
        assert_eq!(stage.send(line, &[], b"").await.status, 200, "{line}");
    }
}

#[tokio::test]
async fn the_page_and_the_link_open_it_as_they_open_the_rest() {
    let stage = Stage::new().await;
    let cookie = stage.sign_in().await;
    stage.node.edit(|scene| scene.jobs = vec![job(1, "a.mkv")]);
    assert_eq!(
        stage.send("GET /api/v1/jobs", &[&cookie], b"").await.status,
        200
    );
    let pause = "POST /api/v1/jobs/1/pause";
    assert_eq!(stage.send(pause, &[&cookie], b"").await.status, 403);
    assert_eq!(stage.send(pause, &[&cookie, OURS], b"").await.status, 200);
    let link = format!("Authorization: Bearer {}", stage.token());
    assert_eq!(stage.send("GET /metrics", &[&link], b"").await.status, 200);
}

#[tokio::test]
async fn a_foreign_page_gets_nothing_even_with_a_key() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Admin]).await;
    for foreign in [
        "Origin: http://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
    ] {
        for line in [
            "GET /api/v1/jobs",
            "POST /api/v1/jobs/1/pause",
            "GET /metrics",
        ] {
            let answer = stage.send(line, &[&key, foreign], b"").await;
            assert_eq!(answer.status, 403, "{foreign} {line}");
        }
        let upgrade = [
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        let all = [&[key.as_str(), foreign][..], &upgrade[..]].concat();
        let answer = stage.send("GET /api/v1/events/socket", &all, b"").await;
        assert_eq!(answer.status, 403, "{foreign}");
    }
    // By a name that was bent to point here.
    let host = format!("Host: evil.example:{}", stage.web.address().port());
    let answer = raw(stage.web.address(), "GET /api/v1/jobs", &[&host, &key], b"").await;
    assert_eq!(answer.status, 403);
    // Nobody is told that a header of ours may come from elsewhere.
    let asked = "Access-Control-Request-Headers: authorization";
    let own = format!("Origin: http://{}", stage.web.address());
    let answer = stage
        .send("OPTIONS /api/v1/jobs", &[asked, &own], b"")
        .await;
    assert!(answer.header("access-control-allow-origin").is_none());
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_key_in_an_address_is_refused() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let text = key.rsplit(' ').next().unwrap();
    for headers in [&[][..], &[key.as_str()][..]] {
        let line = format!("GET /api/v1/jobs?key={text}");
        let answer = stage.send(&line, headers, b"").await;
        assert_eq!(code(&answer), (400, "bad_request".into()));
    }
}

#[tokio::test]
async fn guessing_keys_ends_soon() {
    let stage = Stage::new().await;
    let right = key(&stage, &[Read]).await;
    let mut refused = Vec::new();
    for n in 0..12 {
        let wrong = format!("Authorization: Bearer mhk_{n:064x}ff");
        refused.push(stage.send("GET /api/v1/jobs", &[&wrong], b"").await.status);
    }
    assert_eq!(refused, [[401; 10].as_slice(), &[429; 2]].concat());
    let wrong = format!("Authorization: Bearer mhk_{}", "0".repeat(64));
    let answer = stage.send("GET /api/v1/jobs", &[&wrong], b"").await;
    assert_eq!(code(&answer), (429, "too_many_requests".into()));
    assert_eq!(answer.header("retry-after"), Some("60"));
    // Whoever guesses closes no door of others at the same address: not that of a good key, nor that of the link.
    let answer = stage.send("GET /api/v1/jobs", &[&right], b"").await;
    assert_eq!(answer.status, 200);
    stage.sign_in().await;
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_its_stream_ends() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{key}\r\n\r\n",
        stage.web.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, ": open").await;
    stage.api.revoke_key(1).await.unwrap();
    // Ends: were the stream left open, this would wait for ever.
    let _ = stream.read_to_end(&mut Vec::new()).await;
    assert_eq!(
        stage.send("GET /api/v1/jobs", &[&key], b"").await.status,
        401
    );
}

#[tokio::test]
async fn files_of_this_computer_need_a_scope_of_their_own() {
    let stage = Stage::new().await;
    let film = stage.folder.path().join("film.mkv");
    std::fs::write(&film, b"film").unwrap();
    let here = json!({ "source": { "path": film } });
    let only = key(&stage, &[Submit]).await;
    assert_eq!(
        code(&send(&stage, &only, "POST /jobs", &here).await),
        (403, "forbidden".into())
    );
    for out in [
        json!({ "output_folder": "/etc" }),
        json!({ "output_path": "/etc/film.mkv" }),
        json!({ "place": { "is": "in_place" } }),
        json!({ "place": { "is": "tree", "root_path": "/", "into_path": "/etc" } }),
    ] {
        let wanted = json!({ "source": { "upload": "0" }, "choice": out });
        let answer = send(&stage, &only, "POST /jobs", &wanted).await;
        assert_eq!(answer.status, 403, "{out}");
    }
    let both = key(&stage, &[Submit, Files]).await;
    let answer = send(&stage, &both, "POST /jobs", &here).await;
    assert_eq!(
        answer.status,
        201,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    assert_eq!(answer.header("location"), Some("/api/v1/jobs/1"));
    assert_eq!(answer.json()["source_path"], film.to_str().unwrap());
    let gone = json!({ "source": { "path": "/no/such/film.mkv" } });
    assert_eq!(
        code(&send(&stage, &both, "POST /jobs", &gone).await),
        (404, "no_such_file".into())
    );
    for path in ["film.mkv", "", "./film.mkv", "/a\0b"] {
        let relative = json!({ "source": { "path": path } });
        assert_eq!(
            send(&stage, &both, "POST /jobs", &relative).await.status,
            422,
            "{path:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_understood_is_said_and_changes_nothing() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Admin]).await;
    let deep = "[".repeat(100_000);
    let bodies: &[(&str, u16)] = &[
        ("", 400),
        ("{", 400),
        ("null", 400),
        ("[]", 400),
        ("\"\u{0}\"", 400),
        (&deep, 400),
        ("{}", 400),
        ("{\"source\":{}}", 400),
        ("{\"source\":{\"path\":1}}", 400),
        ("{\"source\":{\"path\":\"/a\",\"upload\":\"b\"}}", 400),
        ("{\"source\":{\"path\":\"/a\"},\"extra\":1}", 400),
        (
            "{\"source\":{\"path\":\"/a\"},\"choice\":{\"purpose\":\"nicer\"}}",
            400,
        ),
        (
            "{\"source\":{\"path\":\"/a\"},\"choice\":{\"quality\":64}}",
            400,
        ),
        (
            "{\"source\":{\"path\":\"/a\"},\"choice\":{\"quality\":-1}}",
            400,
        ),
        (
            "{\"source\":{\"path\":\"/a\"},\"choice\":{\"audio_kbps\":1e300}}",
            400,
        ),
        (
            "{\"source\":{\"path\":\"/a\"},\"choice\":{\"wait_for\":4294967295}}",
            400,
        ),
        ("{\"source\":{\"upload\":\"../../etc\"}}", 404),
    ];
    for (body, status) in bodies {
        let answer = stage
            .send("POST /api/v1/jobs", &[&key, JSON], body.as_bytes())
            .await;
        assert_eq!(code(&answer).0, *status, "{}", &body[..body.len().min(80)]);
    }
    let plain = stage.send("POST /api/v1/jobs", &[&key], b"{}").await;
    assert_eq!(code(&plain), (415, "unsupported_media_type".into()));
    let large = vec![b' '; 2 << 20];
    let answer = stage.send("POST /api/v1/jobs", &[&key, JSON], &large).await;
    assert_eq!(code(&answer), (413, "too_large".into()));
    let asked = [
        ("GET /jobs/0", 404, "no_such_job"),
        ("GET /jobs/-1", 404, "not_found"),
        ("GET /jobs/18446744073709551616", 404, "not_found"),
        ("GET /jobs/%00", 404, "not_found"),
        ("GET /jobs?limit=0", 400, "bad_request"),
        ("GET /jobs?limit=201", 400, "bad_request"),
        ("GET /jobs?limit=1&limit=2", 400, "bad_request"),
        ("GET /jobs?state=sleeping", 400, "bad_request"),
        ("GET /jobs?sort=name", 400, "bad_request"),
        ("GET /peers/kitchen", 404, "no_such_peer"),
        ("GET /nothing", 404, "not_found"),
        ("PUT /jobs", 405, "method_not_allowed"),
        ("GET /events/socket", 426, "upgrade_required"),
        ("POST /jobs/9/cancel", 404, "no_such_job"),
    ];
    for (line, status, word) in asked {
        let answer = send(&stage, &key, line, &json!({})).await;
        assert_eq!(code(&answer), (status, word.into()), "{line}");
    }
    assert!(stage.api.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    stage.node.edit(|scene| {
        scene.jobs = (1..=7).rev().map(|n| job(n, "a.mkv")).collect();
        scene.jobs[0].state = JobState::Cancelled;
    });
    let (mut seen, mut asked) = (Vec::new(), "GET /jobs?limit=3".to_owned());
    loop {
        let page = send(&stage, &key, &asked, &json!({})).await.json();
        let jobs = page["jobs"].as_array().unwrap().clone();
        seen.extend(jobs.iter().map(|job| job["id"].as_u64().unwrap()));
        let Some(before) = page["next_before"].as_u64() else {
            break;
        };
        asked = format!("GET /jobs?limit=3&before={before}");
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let only = send(&stage, &key, "GET /jobs?state=cancelled", &json!({}))
        .await
        .json();
    assert_eq!(only["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(only["next_before"], Value::Null);
}

#[tokio::test]
async fn jobs_are_steered_and_forgotten() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Control, Read]).await;
    stage.node.edit(|scene| scene.jobs = vec![job(1, "a.mkv")]);
    let not_yet = send(&stage, &key, "DELETE /jobs/1", &json!({})).await;
    assert_eq!(code(&not_yet), (409, "not_now".into()));
    let film = stage.folder.path().join("film.mkv");
    std::fs::write(&film, b"film").unwrap();
    stage.node.edit(|scene| scene.jobs[0].source = film.into());
    // A cancelled job begins anew under another number, which the answer names and holds.
    for (verb, job, now, state) in [
        ("pause", 1, 1, "paused"),
        ("resume", 1, 1, "processing"),
        ("cancel", 1, 1, "cancelled"),
        ("retry", 1, 2, "queued"),
        ("cancel", 2, 2, "cancelled"),
    ] {
        let line = format!("POST /jobs/{job}/{verb}");
        let answer = send(&stage, &key, &line, &json!({})).await;
        let said = answer.json();
        assert_eq!(
            (answer.status, said["id"].as_u64(), said["state"].as_str()),
            (200, Some(now), Some(state)),
            "{verb}"
        );
        if verb == "retry" {
            assert_eq!(answer.header("location"), Some("/api/v1/jobs/2"));
        }
    }
    let gone = send(&stage, &key, "GET /jobs/1", &json!({})).await;
    assert_eq!(gone.status, 404);
    let forgotten = send(&stage, &key, "DELETE /jobs/2", &json!({})).await;
    assert_eq!(forgotten.status, 204);
    let gone = send(&stage, &key, "GET /jobs/2", &json!({})).await;
    assert_eq!(gone.status, 404);
    // A failed one goes on as the same.
    stage.node.edit(|scene| {
        let error = api::ApiError::new(api::ErrorCode::Other, "It failed.");
        let mut failed = job(3, "b.mkv");
        failed.state = JobState::Failed { error };
        scene.jobs.push(failed);
    });
    let again = send(&stage, &key, "POST /jobs/3/retry", &json!({})).await;
    assert_eq!(again.json()["id"], 3);
}

#[tokio::test]
async fn the_same_film_sent_twice_is_one_job() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Submit, Files]).await;
    let film = stage.folder.path().join("film.mkv");
    std::fs::write(&film, b"film").unwrap();
    let wanted = json!({ "source": { "path": film }, "choice": { "accept_losses": true } });
    let once = send(&stage, &key, "POST /jobs", &wanted).await;
    assert_eq!((once.status, &once.json()["id"]), (201, &json!(1)));
    let same = json!({ "source": { "path": film } });
    let (one, other) = tokio::join!(
        send(&stage, &key, "POST /jobs", &wanted),
        send(&stage, &key, "POST /jobs", &same)
    );
    for again in [one, other] {
        assert_eq!((again.status, &again.json()["id"]), (200, &json!(1)));
        assert_eq!(again.header("location"), Some("/api/v1/jobs/1"));
    }
    let other = json!({ "source": { "path": film }, "choice": { "codec": "av1" } });
    assert_eq!(send(&stage, &key, "POST /jobs", &other).await.status, 201);
    // Two at once are one, too.
    std::fs::write(stage.folder.path().join("b.mkv"), b"film").unwrap();
    let both = json!({ "source": { "path": stage.folder.path().join("b.mkv") } });
    let (one, other) = tokio::join!(
        send(&stage, &key, "POST /jobs", &both),
        send(&stage, &key, "POST /jobs", &both)
    );
    assert_eq!(one.json()["id"], other.json()["id"]);
    assert_eq!(one.status + other.status, 401);
    // One that is over is made anew.
    stage.node.edit(|scene| {
        scene
            .jobs
            .iter_mut()
            .for_each(|job| job.state = JobState::Cancelled)
    });
    assert_eq!(send(&stage, &key, "POST /jobs", &wanted).await.status, 201);
}

#[tokio::test]
async fn an_output_is_fetched_in_parts_and_a_revoked_key_fetches_no_more() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let path = stage.folder.path().join("film.hevc.mkv");
    // More than sockets hold.
    std::fs::write(&path, vec![7; 64 << 20]).unwrap();
    let outcome = api::Outcome {
        output: path.clone().into(),
        receipt: "/receipt.json".into(),
        exact: true,
        verdict: "Exact.".into(),
        frames: 10,
        bytes: 64 << 20,
        wall_s: 1.0,
    };
    let mut done = job(1, "film.mkv");
    done.state = JobState::Completed { outcome };
    stage.node.edit(|scene| scene.jobs.push(done));
    let line = "GET /api/v1/jobs/1/output";
    let beyond = stage
        .send(line, &[&key, "Range: bytes=67108864-"], b"")
        .await;
    assert_eq!(code(&beyond), (416, "range_not_satisfiable".into()));
    assert_eq!(beyond.header("content-range"), Some("bytes */67108864"));
    let part = stage.send(line, &[&key, "Range: bytes=0-3"], b"").await;
    assert_eq!((part.status, part.body.len()), (206, 4));
    let tag = part.header("etag").unwrap().to_owned();
    let same = format!("If-Range: {tag}");
    let part = stage
        .send(line, &[&key, "Range: bytes=0-3", &same], b"")
        .await;
    assert_eq!(part.status, 206);
    std::fs::write(&path, b"another").unwrap();
    let whole = stage
        .send(line, &[&key, "Range: bytes=0-3", &same], b"")
        .await;
    assert_eq!(
        (whole.status, whole.body.as_slice()),
        (200, b"another".as_slice())
    );

    std::fs::write(&path, vec![7; 64 << 20]).unwrap();
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{key}\r\n\r\n",
        stage.web.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    stage.api.revoke_key(1).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < 63 << 20, "{}", rest.len());
}

#[tokio::test]
async fn the_document_is_the_one_that_is_served() {
    let stage = Stage::new().await;
    let answer = stage.send("GET /api/v1/openapi.json", &[], b"").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    let docs = stage.send("GET /api/v1/docs", &[], b"").await;
    let policy = docs.header("content-security-policy").unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(String::from_utf8_lossy(&docs.body).contains("/jobs/{id}/receipt"));
}

/// Reads until `wanted` has come; fails if the connection ends first.
pub async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = Vec::new();
    loop {
        let mut block = [0; 4096];
        let got = stream.read(&mut block).await.unwrap();
        assert!(got > 0, "ended: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&block[..got]);
        let sofar = String::from_utf8_lossy(&text);
        if sofar.contains(wanted) {
            return sofar.into_owned();
        }
    }
}
