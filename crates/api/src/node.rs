//! What this crate needs of a node, and no more.
//!
//! The real one is in [`crate::live`]; [`crate::rehearsal`] plays one in memory, for the shells' tests.

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::bench::Bench;
use crate::choice::Choice;
use crate::config::{Config, Import, Reread};
use crate::error::ApiError;
use crate::figures::Figures;
use crate::keys::{ApiKey, KeyScope, MadeKey};
use crate::library::{Library, LibraryFilter, LibraryPage, LibraryPreview, WatchedFolder};
use crate::path::FilePath;
use crate::sight::{Deed, Film, Given, Outlook, Still, Wishes};
use crate::timeline::Timeline;
use crate::view::{
    Asking, Cleaned, Computer, ComputerId, Inspected, Invite, JobId, Original, Report, Scene,
    Segment, Settings,
};

/// What a call to a node answers, sooner or later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ApiError>>;

/// What to do with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Stop it for good.
    Cancel,
    /// Hold it.
    Pause,
    /// Go on.
    Resume,
    /// Try again.
    Retry,
    /// Take it off the list.
    Forget,
}

/// Where to in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// To its head: served first.
    Top,
    /// One place forward.
    Up,
    /// One place back.
    Down,
    /// To its end.
    Bottom,
}

/// A node, as far as this crate needs one.
pub trait Node: Send + Sync + 'static {
    /// Everything there is to show, now. Fails only where the node has stopped.
    fn scene(&self) -> Answer<'_, Scene>;
    /// Ticks whenever something that is shown may have changed; closes when the node stops.
    fn changes(&self) -> watch::Receiver<u64>;
    /// Looks at a file.
    fn inspect(&self, path: PathBuf, choice: Choice) -> BoxFuture<'_, Inspected>;
    /// Starts a job.
    fn submit(&self, path: PathBuf, choice: Choice) -> Answer<'_, JobId>;
    /// Does something with a job; gives its number, which is another where one begins anew.
    fn steer(&self, job: JobId, steer: Steer) -> Answer<'_, JobId>;
    /// Brings a result here that was left on another computer.
    fn fetch(&self, job: JobId) -> Answer<'_, ()>;
    /// Moves a job in the queue.
    fn reorder(&self, job: JobId, to: Shift) -> Answer<'_, ()>;
    /// The originals of files that were replaced.
    fn originals(&self) -> Answer<'_, Vec<Original>>;
    /// Puts one back.
    fn undo(&self, job: JobId) -> Answer<'_, ()>;
    /// Deletes one.
    fn delete_original(&self, job: JobId) -> Answer<'_, ()>;
    /// Makes an invite.
    fn invite(&self) -> Answer<'_, Invite>;
    /// Redeems an invite.
    fn pair(&self, invite: String) -> Answer<'_, Computer>;
    /// Asks a computer that is near for help.
    fn ask(&self, computer: ComputerId) -> Answer<'_, Asking>;
    /// Takes that back.
    fn withdraw(&self) -> Answer<'_, ()>;
    /// Types the code of a computer that asks.
    fn answer(&self, code: String, reverse: bool, donate: bool) -> Answer<'_, Computer>;
    /// Says no to it.
    fn decline(&self, block: bool) -> Answer<'_, ()>;
    /// Changes what this computer and another may ask of each other; `None` stays.
    fn set_rights(
        &self,
        computer: ComputerId,
        helps_us: Option<bool>,
        we_help: Option<bool>,
    ) -> Answer<'_, Computer>;
    /// Gives this computer a new identity from the next start on.
    fn new_identity(&self) -> Answer<'_, ()>;
    /// Ends a pairing.
    fn unpair(&self, computer: ComputerId) -> Answer<'_, ()>;
    /// Looks for a computer at an address.
    fn connect(&self, address: String) -> Answer<'_, ()>;
    /// What the user has set.
    fn settings(&self) -> Answer<'_, Settings>;
    /// Sets it.
    fn set_settings(&self, settings: Settings) -> Answer<'_, ()>;
    /// Where the settings are kept.
    fn config(&self) -> Answer<'_, Config>;
    /// Reads their file again.
    fn reload_config(&self) -> Answer<'_, Reread>;
    /// Takes over the settings of a simple AV1 farm, or says what that would be.
    fn import_config(&self, text: String, apply: bool) -> Answer<'_, Import>;
    /// Turns helping on or off.
    fn donate(&self, on: bool) -> Answer<'_, ()>;
    /// Turns helping off once what has begun is done.
    fn wind_down(&self) -> Answer<'_, ()>;
    /// Helps on the battery, too, until it is plugged in.
    fn help_on_battery(&self, on: bool) -> Answer<'_, ()>;
    /// Looks at everything that may be wrong.
    fn doctor(&self) -> Answer<'_, Report>;
    /// What is behind an address.
    fn reach(&self, address: String) -> Answer<'_, Report>;
    /// Who made which part of a job's film.
    fn strip(&self, job: JobId) -> Answer<'_, Vec<Segment>>;
    /// How the time of a job went.
    fn timeline(&self, job: JobId) -> Answer<'_, Timeline>;
    /// One picture of a film.
    fn still(&self, film: Film, at_s: f64, exact: bool, height: u32) -> Answer<'_, Still>;
    /// What each purpose would make of a file.
    fn forecast(&self, path: PathBuf, choice: Choice, closer: bool) -> Answer<'_, Outlook>;
    /// The choices that are kept.
    fn wishes(&self) -> Answer<'_, Wishes>;
    /// Keeps them.
    fn set_wishes(&self, wishes: Wishes) -> Answer<'_, ()>;
    /// The same, stretch by stretch.
    fn deeds(&self) -> Answer<'_, Vec<Deed>>;
    /// Measurements.
    fn bench(&self) -> Answer<'_, Bench>;
    /// Begins one.
    fn start_bench(
        &self,
        film: Option<FilePath>,
        workers: Vec<u32>,
        choice: Choice,
    ) -> Answer<'_, ()>;
    /// Stops it.
    fn stop_bench(&self) -> Answer<'_, ()>;
    /// Forgets one that is kept.
    fn forget_bench(&self, began_ms: u64) -> Answer<'_, ()>;
    /// What came of it all in the last so many days.
    fn figures(&self, days: u32) -> Answer<'_, Figures>;
    /// What was done for others.
    fn given(&self) -> Answer<'_, Given>;
    /// The keys for programs.
    fn keys(&self) -> Answer<'_, Vec<ApiKey>>;
    /// Makes one.
    fn new_key(&self, name: String, scopes: BTreeSet<KeyScope>) -> Answer<'_, MadeKey>;
    /// Takes one back.
    fn revoke_key(&self, id: u64) -> Answer<'_, ()>;
    /// The key whose text this is.
    fn key_of(&self, text: String) -> Answer<'_, Option<ApiKey>>;
    /// A report for whoever helps, without names.
    fn report(&self) -> Answer<'_, String>;
    /// The watched folders, and how the films in them stand.
    fn library(&self) -> Answer<'_, Library>;
    /// Films of them, by path.
    fn library_files(
        &self,
        filter: LibraryFilter,
        offset: u32,
        most: u32,
    ) -> Answer<'_, LibraryPage>;
    /// Has them looked through.
    fn library_scan(&self, folder: Option<PathBuf>) -> Answer<'_, ()>;
    /// Has films tried again.
    fn library_retry(&self, files: Vec<i64>, anyway: bool) -> Answer<'_, u64>;
    /// What rules would take.
    fn library_preview(&self, folder: WatchedFolder) -> Answer<'_, LibraryPreview>;
    /// Removes what no job needs.
    fn clean(&self) -> Answer<'_, Cleaned>;
}
