//! The settings as one file, `config.toml`: everything a person can set, in plain text, for editors and for the interface.
//!
//! [`keys`] is the one table: what may stand in the file, what it means, and which field of
//! [`Settings`](crate::status::Settings) it is. Reading, writing, variables, the page of the manual and the import all
//! go by it. Pure but for [`file`] and [`kept`], which do what the rest decides.

/// What may be written, key by key.
mod keys;

/// How each kind of value is written.
mod form;

/// Lists of tables.
mod tables;

/// Sizes in bytes as people write them.
pub mod size;

/// What is wrong with what was written.
mod complaint;

/// Text in, settings or complaints out.
mod read;

/// Settings in, the same text with other values out.
mod edit;

/// Variables that stand above the file.
mod environment;

/// What is in effect: the file, and what stands above it.
mod layers;

/// The file of simple AV1 farms.
pub(crate) mod import;

/// The table of all keys, and the example, for the manual.
mod page;

// The disk.
mod file;

mod kept;

pub use complaint::Complaint;
pub use import::{Change, Import};
pub use page::{example, table};

pub(crate) use kept::{Config, ThisTime, watch_file};

use crate::status::Settings;
use crate::trouble::{Kind, Trouble};

/// What the file is called in the data folder.
pub const NAME: &str = "config.toml";

/// The most bytes of such a file.
pub const LARGEST: u64 = 1 << 20;

/// Where a node's settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file; `None`: [`NAME`] in the data folder.
    pub file: Option<std::path::PathBuf>,
    /// Variables of the environment, name and value; those that are none of ours are passed over.
    pub variables: Vec<(String, String)>,
}

impl Sources {
    /// This process's: its variables, and the file that was named.
    #[must_use]
    pub fn here(file: Option<std::path::PathBuf>) -> Self {
        // A value that is no text is complained of when it is read, if it is a setting's.
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        });
        Self {
            file,
            variables: texts
                .filter(|(name, _)| name.starts_with(environment::PREFIX))
                .collect(),
        }
    }
}

/// What is wrong with this text as a file of settings; `source` is what to call it. None: it would be taken.
#[must_use]
pub fn check(text: &str, source: &str) -> Vec<Complaint> {
    read::read(text, source).err().unwrap_or_default()
}

/// What is wrong with these variables.
#[must_use]
pub fn check_variables(variables: &[(String, String)]) -> Vec<Complaint> {
    environment::read(variables).err().unwrap_or_default()
}

/// How many mistakes there are in this.
pub(crate) fn lead(place: &str, mistakes: usize) -> String {
    match mistakes {
        1 => format!("There is a mistake in {place}."),
        more => format!("There are {more} mistakes in {place}."),
    }
}

/// Mistakes as one trouble: how many, and each on a line of its own.
pub(crate) fn trouble(lead: &str, complaints: &[Complaint]) -> Trouble {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    let text = format!("{lead}\n{}", lines.join("\n"));
    Trouble::new(Kind::BadConfig, text)
        .help("Put that right in an editor; `manyhands config check` reads the file again, and docs/config.md lists every setting.")
}

/// A key's value in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which: `web.port`.
    pub key: String,
    /// As the file would say it; empty: nothing is set, and what the manual says of it holds.
    pub value: String,
    /// What holds where nothing is set, for people.
    pub usual: &'static str,
    /// Where it comes from.
    pub from: Origin,
}

/// Where a value in effect comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was said.
    Usual,
    /// The file.
    File,
    /// A variable of the environment, this one: it cannot be changed from within.
    Variable(String),
    /// How this run was started, until it is changed.
    ThisTime,
}

/// How the file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigStatus {
    /// Where it is, or would be.
    pub path: std::path::PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Why what was written into it last does not count; empty: it does.
    pub complaints: Vec<Complaint>,
    /// Everything that can be set, and how that stands.
    pub effects: Vec<Effect>,
}

/// What came of reading the file again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// Keys with another value in effect than before.
    pub changed: Vec<String>,
    /// Those of them that count from the next start on.
    pub later: Vec<String>,
}

/// A fault of settings that are each well written: what they are together, or out of bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it is about, the likeliest culprit first.
    pub keys: &'static [&'static str],
    /// What is wrong, a sentence.
    pub says: String,
    /// What to do, a sentence.
    pub help: String,
    /// The value that is meant, where a key holds many: `library.folders[2].path`.
    pub at: Option<String>,
}

impl Fault {
    /// For who wants to set that.
    pub fn trouble(self) -> Trouble {
        let meant = self.at.map(|at| format!(" What is meant is `{at}`."));
        let help = self.help + meant.as_deref().unwrap_or_default();
        Trouble::new(Kind::BadRequest, self.says).help(help)
    }
}

/// Everything that is out of bounds.
pub(crate) fn faults(settings: &Settings) -> Vec<Fault> {
    crate::settings::faults(settings)
}
