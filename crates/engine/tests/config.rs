//! The settings' file with a real node round it: read, written, edited by hand meanwhile, broken, moved over from the
//! database of before.

#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::config::{Origin, Sources};
use engine::node::{Node, NodeConfig};
use engine::status::{Level, Settings};
use engine::trouble::Kind;

fn start(folder: &Path) -> NodeConfig {
    NodeConfig {
        data_dir: folder.to_owned(),
        name: None,
        listen: None,
        mdns: false,
        network: false,
        donate: None,
        peers: Vec::new(),
        stays: false,
        workers: Some(1),
        settings: Sources::default(),
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("config.toml")
}

async fn set(
    node: &Node,
    change: impl FnOnce(&mut Settings),
) -> Result<(), engine::trouble::Trouble> {
    let mut settings = node.settings().await.unwrap();
    change(&mut settings);
    node.set_settings(settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_is_in_the_file_and_the_users_words_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mine = "# Mine.\n[web] # the page\nport = 8091\n";
    fs::write(file(folder.path()), mine).unwrap();
    let node = Node::start(start(folder.path())).await.unwrap();
    assert_eq!(node.settings().await.unwrap().web_port, Some(8091));
    set(&node, |settings| settings.donating = true)
        .await
        .unwrap();
    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert_eq!(
        text,
        format!("{mine}\n# Helping the computers it is paired with.\n[donate]\nenabled = true\n")
    );

    // Somebody writes there meanwhile: both are kept.
    fs::write(file(folder.path()), text.replace("8091", "8092")).unwrap();
    set(&node, |settings| settings.donate_cores = Some(2))
        .await
        .unwrap();
    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert!(
        text.contains("port = 8092") && text.contains("cores = 2"),
        "{text}"
    );
    assert_eq!(node.settings().await.unwrap().web_port, Some(8092));

    // And breaks it meanwhile: nothing is written over it.
    let broken = text.replace("port =", "prot =");
    fs::write(file(folder.path()), &broken).unwrap();
    let refused = set(&node, |settings| settings.donating = false)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::BadConfig);
    assert!(
        refused
            .message
            .contains("config.toml, line 3: `prot` is not a setting. Did you mean `port`?"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), broken);
    assert!(node.settings().await.unwrap().donating);
    node.stop().await;
    drop(node);

    let refused = Node::start(start(folder.path())).await.unwrap_err();
    assert_eq!(refused.kind, Kind::BadConfig, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_reads_it_again_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let staying = NodeConfig {
        stays: true,
        ..start(folder.path())
    };
    let node = Node::start(staying).await.unwrap();
    fs::write(
        file(folder.path()),
        "[donate]\ncores = 2\n[web]\nport = 8091\n",
    )
    .unwrap();
    let reread = node.reread_config().await.unwrap();
    assert_eq!(reread.changed, ["donate.cores", "web.port"]);
    assert_eq!(reread.later, ["web.port"]);
    assert_eq!(node.settings().await.unwrap().donate_cores, Some(2));
    assert!(node.reread_config().await.unwrap().changed.is_empty());

    fs::write(
        file(folder.path()),
        "[donate]\ncroes = 3\nhours = [\"whenever\"]\n",
    )
    .unwrap();
    // By itself.
    let notice = loop {
        let notices = node.status().await.unwrap().notices;
        if let Some(notice) = notices.into_iter().find(|one| one.contains("croes")) {
            break notice;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(notice.contains("(and one more mistake)"), "{notice}");
    let refused = node.reread_config().await.unwrap_err();
    assert_eq!(refused.kind, Kind::BadConfig);
    assert!(
        refused.message.contains("line 2: `croes`") && refused.message.contains("line 3: `hours`"),
        "{refused}"
    );
    assert_eq!(node.settings().await.unwrap().donate_cores, Some(2));
    let found = node.doctor().await.unwrap();
    let bad = |one: &&engine::status::Finding| one.subject == "settings" && one.level == Level::Bad;
    assert_eq!(found.iter().filter(bad).count(), 2, "{found:?}");

    fs::write(file(folder.path()), "[donate]\ncores = 3\n").unwrap();
    while node.settings().await.unwrap().donate_cores != Some(3) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(node.config().await.unwrap().complaints.is_empty());

    // One that is taken away takes nothing with it but its mistakes, and what is set then is whole again.
    fs::write(file(folder.path()), "[donate]\ncroes = 3\n").unwrap();
    node.reread_config().await.unwrap_err();
    fs::remove_file(file(folder.path())).unwrap();
    assert!(node.reread_config().await.unwrap().changed.is_empty());
    assert!(node.config().await.unwrap().complaints.is_empty());
    set(&node, |settings| settings.hide_name = true)
        .await
        .unwrap();
    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert!(
        text.contains("cores = 3") && text.contains("hide_name = true"),
        "{text}"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_for_working_files_that_is_not_there_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(start(folder.path())).await.unwrap();
    let told = async |name: &str| {
        let dir = folder.path().join(name);
        fs::write(file(folder.path()), format!("[temp]\ndir = {dir:?}\n")).unwrap();
        let reread = node.reread_config().await.unwrap();
        assert_eq!(reread.changed, ["temp.dir"]);
        let notices = node.status().await.unwrap().notices;
        let about_it = notices.iter().filter(|one| one.contains("Working files"));
        about_it.count()
    };
    assert_eq!(told("none").await, 1);
    assert_eq!(told("nor this").await, 1);
    fs::create_dir(folder.path().join("there")).unwrap();
    assert_eq!(told("there").await, 0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_before_are_written_into_the_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let former = Settings {
        name: "Attic".to_owned(),
        donating: true,
        web_port: Some(8099),
        ..Settings::default()
    };
    let store = store::Store::open(folder.path()).unwrap();
    let written = store.call(move |tables| tables.set_setting("settings", &former));
    written.await.unwrap();
    drop(store);
    fs::write(file(folder.path()), "[web]\nport = 8091\n").unwrap();

    let node = Node::start(start(folder.path())).await.unwrap();
    let settings = node.settings().await.unwrap();
    assert_eq!(
        (settings.name.as_str(), settings.donating, settings.web_port),
        ("Attic", true, Some(8091))
    );
    node.stop().await;
    drop(node);
    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert!(
        text.contains("name = \"Attic\"")
            && text.contains("enabled = true")
            && text.contains("8091"),
        "{text}"
    );

    fs::remove_file(file(folder.path())).unwrap();
    let node = Node::start(start(folder.path())).await.unwrap();
    assert!(
        !node.settings().await.unwrap().donating,
        "they were moved, not copied"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_stands_above_the_file_and_is_never_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("elsewhere.toml");
    fs::write(&named, "[web]\nport = 8091\n").unwrap();
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let with = |variables: Vec<(String, String)>| NodeConfig {
        donate: Some(true),
        settings: Sources {
            file: Some(named.clone()),
            variables,
        },
        ..start(folder.path())
    };
    let node = Node::start(with(vec![
        variable("MANYHANDS_WEB_PORT", "9999"),
        variable("MANYHANDS_WEB_PROT", "1"),
    ]))
    .await
    .unwrap();
    assert_eq!(node.settings().await.unwrap().web_port, Some(9999));
    let refused = set(&node, |settings| settings.web_port = Some(1))
        .await
        .unwrap_err();
    assert_eq!(
        refused.message,
        "web.port is set by MANYHANDS_WEB_PORT and cannot be changed here."
    );
    set(&node, |settings| settings.hide_name = true)
        .await
        .unwrap();
    let text = fs::read_to_string(&named).unwrap();
    assert!(
        text.contains("port = 8091") && text.contains("hide_name = true"),
        "{text}"
    );
    assert!(
        !text.contains("9999") && !text.contains("enabled"),
        "{text}"
    );
    assert!(!file(folder.path()).exists());
    let notices = node.status().await.unwrap().notices;
    assert!(
        notices
            .iter()
            .any(|one| one.contains("Did you mean MANYHANDS_WEB_PORT?")),
        "{notices:?}"
    );
    let effects = node.config().await.unwrap().effects;
    let from = |key: &str| {
        effects
            .iter()
            .find(|one| one.key == key)
            .unwrap()
            .from
            .clone()
    };
    assert_eq!(
        from("web.port"),
        Origin::Variable("MANYHANDS_WEB_PORT".to_owned())
    );
    assert_eq!(from("donate.enabled"), Origin::ThisTime);
    assert_eq!(from("node.hide_name"), Origin::File);
    // What was typed for this run is over once it is changed.
    node.donate(false).await.unwrap();
    assert!(!node.settings().await.unwrap().donating);
    node.stop().await;
    drop(node);

    for (variables, says) in [
        (
            vec![variable("MANYHANDS_TEMP_LIMIT", "lots")],
            "MANYHANDS_TEMP_LIMIT: `temp.limit` has to be a size",
        ),
        (
            vec![variable("MANYHANDS_NETWORK_PORT", "8091")],
            "cannot use the same port",
        ),
    ] {
        let refused = Node::start(with(variables)).await.unwrap_err();
        assert_eq!(refused.kind, Kind::BadConfig);
        assert!(refused.message.contains(says), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_farm_has_set_is_said_first_and_then_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let (films, temp) = (folder.path().join("media"), folder.path().join("temp"));
    fs::create_dir(&temp).unwrap();
    fs::write(
        file(folder.path()),
        "# Mine.\n[web]\nport = 8080 # the old one\n",
    )
    .unwrap();
    let node = Node::start(start(folder.path())).await.unwrap();
    let theirs = format!(
        "{{\"media_directories\": [{films:?}], \"temp_directory\": {temp:?}, \"web_port\": 8090, \"testing_mode\": true}}"
    );
    let before = node.settings().await.unwrap();
    let said = node.import_config(&theirs, false).await.unwrap();
    let keys: Vec<&str> = said.changes.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "temp.dir",
            "web.port",
            "library.folders",
            "replace.testing_mode"
        ]
    );
    assert!(
        said.notes
            .iter()
            .any(|note| note.ends_with("media is not there now.")),
        "{said:?}"
    );
    assert_eq!(
        node.settings().await.unwrap(),
        before,
        "nothing is done yet"
    );

    node.import_config(&theirs, true).await.unwrap();
    let after = node.settings().await.unwrap();
    assert_eq!((after.web_port, after.scratch), (Some(8090), Some(temp)));
    assert!(after.replace.testing_mode);
    assert_eq!(after.library.folders[0].path, films);
    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert!(
        text.starts_with("# Mine.\n[web]\nport = 8090 # the old one\n"),
        "{text}"
    );
    assert!(
        text.contains("[[library.folders]]\n") && text.contains("[[library.folders.rules]]\n"),
        "{text}"
    );
    assert!(text.contains("make = { purpose = \"smallest\" }"), "{text}");

    // A folder more, in an editor: what was written from here and what was written there are one.
    let more = text + "\n# The series.\n[[library.folders]]\npath = \"/series\"\n";
    fs::write(file(folder.path()), &more).unwrap();
    assert_eq!(
        node.reread_config().await.unwrap().changed,
        ["library.folders"]
    );
    set(&node, |settings| settings.library.folders[0].every_min = 5)
        .await
        .unwrap();
    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert!(
        text.contains("every_min = 5")
            && text.contains("# The series.\n[[library.folders]]\npath = \"/series\"\n"),
        "{text}"
    );

    let refused = node
        .import_config("{\"web_port\": 70000}", true)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::BadConfig);
    assert!(
        refused
            .message
            .contains("config.json, line 1: `web_port` has to be a port"),
        "{refused}"
    );
    node.stop().await;
}
