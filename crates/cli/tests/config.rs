//! The file of the settings, with the real program: a typo keeps a node from starting, a variable stands above it, a
//! running node reads it again when told.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test is this crate's own"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod node;

use std::fs;

use node::{Node, ask, program};

#[tokio::test]
async fn a_typo_is_named_and_nothing_starts_with_half_of_what_was_meant() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("config.toml");
    fs::write(&file, "[donate]\nenabled = yes\n\n[web]\nprot = 8091\n").unwrap();
    for words in [&["serve", "--no-mdns"][..], &["settings"]] {
        let (code, lines) = ask(data.path(), words).await;
        assert_eq!(
            (code, &lines[0]["code"]),
            (64, &"bad_config".into()),
            "{words:?}"
        );
        let message = lines[0]["message"].as_str().unwrap();
        assert!(message.starts_with("There are 2 mistakes in "), "{message}");
        assert!(message.contains("\nconfig.toml, line 2: "), "{message}");
        assert!(
            message
                .ends_with("\nconfig.toml, line 5: `prot` is not a setting. Did you mean `port`?"),
            "{message}"
        );
    }
    let (code, lines) = ask(data.path(), &["config", "check"]).await;
    assert_eq!(code, 64);
    let on: Vec<_> = lines
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(on, [2, 5]);

    // People see a line for each.
    let mut people = tokio::process::Command::new(env!("CARGO_BIN_EXE_manyhands"));
    people.arg("--data").arg(data.path());
    let output = people.args(["serve", "--no-mdns"]).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.lines()
            .any(|line| line.starts_with("config.toml, line 5: ")),
        "{said}"
    );

    fs::write(&file, "[web]\nport = 8091\n").unwrap();
    assert_eq!(ask(data.path(), &["config", "check"]).await.0, 0);
    let elsewhere = data.path().join("other.toml");
    assert_eq!(
        ask(
            data.path(),
            &["config", "check", elsewhere.to_str().unwrap()]
        )
        .await
        .0,
        10
    );
}

#[tokio::test]
async fn a_variable_stands_above_the_file_and_a_running_node_reads_it_again() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("mine.toml");
    fs::write(&file, "# Mine.\n[web]\nport = 8091\n").unwrap();
    let mut command = program(data.path());
    command
        .env("MANYHANDS_CONFIG", &file)
        .env("MANYHANDS_NETWORK_BANDWIDTH", "20MB")
        // Where it had a terminal, a hang-up would end it.
        .stdin(std::process::Stdio::null());
    let mut node = Node::serve(command, &[]).await;

    // Whoever asks is told of the node's file and variables, not of its own.
    let (_, lines) = ask(data.path(), &["config", "path"]).await;
    assert_eq!(lines[0]["path"], file.to_str().unwrap());
    let (_, lines) = ask(data.path(), &["config", "show"]).await;
    let set: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["key"].as_str().unwrap(),
                line["from"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(
        set.contains(&("web.port", "file")) && set.contains(&("network.bandwidth", "variable")),
        "{set:?}"
    );
    let (_, all) = ask(data.path(), &["config", "show", "--effective"]).await;
    assert!(all.len() > lines.len());
    let (code, lines) = ask(data.path(), &["settings", "--bandwidth", "none"]).await;
    assert_eq!(code, 2);
    assert!(
        lines[0]["message"]
            .as_str()
            .unwrap()
            .contains("MANYHANDS_NETWORK_BANDWIDTH"),
        "{lines:?}"
    );
    assert_eq!(ask(data.path(), &["settings", "--cores", "1"]).await.0, 0);
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("# Mine.\n[web]\nport = 8091\n") && text.contains("cores = 1"),
        "{text}"
    );
    assert!(!text.contains("bandwidth"), "{text}");

    fs::write(&file, text.replace("8091", "8092")).unwrap();
    node.signal("-HUP");
    let line = node.line("reloaded").await;
    // It may have seen it by itself just before.
    let changed = line["changed"].as_array().unwrap();
    assert!(changed.is_empty() || changed[0] == "web.port", "{line}");
    fs::write(&file, text.replace("8091", "8093")).unwrap();
    assert_eq!(ask(data.path(), &["config", "reload"]).await.0, 0);
    let (_, lines) = ask(data.path(), &["settings"]).await;
    assert_eq!(lines[0]["web_port"], 8093);

    fs::write(&file, text.replace("port =", "prot =")).unwrap();
    assert_eq!(ask(data.path(), &["config", "reload"]).await.0, 64);
    let (code, lines) = ask(data.path(), &["doctor"]).await;
    assert_eq!(code, 1);
    assert!(lines.iter().any(|line| line["level"] == "bad" && line["text"].as_str().unwrap().contains("`prot`")), "{lines:?}");
    assert_eq!(ask(data.path(), &["settings", "--cores", "2"]).await.0, 64);
    let (_, lines) = ask(data.path(), &["settings"]).await;
    assert_eq!(lines[0]["web_port"], 8093, "what it had goes on");
    node.signal("-TERM");
    assert_eq!(node.child.wait().await.unwrap().code(), Some(0));
    assert_eq!(ask(data.path(), &["config", "reload"]).await.0, 61);
}

#[tokio::test]
async fn another_farms_settings_are_said_and_then_taken_over() {
    let data = tempfile::tempdir().unwrap();
    let theirs = data.path().join("theirs.json");
    let text = r#"{"media_directories": ["/media/films"], "temp_directory": "", "web_port": 8095, "testing_mode": false, "workers": 3}"#;
    fs::write(&theirs, text).unwrap();
    let theirs = theirs.to_str().unwrap();
    let (code, lines) = ask(data.path(), &["config", "import", theirs]).await;
    assert_eq!((code, &lines[0]["done"]), (0, &false.into()));
    let keys: Vec<_> = lines[0]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["web.port", "library.folders"]);
    assert!(
        lines[0]["notes"]
            .to_string()
            .contains("`workers` is nothing that is known here"),
        "{lines:?}"
    );
    assert!(
        !data.path().join("config.toml").exists(),
        "nothing is done yet"
    );
    let (code, lines) = ask(data.path(), &["config", "import", theirs, "--yes"]).await;
    assert_eq!((code, &lines[0]["done"]), (0, &true.into()));
    let text = fs::read_to_string(data.path().join("config.toml")).unwrap();
    assert!(
        text.contains("port = 8095") && text.contains("path = \"/media/films\""),
        "{text}"
    );
    assert_eq!(ask(data.path(), &["config", "check"]).await.0, 0);

    fs::write(theirs, "{\n\"web_port\": \"http\",\n\"testing_mode\": 1}").unwrap();
    let (code, lines) = ask(data.path(), &["config", "import", theirs, "--yes"]).await;
    assert_eq!(code, 64);
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.contains("config.json, line 2: ") && message.contains("config.json, line 3: "),
        "{message}"
    );
    assert_eq!(
        ask(data.path(), &["config", "import", "/nowhere.json"])
            .await
            .0,
        10
    );
}
