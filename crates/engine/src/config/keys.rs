//! The one table of what may stand in the file. A field of [`Settings`] without a row here does not compile.

use toml_edit::Item;

use super::environment;
use super::form::{Form, Found, Kind, Wrong};
use crate::status::Settings;

/// Something that can be set.
pub(crate) struct Key {
    /// The table it stands in: `web`.
    pub section: &'static str,
    /// What it is called there: `port`.
    pub name: &'static str,
    /// What it sets, a sentence.
    pub about: &'static str,
    /// What holds where it is not set.
    pub usual: &'static str,
    /// Its bounds, where they are not those of every such value.
    pub bounds: &'static str,
    /// A value as it might stand in the file.
    pub example: &'static str,
    /// It counts from the next start on.
    pub later: bool,
    pub(super) kind: Kind,
    pub(super) wants: &'static str,
    pub(super) read: fn(&mut Settings, &Found<'_>) -> Result<(), Vec<Wrong>>,
    pub(super) write: fn(&Settings) -> Option<Item>,
    pub(super) copy: fn(&mut Settings, &Settings),
    pub(super) same: fn(&Settings, &Settings) -> bool,
}

impl Key {
    /// As the file has it at its shortest: `web.port`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The variable that stands above it: `MANYHANDS_WEB_PORT`.
    pub fn variable(&self) -> String {
        let path = format!("{}_{}", self.section, self.name);
        format!("{}{}", environment::PREFIX, path.to_ascii_uppercase())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.section == other.section && self.name == other.name
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path())
    }
}

/// The key of this section and name.
pub(crate) fn key(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .find(|key| key.section == section && key.name == name)
}

/// The tables of the file, in its order, each with what it is about.
pub(crate) const SECTIONS: &[(&str, &str)] = &[
    ("node", "This computer, as the others see it."),
    ("donate", "Helping the computers it is paired with."),
    ("temp", "Working files."),
    ("network", "Between the computers."),
    ("web", "The page in a browser."),
    ("encode", "What is preselected for a film."),
    (
        "library",
        "Folders that are watched, and what is made of their films.",
    ),
    (
        "shared",
        "Storage that several computers see, such as a NAS: films of others are read there, and not sent.",
    ),
    (
        "replace",
        "Originals of films that are replaced by their results.",
    ),
];

/// Every field has a row: one that is added to the settings is missed here.
const _: fn(Settings) = |settings| {
    let Settings {
        name: _,
        hide_name: _,
        donating: _,
        whole_films: _,
        donate_cores: _,
        helping:
            etiquette::Rules {
                mode: _,
                hours: _,
                programs: _,
                keep_free: _,
            },
        ffmpeg: _,
        scratch: _,
        scratch_limit: _,
        bandwidth: _,
        port: _,
        web_port: _,
        purpose: _,
        library: library::Library {
            hours: _,
            folders: _,
        },
        shared:
            crate::status::Shared {
                read: _,
                folders: _,
                paths: _,
            },
        replace:
            crate::status::Replace {
                testing_mode: _,
                keep: _,
            },
    } = settings;
};

const fn kind<T: Form>(_: fn(&Settings) -> &T) -> Kind {
    T::KIND
}

const fn wants<T: Form>(_: fn(&Settings) -> &T) -> &'static str {
    T::WANTS
}

/// A row: where it stands, which field that is, and the words about it.
macro_rules! row {
    ($section:literal, $name:literal, $($field:ident).+, $about:literal, usual: $usual:literal, bounds: $bounds:literal, example: $example:literal, later: $later:literal) => {
        Key {
            section: $section,
            name: $name,
            about: $about,
            usual: $usual,
            bounds: $bounds,
            example: $example,
            later: $later,
            kind: kind(|settings| &settings.$($field).+),
            wants: wants(|settings| &settings.$($field).+),
            read: |settings, found| {
                settings.$($field).+ = Form::read(found)?;
                Ok(())
            },
            write: |settings| settings.$($field).+.write(),
            copy: |to, from| to.$($field).+.clone_from(&from.$($field).+),
            same: |one, other| one.$($field).+ == other.$($field).+,
        }
    };
}

