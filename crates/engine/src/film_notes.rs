//! Notes of whole films as the database has them.
//!
//! What such a note speaks of lies on a disk, here or elsewhere: one that this build cannot read is none the less one. It is
//! kept as it is, written back with the others, and what it may speak of is left alone.

use serde::{Deserialize, Serialize};

/// A note, or what there is in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Noted<T> {
    /// As this build knows them.
    Read(T),
    /// Of another one.
    Unread(serde_json::Value),
}

/// Those that can be read, and the others as they are.
pub(crate) fn sorted<T>(all: Vec<Noted<T>>) -> (Vec<T>, Vec<Noted<T>>) {
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for note in all {
        match note {
            Noted::Read(note) => read.push(note),
            unknown @ Noted::Unread(_) => unread.push(unknown),
        }
    }
    (read, unread)
}

/// That films are left as they are; `one`, `more`: what one of them is called, and several.
pub(crate) fn some_not_read(films: usize, one: &str, more: &str) -> String {
    let what = if films == 1 { one } else { more };
    format!(
        "What was noted of {films} {what} cannot be read by this version of Manyhands: nothing of it is changed or removed. Use the version that wrote it."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        film: u64,
        #[serde(default)]
        later: bool,
    }

    #[test]
    fn a_note_that_cannot_be_read_is_kept_as_it_is() {
        let text = r#"[[1,{"film":2}],[3,{"reel":4}],"5"]"#;
        let all: Vec<Noted<(i64, Note)>> = serde_json::from_str(text).unwrap();
        let (read, unread) = sorted(all);
        let film = Note {
            film: 2,
            later: false,
        };
        assert_eq!(read, [(1, film)]);
        let back = serde_json::to_string(&unread).unwrap();
        assert_eq!(back, r#"[[3,{"reel":4}],"5"]"#);
    }

    #[test]
    fn one_note_is_not_several() {
        let said = some_not_read(1, "film of Kitchen", "films of Kitchen");
        assert!(said.starts_with("What was noted of 1 film of Kitchen cannot be read"));
        let said = some_not_read(2, "film of Kitchen", "films of Kitchen");
        assert!(said.starts_with("What was noted of 2 films of Kitchen cannot be read"));
    }
}
