//! `/api/v1/uploads`: films that programs send here.

use api::KeyScope::{Control, Read, Submit};
use api::{JobId, JobState};
use serde_json::json;

use crate::client::Stage;
use crate::v1::{code, key, send};

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

/// A whole upload of three bytes; gives its id.
async fn sent_upload(stage: &Stage, key: &str, name: &str) -> String {
    let new = json!({ "name": name, "size_bytes": 3 });
    let begun = send(stage, key, "POST /uploads", &new).await;
    assert_eq!(
        begun.status,
        201,
        "{}",
        String::from_utf8_lossy(&begun.body)
    );
    let line = format!("PATCH {}", begun.header("location").unwrap());
    let kind = "Content-Type: application/offset+octet-stream";
    let sent = stage
        .send(&line, &[key, "Upload-Offset: 0", kind], b"abc")
        .await;
    assert_eq!(sent.header("upload-offset"), Some("3"));
    begun.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn uploads_that_became_jobs_are_not_under_way() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Submit, Control]).await;
    for number in 1..=70 {
        let id = sent_upload(&stage, &key, &format!("{number}.mkv")).await;
        let wanted = json!({ "source": { "upload": id } });
        assert_eq!(send(&stage, &key, "POST /jobs", &wanted).await.status, 201);
    }
}

#[tokio::test]
async fn an_upload_is_whole_whatever_it_is_called_and_whatever_lies_beside_it() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Submit, Control, Read]).await;
    let long = format!("-{}", "名 ".repeat(80));
    for name in ["film.mkv", " -film.mkv", "- .x", &long] {
        let id = sent_upload(&stage, &key, name).await;
        let wanted = json!({ "source": { "upload": id } });
        let made = send(&stage, &key, "POST /jobs", &wanted).await;
        assert_eq!(made.status, 201, "{name}");
        let source = made.json()["source_path"].as_str().unwrap().to_owned();
        let home = std::path::Path::new(&source).parent().unwrap();
        for beside in ["0", "zz.hevc.mkv"] {
            std::fs::write(home.join(beside), [0; 1000]).unwrap();
        }
        let about = send(&stage, &key, &format!("GET /uploads/{id}"), &json!({})).await;
        assert_eq!(about.json()["received_bytes"], 3, "{name}");
        let other = json!({ "source": { "upload": id }, "choice": { "codec": "av1" } });
        let made = send(&stage, &key, "POST /jobs", &other).await;
        assert_eq!(made.status, 201, "{name}");
    }
}
