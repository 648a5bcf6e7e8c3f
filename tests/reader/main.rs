//! The reference reader reads what is there, and sees every kind of wrong.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is not as it should be"
)]

/// Files spoilt on purpose, each in one way.
mod doctored;
/// The set itself.
mod set;
