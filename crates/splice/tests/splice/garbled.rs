//! Donors that lie: real segments cut short and changed in thousands of ways, none of which may
//! panic, hang or be believed beyond the file's own size.

use std::fs;
use std::io::Cursor;

use splice::{Joined, Limits, Part, Timing, scan};

use crate::lab::Film;

/// A stream of numbers that is the same in every run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        (number % bound as u64) as usize
    }
}

/// Changes one to three places of `file`, or its length.
fn garble(file: &mut Vec<u8>, numbers: &mut Numbers) {
    // Half of the changes hit the headers: the first kilobyte, and each fragment's.
    let moofs = file
        .windows(4)
        .enumerate()
        .filter(|(_, four)| four == b"moof");
    let mut near: Vec<usize> = moofs.map(|(at, _)| at).collect();
    near.push(0);
    for _ in 0..=numbers.below(3) {
        let anywhere = numbers.below(file.len());
        let header = near[numbers.below(near.len())] + numbers.below(1024);
        let at = if numbers.below(2) == 0 {
            anywhere
        } else {
            header.min(file.len() - 1)
        };
        match numbers.below(6) {
            0 => file[at] ^= 1 << numbers.below(8),
            1 => file[at] = [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
            2 => file
                .iter_mut()
                .skip(at)
                .take(4)
                .for_each(|byte| *byte = 0xff),
            3 => file.iter_mut().skip(at).take(4).for_each(|byte| *byte = 0),
            4 => file.truncate(at.max(1)),
            _ => drop(file.drain(at..(at + 1 + numbers.below(9)).min(file.len()))),
        }
        if file.is_empty() {
            file.push(0);
        }
    }
}

#[test]
fn thousands_of_garbled_segments_are_errors_or_segments_but_never_panics() {
    let film = Film::steady(12, 30_000);
    let encoders = [
        "-c:v libx264 -preset veryfast -g 6",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none -g 6",
        "-c:v libsvtav1 -preset 12 -g 6",
    ];
    let (mut refused, mut taken) = (0, 0);
    for (seed, encoder) in (1_u64..).zip(encoders) {
        let segment = film.segment(0, 12, encoder);
        let file = fs::read(&segment.path).unwrap();
        let mut numbers = Numbers(seed);
        for _ in 0..2000 {
            let mut file = file.clone();
            garble(&mut file, &mut numbers);
            match through(&file, &segment.expected) {
                true => taken += 1,
                false => refused += 1,
            }
        }
    }
    // Both must happen, or the changes are not the ones that this test is about.
    assert!(
        refused > 1500 && taken > 100,
        "{refused} refused, {taken} taken"
    );
}

/// Everything that is done with a stranger's file; whether all of it succeeded.
fn through(file: &[u8], expected: &[i64]) -> bool {
    let Ok(track) = scan(Cursor::new(file), Limits::default()) else {
        return false;
    };
    let bytes: u64 = track
        .samples()
        .iter()
        .map(|sample| u64::from(sample.size))
        .sum();
    assert!(
        bytes <= file.len() as u64,
        "more was believed than is there"
    );
    let _ = (track.entry().colour(), track.entry().pixel_aspect());
    let parts = vec![Part {
        track,
        expected_pts: expected.to_vec(),
    }];
    let timing = Timing {
        shift: 64 * 30_000,
        last_duration: None,
    };
    let Ok(joined) = Joined::plan(parts, timing) else {
        return false;
    };
    joined
        .write_part(&mut Vec::new(), 0, Cursor::new(file), |_| ())
        .is_ok()
}

#[test]
fn every_cut_of_a_real_segment_is_refused() {
    let film = Film::steady(12, 30_000);
    let segment = film.segment(0, 12, "-c:v libx264 -preset veryfast -g 6");
    let file = fs::read(&segment.path).unwrap();
    let last_fragment = file.windows(4).rposition(|four| four == b"mdat").unwrap();
    for end in (0..last_fragment).step_by(7) {
        let track = scan(Cursor::new(&file[..end]), Limits::default());
        let checked = track.map(|track| track.check(&segment.expected));
        assert!(
            !matches!(checked, Ok(Ok(()))),
            "cut at {end} of {}",
            file.len()
        );
    }
}
