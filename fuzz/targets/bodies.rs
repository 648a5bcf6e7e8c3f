//! Every small body that a request or an answer may have, and an invite that somebody pastes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    peer::fuzzing::body(data);
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(invite) = text.parse::<peer::Invite>()
    {
        let again: peer::Invite = invite.to_string().parse().expect("an invite");
        assert!(again == invite);
        assert!((1..=8).contains(&invite.addresses.len()));
    }
});
