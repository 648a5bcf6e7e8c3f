//! Invites: one line that lets one other computer in, once, for ten minutes.
//!
//! The line names the inviter's certificate, so the redeemer pins it from its first byte and no
//! one in between can answer. The secret is never sent: the redeemer proves that it has it by a
//! keyed BLAKE3 over both certificates' hashes, which is worth nothing to anybody else.
//! Used and expired invites are remembered for a while, so that whoever honestly holds one is
//! told which it is; to everyone else they never existed.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use tokio::time::Instant;

use crate::ids::{Digest, PeerId};

/// How long an invite can be redeemed.
pub const INVITE_LIFETIME: Duration = Duration::from_secs(600);

/// How long a dead invite is still recognised.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// The most invites kept; the oldest goes first.
const MAX_INVITES: usize = 64;

/// The most addresses in an invite.
pub(crate) const MAX_ADDRESSES: usize = 8;

const PREFIX: &str = "mh1:";

/// An invite as it is passed from hand to hand. Its text form holds a secret: never log it.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// Who invites.
    pub inviter: PeerId,
    /// Where the inviter listens, best first; 1 to 8.
    pub addresses: Vec<SocketAddr>,
    secret: [u8; 16],
}

/// Text that is not an invite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseInviteError {
    /// It does not begin as one.
    #[error("this is not an invite: an invite begins with `mh1:`")]
    NotAnInvite,
    /// It begins as another version's.
    #[error(
        "this invite is of another version of Manyhands; update the older of the two computers"
    )]
    OtherVersion,
    /// Characters are missing or wrong.
    #[error(
        "this invite is incomplete or mistyped; copy the whole line that `manyhands invite` printed"
    )]
    Damaged,
}

impl Invite {
    /// A new one with a random secret.
    pub(crate) fn new(inviter: PeerId, mut addresses: Vec<SocketAddr>) -> Self {
        addresses.truncate(MAX_ADDRESSES);
        Self {
            inviter,
            addresses,
            secret: rand::random(),
        }
    }

    /// What `redeemer` sends to show that it holds this.
    pub(crate) fn proof(&self, redeemer: PeerId) -> Digest {
        prove(&self.secret, self.inviter, redeemer).into()
    }
}

fn prove(secret: &[u8; 16], inviter: PeerId, redeemer: PeerId) -> blake3::Hash {
    let key = blake3::derive_key("manyhands protocol 1 invite redeem", secret);
    blake3::Hasher::new_keyed(&key)
        .update(&inviter.0)
        .update(&redeemer.0)
        .finalize()
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inviter = BASE32_NOPAD.encode(&self.inviter.0).to_ascii_lowercase();
        let secret = BASE32_NOPAD.encode(&self.secret).to_ascii_lowercase();
        write!(f, "{PREFIX}{inviter}:{secret}@")?;
        for (i, address) in self.addresses.iter().enumerate() {
            write!(f, "{}{address}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("inviter", &self.inviter)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl FromStr for Invite {
    type Err = ParseInviteError;

    fn from_str(text: &str) -> Result<Self, ParseInviteError> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix(PREFIX) else {
            let other = text
                .strip_prefix("mh")
                .and_then(|rest| rest.split_once(':'));
            let numbered = other.is_some_and(|(version, _)| version.parse::<u32>().is_ok());
            return Err(if numbered {
                ParseInviteError::OtherVersion
            } else {
                ParseInviteError::NotAnInvite
            });
        };
        parse_rest(rest).ok_or(ParseInviteError::Damaged)
    }
}

fn parse_rest(rest: &str) -> Option<Invite> {
    let (names, places) = rest.split_once('@')?;
    let (inviter, secret) = names.split_once(':')?;
    let bytes = |text: &str| {
        BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .ok()
    };
    let addresses: Vec<SocketAddr> = places
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    (1..=MAX_ADDRESSES)
        .contains(&addresses.len())
        .then_some(())?;
    Some(Invite {
        inviter: PeerId(bytes(inviter)?.try_into().ok()?),
        secret: bytes(secret)?.try_into().ok()?,
        addresses,
    })
}

/// The invites that this computer made.
#[derive(Default)]
pub(crate) struct Invites {
    made: Vec<Made>,
}

struct Made {
    secret: [u8; 16],
    expires: Instant,
    used: bool,
}

/// What a proof turned out to be worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redemption {
    /// Good, and now used.
    Granted,
    /// Once is all: whoever's answer was lost needs a new one.
    Used,
    /// Too late.
    Expired,
    /// Nothing that was made here.
    Unknown,
}

impl Invites {
    /// Remembers `invite` until `expires`.
    pub(crate) fn add(&mut self, invite: &Invite, expires: Instant, now: Instant) {
        self.made.retain(|made| now < made.expires + REMEMBERED);
        if self.made.len() >= MAX_INVITES {
            self.made.remove(0);
        }
        self.made.push(Made {
            secret: invite.secret,
            expires,
            used: false,
        });
    }

