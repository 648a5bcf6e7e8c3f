//! What is fed to the farm, and what is not.

use std::fs;

use library::Conditions;

use super::*;
use crate::alone;

async fn feeder(home: &Path) -> Feeder {
    Feeder {
        // No loop but this test's.
        node: alone::node(home).await,
        held_until: None,
        passed: HashMap::new(),
        barred: HashMap::new(),
    }
}

/// Two films that wait, each for a rule of its own.
async fn two_films(feeder: &Feeder, home: &Path) -> Library {
    let root = home.join("films");
    fs::create_dir(&root).unwrap();
    let rule = |name: &str, least_saving| Rule {
        name: name.into(),
        least_saving,
        take: Conditions {
            names: vec![format!("{name}.mkv")],
            ..Conditions::default()
        },
        ..Rule::default()
    };
    let folder = Folder {
        path: root.clone(),
        stable_s: 0,
        rules: vec![rule("a", 5), rule("b", 6)],
        ..Folder::default()
    };
    for rule in folder.rules.clone() {
        let path = root.join(format!("{}.mkv", rule.name));
        fs::write(&path, "x").unwrap();
        let film = Film {
            folder: root.clone(),
            since: 1,
            rule: Some(rule.name.clone()),
            wish: rule.wish(),
            gone: false,
            ..scan::blank(&Found {
                within: String::new(),
                path,
                bytes: 1,
                modified_ms: 1,
            })
        };
        feeder.put(film).await.unwrap();
    }
    Library {
        folders: vec![folder],
        ..Library::default()
    }
}

async fn next(feeder: &Feeder, library: &Library) -> Option<Film> {
    feeder.next(library).await.unwrap().map(|(_, film)| film)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_for_one_film_or_rule_holds_no_others() {
    let home = tempfile::tempdir().unwrap();
    let mut feeder = feeder(home.path()).await;
    let library = two_films(&feeder, home.path()).await;
    let waits = |feeder: &Feeder| {
        feeder.tell(None);
        let told = feeder.node.0.librarian.told();
        let said = told.waits.get(&library.folders[0].path);
        said.cloned().unwrap_or_default()
    };
    for (kind, says) in [
        (Kind::NoSpace, "a.mkv waits: No."),
        (Kind::NoEncoder, "The rule “a” waits: No."),
    ] {
        let first = next(&feeder, &library).await.unwrap();
        assert!(first.path.ends_with("a.mkv"));
        feeder.stay(Stays::of(&first), Trouble::new(kind, "No."));
        let second = next(&feeder, &library).await.unwrap();
        assert!(second.path.ends_with("b.mkv"), "{kind:?}");
        assert_eq!(feeder.holds(&library), None, "{kind:?}");
        assert_eq!(waits(&feeder), [says]);
        feeder.passed.clear();
        feeder.barred.clear();
    }
    // Where nothing fits any more it is rather the disk, and what is wrong with the node holds all.
    let first = next(&feeder, &library).await.unwrap();
    feeder.stay(Stays::of(&first), Trouble::new(Kind::NoFfmpeg, "No."));
    assert_eq!(feeder.holds(&library), Some("No.".to_owned()));
    feeder.node.stop().await;
}

/// A folder of another tree that cannot be written, a name that is too long.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one_film_holds_no_others() {
    let home = tempfile::tempdir().unwrap();
    let mut feeder = feeder(home.path()).await;
    let library = two_films(&feeder, home.path()).await;
    let into = home.path().join("small");
    fs::create_dir(&into).unwrap();
    let terms = Terms {
        place: crate::status::Place::Tree {
            root: library.folders[0].path.clone(),
            into: into.clone(),
        },
        ..Terms::default()
    };
    let first = Film {
        asked: true,
        ..next(&feeder, &library).await.unwrap()
    };
    let path = first.path.clone();
    let trouble = Trouble::new(Kind::OutputReadOnly, "No.");
    let shared = shares(terms.clone()).await;
    let given = feeder.refused(first, trouble, shared).await.unwrap();
    assert!(matches!(given, Given::Settled));
    let filed = feeder.call(move |tables| tables.film_at(&path)).await;
    let filed = filed.unwrap().unwrap();
    // What has its name later was not asked for.
    assert_eq!((filed.state, filed.asked), (FilmState::Failed, false));
    let second = next(&feeder, &library).await.unwrap();
    assert!(second.path.ends_with("b.mkv"));
    assert_eq!(feeder.holds(&library), None);
    // Where the whole tree is away, all wait.
    fs::remove_dir(&into).unwrap();
    let trouble = Trouble::new(Kind::NoOutputFolder, "No.");
    let given = feeder.refused(second, trouble, shares(terms).await).await;
    assert!(matches!(given.unwrap(), Given::Stays(_)));
    feeder.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_or_forgotten_of_a_disk_that_is_away() {
    let home = tempfile::tempdir().unwrap();
    let feeder = feeder(home.path()).await;
    let library = two_films(&feeder, home.path()).await;
    let folder = &library.folders[0];
    let film = next(&feeder, &library).await.unwrap();
    let away = home.path().join("away");
    fs::rename(&folder.path, &away).unwrap();
    assert_eq!(next(&feeder, &library).await, None);
    // The place where it is mounted; and one that goes in the very moment.
    fs::create_dir(&folder.path).unwrap();
    assert_eq!(next(&feeder, &library).await, None);
    let looked = feeder.looked_at(folder, &film).await.unwrap();
    assert!(matches!(looked, ControlFlow::Break(Given::Anew)));
    fs::remove_dir(&folder.path).unwrap();
    fs::rename(&away, &folder.path).unwrap();
    assert_eq!(next(&feeder, &library).await, Some(film));
    feeder.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_does_not_take_a_film_any_more_is_not_followed() {
    let home = tempfile::tempdir().unwrap();
    let feeder = feeder(home.path()).await;
    let mut library = two_films(&feeder, home.path()).await;
    let film = next(&feeder, &library).await.unwrap();
    let found = Found {
        within: "a.mkv".into(),
        path: film.path.clone(),
        bytes: film.bytes,
        modified_ms: film.modified,
    };
    let facts = store::FileFacts {
        path: film.path.clone(),
        bytes: film.bytes,
        modified: film.modified,
        facts: Ok(serde_json::json!({"codec": "mpeg2video"})),
    };
    let put = feeder.call(move |tables| tables.put_facts(&facts));
    put.await.unwrap();
    let follows = async |folder: &Folder| {
        let rule = feeder.rule(folder, &film, &found).await.unwrap();
        rule.is_some()
    };
    assert!(follows(&library.folders[0]).await);
    library.folders[0].rules[0].off = true;
    assert!(!follows(&library.folders[0]).await);
    library.folders[0].rules[0].off = false;
    library.folders[0].rules[0].take.min_bytes = Some(2);
    assert!(!follows(&library.folders[0]).await);
    feeder.node.stop().await;
}
