//! Where the settings are kept, and how that stands: the file, what is wrong with it, and what stands above it.

use std::path::PathBuf;

use engine::config as its;
use serde::{Deserialize, Serialize};

use crate::path::FilePath;

pub use its::size::parse as size;
pub use its::{LARGEST, NAME, example};

/// The file of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Config {
    /// Where it is, or would be.
    pub path: FilePath,
    /// Whether it is there.
    pub exists: bool,
    /// Why what was written into it last does not count, line by line; empty: it does.
    pub complaints: Vec<Complaint>,
    /// Everything that can be set there.
    pub keys: Vec<ConfigKey>,
}

/// A mistake in what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Complaint {
    /// In what: a file's name, or a variable's.
    pub source: String,
    /// On which line of it, from 1.
    pub line: Option<u32>,
    /// What is wrong and what to do.
    pub says: String,
}

/// Something that can be set, and how that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigKey {
    /// `web.port`.
    pub key: String,
    /// Its value in effect as the file would say it; empty where nothing is set.
    pub value: String,
    /// What holds where nothing is set, in words and Markdown.
    pub usual: String,
    /// Where that comes from.
    pub from: ConfigFrom,
}

/// Where a value in effect comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ConfigFrom {
    /// Nothing was said.
    Usual,
    /// The file.
    File,
    /// A variable of the environment: it cannot be changed from within.
    Variable {
        /// Which: `MANYHANDS_WEB_PORT`.
        name: String,
    },
    /// How this run was started, until it is changed.
    ThisTime,
}

/// What came of reading the file again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reread {
    /// Keys with another value in effect than before.
    pub changed: Vec<String>,
    /// Those of them that count from the next start on.
    pub later: Vec<String>,
}

/// What would become, or became, of the `config.json` of a simple AV1 farm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Import {
    /// What is set, key by key.
    pub changes: Vec<ConfigChange>,
    /// What else to know, in sentences: what is so already, what is left out and why.
    pub notes: Vec<String>,
}

/// A key that gets another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigChange {
    /// Which: `web.port`.
    pub key: String,
    /// Its value before, as the file has it; empty where nothing was set.
    pub before: String,
    /// Its value after.
    pub after: String,
}

/// The file that the environment names: `MANYHANDS_CONFIG`.
#[must_use]
pub fn named() -> Option<PathBuf> {
    std::env::var_os("MANYHANDS_CONFIG")
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
}

/// What is wrong with this text as a file of settings, line by line; none: it would be taken.
#[must_use]
pub fn check(text: &str, source: &str) -> Vec<Complaint> {
    let complaints = its::check(text, source).into_iter();
    complaints.map(Into::into).collect()
}

/// What is wrong with this process's variables; none: they would be taken.
#[must_use]
pub fn check_variables() -> Vec<Complaint> {
    let here = its::Sources::here(None);
    let complaints = its::check_variables(&here.variables).into_iter();
    complaints.map(Into::into).collect()
}

impl From<its::ConfigStatus> for Config {
    fn from(one: its::ConfigStatus) -> Self {
        Self {
            path: one.path.into(),
            exists: one.exists,
            complaints: one.complaints.into_iter().map(Into::into).collect(),
            keys: one.effects.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<its::Complaint> for Complaint {
    fn from(one: its::Complaint) -> Self {
        Self {
            source: one.source,
            line: one.line,
            says: one.says,
        }
    }
}

impl From<its::Effect> for ConfigKey {
    fn from(one: its::Effect) -> Self {
        let from = match one.from {
            its::Origin::Usual => ConfigFrom::Usual,
            its::Origin::File => ConfigFrom::File,
            its::Origin::Variable(name) => ConfigFrom::Variable { name },
            its::Origin::ThisTime => ConfigFrom::ThisTime,
        };
        Self {
            key: one.key,
            value: one.value,
            usual: one.usual.to_owned(),
            from,
        }
    }
}

impl From<its::Import> for Import {
    fn from(one: its::Import) -> Self {
        let change = |change: its::Change| ConfigChange {
            key: change.key,
            before: change.before,
            after: change.after,
        };
        Self {
            changes: one.changes.into_iter().map(change).collect(),
            notes: one.notes,
        }
    }
}

impl From<its::Reread> for Reread {
    fn from(one: its::Reread) -> Self {
        Self {
            changed: one.changed,
            later: one.later,
        }
    }
}
