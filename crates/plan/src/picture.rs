//! Are these the source's pictures? Counts and timestamps cannot tell: 201 of 360 frames were
//! once right with every timestamp right. Two small grey pictures can.

/// What comparing a window of frames shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Each frame of the result is its frame of the source.
    Same {
        /// Mean squared error of the worst frame, in squared grey levels.
        worst: f64,
    },
    /// The result runs ahead or behind by so many frames.
    Shifted(i32),
    /// A frame of the result has nothing to do with its frame of the source.
    Different {
        /// Position in the window.
        frame: usize,
        /// Mean squared error.
        error: f64,
    },
    /// The same pictures in other brightness or contrast: a range or a curve was lost on the way.
    Regraded {
        /// Grey levels by which the result is off where that is worst.
        levels: f64,
    },
    /// Not as many frames as expected could be decoded: source, result, expected.
    Missing(usize, usize, usize),
}

/// Neighbours compared on both sides.
const REACH: i32 = 2;
/// A neighbour must fit so much better than the frame itself to be called the right one.
const CLEARLY: f64 = 0.6;
/// Below this mean squared error two pictures are alike, whatever their neighbours are:
/// 30 grey levels squared, 33 dB.
const ALIKE: f64 = 30.0;
/// The coarse picture keeps its grey levels through every encode: means of so many neighbours in a line, an eighth of
/// the width.
const COARSE: usize = 20;
/// Mean squared error of the coarse picture that no encode of it has: 86 was the most of noise, moving patterns and
/// cellular automata at the worst quality there is, 28 at the worst that anybody chooses.
const COARSELY_ALIKE: f64 = 130.0;
/// The same as a share of the picture's variance: where black and white change places quickly, fast AV1 smears up to
/// 0.027 of it.
const COARSELY_ALIKE_SHARE: f64 = 0.06;
/// A frame that is not alike, and that a neighbour fits so much better, has changed places with it: 0.43 was the least
/// of those encodes.
const IN_ITS_PLACE: f64 = 0.2;
/// Two windows follow one another so closely that a straight line between their grey levels means something.
const FOLLOWS: f64 = 0.99;
/// Off by more than this many grey levels somewhere between the darkest and the brightest, they were regraded:
/// full range taken for limited is off by 16, the coarsest encodes seen are off by 3.
const REGRADED: f64 = 7.0;

/// Compares `result` with `source`, frame by frame; both must have `expected` frames.
///
/// A frame is wrong where its error is as large as the picture's own variance (nothing of it
/// was predicted), where its coarse picture is another one, or where a neighbour has its place; the
/// window is shifted where its frames fit a neighbour clearly better, and it is regraded where its grey levels lie on another line than the source's.
#[must_use]
pub fn compare(source: &[Vec<u8>], result: &[Vec<u8>], expected: usize) -> Verdict {
    if source.len() != expected || result.len() != expected {
        return Verdict::Missing(source.len(), result.len(), expected);
    }
    let own: Vec<f64> = source
        .iter()
        .zip(result)
        .map(|(s, r)| error(s, r))
        .collect();
    if let Some(shift) = shift(source, result, &own) {
        return Verdict::Shifted(shift);
    }
    let different = |is: &dyn Fn(usize) -> bool| {
        let frame = (0..expected).find(|frame| is(*frame))?;
        let error = own[frame];
        Some(Verdict::Different { frame, error })
    };
    let nothing_of_it = |at: usize| own[at] > 0.9 * variance(&source[at]) + ALIKE;
    let another = |at: usize| {
        let coarsely = error_of(&coarse(&source[at]), &coarse(&result[at]));
        let most = COARSELY_ALIKE.max(COARSELY_ALIKE_SHARE * variance(&source[at]));
        coarsely > most || is_of_a_neighbour(source, at, &result[at], own[at])
    };
    if let Some(verdict) = different(&nothing_of_it) {
        return verdict;
    }
    if let Some(levels) = regraded(source, result) {
        return Verdict::Regraded { levels };
    }
    if let Some(verdict) = different(&another) {
        return verdict;
    }
    Verdict::Same {
        worst: own.iter().copied().fold(0.0, f64::max),
    }
}

