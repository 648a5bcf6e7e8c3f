//! What may be typed about keys for programs.

use api::KeyScope;
use clap::{Args, Subcommand, ValueEnum};

/// Make, list and revoke keys for programs.
///
/// A program sends its key to the page's port as `Authorization: Bearer KEY` and may do what the key's scopes say;
/// docs/api.md describes what there is. The node must serve its page for that (`manyhands serve --web`).
#[derive(Debug, Args)]
pub struct Key {
    #[command(subcommand)]
    pub what: KeyCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key. It is shown this once and kept only as a hash
    New(NewKey),
    /// List the keys, without their secrets
    List,
    /// Take a key back: from now on it opens nothing
    Revoke {
        /// Its number, as `manyhands key list` shows it
        #[arg(value_name = "ID")]
        id: u64,
    },
}

/// A key to make.
#[derive(Debug, Args)]
pub struct NewKey {
    /// What to call it: the program that will use it
    pub name: String,

    /// What it is good for; more than one is good for more
    #[arg(long = "scope", value_enum, required = true, value_name = "SCOPE")]
    pub scopes: Vec<ScopeName>,
}

/// A scope, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScopeName {
    /// Look at jobs and computers, and fetch results
    Read,
    /// Send films in, and start jobs with them
    Submit,
    /// Name files and folders of this computer in a job
    Files,
    /// Hold, cancel, move and forget jobs
    Control,
    /// Read the figures at /metrics
    Metrics,
    /// All of these, and the settings and the other computers: as good as this computer's user
    Admin,
}

impl From<ScopeName> for KeyScope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Self::Read,
            ScopeName::Submit => Self::Submit,
            ScopeName::Files => Self::Files,
            ScopeName::Control => Self::Control,
            ScopeName::Metrics => Self::Metrics,
            ScopeName::Admin => Self::Admin,
        }
    }
}
