//! Look, decide, write down, do: until there is nothing more to do.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::decide::{End, Goal, Seen, Step, Thing, decide};
use crate::disk::{cannot, rename_new, sync_names, trade};
use crate::fault;
use crate::identity::{Identity, look};

/// A film and its result that trade places, or have. All paths are absolute and in one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The film's name.
    pub source: PathBuf,
    /// The result's name; the film's own where the ending stays.
    pub target: PathBuf,
    /// The original's name from then on.
    pub backup: PathBuf,
    /// A hidden name.
    pub aside: PathBuf,
    /// What the original is known by.
    pub original: Identity,
    /// What the result is known by.
    pub result: Identity,
}

/// Steps after which something is wrong: the longest way has five.
const MOST_STEPS: u32 = 24;

impl Swap {
    /// What is at the four names now.
    ///
    /// # Errors
    /// The disk cannot be looked at.
    pub fn seen(&self) -> io::Result<Seen> {
        Ok(Seen {
            source: self.at(&self.source)?,
            target: self.at(&self.target)?,
            backup: self.at(&self.backup)?,
            aside: self.at(&self.aside)?,
        })
    }

    /// Goes towards `goal` until it is reached, or cannot be. Each step is told to `journal` before it is done. May be cut
    /// off anywhere, and called again; `begun` is then the step that was told last.
    ///
    /// # Errors
    /// The disk's. Then it stands somewhere on the way, and the same call goes on from there.
    pub fn run(
        &self,
        goal: Goal,
        begun: Option<Step>,
        journal: impl FnMut(Step),
    ) -> io::Result<End> {
        if let Some(step) = begun {
            self.clear_placeholder(step)?;
        }
        self.go(goal, true, begun.is_some(), journal)
    }

    /// Where a disk has no better way, a name is taken by an empty file before a step moves there. One that was cut off in
    /// that moment has left it: what is looked at next sees nothing there.
    ///
    /// # Errors
    /// The disk's.
    pub fn clear_placeholder(&self, begun: Step) -> io::Result<()> {
        let Some(to) = self.goes_to(begun) else {
            return Ok(());
        };
        let about = match fs::symlink_metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            about => about?,
        };
        let empty = about.is_file() && about.len() == 0;
        if empty && self.at(to)? == Thing::Other {
            fs::remove_file(to)?;
            sync_names(to)?;
        }
        Ok(())
    }

    /// `trade`: until the disk says otherwise, names can trade their files. `begun`: as [`decide`] takes it.
    fn go(
        &self,
        goal: Goal,
        mut trade: bool,
        mut begun: bool,
        mut journal: impl FnMut(Step),
    ) -> io::Result<End> {
        let one_name = self.source == self.target;
        for _ in 0..MOST_STEPS {
            let seen = self.seen()?;
            if seen.is_bare() {
                // Nothing may be concluded.
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "none of the files is there",
                ));
            }
            let step = decide(goal, one_name, trade, begun, seen);
            if let Step::Finish(end) = step {
                return Ok(end);
            }
            begun = true;
            journal(step);
            fault::point(&format!("{goal:?}-{step:?}-before"));
            match self.perform(step, seen) {
                Err(error) if needs_both(step) && (cannot(&error) || refuses_links(&error)) => {
                    trade = false;
                }
                performed => performed?,
            }
            sync_names(&self.source)?;
            fault::point(&format!("{goal:?}-{step:?}-after"));
        }
        Err(io::Error::other(
            "somebody else moves these files at the same time",
        ))
    }

    /// Does a step that was decided from what was `seen`.
    fn perform(&self, step: Step, seen: Seen) -> io::Result<()> {
        let (source, target) = (self.source.as_path(), self.target.as_path());
        let (backup, aside) = (self.backup.as_path(), self.aside.as_path());
        match step {
            Step::Link => fs::hard_link(source, backup),
            Step::Trade => self.trade((source, seen.source), (aside, seen.aside)),
            Step::TradeBack => self.trade((source, seen.source), (backup, seen.backup)),
            Step::MoveOut => self.shift((source, seen.source), backup),
            Step::MoveIn => self.shift((aside, seen.aside), target),
            Step::PutBack => self.shift((backup, seen.backup), source),
            Step::TakeResult => self.shift((target, seen.target), aside),
            Step::TakeBackup => self.shift((backup, seen.backup), aside),
            Step::Rescue => self.shift((aside, seen.aside), backup),
            Step::Unlink => fs::remove_file(backup),
            Step::Clear => fs::remove_file(aside),
            Step::Finish(_) => Ok(()),
        }
    }

    /// The name that a step moves a file to, where it moves one.
    fn goes_to(&self, step: Step) -> Option<&Path> {
        match step {
            Step::MoveOut | Step::Rescue => Some(&self.backup),
            Step::MoveIn => Some(&self.target),
            Step::PutBack => Some(&self.source),
            Step::TakeResult | Step::TakeBackup => Some(&self.aside),
            Step::Link
            | Step::Trade
            | Step::TradeBack
            | Step::Unlink
            | Step::Clear
            | Step::Finish(_) => None,
        }
    }

    fn at(&self, path: &Path) -> io::Result<Thing> {
        look(path, &self.original, &self.result)
    }

    /// Moves what is meant to a free name. Whoever put another file there at the last instant has it back.
    fn shift(&self, (from, meant): (&Path, Thing), to: &Path) -> io::Result<()> {
        rename_new(from, to)?;
        if self.at(to)? == meant {
            return Ok(());
        }
        rename_new(to, from)
    }

    /// Trades, and back again where it was not with what was meant.
    fn trade(&self, (one, here): (&Path, Thing), (other, there): (&Path, Thing)) -> io::Result<()> {
        trade(one, other)?;
        if (self.at(one)?, self.at(other)?) == (there, here) {
            return Ok(());
        }
        trade(one, other)
    }
}

