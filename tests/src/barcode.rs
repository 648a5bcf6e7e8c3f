//! A frame number burnt into the picture, and how it is read back.
//!
//! The top and the bottom quarter of the picture are black bands of two rows of sixteen cells. The outer row of a band
//! shows a white guard, twelve bits and a remainder of three; the inner row shows the same with black and white exchanged.
//! The top band shows the number and its remainder by 7, the bottom band the number times [`STIR`] and its remainder by 5.
//!
//! A bit is the sign of the difference between a cell and its opposite, so range, transfer curve and brightness do not
//! matter. Hasty encoders smear single cells: a cell without a clear difference says nothing, and the number is the only
//! one that fits all cells that say something. Two blended frames fit two numbers, two frames cut together fit none, and
//! either makes the frame illegible rather than wrong.

use std::fmt::Write;

/// Width of the small grey picture a frame is reduced to for reading, in pixels.
pub const WIDTH: usize = 80;
/// Height of that picture, in pixels.
pub const HEIGHT: usize = 45;
/// One more than the largest number the bands can hold.
pub const LIMIT: u32 = 1 << BITS;

const BITS: u32 = 12;
const CHECKS: u32 = 3;
const COLUMNS: usize = 16;
/// Each row is this part of the picture's height.
const ROWS: usize = 8;
/// An odd factor that makes neighbours differ in many bits, and in other ones than the number itself does.
const STIR: u32 = 1597;
/// The least difference between the two guards, in grey levels, for a band to count as there at all.
const CONTRAST: i32 = 48;
/// The two bands.
const BANDS: [Band; 2] = [
    Band {
        row: 0,
        inverse: 1,
        factor: 1,
        modulus: 7,
    },
    Band {
        row: 7,
        inverse: 6,
        factor: STIR,
        modulus: 5,
    },
];

struct Band {
    /// The row that shows the bits.
    row: usize,
    /// The row that shows them inverted.
    inverse: usize,
    /// The number is multiplied by this, below [`LIMIT`].
    factor: u32,
    /// The remainder that is shown is by this.
    modulus: u32,
}

/// The filters that burn the number of each frame into an 8-bit YUV picture of any size from 64 pixels on.
#[must_use]
pub fn burn() -> String {
    let mut filters = Vec::new();
    for band in &BANDS {
        let top = band.row.min(band.inverse);
        filters.push(format!(
            "drawbox=x=0:y=ih*{top}/{ROWS}:w=iw:h=ih*2/{ROWS}:color=black:t=fill"
        ));
        let bits = format!("mod(n*{},{LIMIT})", band.factor);
        let rest = format!("mod(n,{})", band.modulus);
        filters.extend(pair(band, 0, "1"));
        for bit in 0..BITS {
            filters.extend(pair(
                band,
                1 + bit,
                &format!("bitand({bits},{})", 1 << (BITS - 1 - bit)),
            ));
        }
        for bit in 0..CHECKS {
            filters.extend(pair(
                band,
                1 + BITS + bit,
                &format!("bitand({rest},{})", 1 << (CHECKS - 1 - bit)),
            ));
        }
    }
    filters.join(",")
}

fn pair(band: &Band, column: u32, value: &str) -> [String; 2] {
    let cell = |row: usize, enable: &str| {
        let mut filter =
            format!("drawbox=x=iw*{column}/{COLUMNS}:y=ih*{row}/{ROWS}:w=iw/{COLUMNS}:h=ih/{ROWS}");
        // Writing to a String cannot fail.
        let _ = write!(filter, ":color=white:t=fill:enable='{enable}'");
        filter
    };
    [
        cell(band.row, value),
        cell(band.inverse, &format!("not({value})")),
    ]
}

/// The luma of the bands at a place of a `width` × `height` picture that carries this number; `None` between the bands.
///
/// For pictures that are not drawn by ffmpeg.
#[must_use]
pub fn luma(number: u32, (x, y): (usize, usize), (width, height): (usize, usize)) -> Option<u8> {
    let (column, row) = (x * COLUMNS / width, y * ROWS / height);
    let band = BANDS
        .iter()
        .find(|band| band.row == row || band.inverse == row)?;
    let bit = band.word(number) >> (COLUMNS - 1 - column) & 1;
    Some(if (bit == 1) == (row == band.row) {
        235
    } else {
        16
    })
}

