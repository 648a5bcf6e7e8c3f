//! Whether a result is worth having: by what it saves.

/// Whether `after` bytes save at least `least` percent of `before`; with 0 percent anything smaller does.
#[must_use]
pub fn is_worth(before: u64, after: u64, least: u8) -> bool {
    let keep = u128::from(100 - least.min(100));
    after < before && u128::from(after) * 100 <= u128::from(before) * keep
}

/// What is saved, in percent: rounded towards nothing, below nothing where it grew.
#[must_use]
pub fn saved_percent(before: u64, after: u64) -> i64 {
    if before == 0 {
        return 0;
    }
    let (before, after) = (i128::from(before), i128::from(after));
    i64::try_from((before - after) * 100 / before).unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_met_exactly() {
        assert!(is_worth(1000, 950, 5));
        assert!(!is_worth(1000, 951, 5));
        assert!(is_worth(1000, 999, 0));
        assert!(!is_worth(1000, 1000, 0));
        assert!(!is_worth(0, 0, 5));
        assert!(is_worth(u64::MAX, 1, 90));
    }

    #[test]
    fn percents() {
        assert_eq!(saved_percent(1000, 961), 3);
        assert_eq!(saved_percent(1000, 1500), -50);
        assert_eq!(saved_percent(0, 10), 0);
    }
}
