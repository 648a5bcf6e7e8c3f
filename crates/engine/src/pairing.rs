//! Pairing and typed addresses, with every refusal as a sentence.

use std::net::SocketAddr;

use peer::{
    AddressError, AnswerError, AskError, Asking, Code, Invite, Net, Paired, ParseCodeError,
    ParseInviteError, RedeemError, Rights,
};
use store::Store;

use crate::status::{AskingStatus, PairingStatus, PeerId, PeerState, PeerStatus, RequestStatus};
use crate::trouble::{Kind, Trouble, sentence};

/// The network, or why there is none.
pub(crate) fn network(net: Option<&Net>) -> Result<&Net, Trouble> {
    net.ok_or_else(|| {
        Trouble::new(Kind::NotNow, "This node does not use the network.")
            .help("Start it without --only-here.")
    })
}

/// Redeems an invite.
pub(crate) async fn redeem(net: Option<&Net>, text: &str) -> Result<Paired, Trouble> {
    let net = network(net)?;
    let invite: Invite = text
        .parse()
        .map_err(|e: ParseInviteError| sentence(Kind::BadInvite, &e.to_string()))?;
    net.redeem(&invite).await.map_err(|error| {
        let kind = match &error {
            RedeemError::OwnInvite => Kind::OwnInvite,
            RedeemError::Used => Kind::InviteUsed,
            RedeemError::Expired => Kind::InviteExpired,
            RedeemError::Unknown | RedeemError::Refused(_) | RedeemError::SlowDown => {
                Kind::BadInvite
            }
            RedeemError::OtherProtocol { .. } => Kind::OtherProtocol,
            RedeemError::Unreachable(_) => Kind::Unreachable,
        };
        sentence(kind, &error.to_string())
    })
}

/// Pairing by code as it stands.
pub(crate) fn under_way(net: Option<&Net>) -> PairingStatus {
    let Some(net) = net else {
        return PairingStatus::default();
    };
    PairingStatus {
        asking: net.asking().map(shown),
        request: net.request().map(|request| RequestStatus {
            peer: PeerId(request.peer.0),
            name: request.name.to_string(),
            left_s: request.left.as_secs(),
            tries: request.tries,
        }),
        refusal: None,
    }
}

fn shown(asking: Asking) -> AskingStatus {
    AskingStatus {
        peer: PeerId(asking.peer.0),
        name: asking.name.to_string(),
        code: asking.code.to_string(),
        left_s: asking.left.as_secs(),
        tries: asking.tries,
    }
}

/// Shows a code for a computer that is near.
pub(crate) fn ask(net: Option<&Net>, peer: PeerId) -> Result<AskingStatus, Trouble> {
    let asking = network(net)?.ask(peer::PeerId(peer.0));
    asking.map(shown).map_err(|error| not_asked(&error))
}

/// Types the code that another computer shows.
pub(crate) async fn answer(
    net: Option<&Net>,
    text: &str,
    rights: Rights,
) -> Result<Paired, Trouble> {
    let net = network(net)?;
    let code: Code = text
        .parse()
        .map_err(|e: ParseCodeError| sentence(Kind::BadRequest, &e.to_string()))?;
    net.answer(code, rights).await.map_err(|error| {
        let kind = match &error {
            AnswerError::Wrong(_) | AnswerError::WrongTooOften => Kind::WrongCode,
            AnswerError::NobodyAsks | AnswerError::Gone => Kind::NotNow,
        };
        sentence(kind, &error.to_string())
    })
}

/// Why nothing came of asking.
pub(crate) fn not_asked(error: &AskError) -> Trouble {
    let kind = match error {
        AskError::NotNearby => Kind::NoSuchPeer,
        AskError::Busy | AskError::SlowDown | AskError::Withdrawn => Kind::NotNow,
        AskError::Declined | AskError::Expired => Kind::NotAnswered,
        AskError::WrongCode => Kind::WrongCode,
        AskError::Impostor => Kind::WrongIdentity,
        AskError::OtherVersion => Kind::OtherProtocol,
        AskError::Unreachable(_) => Kind::Unreachable,
    };
    sentence(kind, &error.to_string())
}

