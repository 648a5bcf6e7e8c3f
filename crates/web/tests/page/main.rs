//! The page's server, spoken to over a real socket by a client that can lie about everything.

#![expect(clippy::unwrap_used, reason = "a check that cannot go on has failed")]

/// The same client as the attackers'.
#[path = "../../../../tests/hostile/suite/anybody.rs"]
mod anybody;
mod client;
mod events;
mod files;
mod guard;
mod live;
mod open;
mod settings;
mod uploads;
mod v1;