/// A result is clearly the film without a filter where it is that much nearer to it than to the film with the filter.
/// Its encode takes away what filters that smooth take away, and so never comes nearer to the film without them by itself.
const NEARER: f64 = 0.5;
/// One that sharpens is undone by an encode that smooths, but not so much: what an encode takes, it takes wholly.
const NEARER_UNSHARPENED: f64 = 0.15;
/// Filters that change less than this, in grey levels squared, cannot be told from none.
const CHANGED: f64 = 1.0;

/// Whether `result` clearly shows `plain`, the film's pictures pixel by pixel, and not `filtered`, what filters make of
/// them, sharpening among it or not. Where the two hardly differ, or the encode is coarser than their difference, there
/// is no saying.
#[must_use]
pub fn is_unfiltered(
    filtered: &[Vec<u8>],
    plain: &[Vec<u8>],
    result: &[Vec<u8>],
    sharpened: bool,
) -> bool {
    let nearer = if sharpened {
        NEARER_UNSHARPENED
    } else {
        NEARER
    };
    let sum =
        |a: &[Vec<u8>], b: &[Vec<u8>]| -> f64 { a.iter().zip(b).map(|(a, b)| error(a, b)).sum() };
    let frames = filtered.len().min(plain.len()).min(result.len());
    let changed = sum(filtered, plain) > CHANGED * frames as f64;
    frames > 0 && changed && sum(result, plain) < sum(result, filtered) * nearer
}

/// Means of neighbours: what is left of a picture where all detail is lost.
fn coarse(picture: &[u8]) -> Vec<f64> {
    let mean = |run: &[u8]| {
        let sum: u64 = run.iter().map(|p| u64::from(*p)).sum();
        sum as f64 / run.len() as f64
    };
    picture.chunks(COARSE).map(mean).collect()
}

/// Whether the result's frame is a neighbour's of its frame in the source.
fn is_of_a_neighbour(source: &[Vec<u8>], frame: usize, result: &[u8], own: f64) -> bool {
    let reach = usize::try_from(REACH).unwrap_or(0);
    let neighbours = frame.saturating_sub(reach)..source.len().min(frame + reach + 1);
    own > ALIKE
        && neighbours
            .filter(|at| *at != frame)
            .any(|at| error(&source[at], result) < own * IN_ITS_PLACE)
}

fn shift(source: &[Vec<u8>], result: &[Vec<u8>], own: &[f64]) -> Option<i32> {
    (-REACH..=REACH).filter(|by| *by != 0).find(|by| {
        let pairs: Vec<(f64, f64)> = own
            .iter()
            .enumerate()
            .filter_map(|(at, own)| {
                let other = usize::try_from(i32::try_from(at).ok()? + by).ok()?;
                Some((error(source.get(other)?, &result[at]), *own))
            })
            .collect();
        let theirs: f64 = pairs.iter().map(|(their, _)| their).sum();
        let ours: f64 = pairs.iter().map(|(_, own)| own).sum();
        let least = pairs.len() as f64 * 2.0;
        !pairs.is_empty()
            && ours > least
            && theirs < ours * CLEARLY
            && pairs.iter().all(|(t, o)| t <= o)
    })
}

