//! What may be typed. The comments here are the manual: `--help` prints them.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use api::{ApiError, Choice, ErrorCode, FilePath};
use clap::{Args, Parser, Subcommand, ValueEnum};

mod bound;
mod config;
mod encode;
mod helping;
mod key;
mod library;
mod picture;
mod replacing;

pub use bound::Bound;
use bound::{bound, bytes};
pub use config::{Config, ConfigDeed};
pub use encode::{Encode, Wish};
pub use helping::{Donate, HelpWord};
pub use key::{Key, KeyCommand};
pub use library::{Add, Again, Files, Library, LibraryCommand, Remove};
pub use picture::Picture;
pub use replacing::{Originals, typed_keep};

/// Every computer in the house encodes one video together.
///
/// Run `manyhands serve --donate` on the computers that should help, pair them once with `manyhands invite` and
/// `manyhands pair`, and `manyhands encode FILM` on any of them uses them all.
#[derive(Debug, Parser)]
#[command(
    name = "manyhands",
    version,
    max_term_width = 100,
    subcommand_required = true
)]
#[command(arg_required_else_help = true, after_help = AFTER)]
pub struct Line {
    /// Keep keys, jobs and working files in this folder. One node at a time uses it
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "MANYHANDS_DATA",
        hide_env_values = true
    )]
    #[arg(help_heading = "Everywhere")]
    pub data: Option<PathBuf>,

    /// The file of settings [default: config.toml in that folder]; where a node runs, its own counts
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MANYHANDS_CONFIG",
        hide_env_values = true
    )]
    #[arg(help_heading = "Everywhere")]
    pub config: Option<PathBuf>,

    /// Print one JSON object a line instead of text; docs/json.md describes them
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,

    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
The exit code says what happened: 0 done, 1 something else, 2 not understood, 10-18 the input, 20-24 the \
output, 30-32 ffmpeg, 40-45 the job, 50-59 other computers, 60-65 this node, 130 stopped by Ctrl-C. \
docs/json.md has the whole table.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Encode(Encode),
    Serve(Serve),
    Ask(Ask),
    Invite(Invite),
    Pair(Pair),
    /// List the other computers
    Peers,
    Rights(Rights),
    Unpair(Unpair),
    Identity(Identity),
    Key(Key),
    /// List the jobs
    Jobs,
    /// Show one job: its segments, who made them, how it ended
    Job(JobNumber),
    Timeline(Timeline),
    /// Stop a job for good and remove what it has made so far
    Cancel(JobNumber),
    /// Hold a job; what it has made so far is kept
    Pause(JobNumber),
    /// Go on with a job that is held
    Resume(JobNumber),
    /// Try a failed or cancelled job again, with what it has made so far
    Retry(JobNumber),
    /// Bring the result of a film here that was sent to another computer, and left there
    Fetch(JobNumber),
    Move(Move),
    /// Put the original back that a job's result replaced; the result is removed
    Undo(JobNumber),
    Originals(Originals),
    Donate(Donate),
    Library(Library),
    Settings(Settings),
    Config(Config),
    Stats(Stats),
    /// Say what this computer has done for others
    Given,
    Doctor(Doctor),
    Report(Report),
    /// Remove working files that no job needs any more
    Clean,
    Bench(Bench),
}

/// Write a report for whoever helps with a problem.
///
/// This machine, the check-up, the last jobs and the newest log lines, without the names of people, computers, films,
/// folders and addresses. Read it before you send it.
#[derive(Debug, Args)]
pub struct Report {
    /// The file to write, which must not be there yet; else it is printed
    pub file: Option<PathBuf>,
}

/// Run without a window: help others, take jobs, show a page.
///
/// Stops cleanly on Ctrl-C and on SIGTERM: jobs that are not over go on when it is started again.
#[derive(Debug, Args)]
pub struct Serve {
    /// What this computer is called on the others, this time
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Where other computers reach this one [default: port 47820 or the next free one, on every interface]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,

    /// Show the page here [default: 127.0.0.1 and the port that is set, 8090]; the link with its key is printed. Beyond
    /// loopback only once a password is set (`settings --web-password`), and by TLS
    #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1)]
    pub web: Option<Option<SocketAddr>>,

    /// A name that this computer goes by in the page's address, beside its host name
    #[arg(long = "web-name", value_name = "NAME", requires = "web")]
    pub web_names: Vec<String>,

    /// Help the computers this one is paired with (on) or not (off), this time [default: as it was set]
    #[arg(long, value_enum, value_name = "WHETHER", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "on")]
    pub donate: Option<Whether>,

    /// Neither look for other computers nor be found, by mDNS
    #[arg(long)]
    pub no_mdns: bool,

    /// Look for a computer at this address too; remembered
    #[arg(long = "peer", value_name = "ADDR:PORT")]
    pub peers: Vec<String>,
}

/// Make an invite: one line that pairs another computer with this one, and the same as a QR code.
///
/// The invite is good for ten minutes and for one computer. The two may then ask each other for help; whoever helps
/// receives pieces of the other's videos. Whoever has the invite can pair with this
/// computer: hand it over as you would a key. Where a node is running the command returns at once and the node
/// waits; else the command itself does.
#[derive(Debug, Args)]
pub struct Invite {
    /// Wait until the invite is used, also where a node is running
    #[arg(long)]
    pub wait: bool,

