//! The list of films in the database is kept as the folders are: on demand, by the clock, and when something changes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use library::{Candidate, Facts, Folder, Known, Leave, Library, Next, Seen};
use store::{FilmState, StoreError, Tables};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::look::{self, Looked};
use super::walk::{self, Found, Walked};
use super::watch::Watches;
use super::{Health, Order, Scan, is_there, state};
use crate::driver::unix_ms;
use crate::intake;
use crate::node::Node;
use crate::trouble::in_words;

/// How often it is asked whether the settings have changed.
const SETTINGS: Duration = Duration::from_secs(1);
/// How soon after a change a folder is looked through.
const SOON: Duration = Duration::from_secs(2);
/// Where things change all the time, a folder is looked through no more than this share of it.
const SHARE: u32 = 10;
/// How soon a folder that is not there is looked for again.
const AGAIN: Duration = Duration::from_secs(60);
/// Never, as far as anybody waits.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// Films that are asked for at once when those that are gone are looked for.
const PAGE: u32 = 1000;

/// Keeps the list until the node stops.
pub(crate) async fn run(
    node: Node,
    orders: mpsc::UnboundedSender<Order>,
    mut inbox: mpsc::UnboundedReceiver<Order>,
) {
    let cancel = node.0.librarian.cancel.clone();
    let mut scanner = Scanner {
        node,
        orders,
        library: None,
        watches: Some(Watches::default()),
        due: BTreeMap::new(),
        took: BTreeMap::new(),
        anew: BTreeSet::new(),
        rests_until: None,
    };
    loop {
        let Ok(settings) = scanner.node.settings().await else {
            return;
        };
        if scanner.library.as_ref() != Some(&settings.library) {
            scanner.change(settings.library).await;
        }
        let wait = scanner.work().await;
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            order = inbox.recv() => match order {
                Some(order) => {
                    scanner.ordered(order);
                    // What has come in the same moment is one and the same.
                    while let Ok(more) = inbox.try_recv() {
                        scanner.ordered(more);
                    }
                }
                None => return,
            },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

struct Scanner {
    node: Node,
    orders: mpsc::UnboundedSender<Order>,
    library: Option<Library>,
    /// Away while it is being set.
    watches: Option<Watches>,
    /// When each folder is looked through next.
    due: BTreeMap<PathBuf, Instant>,
    /// How long that took last.
    took: BTreeMap<PathBuf, Duration>,
    /// Folders that somebody wants looked through: what seemed to be no film is looked into again.
    anew: BTreeSet<PathBuf>,
    /// Nothing can be looked into before that.
    rests_until: Option<Instant>,
}

impl Scanner {
    fn folders(&self) -> &[Folder] {
        self.library
            .as_ref()
            .map_or(&[], |library| &library.folders)
    }

    fn ordered(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::Scan(None) => {
                self.anew.extend(self.due.keys().cloned());
                self.due.values_mut().for_each(|due| *due = now);
            }
            Order::Scan(Some(folder)) => {
                self.anew.insert(folder.clone());
                self.due.insert(folder, now);
            }
            Order::Changed(folder) => {
                let took = self.took.get(&folder).copied().unwrap_or_default();
                let at = now + SOON.max(took * SHARE);
                if let Some(due) = self.due.get_mut(&folder) {
                    *due = (*due).min(at);
                }
            }
        }
    }

    /// Other folders, or other rules: everything is looked through and decided anew.
    async fn change(&mut self, library: Library) {
        let now = Instant::now();
        self.due = library
            .folders
            .iter()
            .map(|folder| (folder.path.clone(), now))
            .collect();
        self.node
            .0
            .librarian
            .told()
            .health
            .retain(|folder, _| self.due.contains_key(folder));
        if let Err(error) = self.forget_others(&library).await {
            tracing::warn!(%error, "films of folders that are not watched any more were not forgotten");
        }
        self.library = Some(library);
        self.watch().await;
    }

    /// Films of folders that are not watched any more are out of sight.
    async fn forget_others(&self, library: &Library) -> Result<(), StoreError> {
        let store = &self.node.0.store;
        let known = store.call(|tables| tables.film_folders()).await?;
        let watched = |folder: &PathBuf| library.folders.iter().any(|one| one.path == *folder);
        let others: Vec<PathBuf> = known
            .into_iter()
            .filter(|folder| !watched(folder))
            .collect();
        for folder in others {
            gone(&self.node, &folder, &|_| true).await?;
        }
        Ok(())
    }

    /// Watches those folders that are to be watched.
    async fn watch(&mut self) {
        let wanted = self
            .folders()
            .iter()
            .filter(|folder| folder.on_change && !folder.off);
        let folders: Vec<PathBuf> = wanted.map(|folder| folder.path.clone()).collect();
        let Some(mut watches) = self.watches.take() else {
            return;
        };
        let orders = self.orders.clone();
        let setting = tokio::task::spawn_blocking(move || {
            let refused = watches.set(&folders, &orders);
            (watches, refused)
        });
        let (watches, refused) = setting.await.unwrap_or_default();
        let mut there = HashSet::new();
        for folder in refused.keys() {
            if is_there(folder).await {
                there.insert(folder.clone());
            }
        }
        let mut told = self.node.0.librarian.told();
        for folder in self.folders() {
            let health = told.health.entry(folder.path.clone()).or_default();
            health.watched = watches.has(&folder.path);
            health.notes.retain(|note| !note.starts_with(UNTOLD));
            if let Some(why) = refused
                .get(&folder.path)
                .filter(|_| there.contains(&folder.path))
            {
                health.notes.push(format!(
                    "{UNTOLD}: {why}. It is looked through by the clock."
                ));
            }
        }
        drop(told);
        self.watches = Some(watches);
    }

    /// Does what is due, and says how long there is nothing to do.
    async fn work(&mut self) -> Duration {
        let now = Instant::now();
        let due = self.due.iter().filter(|(_, at)| **at <= now);
        let first = due
            .min_by_key(|(_, at)| **at)
            .map(|(folder, _)| folder.clone());
        if let Some(path) = first {
            self.due.remove(&path);
            if let Some(folder) = self.folders().iter().find(|one| one.path == path).cloned() {
                self.scan(folder).await;
            }
            return Duration::ZERO;
        }
        if self.rests_until.is_none_or(|until| until <= now) {
            self.rests_until = None;
            for folder in self.folders().to_vec() {
                match look::into_some(&self.node, &folder, &self.others(&folder)).await {
                    Looked::Some => return Duration::ZERO,
                    Looked::None => {}
                    Looked::Hindered => self.rests_until = Some(now + AGAIN),
                }
            }
        }
        self.node.0.librarian.told().scan = None;
        let next = self.due.values().min().map_or(SETTINGS, |at| *at - now);
        next.min(SETTINGS)
    }

    fn others(&self, folder: &Folder) -> Vec<PathBuf> {
        let others = self.folders().iter().map(|one| &one.path);
        others
            .filter(|path| **path != folder.path)
            .cloned()
            .collect()
    }

    async fn scan(&mut self, folder: Folder) {
        let begun = Instant::now();
        if self.anew.remove(&folder.path) {
            self.rests_until = None;
            let path = folder.path.clone();
            let store = &self.node.0.store;
            let forgotten = store
                .call(move |tables| tables.forget_refusals(&path))
                .await;
            if let Err(error) = forgotten {
                tracing::warn!(%error, "what seemed to be no film is not looked into again");
            }
        }
        let ended = look_through(&self.node, &folder, self.others(&folder)).await;
        let well = ended.is_ok();
        let (trouble, notes) = match ended {
            Ok(notes) => (None, notes),
            Err(trouble) => (Some(trouble), Vec::new()),
        };
        {
            let mut told = self.node.0.librarian.told();
            let before = told.health.remove(&folder.path).unwrap_or_default();
            let health = Health {
                trouble,
                notes,
                scanned_ms: if well {
                    Some(unix_ms())
                } else {
                    before.scanned_ms
                },
                watched: before.watched,
            };
            told.health.insert(folder.path.clone(), health);
        }
        self.took.insert(folder.path.clone(), begun.elapsed());
        let every = match (well, folder.every_min) {
            (false, _) => AGAIN,
            (true, 0) => FAR,
            // One that takes longer than that is not all that is done.
            (true, minutes) => {
                Duration::from_secs(60 * u64::from(minutes)).max(begun.elapsed() * SHARE)
            }
        };
        self.due.entry(folder.path.clone()).or_insert(begun + every);
        if let Some(mut watches) = self.watches.take() {
            let path = folder.path.clone();
            let looking = tokio::task::spawn_blocking(move || {
                if well {
                    watches.forget_another(&path);
                } else {
                    watches.forget(&path);
                }
                watches
            });
            self.watches = Some(looking.await.unwrap_or_default());
        }
        let untold = self
            .watches
            .as_ref()
            .is_some_and(|one| !one.has(&folder.path));
        if well && folder.on_change && !folder.off && untold {
            self.watch().await;
        }
        self.node.0.librarian.hungry.notify_one();
    }
}

/// How the note about a folder begins whose changes are not told.
const UNTOLD: &str = "Changes in it are not noticed at once";

/// Looks through a folder and writes down what is in it. Says what else there is to know.
///
/// # Errors
/// Why nothing is known of it now, in a sentence; then everything stays as it was.
async fn look_through(
    node: &Node,
    folder: &Folder,
    others: Vec<PathBuf>,
) -> Result<Vec<String>, String> {
    let (tell, mut told) = mpsc::channel(4);
    let (root, cancel) = (folder.path.clone(), node.0.librarian.cancel.clone());
    let walking = tokio::task::spawn_blocking(move || walk::walk(&root, &others, &tell, &cancel));
    let mut seen = HashSet::new();
    node.0.librarian.told().scan = Some(Scan {
        folder: folder.path.clone(),
        ..Scan::default()
    });
    while let Some(batch) = told.recv().await {
        seen.extend(batch.iter().map(|found| mark(&found.path)));
        if let Some(scan) = &mut node.0.librarian.told().scan {
            scan.films = seen.len() as u64;
        }
        file(node, folder, batch)
            .await
            .map_err(|e| format!("Its films cannot be noted: {e}."))?;
    }
    let walked = walking.await.map_err(std::io::Error::other).flatten();
    let walked = walked.map_err(|error| not_there(&folder.path, &error))?;
    let forgotten = forget_gone(node, folder, &walked, &seen).await;
    forgotten
        .map_err(|e| format!("Its films cannot be noted: {e}."))?
        .map_or_else(|| Ok(notes(&walked)), Err)
}

fn not_there(folder: &Path, error: &std::io::Error) -> String {
    let name = folder.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => format!(
            "{name} is not there. Is its disk plugged in, its share mounted? Nothing of it is forgotten meanwhile."
        ),
        std::io::ErrorKind::NotADirectory => {
            format!("{name} is a file. Watch the folder it is in.")
        }
        _ => format!("{name} cannot be read: {}.", in_words(error)),
    }
}

