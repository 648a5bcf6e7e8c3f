//! A paired computer's words, on a WebSocket made by hand.

use std::io::{Read, Write};
use std::net::SocketAddr;

use peer::{About, DeclineReason, EncoderOffer, Hello, Message, PROTOCOL, Session, TaskId};
use serde_json::{Value, json};

use super::attacker::{Attacker, Wire, head};
use super::house::{House, Outcome, Wanted, honest, order, spec};

/// What a link is closed with where the protocol was broken.
const MISBEHAVED: u16 = 1002;

/// A link, with frames of one's own.
struct Talk(Wire);

impl Talk {
    /// The attacker's link, its greetings said.
    fn open(attacker: &Attacker, to: SocketAddr) -> Self {
        let mut talk = Self::upgrade(attacker, to);
        talk.say(&Message::Hello(hello()).encode().unwrap());
        talk.say(&Message::About(About::default()).encode().unwrap());
        talk
    }

    fn upgrade(attacker: &Attacker, to: SocketAddr) -> Self {
        let mut wire = attacker.call(to).unwrap();
        let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
            sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nmanyhands-protocol: 1\r\n";
        wire.write_all(head("GET", "/v1/link", upgrade).as_bytes())
            .unwrap();
        wire.flush().unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            wire.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(
            answer.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        Self(wire)
    }

    fn say(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes());
    }

    /// A frame with this first byte. What cannot be said any more is heard by its close code.
    fn frame(&mut self, first: u8, payload: &[u8]) -> bool {
        let length = payload.len();
        // Masked with zeros, which change nothing.
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | length as u8),
            126..65536 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.0
            .write_all(&frame)
            .and_then(|()| self.0.flush())
            .is_ok()
    }

    /// The code that the link ends with; `None` where it just breaks.
    fn end(&mut self) -> Option<u16> {
        loop {
            let mut begins = [0; 2];
            self.0.read_exact(&mut begins).ok()?;
            let length = match begins[1] & 0x7f {
                126 => {
                    let mut long = [0; 2];
                    self.0.read_exact(&mut long).ok()?;
                    usize::from(u16::from_be_bytes(long))
                }
                length => usize::from(length),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).ok()?;
            if begins[0] == 0x88 {
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
    }
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        name: "Studio".into(),
        session: Session::random(),
        port: 9,
    }
}

/// A paired computer whose own node is silent.
fn turned(house: &House, name: &str) -> Attacker {
    house.paired(name).leave();
    Attacker::of(&house.path(name), 81)
}

/// A field of something that is fine otherwise.
fn with(mut whole: Value, path: &str, value: Value) -> Value {
    *whole.pointer_mut(path).unwrap() = value;
    whole
}

fn more(mut whole: Value, field: &str, value: Value) -> Value {
    whole
        .as_object_mut()
        .unwrap()
        .insert(field.to_owned(), value);
    whole
}

fn about() -> Value {
    serde_json::to_value(About {
        encoders: vec![EncoderOffer {
            encoder: media::Encoder::X264,
            ten_bit: true,
            fps_1080p: 1.0,
            seats: 1,
        }],
        ..About::default()
    })
    .unwrap()
}

fn task(spec: Value) -> Value {
    let name = "ab".repeat(16);
    json!({"task": {
        "task": name, "spec": spec, "source": name, "source_ceiling": 1000,
        "result": name, "result_ceiling": 1000,
    }})
}

