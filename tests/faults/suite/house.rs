//! An owner and two donors, each with a processor share and a disk of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use tests::hosts::{Lan, SmallDisk};
use tests::nodes::{Node, Programs, last_json, until};
use tests::{product, tool};

use super::dice::Dice;
use super::job::{self, Job, Original};

/// Bytes of a data folder's disk: far above what anybody keeps free. What is not used of it costs nothing.
const DISK: u64 = 8 << 30;

/// Each computer's share of a processor while a film is made, so that it takes a while.
const SHARE: f64 = 0.4;

/// Where the owner is among the computers.
pub const OWNER: usize = 0;

/// The computers, the film, and what was seen.
pub struct House {
    /// Never freed, as the nodes are on it: [`House::drop`] takes it down.
    pub lan: &'static Lan,
    /// The owner, then the donors.
    pub nodes: Vec<Node<'static>>,
    /// The disk under each data folder.
    pub disks: Vec<SmallDisk>,
    pub film: Original,
    pub dice: Dice,
    folder: TempDir,
    /// What the owner showed since the fault began.
    shown: BTreeSet<String>,
    /// How many segments of completed jobs were given out more than once since the fault began.
    again: u64,
    jobs: usize,
}

impl Drop for House {
    fn drop(&mut self) {
        self.nodes.clear();
        self.lan.take_down();
    }
}

impl House {
    /// Builds it: three nodes that know each other and have measured their encoders.
    pub fn build() -> Result<Self, String> {
        let io = |error: std::io::Error| error.to_string();
        let folder = tempfile::Builder::new()
            .prefix("manyhands-faults-")
            .tempdir();
        let lan: &'static Lan = Box::leak(Box::new(Lan::up(3)?));
        let mut house = Self {
            lan,
            nodes: Vec::new(),
            disks: Vec::new(),
            film: Original::make()?,
            dice: Dice::seeded(),
            folder: folder.map_err(io)?,
            shown: BTreeSet::new(),
            again: 0,
            jobs: 0,
        };
        let programs = Programs {
            manyhands: product::program()
                .map_err(|error| format!("{error:#}"))?
                .to_owned(),
            ffmpeg: tool::ffmpeg().to_path_buf(),
        };
        for host in lan.hosts() {
            let data = house.folder.path().join(host.name());
            fs::create_dir(&data).map_err(io)?;
            house.disks.push(SmallDisk::mount(&data, DISK)?);
            let short = [("MANYHANDS_SEGMENT_SECONDS", "2")];
            let words = ["--donate", "--web", "127.0.0.1:0"];
            let node = Node::start_with(host, &programs, house.folder.path(), &words, &short)?;
            house.nodes.push(node);
        }
        let (owner, donors) = house.nodes.split_at(1);
        for donor in donors {
            owner[0].pair_with(donor)?;
        }
        house.wait_until_all_are_ready()?;
        for host in lan.hosts() {
            host.set_cpu(SHARE)?;
        }
        Ok(house)
    }

    /// Forgets what was seen before.
    pub fn begin(&mut self) {
        self.shown.clear();
        self.again = 0;
    }

