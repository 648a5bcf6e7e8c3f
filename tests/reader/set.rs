//! Every clip of the set is what its recipe says it is.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use tests::clips::{self, Clip, Truth};
use tests::exact::Timeline;
use tests::frames::Reading;
use tests::verdict::{self, Rule, Seen};

/// How many clips are made at once.
const HANDS: usize = 2;

#[test]
fn every_clip_is_what_its_recipe_says() {
    let all = clips::all();
    assert!(all.len() >= 60, "only {} clips", all.len());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                while let Some(clip) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = check(clip) {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{}: {error:#}", clip.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {} clips:\n{}",
        wrong.len(),
        all.len(),
        wrong.join("\n")
    );
}

fn check(clip: &Clip) -> Result<()> {
    let file = clip.file()?;
    if clip.truth == Truth::NoFilm {
        return Ok(());
    }
    let seen = verdict::see(&file)?;
    let itself = against_itself(clip, &seen)?;
    ensure!(itself.is_empty(), "not exactly itself: {itself:?}");
    let reading = &seen.reading;
    let numbers = reading.numbers();
    match clip.truth {
        Truth::Whole(frames) | Truth::Mended { frames, .. } => {
            let wanted: Vec<Option<u32>> = (0..frames).map(Some).collect();
            ensure!(
                numbers == wanted,
                "{} frames: {}",
                numbers.len(),
                shown(&numbers)
            );
            if matches!(clip.truth, Truth::Whole(_)) {
                pace(reading)?;
            }
        }
        Truth::Gaps(frames) => {
            let rising = numbers.windows(2).all(|pair| pair[0] < pair[1]);
            ensure!(
                rising && numbers.len() == frames as usize,
                "{} frames: {}",
                numbers.len(),
                shown(&numbers)
            );
        }
        Truth::AsDecoded => ensure!(numbers.len() > 40, "{} frames", numbers.len()),
        Truth::NoFilm => {}
    }
    Ok(())
}

/// What the reader has against a file that is held against itself, with nothing to be lost. Damage and broken times are
/// what some clips are made for.
fn against_itself(clip: &Clip, seen: &Seen) -> Result<Vec<String>> {
    let mut rule = Rule::strict(Path::new("itself.mp4"));
    rule.losses.clear();
    if let Truth::Mended {
        frames: _,
        rate,
        seconds,
        joins,
    } = clip.truth
    {
        rule.timeline = Timeline::Mended {
            rate,
            seconds,
            joins,
        };
    }
    let mut found = verdict::differences(seen, seen, &rule)?;
    if !matches!(clip.truth, Truth::Whole(_) | Truth::Gaps(_)) {
        let excused = [
            "decoding the output",
            "time",
            "steady",
            "after the one before",
        ];
        found.retain(|line| !excused.iter().any(|words| line.contains(words)));
    }
    Ok(found)
}

/// Times rise, and no faster or slower than any film of the set.
fn pace(reading: &Reading) -> Result<()> {
    let times: Option<Vec<i64>> = reading.frames.iter().map(|frame| frame.pts).collect();
    let times = times.context("a frame has no time")?;
    ensure!(
        times.windows(2).all(|pair| pair[0] < pair[1]),
        "times do not rise: {times:?}"
    );
    if let (Some(first), Some(last), true) = (times.first(), times.last(), times.len() > 2) {
        let step = reading.seconds(last - first) / (times.len() - 1) as f64;
        ensure!(
            (1.0 / 121.0..0.51).contains(&step),
            "a frame every {step} s"
        );
    }
    Ok(())
}

fn shown(numbers: &[Option<u32>]) -> String {
    let each = numbers
        .iter()
        .map(|number| number.map_or_else(|| "?".to_owned(), |number| number.to_string()));
    each.collect::<Vec<_>>().join(" ")
}