/// By how much the line through all grey levels of the window leaves the source's, at most, where it does.
fn regraded(source: &[Vec<u8>], result: &[Vec<u8>]) -> Option<f64> {
    let pairs = || {
        let frames = source.iter().zip(result);
        frames.flat_map(|(s, r)| s.iter().zip(r).map(|(s, r)| (f64::from(*s), f64::from(*r))))
    };
    let count = pairs().count() as f64;
    let sums = pairs().fold((0.0, 0.0), |(a, b), (s, r)| (a + s, b + r));
    let (mean_s, mean_r) = (sums.0 / count, sums.1 / count);
    let (mut ss, mut rr, mut sr) = (0.0, 0.0, 0.0);
    let (mut dark, mut bright) = (f64::MAX, f64::MIN);
    for (s, r) in pairs() {
        ss += (s - mean_s).powi(2);
        rr += (r - mean_r).powi(2);
        sr += (s - mean_s) * (r - mean_r);
        (dark, bright) = (dark.min(s), bright.max(s));
    }
    // A plain picture has no line, but it has a level.
    let slope = if ss > count { sr / ss } else { 1.0 };
    let follows = ss <= count || sr / (ss * rr).sqrt() >= FOLLOWS;
    let off = |s: f64| (mean_r + (s - mean_s) * slope - s).abs();
    let levels = off(dark).max(off(bright));
    (follows && levels > REGRADED).then_some(levels)
}

/// Mean squared difference of two pictures; of unlike size, the largest there is.
fn error(a: &[u8], b: &[u8]) -> f64 {
    if a.len() != b.len() || a.is_empty() {
        return f64::from(u16::MAX);
    }
    let sum: u64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| u64::from(x.abs_diff(*y)).pow(2))
        .sum();
    sum as f64 / a.len() as f64
}

/// Mean squared difference of two coarse pictures of one size.
fn error_of(a: &[f64], b: &[f64]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum();
    sum / a.len().max(1) as f64
}

