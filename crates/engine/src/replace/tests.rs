//! What is written down of originals is done, and nothing else.

use std::fs;

use media::choice::Container;
use serde_json::json;

use super::*;

const DAY: i64 = 86_400_000;

/// A film and its result that have just traded places; nothing is settled yet.
fn traded(folder: &Path, job: i64, phase: Phase) -> Original {
    let at = |name: &str| folder.join(format!("{job}{name}"));
    fs::write(at(".mkv"), "its result").unwrap();
    fs::write(at(".mkv.bak"), "the film").unwrap();
    fs::write(at(".json"), "{}").unwrap();
    let identity = |name: &str| Identity::of(&at(name)).unwrap();
    let outcome = Memo {
        frames: 75,
        bytes: 10,
        ..Memo::default()
    };
    Original {
        job,
        source: at(".mkv"),
        target: at(".mkv"),
        backup: at(".mkv.bak"),
        aside: at(".part"),
        receipt: at(".json"),
        phase,
        step: String::new(),
        memo: json!({
            "original": identity(".mkv.bak"), "result": identity(".mkv"), "outcome": outcome,
        }),
        bytes: 8,
        replaced: 0,
        until: None,
    }
}

struct Scene {
    folder: tempfile::TempDir,
    store: Store,
    ledger: Ledger,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        fs::create_dir(folder.path().join("films")).unwrap();
        let ledger = Ledger::new(&store);
        Self {
            folder,
            store,
            ledger,
        }
    }

    fn films(&self) -> PathBuf {
        self.folder.path().join("films")
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.films().join(name)).ok()
    }

    async fn put(&self, row: &Original) {
        let row = row.clone();
        let put = self.store.call(move |tables| tables.put_original(&row));
        put.await.unwrap();
    }

    async fn rows(&self) -> Vec<Original> {
        self.store.call(|tables| tables.originals()).await.unwrap()
    }

    /// On a thread that may block.
    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&Ledger) -> T + Send + 'static) -> T {
        let ledger = self.ledger.clone();
        let working = tokio::task::spawn_blocking(move || work(&ledger));
        working.await.unwrap()
    }

    async fn settle(&self) -> Settled {
        self.with(|ledger| settle(ledger, &|| false)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_failed_goes_back_and_never_forward() {
    let scene = Scene::new();
    let row = traded(&scene.films(), 1, Phase::Replacing);
    scene.put(&row).await;
    // Films of the day before yesterday, that no undoing takes out.
    let counted = store::Made {
        films: 3,
        source_bytes: 1000,
        ..made(&row, &Memo::default())
    };
    let adding = scene.store.call(move |tables| tables.add_made(&counted, 0));
    adding.await.unwrap();

    let away = scene.folder.path().join("away");
    fs::rename(scene.films(), &away).unwrap();
    let failed = row.clone();
    let said = scene
        .with(move |ledger| take_back(ledger, &failed, Trouble::new(Kind::OutputReadOnly, "No.")))
        .await;
    assert!(said.help.starts_with("It is put back by itself"), "{said}");
    assert!(said.help.contains("1.mkv.bak"), "{said}");
    let waits = scene.settle().await.waits;
    assert!(waits[0].contains("half-way"), "{waits:?}");
    assert_eq!(scene.rows().await[0].phase, Phase::Returning);
    assert_eq!(status(&scene.rows().await[0]).state, OriginalState::Moving);

    fs::rename(&away, scene.films()).unwrap();
    let settled = scene.settle().await;
    assert!(settled.notices.is_empty() && settled.moved.is_empty());
    assert_eq!(settled.forgotten, [(JobId(1), row.target.clone())]);
    assert!(scene.rows().await.is_empty());
    assert_eq!(scene.text("1.mkv").as_deref(), Some("the film"));
    for gone in ["1.mkv.bak", "1.part", "1.json"] {
        assert_eq!(scene.text(gone), None, "{gone}");
    }
    let made = scene.store.call(|tables| tables.made_in_all());
    assert_eq!(made.await.unwrap().films, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_known_before_the_same_is_done_again() {
    let scene = Scene::new();
    let before = async |job: u64| scene.with(move |ledger| before(ledger, JobId(job))).await;
    assert!(before(1).await.unwrap().is_none());
    // The film is replaced by then: there is nothing to be made again.
    scene
        .put(&traded(&scene.films(), 1, Phase::Replacing))
        .await;
    let (outcome, original) = before(1).await.unwrap().unwrap();
    assert_eq!((outcome.frames, outcome.bytes), (75, 10));
    assert_eq!(outcome.output, scene.films().join("1.mkv"));
    assert_eq!(original.state, OriginalState::Kept);
    assert_eq!(scene.text("1.mkv.bak").as_deref(), Some("the film"));
    // Or it is back, and is replaced now.
    scene
        .put(&traded(&scene.films(), 2, Phase::Returning))
        .await;
    assert!(before(2).await.unwrap().is_none());
    assert_eq!(scene.text("2.mkv").as_deref(), Some("the film"));
    scene.put(&traded(&scene.films(), 3, Phase::Restored)).await;
    assert_eq!(before(3).await.unwrap_err().kind, Kind::NotNow);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_nothing_is_told() {
    let scene = Scene::new();
    for (job, phase) in [
        (1, Phase::Replacing),
        (2, Phase::Returning),
        (3, Phase::Undoing),
    ] {
        scene.put(&traded(&scene.films(), job, phase)).await;
        let film = scene.films().join(format!("{job}.mkv"));
        let theirs = scene.films().join("theirs");
        fs::write(&theirs, "somebody else's").unwrap();
        fs::rename(&theirs, &film).unwrap();
    }
    let settled = scene.settle().await;
    assert_eq!(settled.notices.len(), 3, "{settled:?}");
    for (job, said) in (1..).zip(&settled.notices) {
        assert!(said.contains(&format!("{job}.mkv.bak")), "{said}");
        let film = scene.text(&format!("{job}.mkv"));
        assert_eq!(film.as_deref(), Some("somebody else's"));
        let original = scene.text(&format!("{job}.mkv.bak"));
        assert_eq!(original.as_deref(), Some("the film"));
    }
    assert_eq!(settled.forgotten.len(), 2);
    let rows = scene.rows().await;
    assert_eq!((rows.len(), rows[0].phase), (1, Phase::Kept));
}

/// Somebody has taken the original away: nobody here has deleted it.
#[tokio::test(flavor = "multi_thread")]
async fn an_original_is_deleted_or_it_is_not() {
    let scene = Scene::new();
    let ends = async |row: Original| {
        scene.put(&row).await;
        fs::remove_file(&row.backup).unwrap();
        let settled = scene.settle().await;
        (scene.rows().await[0].phase, settled.notices.len())
    };
    let cut = |step: &str| Original {
        step: step.to_owned(),
        ..traded(&scene.films(), 1, Phase::Deleting)
    };
    assert_eq!(ends(cut("")).await, (Phase::Kept, 1));
    assert_eq!(ends(cut("Clear")).await, (Phase::Deleted, 0));
}

#[tokio::test]
async fn a_clock_that_is_set_deletes_nothing_for_a_day() {
    let scene = Scene::new();
    let now = moment();
    let end = now.wall_ms + 30 * DAY;
    for job in [1, 2] {
        let row = Original {
            replaced: now.wall_ms,
            until: Some(end),
            ..traded(&scene.films(), job, Phase::Kept)
        };
        scene.put(&row).await;
    }
    // The second is of an earlier run: who knows by what clock.
    scene.ledger.time().replaced.insert(1, now);
    let later = |minutes: i64, by: i64| Moment {
        wall_ms: now.wall_ms + minutes * 60_000 + by,
        since_ms: now.since_ms + minutes * 60_000,
    };
    let untils = async || {
        let rows = scene.rows().await.into_iter();
        rows.map(|row| row.until.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(scene.ledger.look_at_clock_at(later(15, 0)).await, None);
    assert!(!scene.ledger.holds());
    let by = 2000 * DAY;
    let said = scene.ledger.look_at_clock_at(later(30, by)).await.unwrap();
    assert!(said.contains("forward by about 2000 days"), "{said}");
    assert!(scene.ledger.holds());
    assert_eq!(untils().await, [end + by, end]);
    // It is moved once, and a restart ends nothing.
    assert_eq!(scene.ledger.look_at_clock_at(later(45, by)).await, None);
    assert_eq!(untils().await, [end + by, end]);
    assert!(Ledger::new(&scene.store).held_as_before().await.holds());
    // It is set right again.
    let said = scene.ledger.look_at_clock_at(later(60, 0)).await.unwrap();
    assert!(said.contains("back by about 2000 days"), "{said}");
    assert_eq!(untils().await, [end, end]);
}

/// It is written down at the next look: a restart ends nothing.
#[tokio::test]
async fn what_there_was_no_room_for_is_noted_of_a_clock_later() {
    let scene = Scene::new();
    let now = moment();
    let later = |minutes: i64| Moment {
        wall_ms: now.wall_ms + minutes * 60_000 + 40 * DAY,
        since_ms: now.since_ms + minutes * 60_000,
    };
    let holds = async || Ledger::new(&scene.store).held_as_before().await.holds();
    scene.ledger.look_at_clock_at(later(15)).await.unwrap();
    // As if that had failed.
    let cleared = scene.store.call(|tables| tables.clear_setting(HELD));
    cleared.await.unwrap();
    scene.ledger.time().unwritten = true;
    assert!(!holds().await);
    assert_eq!(scene.ledger.look_at_clock_at(later(30)).await, None);
    assert!(holds().await && !scene.ledger.time().unwritten);
}

/// A film that is to be replaced by its proved result.
fn plan(folder: &Path) -> Plan {
    let (film, aside) = (folder.join("1.mkv"), folder.join("1.part"));
    fs::write(&film, "the film").unwrap();
    fs::write(&aside, "its result").unwrap();
    let about = fs::metadata(&film).unwrap();
    Plan {
        job: JobId(1),
        film,
        choice: Choice {
            container: Some(Container::Mkv),
            ..Choice::default()
        },
        bytes: about.len(),
        modified_ms: modified_ms(&about),
        aside,
        now: moment(),
        until: None,
        outcome: Memo::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_cannot_be_written_is_not_the_films_folders_fault() {
    let scene = Scene::new();
    let ends = async |kind: io::ErrorKind| {
        let plan = plan(&scene.films());
        let replacing = move |ledger: &Ledger| replace(ledger, plan, |_, _| Err(kind.into()));
        scene.with(replacing).await
    };
    let full = ends(io::ErrorKind::StorageFull).await;
    assert!(matches!(full, Err(CombineError::Unnoted)), "{full:?}");
    match ends(io::ErrorKind::PermissionDenied).await {
        Err(CombineError::Failed(trouble)) => assert_eq!(trouble.kind, Kind::BadDataFolder),
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.text("1.mkv").as_deref(), Some("the film"));
    assert_eq!(scene.text("1.mkv.bak"), None);
    assert!(scene.rows().await.is_empty());
}

#[test]
fn a_file_of_somebody_else_is_not_called_the_film() {
    let folder = tempfile::tempdir().unwrap();
    let row = traded(folder.path(), 1, Phase::Replacing);
    let help = || why_not_replaced(Why::SourceGone, &row).help;
    assert!(help().contains("1.mkv.bak"), "{}", help());
    fs::write(&row.backup, "somebody else's").unwrap();
    assert!(!help().contains("1.mkv.bak"), "{}", help());
}
