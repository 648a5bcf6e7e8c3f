//! Placing segments on the source's time line, and giving the whole film one decoding order.

use thiserror::Error;

use crate::entry::SampleEntry;
use crate::track::{Mismatch, Sample, Track};

/// One segment to be joined.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its samples.
    pub track: Track,
    /// When its frames must be shown: ticks of the track's timescale, rising, on the source's
    /// own zero.
    pub expected_pts: Vec<i64>,
}

/// What is common to the whole film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Ticks added to every time, so that none is negative: the frames' own, and the decoding
    /// times that lie up to [`MAX_REORDER`](crate::MAX_REORDER) frames (at most a second in all)
    /// before the first.
    pub shift: i64,
    /// Duration of the film's last sample in ticks; `None` for what the last segment's file says.
    pub last_duration: Option<u32>,
}

/// How a segment's headers relate to those in the joined file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// Its decoder configuration is the one in the head, and no sample carries another.
    Equal,
    /// It is another, or changes within. Proving this segment takes a decode of the joined file.
    Different,
}

/// Why segments cannot be joined. `part` counts from 0.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JoinError {
    /// There is nothing to join.
    #[error("there are no segments to join")]
    Empty,
    /// The segment is not what was asked for.
    #[error("segment {part}: {mismatch}")]
    Mismatch {
        /// Which segment.
        part: usize,
        /// What is wrong with it.
        mismatch: Mismatch,
    },
    /// The segment counts time in other ticks than the first.
    #[error("segment {part} counts {found} ticks a second instead of {expected}")]
    Timescale {
        /// Which segment.
        part: usize,
        /// Ticks a second of the first segment.
        expected: u32,
        /// Ticks a second of this one.
        found: u32,
    },
    /// The segment's codec, picture size, sampling or depth differs from the first's.
    #[error("segment {part} has another {what} than the first")]
    Picture {
        /// Which segment.
        part: usize,
        /// What differs.
        what: &'static str,
    },
    /// The segment does not start after the end of the one before it.
    #[error("segment {part} does not come after the one before it")]
    Order {
        /// Which segment.
        part: usize,
    },
    /// A time cannot be written: negative, or too far from its neighbour for the format.
    #[error("segment {part} has a time that the format cannot hold")]
    Time {
        /// Which segment.
        part: usize,
    },
    /// There are more samples than the format can number.
    #[error("the film has too many frames")]
    TooLong,
}

impl JoinError {
    /// The segment to be encoded again, where one is to blame.
    #[must_use]
    pub fn part(&self) -> Option<usize> {
        match self {
            Self::Empty | Self::TooLong => None,
            Self::Mismatch { part, .. }
            | Self::Timescale { part, .. }
            | Self::Picture { part, .. }
            | Self::Order { part }
            | Self::Time { part } => Some(*part),
        }
    }
}

/// A sample's decoding time and duration in the joined film, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) dts: i64,
    pub(crate) duration: u32,
    pub(crate) cts: i32,
}

/// A segment in its place.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    /// Its times are those of the joined film.
    pub(crate) track: Track,
    pub(crate) headers: Headers,
    /// Samples of the film before this segment's.
    pub(crate) first_sample: u32,
    /// The decoding times of its first samples: as many as frames are reordered.
    lead: Vec<i64>,
    /// The duration of its last sample.
    last_duration: u32,
}

/// Segments that fit together into one film, and how.
///
/// Holds 24 bytes a frame.
#[derive(Clone, Debug)]
pub struct Joined {
    pub(crate) parts: Vec<Placed>,
    pub(crate) entry: SampleEntry,
    pub(crate) timescale: u32,
    pub(crate) in_band: bool,
    reorder: usize,
}

impl Joined {
    /// Checks every segment against what it must be and all of them against each other, and
    /// settles times: every frame gets exactly its `expected_pts` plus `timing.shift`.
    ///
    /// # Errors
    /// The first [`JoinError`]; it names the segment to be encoded again.
    pub fn plan(parts: Vec<Part>, timing: Timing) -> Result<Self, JoinError> {
        let (placed, reorder) = place(parts, timing.shift)?;
        let timescale = placed.first().ok_or(JoinError::Empty)?.track.timescale;
        let mut joined = Self {
            entry: head_entry(&placed).ok_or(JoinError::Empty)?,
            parts: placed,
            timescale,
            in_band: false,
            reorder,
        };
        joined.compare_headers();
        joined.number_samples()?;
        joined.settle_decoding(timing.last_duration)?;
        Ok(joined)
    }

    /// Number of segments.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// How a segment's headers relate to the head's; `None` if there is no such segment.
    #[must_use]
    pub fn headers(&self, part: usize) -> Option<Headers> {
        self.parts.get(part).map(|part| part.headers)
    }

