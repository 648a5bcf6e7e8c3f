//! Films are looked into, once for each state of their file: what is found is kept.

use std::path::{Path, PathBuf};

use ffmpeg::child::RunError;
use ffmpeg::source::{self, ProbeError};
use futures_util::StreamExt as _;
use library::{Facts, Folder};
use store::{FileFacts, FilmState, StoreError, Tables};

use super::walk::{Found, within};
use super::{is_there, scan};
use crate::driver::unix_ms;
use crate::intake::{self, modified_ms};
use crate::node::Node;
use crate::trouble::{Kind, Trouble};

/// Films that are looked into in one turn, and at once.
const TURN: u32 = 32;
const AT_ONCE: usize = 2;
/// Pages of films that are too new, behind which no others are looked for in one turn.
const PAGES: usize = 8;

/// What there was to look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    /// Some films, and perhaps there are more.
    Some,
    /// None.
    None,
    /// Some, and nothing can be looked into now.
    Hindered,
}

/// What a look into a film came to.
#[derive(Debug)]
enum Look {
    /// It is known what is in it, or that it is no film.
    Known(FileFacts),
    /// It could not be read, for this reason: whoever has not looked knows nothing, and it is looked into again with the
    /// next scan.
    Unread(String),
    /// It is not what it was any more, or not there.
    Changed,
    /// ffmpeg does not run.
    Hindered(String),
}

/// Looks into some films of a folder that nobody has looked into, and decides about them.
pub(crate) async fn into_some(node: &Node, folder: &Folder, others: &[PathBuf]) -> Looked {
    let Ok(bench) = node.bench() else {
        return Looked::None;
    };
    let ffmpeg = bench.ffmpeg.clone();
    let mut after = PathBuf::new();
    for _ in 0..PAGES {
        let (path, from) = (folder.path.clone(), after.clone());
        let page = node
            .0
            .store
            .call(move |tables| tables.films_waiting(&path, i64::MAX, true, &from, TURN));
        let page = page.await.unwrap_or_default();
        let Some(last) = page.last() else {
            return Looked::None;
        };
        after.clone_from(&last.path);
        let looked = match ready(node, folder, others, page).await {
            Ok(ready) if ready.is_empty() => continue,
            Ok(ready) => keep(node, folder, ready, &ffmpeg).await,
            Err(error) => Err(error),
        };
        return match looked {
            Ok(0) => Looked::Hindered,
            Ok(count) => {
                let mut told = node.0.librarian.told();
                let scan = told.scan.get_or_insert_default();
                scan.folder.clone_from(&folder.path);
                scan.looked += count;
                Looked::Some
            }
            Err(error) => {
                tracing::warn!(%error, "what was found in films was not kept");
                Looked::Hindered
            }
        };
    }
    Looked::None
}

/// Those of these films that can be looked into now. What is not there any more is forgotten.
async fn ready(
    node: &Node,
    folder: &Folder,
    others: &[PathBuf],
    films: Vec<store::Film>,
) -> Result<Vec<Found>, StoreError> {
    let now = unix_ms();
    let root = folder.path.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let look = |film: store::Film| (film.id, look(&root, film.path));
        films.into_iter().map(look).collect::<Vec<_>>()
    });
    let (mut ready, mut missing) = (Vec::new(), Vec::new());
    for (id, found) in looking.await.unwrap_or_default() {
        let Some(found) = found else {
            missing.push(id);
            continue;
        };
        let elsewhere =
            |other: &PathBuf| found.path.starts_with(other) && !folder.path.starts_with(other);
        // What is still being written would have to be looked into again and again.
        if is_settled(folder, &found, now) && !others.iter().any(elsewhere) {
            ready.push(found);
        }
    }
    // Where the folder itself is away, everything is, and nothing is forgotten.
    if !missing.is_empty() && is_there(&folder.path).await {
        let gone = node
            .0
            .store
            .call(move |tables| missing.iter().try_for_each(|id| tables.film_gone(*id)));
        gone.await?;
    }
    Ok(ready)
}

fn look(root: &Path, path: PathBuf) -> Option<Found> {
    let about = std::fs::symlink_metadata(&path)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    Some(Found {
        within: within(root, &path),
        path,
        bytes: about.len(),
        modified_ms: modified_ms(&about),
    })
}

