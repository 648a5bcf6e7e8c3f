//! The one connection, the one thread that owns it, and the handle to that thread.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use rusqlite_migration::{M, MigrationDefinitionError, Migrations};
use tokio::sync::{mpsc, oneshot};

use crate::lock::{FolderLock, open_private};
use crate::{OpenError, StoreError};

/// The database's name in the data folder.
const NAME: &str = "manyhands.sqlite";

/// Calls waiting for the thread; a caller beyond this waits its turn.
const QUEUE: usize = 256;

/// Calls that may share one commit. More would make the first of them wait without saving much.
const BATCH: usize = 64;

/// Every step from an empty database to this version's, oldest first. A step that was released never changes.
const STEPS: &[M<'_>] = &[
    M::up(include_str!("migrations/0001_first.sql")),
    M::up(include_str!("migrations/0002_queue.sql")),
    M::up(include_str!("migrations/0003_deeds.sql")),
    M::up(include_str!("migrations/0004_sample.sql")),
    M::up(include_str!("migrations/0005_originals.sql")),
    M::up(include_str!("migrations/0006_library.sql")),
    M::up(include_str!("migrations/0007_keys.sql")),
    M::up(include_str!("migrations/0008_timeline.sql")),
    M::up(include_str!("migrations/0009_figures.sql")),
    M::up(include_str!("migrations/0010_library_order.sql")),
    M::up(include_str!("migrations/0011_still.sql")),
    M::up(include_str!("migrations/0012_returning.sql")),
];

/// A handle to a node's memory. Cheap to clone; the last one to go closes the database and frees the folder.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What a call may do, inside its transaction. The methods are in this crate's other modules, by subject.
pub struct Tables<'c> {
    pub(crate) sql: &'c Connection,
}

impl Store {
    /// Takes `folder` for this process, and opens the database in it, made if it is not there. Blocks: a large
    /// database takes a moment to check.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing in the folder is changed by a failure.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let lock = FolderLock::take(folder)?;
        let path = folder.join(NAME);
        let connection = connect(&path)?;
        let (queue, calls) = mpsc::channel::<Box<dyn Work>>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || serve(&connection, calls))
            .map_err(|error| OpenError::Io { path, error })?;
        Ok(Self {
            inner: Arc::new(Inner {
                queue: Some(queue),
                thread: Some(thread),
                lock,
            }),
        })
    }

    /// Runs `call` in a transaction of its own and answers once that is on the disk. If `call` fails, nothing
    /// it did remains. Dropping the future does not undo a call that was already handed over.
    ///
    /// # Errors
    /// What `call` says, or what the commit says.
    pub async fn call<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tables<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let work = Box::new(Call {
            run: Some(call),
            outcome: None,
            answer,
        });
        let queue = self.inner.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(work).await.map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.inner.lock.folder()
    }
}

struct Inner {
    queue: Option<mpsc::Sender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
    lock: FolderLock,
}

impl Drop for Inner {
    /// Waits for what was handed over to be written, so that the folder is free when the lock is.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has already been printed and has failed its caller.
            let _ = thread.join();
        }
    }
}

/// A call on its way through the thread.
trait Work: Send {
    /// Does it, and says whether what it did is to be kept.
    fn run(&mut self, tables: &Tables<'_>) -> bool;

    /// Tells the caller, once the commit is known.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Call<T, F> {
    run: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Call<T, F>
where
    T: Send,
    F: FnOnce(&Tables<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, tables: &Tables<'_>) -> bool {
        self.outcome = self.run.take().map(|run| run(tables));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (self.outcome, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // A caller that has gone away needs no answer.
        let _ = self.answer.send(answer);
    }
}

/// The thread. A panic in a call ends it, and with it every call after: a journal that may have lost its place
/// does not go on.
fn serve(connection: &Connection, mut calls: mpsc::Receiver<Box<dyn Work>>) {
    while let Some(first) = calls.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            let Ok(next) = calls.try_recv() else { break };
            batch.push(next);
        }
        let outcome = run_batch(connection, &mut batch);
        for work in batch {
            work.answer(outcome.clone());
        }
    }
}

/// Runs each call in a savepoint of its own and commits them together.
fn run_batch(connection: &Connection, batch: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
    let outcome = run_calls(connection, batch);
    if outcome.is_err() && !connection.is_autocommit() {
        // What cannot be rolled back now is rolled back when the file is next opened.
        let _ = connection.execute_batch("ROLLBACK");
    }
    outcome
}

fn run_calls(connection: &Connection, batch: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let tables = Tables { sql: connection };
    for work in batch {
        connection.execute_batch("SAVEPOINT call")?;
        let keep = work.run(&tables);
        if connection.is_autocommit() {
            // A full or failing disk can end the whole transaction under one statement.
            return Err(StoreError::Other(
                "the disk failed while this was written".to_owned(),
            ));
        }
        connection.execute_batch(if keep {
            "RELEASE call"
        } else {
            "ROLLBACK TO call; RELEASE call"
        })?;
    }
    Ok(connection.execute_batch("COMMIT")?)
}

/// Opens the database, checks that it is whole, and brings it up to this version.
fn connect(path: &Path) -> Result<Connection, OpenError> {
    drop(open_private(path)?);
    let refuse = |error: rusqlite::Error| refusal(path, &error);
    let mut connection = Connection::open(path).map_err(refuse)?;
    connection
        .busy_timeout(Duration::from_secs(1))
        .map_err(refuse)?;
    check(&connection, path)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(refuse)?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(refuse)?;
    Migrations::from_slice(STEPS)
        .to_latest(&mut connection)
        .map_err(|error| cannot_migrate(path, &error))?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(refuse)?;
    Ok(connection)
}

fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| refusal(path, &error))?;
    if found == "ok" {
        return Ok(());
    }
    let detail = found.lines().last().unwrap_or_default().to_owned();
    Err(OpenError::Damaged {
        path: path.to_owned(),
        detail,
    })
}

fn refusal(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    let detail = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { path, detail }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            OpenError::InUse(path.parent().map(Path::to_owned).unwrap_or(path))
        }
        _ => OpenError::Other { path, detail },
    }
}

fn cannot_migrate(path: &Path, error: &rusqlite_migration::Error) -> OpenError {
    use rusqlite_migration::Error;
    match error {
        Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            OpenError::Newer(path.to_owned())
        }
        Error::RusqliteError { err, .. } => refusal(path, err),
        other => OpenError::Other {
            path: path.to_owned(),
            detail: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_valid_sql() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }
}