fn notes(walked: &Walked) -> Vec<String> {
    let mut notes = Vec::new();
    match walked.unread.as_slice() {
        [] => {}
        [one] => notes.push(format!(
            "{} cannot be read; what was known of it stays.",
            one.display()
        )),
        [one, more @ ..] => notes.push(format!(
            "{} and {} more folders in it cannot be read; what was known of them stays.",
            one.display(),
            more.len()
        )),
    }
    if walked.cut_short {
        notes.push("It was not looked through to its end.".to_owned());
    }
    notes
}

fn mark(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// What was known and was not seen again is forgotten, or out of sight. Says what speaks against that.
async fn forget_gone(
    node: &Node,
    folder: &Folder,
    walked: &Walked,
    seen: &HashSet<u64>,
) -> Result<Option<String>, StoreError> {
    if walked.cut_short {
        return Ok(None);
    }
    let (path, name) = (folder.path.clone(), folder.path.display());
    let any = node.0.store.call(move |tables| tables.has_films(&path));
    if walked.empty && any.await? {
        return Ok(Some(format!(
            "{name} is empty all of a sudden. Is its disk plugged in, its share mounted? Nothing of it is forgotten meanwhile."
        )));
    }
    if !walked.empty && !is_there(&folder.path).await {
        return Ok(Some(not_there(
            &folder.path,
            &std::io::ErrorKind::NotFound.into(),
        )));
    }
    let hidden = |film: &store::Film| {
        walked
            .unread
            .iter()
            .any(|unread| film.path.starts_with(unread))
    };
    gone(node, &folder.path, &|film| {
        !seen.contains(&mark(&film.path)) && !hidden(film)
    })
    .await?;
    Ok(None)
}

/// The films of a folder that are as `which` says are not there any more.
async fn gone(
    node: &Node,
    folder: &Path,
    which: &(dyn Fn(&store::Film) -> bool + Sync),
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let path = folder.to_owned();
        let page = node
            .0
            .store
            .call(move |tables| tables.films_of(&path, after, PAGE))
            .await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        let missing: Vec<store::Film> = page
            .into_iter()
            .filter(|film| !film.gone && which(film))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let forget = move |tables: &Tables<'_>| {
            missing.iter().try_for_each(|film| {
                // What was found in one of which something has become holds when it is back as it was.
                if !state(film.state).is_mark() {
                    tables.forget_facts(&film.path)?;
                }
                tables.film_gone(film.id)
            })
        };
        node.0.store.call(forget).await?;
    }
}

