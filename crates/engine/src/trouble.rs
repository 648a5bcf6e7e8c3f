//! What may go wrong for a person: a kind to branch on, a sentence, and what to do.

use std::fmt;

/// Something a person has to hear about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What a shell may branch on.
    pub kind: Kind,
    /// One sentence: what happened. May quote file and computer names.
    pub message: String,
    /// One sentence: what to do. Empty where there is nothing to do.
    pub help: String,
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// None of the others.
    Other,
    /// The request makes no sense.
    BadRequest,
    /// No such file.
    NoSuchFile,
    /// A folder where a file was wanted.
    IsFolder,
    /// No bytes in it.
    EmptyFile,
    /// ffmpeg finds no video in it.
    NotAVideo,
    /// Sound alone.
    NoVideoTrack,
    /// Encrypted.
    Encrypted,
    /// Cut off or broken beyond use.
    Damaged,
    /// May not be read.
    Unreadable,
    /// Changed while it was worked on.
    SourceChanged,
    /// The output's folder is not there.
    NoOutputFolder,
    /// The output's folder may not be written.
    OutputReadOnly,
    /// Not enough room on the disk.
    NoSpace,
    /// Somebody else's file has the output's name.
    OutputTaken,
    /// Something would be lost, and nobody has agreed.
    WouldLose,
    /// No ffmpeg.
    NoFfmpeg,
    /// An ffmpeg too old.
    FfmpegTooOld,
    /// No encoder for this works anywhere.
    NoEncoder,
    /// Every attempt failed.
    EncodeFailed,
    /// The result is not proved.
    NotProved,
    /// The result saves less than was asked for.
    NotWorthwhile,
    /// Cancelled by its owner.
    Cancelled,
    /// No such job.
    NoSuchJob,
    /// Not in this state of the job.
    NotNow,
    /// Not an invite.
    BadInvite,
    /// An invite past its time.
    InviteExpired,
    /// An invite used before.
    InviteUsed,
    /// Our own invite.
    OwnInvite,
    /// No answer from a computer.
    Unreachable,
    /// Another protocol version.
    OtherProtocol,
    /// No such computer.
    NoSuchPeer,
    /// Not the key that was expected.
    WrongIdentity,
    /// Not the code that the other computer shows.
    WrongCode,
    /// A person at the other computer said no, or nobody was there.
    NotAnswered,
    /// No such key for programs.
    NoSuchKey,
    /// The data folder is in use.
    NodeRunning,
    /// The data folder cannot be used.
    BadDataFolder,
    /// The port cannot be had.
    CannotListen,
    /// The settings, or a variable above them, have a mistake.
    BadConfig,
}

impl Trouble {
    /// Without advice.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: String::new(),
        }
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.help.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.help)
        }
    }
}

impl std::error::Error for Trouble {}

/// What the system says of a failure, without its number.
pub(crate) fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error ").next().unwrap_or_default();
    words.to_owned()
}

/// A fragment as a sentence.
pub(crate) fn sentence(kind: Kind, text: &str) -> Trouble {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let end = if text.ends_with('.') { "" } else { "." };
    Trouble::new(kind, format!("{first}{}{end}", letters.as_str()))
}
