//! Every disk that something is written to gets full, or takes nothing more.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::hosts::SmallDisk;
use tests::nodes::until;

use super::house::{House, OWNER};
use super::{Fault, long, short};

pub const FAULTS: &[Fault] = &[
    short(
        "disks::output_gets_full",
        "the output's disk gets full while the film is encoded",
        output_full,
    ),
    long(
        "disks::working_files_get_full",
        "the disk of the owner's working files gets full",
        working_files_full,
    ),
    long(
        "disks::data_folder_has_no_byte_left",
        "the owner's data folder has no byte left, for the journal neither",
        nothing_left,
    ),
    long(
        "disks::another_place_gets_full",
        "the disk that was chosen for working files gets full",
        another_place_full,
    ),
    long(
        "disks::output_is_read_only",
        "the output's disk becomes read-only",
        output_read_only,
    ),
    long(
        "disks::upload_gets_full",
        "the disk gets full while the page sends a film",
        upload_full,
    ),
];

/// Too little for anything.
const LITTLE: u64 = 256 << 10;

fn small_disk(house: &House, name: &str) -> Result<SmallDisk, String> {
    SmallDisk::mount(&house.folder(name)?, 256 << 20)
}

fn output_full(house: &mut House) -> Result<String, String> {
    let disk = small_disk(house, "full")?;
    let job = house.submit_into(disk.folder())?;
    house.middle(&job)?;
    disk.fill(LITTLE)?;
    house.held(&job, "is nearly full")?;
    disk.empty()?;
    house.completed(&job)?;
    house.is_well()?;
    Ok("held with a sentence; completed exactly once there was room".to_owned())
}

fn working_files_full(house: &mut House) -> Result<String, String> {
    full_and_empty_again(house, LITTLE)
}

fn nothing_left(house: &mut House) -> Result<String, String> {
    full_and_empty_again(house, 0)
}

fn full_and_empty_again(house: &mut House, left: u64) -> Result<String, String> {
    let job = house.submit()?;
    house.middle(&job)?;
    house.disks[OWNER].fill(left)?;
    let held = house.held(&job, "is nearly full");
    house.disks[OWNER].empty()?;
    held?;
    house.completed(&job)?;
    house.is_well()?;
    Ok("held with a sentence; completed exactly once there was room".to_owned())
}

fn another_place_full(house: &mut House) -> Result<String, String> {
    let disk = small_disk(house, "elsewhere")?;
    let place = disk.folder().display().to_string();
    house.ask(OWNER, &["settings", "--temp", &place])?;
    let job = house.submit()?;
    house.middle(&job)?;
    disk.fill(LITTLE)?;
    let held = house.held(&job, "is nearly full");
    disk.empty()?;
    held?;
    house.completed(&job)?;
    house.ask(OWNER, &["settings", "--temp", "none"])?;
    house.is_well()?;
    Ok("held with a sentence; completed exactly once there was room".to_owned())
}

fn output_read_only(house: &mut House) -> Result<String, String> {
    let disk = small_disk(house, "locked")?;
    let job = house.submit_into(disk.folder())?;
    house.middle(&job)?;
    disk.read_only(true)?;
    let failed = house.failed(&job, &["read-only", "written", "Read-only"]);
    disk.read_only(false)?;
    failed?;
    house.order("retry", &job)?;
    house.completed(&job)?;
    house.is_well()?;
    Ok("failed in words, with nothing left there; tried again, completed exactly".to_owned())
}

/// Bytes that are sent, without saying how many they are.
const SENT: &str = "head --bytes=100000000 /dev/zero";

fn upload_full(house: &mut House) -> Result<String, String> {
    let log = house.nodes[OWNER].log();
    let listening = log
        .lines()
        .rfind(|line| line.contains(r#""type":"listening""#));
    let listening: Value = serde_json::from_str(listening.unwrap_or_default())
        .map_err(|error| format!("not listening: {error}"))?;
    let link = listening["web"].as_str().unwrap_or_default();
    let (page, token) = link.split_once("/#token=").unwrap_or_default();
    let script = format!(
        "{SENT} | curl -sS --limit-rate 20M -T - -H 'authorization: Bearer {token}' -H 'x-manyhands: 1' {page}/api/upload/film.mkv"
    );
    let mut curl = house.lan.hosts()[OWNER].command("sh");
    let curl = curl.args(["-c", &script]).stdout(Stdio::piped()).spawn();
    let curl = curl.map_err(|error| error.to_string())?;
    let uploads = house.nodes[OWNER].data().join("uploads");
    until("the film to come in", || {
        Ok((!is_empty(&uploads)).then_some(()))
    })?;
    house.disks[OWNER].fill(1 << 20)?;
    let said = curl.wait_with_output();
    let gone = until("the half film to go", || {
        Ok(is_empty(&uploads).then_some(()))
    });
    house.disks[OWNER].empty()?;
    gone?;
    let said = said.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    if !said.contains("no_space") {
        return Err(format!("the page was told {said:?}"));
    }
    Ok("refused in words; nothing of it was left".to_owned())
}

/// No file is in it or below it.
fn is_empty(folder: &Path) -> bool {
    let found = Command::new("find")
        .arg(folder)
        .args(["-type", "f"])
        .output();
    found.is_ok_and(|found| found.stdout.is_empty())
}
