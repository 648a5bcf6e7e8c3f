//! The peer crate.
