//! Words about a film that lies where owner and donor both see it, such as on a NAS: the donor then reads its segments
//! there, and they are not sent.
//!
//! The two may call the film by different paths, so it is found by the names on its way, and known by its content: the
//! donor asks for blocks at places of its own choice. An owner that does not have the film cannot show them. No name
//! goes over the wire, only marks that mean something to whoever has that name on its own disk.

use serde::{Deserialize, Serialize};

use crate::ids::{Digest, Mark, SharedId, TaskId};
use crate::text::at_most;

/// The most names on the way to a film.
pub const MAX_TRAIL: usize = 32;

/// The most places of a film that are asked for.
pub const MAX_PLACES: usize = 16;

/// So many bytes of each place are shown; fewer at the film's end.
pub const BLOCK: u32 = 64 << 10;

/// Microseconds of a film's timeline that are believed, in either direction: some three hundred years.
const MOST_US: i64 = 1 << 53;

/// What the two say about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shared {
    /// Owner: look for this film.
    Find {
        /// Which: its name from here on.
        film: SharedId,
        /// Its length.
        bytes: u64,
        /// Its name and those of the folders above it, nearest first, each as a mark.
        #[serde(deserialize_with = "at_most::<_, _, MAX_TRAIL>")]
        trail: Vec<Mark>,
    },
    /// Donor: what is at these places? Asked whether or not it has found anything, so that nobody learns which films
    /// lie there by asking.
    Places {
        /// Of which film.
        film: SharedId,
        /// Bytes from its beginning.
        #[serde(deserialize_with = "at_most::<_, _, MAX_PLACES>")]
        places: Vec<u64>,
    },
    /// Owner: this.
    Shows {
        /// Of which film.
        film: SharedId,
        /// Of [`BLOCK`] bytes from each place on, in the order they were asked for.
        #[serde(deserialize_with = "at_most::<_, _, MAX_PLACES>")]
        digests: Vec<Digest>,
    },
    /// Donor: whether it sees that film.
    Sees {
        /// Which film.
        film: SharedId,
        /// Whether it does.
        sees: bool,
    },
    /// Donor: it has read the task's source, and it is what the owner says it must be.
    Read {
        /// Which task.
        task: TaskId,
    },
    /// Donor: it cannot read the task's source, or reads something else: it is to be sent after all.
    Send {
        /// Which task.
        task: TaskId,
    },
}

/// How a donor reads a segment's packets out of a film it has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Spelled", into = "Spelled")]
pub struct OwnReading {
    /// Which film.
    pub film: SharedId,
    /// ffmpeg's index of the film's stream.
    pub stream: u16,
    /// Missing presentation times are to be made up (AVI).
    pub genpts: bool,
    /// Where to seek, microseconds of the film's own timeline; `None` reads from the beginning.
    pub seek_us: Option<i64>,
    /// Where to stop; `None` at the end.
    pub stop_us: Option<i64>,
}

/// As it stands in a message.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    film: SharedId,
    stream: u16,
    genpts: bool,
    seek_us: Option<i64>,
    stop_us: Option<i64>,
}

impl TryFrom<Spelled> for OwnReading {
    type Error = &'static str;

    fn try_from(said: Spelled) -> Result<Self, Self::Error> {
        let times = said.seek_us.iter().chain(&said.stop_us);
        if times.copied().any(|us| !(-MOST_US..=MOST_US).contains(&us)) {
            return Err("a time beyond every film");
        }
        Ok(Self {
            film: said.film,
            stream: said.stream,
            genpts: said.genpts,
            seek_us: said.seek_us,
            stop_us: said.stop_us,
        })
    }
}

impl From<OwnReading> for Spelled {
    fn from(reading: OwnReading) -> Self {
        Self {
            film: reading.film,
            stream: reading.stream,
            genpts: reading.genpts,
            seek_us: reading.seek_us,
            stop_us: reading.stop_us,
        }
    }
}
