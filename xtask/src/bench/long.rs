//! A film of two hours on two computers: (c) how soon the first segment leaves, and
//! (e) how much memory the owner's node ever holds.

use super::Bench;
use super::clip::Film;
use super::farm::{number, stage_s, start};
use super::figure::{Figure, Goal};
use super::hosts::Lan;
use super::measure::{peak_megabytes, timed};
use super::nodes::last_json;
use crate::shell::say;
use anyhow::{Context, Result, anyhow, ensure};

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
    let args = [
        "encode",
        &film,
        "-o",
        &out,
        "--for",
        "everywhere",
        "--speed",
        "fast",
        "--wait-for",
        "1",
        "--json",
    ];
    let (_, printed) = timed(&owner.command(&args), &bench.scratch.join("long.log"))?;
    let peak = peak_megabytes(owner.pid()).context("the owner's node has gone")?;
    let done = last_json(&printed).map_err(|error| anyhow!(error))?;
    ensure!(
        done["exact"] == true,
        "a figure for a wrong result is worth nothing: {done}"
    );
    say(format!("it took {:.0} s", number(&done, "wall_s")?));
    let first = stage_s(&done, "first_segment_s")?;
    let figure = |letter, what: String, value, unit, most| Figure {
        letter,
        what,
        values: vec![value],
        unit,
        goal: Goal::AtMost(most),
    };
    Ok(vec![
        figure(
            'c',
            format!("start to first segment sent, film of {times} min"),
            first,
            " s",
            1.0,
        ),
        figure(
            'e',
            format!("peak memory of the owner's node, film of {times} min"),
            peak,
            " MB",
            150.0,
        ),
    ])
}
