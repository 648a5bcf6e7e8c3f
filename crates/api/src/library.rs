//! The library as the outside sees it: watched folders and their rules, and how the films in them stand.

use engine::librarian as its;
use serde::{Deserialize, Serialize};

use crate::choice::Choice;
use crate::helping::Hours;
use crate::path::FilePath;
use crate::view::JobId;

/// Watched folders and their rules, as the user sets them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct LibraryRules {
    /// When new work may begin; empty: always.
    pub hours: Vec<Hours>,
    /// The folders; those in front are served first. What is in one that lies within another is that one's alone.
    pub folders: Vec<WatchedFolder>,
}

/// A folder that is watched, with everything below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct WatchedFolder {
    /// Where; a whole path.
    pub path: FilePath,
    /// Nothing new is taken from it.
    #[serde(default)]
    pub off: bool,
    /// What changes in it is noticed at once, where its disk tells.
    #[serde(default = "yes")]
    pub on_change: bool,
    /// It is looked through every so many minutes; 0: only when asked.
    #[serde(default = "hourly")]
    pub every_min: u32,
    /// A file is taken once its size and time have stayed the same for so many seconds.
    #[serde(default = "a_minute")]
    pub stable_s: u32,
    /// The first one that fits a file decides about it.
    #[serde(default)]
    pub rules: Vec<LibraryRule>,
}

/// A rule: which files, and what is made of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct LibraryRule {
    /// What it is called; no other rule of the folder is called so.
    pub name: String,
    /// It is passed over.
    #[serde(default)]
    pub off: bool,
    /// What it fits is left alone, whatever the rules after it say.
    #[serde(default)]
    pub leave: bool,
    /// Which files.
    #[serde(default)]
    pub take: LibraryTake,
    /// What is made of them; an output's name, waiting for computers and the like have no place in a rule.
    #[serde(default)]
    pub make: Choice,
    /// A result that saves less than so many percent is not kept, 0 to 90.
    #[serde(default = "five")]
    pub least_saving: u8,
}

fn yes() -> bool {
    true
}

fn hourly() -> u32 {
    its::Folder::default().every_min
}

fn a_minute() -> u32 {
    its::Folder::default().stable_s
}

fn five() -> u8 {
    its::Rule::default().least_saving
}

/// What a file has to be like. Everything that is set has to be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct LibraryTake {
    /// Its name is as one of these, with `*` and `?`; with a `/` in it, its path within the folder is.
    pub names: Vec<String>,
    /// And as none of these.
    pub not_names: Vec<String>,
    /// It has at least so many bytes.
    pub min_bytes: Option<u64>,
    /// And at most so many.
    pub max_bytes: Option<u64>,
    /// It was last changed at least so many hours ago.
    pub older_than_h: Option<u32>,
    /// And no more than so many hours ago.
    pub newer_than_h: Option<u32>,
    /// Its picture has at least so many lines.
    pub min_height: Option<u16>,
    /// And at most so many.
    pub max_height: Option<u16>,
    /// Its codec is one of these, as ffmpeg calls them; empty: any.
    pub codecs: Vec<String>,
    /// And none of these.
    pub not_codecs: Vec<String>,
    /// Also what is in the codec already that would be made of it.
    pub right_codec_too: bool,
}

/// How a film of the library stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LibraryState {
    /// To be looked into, or to be encoded.
    Waiting,
    /// A job works on it.
    InWork,
    /// Its result is in place.
    Done,
    /// It would not save enough, or did not.
    NotWorthwhile,
    /// No rule takes it.
    Left,
    /// Its job failed.
    Failed,
}

/// The library as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Library {
    /// A folder is being looked through.
    pub scan: Option<LibraryScan>,
    /// Why nothing new is begun, in a sentence; `null`: nothing is in the way.
    pub holds: Option<String>,
    /// The watched folders, in their order.
    pub folders: Vec<LibraryFolder>,
}

/// A folder is being looked through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LibraryScan {
    /// Which.
    pub folder: FilePath,
    /// Films found in it so far.
    pub films: u64,
    /// Films looked into so far, of those that have to be.
    pub looked: u64,
}