    /// Print it as a QR code, too, also where the output is no terminal
    #[arg(long)]
    pub qr: bool,
}

/// Ask a computer for help: shows a code of six digits, to be typed on that computer.
///
/// It is good for two minutes. Whoever helps receives pieces of your videos. The two may then ask each
/// other for help.
#[derive(Debug, Args)]
pub struct Ask {
    /// Its name or id as `manyhands peers` shows it, or its address
    #[arg(value_name = "COMPUTER")]
    pub computer: String,
}

/// Pair with another computer: by the code that it shows, or by its invite.
///
/// Without a code or an invite: show who asks for this computer's help. The two may then ask each other
/// for help.
#[derive(Debug, Args)]
pub struct Pair {
    /// The six digits that the other computer shows, or the line that `manyhands invite` printed there; `-` reads either
    /// from standard input
    #[arg(value_name = "CODE|INVITE")]
    pub with: Option<String>,
    /// Let it use this computer, and not this one it
    #[arg(long, requires = "with")]
    pub one_way: bool,
    /// Turn helping on here, too
    #[arg(long, requires = "with")]
    pub donate: bool,
    /// Say no to the computer that asks
    #[arg(long, conflicts_with = "with")]
    pub decline: bool,
    /// Say no, and hear nothing more of it until the next start
    #[arg(long, conflicts_with_all = ["with", "decline"])]
    pub block: bool,
}

/// Show or change what a paired computer and this one may ask of each other.
///
/// What is turned off ends at once, also in the middle of a film: parts that are under way are given back and done
/// elsewhere. The pairing itself stays; `unpair` ends it.
#[derive(Debug, Args)]
pub struct Rights {
    /// Its id as `manyhands peers` shows it, the first four or more digits of it, or its name
    #[arg(value_name = "COMPUTER")]
    pub id: String,

    /// It may give this computer work, while that donates
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub may_use_me: Option<Whether>,

    /// This computer may give it work: pieces of your videos
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub i_may_use: Option<Whether>,
}

/// End the pairing with a computer.
#[derive(Debug, Args)]
pub struct Unpair {
    /// Its id as `manyhands peers` shows it, the first four or more digits of it, or its name
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Show who this computer is to the others, or make it a new one.
///
/// A computer is its key, kept in the data folder. If that folder was copied to another computer, both have the same
/// key and cannot work together: `manyhands identity new` gives this one a key of its own from its next start on. All its
/// pairings end with the old one.
#[derive(Debug, Args)]
pub struct Identity {
    /// What to do about it
    #[arg(value_enum, value_name = "DEED")]
    pub deed: Option<Deed>,
}

/// What to do about an identity, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deed {
    /// Make a new one, and forget all pairings
    New,
}

/// A job's number.
#[derive(Debug, Args)]
pub struct JobNumber {
    /// The number, as `manyhands jobs` shows it
    #[arg(value_name = "ID")]
    pub id: u64,
}

/// Show how the time of a job went, and why it was not faster.
///
/// Computers down, time across: when each of them encoded, waited for a part, gave a result back or had nothing to do. Of
/// a job that goes on, and of those that are over.
#[derive(Debug, Args)]
pub struct Timeline {
    /// The job's number, as `manyhands jobs` shows it
    #[arg(value_name = "ID")]
    pub id: u64,

    /// Print a table for spreadsheets instead: a row for each part that a computer was given, and for each stretch in
    /// which it had parts of another job in hand
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// Show what came of it all: films made, bytes saved, who worked for whom.
#[derive(Debug, Args)]
pub struct Stats {
    /// Of the last so many days, today included
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,

    /// Print a table for spreadsheets instead: a row for each day
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// Move a job in the queue.
///
/// Jobs are served in the order of the queue. What is being encoded goes on; what is given out from now on goes by the
/// new order, which survives a restart.
#[derive(Debug, Args)]
pub struct Move {
    /// The job's number, as `manyhands jobs` shows it
    #[arg(value_name = "ID")]
    pub id: u64,

    /// Where to
    #[arg(value_enum, value_name = "WHERE")]
    pub to: To,
}

/// Where to in the queue, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// Served first
    Top,
    /// One place forward
    Up,
    /// One place back
    Down,
    /// Served last
    Bottom,
}

/// Show what is set, or set it.
///
/// Each is kept in the data folder. Where a node runs, it is told at once; another ffmpeg and other ports are used from
/// its next start on. The word `none` takes a value away again.
#[derive(Debug, Default, Args)]
pub struct Settings {
    /// What this computer is called on the others
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Tell that name to paired computers only: others see "A computer (1a2b…)"
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub hide_name: Option<Whether>,

    /// Help the computers this one is paired with
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub donate: Option<Whether>,

    /// Take whole films of them, while it helps
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub whole_films: Option<Whether>,

    /// Give the others at most this many of this computer's cores
    #[arg(long, value_name = "N", value_parser = bound::<u32>)]
    pub cores: Option<Bound<u32>>,

