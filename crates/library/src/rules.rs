//! What may be set: folders that are watched, and the rules by which their files are taken.

use std::path::{Path, PathBuf};

use etiquette::Hours;
use media::choice::{Choice, SOUND_KBPS};
use media::filter::{Area, Crop, HEIGHTS, SIDES};
use serde::{Deserialize, Deserializer, Serialize};

/// The library as its user sets it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Library {
    /// When new work may begin; empty: always.
    pub hours: Vec<Hours>,
    /// The folders; those in front are served first. What is in one that lies within another is that one's alone.
    pub folders: Vec<Folder>,
}

/// A folder that is watched, with everything below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Folder {
    /// Where; absolute.
    #[serde(deserialize_with = "read_plain")]
    pub path: PathBuf,
    /// Nothing new is taken from it.
    pub off: bool,
    /// What changes in it is noticed at once, where its disk tells.
    pub on_change: bool,
    /// It is looked through every so many minutes; 0: only when asked.
    pub every_min: u32,
    /// A file is taken once its size and time have stayed the same for so many seconds.
    pub stable_s: u32,
    /// The first one that fits a file decides about it.
    pub rules: Vec<Rule>,
}

impl Default for Folder {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            off: false,
            on_change: true,
            every_min: 60,
            stable_s: 60,
            rules: Vec::new(),
        }
    }
}

/// The usual way to write a path: `/media/films` for `/media//films/`. Databases compare letters.
#[must_use]
pub fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}

fn read_plain<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    PathBuf::deserialize(from).map(|path| plain(&path))
}

/// A rule: which files, and what is made of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// What it is called; no other rule of the folder is called so.
    pub name: String,
    /// It is passed over.
    pub off: bool,
    /// What it fits is left alone, whatever the rules after it say.
    pub leave: bool,
    /// Which files.
    pub take: Conditions,
    /// What is made of them.
    pub make: Choice,
    /// The outputs' folder; else each goes beside its source.
    pub out_dir: Option<PathBuf>,
    /// Or they go into another tree of folders.
    pub tree: Option<Tree>,
    /// Or each takes its film's place.
    pub in_place: Option<InPlace>,
    /// By this computer alone.
    pub only_here: bool,
    /// The whole result is decoded here at the end.
    pub paranoid: bool,
    /// A result that saves less than so many percent is not kept, 0 to 90; 0: whatever is smaller at all.
    pub least_saving: u8,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            name: String::new(),
            off: false,
            leave: false,
            take: Conditions::default(),
            make: Choice::default(),
            out_dir: None,
            tree: None,
            in_place: None,
            only_here: false,
            paranoid: false,
            least_saving: 5,
        }
    }
}

/// Another tree of folders, in which outputs stand as their films stand in theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The films' tree.
    pub root: PathBuf,
    /// The other one.
    pub into: PathBuf,
}

/// Outputs take their films' places; the originals are kept beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InPlace {
    /// For how long; else as it is set.
    pub keep: Option<Keep>,
}

/// How long an original is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Until somebody deletes it.
    Always,
    /// So many days.
    Days(u32),
    /// Not at all.
    Never,
}

/// What a file has to be like. Everything that is set has to be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// Its name is as one of these, with `*` and `?`; with a `/` in it, its path within the folder is.
    pub names: Vec<String>,
    /// And as none of these.
    pub not_names: Vec<String>,
    /// It has at least so many bytes.
    pub min_bytes: Option<u64>,
    /// And at most so many.
    pub max_bytes: Option<u64>,
    /// It was last changed at least so many hours ago.
    pub older_than_h: Option<u32>,
    /// And no more than so many hours ago.
    pub newer_than_h: Option<u32>,
    /// Its picture has at least so many lines.
    pub min_height: Option<u16>,
    /// And at most so many.
    pub max_height: Option<u16>,
    /// Its codec is one of these, as ffmpeg calls them; empty: any.
    pub codecs: Vec<String>,
    /// And none of these.
    pub not_codecs: Vec<String>,
    /// Also what is in the codec already that would be made of it.
    pub right_codec_too: bool,
}

