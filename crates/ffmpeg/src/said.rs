//! What a run says on standard error: its progress, and the last of its words.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use media::parse::progress;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::ChildStderr;
use tokio::sync::watch;

/// Bytes kept for a report.
pub(crate) const TAIL: usize = 32 * 1024;
/// Bytes kept where they are parsed.
pub(crate) const MOST: usize = 1024 * 1024;
/// A longer line is cut: it is a tag's text, not a message.
const LONGEST_LINE: usize = 4 * 1024;

/// What a run said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The last 32 KiB, or all of it (up to 1 MiB) where asked ([`Run::keep_log`]).
    pub log: String,
    /// Lines of level error or worse.
    pub errors: u32,
    /// Why reading its input ended before the end, if it did: ffmpeg ends well all the same.
    pub broke_off: Option<BrokeOff>,
}

/// Why an input was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokeOff {
    /// What is there makes no sense from some place on.
    Damaged,
    /// It could not be read, in the system's words: a disk that fails, a network drive that is gone.
    Unread(String),
}

/// ffmpeg's words where a demuxer gives up (`ffmpeg_demux.c`, from 6.1 on); what follows is the reason.
const GAVE_UP: &str = "Error during demuxing: ";
/// Before that it says the input's name, a colon and the reason (`ffmpeg.c`, `process_input`), at this level.
const ERROR: &str = "[error] ";
/// The reason where the content is to blame (`AVERROR_INVALIDDATA`).
const NONSENSE: &str = "Invalid data found when processing input";

fn broke_off(line: &str, inputs: &[String]) -> Option<BrokeOff> {
    let named = || inputs.iter().find_map(|input| said_of(input, line));
    let why = match line.split_once(GAVE_UP) {
        Some((_, why)) => why,
        None => named()?,
    };
    if why == NONSENSE {
        return Some(BrokeOff::Damaged);
    }
    Some(BrokeOff::Unread(why.chars().take(200).collect()))
}

/// The reason that a line of an older ffmpeg gives for an input. The system's reasons begin with a capital letter and its
/// own for giving up do, too; what else it says of a file does not.
fn said_of<'a>(input: &str, line: &'a str) -> Option<&'a str> {
    let said = line.strip_prefix(ERROR)?;
    let said = said.strip_prefix("file:").unwrap_or(said);
    let why = said.strip_prefix(input)?.strip_prefix(": ")?;
    why.starts_with(char::is_uppercase).then_some(why)
}

/// A run's inputs as they are called in what it says.
pub(crate) fn names(inputs: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        said_name(&path)
    };
    inputs.iter().map(name).collect()
}

/// What would move the cursor is a question mark in ffmpeg's words (`log.c`, `sanitize`).
fn said_name(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| match c {
        '\0'..='\x07' | '\x0e'..='\x1f' => '?',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// Listens to the end; `frames` hears of progress, and about `limit` bytes of the rest are kept. `inputs`: [`names`].
pub(crate) async fn listen(
    stderr: Option<ChildStderr>,
    frames: watch::Sender<u32>,
    limit: usize,
    inputs: Vec<String>,
) -> Said {
    let mut said = Said::default();
    let Some(stderr) = stderr else { return said };
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(true) = next_line(&mut reader, &mut line).await {
        let text = String::from_utf8_lossy(&line);
        match progress::line(text.trim_end()) {
            progress::Line::Frames(count) => _ = frames.send_replace(count),
            progress::Line::Pair => {}
            progress::Line::Error(text) => {
                said.errors = said.errors.saturating_add(1);
                said.broke_off = said.broke_off.take().or_else(|| broke_off(text, &inputs));
                keep(&mut said.log, text, limit);
            }
            progress::Line::Log(text) => keep(&mut said.log, text, limit),
        }
    }
    said
}

/// Reads up to a newline or carriage return, keeping at most [`LONGEST_LINE`] bytes of it.
async fn next_line(
    reader: &mut (impl AsyncRead + AsyncBufReadExt + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = bytes.iter().position(|b| *b == b'\n');
        let (taken, done) = end.map_or((bytes.len(), false), |at| (at + 1, true));
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&bytes[..taken.min(room)]);
        reader.consume(taken);
        if done {
            return Ok(true);
        }
    }
}

fn keep(log: &mut String, line: &str, limit: usize) {
    log.push_str(line);
    log.push('\n');
    if log.len() > limit * 2 {
        let cut = (log.len() - limit..log.len())
            .find(|at| log.is_char_boundary(*at))
            .unwrap_or(log.len());
        log.drain(..cut);
    }
}

/// The last line that says something, for a one-sentence error.
pub(crate) fn last_words(log: &str) -> impl fmt::Display + '_ {
    log.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it said nothing")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_off_is_heard_of_every_ffmpeg() {
        let inputs = names(&["/films/a: b.mkv".into(), "/films/odd\u{1b}.mkv".into()]);
        let heard = |line: &str| broke_off(line, &inputs);
        let unread = |why: &str| Some(BrokeOff::Unread(why.to_owned()));
        for (line, expected) in [
            (
                "[in#0/matroska,webm @ 0x55] [error] Error during demuxing: Input/output error",
                unread("Input/output error"),
            ),
            (
                "[in#0/mov @ 0x55] [error] Error during demuxing: Invalid data found when processing input",
                Some(BrokeOff::Damaged),
            ),
            // 5.1 and 6.0
            (
                "[error] file:/films/a: b.mkv: Input/output error",
                unread("Input/output error"),
            ),
            (
                "[error] /films/a: b.mkv: Stale file handle",
                unread("Stale file handle"),
            ),
            (
                "[error] file:/films/odd?.mkv: Input/output error",
                unread("Input/output error"),
            ),
            (
                "[error] file:/films/a: b.mkv: Invalid data found when processing input",
                Some(BrokeOff::Damaged),
            ),
            // Of another file, of a part of it, or no reason.
            ("[error] file:/films/c.mkv: Input/output error", None),
            ("[error] file:/films/a: Input/output error", None),
            ("[matroska @ 0x55] [error] Read error", None),
            ("[warning] file:/films/a: b.mkv: Input/output error", None),
            (
                "[error] file:/films/a: b.mkv: could not find codec parameters",
                None,
            ),
            ("[error] file:/films/a: b.mkv: ", None),
        ] {
            assert_eq!(heard(line), expected, "{line}");
        }
    }
}
