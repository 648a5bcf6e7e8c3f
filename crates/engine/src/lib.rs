//! A node: takes files in, hands work out, takes work on, puts a file back.

pub mod node;

pub mod status;

pub mod trouble;
