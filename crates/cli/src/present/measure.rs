//! Sizes, spans of time and counts as people read them.

/// Bytes in decimal units: `1.23 GB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        // Rounding must not make "1000 kB" of something that is 1.00 MB.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let digits = if value < 9.995 {
        2
    } else {
        usize::from(value < 99.95)
    };
    format!("{value:.digits$} {unit}")
}

/// A span of time: `41 s`, `6 min`, `2 h 05 min`.
pub fn span(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "-".to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) if m < 10 => format!("{m} min {s:02} s"),
        (0, m, _) => format!("{m} min"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// A count with its word: `1 segment`, `3 segments`.
pub fn amount(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (9_994, "9.99 kB"),
            (9_996, "10.0 kB"),
            (99_960, "100 kB"),
            (999_600, "1.00 MB"),
            (1_234_567_890, "1.23 GB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn spans() {
        for (seconds, text) in [
            (0.04, "0.0 s"),
            (9.9, "9.9 s"),
            (9.96, "10 s"),
            (59.4, "59 s"),
            (59.6, "1 min 00 s"),
            (3599.0, "59 min"),
            (7500.0, "2 h 05 min"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn amounts() {
        assert_eq!(amount(1, "segment"), "1 segment");
        assert_eq!(amount(0, "segment"), "0 segments");
    }
}
