//! Text in, settings out; or everything that is wrong with it at once, line by line.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::complaint::{Complaint, line_of, meant, quoted};
use super::faults;
use super::form::Found;
use super::keys::{KEYS, Key, SECTIONS, key};
use crate::status::Settings;

/// What a file says.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// What it sets, and the usual for the rest.
    pub settings: Settings,
    /// The keys that it names, each with its line.
    pub lines: BTreeMap<String, u32>,
}

/// Reads a file's text; `source` is what complaints call it.
pub(super) fn read(text: &str, source: &str) -> Result<Said, Vec<Complaint>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading {
        text,
        source,
        said: Said::default(),
        complaints: Vec::new(),
    };
    let mut astray = Vec::new();
    for error in &errors {
        let at = error.span().map_or(text.len(), |span| span.start);
        astray.extend(without_section(text, line_of(text, at)));
        let says = format!(
            "this cannot be read: {}.",
            error.message().trim_end_matches('.')
        );
        reading.complain(at, says);
    }
    let syntax = reading.complaints.len();
    reading.root(table.get_ref());
    let mut at = 0;
    reading.complaints.retain(|one| {
        at += 1;
        at <= syntax
            || !astray
                .iter()
                .any(|lines| one.line.is_some_and(|line| lines.contains(&line)))
    });
    if reading.complaints.is_empty() {
        reading.together(table.get_ref());
    }
    reading.done()
}

/// Where a value stands that is called as in `library.folders[2].path`; where it does not stand there, the part of it
/// that does.
fn place(table: &DeTable<'_>, value: &str) -> Option<usize> {
    let steps = value.split(['.', '[', ']']);
    let mut steps = steps.filter(|step| !step.is_empty());
    let (mut at, mut here) = named(table, steps.next()?)?;
    for step in steps {
        let next = match here.get_ref() {
            DeValue::Table(table) => named(table, step),
            DeValue::Array(list) => {
                let next = step.parse().ok().and_then(|at: usize| list.get(at));
                next.map(|next| (next.span().start, next))
            }
            _ => None,
        };
        let Some(next) = next else {
            break;
        };
        (at, here) = next;
    }
    Some(at)
}

/// A table's value of that name, and where the name stands.
fn named<'a, 'i>(table: &'a DeTable<'i>, wanted: &str) -> Option<(usize, &'a Found<'i>)> {
    let found = table.iter().find(|(name, _)| name.get_ref() == wanted);
    found.map(|(name, value)| (name.span().start, value))
}

/// The lines below a section's heading that cannot be read: whatever they say, it is not clear of what.
fn without_section(text: &str, line: u32) -> Option<std::ops::Range<u32>> {
    let is_heading = |text: &&str| text.trim_start().starts_with('[');
    let mut from = text
        .lines()
        .skip(usize::try_from(line).ok()?.checked_sub(1)?);
    from.next().filter(is_heading)?;
    let length = from.take_while(|text| !is_heading(text)).count();
    Some(line + 1..line + 1 + u32::try_from(length).ok()?)
}

struct Reading<'a> {
    text: &'a str,
    source: &'a str,
    said: Said,
    complaints: Vec<Complaint>,
}

