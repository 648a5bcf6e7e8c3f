//! Watched folders: what is in them is found, looked into once, and given as jobs by their rules.
//!
//! What is decided is decided in [`library`]; here folders are walked, films described and jobs submitted. Two loops do
//! it: [`scan`]'s keeps the list of films in the database as the folders are, [`feed`]'s gives the next of them to the
//! node and files what came of each. Whatever they do is in the database first, so both begin again anywhere.

mod feed;
mod look;
mod outcome;
mod preview;
mod scan;
mod walk;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use library::{Conditions, Folder, InPlace, Library, Rule, State, Tree, plain};
pub use preview::{Preview, PreviewLine};

use crate::node::Node;
use crate::status::{JobId, Keep, Place};
use crate::trouble::{Kind, Trouble};

/// Sentences about what waits that a folder's card has at most.
const WAITS_SHOWN: usize = 3;
/// Films of one page at most.
pub const PAGE_MOST: u32 = 500;

/// How long a disk may take to say whether something is there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a folder is there, with something in it: where a disk is away there is no folder, an empty one, or no answer.
async fn is_there(folder: &Path) -> bool {
    let folder = folder.to_owned();
    let looking = tokio::task::spawn_blocking(move || {
        let mut entries = std::fs::read_dir(folder)?;
        entries.next().transpose().map(|first| first.is_some())
    });
    matches!(
        tokio::time::timeout(PATIENCE, looking).await,
        Ok(Ok(Ok(true)))
    )
}

/// The loops' side of a node.
#[derive(Debug, Default)]
pub(crate) struct Librarian {
    pub cancel: CancellationToken,
    tasks: TaskTracker,
    /// What rules would take is looked at once at a time.
    pub previewing: tokio::sync::Mutex<()>,
    /// Wakes the loop that gives jobs.
    pub hungry: Arc<Notify>,
    told: Mutex<Told>,
    orders: Mutex<Option<mpsc::UnboundedSender<Order>>>,
}

/// What a loop says of itself.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The walk that is under way.
    pub scan: Option<Scan>,
    /// How each folder was found.
    pub health: BTreeMap<PathBuf, Health>,
    /// Why nothing new is given.
    pub holds: Option<String>,
    /// What else waits for something, by folders, in sentences.
    pub waits: BTreeMap<PathBuf, Vec<String>>,
}

/// What is asked of the loop that scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Look through this folder, or all of them.
    Scan(Option<PathBuf>),
    /// Something in it has changed.
    Changed(PathBuf),
}

/// A walk that is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Which folder.
    pub folder: PathBuf,
    /// Films found so far.
    pub films: u64,
    /// Looked into since the walk ended.
    pub looked: u64,
}

/// How a folder was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// What is wrong with it, in a sentence; `None`: nothing.
    pub trouble: Option<String>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// When it was last looked through to its end, Unix milliseconds.
    pub scanned_ms: Option<i64>,
    /// Changes in it are noticed at once.
    pub watched: bool,
}

/// The library as a whole.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The walk that is under way.
    pub scan: Option<Scan>,
    /// Why nothing new is begun.
    pub holds: Option<String>,
    /// The folders, in their order.
    pub folders: Vec<FolderStatus>,
}

/// A watched folder.
#[derive(Debug, Clone)]
pub struct FolderStatus {
    /// Where.
    pub path: PathBuf,
    /// How it was found.
    pub health: Health,
    /// Films and their bytes, by how they stand.
    pub counts: BTreeMap<State, (u64, u64)>,
    /// Bytes of the films that were made smaller, and of what they became.
    pub done_bytes: (u64, u64),
}

/// A film of the library, for the list.
#[derive(Debug, Clone)]
pub struct Film {
    /// Its number.
    pub id: i64,
    /// Where.
    pub path: PathBuf,
    /// The watched folder.
    pub folder: PathBuf,
    /// Bytes; of what is done those that it had before.
    pub bytes: u64,
    /// How it stands.
    pub state: State,
    /// Why, in a sentence; may be empty.
    pub reason: String,
    /// The rule that takes it.
    pub rule: Option<String>,
    /// The job that works on it, or did.
    pub job: Option<JobId>,
    /// How large its result was expected to get.
    pub forecast: Option<u64>,
    /// How large it got.
    pub result: Option<u64>,
    /// Where it is.
    pub output: Option<PathBuf>,
    /// The proof of it.
    pub receipt: Option<PathBuf>,
    /// When its state last changed, Unix milliseconds.
    pub changed_ms: i64,
}

