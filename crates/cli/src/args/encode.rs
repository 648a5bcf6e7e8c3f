//! What can be typed to have films encoded: `encode`'s words, and the wish that other commands take, too.

use std::path::{Path, PathBuf};

use api::{ApiError, Audio, Choice, Codec, Container, Encoders, ErrorCode, Purpose, Speed};
use clap::{Args, ValueEnum};

use super::replacing::PlaceArgs;
use super::{Picture, absolute};

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
    pub place: PlaceArgs,

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Command, Line};
    use api::FilePath;
    use clap::Parser;

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
