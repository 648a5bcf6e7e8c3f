//! Keys for programs: what each is good for. A key opens `/api/v1` and `/metrics`; it makes and revokes no keys.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Api;
use crate::error::ApiError;

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KeyScope {
    /// Looking at jobs and computers, and fetching results.
    Read,
    /// Sending films in, and starting jobs with them.
    Submit,
    /// Naming files and folders of this computer in a job.
    Files,
    /// Holding, cancelling, moving and forgetting jobs.
    Control,
    /// All of these, and the settings and the other computers. Whoever has it can make this computer run programs.
    Admin,
    /// The figures for monitoring.
    Metrics,
}

impl KeyScope {
    /// Every scope, in the order to show them.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Submit,
        Self::Files,
        Self::Control,
        Self::Metrics,
        Self::Admin,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Files => "files",
            Self::Control => "control",
            Self::Admin => "admin",
            Self::Metrics => "metrics",
        }
    }
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ApiKey {
    /// Its number.
    pub id: u64,
    /// What its user calls it.
    pub name: String,
    /// What it is good for.
    pub scopes: BTreeSet<KeyScope>,
    /// When it was made.
    pub created_ms: u64,
    /// When it was last used, to the minute.
    pub used_ms: Option<u64>,
}

/// A key that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MadeKey {
    /// It.
    pub key: ApiKey,
    /// Its text, which is told this once. It is a secret: never log it.
    pub text: String,
}

/// The calls, one method each; [`crate::call`] documents them.
impl Api {
    /// The keys that are good, oldest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, ApiError> {
        self.node.keys().await
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`crate::ErrorCode::BadRequest`] for a name of no or more than 80 letters, no scope, or the 65th key; if it cannot
    /// be stored.
    pub async fn new_key(
        &self,
        name: String,
        scopes: BTreeSet<KeyScope>,
    ) -> Result<MadeKey, ApiError> {
        self.node.new_key(name, scopes).await
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`crate::ErrorCode::NoSuchKey`]; if that cannot be stored.
    pub async fn revoke_key(&self, id: u64) -> Result<(), ApiError> {
        self.node.revoke_key(id).await
    }

    /// The key whose text this is, if it is one. Not a call: only a shell that keeps a door asks.
    ///
    /// # Errors
    /// If it cannot be looked up.
    pub async fn key_of(&self, text: &str) -> Result<Option<ApiKey>, ApiError> {
        self.node.key_of(text.to_owned()).await
    }
}
