//! The `config.json` of simple AV1 farms: what it says, and what that is here. It is said before anything is done.

use std::path::PathBuf;

use library::{Folder, Rule};
use media::choice::{Choice, Purpose};
use serde_json::{Map, Value};

use super::complaint::{Complaint, line_of, meant, quoted};
use super::keys::KEYS;
use super::page::shown;
use crate::status::Settings;

/// What such a file can say.
const THEIRS: [&str; 4] = [
    "media_directories",
    "temp_directory",
    "web_port",
    "testing_mode",
];

/// What would become of such a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// What would be set, key by key.
    pub changes: Vec<Change>,
    /// What else to know, in sentences: what is so already, what is left out and why.
    pub notes: Vec<String>,
}

/// A key that would get another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which: `web.port`.
    pub key: String,
    /// Its value now, as the file has it; empty where nothing is set.
    pub before: String,
    /// Its value then.
    pub after: String,
}

/// Reads such a file, and makes of these settings what it says.
///
/// # Errors
/// Everything that is wrong with it; then nothing of it is to be taken.
pub(crate) fn read(text: &str, before: &Settings) -> Result<(Settings, Import), Vec<Complaint>> {
    // As Windows' editors begin a text.
    let text = text.trim_start_matches('\u{feff}');
    let all: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        let whole = error.to_string();
        let says = whole.split(" at line ").next().unwrap_or(&whole);
        vec![Complaint {
            source: "config.json".to_owned(),
            line: u32::try_from(error.line()).ok().filter(|line| *line > 0),
            says: format!("this is no JSON such as {{\"web_port\": 8090}}: {says}."),
        }]
    })?;
    let mut reading = Reading {
        text,
        settings: before.clone(),
        notes: Vec::new(),
        complaints: Vec::new(),
    };
    for (name, value) in &all {
        reading.take(name, value);
    }
    if !reading.complaints.is_empty() {
        reading.complaints.sort_by_key(|one| one.line);
        return Err(reading.complaints);
    }
    let changed = KEYS
        .iter()
        .filter(|key| !(key.same)(before, &reading.settings));
    let changes: Vec<Change> = changed
        .map(|key| Change {
            key: key.path(),
            before: shown(key, before),
            after: shown(key, &reading.settings),
        })
        .collect();
    if changes.is_empty() {
        reading.notes.push("Nothing would change.".to_owned());
    }
    let import = Import {
        changes,
        notes: reading.notes,
    };
    Ok((reading.settings, import))
}

struct Reading<'a> {
    text: &'a str,
    settings: Settings,
    notes: Vec<String>,
    complaints: Vec<Complaint>,
}

impl Reading<'_> {
    fn take(&mut self, name: &str, value: &Value) {
        match name {
            "media_directories" => self.folders(value),
            "temp_directory" => match folder(value) {
                Some(path) => self.settings.scratch = Some(path),
                None if nothing(value) => {}
                None => self.complain(name, "has to be a folder's whole path in quotes."),
            },
            "web_port" => match port(value) {
                Some(port) => self.settings.web_port = Some(port),
                None if nothing(value) => {}
                None => self.complain(name, "has to be a port, a number from 1 to 65535."),
            },
            "testing_mode" => match value.as_bool() {
                Some(on) => self.settings.replace.testing_mode = on,
                None if nothing(value) => {}
                None => self.complain(name, "has to be true or false."),
            },
            other => self.left_out(other),
        }
    }

    fn complain(&mut self, name: &str, says: &str) {
        let at = self.text.find(&format!("\"{name}\""));
        self.complaints.push(Complaint {
            source: "config.json".to_owned(),
            line: at.map(|at| line_of(self.text, at)),
            says: format!("`{name}` {says}"),
        });
    }

    fn left_out(&mut self, name: &str) {
        let help = meant(name, THEIRS.into_iter())
            .map(|meant| format!(" If `{meant}` was meant, correct it there first."));
        self.notes.push(format!(
            "{} is nothing that is known here: it is left out.{}",
            quoted(name),
            help.unwrap_or_default()
        ));
    }

    /// Each folder that is not watched yet, with one rule.
    fn folders(&mut self, value: &Value) {
        if nothing(value) {
            return;
        }
        let list = value
            .as_array()
            .map(|list| list.iter().map(folder).collect());
        let Some(Some(folders)): Option<Option<Vec<PathBuf>>> = list else {
            return self.complain(
                "media_directories",
                "has to be a list of folders, each with its whole path in quotes.",
            );
        };
        let mut new = 0;
        for path in folders {
            let path = plain(path);
            let watched = &mut self.settings.library.folders;
            if watched.iter().any(|one| one.path == path) {
                self.notes.push(format!(
                    "{} is watched already: it stays as it is.",
                    path.display()
                ));
                continue;
            }
            watched.push(Folder {
                path,
                rules: vec![to_av1()],
                ..Folder::default()
            });
            new += 1;
        }
        if new > 0 {
            self.notes.push(
                "Every film in the new folders that is not AV1 yet is made one, beside its original: nothing is replaced. Their rule is under Library, if you want something else."
                    .to_owned(),
            );
        }
    }
}

