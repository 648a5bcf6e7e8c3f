//! What this machine encodes with: proved by trial, measured, remembered.

use ffmpeg::hardware;
use ffmpeg::tools::Tool;
use ffmpeg::trial::{Measurement, Trials, Unusable};
use media::argv::Allowance;
use media::choice::{Choice, Encoders};
use media::encoder::{Codec, Encoder, Family};
use media::filter::{Chain, Skill};
use media::spec::PixelFormat;
use plan::order::Order;
use schedule::{EncoderId, Needs, Offer};
use store::Store;

use crate::status::EncoderStatus;

/// Pixels of a 1080p frame.
pub(crate) const FULL_HD: f64 = 1920.0 * 1080.0;
/// Speed with ten-bit pictures against eight-bit ones.
pub(crate) const DEEP: f64 = 0.7;
/// Kilopixels of a 1080p frame: turns frames a second into the scheduler's work a second.
const FRAME_1080P: f64 = FULL_HD / 1000.0;

/// What works here and how fast.
#[derive(Clone, Debug, Default)]
pub(crate) struct Abilities {
    list: Vec<Ability>,
    /// What this ffmpeg can do to a picture before it is encoded.
    skill: Skill,
    /// The processors they are held to, where those are not all.
    cores: Option<u8>,
}

/// One working encoder.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ability {
    encoder: Encoder,
    fps_1080p: f64,
    seats: u8,
    threads: Option<u8>,
    /// It also takes 10-bit pictures.
    ten_bit: bool,
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
        let known: Vec<Measurement> = rows
            .into_iter()
            .filter_map(|row| serde_json::from_value(row.value).ok())
            .filter(|m: &Measurement| !m.is_outdated(&version, &fingerprint))
            .collect();
        let mut abilities = Self {
            skill: tool.features.skill().0,
            ..Self::default()
        };
        for measurement in known {
            abilities.add(measurement);
        }
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
            .flat_map(|a| {
                offers(
                    a.encoder,
                    a.ten_bit,
                    a.fps_1080p,
                    u32::from(a.seats),
                    self.skill,
                )
            })
            .collect()
    }

    /// What can be done to a picture here before it is encoded.
    pub fn skill(&self) -> Skill {
        self.skill
    }

    /// Whether `encoder` takes 10-bit pictures here.
    pub fn ten_bit(&self, encoder: Encoder) -> bool {
        self.list.iter().any(|a| a.encoder == encoder && a.ten_bit)
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

    /// Encoder threads of one seat, and the processors it is held to.
    pub fn allowance(&self, encoder: Encoder) -> Allowance {
        let found = self.list.iter().find(|a| a.encoder == encoder);
        Allowance {
            threads: found.and_then(|a| a.threads),
            cores: self.cores,
        }
    }

    /// The same as far as others may have it: on at most `cores` of this machine's processors.
    #[must_use]
    pub fn shared(&self, cores: Option<u32>) -> Self {
        let all = hardware::threads();
        let Some(cores) = cores
            .and_then(|cores| u8::try_from(cores).ok())
            .filter(|cores| *cores < all)
        else {
            return self.clone();
        };
        let cores = cores.max(1);
        Self {
            list: self
                .list
                .iter()
                .map(|ability| ability.on(cores, all))
                .collect(),
            skill: self.skill,
            cores: Some(cores),
        }
    }

    /// Segments that may be encoded here at once.
    pub fn seats(&self) -> u8 {
        self.list.iter().map(|a| a.seats).max().unwrap_or(1).max(1)
    }

    /// The same, and how many of them with only so many processors, which others may have.
    pub fn all_and_given(&self, cores: Option<u32>) -> (u8, u8) {
        (self.seats(), self.shared(cores).seats())
    }

    /// So many segments at once, each on one thread.
    #[must_use]
    pub fn with_workers(mut self, workers: u32) -> Self {
        let seats = u8::try_from(workers.clamp(1, 64)).unwrap_or(64);
        for ability in &mut self.list {
            ability.seats = seats;
            ability.threads = Some(1);
            ability.measured = true;
        }
        self
    }

    /// Takes a new measurement in; one at 10 bit only adds that to its encoder.
    pub fn add(&mut self, measurement: Measurement) {
        let deep = measurement.pixel_format.depth() == 10;
        let known = self
            .list
            .iter_mut()
            .find(|a| a.encoder == measurement.encoder);
        match known {
            Some(ability) if deep => ability.ten_bit = true,
            Some(ability) => {
                *ability = Ability {
                    ten_bit: ability.ten_bit,
                    ..Ability::from(measurement)
                }
            }
            None => self.list.push(Ability {
                ten_bit: deep,
                ..Ability::from(measurement)
            }),
        }
    }

    /// An encoder turned out not to work.
    pub fn remove(&mut self, encoder: Encoder) {
        self.list.retain(|a| a.encoder != encoder);
    }
}

impl Ability {
    /// What is left of it on `cores` processors of `all`. A graphics card's own work is not bounded by them.
    fn on(&self, cores: u8, all: u8) -> Self {
        if self.encoder.family() != Family::Software {
            return Self {
                threads: Some(cores),
                ..*self
            };
        }
        let seats = self.seats.min(cores);
        Self {
            seats,
            threads: Some(cores / seats),
            fps_1080p: self.fps_1080p * f64::from(cores) / f64::from(all),
            ..*self
        }
    }
}