/// Which films.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Standing so.
    pub state: Option<State>,
    /// Of this folder.
    pub folder: Option<PathBuf>,
    /// Taken by the rule of this name.
    pub rule: Option<String>,
    /// With this in their path.
    pub text: Option<String>,
}

impl Librarian {
    /// Begins both loops.
    pub fn begin(&self, node: &Node) {
        let (orders, inbox) = mpsc::unbounded_channel();
        *self.orders() = Some(orders.clone());
        let (scanner, feeder) = (node.clone(), node.clone());
        self.spawn(scan::run(scanner, orders, inbox));
        self.spawn(feed::run(feeder));
    }

    /// A loop is dropped in the middle of whatever it does when the node stops: what is not in the database is done
    /// again.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.cancel.clone();
        self.tasks
            .spawn(async move { cancel.run_until_cancelled_owned(work).await });
    }

    /// Ends them, and waits for that.
    pub async fn end(&self) {
        self.cancel.cancel();
        *self.orders() = None;
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Option<mpsc::UnboundedSender<Order>>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// The watched folders, and how their films stand.
    ///
    /// # Errors
    /// The store's.
    pub async fn library(&self) -> Result<Summary, Trouble> {
        let library = self.settings().await?.library;
        let counts = self.0.store.call(|tables| tables.film_counts()).await;
        let counts = counts.map_err(|e| unstored(&e))?;
        let told = self.0.librarian.told();
        let folder_status = |folder: Folder| {
            let own: Vec<_> = counts.iter().filter(|c| c.folder == folder.path).collect();
            let done = own.iter().filter(|c| c.state == store::FilmState::Done);
            let mut health = told.health.get(&folder.path).cloned().unwrap_or_default();
            let waits = told.waits.get(&folder.path).into_iter().flatten();
            health.notes.extend(waits.take(WAITS_SHOWN).cloned());
            FolderStatus {
                health,
                counts: own
                    .iter()
                    .map(|c| (state(c.state), (c.films, c.bytes)))
                    .collect(),
                done_bytes: done.fold((0, 0), |sum, c| (sum.0 + c.of_bytes, sum.1 + c.results)),
                path: folder.path,
            }
        };
        Ok(Summary {
            scan: told.scan.clone(),
            holds: told.holds.clone(),
            folders: library.folders.into_iter().map(folder_status).collect(),
        })
    }

    /// A page of its films, by path, and how many there are altogether. At most [`PAGE_MOST`].
    ///
    /// # Errors
    /// The store's.
    pub async fn library_files(
        &self,
        filter: Filter,
        offset: u32,
        most: u32,
    ) -> Result<(u64, Vec<Film>), Trouble> {
        let filter = store::FilmFilter {
            state: filter.state.map(stored),
            folder: filter.folder.map(|folder| plain(&folder)),
            rule: filter.rule,
            text: filter.text,
        };
        let page = self
            .0
            .store
            .call(move |tables| tables.films(&filter, offset, most.min(PAGE_MOST)));
        let (total, films) = page.await.map_err(|e| unstored(&e))?;
        Ok((total, films.into_iter().map(Into::into).collect()))
    }

    /// Has a folder looked through now, or all of them.
    ///
    /// # Errors
    /// [`Kind::NotNow`]: this node lives for one command only. [`Kind::BadRequest`]: the folder is not watched.
    pub async fn library_scan(&self, folder: Option<PathBuf>) -> Result<(), Trouble> {
        let library = self.settings().await?.library;
        if let Some(folder) = &folder
            && !library.folders.iter().any(|one| one.path == *folder)
        {
            let text = format!("{} is not a watched folder.", folder.display());
            return Err(Trouble::new(Kind::BadRequest, text)
                .help("`manyhands library` lists those that are."));
        }
        let orders = self.0.librarian.orders();
        let sent = orders
            .as_ref()
            .map(|orders| orders.send(Order::Scan(folder)));
        match sent {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(Trouble::new(
                Kind::NotNow,
                "No node stays with this data folder, so no folder is looked through.",
            )
            .help("Start `manyhands serve` or the window first.")),
        }
    }

    /// Has films tried again that failed, were not worthwhile or are done; `anyway`: however little that saves. Says how
    /// many there were.
    ///
    /// # Errors
    /// The store's.
    pub async fn library_retry(&self, films: Vec<i64>, anyway: bool) -> Result<u64, Trouble> {
        let now = crate::driver::unix_ms();
        let tried = self.0.store.call(move |tables| {
            let mut tried = 0;
            for id in &films {
                let Some(film) = tables
                    .film(*id)?
                    .filter(|film| state(film.state).is_mark() && !film.gone)
                else {
                    continue;
                };
                tried += 1;
                if let Some(sample) = &film.sample {
                    tables.forget_likes(*id, sample)?;
                }
                tables.put_film(&store::Film {
                    state: store::FilmState::Waiting,
                    reason: "You asked for it again.".to_owned(),
                    forced: anyway,
                    asked: true,
                    job: None,
                    source: None,
                    result: None,
                    output: None,
                    receipt: None,
                    sample: None,
                    changed: now,
                    ..film
                })?;
            }
            Ok(tried)
        });
        let tried = tried.await.map_err(|e| unstored(&e))?;
        self.0.librarian.hungry.notify_one();
        Ok(tried)
    }
}