/// What those farms do: AV1 of everything that is something else.
fn to_av1() -> Rule {
    Rule {
        name: "AV1".to_owned(),
        make: Choice {
            purpose: Purpose::Smallest,
            ..Choice::default()
        },
        ..Rule::default()
    }
}

/// Nothing was said.
fn nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

fn folder(value: &Value) -> Option<PathBuf> {
    let path = PathBuf::from(value.as_str()?);
    path.is_absolute().then_some(path)
}

/// Without what says nothing: `/media/` is `/media`.
fn plain(path: PathBuf) -> PathBuf {
    path.components().collect()
}

/// Some write it as a text.
fn port(value: &Value) -> Option<u16> {
    let number = value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())?;
    u16::try_from(number).ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FARM: &str = "{\n  \"media_directories\": [\"/media/films\", \"/media/shows/\"],\n  \"temp_directory\": \"/mnt/tmp\",\n  \"web_port\": 8091,\n  \"testing_mode\": true\n}\n";

    fn wrong(text: &str) -> Vec<String> {
        let wrong = read(text, &Settings::default()).unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_such_a_file_says_is_taken_over() {
        let (settings, import) = read(FARM, &Settings::default()).unwrap();
        assert_eq!(settings.scratch, Some("/mnt/tmp".into()));
        assert_eq!(settings.web_port, Some(8091));
        assert!(settings.replace.testing_mode);
        let folders: Vec<_> = settings
            .library
            .folders
            .iter()
            .map(|one| one.path.to_str().unwrap())
            .collect();
        assert_eq!(folders, ["/media/films", "/media/shows"]);
        assert_eq!(
            settings.library.folders[0].rules[0].make.purpose,
            Purpose::Smallest
        );
        let keys: Vec<&str> = import.changes.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "temp.dir",
                "web.port",
                "library.folders",
                "replace.testing_mode"
            ]
        );
        assert!(
            import.notes[0].contains("nothing is replaced"),
            "{import:?}"
        );

        // Once more: all of it is so already.
        let (again, import) = read(FARM, &settings).unwrap();
        assert_eq!(again, settings);
        assert!(import.changes.is_empty());
        assert!(
            import
                .notes
                .iter()
                .any(|note| note == "/media/films is watched already: it stays as it is."),
            "{import:?}"
        );
    }

    #[test]
    fn what_is_missing_stays_and_what_is_unknown_is_said() {
        let before = Settings {
            web_port: Some(1234),
            ..Settings::default()
        };
        let (settings, import) = read(
            "{\"web_prot\": 1, \"workers\": 4, \"temp_directory\": null}",
            &before,
        )
        .unwrap();
        assert_eq!(settings, before);
        assert_eq!(import.notes.len(), 3, "{import:?}");
        assert!(import.notes.iter().any(|note| note.contains("`web_prot`") && note.contains("If `web_port` was meant")));
        assert!(
            import
                .notes
                .iter()
                .any(|note| note.starts_with("`workers` is nothing that is known here"))
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_line() {
        let text = FARM
            .replace("8091", "\"http\"")
            .replace("true", "\"yes\"")
            .replace("\"/mnt/tmp\"", "\"tmp\"")
            .replace("\"/media/films\"", "7");
        let said = wrong(&text);
        assert_eq!(said.len(), 4, "{said:#?}");
        assert!(
            said[0].starts_with("config.json, line 2: `media_directories` has to be a list"),
            "{said:#?}"
        );
        assert!(
            said[3].starts_with("config.json, line 5: `testing_mode` has to be true or false"),
            "{said:#?}"
        );
        assert!(
            wrong("{\n  \"web_port\": 1,\n}")[0]
                .starts_with("config.json, line 3: this is no JSON")
        );
        assert!(wrong("[]")[0].starts_with("config.json, line 1: this is no JSON"));
    }
}
