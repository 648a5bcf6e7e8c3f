//! What a program may want made of a film.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use axum::http::StatusCode;

use super::extract::in_full;
use super::job::shown;
use super::picture::Filters;
use super::problem::Refused;

/// Enums of this interface whose words are those of [`api`].
macro_rules! same_words {
    ($($(#[doc = $doc:literal])+ $Name:ident { $($(#[doc = $about:literal])+ $Word:ident),+ $(,)? })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
            #[serde(rename_all = "snake_case")]
            pub enum $Name { $($(#[doc = $about])+ $Word),+ }

            impl From<api::$Name> for $Name {
                fn from(one: api::$Name) -> Self {
                    match one { $(api::$Name::$Word => Self::$Word),+ }
                }
            }

            impl From<$Name> for api::$Name {
                fn from(one: $Name) -> Self {
                    match one { $($Name::$Word => Self::$Word),+ }
                }
            }
        )+
    };
}
pub(super) use same_words;

same_words! {
    /// What the output is for; decides codec, container and quality where these are not given.
    Purpose {
        /// Plays everywhere: H.264, 8 bit, MP4.
        Everywhere,
        /// Smaller: HEVC.
        Smaller,
        /// Smallest: AV1.
        Smallest,
        /// As good as the source to the eye.
        Keep,
    }
    /// A video codec.
    Codec {
        /// H.264 (AVC).
        H264,
        /// H.265 (HEVC).
        Hevc,
        /// AV1.
        Av1,
    }
    /// How long to try for a smaller file of the same quality.
    Speed {
        /// Done sooner, somewhat larger.
        Fast,
        /// In between.
        Balanced,
        /// Takes longer, somewhat smaller.
        Slow,
    }
    /// Which encoders may work on one film.
    Encoders {
        /// One software encoder, the same on every computer.
        Same,
        /// Each computer's fastest.
        Any,
    }
    /// What becomes of the sound.
    Audio {
        /// Kept as it is.
        Copy,
        /// Encoded to Opus.
        Opus,
        /// Encoded to AAC.
        Aac,
    }
    /// The kind of output file.
    Container {
        /// Matroska.
        Mkv,
        /// MP4, ready to stream.
        Mp4,
    }
}

/// What is wanted. Everything has a default: `{}` is smaller, balanced, the same encoder everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// What the output is for.
    pub purpose: Purpose,
    /// The codec, where the purpose's own is not wanted.
    pub codec: Option<Codec>,
    /// The encoder's own quality number (CRF or the like); lower is better and larger.
    #[schema(minimum = 0, maximum = 63)]
    pub quality: Option<u8>,
    /// How long to try for a smaller file of the same quality.
    pub speed: Speed,
    /// Which encoders may work on it.
    pub encoders: Encoders,
    /// What becomes of the sound, where "copied if the container takes it" is not wanted.
    pub audio: Option<Audio>,
    /// Kilobits a second for sound that is encoded.
    #[schema(minimum = 16, maximum = 640)]
    pub audio_kbps: Option<u16>,
    /// The container, where the purpose's own is not wanted.
    pub container: Option<Container>,
    /// What is changed about the picture.
    pub filters: Filters,
    /// The output file on this computer, in full. Needs the scope `files`.
    #[schema(max_length = 4096)]
    pub output_path: Option<String>,
    /// The folder for the output on this computer, in full, else beside the source. Needs the scope `files`.
    #[schema(max_length = 4096)]
    pub output_folder: Option<String>,
    /// Where the output goes, if neither of those says it. Anything but `beside` needs the scope `files`.
    pub place: OutputPlace,
    /// Wait until this many other computers are there.
    #[schema(minimum = 0, maximum = 1000)]
    pub wait_for: u32,
    /// Use this computer only.
    pub only_here: bool,
    /// Another computer owns the job: the film is sent there, worked on there, and the result comes back. `null`: this one.
    pub on: Option<On>,
    /// Decode the whole result here, rather than trust what the other computers' decodes prove.
    pub paranoid: bool,
    /// Keep the job's working files when it ends.
    pub keep_temp: bool,
    /// Agree to what the output cannot keep: without it such a film is refused with `would_lose`, which says what.
    pub accept_losses: bool,
}

impl Default for Choice {
    fn default() -> Self {
        api::Choice::default().into()
    }
}

impl Choice {
    /// Whether it is one that can be, as far as its numbers and paths go.
    ///
    /// # Errors
    /// 400 for a number, 422 for a path, with a sentence.
    pub fn check(&self) -> Result<(), Refused> {
        self.filters.check()?;
        let out_of = |text: &str| Err(Refused::new(StatusCode::BAD_REQUEST, text));
        if self.quality.is_some_and(|quality| quality > 63) {
            return out_of("The quality is 0 to 63.");
        }
        if self
            .audio_kbps
            .is_some_and(|kbps| !api::SOUND_KBPS.contains(&kbps))
        {
            return out_of("The sound has 16 to 640 kilobits a second.");
        }
        if self.wait_for > 1000 {
            return out_of("A job waits for at most 1000 computers.");
        }
        let tree = match &self.place {
            OutputPlace::Tree {
                root_path,
                into_path,
            } => [Some(root_path), Some(into_path)],
            OutputPlace::Beside {} | OutputPlace::InPlace { .. } => [None, None],
        };
        let named = [self.output_path.as_ref(), self.output_folder.as_ref()];
        for path in named.into_iter().chain(tree).flatten() {
            in_full(path.clone())?;
        }
        Ok(())
    }
}

impl From<api::Choice> for Choice {
    fn from(one: api::Choice) -> Self {
        Self {
            purpose: one.purpose.into(),
            codec: one.codec.map(Into::into),
            quality: one.quality,
            speed: one.speed.into(),
            encoders: one.encoders.into(),
            audio: one.audio.map(Into::into),
            audio_kbps: one.audio_kbps,
            container: one.container.map(Into::into),
            filters: one.filters.into(),
            output_path: one.output.as_ref().map(shown),
            output_folder: one.out_dir.as_ref().map(shown),
            place: one.place.into(),
            wait_for: one.wait_for,
            only_here: one.only_here,
            on: one.on.map(Into::into),
            paranoid: one.paranoid,
            keep_temp: one.keep_temp,
            accept_losses: one.yes,
        }
    }
}

impl From<Choice> for api::Choice {
    fn from(one: Choice) -> Self {
        Self {
            purpose: one.purpose.into(),
            codec: one.codec.map(Into::into),
            quality: one.quality,
            speed: one.speed.into(),
            encoders: one.encoders.into(),
            audio: one.audio.map(Into::into),
            audio_kbps: one.audio_kbps,
            container: one.container.map(Into::into),
            filters: one.filters.into(),
            output: one.output_path.map(Into::into),
            out_dir: one.output_folder.map(Into::into),
            place: one.place.into(),
            wait_for: one.wait_for,
            only_here: one.only_here,
            on: one.on.map(Into::into),
            paranoid: one.paranoid,
            keep_temp: one.keep_temp,
            yes: one.accept_losses,
        }
    }
}

/// The computer that owns a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// Its id, the first four or more digits of it, or its name.
    #[schema(min_length = 1, max_length = 64)]
    pub peer: String,
    /// This computer helps with it, even while it does not help at all.
    #[serde(default)]
    pub participate: bool,
    /// The result stays there until it is fetched (`POST /jobs/{id}/fetch`).
    #[serde(default)]
    pub leave: bool,
}

impl From<api::On> for On {
    fn from(one: api::On) -> Self {
        Self {
            peer: one.computer,
            participate: one.participate,
            leave: one.leave,
        }
    }
}

impl From<On> for api::On {
    fn from(one: On) -> Self {
        Self {
            computer: one.peer,
            participate: one.participate,
            leave: one.leave,
        }
    }
}

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum OutputPlace {
    /// Beside the source, under a name of its own.
    Beside {},
    /// Into another tree of folders, where it stands as its source stands in its own, under the source's name.
    Tree {
        /// The folder that all sources are in, in full.
        root_path: String,
        /// The other one, in full; folders that are missing in it are made.
        into_path: String,
    },
    /// In the source's place, once it is proved and decoded whole. The original is kept as `.bak`.
    InPlace {
        /// For how long; `null`: as it is set.
        #[serde(default)]
        keep: Option<Keep>,
    },
}

/// How long the original of a film that was replaced is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Until somebody deletes it.
    Always,
    /// So many days; 1 to 3650.
    Days(u32),
    /// It is deleted once the result is in its place.
    Never,
}

impl From<api::Place> for OutputPlace {
    fn from(one: api::Place) -> Self {
        match one {
            api::Place::Beside => Self::Beside {},
            api::Place::Tree { root, into } => Self::Tree {
                root_path: shown(&root),
                into_path: shown(&into),
            },
            api::Place::InPlace { keep } => Self::InPlace {
                keep: keep.map(Into::into),
            },
        }
    }
}

impl From<OutputPlace> for api::Place {
    fn from(one: OutputPlace) -> Self {
        match one {
            OutputPlace::Beside {} => Self::Beside,
            OutputPlace::Tree {
                root_path,
                into_path,
            } => Self::Tree {
                root: root_path.into(),
                into: into_path.into(),
            },
            OutputPlace::InPlace { keep } => Self::InPlace {
                keep: keep.map(Into::into),
            },
        }
    }
}

impl From<api::Keep> for Keep {
    fn from(one: api::Keep) -> Self {
        match one {
            api::Keep::Always => Self::Always,
            api::Keep::Days(days) => Self::Days(days),
            api::Keep::Never => Self::Never,
        }
    }
}

impl From<Keep> for api::Keep {
    fn from(one: Keep) -> Self {
        match one {
            Keep::Always => Self::Always,
            Keep::Days(days) => Self::Days(days),
            Keep::Never => Self::Never,
        }
    }
}
