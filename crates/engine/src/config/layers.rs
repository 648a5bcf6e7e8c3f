//! What is in effect: the file, and above it variables and how this run was started.

use super::environment::Variables;
use super::keys::{KEYS, Key};
use super::page::shown;
use super::{Effect, Fault, Origin, faults};
use crate::status::Settings;
use crate::trouble::{Kind, Trouble};

/// One above the other.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    /// What the file says, and the usual for the rest.
    pub file: Settings,
    /// What stands above it.
    above: Vec<(&'static Key, Origin)>,
    /// Its values.
    over: Settings,
    /// What the computer is called where nobody says.
    host: String,
}

impl Layers {
    /// The variables stand above the file; `over` has values for `keys`, which stand above it this time.
    pub fn new(
        file: Settings,
        variables: &Variables,
        this_time: (&[&'static Key], &Settings),
        host: String,
    ) -> Self {
        // What was typed for this very run is nearer than what is set for all of them.
        let mut over = variables.settings.clone();
        this_time
            .0
            .iter()
            .for_each(|key| (key.copy)(&mut over, this_time.1));
        let typed = this_time
            .0
            .iter()
            .filter(|key| !variables.keys.contains(key));
        let typed = typed.map(|key| (*key, Origin::ThisTime));
        let set = variables.keys.iter();
        let set = set.map(|key| (*key, Origin::Variable(key.variable())));
        let above = typed.chain(set).collect();
        Self {
            file,
            above,
            over,
            host,
        }
    }

    /// What counts.
    pub fn effective(&self) -> Settings {
        let mut settings = self.file.clone();
        for (key, _) in &self.above {
            (key.copy)(&mut settings, &self.over);
        }
        if settings.name.trim().is_empty() {
            settings.name.clone_from(&self.host);
        }
        settings
    }

    /// The keys that somebody who has seen `before` and wants this wants changed.
    ///
    /// # Errors
    /// One of them stands in a variable.
    pub fn changed(
        &self,
        before: &Settings,
        wanted: &Settings,
    ) -> Result<Vec<&'static Key>, Trouble> {
        let changed: Vec<&Key> = KEYS
            .iter()
            .filter(|key| !(key.same)(before, wanted))
            .collect();
        let fixed = self.above.iter().find_map(|(key, origin)| match origin {
            Origin::Variable(name) if changed.contains(key) => Some((key, name)),
            _ => None,
        });
        let Some((key, name)) = fixed else {
            return Ok(changed);
        };
        let text = format!("{key:?} is set by {name} and cannot be changed here.");
        Err(Trouble::new(Kind::BadRequest, text)
            .help("Change the variable where Manyhands is started, or take it away there."))
    }

    /// What was started with for this time is over for these.
    pub fn settle(&mut self, keys: &[&'static Key]) {
        self.above
            .retain(|(key, origin)| *origin != Origin::ThisTime || !keys.contains(key));
    }

    /// What the variables make of the file that is out of bounds, though it is well by itself.
    pub fn faults(&self) -> Vec<Fault> {
        faults(&self.effective())
    }

    /// The variable that a key's value stands in.
    pub fn variable(&self, path: &str) -> Option<&str> {
        self.above.iter().find_map(|(key, origin)| match origin {
            Origin::Variable(name) if key.path() == path => Some(name.as_str()),
            _ => None,
        })
    }

    /// Everything that can be set, and how it stands.
    pub fn effects(&self) -> Vec<Effect> {
        let now = self.effective();
        let usual = Settings::default();
        let one = |key: &'static Key| {
            let above = self.above.iter().find(|(one, _)| *one == key);
            let from = match above {
                Some((_, origin)) => origin.clone(),
                None if (key.same)(&self.file, &usual) => Origin::Usual,
                None => Origin::File,
            };
            Effect {
                key: key.path(),
                value: shown(key, &now),
                usual: key.usual,
                from,
            }
        };
        KEYS.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::environment;
    use super::super::keys::key;
    use super::*;

    fn layers(file: Settings) -> Layers {
        let port = ("MANYHANDS_WEB_PORT".to_owned(), "9999".to_owned());
        let variables = environment::read(&[port]).unwrap();
        let donating = Settings {
            donating: true,
            ..Settings::default()
        };
        let donate = key("donate", "enabled").unwrap();
        Layers::new(file, &variables, (&[donate], &donating), "den".to_owned())
    }

    #[test]
    fn what_stands_above_counts_and_the_file_stays_as_it_is() {
        let file = Settings {
            web_port: Some(8091),
            ..Settings::default()
        };
        let layers = layers(file.clone());
        let now = layers.effective();
        assert_eq!(
            (now.web_port, now.donating, now.name.as_str()),
            (Some(9999), true, "den")
        );
        assert_eq!(layers.file, file);
        assert!(
            layers.changed(&now, &now).unwrap().is_empty(),
            "what is in effect is no change"
        );
        let from = |path: &str| {
            let all = layers.effects();
            all.into_iter().find(|one| one.key == path).unwrap().from
        };
        assert_eq!(
            from("web.port"),
            Origin::Variable("MANYHANDS_WEB_PORT".to_owned())
        );
        assert_eq!(from("donate.enabled"), Origin::ThisTime);
        assert_eq!(from("temp.dir"), Origin::Usual);
    }

    #[test]
    fn a_host_of_any_name_has_settings_that_go_together() {
        let variables = environment::read(&[]).unwrap();
        let host = crate::machine::host_name();
        let layers = Layers::new(
            Settings::default(),
            &variables,
            (&[], &Settings::default()),
            host,
        );
        assert!(layers.faults().is_empty());
    }

    #[test]
    fn what_another_has_set_meanwhile_is_not_set_back() {
        let seen = Settings {
            purpose: media::choice::Purpose::Smallest,
            ..Settings::default()
        };
        let wanted = Settings {
            hide_name: true,
            ..seen.clone()
        };
        // What is in effect has another purpose by now.
        let changed = layers(Settings::default()).changed(&seen, &wanted).unwrap();
        assert_eq!(changed, [key("node", "hide_name").unwrap()]);
    }

    #[test]
    fn a_variable_cannot_be_changed_from_within_and_a_flag_can() {
        let mut layers = layers(Settings::default());
        let other_port = Settings {
            web_port: Some(1),
            ..layers.effective()
        };
        let refused = layers
            .changed(&layers.effective(), &other_port)
            .unwrap_err();
        assert!(
            refused
                .message
                .starts_with("web.port is set by MANYHANDS_WEB_PORT"),
            "{refused}"
        );
        let off = Settings {
            donating: false,
            ..layers.effective()
        };
        let changed = layers.changed(&layers.effective(), &off).unwrap();
        assert_eq!(changed.len(), 1);
        layers.settle(&changed);
        assert!(!layers.effective().donating);
    }
}