/// Where a rule's outputs go, in the words of a job.
#[must_use]
pub fn place_of(rule: &Rule) -> Place {
    let keep = |keep| match keep {
        library::Keep::Always => Keep::Always,
        library::Keep::Days(days) => Keep::Days(days),
        library::Keep::Never => Keep::Never,
    };
    match (&rule.tree, rule.in_place) {
        (_, Some(in_place)) => Place::InPlace {
            keep: in_place.keep.map(keep),
        },
        (Some(tree), None) => Place::Tree {
            root: tree.root.clone(),
            into: tree.into.clone(),
        },
        (None, None) => Place::Beside,
    }
}

/// The same in a rule's.
#[must_use]
pub fn placed(place: Place) -> (Option<Tree>, Option<InPlace>) {
    let kept = |keep| match keep {
        Keep::Always => library::Keep::Always,
        Keep::Days(days) => library::Keep::Days(days),
        Keep::Never => library::Keep::Never,
    };
    match place {
        Place::Beside => (None, None),
        Place::Tree { root, into } => (Some(Tree { root, into }), None),
        Place::InPlace { keep } => (
            None,
            Some(InPlace {
                keep: keep.map(kept),
            }),
        ),
    }
}

pub(crate) fn state(state: store::FilmState) -> State {
    match state {
        store::FilmState::Waiting => State::Waiting,
        store::FilmState::InWork => State::InWork,
        store::FilmState::Done => State::Done,
        store::FilmState::NotWorthwhile => State::NotWorthwhile,
        store::FilmState::Left => State::Left,
        store::FilmState::Failed => State::Failed,
    }
}

fn stored(state: State) -> store::FilmState {
    match state {
        State::Waiting => store::FilmState::Waiting,
        State::InWork => store::FilmState::InWork,
        State::Done => store::FilmState::Done,
        State::NotWorthwhile => store::FilmState::NotWorthwhile,
        State::Left => store::FilmState::Left,
        State::Failed => store::FilmState::Failed,
    }
}

impl From<store::Film> for Film {
    fn from(film: store::Film) -> Self {
        Self {
            id: film.id,
            path: film.path,
            folder: film.folder,
            bytes: film.source.unwrap_or(film.bytes),
            state: state(film.state),
            reason: film.reason,
            rule: film.rule,
            job: film.job.map(crate::journal::job_id),
            forecast: film.forecast,
            result: film.result,
            output: film.output,
            receipt: film.receipt,
            changed_ms: film.changed,
        }
    }
}

fn unstored(error: &store::StoreError) -> Trouble {
    Trouble::new(
        Kind::BadDataFolder,
        format!("The library cannot be read or written: {error}."),
    )
}
