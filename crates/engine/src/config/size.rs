//! Sizes in bytes as people write them: `50GB`, `1.5 TB`. Decimal units, whole bytes, no floating point.

/// Units, largest first.
const UNITS: [(&str, u64); 4] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
];

/// Reads a size. A number alone is bytes; what is below a byte is rounded.
///
/// # Errors
/// What a size looks like.
pub fn parse(text: &str) -> Result<u64, &'static str> {
    const TOO_LARGE: &str = "that is more than any disk has";
    let text = text.trim();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let unit = unit.trim();
    let scale = UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let scale = match scale {
        Some((_, scale)) => *scale,
        None if unit.is_empty() || unit.eq_ignore_ascii_case("b") => 1,
        None => return Err("a size is a number with MB, GB or TB"),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    // More digits than any size has behind its point say nothing.
    let part = part.get(..18).unwrap_or(part);
    let digits = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| "a size begins with a number")
    };
    let (whole, fraction) = (digits(whole)?, digits(part)?);
    let power = 10_u128.pow(u32::try_from(part.len()).unwrap_or(18));
    let behind = (u128::from(fraction) * u128::from(scale) + power / 2) / power;
    let all = u128::from(whole) * u128::from(scale) + behind;
    u64::try_from(all).map_err(|_| TOO_LARGE)
}

/// The shortest way to write it that [`parse`] reads back.
#[must_use]
pub fn written(bytes: u64) -> String {
    let fits = UNITS
        .iter()
        .find(|(_, scale)| bytes >= *scale && bytes.is_multiple_of(*scale));
    match fits {
        Some((unit, scale)) => format!("{}{unit}", bytes / scale),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_said() {
        let read = [
            ("50GB", 50_000_000_000),
            ("1.5 gb", 1_500_000_000),
            ("2000000", 2_000_000),
            ("7 B", 7),
            ("0.0000000019TB", 1_900),
            ("1.9 b", 2),
        ];
        for (text, bytes) in read {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for wrong in [
            "",
            "GB",
            "5 parsecs",
            "1.2.3MB",
            "-5MB",
            "1.MB",
            "99999999999 TB",
            "٣GB",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for bytes in [
            0,
            1,
            999,
            1_000,
            1_500_000,
            50_000_000_000,
            2_000_000_000_000,
            u64::MAX,
        ] {
            assert_eq!(parse(&written(bytes)), Ok(bytes));
        }
        assert_eq!(written(50_000_000_000), "50GB");
        assert_eq!(written(1_500_000_000), "1500MB");
    }
}
