//! Settings for people: what is set, the file it is in, and what is wrong or new there.

use api::{Complaint, ConfigFrom, ConfigKey, FilePath, Import, Reread, Settings};

use super::human::plain;
use super::{helping, originals, size};

/// What is set, one a line, in the order of the words that set it.
pub fn list(settings: &Settings) -> String {
    let rows = given(settings)
        .into_iter()
        .chain(helping::rules(&settings.helping))
        .chain(limits(settings))
        .chain(originals::rows(&settings.replace))
        .chain(films(settings));
    let line = |[name, value]: [String; 2]| format!("{name:<11} {value}");
    rows.map(line).collect::<Vec<_>>().join("\n")
}

/// Who this computer is to the others, and what it gives them.
fn given(settings: &Settings) -> [[String; 2]; 5] {
    let cores = settings.donate_cores;
    let cores = cores.map(|cores| format!("at most {cores}"));
    [
        row("name", plain(&settings.name)),
        switch(
            "hide-name",
            settings.hide_name,
            "on: only paired computers learn it",
        ),
        switch("donate", settings.donating, "on"),
        switch(
            "whole-films",
            settings.whole_films,
            "on: while it helps, others may send it whole films",
        ),
        or("cores", cores, "all"),
    ]
}

/// Where it works and is reached, and how much room it takes.
fn limits(settings: &Settings) -> [[String; 2]; 5] {
    let bandwidth = settings.bandwidth;
    let bandwidth = bandwidth.map(|rate| format!("{} a second", size(rate)));
    let port = |port: Option<u16>| port.map(|port| port.to_string());
    [
        or("temp", path(&settings.temp), "in the data folder"),
        or("temp-limit", settings.temp_limit.map(size), "none"),
        or("bandwidth", bandwidth, "no limit"),
        or("port", port(settings.port), "47820 or the next free one"),
        or("web-port", port(settings.web_port), "8090"),
    ]
}

/// How films are read.
fn films(settings: &Settings) -> [[String; 2]; 2] {
    [
        switch(
            "read-shared",
            settings.shared.read,
            "on: films of others are read where they lie, where this computer sees the same file",
        ),
        or(
            "ffmpeg",
            path(&settings.ffmpeg),
            "the one that came with Manyhands, or the system's",
        ),
    ]
}

fn row(name: &str, value: String) -> [String; 2] {
    [name.to_owned(), value]
}

fn or(name: &str, value: Option<String>, usual: &str) -> [String; 2] {
    row(name, value.unwrap_or_else(|| usual.to_owned()))
}

fn switch(name: &str, is_on: bool, on: &str) -> [String; 2] {
    let value = if is_on { on } else { "off" };
    row(name, value.to_owned())
}

fn path(path: &Option<FilePath>) -> Option<String> {
    path.as_ref().map(|path| plain(&path.shown()))
}

/// What is set in the file and above it, as the file would say it.
pub fn config<'a>(path: &FilePath, keys: impl Iterator<Item = &'a ConfigKey>) -> String {
    let line = |key: &ConfigKey| {
        if key.value.is_empty() {
            return format!("# {}: {}", key.key, key.usual.replace('`', ""));
        }
        let from = match &key.from {
            ConfigFrom::Usual => "  # not set",
            ConfigFrom::File => "",
            ConfigFrom::Variable { name } => &format!("  # {name}"),
            ConfigFrom::ThisTime => "  # this time",
        };
        format!("{} = {}{}", key.key, plain(&key.value), plain(from))
    };
    let lines = keys.map(line);
    let head = format!("# {}", plain(&path.shown()));
    std::iter::once(head)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A mistake, and where it is.
pub fn complaint(complaint: &Complaint) -> String {
    let line = complaint
        .line
        .map_or_else(String::new, |line| format!(", line {line}"));
    format!("{}{line}: {}", complaint.source, complaint.says)
}

/// What is taken over from another farm, or would be.
pub fn imported(import: &Import, done: bool) -> String {
    let head = match (import.changes.is_empty(), done) {
        (true, _) => Vec::new(),
        (false, true) => vec!["Set:".to_owned()],
        (false, false) => vec!["This would be set:".to_owned()],
    };
    let changes = import.changes.iter().map(|change| {
        let value = |text: &str| match text {
            "" => "not set".to_owned(),
            text => text.lines().map(plain).collect::<Vec<_>>().join("\n    "),
        };
        format!(
            "  {} = {}  (before: {})",
            change.key,
            value(&change.after),
            value(&change.before)
        )
    });
    let notes = import.notes.iter().map(|note| plain(note));
    head.into_iter()
        .chain(changes)
        .chain(notes)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What came of reading the file of settings again.
pub fn reread(reread: &Reread) -> String {
    let changed = match reread.changed.as_slice() {
        [] => "Nothing has changed.".to_owned(),
        changed => format!("Changed: {}.", changed.join(", ")),
    };
    match reread.later.as_slice() {
        [] => changed,
        later => format!("{changed} From the next start on: {}.", later.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::documented;
    use super::*;
    use crate::args::Line;

    #[test]
    fn every_setting_is_shown_in_the_order_in_which_it_can_be_typed() {
        let line = Line::command();
        let words = line.find_subcommand("settings").unwrap().get_arguments();
        let typed: Vec<&str> = words
            .filter_map(|word| word.get_long())
            .filter(|word| !word.ends_with("web-password"))
            .collect();
        let text = list(&documented::settings());
        let shown: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(shown.len(), typed.len(), "{shown:?}, {typed:?}");
        // `testing` stands for `testing-mode`, `originals` for `keep-originals`.
        for (shown, typed) in shown.iter().zip(&typed) {
            assert!(typed.contains(shown), "{shown} where {typed} is expected");
        }
    }

    #[test]
    fn what_is_set_is_told_from_what_is_usual() {
        let mut settings = documented::settings();
        let says = |settings: &Settings, line: &str| {
            let text = list(settings);
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        };
        says(
            &settings,
            "read-shared on: films of others are read where they lie, where this computer sees the same file",
        );
        says(&settings, "port        47820 or the next free one");
        says(&settings, "temp        in the data folder");
        settings.shared.read = false;
        settings.port = Some(5000);
        settings.temp = Some("/fast\u{1b}".into());
        says(&settings, "read-shared off");
        says(&settings, "port        5000");
        says(&settings, "temp        /fast?");
    }
}
