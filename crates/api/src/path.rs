//! A path in JSON. Nearly every path is text; one that is not must still arrive unchanged.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A path that survives JSON: a string where it is valid Unicode, else `{"hex": "2f74…"}` with its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(pub PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Text(String),
    Bytes { hex: String },
}

impl FilePath {
    /// The path as text to show; what is not text becomes replacement characters.
    pub fn shown(&self) -> String {
        self.0.display().to_string()
    }
}

impl AsRef<Path> for FilePath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl<P: Into<PathBuf>> From<P> for FilePath {
    fn from(path: P) -> Self {
        Self(path.into())
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for FilePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => Wire::Text(text.to_owned()),
            None => Wire::Bytes {
                hex: to_hex(&self.0),
            },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Wire::deserialize(deserializer)? {
            Wire::Text(text) => Ok(Self(text.into())),
            Wire::Bytes { hex } => from_hex(&hex)
                .map(Self)
                .ok_or_else(|| de::Error::custom("not a path")),
        }
    }
}

fn to_hex(path: &Path) -> String {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(unix)]
fn from_hex(hex: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    rest.is_empty()
        .then(|| PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

/// Elsewhere a path that is not Unicode has no portable bytes: it is refused rather than guessed at.
#[cfg(not(unix))]
fn from_hex(_hex: &str) -> Option<PathBuf> {
    None
}

#[cfg(test)]
impl ts_rs::TS for FilePath {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;
    fn name(_: &ts_rs::Config) -> String {
        "FilePath".into()
    }
    fn inline(_: &ts_rs::Config) -> String {
        "string | { hex: string }".into()
    }
    fn inline_flattened(cfg: &ts_rs::Config) -> String {
        Self::inline(cfg)
    }
    fn decl(cfg: &ts_rs::Config) -> String {
        format!("type FilePath = {};", Self::inline(cfg))
    }
    fn decl_concrete(cfg: &ts_rs::Config) -> String {
        Self::decl(cfg)
    }
    fn output_path() -> Option<PathBuf> {
        Some("FilePath.ts".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(path: &FilePath) -> FilePath {
        serde_json::from_str(&serde_json::to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn text_is_a_string() {
        let path = FilePath::from("/films/été: #1.mkv");
        assert_eq!(
            serde_json::to_string(&path).unwrap(),
            "\"/films/été: #1.mkv\""
        );
        assert_eq!(there_and_back(&path), path);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_survive() {
        use std::os::unix::ffi::OsStringExt as _;
        let path = FilePath::from(std::ffi::OsString::from_vec(
            b"/films/\xff\x00a.mkv".to_vec(),
        ));
        assert_eq!(there_and_back(&path), path);
        assert!(serde_json::from_str::<FilePath>("{\"hex\":\"abc\"}").is_err());
        assert!(serde_json::from_str::<FilePath>("{\"hex\":\"zz\"}").is_err());
    }
}