    #[command(flatten)]
    pub helping: helping::Rules,

    /// Keep working files below this folder instead of the data folder
    #[arg(long, value_name = "DIR", value_parser = bound::<PathBuf>)]
    pub temp: Option<Bound<PathBuf>>,

    /// Keep no more working files than this: 50GB, 500GB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub temp_limit: Option<Bound<u64>>,

    /// Send and receive films and results no faster than this a second, each way: 20MB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub bandwidth: Option<Bound<u64>>,

    /// Where other computers reach this one
    #[arg(long, value_name = "PORT", value_parser = bound::<u16>)]
    pub port: Option<Bound<u16>>,

    /// Where `serve --web` shows the page
    #[arg(long, value_name = "PORT", value_parser = bound::<u16>)]
    pub web_port: Option<Bound<u16>>,

    /// Keep every original of a film that is replaced until you delete it, whatever else is set
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub testing_mode: Option<Whether>,

    /// How long originals are kept: a number of days, always, or never
    #[arg(long, value_name = "DAYS", value_parser = typed_keep)]
    pub keep_originals: Option<api::Keep>,

    /// Read films of others where they lie, such as on a NAS, where this computer sees the same file
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub read_shared: Option<Whether>,

    /// Use this ffmpeg instead of the one that came with Manyhands
    #[arg(long, value_name = "PATH", value_parser = bound::<PathBuf>)]
    pub ffmpeg: Option<Bound<PathBuf>>,

    /// Read a password for the page from standard input: with it, `serve --web` may be open to the network
    #[arg(long)]
    pub web_password: bool,

    /// Take the page's password away
    #[arg(long, conflicts_with = "web_password")]
    pub no_web_password: bool,
}

/// Look at everything that may be wrong and say what to do about it.
///
/// With an address, find out why the computer there is not seen: whether it answers, whether that is Manyhands, which
/// version, and whether it is paired.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Look only at what is there: a name or an address, with or without a port
    #[arg(value_name = "ADDRESS")]
    pub address: Option<String>,
}

/// Compare one worker with several on the same film.
///
/// A worker is a node of its own that encodes on one processor core; each row of the table is a whole job with so
/// many of them, from the film to the proved output. Everything is made in a temporary folder and removed.
///
/// With --house the workers are real computers: the film is encoded by this computer as it always works, and then
/// together with every paired computer that is there, by the node of the data folder, which knows them.
#[derive(Debug, Args)]
pub struct Bench {
    /// The film; without one, a clip of a minute is made from ffmpeg's own test picture
    #[arg(value_name = "INPUT")]
    pub input: Option<PathBuf>,

    /// How many workers, a row for each number, the fewest first: these are what the others are compared with
    /// [default: 1, 2, 4, … up to the cores of this computer]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=256))]
    pub workers: Vec<u32>,

    /// Compare this computer alone with all paired ones together; the rows of --workers only if that is given, too
    #[arg(long)]
    pub house: bool,

    /// Write the rows of --workers into this file as a table for spreadsheets, too
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,

    /// Draw speed-up and efficiency of those rows with the ideal and Amdahl's curve, as an SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Work through a chain of filters, too, that keeps every core busy: deblocked, denoised and sharpened as much as
    /// there is
    #[arg(long, value_enum, value_name = "WHICH")]
    pub filters: Option<BenchFilters>,

    #[command(flatten)]
    pub wish: Wish,
}

/// Filters to measure with, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchFilters {
    Demo,
}

impl Bench {
    /// The typed words as a choice.
    pub fn choice(&self) -> Choice {
        let choice = self.wish.choice();
        let Some(BenchFilters::Demo) = self.filters else {
            return choice;
        };
        let filters = api::bench::demo(choice.filters);
        Choice { filters, ..choice }
    }
}

/// On or off, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Whether {
    On,
    Off,
}

/// A path as it is from any working folder.
///
/// # Errors
/// [`ErrorCode::BadRequest`] if it is empty, or there is no working folder.
pub fn absolute(path: &Path) -> Result<FilePath, ApiError> {
    std::path::absolute(path).map(FilePath).map_err(|error| {
        ApiError::new(
            ErrorCode::BadRequest,
            format!("{:?} is no path: {error}.", path.display()),
        )
    })
}

/// Whether `--json` is among the words, for an error in the words themselves.
pub fn wants_json(words: &[OsString]) -> bool {
    words
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        <Line as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn after_two_dashes_nothing_asks_for_json() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words(&["encode", "--json"])));
        assert!(!wants_json(&words(&["encode", "--", "--json"])));
    }

    #[test]
    fn helping_has_three_answers() {
        let donate =
            |words: &[&str]| match Line::try_parse_from(["manyhands", "serve"].iter().chain(words))
                .unwrap()
                .command
            {
                Command::Serve(serve) => serve.donate,
                other => panic!("{other:?}"),
            };
        assert_eq!(donate(&[]), None);
        assert_eq!(donate(&["--donate"]), Some(Whether::On));
        assert_eq!(donate(&["--donate=off"]), Some(Whether::Off));
    }
}
