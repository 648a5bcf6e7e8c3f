//! Six digits, and what becomes of them where they are typed.
//!
//! The computer that wants help shows a code; a person types it at the computer that is to help. So
//! whoever merely asks gets nothing: there is nothing to type before a person has seen it. One
//! request at a time, three tries, two minutes by this computer's own clock.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::ids::{Digest, Half, PeerId};
use crate::pake::{Exchange, Key, Role, Sides, Spake, confirmation};
use crate::proto::{Name, RefusalCode};
use crate::rights::Rights;

/// How long a code is good.
pub const CODE_LIFETIME: Duration = Duration::from_secs(120);

/// How often a code may be typed wrongly.
pub const CODE_TRIES: u8 = 3;

/// The most computers that are kept from asking.
const MAX_BLOCKED: usize = 256;

/// Six digits. A secret while it lives: shown to a person, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

/// Text that is not six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is the six digits that the other computer shows")]
pub struct ParseCodeError;

impl Code {
    pub(crate) fn random() -> Self {
        Self(format!("{:06}", rand::random_range(0..1_000_000)))
    }

    /// The digits, without a gap.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    /// In two groups, as it is read aloud.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at(3);
        write!(f, "{first} {second}")
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl FromStr for Code {
    type Err = ParseCodeError;

    /// Takes it as people type it: with gaps and hyphens.
    fn from_str(text: &str) -> Result<Self, ParseCodeError> {
        if text.len() > 64 {
            return Err(ParseCodeError);
        }
        let digits: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2013}'))
            .collect();
        let good = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        good.then_some(Self(digits)).ok_or(ParseCodeError)
    }
}

/// Somebody who asks this computer for help, as a person is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairRequest {
    /// Who asks.
    pub peer: PeerId,
    /// What it calls itself; only what it says.
    pub name: Name,
    /// How long its code is still good.
    pub left: Duration,
    /// How often it may still be typed.
    pub tries: u8,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A person is to type the code.
    Untyped,
    /// One is typed; the asker is to prove that it is the right one.
    Typed,
    /// It was not; so many tries are left.
    Wrong(u8),
    /// It was, and the two are just being paired.
    Pairing,
    /// It was, and they are.
    Right,
    /// The asker took it back, a person said no, or its time is over.
    Over,
}

/// The request that waits here, if one does.
#[derive(Default)]
pub(crate) struct Requests {
    pending: Option<Pending>,
    blocked: BTreeSet<PeerId>,
}

struct Pending {
    from: PeerId,
    name: Name,
    address: SocketAddr,
    until: Instant,
    tries: u8,
    typed: Option<Code>,
    rights: Rights,
    key: Option<Key>,
    standing: watch::Sender<Standing>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.standing.send_if_modified(|standing| {
            let open = matches!(standing, Standing::Untyped | Standing::Typed);
            if open {
                *standing = Standing::Over;
            }
            open
        });
    }
}

/// What the asker is told when its turn comes.
pub(crate) enum Turn {
    /// The code was typed: this half is made with it.
    Half(Half),
    /// Not yet: ask again when this changes.
    Wait(watch::Receiver<Standing>),
}

/// What a confirmation was worth.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// The code is right: who asked, and what to answer.
    Right {
        name: Name,
        address: SocketAddr,
        rights: Rights,
        answer: Digest,
        /// To be told [`Standing::Right`] once the pairing stands.
        standing: watch::Sender<Standing>,
    },
    /// It is not; so many tries are left.
    Wrong(u8),
}

impl Requests {
    /// Takes up a request, in place of an earlier one of the same computer.
    pub(crate) fn ask(
        &mut self,
        from: PeerId,
        name: Name,
        address: SocketAddr,
        now: Instant,
    ) -> Result<(), RefusalCode> {
        if self.blocked.contains(&from) {
            return Err(RefusalCode::PairDeclined);
        }
        if self.open(now).is_some_and(|pending| pending.from != from) {
            return Err(RefusalCode::PairBusy);
        }
        self.pending = Some(Pending {
            from,
            name,
            address,
            until: now + CODE_LIFETIME,
            tries: CODE_TRIES,
            typed: None,
            rights: Rights::default(),
            key: None,
            standing: watch::Sender::new(Standing::Untyped),
        });
        Ok(())
    }

