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
    api::config::size(text)
        .map(Bound::To)
        .map_err(str::to_owned)
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
