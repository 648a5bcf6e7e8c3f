//! How helping stands, in sentences.

use api::{HelpMode, HelpRules, Here, Rest};

use super::human::plain;
use super::{amount, size};

/// Whether this computer helps now, with how much, and why not.
pub fn stands(here: &Here) -> String {
    let now = &here.helping;
    if !here.donating {
        return if now.winding_down {
            "It does not help others any more, once what has begun is done.".to_owned()
        } else {
            "It does not help others: `manyhands donate on` turns that on.".to_owned()
        };
    }
    let way = mode(now.mode);
    let Some(rest) = &now.rest else {
        let cores = amount(now.cores.into(), "core");
        let battery = if now.battery_too {
            " It runs on its battery, and helps all the same until it is plugged in."
        } else {
            ""
        };
        return format!("It helps others with {cores} ({way}).{battery}");
    };
    let begun = if now.stands_still {
        " What has begun stands still, and is given back after a minute."
    } else {
        ""
    };
    format!(
        "It helps others ({way}), but rests now: {}.{begun}",
        why(rest)
    )
}

/// One way to help, in a word.
pub fn mode(mode: HelpMode) -> &'static str {
    match mode {
        HelpMode::Polite => "polite",
        HelpMode::OnlyWhenIdle => "only when idle",
        HelpMode::AllIn => "all in",
    }
}

/// Why it rests, after a colon.
pub fn why(rest: &Rest) -> String {
    match rest {
        Rest::OnBattery => "it runs on its battery (`manyhands donate --on-battery` lifts that until it is plugged in)".to_owned(),
        Rest::PowerSaver => "its system saves power".to_owned(),
        Rest::Program { name } => format!("{} runs", plain(name)),
        Rest::InUse => "somebody uses it".to_owned(),
        Rest::Untold => "its desktop does not tell whether somebody uses it, and it helps only when idle (`manyhands settings --help-mode polite`)".to_owned(),
        Rest::OtherLoad => "your own programs need it".to_owned(),
        Rest::OutsideHours => "it is outside its hours".to_owned(),
        Rest::LowDisk => "little room is left on its disk (`manyhands settings --keep-free` says how much is to stay)".to_owned(),
    }
}

/// The lines of the settings.
pub fn rules(rules: &HelpRules) -> [[String; 2]; 4] {
    let or = |words: Vec<String>, between: &str, usual: &str| {
        if words.is_empty() {
            usual.to_owned()
        } else {
            plain(&words.join(between))
        }
    };
    let hours = rules.hours.iter().map(ToString::to_string).collect();
    let kept = rules.keep_free.map(size);
    let line = |name: &str, value: String| [name.to_owned(), value];
    [
        line("help-mode", mode(rules.mode).to_owned()),
        line("hours", or(hours, "; ", "always")),
        line("pause-for", or(rules.programs.clone(), ", ", "no program")),
        line(
            "keep-free",
            kept.unwrap_or_else(|| "20 GB, or a tenth of a smaller disk".to_owned()),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_whether_it_helps_and_why_not() {
        let mut here = api::rehearsal::scene().here;
        assert!(stands(&here).starts_with("It helps others with 8 cores (polite)."));
        here.helping.rest = Some(Rest::Program {
            name: "ga\u{1b}me".into(),
        });
        here.helping.stands_still = true;
        let said = stands(&here);
        assert!(
            said.contains("rests now: ga") && said.contains("stands still"),
            "{said}"
        );
        assert!(!said.contains('\u{1b}'), "{said}");
        here.donating = false;
        assert!(stands(&here).contains("donate on"));
        here.helping.winding_down = true;
        assert!(stands(&here).contains("once what has begun is done"));
    }
}