/// Reads the number from a picture of [`WIDTH`] × [`HEIGHT`] grey pixels; `None` where it is not surely legible.
#[must_use]
pub fn read(grey: &[u8]) -> Option<u32> {
    if grey.len() != WIDTH * HEIGHT {
        return None;
    }
    let seen = BANDS.each_ref().map(|band| band.see(grey));
    let fits = |number: &u32| {
        let pairs = BANDS.iter().zip(&seen);
        pairs
            .into_iter()
            .all(|(band, (word, clear))| (band.word(*number) ^ word) & clear == 0)
    };
    let (word, clear) = seen[0];
    if clear == u32::MAX >> (u32::BITS - 1 - BITS - CHECKS) {
        // The usual case: the top band alone names one number.
        return Some(word >> CHECKS & (LIMIT - 1)).filter(fits);
    }
    let mut numbers = (0..LIMIT).filter(fits);
    let number = numbers.next()?;
    numbers.next().is_none().then_some(number)
}

impl Band {
    /// What the band shows for a number: guard, bits, remainder.
    fn word(&self, number: u32) -> u32 {
        let bits = number * self.factor % LIMIT;
        1 << (BITS + CHECKS) | bits << CHECKS | (number % self.modulus)
    }

    /// The bits that are shown, and which of them are clear.
    fn see(&self, grey: &[u8]) -> (u32, u32) {
        let difference = |column| mean(grey, column, self.row) - mean(grey, column, self.inverse);
        let guard = difference(0);
        if guard < CONTRAST {
            return (0, 0);
        }
        let (mut word, mut clear) = (0, 0);
        for column in 0..COLUMNS {
            let difference = difference(column);
            word = word << 1 | u32::from(difference > 0);
            clear = clear << 1 | u32::from(difference.abs() * 2 >= guard);
        }
        (word, clear)
    }
}

/// The brightness at the middle of a cell, in grey levels.
fn mean(grey: &[u8], column: usize, row: usize) -> i32 {
    // The middle of the cell in half pixels, so that 45 / 8 lines a row does not lean to one side.
    let x = (2 * column + 1) * WIDTH / (2 * COLUMNS);
    let y = (2 * row + 1) * HEIGHT / (2 * ROWS);
    let mut sum = 0;
    for line in y - 1..=y + 1 {
        for at in x - 1..=x + 1 {
            sum += i32::from(grey[line * WIDTH + at]);
        }
    }
    sum / 9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(number: u32) -> Vec<u8> {
        let place = |at: usize| (at % WIDTH, at / WIDTH);
        (0..WIDTH * HEIGHT)
            .map(|at| luma(number, place(at), (WIDTH, HEIGHT)).unwrap_or(90))
            .collect()
    }

    #[test]
    fn numbers_are_read_back() {
        for number in (0..LIMIT).step_by(37).chain([1, 2, 3, LIMIT - 1]) {
            assert_eq!(read(&draw(number)), Some(number));
        }
    }

    #[test]
    fn two_blended_frames_are_illegible() {
        for number in [0, 41, 63, 2_047] {
            for parts in [[1, 1], [1, 2], [2, 3]] {
                let (a, b) = (draw(number), draw(number + 1));
                let mix = |(a, b): (&u8, &u8)| {
                    (u32::from(*a) * parts[0] + u32::from(*b) * parts[1]) / (parts[0] + parts[1])
                };
                let both: Vec<u8> = a.iter().zip(&b).map(|pair| mix(pair) as u8).collect();
                assert_eq!(read(&both), None, "{number} {parts:?}");
            }
        }
    }

    #[test]
    fn a_torn_picture_is_illegible() {
        let (a, b) = (draw(41), draw(42));
        let torn = |row: usize| {
            let at = HEIGHT * row / ROWS * WIDTH;
            a[..at].iter().chain(&b[at..]).copied().collect::<Vec<u8>>()
        };
        assert_eq!(read(&torn(4)), None);
        // A tear through one band leaves the other whole.
        assert_eq!((read(&torn(1)), read(&torn(7))), (Some(42), Some(41)));
    }

    #[test]
    fn sides_of_two_frames_are_illegible() {
        let (a, b) = (draw(0b1000_0000_0000), draw(1));
        let mix = |at: usize| if at % WIDTH < WIDTH / 2 { a[at] } else { b[at] };
        let both: Vec<u8> = (0..WIDTH * HEIGHT).map(mix).collect();
        assert_eq!(read(&both), None);
    }

    #[test]
    fn smeared_cells_do_not_matter() {
        let mut grey = draw(1_234);
        for (at, pixel) in grey.iter_mut().enumerate() {
            if [3, 9].contains(&(at % WIDTH * COLUMNS / WIDTH)) {
                *pixel = 128;
            }
        }
        assert_eq!(read(&grey), Some(1_234));
    }

    #[test]
    fn a_picture_without_a_band_is_illegible() {
        assert_eq!(read(&[128; WIDTH * HEIGHT]), None);
        assert_eq!(read(&[]), None);
    }
}
