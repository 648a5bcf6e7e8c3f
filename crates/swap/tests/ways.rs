//! What others do to the files in between, on real files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::path::{Path, PathBuf};

use swap::{End, Goal, Identity, Step, Swap, Why};
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    swap: Swap,
}

impl Scene {
    /// A film and its proved result; the ending stays (`film.mkv`) or changes.
    fn new(target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("film.mkv"), "the film").unwrap();
        fs::write(at(".part"), "its result").unwrap();
        let swap = Swap {
            source: at("film.mkv"),
            target: at(target),
            backup: at("film.mkv.bak"),
            aside: at(".part"),
            original: Identity::of(&at("film.mkv")).unwrap(),
            result: Identity::of(&at(".part")).unwrap(),
        };
        Self { folder, swap }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Goes for it, and does something before one of the steps.
    fn run_with(&self, goal: Goal, before: Step, deed: impl Fn()) -> End {
        let once = std::cell::Cell::new(false);
        let journal = |step| {
            if step == before && !once.replace(true) {
                deed();
            }
        };
        let end = self.swap.run(goal, None, journal).unwrap();
        assert!(once.get(), "{before:?} never came");
        end
    }

    fn names(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut all: Vec<(String, String)> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(&path).unwrap())
            })
            .collect();
        all.sort();
        all
    }
}

fn there(names: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    names.iter().map(owned).collect()
}

/// Another file takes the name, by a rename as careful programs write.
fn overwrite(path: &Path) {
    let new = path.with_extension("new");
    fs::write(&new, "theirs").unwrap();
    fs::rename(&new, path).unwrap();
}

#[test]
fn a_film_that_was_changed_before_stays_as_it_is() {
    for target in ["film.mkv", "film.mp4"] {
        let scene = Scene::new(target);
        fs::write(scene.at("film.mkv"), "the film, cut").unwrap();
        let end = scene.swap.run(Goal::Replace, None, |_| {}).unwrap();
        assert_eq!(end, End::Not(Why::SourceChanged));
        assert_eq!(scene.names(), there(&[("film.mkv", "the film, cut")]));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_film_that_is_overwritten_at_the_last_instant_is_not_touched() {
    let scene = Scene::new("film.mkv");
    let deed = || overwrite(&scene.at("film.mkv"));
    let end = scene.run_with(Goal::Replace, Step::Trade, deed);
    assert_eq!(end, End::Not(Why::SourceChanged));
    let expected = [("film.mkv", "theirs"), ("film.mkv.bak", "the film")];
    assert_eq!(scene.names(), there(&expected));
}

#[test]
fn a_file_that_takes_the_results_name_keeps_it() {
    let scene = Scene::new("film.mp4");
    fs::write(scene.at("film.mp4"), "theirs").unwrap();
    let end = scene.swap.run(Goal::Replace, None, |_| {}).unwrap();
    assert_eq!(end, End::Not(Why::TargetTaken));
    let expected = [("film.mkv", "the film"), ("film.mp4", "theirs")];
    assert_eq!(scene.names(), there(&expected));
}

#[test]
fn a_file_that_takes_the_backups_name_keeps_it() {
    let scene = Scene::new("film.mkv");
    fs::write(scene.at("film.mkv.bak"), "theirs").unwrap();
    let end = scene.swap.run(Goal::Replace, None, |_| {}).unwrap();
    assert_eq!(end, End::Not(Why::BackupTaken));
    let expected = [("film.mkv", "the film"), ("film.mkv.bak", "theirs")];
    assert_eq!(scene.names(), there(&expected));
}

#[test]
fn an_original_without_its_result_is_never_deleted() {
    let scene = Scene::new("film.mkv");
    assert_eq!(
        scene.swap.run(Goal::Replace, None, |_| {}).unwrap(),
        End::Done
    );
    overwrite(&scene.at("film.mkv"));
    let end = scene.swap.run(Goal::Delete, None, |_| {}).unwrap();
    assert_eq!(end, End::Not(Why::ResultGone));
    let end = scene.swap.run(Goal::Undo, None, |_| {}).unwrap();
    assert_eq!(end, End::Not(Why::SourceChanged));
    let expected = [("film.mkv", "theirs"), ("film.mkv.bak", "the film")];
    assert_eq!(scene.names(), there(&expected));
}

/// Somebody has taken it away: it was not deleted here.
#[test]
fn an_original_that_is_gone_was_not_deleted() {
    let scene = Scene::new("film.mkv");
    assert_eq!(
        scene.swap.run(Goal::Replace, None, |_| {}).unwrap(),
        End::Done
    );
    fs::rename(scene.at("film.mkv.bak"), scene.at("elsewhere")).unwrap();
    let end = scene.swap.run(Goal::Delete, None, |_| {}).unwrap();
    assert_eq!(end, End::Not(Why::BackupGone));
    let expected = [("elsewhere", "the film"), ("film.mkv", "its result")];
    assert_eq!(scene.names(), there(&expected));
}

/// A disk that is not there looks like an empty folder: nothing may be concluded from it.
#[test]
fn nothing_at_all_is_no_end() {
    let scene = Scene::new("film.mkv");
    for name in ["film.mkv", ".part"] {
        fs::remove_file(scene.at(name)).unwrap();
    }
    for goal in [Goal::Replace, Goal::Undo, Goal::Delete] {
        assert!(scene.swap.run(goal, None, |_| {}).is_err(), "{goal:?}");
    }
}
