//! How a clip is made, as data; and the making of it, once, into a cache that later runs share.
//!
//! The cache lies under `target/torture`. Its key is the recipe itself and the ffmpeg that follows it, so a changed recipe
//! is a new clip. A clip is made in a folder of its own and renamed into place, so tests running side by side, in one
//! process or in several, at worst make it twice.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::film::{Film, sound};
use crate::forge::Forge;
use crate::tool;

/// Changes whenever the code below makes other bytes of the same recipe.
const EDITION: u32 = 2;

/// One thing done in the making of a clip, in its folder.
#[derive(Debug, Clone)]
pub enum Step {
    /// One call of ffmpeg.
    Ffmpeg(Vec<String>),
    /// Keeps the first part of a file, in thousandths of its length.
    Truncate {
        /// The file to cut.
        from: &'static str,
        /// The file that is written.
        to: &'static str,
        /// How much is kept, in thousandths.
        keep: u64,
    },
    /// Overwrites bytes in the middle of a file with noise.
    Damage {
        /// The file to damage.
        from: &'static str,
        /// The file that is written.
        to: &'static str,
        /// Where each burst starts, in thousandths of the length.
        at: &'static [u64],
        /// How many bytes a burst spoils.
        bytes: usize,
    },
    /// Puts files behind each other, byte by byte.
    Join {
        /// The files, in order.
        from: &'static [&'static str],
        /// The file that is written.
        to: &'static str,
    },
    /// Writes a text.
    Text {
        /// The file that is written.
        to: &'static str,
        /// What is written.
        text: &'static str,
    },
    /// Bytes that no ffmpeg writes.
    Forge {
        /// The file that is read; empty for none.
        from: &'static str,
        /// The file that is written.
        to: &'static str,
        /// What is done.
        how: Forge,
    },
}

/// The steps that make one file, and its name.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The name of the finished file within its folder.
    pub file: &'static str,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Recipe {
    /// The finished file, made now if nobody has made it before.
    ///
    /// # Errors
    /// If a step fails or the cache cannot be written.
    pub fn make(&self) -> Result<PathBuf> {
        let cache = tool::checkout().join("target/torture");
        let folder = cache.join(self.key());
        let file = folder.join(self.file);
        if file.exists() {
            return Ok(file);
        }
        fs::create_dir_all(&cache)?;
        let workshop = tempfile::Builder::new()
            .prefix(".making-")
            .tempdir_in(&cache)?;
        for step in &self.steps {
            step.take(workshop.path())
                .with_context(|| format!("cannot make {}", self.file))?;
        }
        self.keep_only_the_file(workshop.path())?;
        match fs::rename(workshop.path(), &folder) {
            Ok(()) => drop(workshop.keep()),
            // Somebody else was quicker, with the same bytes.
            Err(_) if file.exists() => {}
            Err(error) => return Err(error).context("cannot put the clip in its place"),
        }
        Ok(file)
    }

    fn key(&self) -> String {
        let text = format!("{EDITION}\n{}\n{self:?}", tool::version());
        let digest = Sha256::digest(text.as_bytes());
        let digest: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!(
            "{}-{digest}",
            self.file
                .replace(|sign: char| !sign.is_ascii_alphanumeric(), "_")
        )
    }

    fn keep_only_the_file(&self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name() != self.file {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Step {
    fn take(&self, folder: &Path) -> Result<()> {
        match self {
            Self::Ffmpeg(arguments) => drop(tool::must(tool::ffmpeg(), arguments, folder)?),
            Self::Truncate { from, to, keep } => {
                let bytes = fs::read(folder.join(from))?;
                let length = bytes.len() as u64 * keep / 1000;
                fs::write(folder.join(to), &bytes[..usize::try_from(length)?])?;
            }
            Self::Damage {
                from,
                to,
                at,
                bytes,
            } => {
                let mut content = fs::read(folder.join(from))?;
                damage(&mut content, at, *bytes)?;
                fs::write(folder.join(to), content)?;
            }
            Self::Join { from, to } => {
                let mut whole = Vec::new();
                for part in *from {
                    whole.extend(fs::read(folder.join(part))?);
                }
                fs::write(folder.join(to), whole)?;
            }
            Self::Text { to, text } => fs::write(folder.join(to), text)?,
            Self::Forge { from, to, how } => {
                let input = if from.is_empty() {
                    Vec::new()
                } else {
                    fs::read(folder.join(from))?
                };
                fs::write(folder.join(to), how.strike(&input)?)?;
            }
        }
        Ok(())
    }
}

fn damage(content: &mut [u8], at: &[u64], bytes: usize) -> Result<()> {
    let mut noise = 0x2545_f491_4f6c_dd1du64;
    for place in at {
        let start = usize::try_from(content.len() as u64 * place / 1000)?;
        for byte in content.iter_mut().skip(start).take(bytes) {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            *byte = noise.to_le_bytes()[0];
        }
    }
    Ok(())
}

/// Writes down one call of ffmpeg.
#[derive(Debug, Clone, Default)]
pub struct Shoot {
    arguments: Vec<String>,
}

impl Shoot {
    /// A call with no input yet.
    #[must_use]
    pub fn new() -> Self {
        let quiet = ["-v", "error", "-nostdin", "-y"];
        Self {
            arguments: quiet.into_iter().map(str::to_owned).collect(),
        }
    }

    /// With a film as the next input.
    #[must_use]
    pub fn film(mut self, film: &Film) -> Self {
        self.push(["-f", "lavfi", "-i", &film.graph()]);
        self
    }

    /// With a sound as the next input.
    #[must_use]
    pub fn sound(mut self, track: u32, seconds: u32) -> Self {
        self.push(["-f", "lavfi", "-i", &sound(track, seconds)]);
        self
    }

    /// With a file as the next input.
    #[must_use]
    pub fn input(mut self, file: &str) -> Self {
        self.push(["-i", &format!("file:{file}")]);
        self
    }

    /// With arguments that hold no blanks themselves.
    #[must_use]
    pub fn with(mut self, arguments: &str) -> Self {
        self.push(arguments.split_whitespace());
        self
    }

    /// With one argument as it stands.
    #[must_use]
    pub fn word(mut self, argument: &str) -> Self {
        self.push([argument]);
        self
    }

    /// The step that writes this file.
    #[must_use]
    pub fn save(mut self, file: &str) -> Step {
        self.push([format!("file:{file}").as_str()]);
        Step::Ffmpeg(self.arguments)
    }

    fn push<'a>(&mut self, arguments: impl IntoIterator<Item = &'a str>) {
        self.arguments
            .extend(arguments.into_iter().map(str::to_owned));
    }
}
