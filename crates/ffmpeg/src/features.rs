//! What an ffmpeg says it is and can do: its version, encoders, filters, muxers.
//!
//! A listed encoder is a promise of the build, not of the machine: [`crate::trial`] asks that.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use media::Encoder;
use media::filter::Skill;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, Take};
use tokio::process::ChildStdout;

use crate::child::{Run, RunError, Sink};

/// More than any listing has.
const LISTING_MAX: u64 = 4 << 20;

/// The oldest ffmpeg that has every option the recipe needs (`-fps_mode`).
pub const OLDEST: (u32, u32) = (5, 1);
/// The libavcodec of that ffmpeg, by which builds without a release number are told.
const OLDEST_LIBAVCODEC: (u32, u32) = (59, 37);

/// An ffmpeg's version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its own words: `n9.0.2-17-g2a571b6068`, `5.1.9-0+deb12u1`, `N-109542-gcf2e5cd`.
    pub text: String,
    /// Release, major and minor; `None` for builds between releases.
    pub release: Option<(u32, u32)>,
    /// Version of its libavcodec, major and minor.
    pub libavcodec: Option<(u32, u32)>,
}

/// What a build lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Encoders of any kind, by ffmpeg's names.
    pub encoders: BTreeSet<String>,
    /// Filters.
    pub filters: BTreeSet<String>,
    /// Muxers (a name of several, as `matroska`, counts each).
    pub muxers: BTreeSet<String>,
    /// Bitstream filters.
    pub bitstream_filters: BTreeSet<String>,
}

impl Version {
    /// Reads what `ffmpeg -version` prints; `None` if that is not an ffmpeg's answer.
    #[must_use]
    pub fn parse(answer: &str) -> Option<Self> {
        let first = answer.lines().next()?.strip_prefix("ffmpeg version ")?;
        let text = first.split_whitespace().next()?.to_owned();
        let library = |line: &str| {
            let numbers = line.trim_start().strip_prefix("libavcodec")?;
            let numbers: String = numbers.chars().filter(|c| !c.is_whitespace()).collect();
            two_numbers(&numbers)
        };
        Some(Self {
            release: release(&text),
            libavcodec: answer.lines().find_map(library),
            text,
        })
    }

    /// Whether it lacks options that every run needs. A build that does not say how old it is
    /// counts as new.
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        match (self.release, self.libavcodec) {
            (Some(release), _) => release < OLDEST,
            (None, Some(library)) => library < OLDEST_LIBAVCODEC,
            (None, None) => false,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match self.release {
            Some(_) => Ok(()),
            None => f.write_str(" (a build between releases)"),
        }
    }
}

/// `n9.0.2-17-g…` and `5.1.9-0+deb12u1` name a release; `N-109542-g…`, `git-2024-…` and
/// `2023-03-05-git-…` do not.
fn release(text: &str) -> Option<(u32, u32)> {
    two_numbers(text.strip_prefix('n').unwrap_or(text))
}

