//! The keys for people: a table for the manual, an example of a whole file, a value alone.

use super::keys::{KEYS, Key, SECTIONS};
use crate::status::Settings;

/// A key's value as the file has it, without its name; empty where nothing is set.
pub(super) fn shown(key: &Key, settings: &Settings) -> String {
    let item = (key.write)(settings);
    item.map_or_else(String::new, |item| item.to_string().trim().to_owned())
}

/// Every key with its type, bounds, default and variable, in Markdown, section by section.
#[must_use]
pub fn table() -> String {
    let mut text = String::new();
    for (section, about) in SECTIONS {
        text.push_str(&format!("### `[{section}]`\n\n{about}\n\n"));
        text.push_str(
            "| key | what it sets | it is | if not set | variable |\n|---|---|---|---|---|\n",
        );
        for key in KEYS.iter().filter(|key| key.section == *section) {
            text.push_str(&row(key));
        }
        text.push('\n');
    }
    text
}

fn row(key: &Key) -> String {
    let later = if key.later {
        " Counts from the next start on."
    } else {
        ""
    };
    let bounds = match key.bounds {
        "" => String::new(),
        bounds => format!("; {bounds}"),
    };
    format!(
        "| `{}` | {}{later} | {}{bounds} | {} | `{}` |\n",
        key.name,
        key.about,
        key.wants,
        key.usual,
        key.variable()
    )
}

/// A file with every key in it, commented out.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# Everything that can be set. Take away the # before what you want to set.\n",
    );
    for (section, about) in SECTIONS {
        text.push_str(&format!("\n# {about}\n[{section}]\n"));
        for key in KEYS.iter().filter(|key| key.section == *section) {
            let later = if key.later {
                " Counts from the next start on."
            } else {
                ""
            };
            text.push_str(&format!(
                "# {}{later} If not set: {}.\n",
                key.about, key.usual
            ));
            text.push_str(&format!("# {} = {}\n", key.name, key.example));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;

    /// Between these lines of the manual.
    const MARKS: (&str, &str) = (
        "<!-- keys: written by the code -->\n",
        "<!-- end of keys -->\n",
    );

    /// `MANYHANDS_WRITE_DOCS=1 cargo test -p engine manual` writes it.
    #[test]
    fn the_manual_has_every_key() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.md");
        let page = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        let (before, rest) = page.split_once(MARKS.0).unwrap();
        let (_, after) = rest.split_once(MARKS.1).unwrap();
        let whole = format!(
            "{before}{}\n{}```toml\n{}```\n\n{}{after}",
            MARKS.0,
            table(),
            example(),
            MARKS.1
        );
        if std::env::var_os("MANYHANDS_WRITE_DOCS").is_some() {
            std::fs::write(path, &whole).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap().replace("\r\n", "\n") == whole,
            "docs/config.md is not what the code says: MANYHANDS_WRITE_DOCS=1 cargo test -p engine manual"
        );
    }

    #[test]
    fn the_example_is_right_with_and_without_its_marks() {
        assert!(read(&example(), "").unwrap().lines.is_empty());
        let set: String = example()
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest)
                    if rest
                        .split_once(" = ")
                        .is_some_and(|(name, _)| KEYS.iter().any(|key| key.name == name)) =>
                {
                    format!("{rest}\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        let said = read(&set, "").unwrap_or_else(|wrong| panic!("{wrong:#?}"));
        assert_eq!(said.lines.len(), KEYS.len(), "each has an example");
        for key in KEYS {
            assert_ne!(shown(key, &said.settings), "", "{key:?}");
        }
    }
}
