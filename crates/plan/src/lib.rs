//! From a probed film and a wish to a plan: where it is cut, what each segment is ordered as,
//! what travels beside it, what cannot be kept. Decides, does nothing.

/// Keyframes to segments that tile the film exactly.
pub mod cut;

/// A segment to the part of the source that must be read for it.
pub mod read;

/// A wish for the picture to the chain of filters, and to what the result is.
pub mod filter;

/// A segment to what its filters see around it.
pub mod lens;

/// A segment to the typed order a donor gets.
pub mod order;

/// What the output cannot keep, in the user's words, before anything starts.
pub mod keep;

/// Which streams travel beside the film, and how.
pub mod carry;

/// Whether a result is what the plan expects.
pub mod expect;

/// Whether a result's pictures are the source's.
pub mod picture;

/// What the output is called.
pub mod name;
