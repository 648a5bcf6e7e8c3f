//! A node: takes files in, hands work out, takes work on, puts a file back.
//!
//! The road of a file is the order of the modules below. Deciding happens in `plan` and
//! `schedule`, which do no IO; everything here only does.

/// A dropped path becomes a film we may touch.
mod intake;

/// A source becomes what is in it, and where it may be cut.
mod probe;

/// What is known of it from then on.
mod film;

/// Whether it was read to its end.
mod ending;

/// Broken timestamps are repaired in a copy.
mod repair;

// plan::cut          -> Segment             (pure)
// plan::order        -> SegmentSpec         (pure)
// schedule::Farm     -> Action::Start …     (pure)

/// A lease is performed: the segment's way out, back, and through the check.
mod lease;

/// A segment goes to the peer that holds its lease, and its result comes back into quarantine.
mod send;

/// A segment is encoded on this machine.
mod encode;

/// A result is what the plan said it would be, or it is thrown away.
mod verify;

/// Its pictures beside the source's.
mod compare;

/// Films whose pictures change their size.
mod size;

/// Films whose pictures must be counted.
mod count;

/// Films that become others while they are encoded.
mod changed;

/// What travels beside the film is made ready meanwhile.
mod companion;

/// Verified segments become one file.
mod merge;

/// The file is the film: proved.
mod prove;

/// The proof on paper.
mod receipt;

/// Merge, prove, receipt, place: the end of the road.
mod combine;

/// Where it goes.
mod destination;

/// The file takes its place.
mod output;

/// Which is noted before.
mod placed;

/// Or that of the film.
mod replace;

/// What becomes of the film then.
mod originals;

// The other side of `send`: work for others.
mod worker;

/// Films that are sent whole, to a computer that owns their jobs from then on.
mod remote;

// And the other side: films of others whose jobs are ours.
mod hosted;

/// What is kept of either in the database.
mod film_notes;

/// What is under way of either.
mod travels;

// The loop, and what it keeps.
mod driver;

mod jobs;

mod network;

mod calls;

/// Jobs that have failed are tried again.
mod retried;

mod journal;

mod view;

mod job;

mod neighbour;

mod senses;

mod manners;

mod workspace;

mod capability;

mod machine;

mod again;

mod pairing;

mod doctor;

mod reach;

mod strip;

mod load;

/// How the time of each job goes, noted as it goes.
mod chronicle;

mod slumber;

mod settings;

mod scratch;

/// Watched folders: what is in them is found, and given as jobs by their rules.
pub mod librarian;

mod start;

mod rights;

/// What others still hold of our films, and what is kept here of theirs, when somebody was away.
mod reunion;

/// What `--keep-temp` leaves beside a job's parts.
mod diary;

/// What a user may send to whoever helps.
mod report;

/// The connection of a task that is done here to its owner.
mod tie;

/// Films that lie where owner and donor both see them are not sent.
mod shared;

mod identity;

/// Keys for programs.
pub mod keys;

// What there is to look at before, beside and after.
mod forecast;

pub mod sight;

pub mod timeline;

pub mod figures;

/// How often runs of ffmpeg have failed.
pub use ffmpeg::failures;

#[cfg(test)]
mod alone;

// The public face.
pub mod node;

pub mod status;

pub mod config;

pub mod trouble;
