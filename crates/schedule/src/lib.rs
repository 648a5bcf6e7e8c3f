//! Who encodes what, and until when: the heart of a node that has work to give.
//!
//! A [`Farm`] decides and does nothing. What happens is told to it ([`Input`], with the time), what should be
//! done is asked of it ([`Action`]); it has no clock, no randomness, no socket and no file of its own, so the
//! same inputs always give the same decisions, and years of a house full of computers can be tried in
//! seconds (`tests/sim`).
//!
//! The caller's turn, after every input and every timeout:
//! 1. store all of [`Farm::poll_change`],
//! 2. then perform all of [`Farm::poll_action`],
//! 3. tell people all of [`Farm::poll_event`],
//! 4. sleep no longer than until [`Farm::poll_timeout`], then call [`Farm::handle_timeout`].
//!
//! A crash between 1 and 2 repeats an action at worst. Every lease has a number that is never used twice,
//! and answers for leases that are void change nothing.

mod ids;

mod config;

/// What happens.
mod input;

/// What is to be done about it, what to remember and what to tell.
mod action;
mod change;
mod event;

/// The things that have states.
mod job;
mod lease;
mod peer;
mod segment;

/// The two decisions: how large, and to whom.
mod place;
mod size;

mod farm;

pub use action::Action;
pub use change::Change;
pub use config::FarmConfig;
pub use event::{Event, Ignored};
pub use farm::Farm;
pub use farm::view::{JobView, LeaseView, PeerView, SegmentView};
pub use ids::{Attempt, EncoderId, JobId, LeaseId, PeerId, SegmentIndex, Time, Work};
pub use input::{Earlier, Fault, Input, Needs, Offer, Rejection, Reunion, Verified};
pub use job::{Before, JobState};
pub use lease::{Lease, Phase};
pub use peer::{Ability, Presence, Standing};
pub use segment::SegmentState;