impl Rule {
    /// A number that changes with what the rule makes, not with what it is called or takes: by it is known whether what
    /// once failed or was not worthwhile is to be tried again.
    #[must_use]
    pub fn wish(&self) -> u64 {
        let parts = (
            &self.make,
            // For how long originals are kept changes nothing of what is made.
            (&self.out_dir, &self.tree, self.in_place.is_some()),
            self.least_saving,
        );
        // What cannot be written, as a folder's name that is no text, is no reason to try again.
        let text = serde_json::to_string(&parts).unwrap_or_default();
        // FNV-1a. SQLite's integers are signed: the highest bit stays clear.
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }) >> 1
    }
}

/// Something that cannot be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where, as in `folders[0].rules[1].take.min_height`.
    pub field: String,
    /// What is wrong, in a sentence.
    pub says: String,
    /// What to do, in another.
    pub help: String,
}

/// More than anybody has.
const MOST_FOLDERS: usize = 100;
const MOST_RULES: usize = 100;
const MOST_WORDS: usize = 100;
const LONGEST: usize = 200;
/// A week of seconds, ten years of hours, a month of minutes.
const MOST_STABLE_S: u32 = 604_800;
const MOST_DAYS: u32 = 3650;
const MOST_AGE_H: u32 = 87_600;
const MOST_EVERY_MIN: u32 = 44_640;

/// Whether a library can be as it is set.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(library: &Library) -> Result<(), Wrong> {
    faults(library).into_iter().next().map_or(Ok(()), Err)
}

/// What is wrong with a library: the first of each folder, and of each rule.
#[must_use]
pub fn faults(library: &Library) -> Vec<Wrong> {
    let mut all = Vec::new();
    all.extend(check_whole(library).err());
    for (at, folder) in library.folders.iter().enumerate().take(MOST_FOLDERS) {
        let field = format!("folders[{at}]");
        let before = &library.folders[..at];
        all.extend(check_folder(folder, before, &field).err());
        for (at, rule) in folder.rules.iter().enumerate().take(MOST_RULES) {
            let field = format!("{field}.rules[{at}]");
            let checked = check_rule(rule, &folder.rules[..at], &field);
            let checked = checked.and_then(|()| check_tree(rule, folder, &field));
            all.extend(checked.err());
        }
    }
    all
}

fn check_whole(library: &Library) -> Result<(), Wrong> {
    if library.hours.len() > MOST_WORDS || !library.hours.iter().all(Hours::is_sound) {
        return wrong(
            "hours".to_owned(),
            "These hours make no sense.",
            "Each needs a day of the week, and times from 00:00 to 24:00.",
        );
    }
    if library.folders.len() > MOST_FOLDERS {
        return wrong(
            "folders".to_owned(),
            &format!("No more than {MOST_FOLDERS} folders can be watched."),
            "Watch a folder that holds several of them.",
        );
    }
    Ok(())
}

fn wrong<T>(field: String, says: &str, help: &str) -> Result<T, Wrong> {
    Err(Wrong {
        field,
        says: says.to_owned(),
        help: help.to_owned(),
    })
}

fn check_folder(folder: &Folder, before: &[Folder], field: &str) -> Result<(), Wrong> {
    let at = |name: &str| format!("{field}.{name}");
    if before.iter().any(|one| one.path == folder.path) {
        let says = format!("The folder {} is watched already.", folder.path.display());
        return wrong(at("path"), &says, "Add the rule to the one that is there.");
    }
    if !folder.path.is_absolute() {
        return wrong(
            at("path"),
            "A watched folder has to be a whole path, from the root on.",
            "For example /media/films.",
        );
    }
    if folder.path.parent().is_none() {
        return wrong(
            at("path"),
            "A whole disk with the system on it cannot be watched.",
            "Choose the folder in which the films are.",
        );
    }
    if folder.path.to_str().is_none() {
        return wrong(
            at("path"),
            "The folder's name is no text that can be kept.",
            "Rename it, or watch the folder it is in.",
        );
    }
    if folder.stable_s > MOST_STABLE_S {
        return wrong(
            at("stable_s"),
            "A file cannot be waited for longer than a week.",
            "A minute is usual.",
        );
    }
    if folder.every_min > MOST_EVERY_MIN {
        return wrong(
            at("every_min"),
            "The longest between two looks is a month.",
            "An hour, 60, is usual; 0 means only when asked.",
        );
    }
    if folder.rules.len() > MOST_RULES {
        return wrong(
            at("rules"),
            &format!("A folder has at most {MOST_RULES} rules."),
            "Put some together: a rule takes several names and codecs.",
        );
    }
    Ok(())
}

