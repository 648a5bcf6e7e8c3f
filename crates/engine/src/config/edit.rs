//! Writes values into a file's text and leaves everything else as it stands: comments, order, blank lines.

use toml_edit::{Array, ArrayOfTables, Decor, Document, DocumentMut, Item, Table, TableLike};

use super::keys::{Key, SECTIONS};
use super::read;
use crate::status::Settings;

/// What a new file begins with.
pub(super) const HEADER: &str = "\
# The settings of Manyhands. The window, the page and the command line write here, too, and leave your comments.
# What may stand here: docs/config.md, or `manyhands config example`. What is wrong: `manyhands config check`.
";

/// A list longer than this, in bytes, has a line for each entry.
const LINE: usize = 80;

/// The text with these keys as `settings` has them.
///
/// # Errors
/// `None` where the text cannot be changed so that it says just that; it has to be right before.
pub(super) fn edit(text: &str, keys: &[&Key], settings: &Settings) -> Option<String> {
    let mut text = text.to_owned();
    for key in keys {
        text = match (key.write)(settings) {
            Some(item) => put(&text, key, item)?,
            None => take(&text, key)?,
        };
    }
    let said = read::read(&text, "").ok()?;
    keys.iter()
        .all(|key| (key.same)(&said.settings, settings))
        .then_some(text)
}

fn put(text: &str, key: &Key, item: Item) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    if !document.contains_key(key.section) {
        add_section(&mut document, key.section);
    }
    let section = document.get_mut(key.section)?.as_table_like_mut()?;
    set(section, key.name, item);
    Some(document.to_string())
}

/// A new section stands at the end, below a blank line.
fn add_section(document: &mut DocumentMut, name: &str) {
    let mut table = Table::new();
    let first = document.as_table().is_empty();
    let about = SECTIONS.iter().find(|(section, _)| *section == name);
    let about = about.map_or("", |(_, about)| about);
    // What trails the last line would come behind the new section.
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let before = match trailing.as_str() {
        "" if first => String::new(),
        "" => "\n".to_owned(),
        text if text.ends_with("\n\n") => text.to_owned(),
        text if text.ends_with('\n') => format!("{text}\n"),
        text => format!("{text}\n\n"),
    };
    document.set_trailing("");
    *table.decor_mut() = Decor::new(format!("{before}# {about}\n"), "");
    document.insert(name, Item::Table(table));
}

fn set(section: &mut dyn TableLike, name: &str, item: Item) {
    let item = spread(item);
    match section.get_mut(name) {
        Some(Item::Value(old)) if item.is_value() => {
            let decor = old.decor().clone();
            if let Ok(mut value) = item.into_value() {
                *value.decor_mut() = decor;
                *old = value;
            }
        }
        Some(Item::ArrayOfTables(old)) if item.is_array_of_tables() => {
            if let Ok(new) = item.into_array_of_tables() {
                set_tables(old, new);
            }
        }
        Some(old) => *old = item,
        None => {
            section.insert(name, item);
        }
    }
}

/// Tables that say the same as before stay as they stand; what stood above the others stays above them.
fn set_tables(old: &mut ArrayOfTables, new: ArrayOfTables) {
    while old.len() > new.len() {
        old.remove(old.len() - 1);
    }
    for (at, mut table) in new.into_iter().enumerate() {
        match old.get_mut(at) {
            Some(stands) if same_table(stands, &table) => {}
            Some(stands) => {
                *table.decor_mut() = stands.decor().clone();
                table.set_position(stands.position());
                *stands = table;
            }
            None => old.push(table),
        }
    }
}

fn same_table(one: &dyn TableLike, other: &dyn TableLike) -> bool {
    let all = |table: &dyn TableLike| table.iter().count();
    all(one) == all(other)
        && one
            .iter()
            .all(|(name, item)| other.get(name).is_some_and(|other| same_item(item, other)))
}

fn same_item(one: &Item, other: &Item) -> bool {
    if let (Some(one), Some(other)) = (one.as_table_like(), other.as_table_like()) {
        return same_table(one, other);
    }
    if let (Some(one), Some(other)) = (one.as_array_of_tables(), other.as_array_of_tables()) {
        return one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same_table(a, b));
    }
    let bare = |item: &Item| {
        let mut value = item.as_value()?.clone();
        if let Some(array) = value.as_array_mut() {
            array.fmt();
            array.set_trailing("");
            array.set_trailing_comma(false);
        }
        value.decor_mut().clear();
        Some(value.to_string())
    };
    bare(one).is_some_and(|text| Some(text) == bare(other))
}

/// A long list gets a line for each entry.
fn spread(mut item: Item) -> Item {
    let Some(array) = item.as_array_mut() else {
        return item;
    };
    if array.to_string().len() > LINE {
        for value in array.iter_mut() {
            value.decor_mut().set_prefix("\n    ");
        }
        array.set_trailing("\n");
        array.set_trailing_comma(true);
    } else {
        Array::fmt(array);
    }
    item
}

