//! The real program as a node of a test, and asked things.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A `serve` of a test.
pub struct Node {
    pub child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub listening: Value,
}

impl Node {
    pub async fn serve(command: Command, words: &[&str]) -> Self {
        let serve = ["serve", "--no-mdns", "--listen", "127.0.0.1:0"];
        let mut node = Self::start(command, &[&serve[..], words].concat());
        node.listening = node.line("listening").await;
        node
    }

    pub fn start(mut command: Command, words: &[&str]) -> Self {
        let mut child = command
            .args(words)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            listening: Value::Null,
        }
    }

    pub async fn line(&mut self, wanted: &str) -> Value {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["type"] == wanted {
                return value;
            }
        }
        panic!("no line of type {wanted}");
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(
            std::process::Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

/// Runs a command to its end: its code and its lines.
pub async fn ask(data: &Path, words: &[&str]) -> (i32, Vec<Value>) {
    let Output { status, stdout, .. } = program(data).args(words).output().await.unwrap();
    let lines = String::from_utf8(stdout).unwrap();
    (
        status.code().unwrap_or(-1),
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

pub fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manyhands"));
    command
        .arg("--json")
        .arg("--data")
        .arg(data)
        .stderr(Stdio::null());
    command
}