    /// The request that waits for a person.
    pub(crate) fn request(&mut self, now: Instant) -> Option<PairRequest> {
        self.open(now).map(|pending| PairRequest {
            peer: pending.from,
            name: pending.name.clone(),
            left: pending.until.saturating_duration_since(now),
            tries: pending.tries,
        })
    }

    /// A person typed a code, and said what the two may then ask of each other; what becomes of it is told by the
    /// receiver.
    pub(crate) fn type_in(
        &mut self,
        code: Code,
        rights: Rights,
        now: Instant,
    ) -> Option<watch::Receiver<Standing>> {
        let pending = self.open(now)?;
        pending.typed = Some(code);
        pending.rights = rights;
        pending.key = None;
        pending.standing.send_replace(Standing::Typed);
        Some(pending.standing.subscribe())
    }

    /// The asker's half arrives; with the code typed, ours goes back. Each typing is good for one.
    pub(crate) fn turn(
        &mut self,
        sides: Sides,
        half: &Half,
        now: Instant,
    ) -> Result<Turn, RefusalCode> {
        let pending = self.of(sides.asker, now)?;
        let Some(code) = pending.typed.take() else {
            return Ok(Turn::Wait(pending.standing.subscribe()));
        };
        let (exchange, own) = Spake::begin(Role::Helper, code.digits(), sides);
        let key = exchange.finish(half).ok_or(RefusalCode::Malformed)?;
        pending.key = Some(key);
        Ok(Turn::Half(own))
    }

    /// The asker shows that it has the key, or that it has not.
    pub(crate) fn confirm(
        &mut self,
        sides: Sides,
        proof: Digest,
        now: Instant,
    ) -> Result<Judgement, RefusalCode> {
        let pending = self.of(sides.asker, now)?;
        let key = pending.key.take().ok_or(RefusalCode::PairOver)?;
        // blake3::Hash compares in constant time.
        if confirmation(&key, Role::Asker, sides) == blake3::Hash::from_bytes(proof.0) {
            pending.standing.send_replace(Standing::Pairing);
            let judgement = Judgement::Right {
                name: pending.name.clone(),
                address: pending.address,
                rights: pending.rights,
                standing: pending.standing.clone(),
                answer: confirmation(&key, Role::Helper, sides).into(),
            };
            self.pending = None;
            return Ok(judgement);
        }
        pending.tries -= 1;
        let left = pending.tries;
        pending.standing.send_replace(Standing::Wrong(left));
        if left == 0 {
            self.pending = None;
        }
        Ok(Judgement::Wrong(left))
    }