/// Takes a key away; comments above it and beside it stay.
fn take(text: &str, key: &Key) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let Some(section) = document.as_table().get(key.section) else {
        return Some(text.to_owned());
    };
    let Some((name, item)) = section.as_table_like()?.get_key_value(key.name) else {
        return Some(text.to_owned());
    };
    if section.is_inline_table() || item.is_table() || item.is_array_of_tables() {
        let mut document: DocumentMut = text.parse().ok()?;
        document
            .get_mut(key.section)?
            .as_table_like_mut()?
            .remove(key.name);
        return Some(document.to_string());
    }
    let (from, to) = (name.span()?.start, item.span()?.end);
    let from = text.get(..from)?.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(to..)?;
    let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let to = if rest.get(..line)?.trim().is_empty() {
        to + line
    } else {
        to + (rest.len() - rest.trim_start_matches([' ', '\t']).len())
    };
    Some(format!("{}{}", text.get(..from)?, text.get(to..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::keys::{KEYS, key};
    use super::*;

    fn keys(paths: &[&str]) -> Vec<&'static Key> {
        let one = |path: &&str| {
            let (section, name) = path.split_once('.').unwrap();
            key(section, name).unwrap()
        };
        paths.iter().map(one).collect()
    }

    const MINE: &str = "\
# My farm.

[web]      # for the tablet
# Not 8090: that is the printer's.
port = 8091   # see above

[donate]
enabled = true
hours = [
  \"sat,sun\", # free
]
# The end.
";

    #[test]
    fn comments_and_order_survive() {
        let mut settings = read::read(MINE, "").unwrap().settings;
        settings.web_port = Some(8092);
        settings.donating = false;
        settings.scratch = Some("/mnt/tmp".into());
        let text = edit(
            MINE,
            &keys(&["web.port", "donate.enabled", "temp.dir"]),
            &settings,
        )
        .unwrap();
        assert_eq!(
            text,
            MINE.replace("8091", "8092").replace("true", "false")
                + "\n# Working files.\n[temp]\ndir = \"/mnt/tmp\"\n"
        );
    }

    #[test]
    fn what_is_taken_away_leaves_its_comments() {
        let settings = Settings {
            donating: true,
            ..Settings::default()
        };
        let text = edit(MINE, &keys(&["web.port", "donate.hours"]), &settings).unwrap();
        let expected = MINE
            .replace("port = 8091   # see above\n", "# see above\n")
            .replace("hours = [\n  \"sat,sun\", # free\n]\n", "");
        assert_eq!(text, expected);
        for (before, after) in [
            ("web.port = 8091\n", ""),
            ("web = { port = 8091 }\n", "web = {}\n"),
            ("[web]\nport = 8091", "[web]\n"),
        ] {
            assert_eq!(
                edit(before, &keys(&["web.port"]), &settings).unwrap(),
                after
            );
        }
    }

    #[test]
    fn a_new_file_reads_well() {
        let settings = Settings {
            web_port: Some(8092),
            name: "küche \"neu\"".to_owned(),
            ..Settings::default()
        };
        let text = edit(HEADER, &keys(&["web.port", "node.name"]), &settings).unwrap();
        let expected = "\n# The page in a browser.\n[web]\nport = 8092\n\n# This computer, as the others see it.\n[node]\nname = 'küche \"neu\"'\n";
        assert_eq!(text, format!("{HEADER}{expected}"));
    }

    #[test]
    fn a_long_list_has_a_line_for_each() {
        let mut settings = Settings::default();
        settings.helping.programs = (0..12).map(|n| format!("program-{n}")).collect();
        let text = edit("", &keys(&["donate.programs"]), &settings).unwrap();
        assert!(
            text.contains("programs = [\n    \"program-0\",\n"),
            "{text}"
        );
        assert!(text.ends_with("    \"program-11\",\n]\n"), "{text}");
    }

    prop_compose! {
        fn settings()(
            name in "\\PC{0,9}", hide_name: bool, donating: bool, cores in proptest::option::of(1_u32..), web in proptest::option::of(1_u16..9000),
            port in proptest::option::of(9000_u16..), limit in proptest::option::of(1_000_000_000_u64..), programs in proptest::collection::vec("[a-z\"'\\\\#äß]{1,30}", 0..6),
            free in proptest::option::of(any::<u64>()), dir in proptest::option::of("/[a-z\"'\\\\# äß]{1,30}"),
        ) -> Settings {
            let mut settings = Settings { name, hide_name, donating, donate_cores: cores, web_port: web, port, scratch_limit: limit, scratch: dir.map(Into::into), ..Settings::default() };
            settings.helping.programs = programs;
            settings.helping.keep_free = free;
            settings
        }
    }

    proptest! {
        /// Whatever is set after whatever else: the file says it, and comments are still there.
        #[test]
        fn what_is_written_is_read_back(first in settings(), then in settings()) {
            let all: Vec<&Key> = KEYS.iter().collect();
            for begin in ["", HEADER, MINE] {
                let once = edit(begin, &all, &first).unwrap();
                prop_assert_eq!(&read::read(&once, "").unwrap().settings, &first);
                let twice = edit(&once, &all, &then).unwrap();
                prop_assert_eq!(&read::read(&twice, "").unwrap().settings, &then);
                for line in begin.lines().filter(|line| line.starts_with('#')) {
                    prop_assert!(twice.contains(line), "{} lost:\n{}", line, twice);
                }
            }
        }
    }
}
