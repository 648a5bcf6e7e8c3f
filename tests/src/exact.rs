//! What *exact* means, frame by frame, as a comparison of two readings.
//!
//! Every frame that one whole decode of the source gives is in the output, in order, once. Its time equals the source's:
//! to the tick in MP4, rounded to a millisecond in Matroska; less one constant shift where a transport or program
//! stream's start is removed; on a mended timeline where the source's own is broken.

use crate::frames::Reading;

/// The container that was written, which decides how exact a time can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// MP4: any tick.
    Tick,
    /// Matroska: whole milliseconds.
    Millisecond,
}

/// What the output's times are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeline {
    /// The source's own times.
    Source,
    /// The source's own times, less one constant.
    Shifted,
    /// A steady rate, because the source's times are missing or jump: `rate` frames in `seconds`, but for `joins` places.
    Mended {
        /// Frames in so many seconds.
        rate: u32,
        /// The seconds.
        seconds: u32,
        /// How many distances between neighbours may be anything above nothing and below a second.
        joins: u32,
    },
}

/// How far two small grey pictures of one frame may lie apart, as the mean of the differences in grey levels. An encode at
/// a low quality stays below 3, a hasty one of 10-bit AV1 reaches 6; a lost range and another scene lie above.
const PICTURE: f64 = 9.0;

/// A nanosecond count that no rounding has touched: ticks × numerator × 10⁹ over the denominator, as a fraction.
type Exact = (i128, i128);

/// Every way in which `output` is not exactly `source`; nothing if it is.
#[must_use]
pub fn differences(
    source: &Reading,
    output: &Reading,
    clock: Clock,
    timeline: Timeline,
) -> Vec<String> {
    let mut found = numbers(source, output);
    if source.frames.len() == output.frames.len() {
        found.extend(pictures(source, output));
        found.extend(times(source, output, clock, timeline));
    }
    if !output.complaints.is_empty() {
        found.push(format!(
            "decoding the output gave {} errors: {}",
            output.complaints.len(),
            output.complaints[0]
        ));
    }
    found
}

fn numbers(source: &Reading, output: &Reading) -> Vec<String> {
    let mut found = Vec::new();
    let (wanted, got) = (source.numbers(), output.numbers());
    if wanted.len() != got.len() {
        found.push(format!(
            "{} frames, the source has {}",
            got.len(),
            wanted.len()
        ));
    }
    // An illegible source frame is compared by its picture alone.
    let wrong = wanted
        .iter()
        .zip(&got)
        .enumerate()
        .position(|(at, (wanted, got))| match (wanted, got) {
            (None, _) => false,
            (Some(_), None) => !recognised(source, output, at),
            (Some(wanted), Some(got)) => wanted != got,
        });
    if let Some(at) = wrong {
        let show = |number: Option<u32>| {
            number.map_or_else(|| "nothing legible".to_owned(), |it| it.to_string())
        };
        found.push(format!(
            "frame {at} shows {}, the source {}",
            show(got[at]),
            show(wanted[at])
        ));
    }
    found
}

/// Whether a frame with a smeared number is still plainly this one and not its neighbour: at least twice as near to it. Two
/// frames blended are equally near to both; the numbers alone set neighbours some forty grey levels apart.
fn recognised(source: &Reading, output: &Reading, at: usize) -> bool {
    let grey = &output.frames[at].grey;
    let far = |at: usize| {
        source
            .frames
            .get(at)
            .map(|frame| distance(&frame.grey, grey))
    };
    let own = far(at).unwrap_or(f64::MAX);
    let neighbours = [at.checked_sub(1).and_then(far), far(at + 1)];
    neighbours
        .into_iter()
        .flatten()
        .all(|other| own * 2.0 < other)
}

fn pictures(source: &Reading, output: &Reading) -> Option<String> {
    let pairs = source.frames.iter().zip(&output.frames).enumerate();
    let apart = pairs.map(|(at, (wanted, got))| (at, distance(&wanted.grey, &got.grey)));
    let (at, apart) = apart.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (apart > PICTURE)
        .then(|| format!("frame {at} looks different: {apart:.1} grey levels on average"))
}

