//! Lists of tables, as `[[library.folders]]`: whatever serde knows, read with its place and in plain words, and written
//! without what is as usual.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use serde::de::value::{MapAccessDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, Value};

use super::complaint::{meant, quoted};
use super::form::{Found, Wrong, not_that};

static NOTHING: Json = Json::Null;

/// Reads a list of tables; or what is wrong with each of them.
pub(super) fn read<T: DeserializeOwned>(
    found: &Found<'_>,
    wants: &str,
) -> Result<Vec<T>, Vec<Wrong>> {
    let list = found.get_ref().as_array();
    let list = list.ok_or_else(|| vec![not_that(wants, found)])?;
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for one in list.iter() {
        match T::deserialize(At(one)) {
            Ok(read) => all.push(read),
            Err(amiss) => wrong.push(Wrong {
                span: amiss.span.or(Some(one.span())),
                says: format!("cannot be taken: {}", amiss.says),
            }),
        }
    }
    if wrong.is_empty() {
        Ok(all)
    } else {
        Err(wrong)
    }
}

/// Writes it, without what is as in `usual`, of which each list has one entry as it usually is; nothing where it is
/// empty.
pub(super) fn write<T: Serialize>(all: &[T], usual: &T) -> Option<Item> {
    let json = |one: &T| serde_json::to_value(one).unwrap_or_default();
    let usual = json(usual);
    let tables: ArrayOfTables = all.iter().map(|one| table(&json(one), &usual)).collect();
    (!tables.is_empty()).then_some(Item::ArrayOfTables(tables))
}

/// What is not as usual.
fn unusual<'a>(
    one: &'a Json,
    usual: &'a Json,
) -> impl Iterator<Item = (&'a String, &'a Json, &'a Json)> {
    let fields = one.as_object().into_iter().flatten();
    fields
        .map(move |(name, value)| (name, value, usual.get(name).unwrap_or(&NOTHING)))
        .filter(|(_, value, usual)| value != usual && !value.as_array().is_some_and(Vec::is_empty))
}

fn table(one: &Json, usual: &Json) -> Table {
    let mut table = Table::new();
    for (name, value, usual) in unusual(one, usual) {
        let list = value.as_array();
        let item = match list.filter(|list| list.iter().all(Json::is_object)) {
            Some(list) => {
                let usual = usual.get(0).unwrap_or(&NOTHING);
                let tables: ArrayOfTables =
                    list.iter().map(|one| self::table(one, usual)).collect();
                Some(Item::ArrayOfTables(tables))
            }
            None => plain(value, usual).map(Item::Value),
        };
        if let Some(item) = item {
            table.insert(name, item);
        }
    }
    table
}

/// A value on its line; none for what is not set.
fn plain(value: &Json, usual: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(on) => (*on).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(list) => {
            let usual = usual.get(0).unwrap_or(&NOTHING);
            list.iter()
                .filter_map(|one| plain(one, usual))
                .collect::<Array>()
                .into()
        }
        Json::Object(_) => {
            let fields = unusual(value, usual);
            let fields = fields
                .filter_map(|(name, value, usual)| Some((name.as_str(), plain(value, usual)?)));
            fields.collect::<InlineTable>().into()
        }
    })
}

/// Why something cannot be read, and where.
#[derive(Debug)]
struct Amiss {
    span: Option<Range<usize>>,
    says: String,
}

impl Amiss {
    /// The innermost place counts.
    fn within(mut self, span: Range<usize>) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for Amiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for Amiss {}

fn perhaps(typed: &str, known: &'static [&'static str]) -> String {
    match meant(typed, known.iter().copied()) {
        Some(word) => format!("Did you mean `{word}`?"),
        None => format!("There are {}.", known.join(", ")),
    }
}

/// What serde expects, for people.
fn wanted(expected: &dyn serde::de::Expected) -> String {
    let word = expected.to_string();
    match word.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a string" | "path string" => "a text in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        _ => word,
    }
}