/// A film that was found, and what is known of it.
struct Loaded {
    found: Found,
    film: Option<store::Film>,
    facts: FactsOf,
    own: Own,
}

/// Whether we have made it.
enum Own {
    Yes,
    No,
    /// Something of its size was made here: its content has to tell.
    Perhaps,
}

/// Decides about films that were found, and writes down what has changed about them.
pub(crate) async fn file(
    node: &Node,
    folder: &Folder,
    batch: Vec<Found>,
) -> Result<(), StoreError> {
    let store = &node.0.store;
    let mut loaded = store
        .call(move |tables| {
            batch
                .into_iter()
                .map(|found| load(tables, found))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    for one in &mut loaded {
        if matches!(one.own, Own::Perhaps) {
            one.own = ask(node, one).await?;
        }
    }
    let now = unix_ms();
    let changed = loaded.iter().filter_map(|one| filed(folder, one, now));
    let changed: Vec<store::Film> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    store
        .call(move |tables| changed.iter().try_for_each(|film| tables.put_film(film)))
        .await
}

/// What is in a film, or why it is none; `None`: nobody has looked.
pub(crate) type FactsOf = Option<Result<Facts, String>>;

/// What is known to be in a film as it is.
pub(crate) fn facts(tables: &Tables<'_>, found: &Found) -> Result<FactsOf, StoreError> {
    let facts = tables.facts_of(&found.path, found.bytes, found.modified_ms)?;
    Ok(match facts {
        // Facts of another version that do not read are found again.
        Some(Ok(value)) => serde_json::from_value(value).ok().map(Ok),
        Some(Err(says)) => Some(Err(says)),
        None => None,
    })
}

fn load(tables: &Tables<'_>, found: Found) -> Result<Loaded, StoreError> {
    let film = tables.film_at(&found.path)?;
    let facts = facts(tables, &found)?;
    let same = film.as_ref().filter(|film| is_same(film, &found));
    let own = match same.and_then(|film| film.sample) {
        _ if !tables.has_output_of(found.bytes)? => Own::No,
        Some(sample) if tables.is_output(&sample)? => Own::Yes,
        Some(_) => Own::No,
        None => Own::Perhaps,
    };
    Ok(Loaded {
        found,
        film,
        facts,
        own,
    })
}

pub(crate) fn is_same(film: &store::Film, found: &Found) -> bool {
    (film.bytes, film.modified) == (found.bytes, found.modified_ms)
}

/// Looks at its content. The sample is kept with the film, so that this is done once.
async fn ask(node: &Node, one: &mut Loaded) -> Result<Own, StoreError> {
    let path = one.found.path.clone();
    let sampled = tokio::task::spawn_blocking(move || intake::sample(&path)).await;
    let Ok(Ok(sample)) = sampled else {
        // It cannot be read: nothing is made of it either.
        return Ok(Own::No);
    };
    let own = node
        .0
        .store
        .call(move |tables| tables.is_output(&sample))
        .await?;
    if own {
        let film = one.film.take().unwrap_or_else(|| blank(&one.found));
        one.film = Some(store::Film {
            sample: Some(sample),
            ..film
        });
    }
    Ok(if own { Own::Yes } else { Own::No })
}

/// A film of which nothing is known.
pub(crate) fn blank(found: &Found) -> store::Film {
    store::Film {
        id: 0,
        path: found.path.clone(),
        folder: PathBuf::new(),
        bytes: found.bytes,
        modified: found.modified_ms,
        since: 0,
        state: FilmState::Waiting,
        reason: String::new(),
        rule: None,
        wish: 0,
        forced: false,
        asked: false,
        job: None,
        forecast: None,
        source: None,
        result: None,
        output: None,
        receipt: None,
        sample: None,
        changed: 0,
        gone: true,
    }
}

/// What is written down of it now; `None`: what was.
fn filed(folder: &Folder, one: &Loaded, now: i64) -> Option<store::Film> {
    let Loaded {
        found,
        film,
        facts,
        own,
    } = one;
    let known = film
        .as_ref()
        .filter(|film| film.since > 0)
        .map(|film| Known {
            bytes: film.bytes,
            modified_ms: film.modified,
            state: state(film.state),
            since_ms: film.since,
            wish: film.wish,
        });
    let seen = Seen {
        file: Candidate {
            within: &found.within,
            bytes: found.bytes,
            modified_ms: found.modified_ms,
        },
        known,
        facts: facts
            .as_ref()
            .map(|facts| facts.as_ref().map_err(String::as_str)),
        own: matches!(own, Own::Yes),
    };
    let next = library::settle(folder, seen, now);
    let before = film.clone().unwrap_or_else(|| blank(found));
    let after = written(folder, found, before.clone(), next, now);
    // A folder's name may be written in two ways that are the same to a path.
    let named = after.folder.as_os_str() == before.folder.as_os_str();
    (after != before || !named || film.is_none()).then_some(after)
}

fn written(
    folder: &Folder,
    found: &Found,
    before: store::Film,
    next: Next,
    now: i64,
) -> store::Film {
    let there = store::Film {
        folder: folder.path.clone(),
        gone: false,
        ..before
    };
    let same = is_same(&there, found);
    let anew = |state, reason, rule: Option<usize>, since| {
        let rule = rule.and_then(|rule| folder.rules.get(rule));
        store::Film {
            bytes: found.bytes,
            modified: found.modified_ms,
            since,
            changed: if there.state == state && there.changed > 0 {
                there.changed
            } else {
                now
            },
            state,
            reason,
            rule: rule.map(|rule| rule.name.clone()),
            wish: rule.map_or(0, library::Rule::wish),
            forced: there.forced && same,
            asked: there.asked && same,
            job: None,
            forecast: there.forecast.filter(|_| same),
            source: None,
            result: None,
            output: None,
            receipt: None,
            // Of the same content as far as is known; or of the original of what took its place, which may come back.
            sample: there
                .sample
                .filter(|_| same || there.state == FilmState::Done),
            ..there.clone()
        }
    };
    match next {
        Next::Keep => there,
        Next::Look { since_ms } => {
            let reason = "It has not been looked into yet.".to_owned();
            anew(FilmState::Waiting, reason, None, since_ms)
        }
        Next::Take {
            rule,
            also,
            since_ms,
        } => anew(
            FilmState::Waiting,
            rivals(folder, &also),
            Some(rule),
            since_ms,
        ),
        Next::Leave { why, since_ms } => {
            let own = why == Leave::Own;
            let left = anew(FilmState::Left, why.to_string(), None, since_ms);
            store::Film {
                sample: if own { there.sample } else { left.sample },
                ..left
            }
        }
    }
}

/// What is said where several rules claim a film.
fn rivals(folder: &Folder, also: &[usize]) -> String {
    let names = also.iter().filter_map(|rule| folder.rules.get(*rule));
    let names: Vec<String> = names.map(|rule| format!("“{}”", rule.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "{} would take it, too; the first rule that fits decides.",
        names.join(", ")
    )
}
