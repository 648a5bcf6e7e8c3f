//! What the user has set.

use serde::{Deserialize, Serialize};

use crate::hours::Hours;
use crate::senses::Disk;

/// How much of itself a computer gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Half of it while somebody uses it, all of it else.
    #[default]
    Polite,
    /// Nothing while somebody uses it.
    OnlyWhenIdle,
    /// All of it, always.
    AllIn,
}

/// When and how a computer helps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// How much it gives.
    pub mode: Mode,
    /// When; empty: always.
    pub hours: Vec<Hours>,
    /// Not while one of these programs runs.
    pub programs: Vec<String>,
    /// Bytes that stay free on the disk of the working files; `None`: 20 GB, or a tenth of a small disk.
    pub keep_free: Option<u64>,
}

/// What stays free where nothing else is set, bytes.
const USUALLY_FREE: u64 = 20_000_000_000;

impl Rules {
    /// Bytes that stay free on this disk.
    #[must_use]
    pub fn kept_free(&self, disk: Disk) -> u64 {
        self.keep_free
            .unwrap_or_else(|| USUALLY_FREE.min(disk.total / 10))
    }
}
