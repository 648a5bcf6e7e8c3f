//! Every transition, stated in one line before it is tried.
//! S: a segment, L: a lease, J: a job, P: a peer. `from > what happens  --> to`.

#![expect(
    clippy::unwrap_used,
    reason = "a check that stops is a check that fails"
)]

mod desk;

mod segments;

mod duplicates;

mod peers;
mod reunion;

mod jobs;

/// The whole table of job states.
mod states;

/// Inputs about what is not there.
mod unknown;
