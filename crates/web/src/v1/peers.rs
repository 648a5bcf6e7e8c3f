//! `/node` and `/peers`: this computer and the others.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::choice::Codec;
use super::extract::Called;
use super::problem::{Problem, Refused};
use crate::Shared;

/// Bytes of what the view models call a megabyte of memory.
pub const MIB: u64 = 1 << 20;

/// A computer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Peer {
    /// Who it is: 64 hexadecimal digits.
    pub id: String,
    /// What its user calls it; empty where it hides that until it is paired.
    pub name: String,
    /// What it does.
    pub status: Status,
    /// Why it rests or gets no work, in words; empty where there is nothing to say.
    pub reason: String,
    /// Segments it has in hand.
    pub segments_working: u32,
    /// This computer may ask it for help.
    pub helps_us: bool,
    /// It may ask this computer for help.
    pub we_help: bool,
    /// Its processor; empty if not known.
    pub cpu: String,
    /// Processor threads; 0 if not known.
    pub cpu_threads: u32,
    /// How busy its processors are together, 0 to 100.
    pub cpu_percent: Option<u8>,
    /// Memory; 0 if not known.
    pub memory_bytes: u64,
    /// Memory in use.
    pub memory_used_bytes: Option<u64>,
    /// What it encodes with, fastest first.
    pub encoders: Vec<Encoder>,
    /// The address of the connection, or the last one known.
    pub address: Option<String>,
    /// Frames a second it delivers at the moment.
    pub speed_fps: Option<f64>,
    /// When it was last heard of, if it is not there; Unix milliseconds.
    pub last_seen_ms: Option<u64>,
    /// The last trouble with it, in a sentence.
    pub trouble: Option<String>,
    /// It takes whole films of this computer now.
    pub takes_films: bool,
}

/// What a computer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Seen on the network, but not paired.
    Nearby,
    /// Paired, but not there.
    Offline,
    /// Paired, but not there; and a computer of its name shows another key. Nothing is sent to it.
    OtherIdentity,
    /// There, but its user has not turned helping on.
    NotHelping,
    /// Finding out how fast it is.
    Measuring,
    /// There and idle.
    Ready,
    /// Encoding.
    Working,
    /// There, but does not encode at the moment.
    Paused,
    /// Failed too often and gets no work for a while.
    SetAside,
}

impl Status {
    /// Of every status, its name.
    pub const ALL: [Self; 9] = [
        Self::Nearby,
        Self::Offline,
        Self::OtherIdentity,
        Self::NotHelping,
        Self::Measuring,
        Self::Ready,
        Self::Working,
        Self::Paused,
        Self::SetAside,
    ];

    /// Its name on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nearby => "nearby",
            Self::Offline => "offline",
            Self::OtherIdentity => "other_identity",
            Self::NotHelping => "not_helping",
            Self::Measuring => "measuring",
            Self::Ready => "ready",
            Self::Working => "working",
            Self::Paused => "paused",
            Self::SetAside => "set_aside",
        }
    }
}

/// An encoder that was tried and works on some computer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Encoder {
    /// ffmpeg's name for it.
    pub name: String,
    /// What it makes.
    pub codec: Codec,
    /// It runs on a graphics card or the like.
    pub hardware: bool,
    /// Measured frames a second at 1080p.
    pub speed_fps_1080p: f64,
    /// How many segments at once are fastest.
    pub seats: u32,
}

/// This computer's node.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Node {
    /// This computer, as the others see it.
    pub computer: Peer,
    /// The version of Manyhands.
    pub version: String,
    /// The addresses at which other computers reach it.
    pub listening: Vec<String>,
    /// Whether it helps other computers.
    pub donating: bool,
    /// How many of its processor threads they may use at most.
    pub given_threads: u32,
    /// How many other computers could start on a job now.
    pub peers_ready: u32,
    /// The version of the ffmpeg it works with; `null` while there is none.
    pub ffmpeg_version: Option<String>,
    /// Why there is no ffmpeg.
    pub ffmpeg_error: Option<Problem>,
    /// What its user should know, in sentences; usually empty.
    pub notices: Vec<String>,
}

/// The other computers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Peers {
    /// Paired ones first, then those only seen nearby.
    peers: Vec<Peer>,
}