fn check_rule(rule: &Rule, before: &[Rule], field: &str) -> Result<(), Wrong> {
    let at = |name: &str| format!("{field}.{name}");
    if before.iter().any(|one| one.name == rule.name) {
        let says = format!("Two rules are called “{}”.", rule.name);
        return wrong(at("name"), &says, "Give one of them another name.");
    }
    if !is_word(&rule.name) {
        return wrong(
            at("name"),
            "A rule needs a name.",
            "Call it by what it takes, for example “Films”.",
        );
    }
    if rule.least_saving > 90 {
        return wrong(
            at("least_saving"),
            "What has to be saved at least is 0 to 90 percent.",
            "5 is usual.",
        );
    }
    check_places(rule, &at)?;
    check_make(&rule.make, &at("make"))?;
    check_conditions(&rule.take, &at("take"))
}

fn check_tree(rule: &Rule, folder: &Folder, field: &str) -> Result<(), Wrong> {
    let outside = |tree: &Tree| !folder.path.starts_with(&tree.root);
    if rule.tree.as_ref().is_some_and(outside) {
        return wrong(
            format!("{field}.tree"),
            "The watched folder is not in the tree that is to be mirrored.",
            "Give the watched folder as the root, or one that it is in.",
        );
    }
    Ok(())
}

/// Where the results go.
fn check_places(rule: &Rule, at: &dyn Fn(&str) -> String) -> Result<(), Wrong> {
    if rule
        .out_dir
        .as_ref()
        .is_some_and(|path| !path.is_absolute() || path.to_str().is_none())
    {
        return wrong(
            at("out_dir"),
            "The outputs' folder has to be a whole path, from the root on.",
            "For example /media/small.",
        );
    }
    let places = [
        rule.out_dir.is_some(),
        rule.tree.is_some(),
        rule.in_place.is_some(),
    ];
    if places.iter().filter(|set| **set).count() > 1 {
        return wrong(
            at("out_dir"),
            "A result goes to one place only.",
            "Set one of out_dir, tree and in_place.",
        );
    }
    let is_whole = |path: &Path| path.is_absolute() && path.to_str().is_some();
    let whole = |tree: &Tree| is_whole(&tree.root) && is_whole(&tree.into);
    if rule.tree.as_ref().is_some_and(|tree| !whole(tree)) {
        return wrong(
            at("tree"),
            "Both trees have to be whole paths, from the root on.",
            "For example root = /media/films and into = /media/small.",
        );
    }
    let keep = rule.in_place.and_then(|in_place| in_place.keep);
    if matches!(keep, Some(Keep::Days(days)) if !(1..=MOST_DAYS).contains(&days)) {
        return wrong(
            at("in_place.keep"),
            "An original is kept for 1 to 3650 days.",
            "30 are usual; “always” keeps it for good.",
        );
    }
    Ok(())
}

/// What is made: the bounds that a film's own choice has, too.
fn check_make(make: &Choice, field: &str) -> Result<(), Wrong> {
    let at = |name: &str| format!("{field}.{name}");
    if make.quality().is_none() {
        let says = format!("{} has no such quality number.", make.codec());
        return wrong(at("quality"), &says, "Leave it out for the usual one.");
    }
    if make
        .audio_kbps
        .is_some_and(|kbps| !SOUND_KBPS.contains(&kbps))
    {
        return wrong(
            at("audio_kbps"),
            "The sound has 16 to 640 kilobits a second.",
            "128 are usual.",
        );
    }
    let height = make.filters.height.map(|lines| lines.get());
    if height.is_some_and(|lines| !HEIGHTS.contains(&lines)) {
        return wrong(
            at("filters.height"),
            "A height is 16 to 8192 lines.",
            "For example 1080.",
        );
    }
    let can_be = |area: &Area| {
        let sides = [area.width.get(), area.height.get()];
        area.is_even() && sides.iter().all(|side| SIDES.contains(side))
    };
    if matches!(&make.filters.crop, Some(Crop::To(area)) if !can_be(area)) {
        return wrong(
            at("filters.crop"),
            "A part of the picture has even numbers, and sides of 16 to 16384 pixels.",
            "“auto” finds the black bars.",
        );
    }
    Ok(())
}

