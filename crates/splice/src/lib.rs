//! The splice crate.