    /// Ends the request of `peer`; with `block` it is not let ask again. `false` if there was none.
    pub(crate) fn end(&mut self, peer: PeerId, block: bool) -> bool {
        if block && self.blocked.len() < MAX_BLOCKED {
            self.blocked.insert(peer);
        }
        let had = self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.from == peer);
        if had {
            self.pending = None;
        }
        had
    }

    fn of(&mut self, asker: PeerId, now: Instant) -> Result<&mut Pending, RefusalCode> {
        if self.blocked.contains(&asker) {
            return Err(RefusalCode::PairDeclined);
        }
        let pending = self.open(now).filter(|pending| pending.from == asker);
        pending.ok_or(RefusalCode::PairOver)
    }

    fn open(&mut self, now: Instant) -> Option<&mut Pending> {
        if self
            .pending
            .as_ref()
            .is_some_and(|pending| now >= pending.until)
        {
            self.pending = None;
        }
        self.pending.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: PeerId = PeerId([1; 32]);
    const BOB: PeerId = PeerId([2; 32]);
    const EVE: PeerId = PeerId([3; 32]);
    const BOTH: Rights = Rights {
        may_use_me: true,
        i_may_use: true,
    };

    fn place() -> SocketAddr {
        "10.0.0.1:47820".parse().unwrap()
    }

    /// Ann's side of one round with Bob's desk.
    fn round(desk: &mut Requests, code: &str, now: Instant) -> Result<Judgement, RefusalCode> {
        let sides = Sides {
            asker: ANN,
            helper: BOB,
        };
        let (exchange, half) = Spake::begin(Role::Asker, code, sides);
        let Turn::Half(theirs) = desk.turn(sides, &half, now)? else {
            panic!("nothing was typed");
        };
        let key = exchange.finish(&theirs).unwrap();
        desk.confirm(sides, confirmation(&key, Role::Asker, sides).into(), now)
    }

    fn asked(now: Instant) -> Requests {
        let mut desk = Requests::default();
        desk.ask(ANN, "Ann".into(), place(), now).unwrap();
        desk
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        for text in ["482913", " 482 913 ", "482-913", "4 8 2 9 1 3"] {
            assert_eq!(text.parse::<Code>().unwrap().to_string(), "482 913");
        }
        let long = "1".repeat(10_000);
        for text in [
            "",
            "48291",
            "4829131",
            "48291x",
            "４８２９１３",
            long.as_str(),
        ] {
            assert_eq!(text.parse::<Code>(), Err(ParseCodeError));
        }
        let code = Code::random();
        assert!(!format!("{code:?}").contains(code.digits()));
        assert_eq!(code.digits().parse::<Code>(), Ok(code));
    }

    #[tokio::test(start_paused = true)]
    async fn the_right_code_is_right_once() {
        let now = Instant::now();
        let mut desk = asked(now);
        let heard = desk.type_in("482913".parse().unwrap(), BOTH, now).unwrap();
        assert!(matches!(
            round(&mut desk, "482913", now),
            Ok(Judgement::Right { .. })
        ));
        // Whoever typed it hears so once the pairing stands.
        assert_eq!(*heard.borrow(), Standing::Pairing);
        // Used up: the same again finds nothing.
        assert!(matches!(
            round(&mut desk, "482913", now),
            Err(RefusalCode::PairOver)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn the_third_wrong_try_is_the_last() {
        let now = Instant::now();
        let mut desk = asked(now);
        for left in [2, 1, 0] {
            let heard = desk.type_in("111111".parse().unwrap(), BOTH, now).unwrap();
            assert!(
                matches!(round(&mut desk, "482913", now), Ok(Judgement::Wrong(n)) if n == left)
            );
            assert_eq!(*heard.borrow(), Standing::Wrong(left));
        }
        assert!(desk.type_in("482913".parse().unwrap(), BOTH, now).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_typed_code_is_good_for_one_guess() {
        let now = Instant::now();
        let mut desk = asked(now);
        desk.type_in("482913".parse().unwrap(), BOTH, now).unwrap();
        let sides = Sides {
            asker: ANN,
            helper: BOB,
        };
        let guess = Digest([0; 32]);
        let (_, half) = Spake::begin(Role::Asker, "000000", sides);
        assert!(matches!(desk.turn(sides, &half, now), Ok(Turn::Half(_))));
        assert!(matches!(desk.turn(sides, &half, now), Ok(Turn::Wait(_))));
        assert!(matches!(
            desk.confirm(sides, guess, now),
            Ok(Judgement::Wrong(2))
        ));
        assert!(matches!(
            desk.confirm(sides, guess, now),
            Err(RefusalCode::PairOver)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_and_for_two_minutes() {
        let now = Instant::now();
        let mut desk = asked(now);
        let eve = |desk: &mut Requests, at| desk.ask(EVE, "Eve".into(), place(), at);
        assert_eq!(eve(&mut desk, now), Err(RefusalCode::PairBusy));
        let sides = Sides {
            asker: EVE,
            helper: BOB,
        };
        let (_, half) = Spake::begin(Role::Asker, "000000", sides);
        assert!(matches!(
            desk.turn(sides, &half, now),
            Err(RefusalCode::PairOver)
        ));
        let late = now + CODE_LIFETIME;
        assert!(desk.request(late - Duration::from_millis(1)).is_some());
        assert_eq!(desk.request(late), None);
        assert_eq!(eve(&mut desk, late), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn no_is_no() {
        let now = Instant::now();
        let mut desk = asked(now);
        let heard = desk.type_in("111111".parse().unwrap(), BOTH, now).unwrap();
        assert!(desk.end(ANN, false));
        assert_eq!(*heard.borrow(), Standing::Over);
        assert_eq!(desk.ask(ANN, "Ann".into(), place(), now), Ok(()));
        assert!(desk.end(ANN, true));
        assert_eq!(
            desk.ask(ANN, "Ann".into(), place(), now),
            Err(RefusalCode::PairDeclined)
        );
    }
}