fn check_conditions(take: &Conditions, field: &str) -> Result<(), Wrong> {
    let lists = [
        ("names", &take.names),
        ("not_names", &take.not_names),
        ("codecs", &take.codecs),
        ("not_codecs", &take.not_codecs),
    ];
    for (name, list) in lists {
        if list.len() > MOST_WORDS || !list.iter().all(|one| is_word(one)) {
            return wrong(
                format!("{field}.{name}"),
                "This is no list of names.",
                "Write for example *.avi, or h264 for a codec.",
            );
        }
    }
    let ages = [
        ("older_than_h", take.older_than_h),
        ("newer_than_h", take.newer_than_h),
    ];
    for (name, age) in ages {
        if age.is_some_and(|hours| hours > MOST_AGE_H) {
            return wrong(
                format!("{field}.{name}"),
                "No film is that old.",
                "Write the age in hours: a week is 168.",
            );
        }
    }
    // What is kept of them are signed numbers.
    let beyond = |bytes: Option<u64>| bytes.is_some_and(|bytes| i64::try_from(bytes).is_err());
    for (name, bytes) in [("min_bytes", take.min_bytes), ("max_bytes", take.max_bytes)] {
        if beyond(bytes) {
            return wrong(
                format!("{field}.{name}"),
                "No film is that large.",
                "Write the size in bytes: a gigabyte is 1000000000.",
            );
        }
    }
    let upside_down =
        |low: Option<u64>, high: Option<u64>| low.zip(high).is_some_and(|(low, high)| low > high);
    let never = "Nothing can be both: the rule would never take a file.";
    if upside_down(take.min_bytes, take.max_bytes) {
        return wrong(format!("{field}.min_bytes"), never, "Swap the two sizes.");
    }
    if upside_down(
        take.min_height.map(Into::into),
        take.max_height.map(Into::into),
    ) {
        return wrong(
            format!("{field}.min_height"),
            never,
            "Swap the two heights.",
        );
    }
    if upside_down(
        take.older_than_h.map(Into::into),
        take.newer_than_h.map(Into::into),
    ) {
        return wrong(format!("{field}.older_than_h"), never, "Swap the two ages.");
    }
    Ok(())
}

