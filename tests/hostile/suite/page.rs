//! A page of somebody else's in the user's browser, and whoever finds the page's port.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use super::attacker::{answer, dial, whole_answer};
use super::house::{House, Node};

/// Where the page is, and its secret.
fn door(node: &Node) -> (SocketAddr, String) {
    let rest = node.web.strip_prefix("http://").unwrap();
    let (address, token) = rest.split_once("/#token=").unwrap();
    (address.parse().unwrap(), token.to_owned())
}

/// What a GET with our own host is answered with, head and all.
pub fn get(node: &Node, path: &str, headers: &[&str]) -> String {
    let (address, _) = door(node);
    let host = format!("host: {address}");
    let headers = [&[host.as_str()], headers].concat();
    let (status, body) = say(address, "GET", path, &headers, "");
    format!("HTTP/1.1 {status}\r\n{body}")
}

fn request(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let length = format!("content-length: {}\r\nconnection: close", body.len());
    format!("{method} {path} HTTP/1.1\r\n{headers}{length}\r\n\r\n{body}")
}

fn say(to: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String) {
    let mut wire = dial(Ipv4Addr::LOCALHOST.into(), to).unwrap();
    answer(&mut wire, request(method, path, headers, body).as_bytes())
}

/// The cookie that a browser has once the link was opened.
fn cookie(to: SocketAddr, own: &str, token: &str) -> String {
    let key = format!(r#"{{"token":"{token}"}}"#);
    let headers = [own, "x-manyhands: 1", "content-type: application/json"];
    let mut wire = dial(Ipv4Addr::LOCALHOST.into(), to).unwrap();
    let said = whole_answer(
        &mut wire,
        request("POST", "/api/session", &headers, &key).as_bytes(),
    );
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let (cookie, how) = line.unwrap().split_once(';').unwrap();
    assert!(
        how.contains("HttpOnly") && how.contains("SameSite=Strict"),
        "{how}"
    );
    format!("cookie: {cookie}")
}

/// A call that any page may make, and that changes something as far as the guard knows.
const SNAPSHOT: &str = "/api/snapshot";

/// The origin of somebody else's page.
const EVIL: &str = "origin: http://evil.example";

/// Another host's name, another page's origin, no key, no header of our own.
pub fn foreign(house: &mut House) {
    let (to, token) = door(&house.node);
    let own = format!("host: {to}");
    let key = format!("authorization: Bearer {token}");
    let wrong = format!("authorization: Bearer {}", "ab".repeat(32));
    let cookie = cookie(to, &own, &token);
    let local = format!("host: localhost:{}", to.port());
    let rows: [(&str, &str, &[&str], u16); 17] = [
        ("GET", "/", &[&own], 200),
        ("GET", "/", &[&local], 200),
        // Rebinding: the name of somebody else's page, at our address.
        ("GET", "/", &["host: evil.example"], 403),
        ("GET", "/api/page", &["host: evil.example", &key], 403),
        ("GET", "/", &["host: 127.0.0.1:1"], 403),
        ("GET", "/", &[], 403),
        // Across sites.
        ("GET", "/api/page", &[&own, &key], 200),
        (
            "GET",
            "/api/page",
            &[&own, &key, "origin: http://evil.example"],
            403,
        ),
        ("GET", "/api/page", &[&own, &key, "origin: null"], 403),
        (
            "GET",
            "/api/page",
            &[&own, &key, "sec-fetch-site: cross-site"],
            403,
        ),
        (
            "GET",
            "/api/events",
            &[&own, &key, "origin: http://127.0.0.1:1"],
            403,
        ),
        // Without the key, and what changes something without our header.
        ("GET", "/api/page", &[&own], 401),
        ("GET", "/api/page", &[&own, &wrong], 401),
        ("POST", SNAPSHOT, &[&own, &cookie, "x-manyhands: 1"], 200),
        (
            "POST",
            SNAPSHOT,
            &[&own, &cookie, "content-type: text/plain"],
            403,
        ),
        (
            "POST",
            SNAPSHOT,
            &[&own, &cookie, "x-manyhands: 1", EVIL],
            403,
        ),
        ("GET", "/../../../etc/passwd", &[&own], 404),
    ];
    for (method, path, headers, status) in rows {
        let said = say(to, method, path, headers, "");
        assert_eq!(said.0, status, "{method} {path} {headers:?}: {}", said.1);
        assert!(!said.1.contains("root:"), "{path}");
    }
    let long = "a".repeat(4 << 20);
    let (status, _) = say(to, "POST", SNAPSHOT, &[&own, &key, "x-manyhands: 1"], &long);
    assert!([0, 413].contains(&status), "{status}");
    // Guessing ends soon, and slow ones are in nobody's way.
    let guesses: Vec<u16> = (0..20)
        .map(|_| say(to, "GET", "/api/page", &[&own, &wrong], "").0)
        .collect();
    assert_eq!(guesses.last(), Some(&429), "{guesses:?}");
    let slow: Vec<_> = (0..200)
        .map(|_| {
            let mut wire = dial(Ipv4Addr::LOCALHOST.into(), to).unwrap();
            wire.write_all(b"GET / HT").unwrap();
            wire
        })
        .collect();
    assert_eq!(say(to, "GET", "/", &[&own], "").0, 200);
    drop(slow);
}
