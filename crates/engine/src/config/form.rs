//! How each kind of value stands in the file: read from there, and written into it.

use std::ops::Range;
use std::path::PathBuf;

use etiquette::{Hours, Mode};
use library::{Folder, Rule};
use media::choice::Purpose;
use toml::Spanned;
use toml::de::DeValue;
use toml_edit::{Array, Item, Value};

use super::complaint::{meant, quoted};
use super::{size, tables};
use crate::status::{Keep, PathPair};

/// A value of the file, with where it stands.
pub(super) type Found<'a> = Spanned<DeValue<'a>>;

/// Why something is not such a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The part that is meant, where it is not the whole.
    pub span: Option<Range<usize>>,
    /// What follows "`key` …": "has to be a port, not `x`."
    pub says: String,
}

/// How a variable's text becomes such a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it stands.
    Text,
    /// on, off, true, false, 1, 0, yes, no.
    Switch,
    /// Digits are a number, everything else a text.
    Number,
    /// Texts, `;` between them.
    List,
    /// As it would stand in the file.
    Toml,
}

/// A value as the file has it.
pub(super) trait Form: Sized {
    /// How a variable says it.
    const KIND: Kind;
    /// What it has to be, after "has to be".
    const WANTS: &'static str;

    /// Reads it; or everything that is wrong with it.
    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>>;

    /// Writes it; `None` where nothing is set and the key is not there.
    fn write(&self) -> Option<Item>;
}

/// "has to be …, not …"
fn not<T: Form>(found: &Found<'_>) -> Vec<Wrong> {
    vec![not_that(T::WANTS, found)]
}

/// The same for what is described so.
pub(super) fn not_that(wants: &str, found: &Found<'_>) -> Wrong {
    wrong(
        found,
        format!("has to be {wants}, not {}.", shown(found.get_ref())),
    )
}

fn wrong(found: &Found<'_>, says: String) -> Wrong {
    Wrong {
        span: Some(found.span()),
        says,
    }
}

/// What stands there, for a sentence.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(&format!("\"{text}\"")),
        DeValue::Integer(number) => quoted(&number.to_string()),
        DeValue::Float(number) => quoted(&number.to_string()),
        DeValue::Boolean(on) => quoted(&on.to_string()),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn item(value: impl Into<Value>) -> Item {
    Item::Value(value.into())
}

fn texts(all: impl IntoIterator<Item = String>) -> Option<Item> {
    let array: Array = all.into_iter().collect();
    (!array.is_empty()).then(|| item(array))
}

/// Each of a list; or everything that is wrong in it.
fn each<T, L: Form>(
    found: &Found<'_>,
    read: impl Fn(&str, &Found<'_>) -> Result<T, Wrong>,
) -> Result<Vec<T>, Vec<Wrong>> {
    let list = found.get_ref().as_array().ok_or_else(|| not::<L>(found))?;
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for one in list.iter() {
        let text = one.get_ref().as_str();
        let came = text.ok_or_else(|| not_that(L::WANTS, one));
        match came.and_then(|text| read(text, one)) {
            Ok(read) => all.push(read),
            Err(amiss) => wrong.push(amiss),
        }
    }
    if wrong.is_empty() {
        Ok(all)
    } else {
        Err(wrong)
    }
}

impl Form for bool {
    const KIND: Kind = Kind::Switch;
    const WANTS: &'static str = "true or false";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        found.get_ref().as_bool().ok_or_else(|| not::<Self>(found))
    }

    fn write(&self) -> Option<Item> {
        Some(item(*self))
    }
}

impl Form for String {
    const KIND: Kind = Kind::Text;
    const WANTS: &'static str = "a text in quotes";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        let text = found.get_ref().as_str().ok_or_else(|| not::<Self>(found))?;
        Ok(text.to_owned())
    }

    fn write(&self) -> Option<Item> {
        (!self.is_empty()).then(|| item(self.as_str()))
    }
}

impl Form for Option<u16> {
    const KIND: Kind = Kind::Number;
    const WANTS: &'static str = "a port, a number from 1 to 65535";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        let port = integer(found.get_ref()).and_then(|number| u16::try_from(number).ok());
        let port = port.filter(|port| *port > 0);
        port.map(Some).ok_or_else(|| not::<Self>(found))
    }

    fn write(&self) -> Option<Item> {
        self.map(|port| item(i64::from(port)))
    }
}

impl Form for Option<u32> {
    const KIND: Kind = Kind::Number;
    const WANTS: &'static str = "a whole number from 1 on";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        let number = integer(found.get_ref()).and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number > 0);
        number.map(Some).ok_or_else(|| not::<Self>(found))
    }

    fn write(&self) -> Option<Item> {
        self.map(|number| item(i64::from(number)))
    }
}

/// Bytes.
impl Form for Option<u64> {
    const KIND: Kind = Kind::Number;
    const WANTS: &'static str = "a size such as \"50GB\", or a number of bytes";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        let bytes = match found.get_ref() {
            DeValue::String(text) => size::parse(text).ok(),
            other => integer(other),
        };
        bytes.map(Some).ok_or_else(|| not::<Self>(found))
    }

    fn write(&self) -> Option<Item> {
        self.map(|bytes| item(size::written(bytes)))
    }
}

