//! The page's server, spoken to over a real socket by a client that can lie about everything.

#![expect(clippy::unwrap_used, reason = "a check that cannot go on has failed")]

mod client;
mod files;
mod guard;
mod live;
mod open;
