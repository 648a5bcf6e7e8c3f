//! `cargo xtask faults`: everything that can happen to a house of real nodes, for as long as wanted; and
//! docs/reliability.md, written from what was seen.

use crate::packages::{self, Need};
use crate::setup::set_up;
use crate::shell::{self, cargo, say};
use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Minutes of churn where nobody says another number.
const MINUTES: u64 = 30;

/// The page that is written.
const PAGE: &str = "docs/reliability.md";

/// The groups of faults, as their names begin, and what they are called on the page.
const GROUPS: [(&str, &str); 6] = [
    ("owner", "The computer whose film it is dies"),
    ("donors", "A computer that helps"),
    ("network", "The network"),
    ("disks", "Disks"),
    ("people", "People"),
    ("churn", "Much of it, for a long time"),
];

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Order {
    minutes: u64,
    seed: u64,
    /// Only faults with this in their name; then the page stays as it is.
    only: Option<String>,
    /// The lines of an earlier run, of which the page is written again.
    from: Option<PathBuf>,
}

/// `[--minutes N] [--seed S] [NAME]`, or `--from LOG` with what that run was asked for.
///
/// # Errors
/// What is not understood; and that a fault was not survived, after all were played.
pub fn faults(args: &[String]) -> Result<()> {
    let order = parse(args)?;
    if let Some(log) = &order.from {
        return write(&order, log);
    }
    let ffmpeg = set_up(Need::Tests)?;
    if !packages::is_root() {
        bail!("computers are made of network namespaces here, and that needs root");
    }
    let log = tree::root().join("target").join("faults.jsonl");
    tree::stamp(&log, "")?;
    say(format!(
        "faults, with {} minutes of churn; the same again with --seed {}",
        order.minutes, order.seed
    ));
    let mut test = cargo();
    test.args(["test", "--package", "tests", "--test", "faults", "--"]);
    test.arg("--include-ignored").args(&order.only);
    test.env("MANYHANDS_FFMPEG", &ffmpeg)
        .env("MANYHANDS_FAULTS_MINUTES", order.minutes.to_string())
        .env("MANYHANDS_FAULTS_SEED", order.seed.to_string())
        .env("MANYHANDS_FAULTS_LOG", &log);
    let played = shell::run(&mut test);
    write(&order, &log)?;
    played
}

/// Shows what a run has seen, and writes the page if it was a whole one.
fn write(order: &Order, log: &Path) -> Result<()> {
    let lines = fs::read_to_string(log).with_context(|| format!("{}", log.display()))?;
    let seen: Vec<Value> = lines
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("a line of the log does not read")?;
    let tables = tables(&seen);
    println!("\n{tables}");
    if order.only.is_none() && !seen.is_empty() {
        let page = format!("{}\n{}\n", head(order), tables.trim_end());
        fs::write(tree::root().join(PAGE), page)?;
        say(format!("{PAGE} is written"));
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<Order> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut order = Order {
        minutes: MINUTES,
        seed: now.map_or(1, |now| now.as_secs() % 100_000),
        only: None,
        from: None,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut number = || -> Result<u64> {
            let word = args.next().with_context(|| format!("{arg} N"))?;
            word.parse()
                .with_context(|| format!("'{word}' is no number"))
        };
        match arg.as_str() {
            "--minutes" => order.minutes = number()?.max(1),
            "--seed" => order.seed = number()?,
            "--from" => order.from = Some(args.next().context("--from LOG")?.into()),
            name if !name.starts_with('-') && order.only.is_none() => {
                order.only = Some(name.to_owned());
            }
            _ => bail!("faults takes [--minutes N] [--seed S] [--from LOG] [NAME]"),
        }
    }
    Ok(order)
}

fn head(order: &Order) -> String {
    let (minutes, seed) = (order.minutes, order.seed);
    let origin = if order.from.is_some() {
        format!(
            "Written by `cargo xtask faults --from`, from the lines of several runs put together (parts of it side by side,\n\
             some rows played again), each of `--minutes {minutes}` or more; not one whole run. Do not edit it by hand."
        )
    } else {
        format!(
            "Written by `cargo xtask faults --minutes {minutes} --seed {seed}`, from what it saw; do not edit it by hand."
        )
    };
    format!(
        "# What happens to films when something happens to computers\n\n{origin}\n\n\
         An owner and two donors, real nodes in network namespaces, each with a disk of its own and less than half a\n\
         processor, encode a numbered film together; the fault happens while they do. It *held* if afterwards every frame of\n\
         the source was in the output, in order, once, at its time, as a reader of our own finds it; the source was the same,\n\
         byte by byte; every computer was ready for the next film; no ffmpeg ran and no working file was left anywhere; and no\n\
         sentence on the owner's screen had the word *error* in it. `tests/faults` is the code; its short form is part of\n\
         `cargo xtask test`.\n\n\
         Twelve hours with two hundred computers are simulated in `crates/schedule/tests/sim/soak.rs`: no lease is left over,\n\
         every job ends, and what the scheduler keeps does not grow.\n"
    )
}

/// A table for each group of which something was seen.
fn tables(seen: &[Value]) -> String {
    let mut text = String::new();
    for (group, title) in GROUPS {
        let rows: Vec<String> = seen
            .iter()
            .filter(|line| line["group"] == group)
            .map(row)
            .collect();
        if !rows.is_empty() {
            text.push_str(&format!(
                "## {title}\n\n| what happens | outcome | what was seen | shown to the owner |\n|---|---|---|---|\n{}\n",
                rows.concat()
            ));
        }
    }
    text
}

fn row(line: &Value) -> String {
    let outcome = if line["held"] == true {
        "held"
    } else {
        "**did not hold**"
    };
    let shown = line["shown"].as_array().into_iter().flatten();
    let shown: Vec<String> = shown.filter_map(Value::as_str).map(cell).collect();
    let seconds = line["seconds"].as_u64().unwrap_or(0);
    format!(
        "| {} | {outcome} | {}; {seconds} s in all | {} |\n",
        cell(line["what"].as_str().unwrap_or_default()),
        cell(line["seen"].as_str().unwrap_or_default()),
        shown.join("<br>")
    )
}

/// A text that stays within its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('\n', " ")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_asked_for_is_understood_or_refused() {
        let order = parse(&words("--minutes 5 --seed 7 network")).unwrap();
        assert_eq!(
            order,
            Order {
                minutes: 5,
                seed: 7,
                only: Some("network".to_owned()),
                from: None
            }
        );
        assert_eq!(parse(&[]).unwrap().minutes, MINUTES);
        for bad in ["--minutes", "--minutes x", "--quick", "one two"] {
            assert!(parse(&words(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fault_that_was_not_survived_stands_out() {
        let line = json!({"group": "disks", "what": "a | b", "held": false, "seen": "lost\n<all>",
            "seconds": 3, "shown": ["No room."]});
        let text = tables(&[line]);
        assert!(text.starts_with("## Disks\n"), "{text}");
        let row = "| a \\| b | **did not hold** | lost &lt;all>; 3 s in all | No room. |\n";
        assert!(text.contains(row), "{text}");
        assert_eq!(text.matches("## ").count(), 1);
    }
}
