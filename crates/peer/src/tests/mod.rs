//! Whole nodes on loopback: real TLS, real sockets, real mDNS on a port of their own.

mod codes;
mod discovery;
mod house;
mod links;
mod messages;
mod pairing;
mod races;
mod rights;
mod strangers;
mod survey;
mod transfers;
