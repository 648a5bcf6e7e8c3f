//! Variables that stand above the file: `MANYHANDS_WEB_PORT` for `port` below `[web]`.

use toml::de::DeValue;
use toml_edit::{Array, Value};

use super::complaint::{Complaint, meant};
use super::form::{Kind, Wrong};
use super::keys::{KEYS, Key, SECTIONS};
use crate::status::Settings;

/// What all of them begin with.
pub(super) const PREFIX: &str = "MANYHANDS_";

/// What the variables set.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    /// The keys.
    pub keys: Vec<&'static Key>,
    /// Their values, and the usual for the rest.
    pub settings: Settings,
    /// Names that look like settings and are none, each with a sentence.
    pub strange: Vec<String>,
}

/// Reads them. An empty one is as good as none.
///
/// # Errors
/// Those whose value makes no sense.
pub(super) fn read(variables: &[(String, String)]) -> Result<Variables, Vec<Complaint>> {
    let mut all = Variables::default();
    let mut complaints = Vec::new();
    for (name, text) in variables.iter().filter(|(_, text)| !text.trim().is_empty()) {
        let Some(key) = KEYS.iter().find(|key| key.variable() == *name) else {
            all.strange.extend(strange(name));
            continue;
        };
        let toml = in_toml(key.kind, text.trim());
        let wrong = match DeValue::parse(&toml) {
            // What stands for bytes that are no text.
            _ if text.contains(char::REPLACEMENT_CHARACTER) => Some(vec![Wrong {
                span: None,
                says: "has to be text in UTF-8.".to_owned(),
            }]),
            Ok(value) => (key.read)(&mut all.settings, &value).err(),
            Err(error) => Some(vec![Wrong {
                span: None,
                says: format!("cannot be read: {}.", error.message()),
            }]),
        };
        match wrong {
            None => all.keys.push(key),
            Some(wrong) => complaints.extend(wrong.into_iter().map(|wrong| Complaint {
                source: name.clone(),
                line: None,
                says: format!("`{}` {}", key.path(), wrong.says),
            })),
        }
    }
    if complaints.is_empty() {
        Ok(all)
    } else {
        Err(complaints)
    }
}

/// A variable's text as the file would have it.
fn in_toml(kind: Kind, text: &str) -> String {
    let quoted = || Value::from(text).to_string();
    match kind {
        Kind::Text => quoted(),
        Kind::Switch => match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => "true".to_owned(),
            "false" | "off" | "no" | "0" => "false".to_owned(),
            _ => quoted(),
        },
        Kind::Number if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            // TOML takes no zeros in front.
            let number = text.trim_start_matches('0');
            if number.is_empty() { "0" } else { number }.to_owned()
        }
        Kind::Number => quoted(),
        Kind::Toml => text.to_owned(),
        Kind::List => {
            let entries = text.split(';').map(str::trim).filter(|one| !one.is_empty());
            Value::Array(entries.collect::<Array>()).to_string()
        }
    }
}

/// A sentence about a name that was probably meant as a setting's. Variables of other kinds are none of ours.
fn strange(name: &str) -> Option<String> {
    let rest = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
    let section = |(section, _): &&(&str, &str)| {
        rest.strip_prefix(*section)
            .is_some_and(|rest| rest.starts_with('_'))
    };
    let (section, _) = SECTIONS.iter().find(section)?;
    let all: Vec<String> = KEYS
        .iter()
        .filter(|key| key.section == *section)
        .map(|key| format!("{}_{}", key.section, key.name))
        .collect();
    let help = meant(&rest, all.iter().map(String::as_str))
        .map(|meant| format!(" Did you mean {PREFIX}{}?", meant.to_ascii_uppercase()));
    Some(format!(
        "The variable {name} sets nothing.{}",
        help.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(name: &str, value: &str) -> Result<Variables, Vec<Complaint>> {
        read(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_value_that_is_no_text_is_said_and_not_passed_over() {
        let value = String::from_utf8_lossy(b"/films/\xff").into_owned();
        let wrong = read_one("MANYHANDS_TEMP_DIR", &value).unwrap_err();
        assert!(wrong[0].says.contains("UTF-8"), "{wrong:?}");
    }

    #[test]
    fn every_kind_of_value_is_said_in_a_variable() {
        let set = |name: &str, value: &str| {
            let variables = read_one(name, value).unwrap();
            assert_eq!(variables.keys.len(), 1, "{name}");
            variables.settings
        };
        assert_eq!(set("MANYHANDS_WEB_PORT", " 08091 ").web_port, Some(8091));
        assert_eq!(
            set("MANYHANDS_TEMP_DIR", "/mnt/tmp").scratch,
            Some("/mnt/tmp".into())
        );
        assert_eq!(
            set("MANYHANDS_TEMP_LIMIT", "50GB").scratch_limit,
            Some(50_000_000_000)
        );
        assert_eq!(
            set("MANYHANDS_NODE_NAME", "the \"new\" one").name,
            "the \"new\" one"
        );
        for on in ["on", "True", "1", "yes"] {
            assert!(set("MANYHANDS_DONATE_ENABLED", on).donating);
        }
        let hours = set("MANYHANDS_DONATE_HOURS", "mon-fri 22:00-06:00; sat,sun")
            .helping
            .hours;
        assert_eq!(
            hours.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["mon-fri 22:00-06:00", "sat,sun 00:00-24:00"]
        );
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let refused = read(&[
            ("MANYHANDS_WEB_PORT".to_owned(), "http".to_owned()),
            ("MANYHANDS_DONATE_ENABLED".to_owned(), "maybe".to_owned()),
        ]);
        let refused: Vec<String> = refused
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            refused[0],
            "MANYHANDS_WEB_PORT: `web.port` has to be a port, a number from 1 to 65535, not `\"http\"`."
        );
        assert!(refused[1].contains("true or false"), "{refused:?}");
    }

    #[test]
    fn what_is_none_of_ours_is_passed_over() {
        for (name, value) in [
            ("MANYHANDS_DATA", "/x"),
            ("MANYHANDS_WEB_PORT", ""),
            ("HOME", "/x"),
            ("MANYHANDS_FFMPEG", "/x"),
        ] {
            let variables = read_one(name, value).unwrap();
            assert!(
                variables.keys.is_empty() && variables.strange.is_empty(),
                "{name}"
            );
        }
        let typo = read_one("MANYHANDS_WEB_PROT", "1").unwrap();
        assert_eq!(
            typo.strange,
            ["The variable MANYHANDS_WEB_PROT sets nothing. Did you mean MANYHANDS_WEB_PORT?"]
        );
    }
}