/// The mean difference of two grey pictures, in grey levels.
fn distance(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.len().max(1) as f64
}

fn times(source: &Reading, output: &Reading, clock: Clock, timeline: Timeline) -> Option<String> {
    let out = ticks(output)?;
    let got: Vec<Exact> = out.iter().map(|&pts| exact(pts, output)).collect();
    if let Some(at) = got
        .windows(2)
        .position(|pair| less(pair[1], pair[0]) || pair[0] == pair[1])
    {
        return Some(format!(
            "the time of frame {} does not come after the one before",
            at + 1
        ));
    }
    match timeline {
        Timeline::Mended {
            rate,
            seconds,
            joins,
        } => steady(&got, output, (rate, seconds, joins)),
        Timeline::Source | Timeline::Shifted => {
            let Some(wanted) = ticks(source) else {
                return Some("the source has frames without a time".to_owned());
            };
            let wanted: Vec<Exact> = wanted.iter().map(|&pts| exact(pts, source)).collect();
            kept(&wanted, &got, clock, timeline == Timeline::Shifted)
        }
    }
}

/// All times, if every frame has one.
fn ticks(reading: &Reading) -> Option<Vec<i64>> {
    reading.frames.iter().map(|frame| frame.pts).collect()
}

fn kept(wanted: &[Exact], got: &[Exact], clock: Clock, shifted: bool) -> Option<String> {
    let moved: Vec<Exact> = wanted
        .iter()
        .zip(got)
        .map(|(&wanted, &got)| minus(got, wanted))
        .collect();
    let half: Exact = match clock {
        Clock::Tick => (0, 1),
        Clock::Millisecond => (500_000, 1),
    };
    let show = |at: usize| {
        format!(
            "frame {at} is {:.6} ms from its time",
            approximate(moved[at]) / 1e6
        )
    };
    if !shifted {
        return moved
            .iter()
            .position(|&moved| less(half, magnitude(moved)))
            .map(show);
    }
    // One constant must bring all within half a millisecond: the spread is at most a whole one.
    let (mut low, mut high) = (0, 0);
    for at in 0..moved.len() {
        low = if less(moved[at], moved[low]) { at } else { low };
        high = if less(moved[high], moved[at]) {
            at
        } else {
            high
        };
    }
    let spread = minus(*moved.get(high)?, moved[low]);
    less((2 * half.0, half.1), spread)
        .then(|| format!("no constant shift: {}, {}", show(low), show(high)))
}

fn steady(
    got: &[Exact],
    output: &Reading,
    (rate, seconds, joins): (u32, u32, u32),
) -> Option<String> {
    let nominal: Exact = (i128::from(seconds) * 1_000_000_000, i128::from(rate));
    // Times rounded to ticks on either side of a step: less than a tick off.
    let tick = exact(1, output);
    let mut broken = Vec::new();
    for (at, pair) in got.windows(2).enumerate() {
        let step = minus(pair[1], pair[0]);
        if less(tick, magnitude(minus(step, nominal))) {
            if !less(step, (1_000_000_000, 1)) {
                return Some(format!(
                    "frame {} comes {:.3} s after the one before",
                    at + 1,
                    approximate(step) / 1e9
                ));
            }
            broken.push(at + 1);
        }
    }
    (broken.len() > joins as usize).then(|| format!("the film is not steady at frames {broken:?}"))
}

fn exact(pts: i64, reading: &Reading) -> Exact {
    (
        i128::from(pts) * i128::from(reading.time_base.0) * 1_000_000_000,
        i128::from(reading.time_base.1),
    )
}

fn minus(a: Exact, b: Exact) -> Exact {
    (a.0 * b.1 - b.0 * a.1, a.1 * b.1)
}

fn less(a: Exact, b: Exact) -> bool {
    a.0 * b.1 < b.0 * a.1
}