/// What is known of a computer the moment after pairing.
pub(crate) fn just_paired(paired: &Paired) -> PeerStatus {
    PeerStatus {
        load: None,
        id: PeerId(paired.id.0),
        name: paired.name.to_string(),
        state: PeerState::Offline,
        i_may_use: paired.rights.i_may_use,
        may_use_me: paired.rights.may_use_me,
        lets_us: None,
        asks_us: None,
        cpu: String::new(),
        cores: 0,
        memory_mb: 0,
        encoders: Vec::new(),
        address: paired.addresses.first().map(ToString::to_string),
        speed_fps: None,
        last_seen_ms: None,
        trouble: None,
        takes_films: false,
    }
}

/// Asks who is at an address and remembers it. Of a name with several, the first that answers counts.
pub(crate) async fn connect(net: Option<&Net>, store: &Store, text: &str) -> Result<(), Trouble> {
    let net = network(net)?;
    let mut refusal = None;
    for address in resolve(text).await? {
        match net.add_address(address).await {
            Ok(_) => return remember(store, address).await,
            Err(error @ AddressError::Unreachable(_)) => {
                refusal.get_or_insert((address, error));
            }
            Err(error) => return Err(refused(&error)),
        }
    }
    let Some((address, error)) = refusal else {
        return Err(nobody(text));
    };
    remember(store, address).await?;
    Err(refused(&error))
}

/// Keeps a typed address for the next start.
async fn remember(store: &Store, address: SocketAddr) -> Result<(), Trouble> {
    let stored = store.call(move |tables| {
        let mut typed = tables
            .setting::<Vec<SocketAddr>>("typed")?
            .unwrap_or_default();
        if !typed.contains(&address) && typed.len() < 64 {
            typed.push(address);
        }
        tables.set_setting("typed", &typed)
    });
    stored.await.map_err(|e| {
        Trouble::new(
            Kind::BadDataFolder,
            format!("The address cannot be remembered: {e}."),
        )
    })
}

fn refused(error: &AddressError) -> Trouble {
    let kind = match error {
        AddressError::Own(_) => Kind::BadRequest,
        AddressError::SameIdentity(_) => Kind::WrongIdentity,
        AddressError::OtherProtocol { .. } => Kind::OtherProtocol,
        AddressError::Unreachable(_) => Kind::Unreachable,
    };
    sentence(kind, &error.to_string())
}

/// Where a typed `host`, `host:port`, `[v6]:port`, `v6` or `v6%interface` is: every address it has, at port 47820 if
/// none is typed. IPv6 link-local addresses need no interface: all are tried.
///
/// # Errors
/// [`Kind::Unreachable`]: there is no such computer.
pub async fn resolve(text: &str) -> Result<Vec<SocketAddr>, Trouble> {
    let text = text.trim();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(vec![address]);
    }
    let (host, port) = host_and_port(text);
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found.map_err(|_| nobody(text))?.collect();
    if found.is_empty() {
        return Err(nobody(text));
    }
    Ok(found)
}

/// `::1` is an address without a port, `[::1]:9` and `host:9` have one.
fn host_and_port(text: &str) -> (&str, u16) {
    let split = text.rsplit_once(':').and_then(|(host, port)| {
        let port = port.parse().ok()?;
        (host.ends_with(']') || !host.contains(':')).then_some((host, port))
    });
    let (host, port) = split.unwrap_or((text, peer::FIRST_PORT));
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    (inner.unwrap_or(host), port)
}

fn nobody(text: &str) -> Trouble {
    Trouble::new(
        Kind::Unreachable,
        format!("There is no computer named {text}."),
    )
    .help("Type an address like 192.168.1.20, 192.168.1.20:47820 or [fd00::20]:47820.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn typed_addresses_of_both_families_with_and_without_a_port() {
        for (text, address) in [
            ("127.0.0.1:9", "127.0.0.1:9"),
            (" 127.0.0.1 ", "127.0.0.1:47820"),
            ("[::1]:9", "[::1]:9"),
            ("[::1]", "[::1]:47820"),
            ("::1", "[::1]:47820"),
            ("fe80::1", "[fe80::1]:47820"),
            ("[fe80::1%1]:9", "[fe80::1%1]:9"),
            ("fe80::1%1", "[fe80::1%1]:47820"),
        ] {
            let found = resolve(text).await.unwrap();
            assert_eq!(found, [address.parse().unwrap()], "{text}");
        }
        let trouble = resolve("not an address").await.unwrap_err();
        assert_eq!(trouble.kind, Kind::Unreachable);
    }
}
