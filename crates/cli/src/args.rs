//! What may be typed. The comments here are the manual: `--help` prints them.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use api::{
    ApiError, Audio, Choice, Codec, Container, Encoders, ErrorCode, FilePath, Purpose, Speed,
};
use clap::{Args, Parser, Subcommand, ValueEnum};

mod bound;
mod config;
mod helping;
mod key;
mod library;
mod picture;
mod replacing;

pub use bound::Bound;
use bound::{bound, bytes};
pub use config::{Config, ConfigDeed};
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

/// Encode films with every computer that helps.
///
/// The output goes beside the source as NAME.CODEC.EXT, under a free name, and only once every frame of it is
/// proved to be the source's; a receipt in the data folder holds the proof. Ctrl-C once holds the job, so that
/// the same command goes on with it later; twice stops at once.
#[derive(Debug, Args)]
pub struct Encode {
    /// The films
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,

    /// The output file, for a single input; .mkv or .mp4 decides the container
    #[arg(short, long, value_name = "OUT", conflicts_with = "out_dir")]
    pub output: Option<PathBuf>,

    /// The folder for the outputs
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,

    #[command(flatten)]
    pub place: replacing::PlaceArgs,

    #[command(flatten)]
    pub wish: Wish,

    /// Start only when this many other computers are there
    #[arg(help_heading = "How", long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub wait_for: u32,

    /// Use this computer alone
    #[arg(help_heading = "How", long, conflicts_with = "wait_for")]
    pub only_here: bool,

    /// Send the films to this computer, which owns their jobs: they are worked on there, and the results come back
    #[arg(help_heading = "How", long, value_name = "NODE", conflicts_with_all = ["only_here", "wait_for"])]
    pub on: Option<String>,

    /// Help that computer with them, even while this one helps nobody
    #[arg(help_heading = "How", long, requires = "on")]
    pub participate: bool,

    /// Leave the results there until `fetch` brings them
    #[arg(help_heading = "How", long, requires = "on")]
    pub leave_there: bool,

    /// Decode the whole result here instead of trusting the proofs of the computers that made it
    #[arg(help_heading = "How", long)]
    pub paranoid: bool,

    /// Begin anew, even where an interrupted or failed run has made part of it: that is thrown away
    #[arg(help_heading = "How", long)]
    pub anew: bool,

    /// Keep the working files, with a log for each computer and a manifest
    #[arg(help_heading = "How", long)]
    pub keep_temp: bool,

    /// Agree to what the output cannot keep, or shows differently
    #[arg(help_heading = "How", short, long)]
    pub yes: bool,
}

/// What is wanted of the picture and the sound.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Picture and sound")]
pub struct Wish {
    /// What the output is for
    #[arg(long = "for", value_enum, default_value_t = For::Smaller, value_name = "PURPOSE")]
    pub purpose: For,

    /// Another codec than the purpose's
    #[arg(long, value_enum)]
    pub codec: Option<CodecName>,

    /// The encoder's quality number: lower is better and larger
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=63))]
    pub quality: Option<u8>,

    /// How long to try for a smaller file of the same quality
    #[arg(long, value_enum, default_value_t = SpeedName::Balanced)]
    pub speed: SpeedName,

    /// One software encoder everywhere (same), or each computer's fastest (any)
    #[arg(long, value_enum, default_value_t = EncodersName::Same)]
    pub encoders: EncodersName,

    /// What becomes of the sound [default: copied where the container takes it]
    #[arg(long, value_enum)]
    pub audio: Option<AudioName>,

    /// Kilobits a second for sound that is encoded
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(16..=640))]
    pub audio_kbps: Option<u16>,

    /// Another container than the purpose's
    #[arg(long, value_enum)]
    pub container: Option<ContainerName>,

    #[command(flatten)]
    pub picture: Picture,
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

    /// Print a table for spreadsheets instead: a row for each part that a computer was given
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

    /// How many workers, row by row; the first is what the others are compared with
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

/// A purpose, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// Plays everywhere: H.264 in MP4
    Everywhere,
    /// Smaller: HEVC in MKV
    Smaller,
    /// Smallest: AV1 in MKV
    Smallest,
    /// As good as the source to the eye: HEVC in MKV
    Keep,
}

/// A codec, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CodecName {
    H264,
    Hevc,
    Av1,
}

