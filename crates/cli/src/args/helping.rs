//! What can be typed about helping others.

use api::{HelpMode, HelpRules, Hours};
use clap::{Args, ValueEnum};

use super::{Bound, bytes};

/// How helping stands; or turn it on or off.
///
/// Without a word it says whether this computer helps now, with how much of itself, and why it rests if it does.
#[derive(Debug, Args)]
pub struct Donate {
    /// on; off: what has begun is given back; finish: off, once what has begun is done
    #[arg(value_enum, value_name = "WHETHER")]
    pub whether: Option<HelpWord>,

    /// Help on the battery, too, until this computer is plugged in again
    #[arg(long, conflicts_with = "whether")]
    pub on_battery: bool,
}

/// What becomes of helping, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HelpWord {
    On,
    Off,
    Finish,
}

/// When and how this computer helps, as typed.
#[derive(Debug, Default, Args)]
pub struct Rules {
    /// How much of itself it gives
    #[arg(long, value_enum, value_name = "MODE")]
    pub help_mode: Option<ModeName>,

    /// When it helps: "mon-fri 22:00-06:00; sat,sun"
    #[arg(long, value_name = "HOURS", value_parser = hours)]
    pub hours: Option<Bound<Vec<Hours>>>,

    /// Rest while one of these programs runs: "obs, blender"
    #[arg(long, value_name = "PROGRAMS", value_parser = programs)]
    pub pause_for: Option<Bound<Vec<String>>>,

    /// Begin nothing for others that leaves less free on the disk than this: 50GB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub keep_free: Option<Bound<u64>>,
}

/// How much it gives, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// Half of it while somebody uses it, all of it else
    Polite,
    /// Nothing while somebody uses it
    OnlyWhenIdle,
    /// All of it, always
    AllIn,
}

impl Rules {
    /// These rules with what was typed in place.
    pub fn on(&self, mut rules: HelpRules) -> HelpRules {
        if let Some(mode) = self.help_mode {
            rules.mode = match mode {
                ModeName::Polite => HelpMode::Polite,
                ModeName::OnlyWhenIdle => HelpMode::OnlyWhenIdle,
                ModeName::AllIn => HelpMode::AllIn,
            };
        }
        fn list<T: Clone>(wanted: &Option<Bound<Vec<T>>>, list: &mut Vec<T>) {
            match wanted {
                Some(Bound::To(wanted)) => list.clone_from(wanted),
                Some(Bound::None) => list.clear(),
                None => {}
            }
        }
        list(&self.hours, &mut rules.hours);
        list(&self.pause_for, &mut rules.programs);
        match self.keep_free {
            Some(Bound::To(bytes)) => rules.keep_free = Some(bytes),
            Some(Bound::None) => rules.keep_free = None,
            None => {}
        }
        rules
    }
}

fn hours(typed: &str) -> Result<Bound<Vec<Hours>>, String> {
    if typed == "none" {
        return Ok(Bound::None);
    }
    let each = typed.split(';').map(|hours| hours.trim().parse::<Hours>());
    let all: Result<Vec<Hours>, _> = each.collect();
    all.map(Bound::To).map_err(|error| error.message)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what reads typed words may refuse them"
)]
fn programs(typed: &str) -> Result<Bound<Vec<String>>, String> {
    if typed == "none" {
        return Ok(Bound::None);
    }
    let names = typed
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    Ok(Bound::To(names.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_takes_the_place_of_what_was_set() {
        let Ok(Bound::To(hours)) = hours("mon-fri 22:00-06:00; sat,sun") else {
            panic!("refused")
        };
        let typed = Rules {
            hours: Some(Bound::To(hours)),
            pause_for: programs("obs, ,Zoom").ok(),
            keep_free: Some(Bound::None),
            ..Rules::default()
        };
        let before = HelpRules {
            mode: HelpMode::AllIn,
            keep_free: Some(5),
            ..HelpRules::default()
        };
        let after = typed.on(before);
        assert_eq!((after.mode, after.keep_free), (HelpMode::AllIn, None));
        assert_eq!(after.programs, ["obs", "Zoom"]);
        let shown: Vec<String> = after.hours.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["mon-fri 22:00-06:00", "sat,sun 00:00-24:00"]);
        let none = Rules {
            hours: self::hours("none").ok(),
            ..Rules::default()
        };
        assert!(none.on(after).hours.is_empty());
        assert!(self::hours("never").unwrap_err().contains("mon-fri"));
    }
}
