//! What a program may want made of a film.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::shown;

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
    /// The output file on this computer, in full. Needs the scope `files`.
    #[schema(max_length = 4096)]
    pub output_path: Option<String>,
    /// The folder for the output on this computer, in full, else beside the source. Needs the scope `files`.
    #[schema(max_length = 4096)]
    pub output_folder: Option<String>,
    /// Wait until this many other computers are there.
    #[schema(minimum = 0, maximum = 1000)]
    pub wait_for: u32,
    /// Use this computer only.
    pub only_here: bool,
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
            output_path: one.output.as_ref().map(shown),
            output_folder: one.out_dir.as_ref().map(shown),
            wait_for: one.wait_for,
            only_here: one.only_here,
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
            output: one.output_path.map(Into::into),
            out_dir: one.output_folder.map(Into::into),
            wait_for: one.wait_for,
            only_here: one.only_here,
            paranoid: one.paranoid,
            keep_temp: one.keep_temp,
            yes: one.accept_losses,
        }
    }
}
