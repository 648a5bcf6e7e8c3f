//! One run of a password-authenticated key exchange: two sides that hold the same code learn the
//! same key; whoever does not hold it gets one guess, and an onlooker none.

use spake2::{Ed25519Group, Identity as Side, Password, Spake2};

use crate::ids::{Half, PeerId};

/// Which of the two a computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It shows the code.
    Asker,
    /// The code is typed there.
    Helper,
}

/// The certificates of both sides as *this* side has seen them in TLS: with anybody in between, the
/// two sides see different ones, and no key comes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides {
    pub(crate) asker: PeerId,
    pub(crate) helper: PeerId,
}

/// A key that both sides have, if both had the same code.
pub(crate) type Key = [u8; 32];

/// One run of an exchange. Each is good for one answer.
pub(crate) trait Exchange: Sized {
    /// Begins as one side, and says what to send to the other.
    fn begin(role: Role, code: &str, sides: Sides) -> (Self, Half);

    /// The key, from the other's half. `None`: it is no half of such an exchange.
    fn finish(self, theirs: &Half) -> Option<Key>;
}

/// SPAKE2 over Ed25519, as Magic Wormhole uses it. The crate was never audited; what it protects is
/// three guesses at a code of two minutes.
pub(crate) struct Spake(Spake2<Ed25519Group>);

impl Exchange for Spake {
    fn begin(role: Role, code: &str, sides: Sides) -> (Self, Half) {
        let password = Password::new(code.as_bytes());
        let [asker, helper] = [Side::new(&sides.asker.0), Side::new(&sides.helper.0)];
        let (state, message) = match role {
            Role::Asker => Spake2::start_a(&password, &asker, &helper),
            Role::Helper => Spake2::start_b(&password, &asker, &helper),
        };
        let mut half = Half([0; 33]);
        // Always 33 bytes: a letter for the role, and a point.
        half.0.copy_from_slice(&message);
        (Self(state), half)
    }

    fn finish(self, theirs: &Half) -> Option<Key> {
        self.0.finish(&theirs.0).ok()?.try_into().ok()
    }
}

/// What a side sends to show that it has `key`, without showing it.
pub(crate) fn confirmation(key: &Key, role: Role, sides: Sides) -> blake3::Hash {
    let key = blake3::derive_key("manyhands protocol 1 pairing by code", key);
    let role: &[u8] = match role {
        Role::Asker => b"asker",
        Role::Helper => b"helper",
    };
    blake3::Hasher::new_keyed(&key)
        .update(&sides.asker.0)
        .update(&sides.helper.0)
        .update(role)
        .finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PeerId = PeerId([1; 32]);
    const B: PeerId = PeerId([2; 32]);
    const M: PeerId = PeerId([3; 32]);

    /// Whether two sides with these codes, and these views of who they are, end with one key.
    fn meet(codes: [&str; 2], sides: [Sides; 2]) -> bool {
        let (asker, first) = Spake::begin(Role::Asker, codes[0], sides[0]);
        let (helper, second) = Spake::begin(Role::Helper, codes[1], sides[1]);
        asker.finish(&second).unwrap() == helper.finish(&first).unwrap()
    }

    #[test]
    fn the_same_code_and_the_same_view_and_nothing_else() {
        let honest = Sides {
            asker: A,
            helper: B,
        };
        assert!(meet(["123456", "123456"], [honest; 2]));
        assert!(!meet(["123456", "123457"], [honest; 2]));
        // Somebody in between shows each its own certificate.
        let there = Sides {
            asker: A,
            helper: M,
        };
        let here = Sides {
            asker: M,
            helper: B,
        };
        assert!(!meet(["123456", "123456"], [there, here]));
    }

    #[test]
    fn no_point_is_no_half() {
        let sides = Sides {
            asker: A,
            helper: B,
        };
        for wrong in [[0; 33], [255; 33], *b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let (asker, own) = Spake::begin(Role::Asker, "123456", sides);
            assert_eq!(asker.finish(&Half(wrong)), None);
            let (asker, _) = Spake::begin(Role::Asker, "123456", sides);
            // Its own half sent back is of the wrong role.
            assert_eq!(asker.finish(&own), None);
        }
    }

    #[test]
    fn confirmations_are_of_a_role_and_of_both_sides() {
        let sides = Sides {
            asker: A,
            helper: B,
        };
        let turned = Sides {
            asker: B,
            helper: A,
        };
        let of = |role, sides| confirmation(&[7; 32], role, sides);
        assert_ne!(of(Role::Asker, sides), of(Role::Helper, sides));
        assert_ne!(of(Role::Asker, sides), of(Role::Asker, turned));
        assert_ne!(
            of(Role::Asker, sides),
            confirmation(&[8; 32], Role::Asker, sides)
        );
    }
}