/// In the order of the manual, section by section.
pub(crate) static KEYS: &[Key] = &[
    row!("node", "name", name, "What this computer is called on the others.",
        usual: "its own name", bounds: "1 to 40 bytes", example: "\"kitchen\"", later: true),
    row!("node", "hide_name", hide_name, "Only paired computers learn that name.",
        usual: "`false`", bounds: "", example: "true", later: false),
    row!("node", "ffmpeg", ffmpeg, "An ffmpeg to use instead of the one that came with Manyhands.",
        usual: "the bundled one, else the system's", bounds: "", example: "\"/opt/ffmpeg/bin/ffmpeg\"", later: true),
    row!("donate", "enabled", donating, "Whether this computer helps.",
        usual: "`false`", bounds: "", example: "true", later: false),
    row!("donate", "whole_films", whole_films, "The computers it is paired with may send it whole films, while it helps.",
        usual: "`true`", bounds: "", example: "false", later: false),
    row!("donate", "cores", donate_cores, "With how many of its processor's threads at most.",
        usual: "all of them", bounds: "", example: "4", later: false),
    row!("donate", "mode", helping.mode, "How much of itself it gives: half of it while somebody uses it, nothing meanwhile, or all of it always.",
        usual: "`\"polite\"`", bounds: "", example: "\"only_when_idle\"", later: false),
    row!("donate", "hours", helping.hours, "When it helps, by its own clock.",
        usual: "always", bounds: "at most 100", example: "[\"mon-fri 22:00-06:00\", \"sat,sun\"]", later: false),
    row!("donate", "programs", helping.programs, "It rests while one of these programs runs.",
        usual: "none", bounds: "at most 100", example: "[\"obs\", \"blender\"]", later: false),
    row!("donate", "keep_free", helping.keep_free, "What stays free on the disk of the working files while it helps.",
        usual: "20 GB, or a tenth of a smaller disk", bounds: "", example: "\"50GB\"", later: false),
    row!("temp", "dir", scratch, "The folder below which working files are kept; those of films in work stay where they are.",
        usual: "the data folder", bounds: "", example: "\"/mnt/fast/tmp\"", later: false),
    row!("temp", "limit", scratch_limit, "The most working files there may be.",
        usual: "as much as the disk has", bounds: "from 1 GB", example: "\"500GB\"", later: false),
    row!("network", "port", port, "Where other computers reach this one.",
        usual: "47820, or the next free one", bounds: "", example: "47820", later: true),
    row!("network", "bandwidth", bandwidth, "The most that films and results may take in a second, each way.",
        usual: "no limit", bounds: "from 1 MB", example: "\"20MB\"", later: false),
    row!("web", "port", web_port, "Where the page is shown, if `serve --web` names no other place.",
        usual: "8090", bounds: "not the network's", example: "8090", later: true),
    row!("encode", "purpose", purpose, "The purpose that is preselected.",
        usual: "`\"smaller\"`", bounds: "", example: "\"smallest\"", later: false),
    row!(
        "library", "hours", library.hours,
        "When new work from the watched folders may begin, by this computer's clock.",
        usual: "always", bounds: "at most 100", example: "[\"daily 22:00-06:00\"]", later: false
    ),
    row!(
        "library", "folders", library.folders,
        "The watched folders, each with its rules; those in front are served first.",
        usual: "none", bounds: "at most 100", example: "[{ path = \"/media/films\", rules = [{ name = \"AV1\", make = { purpose = \"smallest\" } }] }]", later: false
    ),
    row!(
        "shared", "read", shared.read,
        "Whether films that others give work of are read where they lie, where this computer sees the same file.",
        usual: "`true`", bounds: "", example: "false", later: false
    ),
    row!(
        "shared", "folders", shared.folders,
        "Where they are looked for, beside network drives and the watched folders.",
        usual: "nowhere else", bounds: "at most 100", example: "[\"/srv/media\"]", later: false
    ),
    row!(
        "shared", "paths", shared.paths,
        "Folders that have another name on the other computers, for what is not found without.",
        usual: "none", bounds: "at most 100", example: "[{ theirs = \"/mnt/nas/films\", here = \"/media/films\" }]", later: false
    ),
    row!(
        "replace", "testing_mode", replace.testing_mode,
        "Trying things out: every original is kept until somebody deletes it, whatever else is set or chosen.",
        usual: "`false`", bounds: "", example: "true", later: false
    ),
    row!(
        "replace", "keep", replace.keep,
        "How long originals are kept where a job does not say.",
        usual: "30 days", bounds: "1 to 3650 days", example: "90", later: false
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_section_and_its_own_name() {
        let mut paths: Vec<String> = KEYS.iter().map(Key::path).collect();
        for key in KEYS {
            assert!(
                SECTIONS.iter().any(|(name, _)| *name == key.section),
                "{key:?}"
            );
            assert!(key.about.ends_with('.'), "{key:?}");
        }
        let all = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), all);
        // In blocks, as the manual and the example print them.
        let order: Vec<&str> = KEYS.iter().map(|key| key.section).collect();
        let blocks = order.chunk_by(|a, b| a == b).count();
        assert_eq!(blocks, SECTIONS.len());
    }
}
