//! A report for whoever helps a user: what this node is, what may be wrong, how its last jobs went and its newest log
//! lines, without the names of people, computers, films, folders and addresses.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::machine;
use crate::node::Node;
use crate::status::{FfmpegStatus, Finding, JobState, JobStatus, NodeStatus, Settings};
use crate::trouble::Trouble;

/// Jobs that are told of.
const JOBS: usize = 10;
/// A name shorter than this is no name: taking it out would hide the text instead.
const SHORTEST: usize = 3;

impl Node {
    /// A report, with the newest lines of the log that its process keeps.
    ///
    /// # Errors
    /// The node has stopped.
    pub async fn report(&self, log: &str) -> Result<String, Trouble> {
        let (status, findings) = (self.status().await?, self.doctor().await?);
        let settings = self.settings().await?;
        Ok(Names::of(&status, &settings).take_out(&written(&status, &findings, &settings, log)))
    }
}

fn written(status: &NodeStatus, findings: &[Finding], settings: &Settings, log: &str) -> String {
    let machine = machine::describe();
    let mut text = String::new();
    // Writing into a string cannot fail.
    let mut line = |words: String| _ = writeln!(text, "{words}");
    line(format!(
        "Manyhands {} on {}",
        env!("CARGO_PKG_VERSION"),
        machine::system()
    ));
    line(format!(
        "{}, {} threads, {} MB of memory",
        machine.cpu, machine.cores, machine.memory_mb
    ));
    line(match &status.ffmpeg {
        FfmpegStatus::Found {
            version, origin, ..
        } => format!("ffmpeg {version}, {origin}"),
        FfmpegStatus::Looking => "ffmpeg is being looked for".to_owned(),
        FfmpegStatus::Missing(trouble) => format!("no ffmpeg: {}", trouble.message),
    });
    line(format!("\n# Settings\n{settings:?}"));
    line(format!("notices: {:?}", status.notices));
    line("\n# Check-up".to_owned());
    for finding in findings {
        line(format!(
            "{:?} {}: {} {}",
            finding.level, finding.subject, finding.says, finding.help
        ));
    }
    line("\n# Computers".to_owned());
    for peer in &status.peers {
        line(format!(
            "{}: {:?}, {} threads, we may use it: {}, it may use us: {}, trouble: {:?}",
            peer.name, peer.state, peer.cores, peer.i_may_use, peer.may_use_me, peer.trouble
        ));
    }
    line("\n# Jobs, newest first".to_owned());
    status
        .jobs
        .iter()
        .take(JOBS)
        .for_each(|job| line(of_job(job)));
    line(format!("\n# Log\n{log}"));
    text
}

fn of_job(job: &JobStatus) -> String {
    let state = match &job.state {
        JobState::Completed(outcome) => {
            format!(
                "completed: {} {} ms, {} bytes",
                outcome.verdict, outcome.wall_ms, outcome.bytes
            )
        }
        other => format!("{other:?}"),
    };
    format!(
        "job {}: {} ({} bytes), {:?}, {state}, notes: {:?}",
        job.id,
        job.source.display(),
        job.source_bytes,
        job.choice,
        job.notes
    )
}

/// What is taken out, and what stands there instead; the longest first.
struct Names(Vec<(String, String)>);

impl Names {
    fn of(status: &NodeStatus, settings: &Settings) -> Self {
        let mut names = Vec::new();
        let mut add = |name: &str, instead: String| {
            if name.chars().count() >= SHORTEST {
                names.push((name.to_owned(), instead));
            }
        };
        add(&status.here.name, "this-computer".to_owned());
        add(&machine::whole_host_name(), "this-computer".to_owned());
        add(&machine::host_name(), "this-computer".to_owned());
        for (at, peer) in status.peers.iter().enumerate() {
            add(&peer.name, format!("computer-{}", at + 1));
        }
        if let Some(twin) = &status.twin {
            add(&twin.name, "twin".to_owned());
        }
        for (at, job) in status.jobs.iter().enumerate() {
            let mut film = |path: &Path, what: &str| {
                let ending = path.extension().unwrap_or_default().to_string_lossy();
                let instead = format!("{what}-{}.{ending}", at + 1);
                add(&path.to_string_lossy(), instead.clone());
                add(
                    &path.file_name().unwrap_or_default().to_string_lossy(),
                    instead,
                );
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                add(&stem, format!("{what}-{}", at + 1));
            };
            // What another computer sent has a name there, and one of ours here that is everybody's.
            let sent = job.terms.sent_by.as_ref();
            film(
                sent.map_or(job.source.as_path(), |sent| Path::new(&sent.film)),
                "film",
            );
            if sent.is_some() {
                continue;
            }
            if let JobState::Completed(outcome) = &job.state {
                film(&outcome.output, "output");
            }
        }
        for (at, folder) in settings.library.folders.iter().enumerate() {
            add(&folder.path.to_string_lossy(), format!("folder-{}", at + 1));
            for rule in &folder.rules {
                let out_dir = rule.out_dir.as_deref().unwrap_or(Path::new(""));
                add(&out_dir.to_string_lossy(), format!("out-folder-{}", at + 1));
            }
        }
        for path in settings.scratch.iter().chain(&settings.ffmpeg) {
            add(&path.to_string_lossy(), "(path)".to_owned());
        }
        if let Some(home) = std::env::home_dir() {
            add(&home.to_string_lossy(), "~".to_owned());
            let user = home
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            add(&user, "user".to_owned());
        }
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self(names)
    }

