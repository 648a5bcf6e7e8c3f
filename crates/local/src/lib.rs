//! The local socket: how one process of a user talks to the node that another one runs.
//!
//! Whoever runs a node (the window, `manyhands serve`, an `encode` that is its own node) opens the door with
//! [`Server::start`]; the command line finds it with [`Client::connect`]. What travels are the calls and events
//! of [`api`], a JSON object a line, and nothing of this crate's own. Whoever can open the socket may do all
//! that the user may, so only the user can: a Unix socket with mode 0600 in a folder with mode 0700, or a named
//! pipe whose access list has its owner alone in it.

mod client;
mod place;
mod server;
mod wire;

pub use client::Client;
pub use server::Server;

#[cfg(test)]
mod tests;