    /// Whether parameter sets stand before every key sample, because some segment's differ.
    #[must_use]
    pub fn in_band(&self) -> bool {
        self.in_band
    }

    /// The joined file's sample entry: the first segment's, with the descriptive boxes (colour,
    /// light levels) that only later ones have.
    #[must_use]
    pub fn entry(&self) -> &SampleEntry {
        &self.entry
    }

    /// Ticks a second.
    #[must_use]
    pub fn timescale(&self) -> u32 {
        self.timescale
    }

    /// How many samples decoding runs ahead of showing.
    #[must_use]
    pub fn reorder(&self) -> usize {
        self.reorder
    }

    /// Samples of the film.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.parts.iter().map(|part| part.track.samples.len()).sum()
    }

    fn compare_headers(&mut self) {
        for part in &mut self.parts {
            part.headers = headers(&self.entry, &part.track);
        }
        let is_different = |part: &Placed| part.headers == Headers::Different;
        self.in_band = self.parts.iter().any(is_different);
    }

    fn number_samples(&mut self) -> Result<(), JoinError> {
        let mut first = 0_u32;
        for part in &mut self.parts {
            part.first_sample = first;
            let count = u32::try_from(part.track.samples.len()).map_err(|_| JoinError::TooLong)?;
            first = first.checked_add(count).ok_or(JoinError::TooLong)?;
        }
        Ok(())
    }

    /// Gives each part the decoding times that it takes over from before it, and its last
    /// duration; then makes sure that every time can be written.
    fn settle_decoding(&mut self, last_duration: Option<u32>) -> Result<(), JoinError> {
        let mut lead = self.times_before_the_first();
        for index in 0..self.parts.len() {
            let next_pts = self
                .parts
                .get(index + 1)
                .and_then(|next| next.track.samples.first());
            let next_pts = next_pts.map(|sample| sample.pts);
            let part = &mut self.parts[index];
            let mut times = std::mem::take(&mut lead);
            part.lead.clone_from(&times);
            times.extend(part.track.sorted_pts());
            let count = part.track.samples.len();
            let next_dts = if self.reorder == 0 {
                next_pts
            } else {
                times.get(count).copied()
            };
            let file_says = part.track.last_duration.max(1);
            part.last_duration = match (next_pts, next_dts) {
                (Some(_), Some(next)) => times[count - 1].abs_diff(next).try_into().unwrap_or(0),
                _ => last_duration.unwrap_or(file_says),
            };
            part.stamps().ok_or(JoinError::Time { part: index })?;
            lead = times.split_off(count);
        }
        Ok(())
    }

    /// Decoding times for the first samples, before any frame is shown: one frame apart, but
    /// no further than keeps all of them within a second.
    fn times_before_the_first(&self) -> Vec<i64> {
        let first = self
            .parts
            .first()
            .map(|part| part.track.sorted_pts())
            .unwrap_or_default();
        let Some(start) = first.first() else {
            return Vec::new();
        };
        let gap = first.get(1).map_or(1, |second| second - start);
        let depth = i64::try_from(self.reorder).unwrap_or(i64::MAX);
        let step = gap.min(i64::from(self.timescale) / depth.max(1)).max(1);
        (1..=depth).rev().map(|back| start - back * step).collect()
    }
}

impl Placed {
    /// The times of this part's samples in decoding order; `None` if one cannot be written.
    pub(crate) fn stamps(&self) -> Option<Vec<Stamp>> {
        let mut times = self.lead.clone();
        times.extend(self.track.sorted_pts());
        let samples = &self.track.samples;
        let stamp = |(index, sample): (usize, &Sample)| {
            let dts = times[index];
            let duration = match samples.get(index + 1) {
                Some(_) => u32::try_from(times[index + 1] - dts).ok()?,
                None => self.last_duration,
            };
            let cts = i32::try_from(sample.pts - dts).ok()?;
            (dts >= 0 && duration > 0 && cts >= 0).then_some(Stamp { dts, duration, cts })
        };
        samples.iter().enumerate().map(stamp).collect()
    }
}

/// The parts on the film's time line, and how deeply the deepest of them is reordered.
fn place(parts: Vec<Part>, shift: i64) -> Result<(Vec<Placed>, usize), JoinError> {
    let mut placed: Vec<Placed> = Vec::with_capacity(parts.len());
    let (mut deepest, mut end) = (0, None);
    for (index, part) in parts.into_iter().enumerate() {
        if let Some(first) = placed.first() {
            check_like(&first.track, index, &part.track)?;
        }
        let track = settle(part, shift, index)?;
        let times = track.sorted_pts();
        if times.first().copied() <= end {
            return Err(JoinError::Order { part: index });
        }
        end = times.last().copied();
        deepest = deepest.max(track.reorder_depth(&times));
        placed.push(Placed {
            track,
            headers: Headers::Equal,
            first_sample: 0,
            lead: Vec::new(),
            last_duration: 0,
        });
    }
    Ok((placed, deepest))
}

