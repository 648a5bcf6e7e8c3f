//! The local socket: how one process of a user talks to the node that another one runs.
//!
//! It carries the calls of [`api::call`] and nothing of its own. Whoever can open it may do all that the user
//! may, so only the user can (see [`place`]).

mod client;
mod place;
mod server;
mod wire;

pub use client::Client;
pub use server::Server;

#[cfg(test)]
mod tests;
