//! Packets on mDNS's port that no announcer sends.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use peer::{MDNS_PORT, Net, NetConfig};
use socket2::{Domain, Socket, Type};
use tests::nodes::until;

use super::house::{House, quiet};

/// A name in mDNS's own form.
fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.trim_end_matches('.').split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// An answer with these records.
fn packet(records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap().to_be_bytes();
    let head = [&[0, 0, 0x84, 0, 0, 0][..], &count, &[0; 4]].concat();
    [&head[..], &records.concat()].concat()
}

/// A record; its length may be a lie.
fn record(of: &[u8], kind: u16, says: u16, data: &[u8]) -> Vec<u8> {
    let fields = [
        kind.to_be_bytes(),
        [0x80, 1],
        [0, 0],
        [0, 120],
        says.to_be_bytes(),
    ];
    [of, &fields.concat(), data].concat()
}

const SERVICE: &str = "_manyhands._tcp.local.";
const PTR: u16 = 12;
const TXT: u16 = 16;
const SRV: u16 = 33;
const A: u16 = 1;

/// Somebody called `instance` who says `text` of itself, with addresses of our own.
fn somebody(instance: &str, text: &[u8]) -> Vec<u8> {
    let full = name(&format!("{instance}.{SERVICE}"));
    let host = name("nobody.local.");
    let length = |data: &[u8]| u16::try_from(data.len()).unwrap();
    let place = [&[0, 0, 0, 0, 0, 9][..], &host].concat();
    packet(&[
        record(&name(SERVICE), PTR, length(&full), &full),
        record(&full, SRV, length(&place), &place),
        record(&full, TXT, length(text), text),
        record(&host, A, 4, &[127, 0, 0, 1]),
    ])
}

fn malformed_packets() -> Vec<Vec<u8>> {
    let looped = [
        &[0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0][..],
        &[0xc0, 12, 0, 12, 0, 1],
    ]
    .concat();
    let counts = [&[0, 0, 0x84, 0][..], &[0xff; 8]].concat();
    let text = |words: &str| {
        let mut bytes = vec![u8::try_from(words.len()).unwrap()];
        bytes.extend(words.as_bytes());
        bytes
    };
    let id = text("id=0123456789abcdef");
    let mut packets = vec![
        Vec::new(),
        vec![0; 3],
        vec![0xff; 12],
        vec![0xff; 9000],
        looped,
        counts,
        packet(&[record(&name(SERVICE), PTR, 60_000, b"x")]),
        packet(&[record(&[63; 70], TXT, 4, &[255, 255, 255, 255])]),
        somebody("mh-lies", &[255, b'i', b'd']),
        somebody("mh-id", &text("id=../../../etc/passwd")),
        somebody("mh-empty", &[0]),
        somebody(
            "mh-markup",
            &[id.clone(), text("n=<img src=x>\u{1b}[2J")].concat(),
        ),
        somebody(
            "mh-none",
            &[id.clone(), text("n=\u{202e}"), text("p=99999999")].concat(),
        ),
        somebody("..", &id),
    ];
    packets.extend((0..2000).map(|number| {
        let words = format!("id={number:016x}");
        somebody(&format!("mh-{number}"), &text(&words))
    }));
    packets
}

/// The announcements of a real computer are heard through all of it, and after it.
pub fn malformed(house: &mut House) {
    let seen = |house: &House, name: &str| {
        let config = NetConfig {
            mdns: true,
            ..quiet(&house.path(name), name)
        };
        let (net, events) = house.runtime.block_on(Net::start(config)).unwrap();
        until("an announcement to be heard", || {
            Ok(house.node.knows(net.id()))
        })
        .unwrap();
        house.runtime.block_on(net.shutdown());
        drop(events);
    };
    seen(house, "before");
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    socket
        .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
        .unwrap();
    let socket: UdpSocket = socket.into();
    for packet in malformed_packets() {
        let group = (Ipv4Addr::new(224, 0, 0, 251), MDNS_PORT);
        // What is too long for a packet is not sent at all.
        let _ = socket.send_to(&packet, group);
    }
    seen(house, "after");
    let peers = house.node.ask(&["peers"]);
    assert!(peers.lines.len() < 200, "{} computers", peers.lines.len());
    assert!(!format!("{peers:?}").contains("<img"), "{peers:?}");
}
