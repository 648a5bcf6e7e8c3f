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
    let said = read::read(text, "").ok()?.settings;
    let mut text = text.to_owned();
    for key in keys {
        text = match (key.write)(settings) {
            Some(item) => change(&text, key, item, (key.write)(&said).as_ref(), settings)?,
            None => take(&text, key)?,
        };
    }
    let said = read::read(&text, "").ok()?;
    keys.iter()
        .all(|key| (key.same)(&said.settings, settings))
        .then_some(text)
}

/// Writes a key so that as much as can be stays as it stands; what cannot be said that way is written anew.
fn change(
    text: &str,
    key: &Key,
    item: Item,
    before: Option<&Item>,
    settings: &Settings,
) -> Option<String> {
    let gently = put(text, key, item.clone(), before)?;
    let says = read::read(&gently, "").ok();
    if says.is_some_and(|said| (key.same)(&said.settings, settings)) {
        return Some(gently);
    }
    put(text, key, item, None)
}

/// `before` is what the text says, as it would be written.
fn put(text: &str, key: &Key, item: Item, before: Option<&Item>) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    if !document.contains_key(key.section) {
        add_section(&mut document, key.section);
    }
    let section = document.get_mut(key.section)?.as_table_like_mut()?;
    set(section, key.name, item, before);
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

fn set(section: &mut dyn TableLike, name: &str, item: Item, before: Option<&Item>) {
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
                set_tables(old, new, before.and_then(Item::as_array_of_tables));
            }
        }
        Some(Item::Table(old)) if item.is_table_like() && before.is_some() => {
            if let Ok(new) = item.into_table() {
                set_table(old, new, before.and_then(Item::as_table_like));
            }
        }
        Some(old) => *old = item,
        None => {
            section.insert(name, item);
        }
    }
}

/// Tables are told apart by what they are called: those that stay keep their place and what is written in and above
/// them, whatever becomes of the others.
fn set_tables(old: &mut ArrayOfTables, new: ArrayOfTables, before: Option<&ArrayOfTables>) {
    let wanted: Vec<Option<String>> = new.iter().map(called).collect();
    // What was said of each, in the order of those that stay.
    let said: Vec<Option<&Table>> = old
        .iter()
        .enumerate()
        .filter(|(_, one)| wanted.contains(&called(one)))
        .map(|(at, _)| before.and_then(|all| all.get(at)))
        .collect();
    old.retain(|one| wanted.contains(&called(one)));
    while old.len() > new.len() {
        old.remove(old.len() - 1);
    }
    for (at, mut table) in new.into_iter().enumerate() {
        let before = said.get(at).copied().flatten();
        match old.get_mut(at) {
            Some(stands) if same_table(&*stands, &table) => {}
            Some(stands) if before.is_some() && called(&*stands) == called(&table) => {
                let before = before.map(|table| table as &dyn TableLike);
                set_table(stands, table, before);
            }
            Some(stands) => {
                *table.decor_mut() = stands.decor().clone();
                table.set_position(stands.position());
                *stands = table;
            }
            None => old.push(table),
        }
    }
}

/// What a folder or a rule is known by.
fn called(table: &Table) -> Option<String> {
    let named = ["path", "name"].iter().find_map(|key| table.get(key))?;
    named.as_str().map(str::to_owned)
}