/// A watched folder, and how its films stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LibraryFolder {
    /// Where.
    pub path: FilePath,
    /// What is wrong with it, in a sentence; `null`: nothing.
    pub trouble: Option<String>,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
    /// When it was last looked through to its end, Unix milliseconds.
    pub scanned_ms: Option<u64>,
    /// Changes in it are noticed at once.
    pub watched: bool,
    /// How many films there are of each state; states without any are left out.
    pub counts: Vec<LibraryCount>,
    /// Bytes of the films that were made smaller.
    pub done_bytes: u64,
    /// Bytes of what they became.
    pub result_bytes: u64,
}

/// Films of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LibraryCount {
    /// Which state.
    pub state: LibraryState,
    /// How many.
    pub films: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Which films are asked for. Everything that is set has to be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct LibraryFilter {
    /// Standing so.
    pub state: Option<LibraryState>,
    /// Of this watched folder.
    pub folder: Option<FilePath>,
    /// Taken by the rule of this name.
    pub rule: Option<String>,
    /// With this in their path, whatever the case.
    pub text: Option<String>,
}

/// Some of the films, by path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LibraryPage {
    /// How many there are altogether.
    pub total: u64,
    /// Those that were asked for.
    pub files: Vec<LibraryFile>,
}

/// A film of the library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LibraryFile {
    /// Its number: what `library_retry` goes by.
    pub id: i64,
    /// Where.
    pub path: FilePath,
    /// The watched folder it belongs to.
    pub folder: FilePath,
    /// Its size.
    pub bytes: u64,
    /// How it stands.
    pub state: LibraryState,
    /// Why, in a sentence; may be empty.
    pub reason: String,
    /// The rule that takes it, or took it.
    pub rule: Option<String>,
    /// The job that works on it, or did, while that is on the list.
    pub job: Option<JobId>,
    /// How large its result was expected to get, bytes.
    pub forecast_bytes: Option<u64>,
    /// How large it got, bytes.
    pub result_bytes: Option<u64>,
    /// Its result.
    pub output: Option<FilePath>,
    /// The proof of it.
    pub receipt: Option<FilePath>,
    /// When its state last changed, Unix milliseconds.
    pub changed_ms: u64,
}

/// What rules would take of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LibraryPreview {
    /// Films in the folder.
    pub films: u64,
    /// And their bytes.
    pub bytes: u64,
    /// So many would be taken.
    pub takes: u64,
    /// Of so many bytes.
    pub takes_bytes: u64,
    /// That would become about so many.
    pub after_bytes: u64,
    /// Not all of them have been looked into: the numbers are reckoned from some.
    pub reckoned: bool,
    /// Some of each kind, by path.
    pub some: Vec<LibraryExample>,
}

/// A film, and what rules would do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LibraryExample {
    /// Its path within the folder, with `/` between names.
    pub within: String,
    /// Its size.
    pub bytes: u64,
    /// The rule that would take it; `null`: it would be left alone.
    pub rule: Option<String>,
    /// Why it would be left alone; else the rules that would take it, too, if the first did not.
    pub says: String,
}

macro_rules! states {
    ($($state:ident),+) => {
        impl From<its::State> for LibraryState {
            fn from(one: its::State) -> Self {
                match one { $(its::State::$state => Self::$state),+ }
            }
        }
        impl From<LibraryState> for its::State {
            fn from(one: LibraryState) -> Self {
                match one { $(LibraryState::$state => Self::$state),+ }
            }
        }
    };
}

states!(Waiting, InWork, Done, NotWorthwhile, Left, Failed);

