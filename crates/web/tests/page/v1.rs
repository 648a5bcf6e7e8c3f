//! `/api/v1` and `/metrics`: who gets in, what for, and what is answered to what is not understood.

use api::KeyScope::{self, Admin, Control, Files, Metrics, Read, Submit};
use api::rehearsal::job;
use api::{JobId, JobState};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Answer, JSON, OURS, Stage, raw};

/// The header line of a new key with these scopes.
async fn key(stage: &Stage, scopes: &[KeyScope]) -> String {
    let made = stage
        .api
        .new_key("test".into(), scopes.iter().copied().collect())
        .await
        .unwrap();
    format!("Authorization: Bearer {}", made.text)
}

async fn send(stage: &Stage, key: &str, line: &str, body: &Value) -> Answer {
    let (verb, path) = line.split_once(' ').unwrap();
    let line = format!("{verb} /api/v1{path}");
    stage
        .send(&line, &[key, JSON], body.to_string().as_bytes())
        .await
}

fn code(answer: &Answer) -> (u16, String) {
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
    let answer = stage.send("GET /api/v1/jobs", &[&right], b"").await;
    assert_eq!(code(&answer), (429, "too_many_requests".into()));
    assert_eq!(answer.header("retry-after"), Some("60"));
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
    for (verb, state) in [
        ("pause", "paused"),
        ("resume", "processing"),
        ("cancel", "cancelled"),
        ("retry", "queued"),
        ("cancel", "cancelled"),
    ] {
        let answer = send(&stage, &key, &format!("POST /jobs/1/{verb}"), &json!({})).await;
        assert_eq!(
            (answer.status, answer.json()["state"].as_str()),
            (200, Some(state)),
            "{verb}"
        );
    }
    assert_eq!(
        send(&stage, &key, "DELETE /jobs/1", &json!({}))
            .await
            .status,
        204
    );
    assert_eq!(
        send(&stage, &key, "GET /jobs/1", &json!({})).await.status,
        404
    );
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was_and_becomes_a_job() {
    let stage = Stage::with_limit(8 << 20).await;
    let key = key(&stage, &[Submit, Control]).await;
    let begun = send(
        &stage,
        &key,
        "POST /uploads",
        &json!({ "name": "../a film.mkv", "size_bytes": 3 << 20 }),
    )
    .await;
    assert_eq!(
        (begun.status, begun.header("upload-offset")),
        (201, Some("0"))
    );
    assert_eq!(begun.json()["name"], "a film.mkv");
    let place = begun.header("location").unwrap().to_owned();
    let part = |from: usize, bytes: Vec<u8>| {
        let (stage, key, place) = (&stage, &key, &place);
        async move {
            let headers = [
                key.as_str(),
                &format!("Upload-Offset: {from}"),
                "Content-Type: application/offset+octet-stream",
            ];
            stage
                .send(&format!("PATCH {place}"), &headers, &bytes)
                .await
        }
    };
    let first = part(0, vec![1; 2 << 20]).await;
    assert_eq!(
        (first.status, first.header("upload-offset")),
        (204, Some("2097152"))
    );
    assert_eq!(part(0, vec![1; 10]).await.status, 409);
    assert_eq!(part(9 << 20, vec![1; 10]).await.status, 409);
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    let early = send(
        &stage,
        &key,
        "POST /jobs",
        &json!({ "source": { "upload": id } }),
    )
    .await;
    assert_eq!(code(&early), (409, "conflict".into()));
    let head = stage.send(&format!("HEAD {place}"), &[&key], b"").await;
    assert_eq!(
        (
            head.status,
            head.header("upload-offset"),
            head.header("upload-length")
        ),
        (200, Some("2097152"), Some("3145728"))
    );
    assert_eq!(part(2 << 20, vec![2; (1 << 20) + 1]).await.status, 413);
    let there: usize = stage
        .send(&format!("HEAD {place}"), &[&key], b"")
        .await
        .header("upload-offset")
        .unwrap()
        .parse()
        .unwrap();
    let rest = part(there, vec![2; (3 << 20) - there]).await;
    assert_eq!(
        (rest.status, rest.header("upload-offset")),
        (204, Some("3145728"))
    );
    let job = send(
        &stage,
        &key,
        "POST /jobs",
        &json!({ "source": { "upload": id } }),
    )
    .await;
    assert_eq!(job.status, 201, "{}", String::from_utf8_lossy(&job.body));
    let source = job.json()["source_path"].as_str().unwrap().to_owned();
    let bytes = std::fs::read(&source).unwrap();
    assert!(bytes.len() == 3 << 20 && bytes[0] == 1 && bytes[(3 << 20) - 1] == 2);
    let used = stage.send(&format!("DELETE {place}"), &[&key], b"").await;
    assert_eq!(code(&used), (409, "conflict".into()));
    stage
        .node
        .edit(|scene| scene.jobs[0].state = JobState::Cancelled);
    stage.api.forget(JobId(1)).await.unwrap();
    let gone = stage.send(&format!("DELETE {place}"), &[&key], b"").await;
    assert_eq!(gone.status, 204);
    assert_eq!(
        stage
            .send(&format!("GET {place}"), &[&key], b"")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_tus_client_is_understood_and_too_much_is_refused() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Submit]).await;
    let tus = [
        key.as_str(),
        "Tus-Resumable: 1.0.0",
        "Upload-Length: 5",
        "Upload-Metadata: filename ZmlsbS5ta3Y=",
    ];
    let begun = stage.send("POST /api/v1/uploads", &tus, b"").await;
    assert_eq!(
        (begun.status, begun.header("tus-resumable")),
        (201, Some("1.0.0"))
    );
    assert_eq!(begun.json()["name"], "film.mkv");
    for (body, status) in [
        (json!({ "name": "a", "size_bytes": 2 << 20 }), 413),
        (json!({ "name": "a", "size_bytes": 0 }), 400),
        (json!({ "name": "a".repeat(2000), "size_bytes": 1 }), 400),
        (json!({ "name": "a" }), 400),
    ] {
        assert_eq!(
            code(&send(&stage, &key, "POST /uploads", &body).await).0,
            status,
            "{body}"
        );
    }
    let mut last = 201;
    for _ in 0..64 {
        last = send(
            &stage,
            &key,
            "POST /uploads",
            &json!({ "name": "a", "size_bytes": 1 }),
        )
        .await
        .status;
    }
    assert_eq!(last, 409);
}