impl Reading<'_> {
    fn complain(&mut self, at: usize, says: String) {
        self.complaints.push(Complaint {
            source: self.source.to_owned(),
            line: Some(line_of(self.text, at)),
            says,
        });
    }

    fn root(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let at = name.span().start;
            let word = name.get_ref().as_ref();
            let known = SECTIONS.iter().any(|(section, _)| *section == word);
            match value.get_ref() {
                DeValue::Table(keys) if known => self.section(word, keys),
                _ if known => {
                    let says = format!(
                        "`{word}` has to be a section: a line `[{word}]`, and its settings below it."
                    );
                    self.complain(at, says);
                }
                DeValue::Table(_) => self.complain(at, unknown_section(word)),
                _ => self.complain(at, stray(word)),
            }
        }
    }

    fn section(&mut self, section: &str, keys: &DeTable<'_>) {
        for (name, value) in keys {
            let word = name.get_ref().as_ref();
            match key(section, word) {
                Some(key) => self.value(key, name.span().start, value),
                None => self.complain(name.span().start, unknown_key(section, word)),
            }
        }
    }

    fn value(&mut self, key: &'static Key, at: usize, value: &Found<'_>) {
        // What could not be read stands for nothing, and was complained of.
        if value.span().is_empty() {
            return;
        }
        match (key.read)(&mut self.said.settings, value) {
            Ok(()) => {
                self.said.lines.insert(key.path(), line_of(self.text, at));
            }
            Err(wrong) => {
                for one in wrong {
                    let at = one.span.map_or(at, |span| span.start);
                    self.complain(at, format!("`{}` {}", key.name, one.says));
                }
            }
        }
    }

    /// What each line says may be well, and all of them together not.
    fn together(&mut self, table: &DeTable<'_>) {
        for fault in faults(&self.said.settings) {
            let at = fault.at.as_deref().and_then(|at| place(table, at));
            let line = at.map(|at| line_of(self.text, at));
            let lines = &self.said.lines;
            let usual = || fault.keys.iter().find_map(|key| lines.get(*key).copied());
            self.complaints.push(Complaint {
                source: self.source.to_owned(),
                line: line.or_else(usual),
                says: format!("{} {}", fault.says, fault.help),
            });
        }
    }

    /// One complaint for each line: what follows from a mistake on the same line is none.
    fn done(mut self) -> Result<Said, Vec<Complaint>> {
        if self.complaints.is_empty() {
            return Ok(self.said);
        }
        self.complaints.sort_by_key(|one| one.line);
        self.complaints
            .dedup_by(|later, first| later.line.is_some() && later.line == first.line);
        Err(self.complaints)
    }
}