fn is_word(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use media::spec::Side;

    use super::*;

    fn films() -> Folder {
        Folder {
            path: std::env::temp_dir().join("films"),
            rules: vec![Rule {
                name: "All".into(),
                ..Rule::default()
            }],
            ..Folder::default()
        }
    }

    fn area(width: u16) -> Area {
        Area {
            width: Side::new(width).unwrap(),
            height: Side::new(1080).unwrap(),
            left: 0,
            top: 0,
        }
    }

    fn of(folders: Vec<Folder>) -> Library {
        Library {
            folders,
            ..Library::default()
        }
    }

    #[test]
    fn what_cannot_be_set_is_named_with_its_place() {
        let rule = |change: fn(&mut Rule)| {
            let mut folder = films();
            change(&mut folder.rules[0]);
            of(vec![folder])
        };
        let wrongs = [
            (of(vec![films(), films()]), "folders[1].path"),
            (
                of(vec![Folder {
                    path: "films".into(),
                    ..films()
                }]),
                "folders[0].path",
            ),
            (
                of(vec![Folder {
                    stable_s: u32::MAX,
                    ..films()
                }]),
                "folders[0].stable_s",
            ),
            (
                of(vec![Folder {
                    rules: vec![films().rules[0].clone(), films().rules[0].clone()],
                    ..films()
                }]),
                "folders[0].rules[1].name",
            ),
            (rule(|r| r.name = " ".into()), "folders[0].rules[0].name"),
            (
                rule(|r| r.least_saving = 91),
                "folders[0].rules[0].least_saving",
            ),
            (
                rule(|r| r.make.quality = Some(63)),
                "folders[0].rules[0].make.quality",
            ),
            (
                rule(|r| {
                    r.tree = Some(Tree {
                        root: std::env::temp_dir().join("others"),
                        into: std::env::temp_dir().join("small"),
                    });
                }),
                "folders[0].rules[0].tree",
            ),
            (
                rule(|r| r.make.audio_kbps = Some(60_000)),
                "folders[0].rules[0].make.audio_kbps",
            ),
            (
                rule(|r| r.make.filters.height = Side::new(10_800)),
                "folders[0].rules[0].make.filters.height",
            ),
            (
                rule(|r| r.make.filters.height = Side::new(7)),
                "folders[0].rules[0].make.filters.height",
            ),
            (
                rule(|r| r.make.filters.crop = Some(Crop::To(area(1919)))),
                "folders[0].rules[0].make.filters.crop",
            ),
            (
                rule(|r| r.take.min_bytes = Some(u64::MAX)),
                "folders[0].rules[0].take.min_bytes",
            ),
            (
                rule(|r| r.take.names = vec!["a\u{7}".into()]),
                "folders[0].rules[0].take.names",
            ),
            (
                rule(|r| (r.take.min_height, r.take.max_height) = (Some(1080), Some(720))),
                "folders[0].rules[0].take.min_height",
            ),
            (
                rule(|r| (r.take.older_than_h, r.take.newer_than_h) = (Some(9), Some(3))),
                "folders[0].rules[0].take.older_than_h",
            ),
        ];
        for (library, field) in wrongs {
            let wrong = check(&library).unwrap_err();
            assert_eq!(wrong.field, field);
            assert!(
                wrong.says.ends_with('.') && wrong.help.ends_with('.'),
                "{wrong:?}"
            );
        }
        assert_eq!(check(&of(vec![films()])), Ok(()));
        assert_eq!(check(&Library::default()), Ok(()));
    }

    #[test]
    fn every_folder_and_every_rule_is_looked_at() {
        let mut other = films();
        other.path = "films".into();
        other.rules = vec![Rule::default(), Rule::default()];
        let all = faults(&of(vec![films(), other]));
        let fields: Vec<&str> = all.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "folders[1].path",
                "folders[1].rules[0].name",
                "folders[1].rules[1].name"
            ]
        );
    }

    #[test]
    fn the_wish_is_what_is_made_not_what_is_taken() {
        let rule = films().rules[0].clone();
        let renamed = Rule {
            name: "Other".into(),
            take: Conditions {
                min_bytes: Some(1),
                ..Conditions::default()
            },
            ..rule.clone()
        };
        assert_eq!(rule.wish(), renamed.wish());
        let other = Rule {
            least_saving: 6,
            ..rule.clone()
        };
        assert_ne!(rule.wish(), other.wish());
        let kept = |keep| Rule {
            in_place: Some(InPlace { keep }),
            ..rule.clone()
        };
        assert_ne!(rule.wish(), kept(None).wish());
        assert_eq!(kept(None).wish(), kept(Some(Keep::Never)).wish());
        assert!(i64::try_from(rule.wish()).is_ok());
    }

    #[test]
    fn a_folder_is_called_by_one_name() {
        let text = r#"{"folders": [{"path": "/media//films/./"}]}"#;
        let read: Library = serde_json::from_str(text).unwrap();
        let name = read.folders[0].path.as_os_str();
        assert_eq!(name, "/media/films");
    }

    #[test]
    fn a_typing_error_in_a_rule_is_one() {
        let text = r#"{"folders": [{"path": "/f", "rules": [{"nmae": "x"}]}]}"#;
        assert!(serde_json::from_str::<Library>(text).is_err());
    }
}