/// A speed, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SpeedName {
    Fast,
    Balanced,
    Slow,
}

/// Which encoders, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EncodersName {
    /// The same software encoder on every computer: one look
    Same,
    /// Each computer's fastest encoder of the codec
    Any,
}

/// What becomes of the sound, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AudioName {
    Copy,
    Opus,
    Aac,
}

/// A container, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContainerName {
    Mkv,
    Mp4,
}

/// On or off, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Whether {
    On,
    Off,
}

impl Encode {
    /// The typed words as a choice. `output` and `out_dir` are made absolute, since a node may have another
    /// working folder; the ending of `output` decides the container where `--container` does not.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] if the ending of `output` names no container, or another than `--container`.
    pub fn choice(&self) -> Result<Choice, ApiError> {
        let wish = self.wish.choice();
        let container = match &self.output {
            Some(output) => Some(ending(output, wish.container)?),
            None => wish.container,
        };
        let path = |path: &Option<PathBuf>| path.as_deref().map(absolute).transpose();
        Ok(Choice {
            output: path(&self.output)?,
            out_dir: path(&self.out_dir)?,
            place: self.place.place(&self.inputs)?,
            container,
            wait_for: self.wait_for,
            only_here: self.only_here,
            on: self.on.as_ref().map(|computer| api::On {
                computer: computer.clone(),
                participate: self.participate,
                leave: self.leave_there,
            }),
            paranoid: self.paranoid,
            keep_temp: self.keep_temp,
            yes: self.yes,
            ..wish
        })
    }
}

