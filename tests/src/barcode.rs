//! A frame number burnt into the picture, and how it is read back.
//!
//! The top quarter of the picture is a black band of two rows of sixteen cells. The upper row holds a white guard, twelve
//! bits of the number and three bits of its remainder by 7; the lower row holds the same with black and white exchanged.
//! A bit is the sign of the difference between a cell and the one below it, so range, transfer curve and brightness do
//! not matter. The bottom quarter is the same band once more with its rows exchanged, for the frames of which a hasty
//! encoder smears a cell. Two blended frames leave cells without a difference in both bands, two frames cut together fail
//! the remainder or give two numbers, and each makes the number illegible rather than wrong.

use std::fmt::Write;

/// Width of the small grey picture a frame is reduced to for reading, in pixels.
pub const WIDTH: usize = 80;
/// Height of that picture, in pixels.
pub const HEIGHT: usize = 45;
/// One more than the largest number the band can hold.
pub const LIMIT: u32 = 1 << BITS;

const BITS: u32 = 12;
const CHECKS: u32 = 3;
const COLUMNS: usize = 16;
/// Each row is this part of the picture's height.
const ROWS: usize = 8;
/// For either band the row that shows the bits, and the row that shows them inverted.
const BANDS: [[usize; 2]; 2] = [[0, 1], [7, 6]];
/// The least difference between the two guards, in grey levels, for a band to count as there at all.
const CONTRAST: i32 = 48;

/// The filters that burn the number of each frame into an 8-bit YUV picture of any size from 64 pixels on.
#[must_use]
pub fn burn() -> String {
    let mut filters = format!("drawbox=x=0:y=0:w=iw:h=ih*2/{ROWS}:color=black:t=fill");
    let _ = write!(
        filters,
        ",drawbox=x=0:y=ih*6/{ROWS}:w=iw:h=ih*2/{ROWS}:color=black:t=fill"
    );
    pair(&mut filters, 0, "1");
    for bit in 0..BITS {
        let value = format!("bitand(n,{})", 1u32 << (BITS - 1 - bit));
        pair(&mut filters, 1 + bit as usize, &value);
    }
    for bit in 0..CHECKS {
        let value = format!("bitand(mod(n,7),{})", 1u32 << (CHECKS - 1 - bit));
        pair(&mut filters, (1 + BITS + bit) as usize, &value);
    }
    filters
}

/// Reads the number from a picture of [`WIDTH`] × [`HEIGHT`] grey pixels; `None` where it is not surely legible.
#[must_use]
pub fn read(grey: &[u8]) -> Option<u32> {
    if grey.len() != WIDTH * HEIGHT {
        return None;
    }
    match BANDS.map(|rows| read_band(grey, rows)) {
        [Some(top), Some(bottom)] => (top == bottom).then_some(top),
        [top, bottom] => top.or(bottom),
    }
}

fn read_band(grey: &[u8], rows: [usize; 2]) -> Option<u32> {
    let guard = difference(grey, 0, rows);
    if guard < CONTRAST {
        return None;
    }
    let mut word = 0u32;
    for column in 1..COLUMNS {
        let difference = difference(grey, column, rows);
        if difference.abs() * 4 < guard {
            return None;
        }
        word = word << 1 | u32::from(difference > 0);
    }
    let (number, check) = (word >> CHECKS, word & ((1 << CHECKS) - 1));
    (number % 7 == check).then_some(number)
}

/// The luma of the bands at a place of a `width` × `height` picture that carries this number; `None` between the bands.
///
/// For pictures that are not drawn by ffmpeg.
#[must_use]
pub fn luma(number: u32, (x, y): (usize, usize), (width, height): (usize, usize)) -> Option<u8> {
    let (column, row) = (x * COLUMNS / width, y * ROWS / height);
    let word = 1 << (BITS + CHECKS) | number << CHECKS | (number % 7);
    let bit = word >> (COLUMNS - 1 - column) & 1;
    let with_bit = BANDS.iter().any(|rows| rows[0] == row);
    let against = BANDS.iter().any(|rows| rows[1] == row);
    (with_bit || against).then_some(if (bit == 1) == with_bit { 235 } else { 16 })
}

fn pair(filters: &mut String, column: usize, value: &str) {
    for [row, inverse] in BANDS {
        cell(filters, column, row, value);
        cell(filters, column, inverse, &format!("not({value})"));
    }
}

fn cell(filters: &mut String, column: usize, row: usize, enable: &str) {
    // Writing to a String cannot fail.
    let _ = write!(
        filters,
        ",drawbox=x=iw*{column}/{COLUMNS}:y=ih*{row}/{ROWS}:w=iw/{COLUMNS}:h=ih/{ROWS}:color=white:t=fill:enable='{enable}'"
    );
}

/// How much brighter a cell of the first row is than the one of the second, in grey levels, at the middle of both.
fn difference(grey: &[u8], column: usize, rows: [usize; 2]) -> i32 {
    mean(grey, column, rows[0]) - mean(grey, column, rows[1])
}

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
    fn every_number_is_read_back() {
        assert!((0..LIMIT).all(|number| read(&draw(number)) == Some(number)));
    }

    #[test]
    fn two_blended_frames_are_illegible() {
        let (a, b) = (draw(41), draw(42));
        let both: Vec<u8> = a.iter().zip(&b).map(|(a, b)| (a / 2) + (b / 2)).collect();
        assert_eq!(read(&both), None);
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
    fn a_picture_without_a_band_is_illegible() {
        assert_eq!(read(&[128; WIDTH * HEIGHT]), None);
        assert_eq!(read(&[]), None);
    }
}
