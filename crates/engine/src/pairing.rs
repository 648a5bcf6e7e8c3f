//! Pairing and typed addresses, with every refusal as a sentence.

use std::net::SocketAddr;

use peer::{AddressError, Invite, Net, Paired, ParseInviteError, RedeemError};
use store::Store;

use crate::status::{PeerId, PeerState, PeerStatus};
use crate::trouble::{Kind, Trouble};

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

/// What is known of a computer the moment after pairing.
pub(crate) fn just_paired(paired: &Paired) -> PeerStatus {
    PeerStatus {
        id: PeerId(paired.id.0),
        name: paired.name.to_string(),
        state: PeerState::Offline,
        i_may_use: true,
        may_use_me: true,
        cpu: String::new(),
        cores: 0,
        memory_mb: 0,
        encoders: Vec::new(),
        address: paired.addresses.first().map(ToString::to_string),
        speed_fps: None,
        last_seen_ms: None,
        trouble: None,
    }
}

/// Asks who is at an address and remembers it.
pub(crate) async fn connect(net: Option<&Net>, store: &Store, text: &str) -> Result<(), Trouble> {
    let net = network(net)?;
    let address = resolve(text).await?;
    let answer = net.add_address(address).await;
    let kept = matches!(answer, Ok(_) | Err(AddressError::Unreachable(_)));
    if kept {
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
        })?;
    }
    answer.map(drop).map_err(|error| {
        let kind = match &error {
            AddressError::Own(_) => Kind::BadRequest,
            AddressError::SameIdentity(_) => Kind::WrongIdentity,
            AddressError::OtherProtocol { .. } => Kind::OtherProtocol,
            AddressError::Unreachable(_) => Kind::Unreachable,
        };
        sentence(kind, &error.to_string())
    })
}

/// `host`, `host:port`, `[v6]:port` to one address.
async fn resolve(text: &str) -> Result<SocketAddr, Trouble> {
    let text = text.trim();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let target = if text.contains(':') {
        text.to_owned()
    } else {
        format!("{text}:{}", peer::FIRST_PORT)
    };
    let found = tokio::net::lookup_host(&target)
        .await
        .ok()
        .and_then(|mut list| list.next());
    found.ok_or_else(|| {
        Trouble::new(
            Kind::Unreachable,
            format!("There is no computer named {text}."),
        )
        .help("Type an address like 192.168.1.20 or 192.168.1.20:47820.")
    })
}

/// A fragment as a sentence.
fn sentence(kind: Kind, text: &str) -> Trouble {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let end = if text.ends_with('.') { "" } else { "." };
    Trouble::new(kind, format!("{first}{}{end}", letters.as_str()))
}
