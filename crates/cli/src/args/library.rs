//! What can be typed about the library: watched folders, their rules, and the films in them.

use std::path::PathBuf;

use api::{ApiError, Choice, LibraryRule, LibraryState, LibraryTake, WatchedFolder};
use clap::{Args, Subcommand, ValueEnum};

use super::{Bound, Wish, absolute, bytes};

/// Watch folders and make the films in them smaller, by rules.
///
/// Without a word it shows the watched folders, and how their films stand. Films are taken by the node that runs with the
/// data folder: `manyhands serve`, or the window.
#[derive(Debug, Args)]
pub struct Library {
    #[command(subcommand)]
    pub what: Option<LibraryCommand>,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum LibraryCommand {
    Add(Box<Add>),
    Remove(Remove),
    /// Look through the watched folders now
    Scan {
        /// This one alone
        folder: Option<PathBuf>,
    },
    Files(Files),
    Retry(Again),
}

/// Watch a folder, or give one that is watched another rule.
///
/// A rule of the same name is replaced. The first rule that fits a film decides about it; what is in the wanted codec
/// already is left alone, and so is whatever Manyhands has made itself.
#[derive(Debug, Args)]
pub struct Add {
    /// The folder
    pub folder: PathBuf,

    /// Show what it would take, and set nothing
    #[arg(long)]
    pub preview: bool,

    #[command(flatten)]
    pub rule: Rule,

    #[command(flatten)]
    pub wish: Wish,

    #[command(flatten)]
    pub watch: Watch,
}

/// Which films a rule takes, and what is kept of them.
#[derive(Debug, Args)]
#[command(next_help_heading = "The rule")]
pub struct Rule {
    /// What the rule is called
    #[arg(long, value_name = "NAME", default_value = "Films")]
    pub rule: String,

    /// Only films of such names, with * and ?; with a / in it their path within the folder is meant
    #[arg(long = "include", value_name = "PATTERN")]
    pub include: Vec<String>,

    /// None of such names
    #[arg(long = "exclude", value_name = "PATTERN")]
    pub exclude: Vec<String>,

    /// Only films of at least this size: 2GB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub min_size: Option<Bound<u64>>,

    /// And of at most this one
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub max_size: Option<Bound<u64>>,

    /// Only films that were last changed so long ago: 12h, 30d
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub older_than: Option<u32>,

    /// And no longer ago than this
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub newer_than: Option<u32>,

    /// Only pictures of at least so many lines
    #[arg(long, value_name = "LINES")]
    pub min_height: Option<u16>,

    /// And of at most so many
    #[arg(long, value_name = "LINES")]
    pub max_height: Option<u16>,

    /// Only films of such a codec, as ffmpeg calls it: h264, mpeg2video
    #[arg(long = "only-codec", value_name = "CODEC")]
    pub only_codecs: Vec<String>,

    /// None of such a codec
    #[arg(long = "not-codec", value_name = "CODEC")]
    pub not_codecs: Vec<String>,

    /// Also what is in the wanted codec already
    #[arg(long)]
    pub right_codec_too: bool,

    /// Leave alone what the rule fits, whatever those after it say
    #[arg(long)]
    pub leave: bool,

    /// Keep no result that saves less than so many percent
    #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=90))]
    pub least_saving: u8,

    /// The folder for the outputs [default: beside each film]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,

    /// Agree to what an output cannot keep; else such films fail with a sentence
    #[arg(short, long)]
    pub yes: bool,
}

/// How the folder is watched.
#[derive(Debug, Args)]
#[command(next_help_heading = "The folder")]
pub struct Watch {
    /// Look through it every so many minutes; 0: only when asked [default: 60]
    #[arg(long, value_name = "MINUTES")]
    pub every: Option<u32>,

    /// Whether changes in it are noticed at once [default: on]
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub on_change: Option<super::Whether>,

    /// Take a film once it has stayed as it is for so many seconds [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub stable: Option<u32>,
}

/// Watch a folder no more, or take a rule away from it. Films and results stay.
#[derive(Debug, Args)]
pub struct Remove {
    /// The folder
    pub folder: PathBuf,

    /// This rule alone
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,
}

/// List films of the library, and why they stand as they do.
#[derive(Debug, Args)]
pub struct Files {
    /// Only those that stand so
    #[arg(long, value_enum)]
    pub state: Option<StateName>,

    /// Only those of this watched folder
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,

    /// Only those that this rule takes
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,

    /// Only those with this in their path
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,

    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub most: u32,
}

/// Try films again that failed, were not worthwhile or are done.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct Again {
    /// Their numbers, as `manyhands library files` shows them
    #[arg(value_name = "N")]
    pub films: Vec<i64>,

    /// All that stand so
    #[arg(long, value_enum, conflicts_with = "films")]
    pub state: Option<StateName>,

    /// However little it saves
    #[arg(long)]
    pub anyway: bool,
}

/// How a film stands, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateName {
    Waiting,
    InWork,
    Done,
    NotWorthwhile,
    Left,
    Failed,
}

