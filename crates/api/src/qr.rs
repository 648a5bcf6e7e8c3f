//! A line of text as a QR code, for a camera: rows of modules that every shell draws in its own way.

use qrcode::{Color, EcLevel, QrCode};

/// The rows, of which `1` is dark and `0` is light, without the border. None for a text that is too long for one: an
/// invite never is.
pub fn rows(text: &str) -> Vec<String> {
    // Screens are clean: the least correction makes the fewest and so the largest modules.
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else {
        return Vec::new();
    };
    let width = code.width();
    let letter = |color: &Color| if *color == Color::Dark { '1' } else { '0' };
    code.to_colors()
        .chunks(width.max(1))
        .map(|row| row.iter().map(letter).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a camera reads, each module drawn as a square of this many points within a border of four modules.
    fn read(rows: &[String]) -> Option<String> {
        const POINTS: usize = 4;
        let dark = |x: usize, y: usize| {
            let at = |place: usize| (place / POINTS).checked_sub(4);
            let (Some(x), Some(y)) = (at(x), at(y)) else {
                return false;
            };
            rows.get(y).and_then(|row| row.as_bytes().get(x)) == Some(&b'1')
        };
        let side = (rows.len() + 8) * POINTS;
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            if dark(x, y) { 0 } else { 255 }
        });
        let grids = picture.detect_grids();
        grids.first()?.decode().ok().map(|(_, text)| text)
    }

    #[test]
    fn the_code_of_an_invite_is_read_as_the_invite() {
        let short = format!(
            "mh1:{}:{}@192.168.1.20:47820",
            "q7hd".repeat(13),
            "k2j4h6".repeat(4)
        );
        let addresses = (1..=8).map(|n| format!("[fd00:1234:5678:9abc:def0:1234:5678:{n}]:47820"));
        let addresses: Vec<String> = addresses.collect();
        let long = format!(
            "mh1:{}:{}@{}",
            "q7hd".repeat(13),
            "k2j4h6".repeat(4),
            addresses.join(",")
        );
        for invite in [short, long] {
            let rows = rows(&invite);
            assert!(rows.iter().all(|row| row.len() == rows.len()));
            assert_eq!(read(&rows).as_deref(), Some(invite.as_str()));
        }
        assert!(rows(&"x".repeat(5000)).is_empty());
    }
}