/// The leading `major.minor` of a dotted number.
fn two_numbers(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

impl Features {
    /// Whether the build has this encoder.
    #[must_use]
    pub fn lists(&self, encoder: Encoder) -> bool {
        self.encoders.contains(encoder.name())
    }

    /// What it can do to a picture before it is encoded, and the first filter that it lacks for all of it.
    #[must_use]
    pub fn skill(&self) -> (Skill, Option<&'static str>) {
        Skill::of(|name| self.filters.contains(name))
    }

    /// Asks an ffmpeg for all its listings.
    ///
    /// # Errors
    /// [`RunError`] if it does not answer.
    pub async fn ask(ffmpeg: &Path) -> Result<Self, RunError> {
        let (encoders, filters, muxers, bitstream_filters) = tokio::try_join!(
            answer(ffmpeg, "-encoders"),
            answer(ffmpeg, "-filters"),
            answer(ffmpeg, "-muxers"),
            answer(ffmpeg, "-bsfs"),
        )?;
        Ok(Self {
            encoders: coders(&encoders),
            filters: names(&filters, 2),
            muxers: names(&muxers, 1),
            bitstream_filters: bitstream_filters
                .lines()
                .skip(1)
                .map(|l| l.trim().into())
                .collect(),
        })
    }
}

/// How long an ffmpeg may think about a question: a virus scanner may hold its first start.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an ffmpeg prints on standard output when asked one question.
pub(crate) async fn answer(ffmpeg: &Path, question: &str) -> Result<String, RunError> {
    let answered = tokio::time::timeout(PATIENCE, ask(ffmpeg, question)).await;
    let silent = || io::Error::new(io::ErrorKind::TimedOut, "it did not answer");
    answered.unwrap_or_else(|_| Err(silent().into()))
}

async fn ask(ffmpeg: &Path, question: &str) -> Result<String, RunError> {
    let mut running = Run::new(ffmpeg)
        .args(["-hide_banner", "-nostdin", question])
        .sink(Sink::Pipe)
        .start()?;
    let mut text = Vec::new();
    if let Some(stdout) = running.stdout.take() {
        let mut stdout: Take<ChildStdout> = stdout.take(LISTING_MAX);
        stdout.read_to_end(&mut text).await?;
    }
    running.finish().await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Names in `-encoders`: ` V....D libx264   description`, below a line of dashes.
fn coders(listing: &str) -> BTreeSet<String> {
    let below = listing
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("---"))
        .skip(1);
    let name = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    below.filter_map(name).collect()
}

/// Names in `-filters` and `-muxers`: flags, then a name (or several with commas between).
/// `flags` is how many characters the flags have at least; headings have none.
fn names(listing: &str, flags: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in listing.lines() {
        let mut words = line.split_whitespace();
        let (Some(mark), Some(name)) = (words.next(), words.next()) else {
            continue;
        };
        let is_flags =
            mark.len() >= flags && mark.chars().all(|c| c == '.' || c.is_ascii_uppercase());
        if is_flags && name != "=" {
            found.extend(name.split(',').map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str, libavcodec: &str) -> Version {
        let answer = format!(
            "ffmpeg version {text} Copyright (c) 2000-2026 the FFmpeg developers\n\
             built with gcc 16.2.0\nlibavutil      57. 28.100 / 57. 28.100\n{libavcodec}"
        );
        Version::parse(&answer).unwrap()
    }

    #[test]
    fn releases_and_builds_between_them() {
        for (text, release, old) in [
            ("n9.0.2-17-g2a571b6068-20260930", Some((9, 0)), false),
            ("5.1.9-0+deb12u1", Some((5, 1)), false),
            ("5.0.3", Some((5, 0)), true),
            ("4.4.2-0ubuntu0.22.04.1", Some((4, 4)), true),
            ("n10.1", Some((10, 1)), false),
            ("7.1-essentials_build-www.gyan.dev", Some((7, 1)), false),
            ("N-109542-gcf2e5cd", None, false),
            ("git-2020-08-31-4a11a6f", None, false),
            (
                "2023-03-05-git-912ac82a3c-full_build-www.gyan.dev",
                None,
                false,
            ),
        ] {
            let version = version(text, "");
            assert_eq!(
                (version.release, version.is_too_old()),
                (release, old),
                "{text}"
            );
            assert_eq!(version.text, text);
        }
    }

    #[test]
    fn builds_between_releases_are_told_by_their_library() {
        let old = version(
            "git-2020-08-31-4a11a6f",
            "libavcodec     58.101.101 / 58.101.101",
        );
        assert!(old.is_too_old());
        let new = version(
            "N-109542-gcf2e5cd",
            "libavcodec     59. 37.100 / 59. 37.100",
        );
        assert!(!new.is_too_old());
        assert_eq!(new.libavcodec, Some((59, 37)));
        assert_eq!(
            new.to_string(),
            "N-109542-gcf2e5cd (a build between releases)"
        );
    }

    #[test]
    fn what_is_no_ffmpeg_has_no_version() {
        for answer in [
            "",
            "ffprobe version 5.1",
            "command not found",
            "ffmpeg version ",
        ] {
            assert_eq!(Version::parse(answer), None, "{answer:?}");
        }
    }

    #[test]
    fn listings() {
        let encoders = "Encoders:\n V..... = Video\n ------\n V....D libx264   x (codec h264)\n A....D aac  AAC\n";
        assert_eq!(
            coders(encoders),
            BTreeSet::from(["libx264".into(), "aac".into()])
        );
        let filters = "Filters:\n  T.. = Timeline support\n  | = Source or sink filter\n ... settb   V->V  Set\n TSC trim  V->V\n .S xpsnr VV->V\n";
        let names_found = names(filters, 2);
        assert_eq!(
            names_found,
            BTreeSet::from(["settb".into(), "trim".into(), "xpsnr".into()])
        );
        let muxers = "File formats:\n D. = Demuxing supported\n .E = Muxing supported\n --\n  E matroska        Matroska\n  E mov,mp4   x\n";
        let names_found = names(muxers, 1);
        assert_eq!(
            names_found,
            BTreeSet::from(["matroska".into(), "mov".into(), "mp4".into()])
        );
    }
}