    /// Where everything of it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A folder of its own.
    pub fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        Ok(folder)
    }

    /// A command that speaks to a node. Not from within its host: it shall not take of what the host has.
    pub fn command(&self, at: usize, words: &[&str]) -> Result<Command, String> {
        let program = product::program().map_err(|error| format!("{error:#}"))?;
        let mut command = Command::new(program);
        command.arg("--data").arg(self.nodes[at].data()).args(words);
        Ok(command)
    }

    /// What it prints.
    pub fn ask(&self, at: usize, words: &[&str]) -> Result<String, String> {
        let out = self.command(at, words)?.output();
        let out = out.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        if out.status.success() {
            return Ok(said);
        }
        let complaint = String::from_utf8_lossy(&out.stderr);
        Err(format!("{words:?}: {said}{complaint}"))
    }

    /// Begins a job on a copy of the film, with the output in a folder of its own.
    pub fn submit(&mut self) -> Result<Job, String> {
        let folder = self.folder(&format!("out-{}", self.jobs))?;
        self.submit_into(&folder)
    }

    /// Begins a job on a copy of the film; the output goes into this folder.
    pub fn submit_into(&mut self, folder: &Path) -> Result<Job, String> {
        self.jobs += 1;
        let source = self
            .folder("films")?
            .join(format!("film-{}.mkv", self.jobs));
        fs::copy(&self.film.file, &source).map_err(|error| error.to_string())?;
        self.submit_film(&source, &folder.join("film.mp4"))
    }

    /// Begins a job on this film.
    pub fn submit_film(&mut self, source: &Path, output: &Path) -> Result<Job, String> {
        self.jobs += 1;
        let words = [
            "encode",
            "--for",
            "everywhere",
            "--speed",
            "fast",
            "--wait-for",
            "2",
        ];
        let encode = self.command(OWNER, &words)?;
        let printed = self.folder("printed")?.join(format!("{}.jsonl", self.jobs));
        Job::submit(encode, source, output, &printed)
    }

    /// What the owner says of a job now; every sentence that it shows is kept.
    pub fn look(&mut self, job: &Job) -> Result<Value, String> {
        let number = job.id.to_string();
        let said = last_json(&self.ask(OWNER, &["job", &number, "--json"])?)?;
        self.shown.extend(sentences(&said));
        let peers = self.ask(OWNER, &["peers", "--json"])?;
        for line in peers.lines() {
            let peer: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
            self.shown.extend(sentences(&peer));
        }
        for line in job.lines() {
            self.shown.extend(sentences(&line));
        }
        Ok(said)
    }

    /// Waits until this is so of a job; one that is over before has failed to wait.
    pub fn wait(
        &mut self,
        job: &Job,
        what: &str,
        so: impl Fn(&Value) -> bool,
    ) -> Result<Value, String> {
        until(what, || {
            let said = self.look(job)?;
            if so(&said) {
                return Ok(Some(said));
            }
            if job::is_over(&said) {
                return Err(format!(
                    "waiting for {what}: the job is over: {}",
                    brief(&said)
                ));
            }
            Ok(None)
        })
    }

    /// Waits until everybody is at it and something is done: the middle of the work.
    pub fn middle(&mut self, job: &Job) -> Result<Value, String> {
        self.wait(job, "all to be at it", |said| {
            job::done(said) > 1 && job::works(said, "host2") && job::works(said, "host3")
        })
    }

    /// Waits until the job is held, and the owner shows these words.
    pub fn held(&mut self, job: &Job, words: &str) -> Result<(), String> {
        self.wait(job, "the job to be held", |said| said["state"] == "paused")?;
        // The reason is a line of the command's, which comes when the state does.
        until("the reason", || {
            self.look(job)?;
            Ok(self.has_shown(&[words]).ok())
        })
    }

    /// Waits until the job has failed in these words; nothing may be where its output would be.
    pub fn failed(&mut self, job: &Job, words: &[&str]) -> Result<(), String> {
        let said = self.wait(job, "the job to be over", job::is_over)?;
        if said["state"] != "failed" {
            return Err(format!("not failed: {}", brief(&said)));
        }
        self.has_shown(words)?;
        let folder = job.output.parent().unwrap_or(&job.output);
        let left = fs::read_dir(folder).into_iter().flatten().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(format!("left in {}: {left:?}", folder.display()))
    }

    /// Gives an order about a job: `cancel`, `pause` and so on.
    pub fn order(&self, what: &str, job: &Job) -> Result<(), String> {
        self.ask(OWNER, &[what, &job.id.to_string()]).map(drop)
    }

    /// Waits until the job is completed, and sees that it is exact and its source untouched.
    pub fn completed(&mut self, job: &Job) -> Result<Value, String> {
        let said = self.wait(job, "the job to be over", job::is_over)?;
        if said["state"] != "completed" || said["exact"] != true {
            return Err(format!("the job came to this: {}", brief(&said)));
        }
        let segments = said["segments"].as_array().into_iter().flatten();
        let again = segments.filter(|segment| segment["attempts"].as_u64() > Some(1));
        self.again += again.count() as u64;
        let output = said["output"].as_str().unwrap_or_default();
        self.film.is_shown_by(Path::new(output))?;
        self.film.is_untouched(&job.source)?;
        Ok(said)
    }

    /// How many segments of completed jobs were given out more than once since the fault began.
    pub fn done_again(&self) -> u64 {
        self.again
    }

    /// Every sentence that the owner has shown since the fault began.
    pub fn shown(&self) -> &BTreeSet<String> {
        &self.shown
    }

    /// Whether one of these words was on the owner's screen.
    pub fn has_shown(&self, words: &[&str]) -> Result<(), String> {
        let said = |word: &&str| self.shown.iter().any(|sentence| sentence.contains(*word));
        if words.iter().any(said) {
            return Ok(());
        }
        Err(format!("shown was none of {words:?}, but {:?}", self.shown))
    }

    /// Everything is put right, everybody is back, and nothing is left of the fault.
    pub fn is_well(&mut self) -> Result<(), String> {
        self.mend()?;
        self.wait_until_all_are_ready()?;
        self.nothing_runs()?;
        self.nothing_is_left()?;
        let bad = |sentence: &&String| sentence.to_lowercase().contains("error");
        match self.shown.iter().find(bad) {
            Some(sentence) => Err(format!("no sentence for people: {sentence}")),
            None => Ok(()),
        }
    }

    /// Puts the wires and the computers right, and starts what was killed.
    pub fn mend(&mut self) -> Result<(), String> {
        self.lan.join()?;
        for (host, node) in self.lan.hosts().iter().zip(&mut self.nodes) {
            host.thaw()?;
            host.set_cpu(SHARE)?;
            host.set_delay(0)?;
            host.lose(0.0)?;
            host.cut(true, true)?;
            host.plug()?;
            if !node.runs() {
                node.start_again()?;
            }
        }
        Ok(())
    }

    /// Both donors are there for the owner, and neither measures.
    pub fn wait_until_all_are_ready(&self) -> Result<(), String> {
        for donor in ["host2", "host3"] {
            self.nodes[OWNER].wait_for(donor, &["ready"])?;
        }
        self.nodes[OWNER].wait_for("host1", &["ready"])
    }

    /// No ffmpeg runs on any computer, or all that do end soon.
    fn nothing_runs(&self) -> Result<(), String> {
        for host in self.lan.hosts() {
            until(&format!("every ffmpeg of {} to end", host.name()), || {
                let programs = host.programs();
                let some = programs.iter().any(|(_, name)| name.starts_with("ffmpeg"));
                Ok((!some).then_some(()))
            })?;
        }
        Ok(())
    }

    /// No working file of a job is left: neither the owner's own nor the donors'.
    fn nothing_is_left(&self) -> Result<(), String> {
        for node in &self.nodes {
            for folder in ["jobs", "donated"] {
                let folder = node.data().join(folder);
                until(&format!("{} to be empty", folder.display()), || {
                    let Ok(mut entries) = fs::read_dir(&folder) else {
                        return Ok(Some(()));
                    };
                    Ok(entries.next().is_none().then_some(()))
                })?;
            }
        }
        Ok(())
    }

    /// Why something failed, with what the nodes had to say.
    pub fn with_logs(&self, why: &str) -> String {
        let mut text = format!("{why}\nshown: {:#?}\n", self.shown);
        for node in &self.nodes {
            let log = node.log();
            let from = log.lines().count().saturating_sub(40);
            let last: Vec<&str> = log.lines().skip(from).collect();
            text.push_str(&format!(
                "--- {}\n{}\n",
                node.host().name(),
                last.join("\n")
            ));
        }
        text
    }
}

/// A job without its segments.
fn brief(job: &Value) -> Value {
    let mut job = job.clone();
    job["segments"] = Value::Null;
    job
}

/// What people read in a line: of a job, a computer, or what a command says.
fn sentences(line: &Value) -> Vec<String> {
    let of = |value: &Value| value.as_str().map(str::to_owned);
    let mut all: Vec<String> = ["reason", "trouble", "text", "message", "help"]
        .iter()
        .filter_map(|field| of(&line[field]))
        .collect();
    all.extend(
        ["message", "help"]
            .iter()
            .filter_map(|field| of(&line["error"][field])),
    );
    all.extend(
        line["notes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(of),
    );
    let peers = line["peers"].as_array().into_iter().flatten();
    all.extend(peers.filter_map(|peer| of(&peer["paused"])));
    all.retain(|sentence| !sentence.is_empty());
    all
}
