//! What a node remembers: one SQLite database in its data folder, and the lock that makes the folder one node's.
//!
//! [`Store`] is a cheap clone of a handle to the one thread that owns the connection. Every call is a closure
//! over [`Tables`], run whole or not at all; its future resolves only after the commit has reached the disk
//! (WAL, `synchronous=FULL`), so whoever acts on the answer acts on something that survives a power cut. Calls
//! that queue up while the disk is busy share one commit.
//!
//! No other crate knows SQL. This one knows nothing of scheduling or video: what it keeps for others is typed
//! where it must be found again, and JSON where only its owner reads it. It reads no clock (times are given, in
//! milliseconds since 1970) and deletes nothing it was not asked to delete: a database that cannot be read is
//! refused with a sentence and left as it is.

mod asides;
mod db;
mod deeds;
mod error;
mod figures;
mod given;
mod jobs;
mod keys;
mod library;
mod lock;
mod measurements;
mod originals;
mod outputs;
mod paths;
mod peers;
mod segments;
mod settings;
mod timeline;
mod value;

pub use db::{Store, Tables};
pub use deeds::{DEEDS_KEPT, Deed};
pub use error::{OpenError, StoreError};
pub use figures::{DAYS_KEPT, Labour, Made};
pub use given::Given;
pub use jobs::{Job, JobState, NewJob};
pub use keys::ApiKey;
pub use library::{FileFacts, Film, FilmCount, FilmFilter, FilmState};
pub use lock::FolderLock;
pub use measurements::Measurement;
pub use originals::{Original, OriginalPhase};
pub use peers::Peer;
pub use segments::{Segment, SegmentState};
pub use timeline::{
    ABSENCES_KEPT, Absence, PHASES_KEPT, Phase, STINTS_KEPT, Stint, TIMELINES_KEPT,
};

/// A computer's id: SHA-256 of its certificate.
pub type PeerKey = [u8; 32];
