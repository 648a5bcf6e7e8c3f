//! What is wrong with what was written, for whoever wrote it.

use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// In what: the file's name, or a variable's.
    pub source: String,
    /// On which line of it, from 1.
    pub line: Option<u32>,
    /// What is wrong and what to do, in sentences. Quotes what was written.
    pub says: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.source, self.says),
            None => write!(f, "{}: {}", self.source, self.says),
        }
    }
}

/// The line, from 1, that the byte at `at` is on.
pub(super) fn line_of(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().iter().take(at);
    u32::try_from(before.filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
}

/// The word of `known` that was probably meant.
pub(super) fn meant<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.6;
    let typed = typed.to_ascii_lowercase().replace('-', "_");
    let scored = known.map(|word| (strsim::normalized_damerau_levenshtein(&typed, word), word));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(alike, _)| *alike >= ALIKE)
        .map(|(_, word)| word)
}

/// What was written, short enough for a sentence and without what would upset a terminal.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if text.chars().count() > LONGEST {
        short.push('…');
    }
    format!("`{short}`")
}
