//! Real `manyhands serve` nodes, each in a host of its own, driven as a person would:
//! by the command line.

use super::hosts::Host;
use serde_json::Value;
use std::env;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything that is waited for may take before the wait counts as failed. Far above what it
/// takes, because hosts with a quarter of a processor measure their encoders first.
const PATIENCE: Duration = Duration::from_secs(300);

/// The programs a node consists of.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The command line, which is also the node.
    pub manyhands: PathBuf,
    /// The ffmpeg that it finds beside it or above it in the checkout.
    pub ffmpeg: PathBuf,
}

/// A running node. Dropping it ends it at once; [`Node::stop`] asks it to stop.
#[derive(Debug)]
pub struct Node<'lan> {
    host: &'lan Host,
    programs: Programs,
    data: PathBuf,
    /// What it is started with, each time.
    words: Vec<String>,
    settings: Vec<(String, String)>,
    /// Where in its log this run of it begins.
    began_at: usize,
    child: Child,
}

impl<'lan> Node<'lan> {
    /// Starts a node called as its host, with its data and its log below `folder`, and waits until it listens.
    ///
    /// # Errors
    /// A sentence with the end of its log.
    pub fn start(
        host: &'lan Host,
        programs: &Programs,
        folder: &Path,
        more: &[&str],
    ) -> Result<Node<'lan>, String> {
        Self::start_with(host, programs, folder, more, &[])
    }

    /// As [`Node::start`], with these variables in its environment.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub fn start_with(
        host: &'lan Host,
        programs: &Programs,
        folder: &Path,
        more: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Node<'lan>, String> {
        let data = folder.join(host.name());
        fs::create_dir_all(&data).map_err(|error| error.to_string())?;
        let words: Vec<String> = more.iter().copied().map(str::to_owned).collect();
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: Vec<_> = settings.iter().map(own).collect();
        let child = spawn(host, programs, &data, &words, &settings)?;
        let mut node = Node {
            host,
            programs: programs.clone(),
            data,
            words,
            settings,
            began_at: 0,
            child,
        };
        node.wait_until_it_listens()?;
        Ok(node)
    }

    /// Ends it at once, as a crash does. What it started is not touched.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        // What is frozen dies once it is thawed.
        self.host.thaw().ok();
        self.child.wait().ok();
    }

    /// Whether its process is there.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Starts it once more with the same data, after [`Node::kill`] or whatever else has ended it.
    ///
    /// # Errors
    /// A sentence with the end of its log.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.began_at = self.log().len();
        self.child = spawn(
            self.host,
            &self.programs,
            &self.data,
            &self.words,
            &self.settings,
        )?;
        self.wait_until_it_listens()
    }

    /// Sets a variable of its environment, or takes it away, from its next start on.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.settings.retain(|(set, _)| set != name);
        let value = value.map(|value| (name.to_owned(), value.to_owned()));
        self.settings.extend(value);
    }

    /// Where its data is.
    pub fn data(&self) -> &Path {
        &self.data
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        until("the node to listen", || {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!(
                    "the node on {} ended with {status}:\n{}",
                    self.host.name(),
                    self.log()
                ));
            }
            // Asking it before it has its folder would have the question take the folder.
            let log = self.log();
            let now = log.get(self.began_at..).unwrap_or_default();
            Ok(now.contains(r#"{"type":"listening""#).then_some(()))
        })
    }

    /// The host it runs on.
    pub fn host(&self) -> &'lan Host {
        self.host
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its log so far, in every run.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.with_extension("log")).unwrap_or_default()
    }

    /// The command line, to be run on this node's host against this node.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.host.command(&self.programs.manyhands);
        command.arg("--data").arg(&self.data).args(args);
        command.stdin(Stdio::null());
        command
    }

    /// What a command prints.
    ///
    /// # Errors
    /// What it complained of, if it failed.
    pub fn ask(&self, args: &[&str]) -> Result<String, String> {
        let out = self
            .command(args)
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        if out.status.success() {
            return Ok(said);
        }
        Err(format!(
            "{args:?} ended with {}: {said}{}",
            out.status,
            String::from_utf8_lossy(&out.stderr)
        ))
    }

    /// Makes the other node this one's friend: an invite from here, redeemed there.
    ///
    /// # Errors
    /// What either said.
    pub fn pair_with(&self, other: &Node<'_>) -> Result<(), String> {
        let said = self.ask(&["invite"])?;
        let invite = said
            .split(|c: char| c.is_whitespace() || c == '"')
            .find(|word| word.starts_with("mh1:"))
            .ok_or_else(|| format!("no invite in {said:?}"))?;
        other.ask(&["pair", invite]).map(|_| ())
    }

    /// Waits until this node says one of these of the computer with this name: "nearby", "ready" and so on.
    ///
    /// # Errors
    /// What it said last, when patience ran out.
    pub fn wait_for(&self, computer: &str, states: &[&str]) -> Result<(), String> {
        let mut last = None;
        until("a computer", || {
            let said = self.ask(&["peers", "--json"])?;
            last = state_of(&said, computer);
            Ok(last
                .as_deref()
                .is_some_and(|state| states.contains(&state))
                .then_some(()))
        })
        .map_err(|error| {
            format!(
                "{error}: {} says {computer} is {last:?}, waited for {states:?}\n{}",
                self.host.name(),
                self.log()
            )
        })
    }

    /// Asks it to stop, as an init system does, and waits for its end.
    ///
    /// # Errors
    /// When it ends badly or not at all.
    pub fn stop(mut self) -> Result<(), String> {
        let pid = self.child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .map_err(|error| error.to_string())?;
        let child = &mut self.child;
        let status = until("the node to stop", || {
            child.try_wait().map_err(|error| error.to_string())
        })?;
        if !status.success() {
            return Err(format!(
                "told to stop, the node ended with {status}:\n{}",
                self.log()
            ));
        }
        Ok(())
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(
    host: &Host,
    programs: &Programs,
    data: &Path,
    words: &[String],
    settings: &[(String, String)],
) -> Result<Child, String> {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(data.with_extension("log"))
        .map_err(|error| error.to_string())?;
    let log_too = log.try_clone().map_err(|error| error.to_string())?;
    let mut serve = host.command(&programs.manyhands);
    serve.arg("--data").arg(data);
    serve.args(["--json", "serve", "--name", host.name()]);
    serve.args(words);
    let level = env::var("MANYHANDS_LOG").unwrap_or_else(|_| "info".to_owned());
    serve.env("MANYHANDS_LOG", level);
    serve.envs(
        settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    serve.stdin(Stdio::null()).stdout(log).stderr(log_too);
    serve
        .spawn()
        .map_err(|error| format!("could not start a node: {error}"))
}

/// The last line of JSON in what a command printed.
///
/// # Errors
/// When there is none.
pub fn last_json(printed: &str) -> Result<Value, String> {
    let line = printed.lines().rev().find(|line| line.starts_with('{'));
    let line = line.ok_or_else(|| format!("no line of JSON in {printed:?}"))?;
    serde_json::from_str(line).map_err(|error| format!("{error} in {line}"))
}

/// What `peers --json` says a computer does. The list may be one document or a line for each computer.
fn state_of(peers: &str, computer: &str) -> Option<String> {
    let documents = peers
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    documents
        .into_iter()
        .find_map(|document| find_state(&document, computer))
}

fn find_state(value: &Value, computer: &str) -> Option<String> {
    match value {
        Value::Object(fields) => {
            if fields.get("name").and_then(Value::as_str) == Some(computer) {
                let state = fields.get("status").or_else(|| fields.get("state"))?;
                return state
                    .as_str()
                    .or_else(|| state["is"].as_str())
                    .map(str::to_owned);
            }
            fields
                .values()
                .find_map(|field| find_state(field, computer))
        }
        Value::Array(items) => items.iter().find_map(|item| find_state(item, computer)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Asks again and again until there is an answer.
///
/// # Errors
/// The question's own error at once, or that patience ran out.
pub fn until<T>(
    what: &str,
    mut question: impl FnMut() -> Result<Option<T>, String>,
) -> Result<T, String> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = question()? {
            return Ok(answer);
        }
        if Instant::now() > end {
            return Err(format!(
                "waited {} s in vain for {what}",
                PATIENCE.as_secs()
            ));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computers_state_is_found_in_lines_and_in_one_document() {
        let lines = "{\"type\":\"peer\",\"name\":\"a\",\"state\":\"nearby\"}\n{\"name\":\"b\",\"status\":{\"is\":\"ready\"}}\n";
        assert_eq!(state_of(lines, "a").as_deref(), Some("nearby"));
        assert_eq!(state_of(lines, "b").as_deref(), Some("ready"));
        assert_eq!(
            state_of(
                "{\"computers\":[{\"name\":\"c\",\"status\":{\"is\":\"offline\"}}]}",
                "c"
            )
            .as_deref(),
            Some("offline")
        );
        assert_eq!(state_of(lines, "d"), None);
    }

    #[test]
    fn the_last_line_of_json_counts() {
        assert_eq!(last_json("{\"n\":1}\nwords\n{\"n\":2}\n").unwrap()["n"], 2);
        assert!(last_json("words").is_err());
    }
}
