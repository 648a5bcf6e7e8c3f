//! Films are looked into, once for each state of their file: what is found is kept.

use std::path::{Path, PathBuf};

use ffmpeg::source::{self, ProbeError};
use futures_util::StreamExt as _;
use library::{Facts, Folder};
use store::{FileFacts, StoreError};

use super::scan;
use super::walk::{Found, within};
use crate::driver::unix_ms;
use crate::intake::modified_ms;
use crate::node::Node;

/// Films that are looked into in one turn, and at once.
const TURN: u32 = 32;
const AT_ONCE: usize = 2;

/// Looks into some films of a folder that nobody has looked into, and decides about them. Whether there were any.
pub(crate) async fn into_some(node: &Node, folder: &Folder, others: &[PathBuf]) -> bool {
    let Ok(bench) = node.bench() else {
        return false;
    };
    let ffmpeg = bench.ffmpeg.clone();
    let mut after = PathBuf::new();
    loop {
        let (path, from) = (folder.path.clone(), after.clone());
        let page = node
            .0
            .store
            .call(move |tables| tables.films_waiting(&path, i64::MAX, true, &from, TURN));
        let page = page.await.unwrap_or_default();
        let Some(last) = page.last() else {
            return false;
        };
        after.clone_from(&last.path);
        let now = unix_ms();
        let paths = page.into_iter().map(|film| film.path);
        let found: Vec<Found> = paths.filter_map(|path| look(&folder.path, path)).collect();
        // What is still being written would have to be looked into again and again.
        let settled = found
            .into_iter()
            .filter(|found| is_settled(folder, found, now));
        let mut ready: Vec<Found> = settled.collect();
        ready.retain(|found| {
            !others
                .iter()
                .any(|other| found.path.starts_with(other) && !folder.path.starts_with(other))
        });
        if ready.is_empty() {
            continue;
        }
        let count = ready.len() as u64;
        if let Err(error) = keep(node, folder, ready, &ffmpeg).await {
            tracing::warn!(%error, "what was found in films was not kept");
            return false;
        }
        let mut told = node.0.librarian.told();
        let scan = told.scan.get_or_insert_default();
        scan.folder.clone_from(&folder.path);
        scan.looked += count;
        return true;
    }
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

async fn keep(
    node: &Node,
    folder: &Folder,
    films: Vec<Found>,
    ffmpeg: &Path,
) -> Result<(), StoreError> {
    let facts = facts_of(ffmpeg, &films).await;
    let kept = node
        .0
        .store
        .call(move |tables| facts.iter().try_for_each(|one| tables.put_facts(one)));
    kept.await?;
    scan::file(node, folder, films).await
}

/// What is in these films.
pub(crate) async fn facts_of(ffmpeg: &Path, films: &[Found]) -> Vec<FileFacts> {
    let looking: Vec<_> = films.iter().map(|found| one(ffmpeg, found)).collect();
    futures_util::stream::iter(looking)
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn one(ffmpeg: &Path, found: &Found) -> FileFacts {
    let facts = into(ffmpeg, &found.path).await;
    FileFacts {
        path: found.path.clone(),
        bytes: found.bytes,
        modified: found.modified_ms,
        facts: facts
            .and_then(|facts| serde_json::to_value(facts).map_err(|error| error.to_string())),
    }
}

async fn into(ffmpeg: &Path, path: &Path) -> Result<Facts, String> {
    match source::describe(ffmpeg, path).await {
        Ok(info) => Facts::read(&info),
        Err(ProbeError::NotOpened(_) | ProbeError::NoPicture(_)) => {
            Err("It is not a video, or is damaged.".to_owned())
        }
        Err(ProbeError::Run(error)) => Err(format!("It could not be looked into: {error}.")),
    }
}