fn head_entry(parts: &[Placed]) -> Option<SampleEntry> {
    let mut entry = parts.first()?.track.entry.clone();
    for part in parts {
        entry.fill_from(&part.track.entry);
    }
    Some(entry)
}

fn check_like(first: &Track, part: usize, track: &Track) -> Result<(), JoinError> {
    if track.timescale != first.timescale {
        return Err(JoinError::Timescale {
            part,
            expected: first.timescale,
            found: track.timescale,
        });
    }
    let (first, entry) = (&first.entry, &track.entry);
    let what = if entry.codec() != first.codec() {
        "codec"
    } else if (entry.width, entry.height) != (first.width, first.height) {
        "picture size"
    } else if entry.config.format() != first.config.format() {
        "pixel format"
    } else {
        return Ok(());
    };
    Err(JoinError::Picture { part, what })
}

/// The part's track on the film's time line.
fn settle(part: Part, shift: i64, index: usize) -> Result<Track, JoinError> {
    let Part {
        mut track,
        expected_pts,
    } = part;
    let checked = track.check(&expected_pts);
    checked.map_err(|mismatch| JoinError::Mismatch {
        part: index,
        mismatch,
    })?;
    let time = || JoinError::Time { part: index };
    let zero = track
        .samples
        .iter()
        .map(|sample| sample.pts)
        .min()
        .ok_or_else(time)?;
    let start = expected_pts
        .first()
        .and_then(|pts| pts.checked_add(shift))
        .ok_or_else(time)?;
    for sample in &mut track.samples {
        let pts = sample
            .pts
            .checked_sub(zero)
            .and_then(|pts| pts.checked_add(start));
        // Half the range, so that differences of times never overflow.
        let pts = pts.filter(|pts| (0..=i64::MAX / 2).contains(pts));
        sample.pts = pts.ok_or_else(time)?;
    }
    Ok(track)
}

