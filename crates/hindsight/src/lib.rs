//! What can be said afterwards of how the time went.
//!
//! A node writes down when each part of a film was given to a computer, when its source was there, when it was encoded
//! and when the result was back ([`Stint`]), what the job itself did meanwhile ([`Phase`]), which computers were away
//! ([`Absence`]), and which had parts of other jobs in hand ([`OtherWork`]). From that [`tell`] derives what each
//! computer spent its time with, and the answers to "why was it not faster?" ([`Cause`]). Pure: it has no clock, and the
//! same record gives the same answers.
//!
//! The times come from wall clocks and from what other computers said, so nothing here relies on their order: what
//! contradicts itself takes no time.

mod cause;
pub mod laws;
pub mod plot;
mod record;
mod spent;
pub mod sweep;

pub use cause::{Cause, Wait};
pub use record::{Absence, Fate, OtherWork, Phase, PhaseKind, Record, Stint};
pub use spent::{Account, Hand, Spent, lanes, tell};

/// A computer: SHA-256 of its certificate.
pub type Peer = [u8; 32];

#[cfg(test)]
mod tests;