#[tokio::test]
async fn settings_are_not_written_over_another_change() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Admin]).await;
    let read = send(&stage, &key, "GET /settings", &json!({})).await;
    let tag = read.header("etag").unwrap().to_owned();
    let mut settings = read.json();
    settings["name"] = json!("Study");
    let body = settings.to_string();
    let headers = [key.as_str(), JSON, &format!("If-Match: {tag}")];
    let written = stage
        .send("PUT /api/v1/settings", &headers, body.as_bytes())
        .await;
    assert_eq!(
        (written.status, &written.json()["name"]),
        (200, &json!("Study"))
    );
    assert_ne!(written.header("etag"), Some(tag.as_str()));
    let late = stage
        .send("PUT /api/v1/settings", &headers, body.as_bytes())
        .await;
    assert_eq!(code(&late), (412, "precondition_failed".into()));
    for wrong in [json!({ "name": "x" }), json!({}), {
        let mut more = settings.clone();
        more["colour"] = json!("red");
        more
    }] {
        assert_eq!(
            send(&stage, &key, "PUT /settings", &wrong).await.status,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn rules_of_the_library_are_read_checked_and_set() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Admin]).await;
    let read = send(&stage, &key, "GET /library/rules", &json!({})).await;
    assert_eq!(read.json(), json!({ "hours": [], "folders": [] }));
    let folder = |path: &str| {
        let rule =
            json!({ "name": "all", "least_saving_percent": 5, "make": { "purpose": "smallest" } });
        let folder = json!({ "path": path, "on_change": true, "every_min": 60, "stable_s": 60, "rules": [rule] });
        json!({ "hours": [], "folders": [folder] })
    };
    let relative = send(&stage, &key, "PUT /library/rules", &folder("films")).await;
    assert_eq!(code(&relative), (422, "bad_request".into()));
    let mut more = folder("/films");
    more["folders"][0]["rules"][0]["colour"] = json!("red");
    let unknown = send(&stage, &key, "PUT /library/rules", &more).await;
    assert_eq!(code(&unknown), (400, "bad_request".into()));
    let set = send(&stage, &key, "PUT /library/rules", &folder("/films")).await;
    let rule = &set.json()["folders"][0]["rules"][0];
    assert_eq!(
        (set.status, &rule["make"]["purpose"]),
        (200, &json!("smallest"))
    );
    let headers = [
        key.as_str(),
        JSON,
        &format!("If-Match: {}", read.header("etag").unwrap()),
    ];
    let body = folder("/other").to_string();
    let late = stage
        .send("PUT /api/v1/library/rules", &headers, body.as_bytes())
        .await;
    assert_eq!(late.status, 412);
    // Who writes the settings leaves them alone.
    let settings = send(&stage, &key, "GET /settings", &json!({})).await.json();
    assert_eq!(
        send(&stage, &key, "PUT /settings", &settings).await.status,
        200
    );
    let now = stage.api.settings().await.unwrap().library;
    assert_eq!(now.folders[0].path.shown(), "/films");
}

#[tokio::test]
async fn events_are_told_by_both_ways_and_pairing_is_not() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Read]).await;
    let mut stream = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n{key}\r\n\r\n",
        stage.web.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, ": open").await;
    let mut socket = TcpStream::connect(stage.web.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/events/socket HTTP/1.1\r\nHost: {}\r\n{key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.web.address()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let opened = read_until(&mut socket, "\r\n\r\n").await;
    assert!(opened.starts_with("HTTP/1.1 101"), "{opened}");
    stage.api.snapshot().await.unwrap();
    stage.api.ask("Kitchen".into()).await.ok();
    stage.node.edit(|scene| {
        scene.pairing.refusal = None;
        scene.jobs.push(job(3, "film.mkv"));
    });
    for told in [
        read_until(&mut stream, "film.mkv").await,
        read_until(&mut socket, "film.mkv").await,
    ] {
        assert!(told.contains("\"type\":\"job\""), "{told}");
        assert!(
            !told.contains("482 913") && !told.contains("pairing"),
            "{told}"
        );
    }
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
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
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
