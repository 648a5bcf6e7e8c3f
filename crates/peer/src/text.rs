//! Strings and lists that arrive from others: bounded before anything looks at them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// At most `MAX` bytes of UTF-8 on one line: no control characters, and none that reorder or
/// hide what stands beside them. Still untrusted: show it as text, never as markup.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// What of `text` fits: forbidden characters become spaces, the ends are trimmed, and the
    /// rest is cut between characters.
    #[must_use]
    pub fn clean(text: &str) -> Self {
        let spaced: String = text
            .chars()
            .map(|c| if forbidden(c) { ' ' } else { c })
            .collect();
        let mut kept = spaced.trim().to_owned();
        let cut = (0..=MAX.min(kept.len()))
            .rev()
            .find(|end| kept.is_char_boundary(*end));
        kept.truncate(cut.unwrap_or(0));
        kept.truncate(kept.trim_end().len());
        Self(kept)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> From<&str> for Text<MAX> {
    fn from(text: &str) -> Self {
        Self::clean(text)
    }
}

impl<const MAX: usize> From<String> for Text<MAX> {
    fn from(text: String) -> Self {
        Self::clean(&text)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        if text.len() > MAX {
            return Err(de::Error::custom(format_args!(
                "text longer than {MAX} bytes"
            )));
        }
        if text.chars().any(forbidden) {
            return Err(de::Error::custom("text with control characters"));
        }
        Ok(Self(text.into_owned()))
    }
}

/// For `#[serde(deserialize_with)]`: a list of at most `MAX`, refused at the first one more.
pub(crate) fn at_most<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Bounded<T, const MAX: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MAX}")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = list.next_element()? {
                if items.len() == MAX {
                    return Err(de::Error::invalid_length(MAX + 1, &self));
                }
                items.push(item);
            }
            Ok(items)
        }
    }

    deserializer.deserialize_seq(Bounded::<T, MAX>(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_always_gives_what_decoding_takes() {
        let long = "\u{e9}".repeat(40);
        for text in ["Studio-Mac", "  a\nb\u{202e}c\0 ", "", &long, "x \u{feff}"] {
            let cleaned = Text::<9>::clean(text);
            let json = serde_json::to_string(&cleaned).unwrap();
            assert_eq!(serde_json::from_str::<Text<9>>(&json).unwrap(), cleaned);
            assert!(cleaned.len() <= 9, "{cleaned:?}");
        }
        assert_eq!(Text::<9>::clean("  a\nb\u{202e}c\0 ").as_str(), "a b c");
        assert_eq!(Text::<9>::clean(&long).as_str(), "\u{e9}".repeat(4));
    }

    #[test]
    fn long_or_deceptive_text_is_refused() {
        assert!(serde_json::from_str::<Text<4>>("\"12345\"").is_err());
        assert!(serde_json::from_str::<Text<9>>("\"a\\u202eb\"").is_err());
        assert!(serde_json::from_str::<Text<9>>("\"a\\nb\"").is_err());
    }

    #[test]
    fn a_list_ends_at_its_bound() {
        let two = |json| at_most::<_, u8, 2>(&mut serde_json::Deserializer::from_str(json));
        assert_eq!(two("[1,2]").unwrap(), [1, 2]);
        assert!(two("[1,2,3]").is_err());
    }
}
