//! The library for people.

use api::{
    Library, LibraryFile, LibraryFolder, LibraryPreview, LibraryRules, LibraryState, WatchedFolder,
};

use super::human::plain;
use super::{amount, size};

/// The watched folders, and how their films stand.
pub fn status(library: &Library, rules: &LibraryRules) -> String {
    if library.folders.is_empty() {
        return "No folder is watched yet: `manyhands library add DIR`.".to_owned();
    }
    let mut lines = Vec::new();
    for folder in &library.folders {
        lines.push(plain(&folder.path.shown()));
        lines.extend(
            folder
                .trouble
                .iter()
                .map(|text| format!("  ! {}", plain(text))),
        );
        lines.extend(folder.notes.iter().map(|text| format!("  {}", plain(text))));
        lines.push(format!("  {}", counts(folder)));
        if folder.done_bytes > 0 {
            lines.push(format!(
                "  {} became {}",
                size(folder.done_bytes),
                size(folder.result_bytes)
            ));
        }
        let set = rules.folders.iter().find(|one| one.path == folder.path);
        lines.extend(set.into_iter().flat_map(rule_lines));
    }
    if let Some(scan) = &library.scan {
        lines.push(format!(
            "Looking through {}: {} so far, {} looked into.",
            plain(&scan.folder.shown()),
            amount(scan.films, "film"),
            scan.looked
        ));
    }
    lines.extend(
        library
            .holds
            .iter()
            .map(|text| format!("Nothing new is begun: {}", plain(text))),
    );
    lines.join("\n")
}

fn counts(folder: &LibraryFolder) -> String {
    let counts = folder.counts.iter().filter(|count| count.films > 0);
    let words: Vec<String> = counts
        .map(|count| {
            format!(
                "{} {} ({})",
                count.films,
                word(count.state),
                size(count.bytes)
            )
        })
        .collect();
    if words.is_empty() {
        "no films".to_owned()
    } else {
        words.join(", ")
    }
}

fn rule_lines(folder: &WatchedFolder) -> Vec<String> {
    let line = |(at, rule): (usize, &api::LibraryRule)| {
        let what = if rule.leave { "leaves alone" } else { "takes" };
        let off = if rule.off { " (off)" } else { "" };
        format!(
            "  rule {}: {}, {what} what fits{off}",
            at + 1,
            plain(&rule.name)
        )
    };
    folder.rules.iter().enumerate().map(line).collect()
}

/// A state in words.
pub fn word(state: LibraryState) -> &'static str {
    match state {
        LibraryState::Waiting => "waiting",
        LibraryState::InWork => "in work",
        LibraryState::Done => "done",
        LibraryState::NotWorthwhile => "not worthwhile",
        LibraryState::Left => "left alone",
        LibraryState::Failed => "failed",
    }
}

/// A film in a line.
pub fn file(file: &LibraryFile) -> String {
    let mut line = format!(
        "{:>6}  {:<14}  {:>9}",
        file.id,
        word(file.state),
        size(file.bytes)
    );
    if let Some(bytes) = file.result_bytes {
        line.push_str(&format!(" → {}", size(bytes)));
    }
    line.push_str("  ");
    line.push_str(&plain(&file.path.shown()));
    if !file.reason.is_empty() {
        line.push_str("\n        ");
        line.push_str(&plain(&file.reason));
    }
    line
}

/// What rules would take.
pub fn preview(preview: &LibraryPreview) -> String {
    let about = if preview.reckoned { "about " } else { "" };
    let mut lines = vec![format!(
        "It takes {about}{} of {}, about {} → {}.",
        preview.takes,
        amount(preview.films, "film"),
        size(preview.takes_bytes),
        size(preview.after_bytes)
    )];
    for one in &preview.some {
        let what = match &one.rule {
            Some(rule) => format!("taken by “{}”", plain(rule)),
            None => plain(&one.says),
        };
        lines.push(format!("  {}: {what}", plain(&one.within)));
    }
    lines.join("\n")
}