/// Sets what is said otherwise than before; what says the usual in so many words stays.
fn set_table(old: &mut Table, new: Table, before: Option<&dyn TableLike>) {
    let said = |name: &str| before.and_then(|before| before.get(name));
    let names: Vec<String> = old.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        if !new.contains_key(&name) && said(&name).is_some() {
            old.remove(&name);
        }
    }
    for (name, item) in new {
        let stays = old.get(&name).is_some_and(|old| same_item(old, &item));
        if !stays {
            set(old, &name, item, said(&name));
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

    const SHELF: &str = "\
[[library.folders]] # on the small disk
# The children's.
path = \"/a\"
every_min = 60   # looked through so often

# Mine.
[[library.folders]]
path = \"/b\"
every_min = 10
# What is old.
[[library.folders.rules]]
name = \"old\"   # first
least_saving = 5 # as usual
[[library.folders.rules]]
name = \"rest\"

# The end.
[web]
port = 8091
";

    fn shelf(change: impl FnOnce(&mut Vec<library::Folder>)) -> String {
        let mut settings = read::read(SHELF, "").unwrap().settings;
        change(&mut settings.library.folders);
        edit(SHELF, &keys(&["library.folders"]), &settings).unwrap()
    }

    #[test]
    fn what_is_written_about_other_folders_stays() {
        let gone = shelf(|folders| drop(folders.remove(0)));
        let (_, rest) = SHELF.split_once("# Mine.").unwrap();
        assert_eq!(gone.trim_start(), format!("# Mine.{rest}"));
        assert_eq!(
            shelf(|folders| folders[1].every_min = 20),
            SHELF.replace("every_min = 10", "every_min = 20")
        );
        assert_eq!(
            shelf(|folders| folders[1].rules[1].least_saving = 7),
            SHELF.replace("name = \"rest\"", "name = \"rest\"\nleast_saving = 7")
        );
        assert_eq!(
            shelf(|folders| folders[1].every_min = 60),
            SHELF.replace("every_min = 10\n", "")
        );
        // The usual that is said in so many words gives way as well.
        assert_eq!(
            shelf(|folders| folders[0].every_min = 30),
            SHELF.replace("every_min = 60 ", "every_min = 30 ")
        );
        let swapped = shelf(|folders| folders.reverse());
        let said = read::read(&swapped, "").unwrap().settings.library.folders;
        assert_eq!(said[0].path, std::path::Path::new("/b"), "{swapped}");
    }

    prop_compose! {
        fn hours()(
            days in proptest::collection::btree_set(0_usize..7, 1..7), from_min in 0_u16..1440, to_min in 0_u16..=1440,
        ) -> etiquette::Hours {
            use etiquette::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
            let all = [Mon, Tue, Wed, Thu, Fri, Sat, Sun];
            etiquette::Hours { days: days.into_iter().map(|day| all[day]).collect(), from_min, to_min }
        }
    }

    prop_compose! {
        fn folder()(
            off: bool, on_change: bool, every_min in 0_u32..3, stable_s in 59_u32..62,
            rules in proptest::collection::btree_map("[a-c\"# ä]{0,2}x", (any::<bool>(), 4_u8..7, proptest::option::of(1_u64..9), proptest::option::of(700_u16..702)), 0..4),
        ) -> library::Folder {
            let rules = rules.into_iter().map(|(name, (leave, least_saving, min_bytes, height))| {
                let mut rule = library::Rule { name, leave, least_saving, ..library::Rule::default() };
                rule.take.min_bytes = min_bytes;
                rule.make.filters.height = height.and_then(media::spec::Side::new);
                rule
            });
            library::Folder { off, on_change, every_min: every_min * 30, stable_s, rules: rules.collect(), ..library::Folder::default() }
        }
    }

    prop_compose! {
        fn shelves()(
            folders in proptest::collection::vec((0_usize..4, folder()), 0..4), hours in proptest::collection::vec(hours(), 0..3),
        ) -> library::Library {
            let mut all: Vec<library::Folder> = Vec::new();
            for (name, folder) in folders {
                let path = ["/a", "/b", "/c # x", "/ä"][name].into();
                if all.iter().all(|one| one.path != path) {
                    all.push(library::Folder { path, ..folder });
                }
            }
            library::Library { hours, folders: all }
        }
    }

    prop_compose! {
        fn settings()(
            name in "\\PC{0,9}", hide_name: bool, donating: bool, cores in proptest::option::of(1_u32..), web in proptest::option::of(1_u16..9000),
            port in proptest::option::of(9000_u16..), limit in proptest::option::of(1_000_000_000_u64..), programs in proptest::collection::vec("[a-z\"'\\\\#äß]{1,30}", 0..6),
            free in proptest::option::of(any::<u64>()), dir in proptest::option::of("/[a-z\"'\\\\# äß]{1,30}"),
            times in proptest::collection::vec(hours(), 0..3), library in shelves(),
        ) -> Settings {
            let mut settings = Settings { name, hide_name, donating, donate_cores: cores, web_port: web, port, scratch_limit: limit, scratch: dir.map(Into::into), ..Settings::default() };
            settings.helping.programs = programs;
            settings.helping.keep_free = free;
            settings.helping.hours = times;
            settings.library = library;
            settings
        }
    }

    proptest! {
        /// Whatever is set after whatever else: the file says it, and comments are still there.
        #[test]
        fn what_is_written_is_read_back(first in settings(), then in settings()) {
            let all: Vec<&Key> = KEYS.iter().collect();
            for begin in ["", HEADER, MINE, SHELF] {
                let once = edit(begin, &all, &first).unwrap();
                prop_assert_eq!(&read::read(&once, "").unwrap().settings, &first);
                let twice = edit(&once, &all, &then).unwrap();
                prop_assert_eq!(&read::read(&twice, "").unwrap().settings, &then);
                for line in begin.lines().filter(|line| line.starts_with('#') && begin != SHELF) {
                    prop_assert!(twice.contains(line), "{} lost:\n{}", line, twice);
                }
            }
        }
    }
}
