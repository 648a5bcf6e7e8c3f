//! Lines about this computer itself: who it is, what is set, what it gave.

use api::{
    Complaint, ConfigFrom, ConfigKey, Deed, FilePath, Given, HelpMode, Here, Import, Keep, Reread,
    Rest, Settings,
};
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
    whole_films: bool,
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
    read_shared: bool,
    ffmpeg: Option<FilePath>,
}

impl SettingsLine {
    /// The settings as a line.
    pub fn new(settings: &Settings) -> Self {
        Self {
            name: settings.name.clone(),
            hide_name: settings.hide_name,
            donating: settings.donating,
            whole_films: settings.whole_films,
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
            read_shared: settings.shared.read,
            ffmpeg: settings.ffmpeg.clone(),
        }
    }
}

/// `setting`: one of the settings, and where its value comes from.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "setting")]
pub struct SettingLine<'a> {
    key: &'a str,
    value: Option<&'a str>,
    from: &'static str,
    variable: Option<&'a str>,
}

impl<'a> SettingLine<'a> {
    /// A setting as a line.
    pub fn new(key: &'a ConfigKey) -> Self {
        let (from, variable) = match &key.from {
            ConfigFrom::Usual => ("usual", None),
            ConfigFrom::File => ("file", None),
            ConfigFrom::Variable { name } => ("variable", Some(name.as_str())),
            ConfigFrom::ThisTime => ("this_time", None),
        };
        Self {
            key: &key.key,
            value: Some(key.value.as_str()).filter(|value| !value.is_empty()),
            from,
            variable,
        }
    }
}

/// `complaint`: a mistake in the file of settings or in a variable.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "complaint")]
pub struct ComplaintLine<'a> {
    source: &'a str,
    line: Option<u32>,
    text: &'a str,
}

impl<'a> ComplaintLine<'a> {
    /// A mistake as a line.
    pub fn new(complaint: &'a Complaint) -> Self {
        Self {
            source: &complaint.source,
            line: complaint.line,
            text: &complaint.says,
        }
    }
}

/// `config_path`: where the file of settings is.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "config_path")]
pub struct ConfigPathLine<'a> {
    path: &'a FilePath,
}

impl<'a> ConfigPathLine<'a> {
    /// A place as a line.
    pub fn new(path: &'a FilePath) -> Self {
        Self { path }
    }
}

/// `imported`: what was taken over from another farm, or would be.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "imported")]
pub struct ImportedLine<'a> {
    done: bool,
    changes: Vec<ChangeLine<'a>>,
    notes: &'a [String],
}

/// A setting that gets another value.
#[derive(Debug, Serialize)]
struct ChangeLine<'a> {
    key: &'a str,
    before: &'a str,
    after: &'a str,
}

impl<'a> ImportedLine<'a> {
    /// What came of it as a line.
    pub fn new(import: &'a Import, done: bool) -> Self {
        let changes = import.changes.iter().map(|change| ChangeLine {
            key: &change.key,
            before: &change.before,
            after: &change.after,
        });
        Self {
            done,
            changes: changes.collect(),
            notes: &import.notes,
        }
    }
}

/// `reloaded`: the file of settings was read again.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "reloaded")]
pub struct ReloadedLine<'a> {
    changed: &'a [String],
    later: &'a [String],
}

impl<'a> ReloadedLine<'a> {
    /// What came of it as a line.
    pub fn new(reread: &'a Reread) -> Self {
        Self {
            changed: &reread.changed,
            later: &reread.later,
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