/// One wrong word ends the link, and does nothing else.
pub fn words(house: &mut House) {
    let attacker = turned(house, "talker");
    let to = house.node.address;
    let of = |about: Value| json!({"about": about}).to_string();
    let text = [
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
        "[".repeat(60_000),
        r#"{"beat":{}"#.to_owned(),
        r#"{"beat":{},"beat":{}}"#.to_owned(),
        json!({"beat": {"more": 1}}).to_string(),
        json!({"shutdown": {}}).to_string(),
        json!({"hello": hello()}).to_string(),
        json!({"load": {"cpu_percent": 101, "memory_used_mb": 1}}).to_string(),
        json!({"load": {"cpu_percent": 1, "memory_used_mb": 1, "celsius": 151}}).to_string(),
        json!({"cancel": {"task": "../../../etc/passwd"}}).to_string(),
        json!({"cancel": {"task": "ab"}}).to_string(),
        of(with(about(), "/name", json!("a\nb"))),
        of(with(about(), "/name", json!("a".repeat(65)))),
        of(with(about(), "/cpu_model", json!("\u{202e}exe"))),
        of(with(about(), "/cores", json!(65_536))),
        of(with(about(), "/memory_mb", json!(-1))),
        of(with(
            about(),
            "/encoders",
            json!(vec![about()["encoders"][0].clone(); 65]),
        )),
        of(with(about(), "/encoders/0/fps_1080p", json!(1e9))),
        of(with(
            about(),
            "/encoders/0/encoder",
            json!("libx264 -f tee"),
        )),
        of(more(about(), "path", json!("/etc"))),
    ];
    for text in text {
        let mut talk = Talk::open(&attacker, to);
        talk.say(&text);
        let head: String = text.chars().take(80).collect();
        assert_eq!(talk.end(), Some(MISBEHAVED), "{head}");
    }
    let frames: [(&str, u8, Vec<u8>); 6] = [
        ("no UTF-8", 0x81, vec![0xff, 0xfe]),
        ("binary", 0x82, vec![1, 2, 3]),
        ("too long", 0x81, vec![b' '; (64 << 10) + 1]),
        ("an unknown kind", 0x83, vec![1]),
        ("a reserved bit", 0xc1, vec![b'{', b'}']),
        ("a long ping", 0x89, vec![0; 200]),
    ];
    for (what, first, payload) in frames {
        let mut talk = Talk::open(&attacker, to);
        talk.frame(first, &payload);
        // Some of it is broken WebSocket, which ends without a code.
        assert!(matches!(talk.end(), None | Some(1000..=1015)), "{what}");
    }
    for begins in [r#"{"beat":{}}"#, r#"{"hello":{"protocol":1}}"#, "x"] {
        let mut talk = Talk::upgrade(&attacker, to);
        talk.say(begins);
        assert_ne!(talk.end(), Some(1001), "a link that begins with {begins}");
    }
    let mut talk = Talk::upgrade(&attacker, to);
    let newer = json!({"hello": {"protocol": 2, "name": "Studio", "later": true}});
    talk.say(&newer.to_string());
    assert_eq!(talk.end(), Some(4002), "another protocol is told so");
    house.node.ask(&["unpair", &attacker.id.to_string()]);
}

/// Each number of an order just beyond its bound, and words where a word out of a list belongs.
pub fn orders(house: &mut House) {
    let attacker = turned(house, "orderer");
    let to = house.node.address;
    let rows = [
        ("/width", json!(0)),
        ("/width", json!(16_385)),
        ("/height", json!(0)),
        ("/height", json!(-1)),
        ("/frames", json!(0)),
        ("/frames", json!(1_000_001)),
        ("/timebase/num", json!(0)),
        ("/timebase/den", json!(0)),
        ("/timebase/den", json!(1_u64 << 32)),
        ("/span/end", json!(0)),
        ("/span/start", json!(1_i64 << 56)),
        ("/span/end", json!(i64::MAX)),
        ("/quality", json!(52)),
        ("/quality", json!(-1)),
        ("/frame_rate/num", json!(0)),
        ("/frame_rate/den", json!(1_000_001)),
        ("/sar", json!({"num": 0, "den": 1})),
        ("/input", json!("h264,file")),
        ("/input", json!("concat")),
        ("/encoder", json!("libx264 -f tee")),
        ("/encoder", json!("../../x")),
        ("/speed", json!("-vf movie=/etc/passwd")),
        ("/pixel_format", json!("yuv420p,movie=/etc/passwd")),
        ("/color/primaries", json!("bt709:x=1")),
        ("/color/range", json!("tv;rm")),
        ("/scan", json!("progressive,drawtext=textfile=/etc/passwd")),
        (
            "/hdr10",
            json!({"mastering": null, "light": {"max_content": 65_536, "max_average": 1}}),
        ),
    ];
    let mut bad: Vec<Value> = rows
        .into_iter()
        .map(|(path, value)| with(order(), path, value))
        .collect();
    bad.push(more(order(), "filter", json!("movie=/etc/passwd")));
    bad.push(more(order(), "output", json!("/etc/passwd")));
    for spec in bad {
        let mut talk = Talk::open(&attacker, to);
        talk.say(&task(spec.clone()).to_string());
        assert_eq!(talk.end(), Some(MISBEHAVED), "{spec}");
    }
    house.node.ask(&["unpair", &attacker.id.to_string()]);
    at_the_bounds(house);
}

