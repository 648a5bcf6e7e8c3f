//! The LAN: computers that find, know and help each other, and nobody else.
//!
//! This crate owns identity, discovery, pairing, the control connection and the transfer of blobs.
//! It knows nothing of ffmpeg, jobs or the disk beyond the files it is given, and what travels in
//! its messages is typed: no string in them is meant for a command line.
//!
//! # Who is who
//!
//! A computer is its certificate: [`PeerId`] is the SHA-256 of its DER, made once for each data
//! folder ([`Identity`]). All traffic is TLS 1.3 with both certificates shown; the dialling side
//! pins the one it wants from the first byte, the listening side decides for every request. Names,
//! addresses and mDNS are hints and never proof.
//!
//! # Protocol 1
//!
//! One port, HTTP/1.1. The routes are in a table at the top of `server.rs`; a stranger is served
//! `GET /v1/hello` and `POST /v1/pair/redeem` and gets 403 for all else.
//!
//! - **Pairing by code.** The side that wants help shows six digits, a person types them on the
//!   other: SPAKE2 bound to both certificates, three tries, two minutes, one request at a time.
//! - **Pairing by invite.** One side makes an [`Invite`] (`mh1:<id>:<secret>@<address>,…`: ten minutes, one
//!   use), the other redeems it. The proof is a BLAKE3 keyed by the secret over both ids. Then both
//!   are paired with each other.
//! - **Link.** Paired computers keep one WebSocket between them, whichever could dial the other.
//!   JSON text, at most 64 KiB a message ([`Message`]): `Hello` and `About` first, then whatever is
//!   to be said, a `Beat` every ten seconds; thirty seconds of silence end it. What came after the first build of
//!   protocol 1 (`Load`, `Rights`) is said only to those whose header `manyhands-extras` names it.
//! - **Blobs.** Bulk runs over requests of the side that dialled the link, in both directions
//!   ([`Link::push`], [`Link::pull`]). A body is the content followed by the 32 bytes of its BLAKE3,
//!   chunked, cut off at the agreed ceiling, and resumed at `?from=N` after a break.
//!
//! A version that is not [`PROTOCOL`] is refused with 426, or by the link's close code 4002, and
//! reported with both numbers ([`NetEvent::OtherProtocol`]).
//!
//! # What may be lost
//!
//! Messages queued when a link breaks are lost, and both sides know it by [`NetEvent::LinkDown`].
//! Invites do not survive their node. Received parts of blobs stay in their files.

mod answer;
mod ask;
mod blobs;
mod body;
mod client;
mod code;
mod discovery;
mod doorstep;
mod establish;
mod identity;
mod ids;
mod interfaces;
mod invite;
mod keeper;
mod link;
mod net;
mod pace;
mod pake;
mod proto;
mod rights;
mod scout;
mod server;
mod shared;
mod survey;
mod text;
mod throttle;
mod tls;
mod transfer;
mod whereabouts;
mod wire;

#[cfg(test)]
mod tests;

/// Doors for the fuzzer, which is another crate.
#[cfg(fuzzing)]
pub mod fuzzing;

pub use answer::AnswerError;
pub use ask::{AskError, Asking};
pub use body::{FileSource, Received, Sent, Source};
pub use client::DialError;
pub use code::{CODE_LIFETIME, CODE_TRIES, Code, PairRequest, ParseCodeError};
pub use discovery::MDNS_PORT;
pub use identity::{IDENTITY_FILE, Identity, IdentityError};
pub use ids::{BlobId, Digest, FilmId, Mark, ParseIdError, PeerId, Session, SharedId, TaskId};
pub use invite::{INVITE_LIFETIME, Invite, ParseInviteError};
pub use link::{BEAT, Link, LinkClosed, SILENCE, WhyDown};
pub use net::{
    ANYWHERE, AddressError, FIRST_PORT, Nearby, Net, NetConfig, NetError, NetEvent, Paired,
    RedeemError,
};
pub use proto::films::{
    FilmEnd, FilmMade, FilmOffer, FilmRefusal, FilmStand, FilmStep, FilmWord, MAX_FILM,
};
pub use proto::{
    About, BLOCK, Card, DeclineReason, EncoderOffer, FailReason, HEAT, Hello, Load, MAX_ENCODERS,
    MAX_HELD, MAX_MESSAGE, MAX_PLACES, MAX_TRAIL, Message, Name, OwnReading, PROTOCOL, PauseReason,
    RefusalCode, Shared, TaskReport, WireError,
};
pub use rights::{Ours, Rights};
pub use survey::{Heard, Place, Survey, There};
pub use text::Text;
pub use transfer::TransferError;
