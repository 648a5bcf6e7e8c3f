//! A line of JSON for each fault that was played, in the file that `MANYHANDS_FAULTS_LOG` names.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use serde_json::json;

use super::Fault;
use super::house::House;

/// Notes what came of a fault.
pub fn tell(fault: &Fault, house: &House, took: Duration, seen: &Result<String, String>) {
    let Some(file) = env::var_os("MANYHANDS_FAULTS_LOG") else {
        return;
    };
    let held = seen.is_ok();
    let group = fault.name.split("::").next().unwrap_or_default();
    // Where the house happened to be is of no interest.
    let here = format!("{}/", house.path().display());
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => why.lines().next().unwrap_or_default(),
    };
    let shown = house.shown().iter();
    let shown: Vec<String> = shown.map(|text| text.replace(&here, "")).collect();
    let line = json!({
        "group": group,
        "name": fault.name,
        "what": fault.what,
        "held": held,
        "seen": seen.replace(&here, ""),
        "again": house.done_again(),
        "shown": shown,
        "seconds": took.as_secs(),
    });
    let appended = OpenOptions::new().append(true).create(true).open(file);
    appended.and_then(|mut file| writeln!(file, "{line}")).ok();
}
