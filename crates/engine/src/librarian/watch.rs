//! The system tells of changes in watched folders. Where it does not, they are only looked through by the clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::Order;

/// What a folder is known by on its disk, and that disk; `None` where the system does not say.
type Number = Option<(u64, u64)>;

/// The folders whose changes are told.
#[derive(Default)]
pub(crate) struct Watches {
    kept: BTreeMap<PathBuf, (RecommendedWatcher, Number)>,
}

impl Watches {
    /// Watches these folders from now on, and no others. Says for each that cannot be why not. Blocks: every folder
    /// below is visited.
    pub fn set(
        &mut self,
        folders: &[PathBuf],
        orders: &mpsc::UnboundedSender<Order>,
    ) -> BTreeMap<PathBuf, String> {
        self.kept.retain(|folder, _| folders.contains(folder));
        let mut refused = BTreeMap::new();
        for folder in folders {
            if self.kept.contains_key(folder) {
                continue;
            }
            match watch(folder, orders.clone()) {
                Ok(watcher) => {
                    let kept = (watcher, number(folder));
                    self.kept.insert(folder.clone(), kept);
                }
                Err(error) => _ = refused.insert(folder.clone(), in_words(&error)),
            }
        }
        refused
    }

    /// A folder that was not there is watched anew.
    pub fn forget(&mut self, folder: &Path) {
        self.kept.remove(folder);
    }

    /// A folder that is another one by now, as after its disk was unplugged and plugged in, is told nothing of: it is
    /// watched anew. Blocks.
    pub fn forget_another(&mut self, folder: &Path) {
        let now = number(folder);
        if self.kept.get(folder).is_some_and(|(_, then)| *then != now) {
            self.kept.remove(folder);
        }
    }

    /// Whether changes in it are told.
    pub fn has(&self, folder: &Path) -> bool {
        self.kept.contains_key(folder)
    }
}

#[cfg(unix)]
fn number(folder: &Path) -> Number {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(folder).ok()?;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn number(_folder: &Path) -> Number {
    None
}

fn watch(
    folder: &Path,
    orders: mpsc::UnboundedSender<Order>,
) -> notify::Result<RecommendedWatcher> {
    let changed = folder.to_owned();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let matters = match &event {
            // Reading a film, as we do all day, is no change.
            Ok(event) => {
                let read = matches!(
                    event.kind,
                    EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_))
                );
                // What is still being made, by us or others, has a hidden name.
                let hidden = |path: &PathBuf| {
                    let name = path.file_name().unwrap_or_default();
                    name.to_string_lossy().starts_with('.')
                };
                let all_hidden = !event.paths.is_empty() && event.paths.iter().all(hidden);
                event.need_rescan() || !(read || all_hidden)
            }
            Err(_) => true,
        };
        if matters {
            // A loop that has ended wants to know nothing.
            let _ = orders.send(Order::Changed(changed.clone()));
        }
    })?;
    watcher.watch(folder, RecursiveMode::Recursive)?;
    Ok(watcher)
}

fn in_words(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "this system watches no more folders at once (fs.inotify.max_user_watches)".to_owned()
        }
        notify::ErrorKind::Io(error) => crate::trouble::in_words(error),
        _ => error.to_string(),
    }
}
