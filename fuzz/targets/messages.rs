//! What a link says: whatever is read as a message is written as one, and read as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peer::Message;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(message) = Message::decode(text) else {
        return;
    };
    // A speed that is no number was refused above: equal means equal.
    let again = message.encode().expect("what was read fits into a message");
    assert_eq!(Message::decode(&again).expect("a message"), message);
    if let Message::Task { spec, .. } = &message {
        assert!(spec.is_sound());
        let argv = media::argv::encode(spec, media::argv::Allowance::default());
        // Paths, lists of files and options begin or go on with these.
        let bad = |word: &String| word.contains(['/', '\\', '\n', '\0', '\'', '"', '`', '$', '%']);
        let paths: Vec<_> = argv.iter().filter(|word| bad(word)).collect();
        let ours = |word: &&&String| word.starts_with("/dev/dri/") || is_a_ratio(word);
        assert_eq!(
            paths.iter().filter(|word| !ours(word)).count(),
            0,
            "{paths:?}"
        );
    }
});

/// Filters have ratios of numbers in them.
fn is_a_ratio(word: &str) -> bool {
    word.split(',')
        .filter(|part| part.contains('/'))
        .all(|part| {
            part.contains("settb=")
                || part.contains("setsar=")
                || part.contains("fps=")
                || part.chars().all(|c| c.is_ascii_digit() || c == '/')
        })
}
