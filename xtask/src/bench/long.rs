//! A film of two hours on two computers: (c) how soon the first segment leaves, and
//! (e) how much memory the owner's node ever holds.

use super::Bench;
use super::alone::merge_share;
use super::clip::Film;
use super::farm::{exact_end, start};
use super::figure::{Figure, Goal};
use super::hosts::Lan;
use super::measure::{peak_megabytes, watched};
use super::nodes::{Node, last_json};
use crate::shell::say;
use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use std::time::Instant;

pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let times = if bench.quick { 10 } else { 120 };
    let film = Film {
        width: 320,
        height: 180,
        seconds: 60,
        times,
    };
    let film = film.make(&bench.programs.ffmpeg, &bench.films)?;
    let lan = Lan::up(2).map_err(|error| anyhow!(error))?;
    let nodes = start(bench, &lan)?;
    let owner = nodes.first().context("two hosts")?;
    say(format!("encoding a film of {times} minutes"));
    let out = bench.scratch.join("long.mp4");
    let (film, out) = (film.to_string_lossy(), out.to_string_lossy());
    let mut args = vec!["encode", &film, "-o", &out, "--json"];
    args.extend(["--for", "everywhere", "--speed", "fast", "--wait-for", "1"]);
    let begin = Instant::now();
    let mut first_s = None;
    let log = bench.scratch.join("long.log");
    let lines = watched(&mut owner.command(&args), &log, |line| {
        if line["type"] == "submitted" {
            first_s = first_handed_out(owner, &line["job"].to_string(), begin);
        }
    })?;
    let peak = peak_megabytes(owner.pid()).context("the owner's node has gone")?;
    say(format!("it took {:.0} s", exact_end(&lines)?));
    let merging = lines.last().map(|(_, done)| merge_share(done));
    let merging = merging.context("the job never ended")??;
    let first_s = first_s.context("no segment was ever seen to be handed out")?;
    let figure = |letter, what: &str, value, unit, most| Figure {
        letter,
        what: format!("{what}, film of {times} min"),
        values: vec![value],
        unit,
        goal: Goal::AtMost(most),
    };
    Ok(vec![
        figure('c', "start to first segment sent", first_s, " s", 1.0),
        Figure::merging(format!("film of {times} min"), vec![merging]),
        figure('e', "peak memory of the owner's node", peak, " MB", 150.0),
    ])
}

/// Seconds from `begin` until the job's first segment is on its way, as the node itself tells whoever asks;
/// asking takes some hundredths of a second, which are in the figure.
fn first_handed_out(owner: &Node<'_>, job: &str, begin: Instant) -> Option<f64> {
    let is_out = |segment: &Value| segment["state"] != "waiting";
    for _ in 0..1000 {
        let said = owner.ask(&["job", job, "--json"]).ok()?;
        let now = last_json(&said).ok()?;
        let segments = now["segments"].as_array();
        if segments.is_some_and(|all| all.iter().any(is_out)) {
            return Some(begin.elapsed().as_secs_f64());
        }
    }
    None
}
