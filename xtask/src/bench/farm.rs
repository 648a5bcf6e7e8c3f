//! (b) Four computers with a quarter of a processor each against plain ffmpeg on one of
//! them, and (d) what is left to do when the last segment is back.

use super::Bench;
use super::alone::merge_share;
use super::clip::Film;
use super::figure::{Figure, Goal};
use super::hosts::{Host, Lan};
use super::measure::{Line, timed, watched};
use super::nodes::Node;
use crate::shell::say;
use anyhow::{Context, Result, anyhow, ensure};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Computers in the house.
const HOSTS: u8 = 4;

/// Of one processor, for each.
const SHARE: f64 = 0.25;

pub fn measure(bench: &Bench, with_plain: bool) -> Result<Vec<Figure>> {
    let seconds = if bench.quick { 60 } else { 240 };
    let film = Film {
        width: 640,
        height: 360,
        seconds,
        times: 1,
    };
    let film = film.make(&bench.programs.ffmpeg, &bench.films)?;
    let lan = slow_lan(HOSTS)?;
    let nodes = start(bench, &lan)?;
    let (mut efficiency, mut merging) = (Vec::new(), Vec::new());
    for run in 1..=bench.runs(2) {
        let before = used(&lan);
        let (wall_s, merge_percent) = ours(bench, &nodes[0], &film, run)?;
        merging.push(merge_percent);
        say(format!(
            "b, run {run}: {HOSTS} hosts {wall_s:.1} s, of processor time {}",
            spent(&before, &used(&lan))
        ));
        if with_plain {
            // The nodes are idle; their beats are the only other thing that happens.
            let plain_s = plain(bench, &lan.hosts()[0], &film)?;
            say(format!("b, run {run}: ffmpeg on one host {plain_s:.1} s"));
            efficiency.push(plain_s / (f64::from(HOSTS) * wall_s));
        }
    }
    let hosts = format!("{HOSTS} hosts of {SHARE} CPU, {seconds} s");
    let mut figures = vec![Figure::merging(hosts, merging)];
    if with_plain {
        figures.insert(
            0,
            Figure {
                letter: 'b',
                what: format!(
                    "{HOSTS} hosts of {SHARE} CPU against ffmpeg on 1, {seconds} s: efficiency"
                ),
                values: efficiency,
                unit: "",
                goal: Goal::AtLeast(0.92),
            },
        );
    }
    Ok(figures)
}

fn slow_lan(count: u8) -> Result<Lan> {
    let lan = Lan::up(count).map_err(|error| anyhow!(error))?;
    for host in lan.hosts() {
        host.set_cpu(SHARE).map_err(|error| anyhow!(error))?;
    }
    Ok(lan)
}

/// Seconds of processor time of each host so far.
fn used(lan: &Lan) -> Vec<f64> {
    let each = lan.hosts().iter().map(|host| host.cpu_seconds());
    each.map(|seconds| seconds.unwrap_or(f64::NAN)).collect()
}

/// What each host used, in words: the owner comes first.
fn spent(before: &[f64], after: &[f64]) -> String {
    let each: Vec<String> = before
        .iter()
        .zip(after)
        .map(|(before, after)| format!("{:.1} s", after - before))
        .collect();
    each.join(", ")
}

/// A node on every host, the first one paired with the others and all of them measured.
pub fn start<'lan>(bench: &Bench, lan: &'lan Lan) -> Result<Vec<Node<'lan>>> {
    let folder = bench.scratch.join(format!("lan-of-{}", lan.hosts().len()));
    fs::create_dir_all(&folder)?;
    let mut nodes = Vec::new();
    for host in lan.hosts() {
        nodes.push(
            Node::start(host, &bench.programs, &folder, &["--donate"])
                .map_err(|error| anyhow!(error))?,
        );
    }
    let (owner, donors) = nodes.split_first().context("at least one host")?;
    for donor in donors {
        owner.pair_with(donor).map_err(|error| anyhow!(error))?;
    }
    say("the hosts measure their encoders");
    for node in &nodes {
        owner
            .wait_for(node.host().name(), &["ready"])
            .map_err(|error| anyhow!(error))?;
    }
    Ok(nodes)
}

/// Seconds of the whole, and the share in percent of what came after the last segment.
fn ours(bench: &Bench, owner: &Node<'_>, film: &Path, run: usize) -> Result<(f64, f64)> {
    let out = bench.scratch.join(format!("farm-{run}.mp4"));
    let (film, out) = (film.to_string_lossy(), out.to_string_lossy());
    let others = (HOSTS - 1).to_string();
    let how = [
        "--wait-for",
        &others,
        "--for",
        "everywhere",
        "--speed",
        "balanced",
        "--json",
    ];
    let mut args = vec!["encode", &film, "-o", &out];
    args.extend(how);
    let lines = watched(
        &mut owner.command(&args),
        &bench.scratch.join("farm.log"),
        |_| (),
    )?;
    let done_s = exact_end(&lines)?;
    let (_, done) = lines.last().context("encode --json printed nothing")?;
    Ok((done_s, merge_share(done)?))
}

/// When the job was done.
///
/// # Errors
/// Unless it is proved: a figure for a wrong result is worth nothing.
pub fn exact_end(lines: &[Line]) -> Result<f64> {
    let (at_s, last) = lines.last().context("encode --json printed nothing")?;
    ensure!(
        last["type"] == "done" && last["exact"] == true,
        "not done and exact: {last}"
    );
    Ok(*at_s)
}

/// What somebody types who has no Manyhands.
fn plain(bench: &Bench, host: &Host, film: &Path) -> Result<f64> {
    let out = bench.scratch.join("farm-plain.mp4");
    fs::remove_file(&out).ok();
    let mut ffmpeg = host.command(&bench.programs.ffmpeg);
    ffmpeg.args(["-v", "error", "-nostdin", "-i"]).arg(film);
    ffmpeg.args([
        "-c:v", "libx264", "-preset", "medium", "-crf", "20", "-pix_fmt", "yuv420p",
    ]);
    ffmpeg
        .args(["-c:a", "copy", "-movflags", "+faststart"])
        .arg(&out);
    let before = host.cpu_seconds();
    let begin = Instant::now();
    timed(&ffmpeg, &bench.scratch.join("farm-plain.log"))?;
    let wall_s = begin.elapsed().as_secs_f64();
    if let (Some(before), Some(after)) = (before, host.cpu_seconds()) {
        say(format!("ffmpeg used {:.1} s", after - before));
        let got = (after - before) / wall_s;
        // A machine too busy to give the share makes the figure worthless, in either direction.
        if got < SHARE * 0.93 {
            say(format!(
                "warning: the host got {got:.3} of a processor instead of {SHARE}; the machine is busy"
            ));
        }
    }
    Ok(wall_s)
}