fn magnitude(a: Exact) -> Exact {
    (a.0.abs(), a.1)
}

fn approximate(a: Exact) -> f64 {
    a.0 as f64 / a.1 as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{Frame, Look};

    fn reading(time_base: (i64, i64), times: &[i64]) -> Reading {
        let frame = |(at, pts): (usize, &i64)| Frame {
            pts: Some(*pts),
            number: Some(at as u32),
            grey: vec![100; 4],
        };
        Reading {
            time_base,
            rate: (25, 1),
            frames: times.iter().enumerate().map(frame).collect(),
            look: Look::default(),
            extras: Default::default(),
            complaints: Vec::new(),
        }
    }

    #[test]
    fn times_are_compared_across_time_bases() {
        let source = reading((1, 90_000), &[0, 3_600, 7_200]);
        let equal = reading((1, 12_800), &[0, 512, 1_024]);
        assert_eq!(
            differences(&source, &equal, Clock::Tick, Timeline::Source),
            [""; 0]
        );
        let late = reading((1, 12_800), &[0, 512, 1_025]);
        assert_eq!(
            differences(&source, &late, Clock::Tick, Timeline::Source).len(),
            1
        );
    }

    #[test]
    fn matroska_may_round_and_no_more() {
        let source = reading((1, 90_000), &[0, 3_003, 6_006]);
        let rounded = reading((1, 1_000), &[0, 33, 67]);
        assert_eq!(
            differences(&source, &rounded, Clock::Millisecond, Timeline::Source),
            [""; 0]
        );
        assert_eq!(
            differences(&source, &rounded, Clock::Tick, Timeline::Source).len(),
            1
        );
        let cut = reading((1, 1_000), &[0, 33, 66]);
        assert_eq!(
            differences(&source, &cut, Clock::Millisecond, Timeline::Source).len(),
            1
        );
    }

    #[test]
    fn a_shift_is_constant_or_wrong() {
        let source = reading((1, 90_000), &[126_000, 129_600, 133_200]);
        let shifted = reading((1, 90_000), &[0, 3_600, 7_200]);
        assert_eq!(
            differences(&source, &shifted, Clock::Tick, Timeline::Shifted),
            [""; 0]
        );
        assert_eq!(
            differences(&source, &shifted, Clock::Tick, Timeline::Source).len(),
            1
        );
        let drifting = reading((1, 90_000), &[0, 3_600, 7_201]);
        assert_eq!(
            differences(&source, &drifting, Clock::Tick, Timeline::Shifted).len(),
            1
        );
    }

    #[test]
    fn a_mended_film_is_steady_but_for_its_joins() {
        let source = reading((1, 1_000), &[5, 5, 5, 5]);
        let rule = |joins| Timeline::Mended {
            rate: 25,
            seconds: 1,
            joins,
        };
        let mended = reading((1, 1_000), &[0, 40, 100, 140]);
        assert_eq!(
            differences(&source, &mended, Clock::Millisecond, rule(1)),
            [""; 0]
        );
        assert_eq!(
            differences(&source, &mended, Clock::Millisecond, rule(0)).len(),
            1
        );
        let jump = reading((1, 1_000), &[0, 40, 1_100, 1_140]);
        assert_eq!(
            differences(&source, &jump, Clock::Millisecond, rule(1)).len(),
            1
        );
    }

    #[test]
    fn an_illegible_output_frame_is_found_and_an_illegible_source_frame_compared_by_eye() {
        let source = reading((1, 25), &[0, 1, 2]);
        let mut output = source.clone();
        output.frames[1].number = None;
        assert_eq!(
            differences(&source, &output, Clock::Tick, Timeline::Source).len(),
            1
        );
        assert_eq!(
            differences(&output, &source, Clock::Tick, Timeline::Source),
            [""; 0]
        );
        let mut other = source.clone();
        other.frames[1].grey = vec![180; 4];
        assert_eq!(
            differences(&output, &other, Clock::Tick, Timeline::Source).len(),
            1
        );
    }
}
