//! The names of things on the wire: fixed numbers of bytes, written in hex.
//!
//! Owns their text form and nothing else; what they stand for is said by each type.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is not the hex form of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id here is exactly {expected} hex digits")]
pub struct ParseIdError {
    /// How many digits this kind of id has.
    pub expected: usize,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let expected = 2 * $bytes;
                let bytes = (text.len() == expected)
                    .then(|| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok())
                    .flatten()
                    .ok_or(ParseIdError { expected })?;
                bytes.try_into().map(Self).map_err(|_| ParseIdError { expected })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id! {
    /// Who a computer is: the SHA-256 of its certificate's DER.
    PeerId, 32
}

hex_id! {
    /// BLAKE3 of a blob's whole content, or of what its sender says was decoded from it.
    Digest, 32
}

hex_id! {
    /// One segment as it is offered to one donor. Chosen by the owner; the same for the same order, so that either may
    /// have been away in between.
    TaskId, 16
}

hex_id! {
    /// One transfer's content: a segment's source or its result. Chosen by the owner.
    BlobId, 16
}

hex_id! {
    /// One film that one donor is asked to look for where it may lie on storage that both see. Chosen by the owner, and
    /// the key of the marks that go with it.
    SharedId, 16
}

hex_id! {
    /// A name on the way to a shared film, as only somebody with the same name before him knows it again.
    Mark, 16
}

hex_id! {
    /// A film that is sent whole to one computer. Random, chosen by its sender, the same for as long as it is there.
    FilmId, 16
}

hex_id! {
    /// What one side of a pairing by code sends: a letter and a point of a curve.
    Half, 33
}

hex_id! {
    /// One run of a node, so that a restart is noticed. Random at every start.
    Session, 8
}

impl PeerId {
    /// The first eight hex digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }
}

impl TaskId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl FilmId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl BlobId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl SharedId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl Session {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text_form() {
        let id = PeerId(std::array::from_fn(|i| u8::try_from(i * 7).unwrap_or(255)));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.short(), &id.to_string()[..8]);
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
    }

    #[test]
    fn other_text_is_refused() {
        let wrong = Err(ParseIdError { expected: 32 });
        assert_eq!("".parse::<TaskId>(), wrong);
        assert_eq!("0g".repeat(16).parse::<TaskId>(), wrong);
        assert_eq!("00".repeat(17).parse::<TaskId>(), wrong);
        assert_eq!("\u{e9}".repeat(16).parse::<TaskId>(), wrong);
    }
}