impl From<Measurement> for Ability {
    fn from(m: Measurement) -> Self {
        Self {
            encoder: m.encoder,
            fps_1080p: m.fps_1080p,
            seats: m.seats.max(1),
            threads: m.threads,
            ten_bit: false,
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
        ten_bit: true,
        measured: false,
    }
}

/// An encoder's offers to the scheduler: one for 8-bit pictures, one more where it takes 10-bit ones, which are about a
/// third slower; and the same again for films whose pictures are filtered, as far as that is possible there. Those are
/// slower, too, and by how much only they show.
pub(crate) fn offers(
    encoder: Encoder,
    ten_bit: bool,
    fps_1080p: f64,
    seats: u32,
    skill: Skill,
) -> Vec<Offer> {
    let speed = (fps_1080p * FRAME_1080P).max(1.0);
    let mut list = Vec::new();
    for able in Skill::ALL.into_iter().filter(|able| *able <= skill) {
        let offer = |deep, speed| Offer {
            encoder: id(encoder, deep, able),
            speed,
            seats: seats.max(1),
        };
        list.push(offer(false, speed));
        if ten_bit {
            list.push(offer(true, speed * DEEP));
        }
    }
    list
}

/// Numbers of one skill, in which encoders are counted.
const OF_A_SKILL: u16 = 256;

/// An encoder's number in the scheduler: even for 8-bit pictures, odd for 10-bit ones, and others for each skill.
pub(crate) fn id(encoder: Encoder, deep: bool, skill: Skill) -> EncoderId {
    let at = Encoder::ALL.iter().position(|e| *e == encoder).unwrap_or(0);
    let skilled = Skill::ALL.iter().position(|s| *s == skill).unwrap_or(0);
    let number = |n: usize| u16::try_from(n).unwrap_or(0);
    EncoderId(number(skilled) * OF_A_SKILL + number(at * 2 + usize::from(deep)))
}

/// And back.
pub(crate) fn encoder(id: EncoderId) -> Encoder {
    Encoder::ALL
        .get(usize::from(id.0 % OF_A_SKILL / 2))
        .copied()
        .unwrap_or(Encoder::X264)
}

/// The encoders that may work on a film of `format` with these filters: hardware only where its layout is 4:2:0, and
/// only SVT-AV1 where there is to be film grain.
pub(crate) fn candidates(codec: Codec, format: PixelFormat, filters: &Chain) -> Vec<EncoderId> {
    let grain = filters.grain.is_some();
    let fits = |e: &&Encoder| {
        e.codec() == codec
            && (format.is_420() || e.family() == Family::Software)
            && (!grain || **e == Encoder::SvtAv1)
    };
    Encoder::ALL
        .iter()
        .filter(fits)
        .map(|e| id(*e, format.depth() == 10, filters.skill()))
        .collect()
}

/// Which encoders may work on a film.
pub(crate) fn needs(choice: &Choice, order: &Order) -> Needs {
    let (codec, format, filters) = (choice.codec(), order.pixel_format(), order.filters());
    match choice.encoders {
        Encoders::Same => {
            let deep = format.depth() == 10;
            Needs::Exactly(id(codec.software(), deep, filters.skill()))
        }
        Encoders::Any => Needs::AnyOf(candidates(codec, format, filters)),
    }
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
                let deep = Measurement {
                    pixel_format: PixelFormat::Yuv420p10,
                    ..measurement.clone()
                };
                tell(Trial::Works(measurement));
                if trials
                    .try_out(encoder, PixelFormat::Yuv420p10)
                    .await
                    .is_ok()
                {
                    remember(store, &deep).await;
                    tell(Trial::Works(deep));
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ability(encoder: Encoder, seats: u8) -> Ability {
        Ability {
            encoder,
            fps_1080p: 80.0,
            seats,
            threads: None,
            ten_bit: true,
            measured: true,
        }
    }

    #[test]
    fn a_share_bounds_seats_threads_and_promises() {
        let share = |cores| {
            let on = ability(Encoder::X265, 4).on(cores, 16);
            (on.seats, on.threads, on.fps_1080p)
        };
        assert_eq!(share(8), (4, Some(2), 40.0));
        assert_eq!(share(6), (4, Some(1), 30.0));
        assert_eq!(share(2), (2, Some(1), 10.0));
        let card = ability(Encoder::ALL[3], 3);
        assert_ne!(card.encoder.family(), Family::Software);
        assert_eq!((card.on(2, 16).seats, card.on(2, 16).fps_1080p), (3, 80.0));
    }

    #[test]
    fn an_encoder_is_found_by_its_number_whatever_it_can_do_beside() {
        let mut numbers = std::collections::BTreeSet::new();
        for one in Encoder::ALL {
            for (deep, skill) in [false, true]
                .into_iter()
                .flat_map(|deep| Skill::ALL.map(|s| (deep, s)))
            {
                let id = id(*one, deep, skill);
                assert_eq!(encoder(id), *one);
                assert!(numbers.insert(id.0), "{one} {deep} {skill:?}");
            }
        }
        let unskilled = offers(Encoder::X265, true, 20.0, 1, Skill::None);
        let needed = id(Encoder::X265, true, Skill::Picture);
        assert!(unskilled.iter().all(|offer| offer.encoder != needed));
        let skilled = offers(Encoder::X265, true, 20.0, 1, Skill::ToneMap);
        assert!(skilled.iter().any(|offer| offer.encoder == needed));
    }

    #[test]
    fn all_of_it_is_as_it_was() {
        let list = vec![ability(Encoder::X264, 2)];
        let skill = Skill::Picture;
        let whole = Abilities {
            list,
            skill,
            cores: None,
        };
        let all = u32::from(hardware::threads());
        for cores in [None, Some(all), Some(all + 5), Some(1000)] {
            let shared = whole.shared(cores);
            assert_eq!(shared.list, whole.list, "{cores:?}");
            assert_eq!(shared.allowance(Encoder::X264), Allowance::default());
        }
    }
}
