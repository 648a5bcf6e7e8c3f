//! The schedule crate.