/// Steps that a disk may have no way for, where another way leads to the same.
fn needs_both(step: Step) -> bool {
    matches!(step, Step::Link | Step::Trade | Step::TradeBack)
}

/// Disks without hard links say that it is not permitted, and Linux says so for files of others; disks made of several
/// say that the two names are not on one.
fn refuses_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::TooManyLinks
            | io::ErrorKind::CrossesDevices
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a disk without hard links and trading: by renames that replace nothing.
    #[test]
    fn without_trading_it_goes_by_renames() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("film.mkv"), "the film").unwrap();
        fs::write(at(".part"), "its result").unwrap();
        let swap = Swap {
            source: at("film.mkv"),
            target: at("film.mkv"),
            backup: at("film.mkv.bak"),
            aside: at(".part"),
            original: Identity::of(&at("film.mkv")).unwrap(),
            result: Identity::of(&at(".part")).unwrap(),
        };
        let way = |goal| {
            let mut steps = Vec::new();
            let end = swap
                .go(goal, false, false, |step| steps.push(step))
                .unwrap();
            assert_eq!(end, End::Done);
            steps
        };
        let text = |name: &str| fs::read_to_string(at(name)).unwrap_or_default();
        assert_eq!(way(Goal::Replace), [Step::MoveOut, Step::MoveIn]);
        assert_eq!(
            (text("film.mkv"), text("film.mkv.bak")),
            ("its result".to_owned(), "the film".to_owned())
        );
        assert_eq!(
            way(Goal::Undo),
            [Step::TakeResult, Step::PutBack, Step::Clear]
        );
        assert_eq!(text("film.mkv"), "the film");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// As on a disk that knows no better way, on which the process was killed while it took a name.
    #[test]
    fn an_empty_file_that_a_step_has_left_is_no_other_file() {
        for (goal, begun, at) in [
            (Goal::Replace, Step::MoveOut, "film.mkv.bak"),
            (Goal::Replace, Step::MoveIn, "film.mp4"),
            (Goal::Undo, Step::PutBack, "film.mkv"),
            (Goal::Undo, Step::TakeResult, ".part"),
            (Goal::Delete, Step::TakeBackup, ".part"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let name = |name: &str| folder.path().join(name);
            fs::write(name("film.mkv"), "the film").unwrap();
            fs::write(name(".part"), "its result").unwrap();
            let swap = Swap {
                source: name("film.mkv"),
                target: name("film.mp4"),
                backup: name("film.mkv.bak"),
                aside: name(".part"),
                original: Identity::of(&name("film.mkv")).unwrap(),
                result: Identity::of(&name(".part")).unwrap(),
            };
            if goal != Goal::Replace {
                assert_eq!(swap.run(Goal::Replace, None, |_| {}).unwrap(), End::Done);
            }
            if begun == Step::TakeResult {
                fs::rename(name("film.mkv.bak"), name("film.mkv")).unwrap();
            }
            fs::write(name(at), "").unwrap();
            let end = swap.run(goal, Some(begun), |_| {}).unwrap();
            assert_eq!(end, End::Done, "{begun:?}");
            // Where no step was on its way there, and where there is something in it, it is somebody's.
            fs::write(name(at), "").unwrap();
            swap.clear_placeholder(Step::Link).unwrap();
            assert!(name(at).exists(), "{begun:?}");
            fs::write(name(at), "theirs").unwrap();
            swap.clear_placeholder(begun).unwrap();
            assert!(name(at).exists(), "{begun:?}");
        }
    }
}
