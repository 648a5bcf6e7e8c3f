//! Lines about this computer itself: who it is, what is set, what it gave.

use api::{Deed, FilePath, Given, HelpMode, Here, Keep, Rest, Settings};
use serde::Serialize;

/// `identity`: who this computer is; nobody yet where that is made anew.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "identity")]
pub struct IdentityLine {
    /// 64 digits; `null` until the next start.
    pub id: Option<String>,
}

/// `settings`: what the user has set.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "settings")]
pub struct SettingsLine {
    name: String,
    hide_name: bool,
    donating: bool,
    cores: Option<u32>,
    help_mode: HelpMode,
    hours: Vec<String>,
    pause_for: Vec<String>,
    keep_free: Option<u64>,
    temp: Option<FilePath>,
    temp_limit: Option<u64>,
    bandwidth: Option<u64>,
    port: Option<u16>,
    web_port: Option<u16>,
    testing_mode: bool,
    keep_originals: Keep,
    ffmpeg: Option<FilePath>,
}

impl SettingsLine {
    /// The settings as a line.
    pub fn new(settings: &Settings) -> Self {
        Self {
            name: settings.name.clone(),
            hide_name: settings.hide_name,
            donating: settings.donating,
            cores: settings.donate_cores,
            help_mode: settings.helping.mode,
            hours: settings
                .helping
                .hours
                .iter()
                .map(ToString::to_string)
                .collect(),
            pause_for: settings.helping.programs.clone(),
            keep_free: settings.helping.keep_free,
            temp: settings.temp.clone(),
            temp_limit: settings.temp_limit,
            bandwidth: settings.bandwidth,
            port: settings.port,
            web_port: settings.web_port,
            testing_mode: settings.replace.testing_mode,
            keep_originals: settings.replace.keep,
            ffmpeg: settings.ffmpeg.clone(),
        }
    }
}

/// `helping`: how helping stands.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "helping")]
pub struct HelpingLine {
    donating: bool,
    finishing: bool,
    mode: HelpMode,
    cores: u32,
    rests: Option<&'static str>,
    program: Option<String>,
    begun: u32,
    stands_still: bool,
    on_battery: bool,
    battery_too: bool,
}

impl HelpingLine {
    /// How it stands on this computer.
    pub fn new(here: &Here) -> Self {
        let now = &here.helping;
        let program = match &now.rest {
            Some(Rest::Program { name }) => Some(name.clone()),
            _ => None,
        };
        Self {
            donating: here.donating,
            finishing: now.winding_down,
            mode: now.mode,
            cores: now.cores,
            rests: now.rest.as_ref().map(reason),
            program,
            begun: now.begun,
            stands_still: now.stands_still,
            on_battery: now.on_battery,
            battery_too: now.battery_too,
        }
    }
}

fn reason(rest: &Rest) -> &'static str {
    match rest {
        Rest::OnBattery => "on_battery",
        Rest::PowerSaver => "power_saver",
        Rest::Program { .. } => "program",
        Rest::InUse => "in_use",
        Rest::Untold => "untold",
        Rest::OtherLoad => "other_load",
        Rest::OutsideHours => "outside_hours",
        Rest::LowDisk => "low_disk",
    }
}

/// `given`: what was done for others.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "given")]
pub struct GivenLine {
    segments: u64,
    frames: u64,
    bytes: u64,
    seconds: u64,
    computers: u32,
}

impl From<Given> for GivenLine {
    fn from(given: Given) -> Self {
        Self {
            segments: given.segments,
            frames: given.frames,
            bytes: given.bytes,
            seconds: given.seconds,
            computers: given.computers,
        }
    }
}

/// `deed`: one stretch of what was done for others.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "deed")]
pub struct DeedLine {
    id: String,
    name: String,
    segments: u64,
    frames: u64,
    received_bytes: u64,
    sent_bytes: u64,
    seconds: u64,
    began_ms: u64,
    ended_ms: u64,
}

impl DeedLine {
    /// A stretch of work as a line.
    pub fn new(deed: &Deed) -> Self {
        Self {
            id: deed.computer.0.clone(),
            name: deed.name.clone(),
            segments: deed.segments,
            frames: deed.frames,
            received_bytes: deed.received_bytes,
            sent_bytes: deed.sent_bytes,
            seconds: deed.seconds,
            began_ms: deed.began_ms,
            ended_ms: deed.ended_ms,
        }
    }
}
