//! Every call, listed once.
//!
//! From this list come the window's one command, `POST /api/{name}`, the local socket of the command line,
//! and the page's TypeScript. A call is its arguments: `Submit { paths, choice }`; its name on the wire is
//! the method of [`Api`] that it runs.

use std::collections::BTreeSet;
use std::future::Future;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Api;
use crate::choice::Choice;
use crate::config;
use crate::error::{ApiError, ErrorCode};
use crate::keys::{ApiKey, KeyScope, MadeKey};
use crate::library as shelf;
use crate::path::FilePath;
use crate::sight;
use crate::view::{self, JobId};

/// Something the outside can ask for.
pub trait Call: Serialize + DeserializeOwned + Send + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What comes back.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
    /// Does it.
    fn run(self, api: &Api) -> impl Future<Output = Result<Self::Reply, ApiError>> + Send;
}

macro_rules! calls {
    ($(
        $(#[doc = $doc:literal])+
        $method:ident: $Call:ident { $( $(#[doc = $about:literal])+ $field:ident: $Type:ty ),* } -> $Reply:ty;
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, Serialize, Deserialize)]
            #[cfg_attr(test, derive(ts_rs::TS))]
            #[serde(deny_unknown_fields)]
            pub struct $Call { $( $(#[doc = $about])+ pub $field: $Type ),* }

            impl Call for $Call {
                const NAME: &'static str = stringify!($method);
                type Reply = $Reply;
                async fn run(self, api: &Api) -> Result<$Reply, ApiError> {
                    api.$method($(self.$field),*).await
                }
            }
        )+

        /// The name of every call.
        pub const NAMES: &[&str] = &[$(stringify!($method)),+];

        /// Runs the call of that name with these arguments.
        pub(crate) async fn dispatch(api: &Api, name: &str, args: Value) -> Result<Value, ApiError> {
            match name {
                $(stringify!($method) => run::<$Call>(api, args).await,)+
                _ => Err(ApiError::new(ErrorCode::BadRequest, format!("There is no call named {name:?}."))),
            }
        }

        /// Shows every call's name, arguments, reply and documentation to `see`.
        #[cfg(test)]
        pub(crate) fn for_each(see: &mut impl crate::bindings::See) {
            $(see.call::<$Call>(&[$($doc),+]);)+
        }
    };
}

calls! {
    /// Everything there is to show, and the number of the last event contained in it.
    snapshot: Snapshot {} -> view::Snapshot;
    /// What these files are and what would become of them. Starts nothing.
    inspect: Inspect {
        /// The files.
        paths: Vec<FilePath>,
        /// What is wanted.
        choice: Choice
    } -> Vec<view::Inspection>;
    /// Starts a job for each of these files, in this order. A file that cannot be taken does not stop the others.
    submit: Submit {
        /// The files.
        paths: Vec<FilePath>,
        /// What is wanted.
        choice: Choice
    } -> Vec<view::Submitted>;
    /// All jobs, newest first.
    jobs: Jobs {} -> Vec<view::Job>;
    /// One job.
    job: Job {
        /// Which.
        id: JobId
    } -> view::Job;
    /// The receipt of a completed job.
    receipt: Receipt {
        /// Which job.
        id: JobId
    } -> view::Receipt;
    /// Stops a job for good. What it has made so far is removed.
    cancel: Cancel {
        /// Which job.
        id: JobId
    } -> ();
    /// Holds a job; what it has made so far is kept.
    pause: Pause {
        /// Which job.
        id: JobId
    } -> ();
    /// Goes on with a job that is held.
    resume: Resume {
        /// Which job.
        id: JobId
    } -> ();
    /// Tries a failed or cancelled job again, with what it has made so far. Tells the job's number: another one where a
    /// cancelled job begins anew.
    retry: Retry {
        /// Which job.
        id: JobId
    } -> JobId;
    /// Brings the result of a film that was sent away, and left there, here.
    fetch: Fetch {
        /// Which job.
        id: JobId
    } -> ();
    /// Moves a job in the queue. What is being encoded goes on; what is given out from now on goes by the new order.
    reorder: Reorder {
        /// Which job.
        id: JobId,
        /// Where to.
        to: crate::node::Shift
    } -> ();
    /// Takes a job that is over off the list. Its output stays.
    forget: Forget {
        /// Which job.
        id: JobId
    } -> ();
    /// The originals of files that were replaced by their results, the newest first.
    originals: Originals {} -> Vec<view::Original>;
    /// Puts the original back that a job's result replaced. The result is gone then.
    undo: Undo {
        /// Which job.
        id: JobId
    } -> ();
    /// Deletes the original that a job's result replaced.
    delete_original: DeleteOriginal {
        /// Which job.
        id: JobId
    } -> ();
    /// The other computers, paired ones first.
    peers: Peers {} -> Vec<view::Computer>;
    /// Makes an invite: one line that pairs the computer on which it is pasted.
    invite: Invite {} -> view::Invite;
    /// Redeems an invite that another computer made.
    pair: Pair {
        /// The line.
        invite: String
    } -> view::Computer;
    /// Asks a computer that is near for help: shows a code, to be typed there.
    ask: Ask {
        /// Its id, the first four or more digits of it, or its name.
        id: String
    } -> view::Asking;
    /// Takes that back.
    withdraw: Withdraw {} -> ();
    /// Types the code that a computer shows which asks for help.
    answer: Answer {
        /// Six digits; gaps do not matter.
        code: String,
        /// This computer may ask that one for help, too.
        reverse: bool,
        /// Helping is turned on here, if it was off.
        donate: bool
    } -> view::Computer;
    /// Says no to the computer that asks for help.
    decline: Decline {
        /// And hears nothing more of it until the next start.
        block: bool
    } -> ();
    /// Changes what a paired computer and this one may ask of each other. What is withdrawn ends at once, also in the
    /// middle of a job.
    set_rights: SetRights {
        /// Its id, the first four or more digits of it, or its name.
        id: String,
        /// Whether this computer may ask it for help; `null`: as it was.
        helps_us: Option<bool>,
        /// Whether it may ask this computer for help; `null`: as it was.
        we_help: Option<bool>
    } -> view::Computer;
    /// Gives this computer a new identity from the next start on, for a data folder that was copied from another
    /// computer. All pairings end with the old one.
    new_identity: NewIdentity {} -> ();
    /// Ends the pairing with a computer.
    unpair: Unpair {
        /// Its id, the first four or more digits of it, or its name.
        id: String
    } -> ();
    /// Looks for a computer at an address, and remembers the address.
    connect: Connect {
        /// `host:port`, or a host alone.
        address: String
    } -> ();
    /// Turns helping the paired computers on, or off at once: what has begun for them is given back.
    donate: Donate {
        /// On or off.
        on: bool
    } -> ();
    /// Turns helping off once what has begun is done.
    wind_down: WindDown {} -> ();
    /// Helps on the battery, too, until this computer is plugged in again.
    help_on_battery: HelpOnBattery {
        /// Or not any more.
        on: bool
    } -> ();
    /// What the user has set.
    settings: Settings {} -> view::Settings;
    /// Sets it.
    set_settings: SetSettings {
        /// All of it.
        settings: view::Settings
    } -> ();
    /// Where the settings are kept, and how that stands.
    config: Config {} -> config::Config;
    /// Reads their file again, now.
    reload_config: ReloadConfig {} -> config::Reread;
    /// Takes over the `config.json` of a simple AV1 farm; or says what that would set.
    import_config: ImportConfig {
        /// Its text.
        text: String,
        /// Do it; else only say what would be done.
        apply: bool
    } -> config::Import;
    /// Looks at everything that may be wrong and says what to do about it.
    doctor: Doctor {} -> view::Report;
    /// What is behind an address, in words: why a computer there is not seen.
    reach: Reach {
        /// `host:port`, or a host alone.
        address: String
    } -> view::Report;
    /// Who made which part of a job's film, also long after it was over.
    strip: Strip {
        /// Which job.
        id: JobId
    } -> Vec<view::Segment>;
    /// How the time of a job went: what each computer did when, and why it was not faster. Of jobs that go on, and of the
    /// last thousand that are over.
    timeline: Timeline {
        /// Which job.
        id: JobId
    } -> crate::timeline::Timeline;
    /// One picture of a film, small enough for a page.
    still: Still {
        /// Of what.
        film: sight::Film,
        /// Where in it, seconds on the result's timeline.
        at_s: f64,
        /// The very frame shown then (for comparing), or a key frame near it (much quicker).
        exact: bool,
        /// The largest height, pixels; 16 to 2160.
        height: u32
    } -> sight::Still;
    /// What each purpose would make of a file: how large it gets, and how long that takes now.
    forecast: Forecast {
        /// The file.
        path: FilePath,
        /// What is wanted.
        choice: Choice,
        /// Try a few frames of the film for it, which takes some seconds the first time.
        closer: bool
    } -> sight::Outlook;
    /// The choice made last, and those saved under a name.
    wishes: Wishes {} -> sight::Wishes;
    /// Keeps them.
    set_wishes: SetWishes {
        /// All of them.
        wishes: sight::Wishes
    } -> ();
    /// Films made and bytes saved day by day, and who worked for whom: of the last days, and of all time.
    figures: Figures {
        /// So many days, today included; 1 to 3660.
        days: u32
    } -> crate::figures::Figures;
    /// The measurement of one worker against several that goes on on this computer, and those that are kept.
    bench: Bench {} -> crate::bench::Bench;
    /// Begins to measure: each row is a whole job with so many workers. Only while nothing else goes on.
    start_bench: StartBench {
        /// The film; `null`: a clip of a minute.
        film: Option<FilePath>,
        /// The numbers of workers, 1 to 256, each measured once and the fewest first; none: 1, 2, 4, … up to the cores.
        workers: Vec<u32>,
        /// What is made of it; where it goes is not for this.
        choice: Choice
    } -> ();
    /// Stops measuring. What has been measured so far is not kept.
    stop_bench: StopBench {} -> ();
    /// Forgets a measurement that is kept.
    forget_bench: ForgetBench {
        /// When it began.
        began_ms: u64
    } -> ();
    /// What this computer has done for others so far.
    given: Given {} -> sight::Given;
    /// What this computer has done for others, a line for each stretch of work, newest first; at most 200.
    deeds: Deeds {} -> Vec<sight::Deed>;
    /// The keys for programs, oldest first, without their secrets.
    keys: Keys {} -> Vec<ApiKey>;
    /// Makes a key for a program. Its text is told this once.
    new_key: NewKey {
        /// What to call it: 1 to 80 letters.
        name: String,
        /// What it is good for; at least one.
        scopes: BTreeSet<KeyScope>
    } -> MadeKey;
    /// Takes a key back: from now on it opens nothing.
    revoke_key: RevokeKey {
        /// Its number.
        id: u64
    } -> ();
    /// Hands files to the window that shows this node, which offers them and comes to the front.
    present: Present {
        /// The files; none only brings the window to the front.
        paths: Vec<FilePath>
    } -> ();
    /// A text for whoever helps: this machine, the check-up, the last jobs and log lines, without the names of people,
    /// computers, films, folders and addresses.
    report: BugReport {} -> String;
    /// The watched folders, and how the films in them stand.
    library: Library {} -> shelf::Library;
    /// Films of the watched folders, by path.
    library_files: LibraryFiles {
        /// Which.
        filter: shelf::LibraryFilter,
        /// From this one on, counted from 0.
        offset: u32,
        /// So many at most; 500 at the very most.
        most: u32
    } -> shelf::LibraryPage;
    /// Has watched folders looked through now.
    library_scan: LibraryScan {
        /// Which; `null`: all of them.
        folder: Option<FilePath>
    } -> ();
    /// Has films tried again that failed, were not worthwhile or are done. Says how many there were.
    library_retry: LibraryRetry {
        /// Their numbers.
        files: Vec<i64>,
        /// However little that saves.
        anyway: bool
    } -> u64;
    /// What rules would take of what is in a folder now. Starts nothing, sets nothing.
    library_preview: LibraryPreview {
        /// The folder and its rules.
        folder: shelf::WatchedFolder
    } -> shelf::LibraryPreview;
    /// Removes working files that no job needs any more.
    clean: Clean {} -> view::Cleaned;
}

/// Reads the arguments, runs the call, writes the reply.
async fn run<C: Call>(api: &Api, args: Value) -> Result<Value, ApiError> {
    let args = if args.is_null() {
        Value::Object(serde_json::Map::new())
    } else {
        args
    };
    let bad = |error| ApiError::new(ErrorCode::BadRequest, format!("{}: {error}.", C::NAME));
    let call: C = serde_json::from_value(args).map_err(bad)?;
    let reply = call.run(api).await?;
    serde_json::to_value(reply)
        .map_err(|error| ApiError::new(ErrorCode::Other, format!("{}: {error}.", C::NAME)))
}
