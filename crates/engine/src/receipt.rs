//! The receipt: what was proved of one output, by whom, in JSON. Documented in `docs/receipt.md`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use media::choice::Choice;
use serde::{Deserialize, Serialize};

use crate::lease::Piece;
use crate::prove::FileProof;

/// Of this file format.
const VERSION: u32 = 1;

/// A receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    /// [`VERSION`].
    pub receipt: u32,
    /// Of Manyhands.
    pub manyhands: String,
    /// Everything below holds.
    pub exact: bool,
    /// In a sentence.
    pub verdict: String,
    /// The film.
    pub source: FileFacts,
    /// The result.
    pub output: FileFacts,
    /// What was asked for.
    pub choice: Choice,
    /// What was done to each picture, in words; `exact` then means what these make of the whole film.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Frames in the output; in the source, too, unless every second one was left out.
    pub frames: u64,
    /// Bytes of the source that were sent to other computers, retries and duplicates not counted.
    pub sent_bytes: u64,
    /// Segments in film order.
    pub segments: Vec<SegmentFacts>,
    /// The joined file.
    pub file: FileProof,
    /// The source's timestamps were broken; the output follows their repaired timeline.
    pub normalised: bool,
    /// Sentences that were shown to the user.
    pub notes: Vec<String>,
    /// The film was sent whole to another computer, which made this of it; then there are no segments, and what is said
    /// here was found by looking at the whole result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<MadeBy>,
}

/// Another computer that made a whole result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MadeBy {
    /// Its id.
    pub computer: String,
    /// What it calls itself.
    pub name: String,
    /// What was looked at here, in sentences.
    pub checked: Vec<String>,
}

impl MadeBy {
    /// With all that is looked at before a result is put in its place.
    pub fn of(computer: String, name: String) -> Self {
        let checked = [
            "The whole result was decoded here, without an error.",
            "Its frames are as many as the film's, each at its time, by an index of the film made here.",
            "Its pictures were compared with the film's at both ends and at random places.",
            "Container, codec, samples, size, shape and colours are as ordered.",
            "Every other track is there; what was copied is the same, what was encoded decodes and is in step.",
        ];
        Self {
            computer,
            name,
            checked: checked.map(str::to_owned).into(),
        }
    }
}

/// A file as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileFacts {
    /// Its path, lossily where it is no Unicode.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// A segment's part of the receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentFacts {
    /// Position in the film.
    pub index: u32,
    /// First tick, source timebase.
    pub start: i64,
    /// First tick after it; absent at the film's end.
    pub end: Option<i64>,
    /// Its headers are those of the joined file.
    pub equal_headers: bool,
    /// Packets found byte-identical in the joined file.
    pub packets_identical: bool,
    /// Who, how long, with what, and the checks.
    #[serde(flatten)]
    pub piece: Piece,
}

impl Receipt {
    /// A new receipt's version number.
    pub const fn version() -> u32 {
        VERSION
    }

    /// Writes it aside and renames it into `folder`.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        let path = folder.join(format!("{name}.json"));
        let aside = folder.join(format!(".{name}.json.part"));
        let text = serde_json::to_vec_pretty(self)?;
        let mut file = File::create(&aside)?;
        file.write_all(&text)?;
        // A film may be replaced on its word.
        file.sync_all()?;
        std::fs::rename(&aside, &path)?;
        Ok(path)
    }
}