/// What stands there, for people.
fn got(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(on) => quoted(&on.to_string()),
        Unexpected::Signed(number) => quoted(&number.to_string()),
        Unexpected::Float(number) => quoted(&number.to_string()),
        Unexpected::Str(text) => quoted(&format!("\"{text}\"")),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

impl Error for Amiss {
    fn custom<T: fmt::Display>(says: T) -> Self {
        Self {
            span: None,
            says: format!("{says}."),
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let says = format!(
            "{} is not a setting. {}",
            quoted(field),
            perhaps(field, expected)
        );
        Self { span: None, says }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let says = format!(
            "{} is none of its words. {}",
            quoted(variant),
            perhaps(variant, expected)
        );
        Self { span: None, says }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::custom(format_args!(
            "it has to be {}, not {}",
            wanted(expected),
            got(found)
        ))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }
}

/// A value where it stands.
struct At<'a, 'i>(&'a Found<'i>);

impl<'de> Deserializer<'de> for At<'_, '_> {
    type Error = Amiss;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Amiss> {
        let span = self.0.span();
        let read = match self.0.get_ref() {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Boolean(on) => visitor.visit_bool(*on),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => visitor.visit_i64(number),
                    Err(_) => Err(Amiss::custom("the number is too large")),
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(Amiss::custom("this is no number")),
            },
            DeValue::Datetime(_) => Err(Amiss::custom("a date is nothing that can be set here")),
            DeValue::Array(list) => visitor.visit_seq(SeqDeserializer::new(list.iter().map(At))),
            DeValue::Table(table) => visitor.visit_map(Fields::new(table)),
        };
        read.map_err(|amiss| amiss.within(span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Amiss> {
        // What is not set is not there.
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Amiss> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Amiss> {
        let span = self.0.span();
        let read = match self.0.get_ref() {
            DeValue::String(text) => {
                let word: StrDeserializer<'_, Amiss> = text.as_ref().into_deserializer();
                word.deserialize_enum(name, variants, visitor)
            }
            DeValue::Table(table) => {
                visitor.visit_enum(MapAccessDeserializer::new(Fields::new(table)))
            }
            _ => return self.deserialize_any(visitor),
        };
        read.map_err(|amiss| amiss.within(span))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Amiss> for At<'_, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

type Entry<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Found<'i>);

/// The fields of a table, each where it stands.
struct Fields<'a, 'i> {
    rest: Box<dyn Iterator<Item = Entry<'a, 'i>> + 'a>,
    value: Option<&'a Found<'i>>,
}

impl<'a, 'i> Fields<'a, 'i> {
    fn new(table: &'a DeTable<'i>) -> Self {
        Self {
            rest: Box::new(table.iter()),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Amiss;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Amiss> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let word: StrDeserializer<'_, Amiss> = name.get_ref().as_ref().into_deserializer();
        let read = seed.deserialize(word);
        read.map(Some).map_err(|amiss| amiss.within(name.span()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Amiss> {
        let value = self
            .value
            .take()
            .ok_or_else(|| Amiss::custom("nothing is set here"))?;
        seed.deserialize(At(value))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use toml::de::DeTable;

    use super::*;

    #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Shelf {
        path: String,
        every_min: u32,
        names: Vec<String>,
        make: Make,
        rules: Vec<Rule>,
    }

    #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Make {
        speed: Speed,
        quality: Option<u8>,
    }

    #[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Speed {
        #[default]
        Balanced,
        Slow,
        At(u8),
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Rule {
        name: String,
        least: u8,
    }

    impl Default for Rule {
        fn default() -> Self {
            Self {
                name: String::new(),
                least: 5,
            }
        }
    }

    fn shelves(text: &str) -> Result<Vec<Shelf>, Vec<String>> {
        let table = DeTable::parse(text).unwrap();
        let read = read(&table.get_ref()["shelf"], "a list of shelves");
        let line = |wrong: Wrong| {
            let line = super::super::complaint::line_of(text, wrong.span.unwrap().start);
            format!("{line}: {}", wrong.says)
        };
        read.map_err(|wrong| wrong.into_iter().map(line).collect())
    }

    #[test]
    fn what_is_written_is_read_back_and_what_is_as_usual_is_left_out() {
        let usual = Shelf {
            rules: vec![Rule::default()],
            ..Shelf::default()
        };
        let rule = |name: &str, least| Rule {
            name: name.to_owned(),
            least,
        };
        let all = vec![
            Shelf {
                path: "/a".to_owned(),
                every_min: 60,
                rules: vec![rule("large", 5), rule("old", 0)],
                ..Shelf::default()
            },
            Shelf {
                path: "/b".to_owned(),
                names: vec!["*.mkv".to_owned()],
                make: Make {
                    speed: Speed::At(3),
                    quality: Some(20),
                },
                ..Shelf::default()
            },
        ];
        let mut document = toml_edit::DocumentMut::new();
        document.insert("shelf", write(&all, &usual).unwrap());
        let text = document.to_string();
        assert_eq!(shelves(&text).unwrap(), all, "{text}");
        assert!(
            !text.contains("least = 5") && text.contains("least = 0"),
            "{text}"
        );
        assert_eq!(text.matches("[[shelf]]").count(), 2, "{text}");
        assert_eq!(text.matches("[[shelf.rules]]").count(), 2, "{text}");
        assert_eq!(text.matches("make").count(), 1, "{text}");
    }

    #[test]
    fn what_is_wrong_has_its_place_and_plain_words() {
        let wrong = shelves("[[shelf]]\npahts = \"/a\"\n\n[[shelf]]\npath = \"/b\"\nmake = { speed = \"slwo\" }\n\n[[shelf]]\nevery_min = -1\n\n[[shelf]]\nnames = \"x\"\n").unwrap_err();
        assert_eq!(wrong.len(), 4, "{wrong:#?}");
        assert_eq!(
            wrong[0],
            "2: cannot be taken: `pahts` is not a setting. Did you mean `path`?"
        );
        assert_eq!(
            wrong[1],
            "6: cannot be taken: `slwo` is none of its words. Did you mean `slow`?"
        );
        assert!(
            wrong[2]
                .starts_with("9: cannot be taken: it has to be a whole number from 0 on, not `-1`"),
            "{wrong:#?}"
        );
        assert!(
            wrong[3].starts_with("12: cannot be taken: it has to be a list, not `\"x\"`."),
            "{wrong:#?}"
        );
        assert_eq!(
            shelves("shelf = 3").unwrap_err(),
            ["1: has to be a list of shelves, not `3`."]
        );
    }
}