impl From<its::Library> for LibraryRules {
    fn from(one: its::Library) -> Self {
        Self {
            hours: one.hours.into_iter().map(Into::into).collect(),
            folders: one.folders.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<LibraryRules> for its::Library {
    fn from(one: LibraryRules) -> Self {
        Self {
            hours: one.hours.into_iter().map(Into::into).collect(),
            folders: one.folders.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<its::Folder> for WatchedFolder {
    fn from(one: its::Folder) -> Self {
        Self {
            path: FilePath(one.path),
            off: one.off,
            on_change: one.on_change,
            every_min: one.every_min,
            stable_s: one.stable_s,
            rules: one.rules.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<WatchedFolder> for its::Folder {
    fn from(one: WatchedFolder) -> Self {
        Self {
            path: its::plain(&one.path.0),
            off: one.off,
            on_change: one.on_change,
            every_min: one.every_min,
            stable_s: one.stable_s,
            rules: one.rules.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<its::Rule> for LibraryRule {
    fn from(one: its::Rule) -> Self {
        let place = its::place_of(&one);
        let terms = engine::status::Terms {
            place,
            out_dir: one.out_dir,
            only_here: one.only_here,
            paranoid: one.paranoid,
            ..engine::status::Terms::default()
        };
        Self {
            name: one.name,
            off: one.off,
            leave: one.leave,
            take: one.take.into(),
            make: (one.make, terms).into(),
            least_saving: one.least_saving,
        }
    }
}

impl From<LibraryRule> for its::Rule {
    fn from(one: LibraryRule) -> Self {
        let (make, terms): (_, engine::status::Terms) = one.make.into();
        let (tree, in_place) = its::placed(terms.place);
        Self {
            name: one.name,
            off: one.off,
            leave: one.leave,
            take: one.take.into(),
            make,
            out_dir: terms.out_dir,
            tree,
            in_place,
            only_here: terms.only_here,
            paranoid: terms.paranoid,
            least_saving: one.least_saving,
        }
    }
}

macro_rules! conditions {
    ($($field:ident),+) => {
        impl From<its::Conditions> for LibraryTake {
            fn from(one: its::Conditions) -> Self {
                Self { $($field: one.$field),+ }
            }
        }
        impl From<LibraryTake> for its::Conditions {
            fn from(one: LibraryTake) -> Self {
                Self { $($field: one.$field),+ }
            }
        }
    };
}

conditions!(
    names,
    not_names,
    min_bytes,
    max_bytes,
    older_than_h,
    newer_than_h,
    min_height,
    max_height,
    codecs,
    not_codecs,
    right_codec_too
);

impl From<its::Summary> for Library {
    fn from(one: its::Summary) -> Self {
        Self {
            scan: one.scan.map(|scan| LibraryScan {
                folder: FilePath(scan.folder),
                films: scan.films,
                looked: scan.looked,
            }),
            holds: one.holds,
            folders: one.folders.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<its::FolderStatus> for LibraryFolder {
    fn from(one: its::FolderStatus) -> Self {
        let counts = one.counts.into_iter();
        Self {
            path: FilePath(one.path),
            trouble: one.health.trouble,
            notes: one.health.notes,
            scanned_ms: one.health.scanned_ms.and_then(|at| u64::try_from(at).ok()),
            watched: one.health.watched,
            counts: counts
                .map(|(state, (films, bytes))| LibraryCount {
                    state: state.into(),
                    films,
                    bytes,
                })
                .collect(),
            done_bytes: one.done_bytes.0,
            result_bytes: one.done_bytes.1,
        }
    }
}

impl From<its::Film> for LibraryFile {
    fn from(one: its::Film) -> Self {
        Self {
            id: one.id,
            path: FilePath(one.path),
            folder: FilePath(one.folder),
            bytes: one.bytes,
            state: one.state.into(),
            reason: one.reason,
            rule: one.rule,
            job: one.job.map(Into::into),
            forecast_bytes: one.forecast,
            result_bytes: one.result,
            output: one.output.map(FilePath),
            receipt: one.receipt.map(FilePath),
            changed_ms: u64::try_from(one.changed_ms).unwrap_or(0),
        }
    }
}

impl From<LibraryFilter> for its::Filter {
    fn from(one: LibraryFilter) -> Self {
        Self {
            state: one.state.map(Into::into),
            folder: one.folder.map(|path| path.0),
            rule: one.rule,
            text: one.text,
        }
    }
}

impl From<its::Preview> for LibraryPreview {
    fn from(one: its::Preview) -> Self {
        let some = one.some.into_iter();
        Self {
            films: one.films,
            bytes: one.bytes,
            takes: one.takes,
            takes_bytes: one.takes_bytes,
            after_bytes: one.after_bytes,
            reckoned: one.reckoned,
            some: some
                .map(|line| LibraryExample {
                    within: line.within,
                    bytes: line.bytes,
                    rule: line.rule,
                    says: line.says,
                })
                .collect(),
        }
    }
}
