//! Somebody in the network whom the node does not know.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::attacker::{Attacker, Wire, answer, dial, get, head, is_patience};
use super::house::{House, Peer, knowing, quiet};

/// Who is there, and how to pair: for anybody. Everything else: for nobody, whether it exists or not.
pub fn routes(house: &mut House) {
    let to = house.node.address;
    let stranger = Attacker::of(&house.path("stranger"), 11);
    let blob = format!("/v1/blob/{}", "ab".repeat(16));
    let rows = [
        ("GET", "/v1/hello", 200, 200),
        ("GET", "/v1/link", 403, 403),
        ("HEAD", &blob, 403, 403),
        ("GET", &blob, 403, 403),
        ("PUT", &blob, 403, 403),
        ("POST", &blob, 403, 403),
        ("DELETE", &blob, 403, 403),
        ("GET", "/", 403, 403),
        ("GET", "/v1/blob/../../../etc/passwd", 403, 403),
        ("GET", "/v1/blob/..%2f..%2f..%2fetc%2fpasswd", 403, 403),
        ("GET", "/v2/link", 403, 403),
        ("GET", "/api/page", 403, 403),
        ("OPTIONS", "*", 403, 403),
        ("CONNECT", "example.org:443", 403, 403),
        ("GET", "http://127.0.0.1:1/", 403, 403),
        ("POST", "/v1/pair/redeem", 400, 400),
        ("POST", "/v1/pair/ask", 400, 400),
        ("POST", "/v1/pair/turn", 400, 400),
        ("POST", "/v1/pair/confirm", 400, 400),
        ("POST", "/v1/pair/withdraw", 200, 400),
    ];
    for (method, path, named, unnamed) in rows {
        let request = head(method, path, "connection: close\r\ncontent-length: 0\r\n");
        let (status, _) = stranger.request(to, &request);
        assert_eq!(status, named, "{method} {path}");
        let mut wire = stranger.call_unnamed(to).unwrap();
        let (status, _) = answer(&mut wire, request.as_bytes());
        assert_eq!(status, unnamed, "{method} {path} without a certificate");
    }
    // Not HTTP/1.1, and not TLS.
    for bytes in [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\0\0\0\0",
        "GET\r\n\r\n",
    ] {
        let (status, _) = stranger.request(to, bytes);
        assert!([0, 400].contains(&status), "{bytes:?}: {status}");
    }
    let mut plain = dial(Ipv4Addr::LOCALHOST.into(), to).unwrap();
    let (status, _) = answer(&mut plain, get("/v1/hello").as_bytes());
    assert_eq!(status, 0, "nothing is answered without TLS");
}

