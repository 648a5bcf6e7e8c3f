//! What is no film, or too much of one.

use media::spec::{Frames, Side};
use peer::FailReason;

use super::house::{House, Outcome, Wanted, honest, made, spec};

/// Lists and scripts that name other files, and bytes that mean nothing.
pub fn texts(house: &mut House) {
    let secret = house.path("secret.txt");
    std::fs::write(&secret, "a secret\n").unwrap();
    let secret = secret.display();
    let texts: [String; 8] = [
        String::new(),
        format!("ffconcat version 1.0\nfile '{secret}'\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"),
        format!("#EXTM3U\n#EXTINF:1,\nconcat:{secret}|http://127.0.0.1:1/\n"),
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n".to_owned(),
        format!("<MPD><BaseURL>file://{secret}</BaseURL></MPD>"),
        "nut/multimedia container\0".to_owned(),
        "nut/multimedia container\0NM\u{7a}V".repeat(1000),
    ];
    let mut peer = house.paired("texter");
    let result = house.path("text.mp4");
    for text in texts {
        let outcome = peer.give(
            &Wanted::of(spec(), text.clone().into_bytes()),
            result.clone(),
        );
        assert!(
            matches!(outcome, Outcome::Failed(..)),
            "{text}: {outcome:?}"
        );
        let Outcome::Failed(_, detail) = outcome else {
            return;
        };
        assert!(!detail.contains("a secret"), "{detail}");
    }
    // Another format in the place of the ordered one, another codec, and half a film.
    let mp4 = made(
        "-v error -f lavfi -i testsrc2=s=128x96:d=1 -c:v libx264 -movflags +frag_keyframe -f mp4",
    );
    let other = made("-v error -f lavfi -i testsrc2=s=128x96:d=1 -c:v mpeg4 -f nut");
    for content in [mp4, other] {
        let outcome = peer.give(&Wanted::of(spec(), content), result.clone());
        assert!(matches!(outcome, Outcome::Failed(..)), "{outcome:?}");
    }
    let beyond = Wanted {
        result_ceiling: 100,
        ..honest()
    };
    let outcome = peer.give(&beyond, result);
    assert!(
        matches!(outcome, Outcome::Failed(FailReason::TooLarge, _)),
        "{outcome:?}"
    );
    house.forget(peer, &[]);
}

/// A few kilobytes that are gigabytes when they are decoded.
pub fn pictures(house: &mut House) {
    let mut peer = house.paired("bomber");
    let result = house.path("bomb.mp4");
    let folder = house.path("bombs");
    std::fs::create_dir_all(&folder).unwrap();
    // A key and nine pictures that say "as before", and all of it again and again.
    let bomb = |size: &str, times: u32| {
        let one = folder.join(format!("{size}.mp4"));
        let small = made(&format!(
            "-v error -f lavfi -i color=black:s={size}:r=25:d=0.4 -c:v libx264 -preset ultrafast -coder 1 -movflags +frag_keyframe -f mp4"
        ));
        std::fs::write(&one, small).unwrap();
        made(&format!(
            "-v error -stream_loop {times} -itsoffset 64 -i {} -copyts -c copy -f nut",
            one.display()
        ))
    };
    // Larger than anybody may send, whatever the order says.
    let huge = bomb("8320x4800", 20);
    assert!(huge.len() < 8 << 20, "{} bytes", huge.len());
    let outcome = peer.give(&Wanted::of(spec(), huge), result.clone());
    assert!(
        matches!(outcome, Outcome::Failed(FailReason::Encode, _)),
        "{outcome:?}"
    );
    // As large as anybody may, and a hundred times more of them than was said.
    let mut small = spec();
    small.width = Side::new(16).unwrap();
    small.frames = Frames::new(1).unwrap();
    small.span.end = None;
    let many = bomb("7680x4320", 30);
    assert!(many.len() < 8 << 20, "{} bytes", many.len());
    let outcome = peer.give(&Wanted::of(small, many), result);
    assert!(
        matches!(outcome, Outcome::Failed(FailReason::TooLarge, _)),
        "{outcome:?}"
    );
    house.forget(peer, &[]);
}
