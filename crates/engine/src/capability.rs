//! What this machine encodes with: proved by trial, measured, remembered.

use ffmpeg::tools::Tool;
use ffmpeg::trial::{Measurement, Trials, Unusable};
use ffmpeg::{hardware, trial};
use media::argv::Allowance;
use media::encoder::{Codec, Encoder};
use media::spec::PixelFormat;
use schedule::{EncoderId, Offer};
use store::Store;

use crate::status::EncoderStatus;

/// Kilopixels of a 1080p frame: turns frames a second into the scheduler's work a second.
const FRAME_1080P: f64 = 1920.0 * 1080.0 / 1000.0;

/// What works here and how fast.
#[derive(Clone, Debug, Default)]
pub(crate) struct Abilities {
    list: Vec<Ability>,
}

/// One working encoder.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ability {
    encoder: Encoder,
    fps_1080p: f64,
    seats: u8,
    threads: Option<u8>,
    measured: bool,
}

impl Abilities {
    /// What was measured here before with this ffmpeg on this hardware, and guesses for the
    /// software encoders that were not.
    pub async fn load(store: &Store, tool: &Tool) -> Self {
        let (version, fingerprint) = (tool.version.text.clone(), hardware::fingerprint());
        let rows = store
            .call(|tables| tables.measurements())
            .await
            .unwrap_or_default();
        let known = rows
            .into_iter()
            .filter_map(|row| serde_json::from_value::<Measurement>(row.value).ok())
            .filter(|m| {
                !m.is_outdated(&version, &fingerprint) && m.pixel_format == PixelFormat::Yuv420p
            });
        let mut abilities = Self {
            list: known.map(Ability::from).collect(),
        };
        for encoder in [Encoder::X264, Encoder::X265, Encoder::SvtAv1] {
            if tool.features.lists(encoder) && !abilities.has(encoder) {
                abilities.list.push(guess(encoder));
            }
        }
        abilities
    }

    /// Whether every encoder the build lists for this machine was measured.
    pub fn is_measured(&self) -> bool {
        !self.list.is_empty() && self.list.iter().all(|a| a.measured)
    }

    /// Whether `encoder` works here.
    pub fn has(&self, encoder: Encoder) -> bool {
        self.list.iter().any(|a| a.encoder == encoder)
    }

    /// For the scheduler.
    pub fn offers(&self) -> Vec<Offer> {
        self.list
            .iter()
            .map(|a| offer(a.encoder, a.fps_1080p, u32::from(a.seats)))
            .collect()
    }

    /// For people.
    pub fn statuses(&self) -> Vec<EncoderStatus> {
        let status = |a: &Ability| EncoderStatus {
            encoder: a.encoder,
            fps_1080p: a.fps_1080p,
            seats: u32::from(a.seats),
        };
        self.list.iter().map(status).collect()
    }

    /// Encoder threads of one seat.
    pub fn allowance(&self, encoder: Encoder) -> Allowance {
        let found = self.list.iter().find(|a| a.encoder == encoder);
        Allowance {
            threads: found.and_then(|a| a.threads),
        }
    }

    /// Segments that may be encoded here at once.
    pub fn seats(&self) -> u8 {
        self.list.iter().map(|a| a.seats).max().unwrap_or(1).max(1)
    }

    /// The encoders of `codec` that work here.
    pub fn of_codec(&self, codec: Codec) -> impl Iterator<Item = Encoder> + '_ {
        self.list
            .iter()
            .map(|a| a.encoder)
            .filter(move |e| e.codec() == codec)
    }

    /// Takes a new measurement in.
    pub fn add(&mut self, measurement: Measurement) {
        self.list.retain(|a| a.encoder != measurement.encoder);
        self.list.push(Ability::from(measurement));
    }

    /// An encoder turned out not to work.
    pub fn remove(&mut self, encoder: Encoder) {
        self.list.retain(|a| a.encoder != encoder);
    }
}

impl From<Measurement> for Ability {
    fn from(m: Measurement) -> Self {
        Self {
            encoder: m.encoder,
            fps_1080p: m.fps_1080p,
            seats: m.seats.max(1),
            threads: m.threads,
            measured: true,
        }
    }
}

/// A software encoder's speed before it was measured: frames of 1080p a second and core at its
/// middle preset, from a 3 GHz desktop core. Real segments correct it within a minute.
fn guess(encoder: Encoder) -> Ability {
    let cores = hardware::threads();
    let each = match encoder.codec() {
        Codec::H264 => 8.0,
        Codec::Hevc => 2.5,
        Codec::Av1 => 9.0,
    };
    let threads = (cores == 1).then_some(1);
    Ability {
        encoder,
        fps_1080p: each * f64::from(cores),
        seats: 1,
        threads,
        measured: false,
    }
}

/// An encoder's offer to the scheduler.
pub(crate) fn offer(encoder: Encoder, fps_1080p: f64, seats: u32) -> Offer {
    Offer {
        encoder: id(encoder),
        speed: (fps_1080p * FRAME_1080P).max(1.0),
        seats: seats.max(1),
    }
}

/// An encoder's number in the scheduler.
pub(crate) fn id(encoder: Encoder) -> EncoderId {
    let at = Encoder::ALL.iter().position(|e| *e == encoder).unwrap_or(0);
    EncoderId(u16::try_from(at).unwrap_or(u16::MAX))
}

/// And back.
pub(crate) fn encoder(id: EncoderId) -> Encoder {
    Encoder::ALL
        .get(usize::from(id.0))
        .copied()
        .unwrap_or(Encoder::X264)
}

/// What one trial found.
#[derive(Debug)]
pub(crate) enum Trial {
    /// It works so fast.
    Works(Measurement),
    /// It does not.
    Unusable(Unusable),
}

/// Tries and measures every encoder the build lists, each at most about ten seconds; `tell`
/// hears of each as it is done.
pub(crate) async fn measure(
    tool: &Tool,
    folder: &std::path::Path,
    store: &Store,
    tell: impl Fn(Trial),
) {
    if std::fs::create_dir_all(folder).is_err() {
        return;
    }
    let trials = Trials::new(tool, folder);
    for encoder in trials.candidates() {
        match trials.measure(encoder, PixelFormat::Yuv420p).await {
            Ok(measurement) => {
                remember(store, &measurement).await;
                tell(Trial::Works(measurement));
            }
            Err(unusable) => tell(Trial::Unusable(unusable)),
        }
    }
    // Clips are scratch.
    let _ = std::fs::remove_dir_all(folder);
}

async fn remember(store: &Store, measurement: &Measurement) {
    let Ok(value) = serde_json::to_value(measurement) else {
        return;
    };
    let row = store::Measurement {
        key: format!(
            "trial:{}:{}",
            measurement.encoder,
            measurement.pixel_format.name()
        ),
        value,
        measured: crate::driver::unix_ms(),
    };
    if let Err(error) = store.call(move |tables| tables.put_measurement(&row)).await {
        tracing::warn!(%error, "a measurement was not stored");
    }
}

/// Tries one encoder with a short clip at the film's pixel format.
pub(crate) async fn works(
    tool: &Tool,
    folder: &std::path::Path,
    encoder: Encoder,
    format: PixelFormat,
) -> Result<(), trial::Unusable> {
    // Made by the caller's workspace; a failure shows in the trial itself.
    let _ = std::fs::create_dir_all(folder);
    Trials::new(tool, folder).try_out(encoder, format).await
}