/// What the words allow and no donor takes, and what it takes.
fn at_the_bounds(house: &mut House) {
    let mut peer = house.paired("bounds");
    let rows = [
        (
            with(
                with(order(), "/width", json!(16_384)),
                "/height",
                json!(16_384),
            ),
            DeclineReason::TooLarge,
        ),
        (
            with(
                with(order(), "/frames", json!(1_000_000)),
                "/width",
                json!(16_384),
            ),
            DeclineReason::TooLarge,
        ),
        (
            with(order(), "/encoder", json!("hevc_videotoolbox")),
            DeclineReason::CannotEncode,
        ),
    ];
    let result = house.path("bounds.mp4");
    for (spec, reason) in rows {
        let wanted = Wanted {
            spec: serde_json::from_value(spec.clone()).unwrap(),
            ..honest()
        };
        let outcome = peer.give(&wanted, result.clone());
        assert_eq!(outcome, Outcome::Declined(reason), "{spec}");
    }
    for (source_ceiling, result_ceiling) in [(u64::MAX, 0), (0, u64::MAX), (9 << 30, 9 << 30)] {
        let wanted = Wanted {
            source_ceiling,
            result_ceiling,
            ..honest()
        };
        let outcome = peer.give(&wanted, result.clone());
        assert_eq!(outcome, Outcome::Declined(DeclineReason::TooLarge));
    }
    for (path, value) in [
        ("/quality", json!(1)),
        ("/quality", json!(51)),
        ("/span/end", json!(null)),
    ] {
        let spec = with(order(), path, value);
        let wanted = Wanted {
            spec: serde_json::from_value(spec.clone()).unwrap(),
            ..honest()
        };
        let outcome = peer.give(&wanted, result.clone());
        assert!(
            matches!(outcome, Outcome::Finished(_)),
            "{spec}: {outcome:?}"
        );
    }
    house.forget(peer, &[]);
}

/// Somebody who asks and asks, and never listens: it is slowed down and cut off, and nobody else notices.
pub fn flood(house: &mut House) {
    let attacker = turned(house, "flooder");
    let mut talk = Talk::open(&attacker, house.node.address);
    let flooding = std::thread::spawn(move || {
        let mut said = 0;
        while said < 30_000 {
            let (_, order) = Wanted {
                source_ceiling: u64::MAX,
                ..Wanted::of(spec(), Vec::new())
            }
            .order();
            let cancel = Message::Cancel {
                task: TaskId::random(),
            };
            let words = [order, cancel].map(|message| message.encode().unwrap());
            if !words.iter().all(|text| talk.frame(0x81, text.as_bytes())) {
                break;
            }
            said += 1;
        }
        said
    });
    let result = house.path("beside.mp4");
    let mut beside = house.paired("beside");
    for _ in 0..3 {
        let outcome = beside.give(&honest(), result.clone());
        assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
    }
    for id in [attacker.id, beside.net.id()] {
        house.node.ask(&["unpair", &id.to_string()]);
    }
    let said = flooding.join().unwrap();
    assert!(said < 30_000, "{said} orders were taken");
}