fn headers(first: &SampleEntry, track: &Track) -> Headers {
    match !track.strays && first.config.decodes_like(&track.entry.config) {
        true => Headers::Equal,
        false => Headers::Different,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Codec;
    use crate::fixture;

    const PLAIN: Timing = Timing {
        shift: 0,
        last_duration: None,
    };

    fn part(pts: &[i64], expected: &[i64]) -> Part {
        Part {
            track: fixture::track(pts),
            expected_pts: expected.to_vec(),
        }
    }

    fn times(joined: &Joined) -> Vec<(i64, i64, u32)> {
        let times = |part: &Placed| {
            let stamps = part.stamps().unwrap().into_iter();
            let rows = stamps.zip(part.track.samples.clone());
            rows.map(|(stamp, sample)| (stamp.dts, sample.pts, stamp.duration))
                .collect::<Vec<_>>()
        };
        joined.parts.iter().flat_map(times).collect()
    }

    #[test]
    fn times_are_the_expected_ones_plus_the_shift() {
        let parts = vec![
            part(&[5, 6, 7], &[100, 101, 102]),
            part(&[0, 9], &[103, 112]),
        ];
        let joined = Joined::plan(
            parts,
            Timing {
                shift: 1000,
                last_duration: Some(4),
            },
        )
        .unwrap();
        let expected = [
            (1100, 1100, 1),
            (1101, 1101, 1),
            (1102, 1102, 1),
            (1103, 1103, 9),
            (1112, 1112, 4),
        ];
        assert_eq!(times(&joined), expected);
        assert_eq!(
            (joined.reorder(), joined.samples(), joined.in_band()),
            (0, 5, false)
        );
    }

    #[test]
    fn decoding_times_are_the_showing_times_one_reorder_earlier() {
        // depth 1, then one frame, then depth 2: the deepest counts for all
        let parts = vec![
            part(&[0, 20, 10], &[0, 10, 20]),
            part(&[0], &[30]),
            part(&[0, 40, 20, 10, 30], &[40, 50, 60, 70, 80]),
        ];
        let joined = Joined::plan(
            parts,
            Timing {
                shift: 500,
                last_duration: Some(10),
            },
        )
        .unwrap();
        assert_eq!(joined.reorder(), 2);
        let times = times(&joined);
        let dts: Vec<i64> = times.iter().map(|time| time.0).collect();
        assert_eq!(dts, [480, 490, 500, 510, 520, 530, 540, 550, 560]);
        assert!(
            times
                .iter()
                .all(|(dts, pts, duration)| pts >= dts && *duration == 10)
        );
    }

    #[test]
    fn unsteady_times_keep_rising() {
        let parts = vec![
            part(&[0, 100, 7], &[0, 7, 100]),
            part(&[0, 1, 500], &[101, 102, 601]),
        ];
        let joined = Joined::plan(
            parts,
            Timing {
                shift: 50,
                last_duration: None,
            },
        )
        .unwrap();
        let dts: Vec<i64> = times(&joined).iter().map(|time| time.0).collect();
        assert_eq!(dts, [43, 50, 57, 150, 151, 152]);
        let durations: Vec<u32> = times(&joined).iter().map(|time| time.2).collect();
        assert_eq!(durations, [7, 7, 93, 1, 1, 1]);
    }

    #[test]
    fn a_shift_too_small_for_decoding_is_refused() {
        let parts = || vec![part(&[0, 200, 100], &[0, 100, 200])];
        assert_eq!(
            Joined::plan(parts(), PLAIN).err(),
            Some(JoinError::Time { part: 0 })
        );
        assert!(
            Joined::plan(
                parts(),
                Timing {
                    shift: 100,
                    last_duration: None
                }
            )
            .is_ok()
        );
    }

    #[test]
    fn the_lead_is_at_most_a_second() {
        let parts = vec![part(&[0, 8_000, 4_000], &[0, 4_000, 8_000])];
        let joined = Joined::plan(
            parts,
            Timing {
                shift: 1000,
                last_duration: None,
            },
        )
        .unwrap();
        assert_eq!(times(&joined)[0].0, 0);
    }

    #[test]
    fn parts_out_of_order_or_overlapping_are_refused() {
        for second in [[10, 11], [2, 3]] {
            let parts = vec![part(&[0, 1, 2], &[10, 11, 12]), part(&[0, 1], &second)];
            assert_eq!(
                Joined::plan(parts, PLAIN).err(),
                Some(JoinError::Order { part: 1 })
            );
        }
    }

    #[test]
    fn a_wrong_frame_names_its_part() {
        let parts = vec![part(&[0], &[0]), part(&[0, 2], &[1, 2])];
        let mismatch = Mismatch::Time {
            index: 1,
            expected: 1,
            found: 2,
        };
        assert_eq!(
            Joined::plan(parts, PLAIN).err(),
            Some(JoinError::Mismatch { part: 1, mismatch })
        );
    }

    #[test]
    fn gaps_that_the_format_cannot_hold_are_refused() {
        let far = i64::from(u32::MAX) + 2;
        let parts = vec![part(&[0, far], &[0, far])];
        assert_eq!(
            Joined::plan(parts, PLAIN).err(),
            Some(JoinError::Time { part: 0 })
        );
        let parts = vec![part(&[0], &[0]), part(&[0], &[far])];
        assert_eq!(
            Joined::plan(parts, PLAIN).err(),
            Some(JoinError::Time { part: 0 })
        );
        let edge = vec![part(&[0, 1], &[i64::MAX - 1, i64::MAX])];
        assert_eq!(
            Joined::plan(edge, PLAIN).err(),
            Some(JoinError::Time { part: 0 })
        );
    }

    #[test]
    fn unlike_parts_are_refused_by_name() {
        let change = |change: fn(&mut Track)| {
            let mut second = part(&[0], &[1]);
            change(&mut second.track);
            Joined::plan(vec![part(&[0], &[0]), second], PLAIN).err()
        };
        let expected = JoinError::Timescale {
            part: 1,
            expected: 1000,
            found: 25,
        };
        assert_eq!(change(|track| track.timescale = 25), Some(expected));
        let picture = |what| Some(JoinError::Picture { part: 1, what });
        assert_eq!(
            change(|track| track.entry.width = 66),
            picture("picture size")
        );
        assert_eq!(
            change(|track| track.entry.config.codec = Codec::Hevc),
            picture("codec")
        );
        assert_eq!(
            change(|track| track.entry.config.format.bit_depth = 10),
            picture("pixel format")
        );
    }

    #[test]
    fn descriptive_boxes_come_from_the_first_part_that_has_them() {
        let (mut second, mut third) = (part(&[0], &[1]), part(&[0], &[2]));
        second.track.entry.kept.push((*b"clli", vec![1, 2, 3, 4]));
        third.track.entry.kept.push((*b"clli", vec![9, 9, 9, 9]));
        let joined = Joined::plan(vec![part(&[0], &[0]), second, third], PLAIN).unwrap();
        assert_eq!(joined.entry().content_light(), Some(&[1, 2, 3, 4][..]));
    }
}