/// The container that an output's name asks for.
fn ending(output: &Path, wanted: Option<Container>) -> Result<Container, ApiError> {
    let ending = output
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let refuse =
        |message: String, help: &str| Err(ApiError::new(ErrorCode::BadRequest, message).help(help));
    let named = match ending.as_deref() {
        Some("mkv") => Container::Mkv,
        Some("mp4" | "m4v") => Container::Mp4,
        _ => {
            let message = format!(
                "The output {} does not end in .mkv or .mp4.",
                output.display()
            );
            return refuse(message, "Name it so: only these two containers are made.");
        }
    };
    if wanted.is_some_and(|wanted| wanted != named) {
        let message = format!(
            "The output {} does not end like the container that is asked for.",
            output.display()
        );
        return refuse(message, "Leave out --container, or change the name.");
    }
    Ok(named)
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

impl Wish {
    /// The typed words as a choice; the rest is at its default.
    pub fn choice(&self) -> Choice {
        Choice {
            purpose: match self.purpose {
                For::Everywhere => Purpose::Everywhere,
                For::Smaller => Purpose::Smaller,
                For::Smallest => Purpose::Smallest,
                For::Keep => Purpose::Keep,
            },
            codec: self.codec.map(|codec| match codec {
                CodecName::H264 => Codec::H264,
                CodecName::Hevc => Codec::Hevc,
                CodecName::Av1 => Codec::Av1,
            }),
            quality: self.quality,
            speed: match self.speed {
                SpeedName::Fast => Speed::Fast,
                SpeedName::Balanced => Speed::Balanced,
                SpeedName::Slow => Speed::Slow,
            },
            encoders: match self.encoders {
                EncodersName::Same => Encoders::Same,
                EncodersName::Any => Encoders::Any,
            },
            audio: self.audio.map(|audio| match audio {
                AudioName::Copy => Audio::Copy,
                AudioName::Opus => Audio::Opus,
                AudioName::Aac => Audio::Aac,
            }),
            audio_kbps: self.audio_kbps,
            container: self.container.map(|container| match container {
                ContainerName::Mkv => Container::Mkv,
                ContainerName::Mp4 => Container::Mp4,
            }),
            filters: self.picture.filters(),
            ..Choice::default()
        }
    }
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

    fn encode(words: &[&str]) -> Encode {
        let line = Line::try_parse_from(["manyhands", "encode"].iter().chain(words)).unwrap();
        match line.command {
            Command::Encode(encode) => encode,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_said_is_the_default_choice() {
        assert_eq!(encode(&["a.mkv"]).choice().unwrap(), Choice::default());
    }

    #[test]
    fn every_word_reaches_the_choice() {
        let words = "a.mkv --for keep --codec av1 --quality 30 --speed slow --encoders any --audio opus \
                     --audio-kbps 128 --container mp4 --height 720 --crop auto --deinterlace --denoise light --deblock \
                     --sharpen --rotate 90 --sdr --grain 8 --half-rate --wait-for 2 --paranoid --keep-temp --yes --out-dir /out";
        let choice = encode(&words.split_whitespace().collect::<Vec<_>>())
            .choice()
            .unwrap();
        let expected = Choice {
            purpose: Purpose::Keep,
            codec: Some(Codec::Av1),
            quality: Some(30),
            speed: Speed::Slow,
            encoders: Encoders::Any,
            audio: Some(Audio::Opus),
            audio_kbps: Some(128),
            container: Some(Container::Mp4),
            filters: api::Filters {
                deinterlace: true,
                deblock: true,
                crop: Some(api::Crop::Auto),
                denoise: Some(api::Amount::Light),
                half_rate: true,
                sdr: true,
                height: Some(720),
                sharpen: Some(api::Amount::Medium),
                rotate: Some(api::Rotation::Right),
                grain: Some(8),
            },
            output: None,
            out_dir: Some(FilePath(std::path::absolute("/out").unwrap())),
            place: api::Place::Beside,
            wait_for: 2,
            only_here: false,
            on: None,
            paranoid: true,
            keep_temp: true,
            yes: true,
        };
        assert_eq!(choice, expected);
    }

    #[test]
    fn a_film_is_sent_where_it_is_said() {
        let choice = encode(&["a.mkv", "--on", "kitchen", "--participate"])
            .choice()
            .unwrap();
        let on = api::On {
            computer: "kitchen".into(),
            participate: true,
            leave: false,
        };
        assert_eq!(choice.on, Some(on));
        let left = encode(&["a.mkv", "--on", "kitchen", "--leave-there"]);
        assert!(left.choice().unwrap().on.unwrap().leave);
    }

    #[test]
    fn names_that_look_like_options_are_films_after_two_dashes() {
        assert_eq!(
            encode(&["--", "-o", "--json"]).inputs,
            [PathBuf::from("-o"), PathBuf::from("--json")]
        );
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words(&["encode", "--json"])));
        assert!(!wants_json(&words(&["encode", "--", "--json"])));
    }

    #[test]
    fn a_relative_output_is_made_absolute_here() {
        let choice = encode(&["a.mkv", "-o", "b.mkv"]).choice().unwrap();
        let here = std::env::current_dir().unwrap().join("b.mkv");
        assert_eq!(choice.output, Some(FilePath(here)));
    }

    #[test]
    fn the_outputs_ending_is_its_container() {
        let container = |words: &[&str]| encode(words).choice().map(|choice| choice.container);
        assert_eq!(
            container(&["a", "-o", "b.MP4"]).unwrap(),
            Some(Container::Mp4)
        );
        assert_eq!(
            container(&["a", "-o", "b.mkv", "--for", "everywhere"]).unwrap(),
            Some(Container::Mkv)
        );
        assert_eq!(
            container(&["a", "-o", "b.mp4", "--container", "mp4"]).unwrap(),
            Some(Container::Mp4)
        );
        assert_eq!(container(&["a"]).unwrap(), None);
        for wrong in [
            &["a", "-o", "b.avi"][..],
            &["a", "-o", "b"],
            &["a", "-o", "b.mkv", "--container", "mp4"],
        ] {
            assert_eq!(
                container(wrong).unwrap_err().code,
                ErrorCode::BadRequest,
                "{wrong:?}"
            );
        }
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

    #[test]
    fn what_contradicts_itself_is_refused() {
        for words in [
            "a -o b --out-dir c",
            "a --only-here --wait-for 2",
            "a --on kitchen --only-here",
            "a --on kitchen --wait-for 2",
            "a --participate",
            "a --leave-there",
            "a --on",
            "a --in-place --out-dir c",
            "a --in-place -o c",
            "a --in-place --into c",
            "a --into c --out-dir d",
            "a --root c",
            "a --keep-original never",
            "a --in-place --keep-original 0",
            "a --in-place --keep-original 3651",
            "a --in-place --keep-original soon",
            "",
            "a --quality 64",
            "a --audio mp3",
        ] {
            let words = ["manyhands", "encode"]
                .into_iter()
                .chain(words.split_whitespace());
            assert!(
                Line::try_parse_from(words.clone()).is_err(),
                "{:?}",
                words.collect::<Vec<_>>()
            );
        }
    }
}