/// Whether it was last written to long enough ago, or so far in the future that its time says nothing.
fn is_settled(folder: &Folder, found: &Found, now_ms: i64) -> bool {
    let age = now_ms.saturating_sub(found.modified_ms);
    age < 0 || age >= i64::from(folder.stable_s) * 1000
}

/// Looks into these films and decides about them. Of how many something has become.
async fn keep(
    node: &Node,
    folder: &Folder,
    films: Vec<Found>,
    ffmpeg: &Path,
) -> Result<u64, StoreError> {
    let looks = looks(ffmpeg, &films).await;
    let (mut facts, mut unread, mut known) = (Vec::new(), Vec::new(), Vec::new());
    let mut changed = 0;
    for (found, look) in films.into_iter().zip(looks) {
        match look {
            Look::Known(one) => {
                facts.push(one);
                known.push(found);
            }
            Look::Unread(why) => unread.push((found, why)),
            Look::Changed => changed += 1,
            Look::Hindered(why) => tracing::warn!(why, "a film was not looked into"),
        }
    }
    let count = known.len() + unread.len() + changed;
    let store = &node.0.store;
    let kept = store.call(move |tables| {
        facts.iter().try_for_each(|one| tables.put_facts(one))?;
        unread
            .iter()
            .try_for_each(|(found, why)| leave(tables, found, why))
    });
    kept.await?;
    scan::file(node, folder, known).await?;
    Ok(count as u64)
}

/// A film that could not be read is left alone until its folder is looked through again.
fn leave(tables: &Tables<'_>, found: &Found, why: &str) -> Result<(), StoreError> {
    let Some(film) = tables.film_at(&found.path)? else {
        return Ok(());
    };
    if film.state != FilmState::Waiting {
        return Ok(());
    }
    tables.put_film(&store::Film {
        state: FilmState::Left,
        reason: why.to_owned(),
        changed: unix_ms(),
        ..film
    })
}

/// What is in these films, as far as that can be found out.
pub(crate) async fn facts_of(ffmpeg: &Path, films: &[Found]) -> Vec<Option<FileFacts>> {
    let known = |look| match look {
        Look::Known(facts) => Some(facts),
        Look::Unread(_) | Look::Changed | Look::Hindered(_) => None,
    };
    looks(ffmpeg, films).await.into_iter().map(known).collect()
}

async fn looks(ffmpeg: &Path, films: &[Found]) -> Vec<Look> {
    let looking: Vec<_> = films.iter().map(|found| one(ffmpeg, found)).collect();
    futures_util::stream::iter(looking)
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn one(ffmpeg: &Path, found: &Found) -> Look {
    let facts = match source::describe(ffmpeg, &found.path).await {
        Ok(info) => Facts::read(&info),
        Err(ProbeError::Run(error @ (RunError::NotStarted { .. } | RunError::Pipe(_)))) => {
            return Look::Hindered(error.to_string());
        }
        Err(error) => match still(found).await {
            Ok(true) => Err(refusal(error)),
            Ok(false) => return Look::Changed,
            Err(trouble) if trouble.kind == Kind::NoSuchFile => return Look::Changed,
            Err(trouble) => return Look::Unread(trouble.to_string()),
        },
    };
    Look::Known(FileFacts {
        path: found.path.clone(),
        bytes: found.bytes,
        modified: found.modified_ms,
        facts: facts
            .and_then(|facts| serde_json::to_value(facts).map_err(|error| error.to_string())),
    })
}

fn refusal(error: ProbeError) -> String {
    match error {
        ProbeError::NotOpened(_) | ProbeError::NoPicture(_) => {
            "It is not a video, or is damaged.".to_owned()
        }
        ProbeError::Run(error) => format!("It could not be looked into: {error}."),
    }
}

/// Whether a film that ffmpeg did not open can be read, and is as it was.
async fn still(found: &Found) -> Result<bool, Trouble> {
    let path = found.path.clone();
    let looked = tokio::task::spawn_blocking(move || intake::look(&path)).await;
    let now = looked.map_err(|e| Trouble::new(Kind::Other, e.to_string()))??;
    Ok((now.bytes, now.modified_ms) == (found.bytes, found.modified_ms))
}
