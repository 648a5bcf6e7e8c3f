//! Why the store could not be opened, and why a call to it failed.

use std::io;
use std::path::PathBuf;

/// Why a data folder could not be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the folder's lock.
    #[error("the data folder {} is in use by another Manyhands; use that one, or give --data another folder", .0.display())]
    InUse(PathBuf),
    /// The folder or the database cannot be created, read or written.
    #[error("the data folder {} cannot be used: {error}", .path.display())]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not a database, or its contents contradict themselves.
    #[error(
        "the database {} is damaged ({detail}); nothing was changed: put a copy back, or move it away to start afresh",
        .path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite found, shortened.
        detail: String,
    },
    /// The database was written by a later version of this program.
    #[error(
        "the database {} was written by a newer Manyhands; update this one, or give --data another folder",
        .0.display()
    )]
    Newer(PathBuf),
    /// Anything else SQLite said.
    #[error("the database {} cannot be opened: {detail}", .path.display())]
    Other {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
}

/// Why a call to an open store failed. Whatever the call had changed is undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The row that was to be changed is not there.
    #[error("there is no {what} {id}")]
    NoSuch {
        /// What kind of row: "job", "segment", "computer".
        what: &'static str,
        /// Its id, as people write it.
        id: String,
    },
    /// A stored value does not read as what it should be.
    #[error("the stored {what} cannot be read: {detail}")]
    Unreadable {
        /// Which column or key.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A number is too large for the database (2^63 and above), or a value cannot be written as JSON.
    #[error("the {what} cannot be stored: {detail}")]
    Unwritable {
        /// Which column or key.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The disk that holds the data folder is full.
    #[error("the disk that holds the data folder is full; free some space and try again")]
    Full,
    /// The store's thread has ended.
    #[error("the database is closed")]
    Closed,
    /// Anything else SQLite said.
    #[error("the database failed: {0}")]
    Other(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            return Self::Full;
        }
        if let rusqlite::Error::FromSqlConversionFailure(column, _, why) = &error {
            return Self::Unreadable {
                what: format!("column {column}"),
                detail: why.to_string(),
            };
        }
        Self::Other(error.to_string())
    }
}
