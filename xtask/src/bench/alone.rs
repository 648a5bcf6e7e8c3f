//! (a) One computer alone against plain ffmpeg with the same encoder and settings,
//! the proof included: what being exact costs.

use super::Bench;
use super::clip::Film;
use super::figure::{Figure, Goal};
use super::measure::{Cost, timed};
use super::nodes::last_json;
use crate::shell::say;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let seconds = if bench.quick { 30 } else { 180 };
    let film = Film {
        width: 1920,
        height: 1080,
        seconds,
        times: 1,
    };
    let film = film.make(&bench.programs.ffmpeg, &bench.films)?;
    warm_up(bench)?;
    let (mut wall, mut cpu, mut merging) = (Vec::new(), Vec::new(), Vec::new());
    for run in 1..=bench.runs(3) {
        let plain = plain(bench, &film)?;
        let (ours, done) = ours(bench, &film)?;
        say(format!(
            "a, run {run}: ffmpeg {}, manyhands {}",
            said(plain),
            said(ours)
        ));
        wall.push(ours.wall_s / plain.wall_s);
        cpu.push(ours.cpu_s / plain.cpu_s);
        merging.push(merge_share(&done)?);
    }
    let figure = |what: &str, values, most| Figure {
        letter: 'a',
        what: format!("alone against ffmpeg, x264 medium, 1080p, {seconds} s: {what}"),
        values,
        unit: "×",
        goal: Goal::AtMost(most),
    };
    Ok(vec![
        figure("wall", wall, 1.10),
        figure("CPU", cpu, 1.15),
        Figure::merging(format!("alone, 1080p, {seconds} s"), merging),
    ])
}

fn said(cost: Cost) -> String {
    format!("{:.1} s, {:.1} CPU s", cost.wall_s, cost.cpu_s)
}

/// The encoders are measured once for a data folder; that is no part of a film's price.
fn warm_up(bench: &Bench) -> Result<()> {
    let film = Film {
        width: 640,
        height: 360,
        seconds: 5,
        times: 1,
    };
    let film = film.make(&bench.programs.ffmpeg, &bench.films)?;
    ours(bench, &film).map(|_| ())
}

/// What somebody types who has no Manyhands.
fn plain(bench: &Bench, film: &Path) -> Result<Cost> {
    let out = bench.scratch.join("plain.mp4");
    fs::remove_file(&out).ok();
    let mut ffmpeg = Command::new(&bench.programs.ffmpeg);
    ffmpeg.args(["-v", "error", "-nostdin", "-i"]).arg(film);
    ffmpeg.args([
        "-c:v", "libx264", "-preset", "medium", "-crf", "20", "-pix_fmt", "yuv420p", "-c:a", "copy",
    ]);
    ffmpeg.args(["-movflags", "+faststart"]).arg(&out);
    Ok(timed(&ffmpeg, &bench.scratch.join("plain.log"))?.0)
}

fn ours(bench: &Bench, film: &Path) -> Result<(Cost, Value)> {
    let out = bench.scratch.join("ours.mp4");
    fs::remove_file(&out).ok();
    let mut encode = Command::new(&bench.programs.manyhands);
    encode
        .arg("--data")
        .arg(bench.scratch.join("alone"))
        .arg("encode")
        .arg(film)
        .arg("-o")
        .arg(&out);
    encode.args([
        "--for",
        "everywhere",
        "--speed",
        "balanced",
        "--only-here",
        "--json",
    ]);
    let (cost, printed) = timed(&encode, &bench.scratch.join("ours.log"))?;
    let Ok(done) = last_json(&printed) else {
        bail!("encode --json printed no result: {printed}")
    };
    ensure!(
        done["exact"] == true,
        "a figure for a wrong result is worth nothing: {done}"
    );
    Ok((cost, done))
}

/// Of the whole, what came after the last segment was verified, in percent; `done` as `encode --json` prints it.
pub fn merge_share(done: &Value) -> Result<f64> {
    let seconds = |value: &Value| value.as_f64().context("the result does not say its times");
    Ok(seconds(&done["stages"]["merge_s"])? / seconds(&done["wall_s"])? * 100.0)
}