/// Heads and bodies that are too long, or never end.
pub fn too_much(house: &mut House) {
    let to = house.node.address;
    let stranger = Attacker::of(&house.path("stranger"), 12);
    let body = format!(r#"{{"protocol":1,"name":"{}","port":1}}"#, "a".repeat(9000));
    assert_eq!(stranger.post(to, "/v1/pair/ask", &body).0, 400);
    let endless: [(&str, String, &[u8]); 5] = [
        (
            "a head",
            head("GET", "/v1/hello", "").replace("\r\n\r\n", "\r\nx: "),
            b"yyyyyyyy",
        ),
        (
            "headers",
            head("GET", "/v1/hello", "").replace("\r\n\r\n", "\r\n"),
            b"x: y\r\n",
        ),
        ("a line", "GET /".to_owned(), b"aaaaaaaa"),
        (
            "a body",
            head("POST", "/v1/pair/ask", "content-length: 999999999999\r\n"),
            b"        ",
        ),
        (
            "chunks",
            head("POST", "/v1/pair/ask", "transfer-encoding: chunked\r\n"),
            b"4\r\n    \r\n",
        ),
    ];
    for (what, begins, goes_on) in endless {
        let mut wire = stranger.call(to).unwrap();
        let taken = pour(&mut wire, begins.as_bytes(), goes_on);
        assert!(taken < 16 << 20, "{what}: {taken} bytes were taken");
    }
}

/// Says `begins`, then `goes_on` again and again until the connection is closed: bytes that were taken.
fn pour(wire: &mut Wire, begins: &[u8], goes_on: &[u8]) -> usize {
    let block: Vec<u8> = goes_on.iter().copied().cycle().take(64 << 10).collect();
    let block = &block[..block.len() / goes_on.len() * goes_on.len()];
    let mut taken = 0;
    let mut pieces = std::iter::once(begins).chain(std::iter::repeat(block));
    while taken < 16 << 20 {
        let piece = pieces.next().unwrap_or(block);
        if wire.write_all(piece).and_then(|()| wire.flush()).is_err() {
            break;
        }
        taken += piece.len();
    }
    taken
}

/// A crowd that keeps every place taken; the honest come through it, and those who were known before come back.
pub fn ten_thousand_connections(house: &mut House) {
    let to = house.node.address;
    let folder = house.path("known");
    let known = house.paired("known");
    let config = knowing(&house.node, quiet(&folder, "Studio"));
    known.leave();
    let mut crowd: Vec<TcpStream> = Vec::new();
    for number in 0..10_000_u32 {
        let from = Ipv4Addr::new(127, 0, 2, u8::try_from(number % 250).unwrap() + 1);
        let Ok(mut caller) = dial(from.into(), to) else {
            continue;
        };
        // Whoever was closed in the meantime cannot say it any more.
        let _ = match number % 3 {
            0 => caller.write_all(&[0x16, 3, 1, 0, 0xff, 1]),
            1 => caller.write_all(get("/v1/hello").as_bytes()),
            _ => Ok(()),
        };
        crowd.push(caller);
        if crowd.len() > 400 {
            drop(crowd.drain(..200));
        }
        if number == 5_000 {
            let back = Peer::start(&house.runtime, house.node.id, config.clone());
            back.link();
            back.leave();
        }
    }
    let sockets = format!("/proc/{}/fd", house.node.child.0.id());
    let open = std::fs::read_dir(sockets).unwrap().count();
    assert!(open < 700, "{open} files are open");
    drop(crowd);
    house.node.ask(&["unpair", &known_id(&folder)]);
}

fn known_id(folder: &std::path::Path) -> String {
    Attacker::of(folder, 1).id.to_string()
}

/// Slow in the handshake, slow in the head, slow in the body.
pub fn slow_callers(house: &mut House) {
    let to = house.node.address;
    let stranger = Attacker::of(&house.path("stranger"), 13);
    let silent = dial(Ipv4Addr::new(127, 0, 0, 14).into(), to).unwrap();
    let mut halves = Vec::new();
    for begins in [
        String::new(),
        "GET /v1/he".to_owned(),
        head("POST", "/v1/pair/ask", "content-length: 100\r\n") + "{",
    ] {
        let mut wire = stranger.call(to).unwrap();
        wire.write_all(begins.as_bytes()).unwrap();
        wire.flush().unwrap();
        halves.push(wire);
    }
    // A byte now and then does not make them welcome for longer.
    let dripping = std::thread::spawn(move || {
        for wire in &mut halves {
            wire.sock
                .set_read_timeout(Some(Duration::from_millis(300)))
                .unwrap();
        }
        let begun = std::time::Instant::now();
        while !halves.is_empty() && begun.elapsed() < Duration::from_secs(40) {
            halves.retain_mut(|wire| {
                let _ = wire.write_all(b" ").and_then(|()| wire.flush());
                !is_closed(wire)
            });
        }
        halves.len()
    });
    let mut silent = silent;
    assert!(matches!(silent.read(&mut [0]), Ok(0) | Err(_)));
    assert_eq!(
        dripping.join().unwrap(),
        0,
        "slow callers that are still served"
    );
}

fn is_closed(wire: &mut Wire) -> bool {
    loop {
        match wire.read(&mut [0; 1024]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return !is_patience(&error),
        }
    }
}
