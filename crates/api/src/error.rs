//! What may go wrong, as the outside sees it: a code to branch on, a sentence for people, and what to do.
//!
//! This module owns the one table of codes. The page branches on the code, the command line exits with
//! [`ErrorCode::exit`]; nobody matches on a message.

use serde::{Deserialize, Serialize};

/// An error as every shell shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[error("{message}")]
pub struct ApiError {
    /// What a program may branch on.
    pub code: ErrorCode,
    /// One sentence that says what is wrong. May quote file and computer names: show it as text only.
    pub message: String,
    /// One sentence that says what to do; empty where there is nothing to do.
    #[serde(default)]
    pub help: String,
}

impl ApiError {
    /// An error without advice.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: String::new(),
        }
    }

    /// The same error with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $exit:literal,)+) => {
        /// Why a call or a job failed. The number is the exit code of the command line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name),+];

            /// The exit code of the command line for this error: 1..=99, one for each code.
            pub const fn exit(self) -> u8 {
                match self { $(ErrorCode::$name => $exit,)+ }
            }

            /// What the code means, for the table in the documentation.
            pub const fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

codes! {
    /// Something else went wrong; the message says what.
    Other = 1,
    /// The request itself is not understood: an unknown call, a bad argument.
    BadRequest = 2,
    /// There is no such file.
    NoSuchFile = 10,
    /// The path is a folder.
    IsFolder = 11,
    /// The file is empty.
    EmptyFile = 12,
    /// The file is not a video.
    NotAVideo = 13,
    /// The file has no video track, only sound.
    NoVideoTrack = 14,
    /// The file is encrypted.
    Encrypted = 15,
    /// The file is damaged or cut off beyond use.
    Damaged = 16,
    /// The file may not be read.
    Unreadable = 17,
    /// The file changed while it was worked on.
    SourceChanged = 18,
    /// The output folder does not exist.
    NoOutputFolder = 20,
    /// The output folder may not be written to.
    OutputReadOnly = 21,
    /// There is not enough free space for what the plan needs.
    NoSpace = 22,
    /// The output could not keep something of the source, and nobody agreed to that yet.
    WouldLose = 23,
    /// Another file has the output's name.
    OutputTaken = 24,
    /// No ffmpeg was found.
    NoFfmpeg = 30,
    /// The ffmpeg found is too old.
    FfmpegTooOld = 31,
    /// No computer can encode this: the encoder is missing or does not work.
    NoEncoder = 32,
    /// Encoding failed after every attempt.
    EncodeFailed = 40,
    /// The result could not be proved to be exact, so it was not put in place.
    NotProved = 41,
    /// The job was cancelled.
    Cancelled = 42,
    /// There is no such job.
    NoSuchJob = 43,
    /// The job is not in a state in which this can be done.
    NotNow = 44,
    /// The result saved less than was asked for, so it was thrown away.
    NotWorthwhile = 45,
    /// The text is not an invite.
    BadInvite = 50,
    /// The invite is too old.
    InviteExpired = 51,
    /// The invite was used already.
    InviteUsed = 52,
    /// The invite was made by this very computer.
    OwnInvite = 53,
    /// The other computer cannot be reached.
    Unreachable = 54,
    /// The other computer speaks another version of the protocol.
    OtherProtocol = 55,
    /// There is no such computer.
    NoSuchPeer = 56,
    /// The other computer has not the key that was expected.
    WrongIdentity = 57,
    /// That is not the code which the other computer shows.
    WrongCode = 58,
    /// Nobody at the other computer typed the code, or somebody declined.
    NotAnswered = 59,
    /// A node already runs with this data folder.
    NodeRunning = 60,
    /// No node runs with this data folder.
    NoNode = 61,
    /// The data folder cannot be used: damaged, made by a newer version, or not ours to write.
    BadDataFolder = 62,
    /// The address to listen on is taken or not allowed.
    CannotListen = 63,
    /// The file of settings, or a variable above it, has a mistake.
    BadConfig = 64,
    /// There is no such key for programs.
    NoSuchKey = 65,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_its_own_exit() {
        let exits: BTreeSet<u8> = ErrorCode::ALL.iter().map(|code| code.exit()).collect();
        assert_eq!(exits.len(), ErrorCode::ALL.len());
        assert!(exits.iter().all(|&exit| (1..100).contains(&exit)));
    }

    #[test]
    fn codes_read_as_words() {
        let text = serde_json::to_string(&ErrorCode::NoSuchFile).unwrap();
        assert_eq!(text, "\"no_such_file\"");
        assert!(
            ErrorCode::ALL
                .iter()
                .all(|code| code.meaning().trim().ends_with('.'))
        );
    }
}
