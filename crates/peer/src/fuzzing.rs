//! What a stranger's bytes meet first, for `fuzz/` alone: nothing of it is built otherwise.

use std::fmt::Debug;

use mdns_sd::ServiceInfo;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::blobs::BlobEnd;
use crate::discovery::{SERVICE, hint_of};
use crate::proto::{
    AskBody, Card, ConfirmBody, Confirmed, ForeignHello, Redeem, Refusal, TurnAnswer, TurnBody,
    Welcome, foreign_hello,
};
use crate::transfer::Ended;

/// Reads `body` as each of the small bodies. What is read is written, and read as the same again.
pub fn body(body: &[u8]) {
    // Both are read before anything is known of who speaks.
    let _ = serde_json::from_slice::<ForeignHello>(body);
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = foreign_hello(text);
    }
    again::<Redeem>(body);
    again::<Welcome>(body);
    again::<AskBody>(body);
    again::<TurnBody>(body);
    again::<TurnAnswer>(body);
    again::<ConfirmBody>(body);
    again::<Confirmed>(body);
    again::<Card>(body);
    again::<Refusal>(body);
    again::<BlobEnd>(body);
    let _ = serde_json::from_slice::<Ended>(body);
}

fn again<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(body) else {
        return;
    };
    let written = serde_json::to_vec(&read).ok();
    let read_again = written.and_then(|written| serde_json::from_slice::<T>(&written).ok());
    assert_eq!(read_again, Some(read));
}

/// Reads lines of `key=value` as the TXT record of an announcement.
pub fn announcement(lines: &[u8]) {
    let text = String::from_utf8_lossy(lines);
    let properties: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let host = "mh-fuzz.local.";
    let service = ServiceInfo::new(SERVICE, "mh-fuzz", host, "127.0.0.1", 9, &properties[..]);
    let Ok(service) = service.map(ServiceInfo::as_resolved_service) else {
        return;
    };
    if let Some(hint) = hint_of(&service) {
        assert!(hint.addresses.len() <= 16);
    }
}
