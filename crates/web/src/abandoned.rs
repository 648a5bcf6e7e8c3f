//! Uploads that nobody comes back to: parts that a closed page has left, and whole films that were never submitted.
//!
//! The page tells nobody of an upload before it begins, so their folder says what there is. What has not changed there
//! for a day and what no job uses is removed. What programs begin is known, and let go by [`crate::v1`] after as long.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::{Duration, SystemTime};

use api::Api;
use tokio::time::{Instant, interval};

use crate::Shared;
use crate::resume::Key;
use crate::uploads::Uploads;
use crate::v1::Pending;

/// How long an upload that no job has is kept without a word.
pub const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often that is looked for.
pub const LOOK: Duration = Duration::from_secs(10 * 60);

/// An upload's folder: bytes in it, and when they last changed.
type State = (u64, Option<SystemTime>);

/// How each upload looked, and since when it has looked so. By a clock that nobody sets: the computer's own may be put
/// right by days when it finds the time.
#[derive(Default)]
struct Seen(BTreeMap<OsString, (State, Instant)>);

impl Seen {
    /// Takes in how they look now: those that have looked the same for too long. They are told again after as long.
    fn look(&mut self, now: BTreeMap<OsString, State>) -> Vec<OsString> {
        let (mut before, at) = (std::mem::take(&mut self.0), Instant::now());
        let mut old = Vec::new();
        for (name, state) in now {
            let same = before.remove(&name).filter(|(was, _)| *was == state);
            let mut since = same.map_or(at, |(_, since)| since);
            if since.elapsed() > PATIENCE {
                old.push(name.clone());
                since = at;
            }
            self.0.insert(name, (state, since));
        }
        old
    }
}

/// Removes what nobody comes back to, without end.
pub async fn keep(shared: Shared) {
    let mut looks = interval(LOOK);
    let mut seen = Seen::default();
    loop {
        looks.tick().await;
        let (uploads, api) = (&shared.uploads, &shared.api);
        let_go(uploads, api, &shared.desk.pending, &mut seen).await;
    }
}

async fn let_go(uploads: &Uploads, api: &Api, pending: &Pending, seen: &mut Seen) {
    let folder = uploads.folder().to_owned();
    let Ok(now) = tokio::task::spawn_blocking(move || states(&folder)).await else {
        return;
    };
    for name in seen.look(now) {
        remove(uploads, api, pending, &name).await;
    }
}

async fn remove(uploads: &Uploads, api: &Api, pending: &Pending, name: &OsStr) {
    let Some(key) = name.to_str().and_then(Key::new) else {
        // It came in one piece, and was not submitted.
        let home = uploads.folder().join(name);
        if let Ok(false) = uploads.is_used(api, &home).await {
            uploads.remove(&home).await;
        }
        return;
    };
    if !pending.knows(&key) && !uploads.writers.is_writing(&key) {
        // What a job uses goes with that job.
        let _ = crate::resume::remove(uploads, api, &key).await;
    }
}

fn states(folder: &Path) -> BTreeMap<OsString, State> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let states = entries.map(|entry| (entry.file_name(), state(&entry.path())));
    states.collect()
}

fn state(home: &Path) -> State {
    let files = std::fs::read_dir(home).into_iter().flatten().flatten();
    let about = files.filter_map(|file| file.metadata().ok());
    about.fold((0, None), |(bytes, changed), about| {
        (bytes + about.len(), changed.max(about.modified().ok()))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::rehearsal::Rehearsal;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_not_old() {
        let mut seen = Seen::default();
        let mut look = |states: &[(&str, State)]| {
            let now = states.iter().map(|(name, state)| ((*name).into(), *state));
            seen.look(now.collect())
        };
        let all = [("a", (1, None)), ("b", (1, None))];
        assert!(look(&all).is_empty());
        tokio::time::advance(PATIENCE).await;
        let grown = [("a", (1, None)), ("b", (2, None))];
        assert!(look(&grown).is_empty());
        tokio::time::advance(LOOK).await;
        assert_eq!(look(&grown), ["a"]);
        // It is somebody's: it is asked about again a day later, and not before.
        assert!(look(&grown[..1]).is_empty());
        tokio::time::advance(PATIENCE + LOOK).await;
        // What was away meanwhile is another.
        assert_eq!(look(&grown), ["a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn parts_and_films_that_nobody_submits_go_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(folder.path().into(), 1);
        let api = Api::new(Arc::new(Rehearsal::default()));
        let (pending, mut seen) = (Pending::default(), Seen::default());
        let put = |name: &str| {
            let home = folder.path().join(name);
            std::fs::create_dir(&home).unwrap();
            std::fs::write(home.join("a.mkv"), "film").unwrap();
            home
        };
        let (part, writing) = (Key::random(), Key::random());
        let homes = [put(part.name()), put("0123456789abcdef")];
        let kept = [put(writing.name()), put("used")];
        let film = kept[1].join("a.mkv");
        api.submit(vec![film.into()], api::Choice::default())
            .await
            .unwrap();
        let _turn = uploads.writers.turn(&writing).await;
        for _ in 0..2 {
            let_go(&uploads, &api, &pending, &mut seen).await;
            assert!(homes.iter().chain(&kept).all(|home| home.exists()));
            tokio::time::advance(PATIENCE / 2 + LOOK).await;
        }
        let_go(&uploads, &api, &pending, &mut seen).await;
        assert!(!homes.iter().any(|home| home.exists()));
        assert!(kept.iter().all(|home| home.exists()));
    }
}
