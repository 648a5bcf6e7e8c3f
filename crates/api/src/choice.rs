//! What the user wants made of a file. No machine is named here, and no ffmpeg argument.

use serde::{Deserialize, Serialize};

use crate::filters::Filters;
use crate::path::FilePath;

/// What is wanted. Everything has a default, so `{}` is a complete choice: smaller, balanced, same look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// What the output is for; decides codec, container and quality where these are not given.
    pub purpose: Purpose,
    /// The codec, where the purpose's own is not wanted.
    pub codec: Option<Codec>,
    /// The encoder's own quality number (CRF or the like); lower is better and larger. 0..=63.
    pub quality: Option<u8>,
    /// How long to try for a smaller file of the same quality.
    pub speed: Speed,
    /// One encoder on every computer, or each computer's fastest.
    pub encoders: Encoders,
    /// What becomes of the sound, where "copied if the container takes it" is not wanted.
    pub audio: Option<Audio>,
    /// Kilobits a second for sound that is encoded; 16..=640.
    pub audio_kbps: Option<u16>,
    /// The container, where the purpose's own is not wanted.
    pub container: Option<Container>,
    /// What is changed about the picture.
    pub filters: Filters,
    /// The output file; only with a single input.
    pub output: Option<FilePath>,
    /// The folder for outputs, else beside each source.
    pub out_dir: Option<FilePath>,
    /// Where outputs go, if neither `output` nor `out_dir` says it.
    pub place: Place,
    /// Wait until this many other computers are there.
    pub wait_for: u32,
    /// Use this computer only.
    pub only_here: bool,
    /// Another computer owns the job: the film is sent there, worked on there, and the result comes back.
    pub on: Option<On>,
    /// Decode the whole result here, rather than trust what the donors' decodes prove.
    pub paranoid: bool,
    /// Keep the job's working files when it ends.
    pub keep_temp: bool,
    /// Agree to everything that [`crate::Inspection::losses`] says will be lost or look different.
    pub yes: bool,
}

/// The computer that owns a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct On {
    /// Its id, the first four or more digits of it, or its name.
    pub computer: String,
    /// This computer helps with it, even while it does not donate.
    pub participate: bool,
    /// The result stays there until it is fetched.
    pub leave: bool,
}

/// What the output is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// *Plays everywhere*: H.264, 8 bit, MP4.
    Everywhere,
    /// *Smaller*: HEVC.
    #[default]
    Smaller,
    /// *Smallest*: AV1, slow.
    Smallest,
    /// *Keep quality*: as good as the source to the eye.
    Keep,
}

/// A video codec that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// H.264 (AVC).
    H264,
    /// H.265 (HEVC).
    Hevc,
    /// AV1.
    Av1,
}

/// How much time the encoder takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// Done sooner, somewhat larger.
    Fast,
    /// In between.
    #[default]
    Balanced,
    /// Takes longer, somewhat smaller.
    Slow,
}

/// Which encoders may work on one film.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Encoders {
    /// *Same look*: one software encoder, the same everywhere.
    #[default]
    Same,
    /// *Fastest*: each computer's fastest encoder of the codec.
    Any,
}

/// What becomes of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Audio {
    /// Kept as it is.
    Copy,
    /// Encoded to Opus.
    Opus,
    /// Encoded to AAC.
    Aac,
}

impl Choice {
    /// Whether the same comes of both. Having agreed to losses is not part of what is made.
    #[must_use]
    pub fn makes_the_same(&self, other: &Self) -> bool {
        let agreed = |choice: &Self| Self {
            yes: true,
            ..choice.clone()
        };
        agreed(self) == agreed(other)
    }
}

/// Where an output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Place {
    /// Beside the source, under a name of its own.
    #[default]
    Beside,
    /// Into another tree of folders, where it stands as its source stands in its own, under the source's name.
    Tree {
        /// The folder that all sources are in.
        root: FilePath,
        /// The other one; folders that are missing in it are made.
        into: FilePath,
    },
    /// In the source's place, once it is proved and decoded whole. The original is kept as `.bak`.
    InPlace {
        /// For how long; `null`: as it is set.
        #[serde(default)]
        keep: Option<Keep>,
    },
}

/// How long the original of a file that was replaced is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Until somebody deletes it.
    Always,
    /// So many days; 1..=3650.
    Days(u32),
    /// It is deleted once the result is in its place.
    Never,
}

impl Default for Keep {
    fn default() -> Self {
        Self::Days(30)
    }
}

/// The kind of output file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// Matroska.
    Mkv,
    /// MP4, ready to stream.
    Mp4,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_is_a_choice() {
        let choice: Choice = serde_json::from_str("{}").unwrap();
        assert_eq!(choice, Choice::default());
        assert_eq!(choice.purpose, Purpose::Smaller);
    }

    #[test]
    fn a_word_not_known_is_refused() {
        assert!(serde_json::from_str::<Choice>("{\"purpos\":\"keep\"}").is_err());
        assert!(serde_json::from_str::<Choice>("{\"purpose\":\"nicer\"}").is_err());
    }
}