impl From<StateName> for LibraryState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Waiting => Self::Waiting,
            StateName::InWork => Self::InWork,
            StateName::Done => Self::Done,
            StateName::NotWorthwhile => Self::NotWorthwhile,
            StateName::Left => Self::Left,
            StateName::Failed => Self::Failed,
        }
    }
}

/// `12h`, `30d`: hours.
fn age(text: &str) -> Result<u32, String> {
    let wrong = || "an age is a number with h or d, as in 12h or 30d".to_owned();
    let (number, hours) = match text.strip_suffix('d') {
        Some(days) => (days, 24),
        None => (text.strip_suffix('h').ok_or_else(wrong)?, 1),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(hours).ok_or_else(wrong)
}

fn limit(typed: &Option<Bound<u64>>) -> Option<u64> {
    match typed {
        Some(Bound::To(bytes)) => Some(*bytes),
        Some(Bound::None) | None => None,
    }
}

impl Add {
    /// The folder as it is to be watched: as it `was`, if it was, with what was typed.
    ///
    /// # Errors
    /// A folder that is no path.
    pub fn folder(&self, was: Option<&WatchedFolder>) -> Result<WatchedFolder, ApiError> {
        let rule = self.rule()?;
        let mut folder = match was {
            Some(was) => was.clone(),
            None => WatchedFolder {
                path: absolute(&self.folder)?,
                off: false,
                on_change: true,
                every_min: 60,
                stable_s: 60,
                rules: Vec::new(),
            },
        };
        folder.every_min = self.watch.every.unwrap_or(folder.every_min);
        folder.stable_s = self.watch.stable.unwrap_or(folder.stable_s);
        if let Some(whether) = self.watch.on_change {
            folder.on_change = whether == super::Whether::On;
        }
        match folder.rules.iter_mut().find(|one| one.name == rule.name) {
            Some(one) => *one = rule,
            None => folder.rules.push(rule),
        }
        Ok(folder)
    }

    fn rule(&self) -> Result<LibraryRule, ApiError> {
        let typed = &self.rule;
        let take = LibraryTake {
            names: typed.include.clone(),
            not_names: typed.exclude.clone(),
            min_bytes: limit(&typed.min_size),
            max_bytes: limit(&typed.max_size),
            older_than_h: typed.older_than,
            newer_than_h: typed.newer_than,
            min_height: typed.min_height,
            max_height: typed.max_height,
            codecs: typed.only_codecs.clone(),
            not_codecs: typed.not_codecs.clone(),
            right_codec_too: typed.right_codec_too,
        };
        Ok(LibraryRule {
            name: typed.rule.clone(),
            off: false,
            leave: typed.leave,
            take,
            make: Choice {
                out_dir: typed.out_dir.as_deref().map(absolute).transpose()?,
                yes: typed.yes,
                ..self.wish.choice()
            },
            least_saving: typed.least_saving,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Command, Line};
    use clap::Parser;

    fn add(words: &str) -> Add {
        let words = ["manyhands", "library", "add"]
            .into_iter()
            .chain(words.split_whitespace());
        match Line::try_parse_from(words).unwrap().command {
            Command::Library(Library {
                what: Some(LibraryCommand::Add(add)),
            }) => *add,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_word_reaches_the_rule() {
        let typed = add(
            "/films --rule Old --include *.avi --exclude *sample* --min-size 1GB --max-size 2GB --older-than 30d \
                         --newer-than 800h --min-height 480 --max-height 720 --only-codec mpeg4 --not-codec hevc \
                         --right-codec-too --least-saving 10 --out-dir /small --yes --for smallest --every 5 --on-change off --stable 9",
        );
        let folder = typed.folder(None).unwrap();
        assert_eq!(
            (folder.every_min, folder.on_change, folder.stable_s),
            (5, false, 9)
        );
        let rule = &folder.rules[0];
        let expected = LibraryTake {
            names: vec!["*.avi".into()],
            not_names: vec!["*sample*".into()],
            min_bytes: Some(1_000_000_000),
            max_bytes: Some(2_000_000_000),
            older_than_h: Some(720),
            newer_than_h: Some(800),
            min_height: Some(480),
            max_height: Some(720),
            codecs: vec!["mpeg4".into()],
            not_codecs: vec!["hevc".into()],
            right_codec_too: true,
        };
        assert_eq!(
            (rule.name.as_str(), &rule.take, rule.least_saving),
            ("Old", &expected, 10)
        );
        assert_eq!(rule.make.purpose, api::Purpose::Smallest);
        assert!(rule.make.yes && rule.make.out_dir.is_some());
    }

    #[test]
    fn a_rule_of_the_same_name_is_replaced_and_another_follows() {
        let first = add("/films --stable 9").folder(None).unwrap();
        let again = add("/films --leave").folder(Some(&first)).unwrap();
        assert_eq!((again.rules.len(), again.stable_s), (1, 9));
        assert!(again.rules[0].leave);
        let other = add("/films --rule Other").folder(Some(&first)).unwrap();
        assert_eq!(other.rules.len(), 2);
    }

    #[test]
    fn ages_are_hours_or_days() {
        assert_eq!((age("12h"), age("30d")), (Ok(12), Ok(720)));
        for wrong in ["", "d", "5", "1w", "-1d", "4000000000d"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
