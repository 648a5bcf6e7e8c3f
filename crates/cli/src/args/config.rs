//! What can be typed about the file of settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Show and check the file that the settings are in.
///
/// It is config.toml in the data folder, if --config names no other. docs/config.md describes it. The window, the page
/// and `settings` write there, too; a node that runs reads it again by itself once it was changed.
#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    pub deed: ConfigDeed,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum ConfigDeed {
    /// Show what is set, and where it comes from
    Show {
        /// Everything that can be set, also what is not
        #[arg(long)]
        effective: bool,
    },
    /// Look for mistakes, in this file or in the one that would be used, and in the variables above it
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Say where it is
    Path,
    /// Have the node that runs read it again, now
    Reload,
    /// Take over the config.json of a simple AV1 farm: media_directories, temp_directory, web_port, testing_mode
    ///
    /// Says what it would set. With --yes it does.
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Print a file with everything that can be set, as comments
    Example,
}
