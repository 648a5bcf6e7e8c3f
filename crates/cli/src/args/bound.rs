//! Values that can be taken away again.

/// A value, or the word that takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound<T> {
    /// `none`.
    None,
    /// This.
    To(T),
}

/// Anything that is read from text, or `none`.
pub fn bound<T>(text: &str) -> Result<Bound<T>, String>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    if text == "none" {
        return Ok(Bound::None);
    }
    text.parse()
        .map(Bound::To)
        .map_err(|error: T::Err| error.to_string())
}

/// A number of bytes in decimal units: `20MB`, `1.5 GB`, `none`.
pub fn bytes(text: &str) -> Result<Bound<u64>, String> {
    if text == "none" {
        return Ok(Bound::None);
    }
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        _ => return Err("a size is a number with MB, GB or TB".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "a size begins with a number".to_owned())?;
    // A float cast saturates.
    Ok(Bound::To((number * scale).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_typed_as_they_are_said() {
        assert_eq!(bytes("50GB"), Ok(Bound::To(50_000_000_000)));
        assert_eq!(bytes("1.5 gb"), Ok(Bound::To(1_500_000_000)));
        assert_eq!(bytes("2000000"), Ok(Bound::To(2_000_000)));
        assert_eq!(bytes("none"), Ok(Bound::None));
        for wrong in ["", "GB", "5 parsecs", "1.2.3MB", "-5MB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(bound::<u16>("none"), Ok(Bound::None));
        assert!(bound::<u16>("70000").is_err());
    }
}