fn unknown_section(word: &str) -> String {
    let known = SECTIONS.iter().map(|(name, _)| *name);
    let help = match meant(word, known.clone()) {
        Some(section) => format!("Did you mean `[{section}]`?"),
        None => format!(
            "There are {}.",
            known
                .map(|name| format!("`[{name}]`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    format!("{} is not a section. {help}", quoted(&format!("[{word}]")))
}

/// A key that this section has not.
fn unknown_key(section: &str, word: &str) -> String {
    let here = KEYS
        .iter()
        .filter(|key| key.section == section)
        .map(|key| key.name);
    let elsewhere = KEYS.iter().find(|key| key.name == word);
    let help = if let Some(name) = meant(word, here.clone()) {
        format!("Did you mean `{name}`?")
    } else if let Some(key) = elsewhere {
        format!("It belongs below `[{}]`.", key.section)
    } else {
        format!(
            "`[{section}]` has {}.",
            here.map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        )
    };
    format!("{} is not a setting. {help}", quoted(word))
}

/// A key outside of every section.
fn stray(word: &str) -> String {
    let exact = KEYS.iter().find(|key| key.name == word);
    // `web_port`, as others call it.
    let joined = KEYS
        .iter()
        .find(|key| format!("{}_{}", key.section, key.name) == word);
    let near = || {
        let name = meant(word, KEYS.iter().map(|key| key.name))?;
        KEYS.iter().find(|key| key.name == name)
    };
    let help = match exact.or(joined).or_else(near) {
        Some(key) => format!("Did you mean `{}` below `[{}]`?", key.name, key.section),
        None => "Every setting stands below its section, as `port` below `[web]`.".to_owned(),
    };
    format!("{} is not a setting. {help}", quoted(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let all = read(text, "config.toml").err().unwrap_or_default();
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_typo_is_named_with_its_line_and_what_was_meant() {
        assert_eq!(
            complaints("# mine\n\n[web]\nprot = 8091\n"),
            ["config.toml, line 4: `prot` is not a setting. Did you mean `port`?"]
        );
        assert_eq!(
            complaints("[wep]\nport = 8091\n"),
            ["config.toml, line 1: `[wep]` is not a section. Did you mean `[web]`?"]
        );
        assert_eq!(
            complaints("web_port = 8091\n"),
            [
                "config.toml, line 1: `web_port` is not a setting. Did you mean `port` below `[web]`?"
            ]
        );
        assert_eq!(
            complaints("[web]\nbandwidth = 3\n"),
            ["config.toml, line 2: `bandwidth` is not a setting. It belongs below `[network]`."]
        );
        assert_eq!(
            complaints("[web]\nzebra = 3\n"),
            ["config.toml, line 2: `zebra` is not a setting. `[web]` has `port`."]
        );
        assert_eq!(
            complaints("web = 5\n"),
            [
                "config.toml, line 1: `web` has to be a section: a line `[web]`, and its settings below it."
            ]
        );
    }

    #[test]
    fn everything_is_said_at_once_in_the_order_of_the_lines() {
        let text = "[temp]\nlimit = \"much\"\ndir = \"tmp\"\n\n[web]\nport = 70000\nzebra = 1\n[donate]\nhours = [\n  \"sat\",\n  \"someday\",\n]\nmode = \"polit\"\nenabled = \"yes\"\ncores = 0\n";
        let said = complaints(text);
        let lines: Vec<&str> = said
            .iter()
            .map(|one| one.split(':').next().unwrap())
            .collect();
        let on = |line| format!("config.toml, line {line}");
        assert_eq!(lines, [2, 3, 6, 7, 11, 13, 14, 15].map(on));
        assert!(
            said[0].contains(
                "has to be a size such as \"50GB\", or a number of bytes, not `\"much\"`."
            ),
            "{said:#?}"
        );
        assert!(said[1].contains("a whole path"), "{said:#?}");
        assert!(
            said[4].contains("`someday` is no time of the week"),
            "{said:#?}"
        );
        assert!(said[5].ends_with("Did you mean \"polite\"?"), "{said:#?}");
    }

    #[test]
    fn broken_toml_does_not_hide_the_rest() {
        let said = complaints("[web]\nport = = 8090\nprot = 3\n\n[donate\nenabled = true\n");
        assert!(
            said[0].starts_with("config.toml, line 2: this cannot be read: "),
            "{said:#?}"
        );
        assert!(
            said.iter()
                .any(|one| one.starts_with("config.toml, line 3: `prot`")),
            "{said:#?}"
        );
        assert!(
            said.iter()
                .any(|one| one.starts_with("config.toml, line 5:")),
            "{said:#?}"
        );
        let twice = complaints("[web]\nport = 1\nport = 2\n");
        assert!(
            twice[0].starts_with("config.toml, line 3: ") && twice.len() == 1,
            "{twice:#?}"
        );
    }

    #[test]
    fn what_does_not_go_together_is_found_where_it_stands() {
        let said = complaints("[network]\nport = 9000\n\n[web]\nport = 9000\n");
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("config.toml, line 5: The page and the other computers"),
            "{said:#?}"
        );
        let low = complaints("[temp]\nlimit = \"5MB\"\n");
        assert!(
            low[0].starts_with("config.toml, line 2: The limit for working files"),
            "{low:#?}"
        );
    }

    #[test]
    fn a_mistake_in_a_rule_is_found_in_its_folder_and_none_hides_the_next() {
        let text = r#"
[[library.folders]]
path = "/a"

[[library.folders]]
path = "/b"
[[library.folders.rules]]
name = "x"
[[library.folders.rules]]
name = "y"
make = { purpose = "smaller", filters = { height = 10800 } }

[[library.folders]]
path = "films"
[[library.folders.rules]]
leave = true
"#;
        let said = complaints(text);
        let on = |line| format!("config.toml, line {line}");
        let lines: Vec<&str> = said
            .iter()
            .map(|one| one.split(':').next().unwrap())
            .collect();
        assert_eq!(lines, [11, 14, 15].map(on), "{said:#?}");
        assert!(
            said[0].contains("A height is 16 to 8192 lines."),
            "{said:#?}"
        );
        assert!(said[1].contains("a whole path"), "{said:#?}");
        assert!(said[2].contains("A rule needs a name."), "{said:#?}");
    }

    #[test]
    fn what_is_said_counts_and_the_rest_is_as_usual() {
        let said = read(
            "[web]\nport = 8_091\n[donate]\nmode = \"only-when-idle\"\nkeep_free = 5\n",
            "x",
        )
        .unwrap();
        assert_eq!(said.settings.web_port, Some(8091));
        assert_eq!(said.settings.helping.mode, etiquette::Mode::OnlyWhenIdle);
        assert_eq!(said.settings.helping.keep_free, Some(5));
        assert_eq!(said.lines["web.port"], 2);
        assert_eq!(said.lines.len(), 3);
        let none = read("", "x").unwrap();
        assert_eq!(none.settings, Settings::default());
        // All of TOML's ways to say the same.
        for text in [
            "web.port = 8091",
            "web = { port = 8091 }",
            "['web']\n\"port\" = 0x1F9B",
        ] {
            assert_eq!(
                read(text, "x").unwrap().settings.web_port,
                Some(8091),
                "{text}"
            );
        }
    }
}