    /// `text` without any of them, nor what looks like an address, an identity or a path.
    fn take_out(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, instead) in &self.0 {
            text = text.replace(name.as_str(), instead);
            // As a name stands in what was written for programmers to read.
            let quoted = format!("{name:?}");
            text = text.replace(quoted.trim_matches('"'), instead);
        }
        let apart = |c: char| c.is_whitespace() || "\"'()<>{},=;".contains(c);
        text.split_inclusive(apart).map(scrubbed).collect()
    }
}

/// A word, and what stands instead of an address, an identity or a path.
fn scrubbed(word: &str) -> String {
    let core = word.trim_end_matches(|c: char| c.is_whitespace() || "\"'()<>{},=;.:".contains(c));
    let rest = &word[core.len()..];
    let bare = core.trim_start_matches('[').trim_end_matches(']');
    let address = core.parse::<SocketAddr>().map(|at| at.ip());
    if let Ok(ip) = address.or_else(|_| bare.parse::<IpAddr>())
        && !ip.is_loopback()
        && !ip.is_unspecified()
    {
        return format!("(address){rest}");
    }
    let is_id = core.len() >= 16 && core.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        return format!("{}…{rest}", &core[..6]);
    }
    let is_path = core.contains(['/', '\\'])
        && core.contains(char::is_alphabetic)
        && !core.starts_with("http");
    if is_path {
        let ending = Path::new(core).extension().unwrap_or_default();
        let ending = ending
            .to_str()
            .filter(|ending| (1..5).contains(&ending.len()));
        let ending = ending.map_or(String::new(), |ending| format!(".{ending}"));
        return format!("(path){ending}{rest}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[(&str, &str)]) -> Names {
        let owned = words
            .iter()
            .map(|(name, instead)| ((*name).to_owned(), (*instead).to_owned()));
        let mut names: Vec<_> = owned.collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Names(names)
    }

    #[test]
    fn who_and_what_is_taken_out_and_how_is_left() {
        let names = names(&[
            ("Anna's Laptop", "computer-1"),
            ("/home/anna/Films/Our \"Wedding\".mkv", "film-1.mkv"),
            ("Our \"Wedding\".mkv", "film-1.mkv"),
            ("anna", "user"),
        ]);
        let cases = [
            ("Anna's Laptop is busy.", "computer-1 is busy."),
            (
                "/home/anna/Films/Our \"Wedding\".mkv cannot be read",
                "film-1.mkv cannot be read",
            ),
            (
                r#"path="Our \"Wedding\".mkv" ok"#,
                r#"path="film-1.mkv" ok"#,
            ),
            ("for anna, at 192.168.1.5:47820.", "for user, at (address)."),
            (
                "[fe80::1%3] and fd00::5, 127.0.0.1:80",
                "[fe80::1%3] and (address), 127.0.0.1:80",
            ),
            (
                "peer=cc11b647a37240276cc6a94fb05f1c4d509cb2df3feec5f93191bd562eef7bb8 up",
                "peer=cc11b6… up",
            ),
            ("left /mnt/media/Trip.mp4: 5", "left (path).mp4: 5"),
            ("C:\\Users\\x\\a.mkv", "(path).mkv"),
            (
                "1/1000 of 12:34:56 n9.0.2-17-g2a571b6068",
                "1/1000 of 12:34:56 n9.0.2-17-g2a571b6068",
            ),
            (
                "segment 5: 3 frames, 41 % / 2",
                "segment 5: 3 frames, 41 % / 2",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(names.take_out(before), after);
        }
    }
}