    /// Whether any can still be redeemed.
    pub(crate) fn any_open(&self, now: Instant) -> bool {
        self.made
            .iter()
            .any(|made| !made.used && now < made.expires)
    }

    /// Judges `proof`, and marks its invite as used if it is good.
    pub(crate) fn redeem(
        &mut self,
        own: PeerId,
        redeemer: PeerId,
        proof: Digest,
        now: Instant,
    ) -> Redemption {
        // blake3::Hash compares in constant time.
        let proof = blake3::Hash::from_bytes(proof.0);
        let Some(made) = self
            .made
            .iter_mut()
            .find(|made| prove(&made.secret, own, redeemer) == proof)
        else {
            return Redemption::Unknown;
        };
        if made.used {
            Redemption::Used
        } else if now >= made.expires {
            Redemption::Expired
        } else {
            made.used = true;
            Redemption::Granted
        }
    }
}

impl fmt::Debug for Invites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invites({})", self.made.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITER: PeerId = PeerId([7; 32]);
    const ANN: PeerId = PeerId([1; 32]);
    const BOB: PeerId = PeerId([2; 32]);

    fn invite() -> Invite {
        Invite::new(
            INVITER,
            vec![
                "192.168.1.20:47820".parse().unwrap(),
                "[fd00::1]:47820".parse().unwrap(),
            ],
        )
    }

    #[test]
    fn an_invite_survives_its_text_form() {
        let invite = invite();
        let text = invite.to_string();
        assert!(
            text.starts_with("mh1:") && text.ends_with("@192.168.1.20:47820,[fd00::1]:47820"),
            "{text}"
        );
        assert_eq!(format!(" {text}\n").parse(), Ok(invite.clone()));
        let upper = text.replacen(&text[4..], &text[4..].to_ascii_uppercase(), 1);
        assert_eq!(upper.parse(), Ok(invite));
    }

    #[test]
    fn wrong_text_is_told_apart() {
        use ParseInviteError::{Damaged, NotAnInvite, OtherVersion};
        let text = invite().to_string();
        let parse = |text: &str| text.parse::<Invite>();
        assert_eq!(parse("hello"), Err(NotAnInvite));
        assert_eq!(parse(""), Err(NotAnInvite));
        assert_eq!(parse(&text.replacen("mh1:", "mh2:", 1)), Err(OtherVersion));
        assert_eq!(parse(&text[..60]), Err(Damaged));
        assert_eq!(parse(&text[..text.find('@').unwrap() + 1]), Err(Damaged));
        assert_eq!(parse(&text.replacen('@', "a@", 1)), Err(Damaged));
        let many = ["10.0.0.1:1"; MAX_ADDRESSES + 1].join(",");
        assert_eq!(
            parse(&format!("{}@{many}", text.split('@').next().unwrap())),
            Err(Damaged)
        );
    }

    #[test]
    fn the_secret_is_in_no_log() {
        let invite = invite();
        let shown = format!("{invite:?}").to_lowercase();
        assert!(!shown.contains(&BASE32_NOPAD.encode(&invite.secret).to_lowercase()));
        assert!(!shown.contains(&data_encoding::HEXLOWER.encode(&invite.secret)));
    }

    #[tokio::test(start_paused = true)]
    async fn once_in_time_and_by_its_holder_only() {
        let (mut invites, now) = (Invites::default(), Instant::now());
        let (first, second) = (invite(), invite());
        invites.add(&first, now + INVITE_LIFETIME, now);
        invites.add(&second, now + INVITE_LIFETIME, now);
        let redeem = |invites: &mut Invites, who, proof, after| {
            invites.redeem(INVITER, who, proof, now + Duration::from_secs(after))
        };
        // A proof overheard from Ann is worth nothing to Bob.
        assert_eq!(
            redeem(&mut invites, BOB, first.proof(ANN), 1),
            Redemption::Unknown
        );
        assert_eq!(
            redeem(&mut invites, ANN, first.proof(ANN), 2),
            Redemption::Granted
        );
        assert_eq!(
            redeem(&mut invites, ANN, first.proof(ANN), 3),
            Redemption::Used
        );
        assert_eq!(
            redeem(&mut invites, BOB, first.proof(BOB), 4),
            Redemption::Used
        );
        assert!(invites.any_open(now + Duration::from_secs(599)));
        assert_eq!(
            redeem(&mut invites, BOB, second.proof(BOB), 600),
            Redemption::Expired
        );
        assert!(!invites.any_open(now + Duration::from_secs(600)));
        assert_eq!(
            redeem(&mut invites, BOB, invite().proof(BOB), 5),
            Redemption::Unknown
        );
    }
}