impl Form for Option<PathBuf> {
    const KIND: Kind = Kind::Text;
    const WANTS: &'static str = "a whole path in quotes, from the root on";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        let text = found.get_ref().as_str().filter(|text| !text.is_empty());
        let path = text.map(PathBuf::from).filter(|path| path.is_absolute());
        path.map(Some).ok_or_else(|| not::<Self>(found))
    }

    fn write(&self) -> Option<Item> {
        // What is no text was refused before it came here.
        self.as_ref()
            .map(|path| item(path.to_string_lossy().as_ref()))
    }
}

impl Form for Vec<String> {
    const KIND: Kind = Kind::List;
    const WANTS: &'static str = "a list of texts, as in [\"one\", \"another\"]";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        each::<_, Self>(found, |text, _| Ok(text.to_owned()))
    }

    fn write(&self) -> Option<Item> {
        texts(self.iter().cloned())
    }
}

impl Form for Vec<PathBuf> {
    const KIND: Kind = Kind::List;
    const WANTS: &'static str = "a list of folders, as in [\"/one\", \"/another\"]";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        each::<_, Self>(found, |text, _| Ok(PathBuf::from(text)))
    }

    fn write(&self) -> Option<Item> {
        texts(self.iter().map(|path| path.to_string_lossy().into_owned()))
    }
}

impl Form for Vec<PathPair> {
    const KIND: Kind = Kind::Toml;
    const WANTS: &'static str = "a list of tables, each below a line [[shared.paths]]";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        tables::read(found, Self::WANTS)
    }

    fn write(&self) -> Option<Item> {
        tables::write(self, &PathPair::default())
    }
}

impl Form for Vec<Hours> {
    const KIND: Kind = Kind::List;
    const WANTS: &'static str = "a list of hours, as in [\"mon-fri 22:00-06:00\", \"sat,sun\"]";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        each::<_, Self>(found, |text, one| {
            text.parse().map_err(|_| {
                wrong(
                    one,
                    format!(
                        "has to be {}; {} is no time of the week.",
                        Self::WANTS,
                        quoted(text)
                    ),
                )
            })
        })
    }

    fn write(&self) -> Option<Item> {
        texts(self.iter().map(ToString::to_string))
    }
}

/// A word, or days.
impl Form for Keep {
    const KIND: Kind = Kind::Number;
    const WANTS: &'static str = "\"always\", \"never\" or a number of days";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        let days = integer(found.get_ref()).and_then(|days| u32::try_from(days).ok());
        match (found.get_ref().as_str(), days) {
            (Some("always"), _) => Ok(Self::Always),
            (Some("never"), _) => Ok(Self::Never),
            (None, Some(days)) => Ok(Self::Days(days)),
            _ => Err(not::<Self>(found)),
        }
    }

    fn write(&self) -> Option<Item> {
        Some(match self {
            Self::Always => item("always"),
            Self::Never => item("never"),
            Self::Days(days) => item(i64::from(*days)),
        })
    }
}

impl Form for Vec<Folder> {
    const KIND: Kind = Kind::Toml;
    const WANTS: &'static str = "a list of tables, each below a line [[library.folders]]";

    fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
        tables::read(found, Self::WANTS)
    }

    fn write(&self) -> Option<Item> {
        let usual = Folder {
            rules: vec![Rule::default()],
            ..Folder::default()
        };
        tables::write(self, &usual)
    }
}

/// Words of which one has to stand there.
macro_rules! words {
    ($type:ty, $wants:literal, $($word:literal = $name:path),+ $(,)?) => {
        impl Form for $type {
            const KIND: Kind = Kind::Text;
            const WANTS: &'static str = $wants;

            fn read(found: &Found<'_>) -> Result<Self, Vec<Wrong>> {
                let text = found.get_ref().as_str().ok_or_else(|| not::<Self>(found))?;
                match text.replace('-', "_").as_str() {
                    $($word => Ok($name),)+
                    other => {
                        let mut no = not_that(Self::WANTS, found);
                        if let Some(meant) = meant(other, [$($word),+].into_iter()) {
                            no.says.push_str(&format!(" Did you mean \"{meant}\"?"));
                        }
                        Err(vec![no])
                    }
                }
            }

            fn write(&self) -> Option<Item> {
                Some(item(match self { $($name => $word),+ }))
            }
        }
    };
}

words!(
    Mode,
    "\"polite\", \"only_when_idle\" or \"all_in\"",
    "polite" = Mode::Polite,
    "only_when_idle" = Mode::OnlyWhenIdle,
    "all_in" = Mode::AllIn,
);
words!(
    Purpose,
    "\"everywhere\", \"smaller\", \"smallest\" or \"keep\"",
    "everywhere" = Purpose::Everywhere,
    "smaller" = Purpose::Smaller,
    "smallest" = Purpose::Smallest,
    "keep" = Purpose::Keep,
);
