//! The torture set: what is filmed, and what is true of each clip.

/// Files that are damaged, cut short, locked, or no film at all.
mod broken;
/// Sound, subtitles, chapters, fonts and covers.
mod carried;
/// H.264 in its many shapes.
mod h264;
/// HEVC, and what only HEVC clips carry: high dynamic range.
mod hevc;
/// Every other codec.
mod others;
/// Clocks: variable rates, odd starts, jumps and wraps.
mod timing;

use std::path::PathBuf;

use anyhow::Result;

use crate::film::Film;
use crate::recipe::{Recipe, Shoot, Step};

/// One file of the set.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Its name in lists and in test names.
    pub name: &'static str,
    /// How it is made.
    pub recipe: Recipe,
    /// What is known of it without decoding it.
    pub truth: Truth,
}

/// What a clip's maker knows of its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// So many frames, numbered 0, 1, 2 …, with a timeline that can be kept.
    Whole(u32),
    /// Frames in rising order with gaps in the numbers, because the rate varies: so many are there.
    Gaps(u32),
    /// What a whole decode gives is all there is to know: the file is damaged, or cut in mid-film.
    AsDecoded,
    /// So many frames; the file's own times are missing or broken, and the film is steady, at this many frames in so
    /// many seconds. `joins` times the clock jumps.
    Mended {
        /// Number of frames.
        frames: u32,
        /// Frames in [`Self::Mended::seconds`] seconds.
        rate: u32,
        /// Seconds that hold [`Self::Mended::rate`] frames.
        seconds: u32,
        /// How many breaks in the clock there are; the distance of the two frames at a break is free.
        joins: u32,
    },
    /// There is no film to encode.
    NoFilm,
}

impl Clip {
    /// The file, made now if nobody has made it before.
    ///
    /// # Errors
    /// If the making fails.
    pub fn file(&self) -> Result<PathBuf> {
        self.recipe.make()
    }
}

/// Every clip, in the order of the modules.
#[must_use]
pub fn all() -> Vec<Clip> {
    [
        h264::clips(),
        hevc::clips(),
        others::clips(),
        timing::clips(),
        carried::clips(),
        broken::clips(),
    ]
    .concat()
}

/// The clip of this name.
///
/// # Errors
/// If there is none.
pub fn named(name: &str) -> Result<Clip> {
    let found = all().into_iter().find(|clip| clip.name == name);
    found.ok_or_else(|| anyhow::anyhow!("no clip is called {name}"))
}

/// A clip whose file has the clip's own name.
fn clip(name: &'static str, truth: Truth, steps: Vec<Step>) -> Clip {
    Clip {
        name,
        recipe: Recipe { file: name, steps },
        truth,
    }
}

/// A clip of one call of ffmpeg: a film, and a sound that is as long and AAC where `codec` names no other.
fn shot(name: &'static str, film: &Film, codec: &str) -> Clip {
    let sound = match codec.contains("-c:a") {
        true => "",
        false if name.ends_with(".webm") => "-c:a libopus -b:a 64k",
        false => "-c:a aac -b:a 96k",
    };
    let step = Shoot::new()
        .film(film)
        .sound(0, film.seconds())
        .with(codec)
        .with(sound)
        .save(name);
    clip(name, Truth::Whole(film.frames), vec![step])
}

/// A clip of one call of ffmpeg without sound.
fn silent(name: &'static str, film: &Film, codec: &str) -> Clip {
    clip(
        name,
        Truth::Whole(film.frames),
        vec![Shoot::new().film(film).with(codec).save(name)],
    )
}
