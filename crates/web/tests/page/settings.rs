//! `/api/v1/settings` and `/api/v1/library/rules`: what programs set.

use api::KeyScope::Admin;
use serde_json::{Value, json};

use crate::client::{JSON, Stage};
use crate::v1::{code, key, send};

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
async fn what_a_program_knows_nothing_of_stays_as_it_is() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Admin]).await;
    let mut settings = stage.api.settings().await.unwrap();
    settings.replace.testing_mode = true;
    settings.replace.keep = api::Keep::Always;
    settings.web_port = Some(8091);
    settings.temp_limit = Some(5_000_000_000);
    settings.helping.keep_free = Some(7);
    stage.api.set_settings(settings.clone()).await.unwrap();
    // Written before there were any of the optional ones.
    let mut body = send(&stage, &key, "GET /settings", &json!({})).await.json();
    let document = stage
        .send("GET /api/v1/openapi.json", &[], b"")
        .await
        .json();
    let required = document["components"]["schemas"]["Settings"]["required"].clone();
    let required: Vec<String> = serde_json::from_value(required).unwrap();
    let all: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
    let optional = all.iter().filter(|name| !required.contains(name));
    let left_out: Vec<&String> = optional.collect();
    assert!(
        left_out.iter().any(|name| *name == "replace"),
        "{required:?}"
    );
    for name in left_out {
        body.as_object_mut().unwrap().remove(name);
    }
    body["helping"]
        .as_object_mut()
        .unwrap()
        .remove("keep_free_bytes");
    body["name"] = json!("Study");
    let set = send(&stage, &key, "PUT /settings", &body).await;
    assert_eq!(set.status, 200, "{}", String::from_utf8_lossy(&set.body));
    settings.name = "Study".into();
    assert_eq!(stage.api.settings().await.unwrap(), settings);
    // Said in so many words it is the usual again.
    body["web_port"] = Value::Null;
    body["replace"] = json!({ "testing_mode": false, "keep": { "days": 5 } });
    let set = send(&stage, &key, "PUT /settings", &body).await.json();
    assert_eq!(set["web_port"], Value::Null);
    assert_eq!(set["replace"]["keep"], json!({ "days": 5 }));
}

#[tokio::test]
async fn hours_may_name_their_days_in_any_order() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Admin]).await;
    let mut body = send(&stage, &key, "GET /settings", &json!({})).await.json();
    body["helping"]["hours"] =
        json!([{ "days": ["sun", "mon", "sun"], "from_min": 1320, "to_min": 360 }]);
    assert_eq!(send(&stage, &key, "PUT /settings", &body).await.status, 200);
}

#[tokio::test]
async fn what_a_rule_cannot_make_is_refused_and_changes_nothing() {
    let stage = Stage::new().await;
    let key = key(&stage, &[Admin]).await;
    let before = send(&stage, &key, "GET /library/rules", &json!({})).await;
    for make in [
        json!({ "filters": { "height": 20_000 } }),
        json!({ "filters": { "height": 7 } }),
        json!({ "filters": { "grain": 99 } }),
        json!({ "filters": { "crop": { "to": { "width": 1919, "height": 1080, "left": 0, "top": 0 } } } }),
        json!({ "audio_kbps": 60_000 }),
        json!({ "quality": 64 }),
        json!({ "output_path": "/small/film.mkv" }),
        json!({ "output_folder": "small" }),
        json!({ "wait_for": 1 }),
        json!({ "keep_temp": true }),
        json!({ "on": { "peer": "kitchen" } }),
        json!({ "place": { "is": "beside", "into_path": "/b" } }),
    ] {
        let rule = json!({ "name": "all", "least_saving_percent": 5, "make": make });
        let folder = json!({ "path": "/films", "on_change": true, "every_min": 60, "stable_s": 60, "rules": [rule] });
        let rules = json!({ "hours": [], "folders": [folder] });
        let answer = send(&stage, &key, "PUT /library/rules", &rules).await;
        assert!(matches!(code(&answer).0, 400 | 422), "{make}");
        // It has the shape that the document shows, and is out of the question all the same.
        let misplaced = ["output_path", "wait_for", "keep_temp", "on"];
        if misplaced.iter().any(|name| make.get(name).is_some()) {
            assert_eq!(code(&answer), (422, "bad_request".into()), "{make}");
        }
    }
    let after = send(&stage, &key, "GET /library/rules", &json!({})).await;
    assert_eq!(before.json(), after.json());
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