/// Its status's word, why, and the segments it has in hand.
pub fn status(of: &api::ComputerStatus) -> (Status, &str, u32) {
    use api::ComputerStatus as Its;
    match of {
        Its::Nearby => (Status::Nearby, "", 0),
        Its::Offline => (Status::Offline, "", 0),
        Its::OtherIdentity { .. } => (Status::OtherIdentity, "", 0),
        Its::NotHelping => (Status::NotHelping, "", 0),
        Its::Measuring => (Status::Measuring, "", 0),
        Its::Ready => (Status::Ready, "", 0),
        Its::Working { segments } => (Status::Working, "", *segments),
        Its::Paused { reason } => (Status::Paused, reason, 0),
        Its::SetAside { reason } => (Status::SetAside, reason, 0),
    }
}

impl From<api::Computer> for Peer {
    fn from(one: api::Computer) -> Self {
        let (word, reason, segments_working) = status(&one.status);
        Self {
            id: one.id.0,
            status: word,
            reason: reason.to_owned(),
            segments_working,
            name: one.name,
            helps_us: one.helps_us,
            we_help: one.we_help,
            cpu: one.cpu,
            cpu_threads: one.cores,
            cpu_percent: one.load.map(|load| load.cpu_percent),
            memory_bytes: one.memory_mb.saturating_mul(MIB),
            memory_used_bytes: one.load.map(|load| load.memory_used_mb.saturating_mul(MIB)),
            encoders: one.encoders.into_iter().map(Into::into).collect(),
            address: one.address,
            speed_fps: one.speed_fps,
            last_seen_ms: one.last_seen_ms,
            trouble: one.trouble,
            takes_films: one.takes_films,
        }
    }
}

impl From<api::Encoder> for Encoder {
    fn from(one: api::Encoder) -> Self {
        Self {
            name: one.name,
            codec: one.codec.into(),
            hardware: one.hardware,
            speed_fps_1080p: one.fps_1080p,
            seats: one.seats,
        }
    }
}

impl From<api::Here> for Node {
    fn from(one: api::Here) -> Self {
        let (ffmpeg_version, ffmpeg_error) = match one.ffmpeg {
            api::Ffmpeg::Found { version, .. } => (Some(version), None),
            api::Ffmpeg::Missing { error } => (None, Some(error.into())),
            api::Ffmpeg::Looking => (None, None),
        };
        Self {
            computer: one.computer.into(),
            version: one.version,
            listening: one.listening,
            donating: one.donating,
            given_threads: one.given_cores,
            peers_ready: one.ready,
            ffmpeg_version,
            ffmpeg_error,
            notices: one.notices,
        }
    }
}

/// This computer's node: how it is and what it is doing.
#[utoipa::path(get, path = "/node", tag = "node", responses((status = 200, description = "It.", body = Node)))]
pub async fn node(State(shared): State<Shared>) -> Result<Json<Node>, Refused> {
    Ok(Json(shared.api.snapshot().await?.scene.here.into()))
}

/// The other computers.
#[utoipa::path(get, path = "/peers", tag = "peers", responses((status = 200, description = "They.", body = Peers)))]
pub async fn list(State(shared): State<Shared>) -> Result<Json<Peers>, Refused> {
    let peers = shared.api.peers().await?.into_iter().map(Into::into);
    Ok(Json(Peers {
        peers: peers.collect(),
    }))
}

/// One of the other computers.
#[utoipa::path(get, path = "/peers/{id}", tag = "peers",
    params(("id" = String, Path, description = "Its id: 64 hexadecimal digits.")),
    responses((status = 200, description = "It.", body = Peer)))]
pub async fn one(State(shared): State<Shared>, Called(id): Called) -> Result<Json<Peer>, Refused> {
    let found = shared
        .api
        .peers()
        .await?
        .into_iter()
        .find(|one| one.id.0 == id);
    found.map(|one| Json(one.into())).ok_or_else(unknown)
}

/// Disconnects a computer: ends the pairing. Work under way for it is given back, work it has is given to others.
#[utoipa::path(delete, path = "/peers/{id}", tag = "peers",
    params(("id" = String, Path, description = "Its id: 64 hexadecimal digits.")),
    responses((status = 204, description = "It is gone.")))]
pub async fn disconnect(
    State(shared): State<Shared>,
    Called(id): Called,
) -> Result<StatusCode, Refused> {
    // In full: the beginning of an id, or a name, could come to mean another computer.
    if !shared.api.peers().await?.iter().any(|one| one.id.0 == id) {
        return Err(unknown());
    }
    shared.api.unpair(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn unknown() -> Refused {
    let text = "There is no such computer.";
    let error = api::ApiError::new(api::ErrorCode::NoSuchPeer, text);
    error.help("GET /api/v1/peers lists them.").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
    }
}