fn variance(picture: &[u8]) -> f64 {
    let count = picture.len().max(1) as f64;
    let mean = picture.iter().map(|p| f64::from(*p)).sum::<f64>() / count;
    picture
        .iter()
        .map(|p| (f64::from(*p) - mean).powi(2))
        .sum::<f64>()
        / count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bright bar that moves by `step` each frame.
    fn bars(count: usize, from: usize, step: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|n| {
                let at = (from + n * step) % 140;
                (0..160 * 90)
                    .map(|p| {
                        if (at..at + 20).contains(&(p % 160)) {
                            220
                        } else {
                            40
                        }
                    })
                    .collect()
            })
            .collect()
    }

    fn coarse(pictures: &[Vec<u8>]) -> Vec<Vec<u8>> {
        pictures
            .iter()
            .map(|p| {
                p.iter()
                    .enumerate()
                    .map(|(i, v)| v.saturating_add((i % 7) as u8))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn the_same_film_coarsely_encoded_is_the_same() {
        let source = bars(6, 0, 3);
        assert!(matches!(
            compare(&source, &coarse(&source), 6),
            Verdict::Same { .. }
        ));
    }

    #[test]
    fn one_frame_off_is_seen() {
        let film = bars(8, 0, 3);
        assert_eq!(
            compare(&film[1..7], &coarse(&film[0..6]), 6),
            Verdict::Shifted(-1)
        );
        assert_eq!(
            compare(&film[0..6], &coarse(&film[1..7]), 6),
            Verdict::Shifted(1)
        );
    }

    #[test]
    fn another_film_is_seen() {
        let other: Vec<Vec<u8>> = (0..4)
            .map(|n| {
                (0..160 * 90)
                    .map(|p| ((p * 31 + n * 97) % 251) as u8)
                    .collect()
            })
            .collect();
        assert!(matches!(
            compare(&bars(4, 0, 3), &other, 4),
            Verdict::Different { .. } | Verdict::Shifted(_)
        ));
    }

    /// Its grey levels differ from the film's by less than the film's own do from their mean.
    #[test]
    fn another_film_of_much_contrast_is_seen() {
        let halves = |left: usize| -> Vec<Vec<u8>> {
            let level = |p: usize| if p % 160 < left { 230 } else { 20 };
            vec![(0..160 * 90).map(level).collect(); 4]
        };
        let (film, other) = (halves(80), halves(90));
        assert!(error(&film[0], &other[0]) < 0.9 * variance(&film[0]));
        let verdict = compare(&film, &other, 4);
        assert!(
            matches!(verdict, Verdict::Different { frame: 0, .. }),
            "{verdict:?}"
        );
    }

    #[test]
    fn frames_that_changed_places_are_seen() {
        let film = bars(4, 0, 3);
        let swapped = [1, 0, 3, 2].map(|at: usize| film[at].clone());
        let verdict = compare(&film, &coarse(&swapped), 4);
        assert!(matches!(verdict, Verdict::Different { .. }), "{verdict:?}");
    }

    #[test]
    fn a_still_matches_its_neighbours_and_is_right() {
        let still = bars(5, 10, 0);
        assert!(matches!(
            compare(&still, &coarse(&still), 5),
            Verdict::Same { .. }
        ));
    }

    fn through(pictures: &[Vec<u8>], curve: impl Fn(f64) -> f64) -> Vec<Vec<u8>> {
        let level = |v: &u8| curve(f64::from(*v)).clamp(0.0, 255.0) as u8;
        pictures
            .iter()
            .map(|p| p.iter().map(level).collect())
            .collect()
    }

    #[test]
    fn a_lost_range_is_seen() {
        let film = bars(5, 0, 3);
        let limited = through(&film, |v| 16.0 + v * 219.0 / 255.0);
        assert!(matches!(
            compare(&film, &limited, 5),
            Verdict::Regraded { .. }
        ));
        let full = through(&film, |v| (v - 16.0) * 255.0 / 219.0);
        assert!(matches!(compare(&film, &full, 5), Verdict::Regraded { .. }));
        let plain = vec![vec![100; 160 * 90]; 4];
        let darker = through(&plain, |v| v - 10.0);
        assert!(!matches!(compare(&plain, &darker, 4), Verdict::Same { .. }));
        let hardly = through(&plain, |v| v - 2.0);
        assert!(matches!(compare(&plain, &hardly, 4), Verdict::Same { .. }));
    }

    #[test]
    fn pictures_that_were_not_filtered_are_seen_and_coarse_ones_are_not_accused() {
        let plain = bars(3, 0, 3);
        let noisy = |pictures: &[Vec<u8>], by: u8| -> Vec<Vec<u8>> {
            let noise = |(at, v): (usize, &u8)| v.saturating_add((at * 7 % 5) as u8 * by);
            let of = |p: &Vec<u8>| p.iter().enumerate().map(noise).collect();
            pictures.iter().map(of).collect()
        };
        let filtered = through(&plain, |v| v + 12.0);
        let seen =
            |result: &[Vec<u8>], sharpened| is_unfiltered(&filtered, &plain, result, sharpened);
        assert!(seen(&noisy(&plain, 1), true) && seen(&noisy(&plain, 1), false));
        assert!(!seen(&noisy(&filtered, 1), true) && !seen(&noisy(&filtered, 1), false));
        assert!(!seen(&noisy(&plain, 9), true), "too coarse to tell");
        assert!(
            !is_unfiltered(&plain, &plain, &plain, false),
            "nothing was changed"
        );
    }

    #[test]
    fn a_missing_frame_is_seen() {
        let film = bars(5, 0, 3);
        assert_eq!(compare(&film, &film[..4], 5), Verdict::Missing(5, 4, 5));
    }

    #[test]
    fn one_wrong_frame_in_the_middle_is_seen() {
        let film = bars(6, 0, 20);
        let mut wrong = film.clone();
        wrong[3] = vec![0; 160 * 90]
            .iter()
            .enumerate()
            .map(|(i, _)| if i % 160 > 150 { 255 } else { 0 })
            .collect();
        assert!(matches!(
            compare(&film, &wrong, 6),
            Verdict::Different { frame: 3, .. }
        ));
    }
}
