//! What a desktop has round its windows, in place of the real thing: desktop.py, and what it was told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::driver::until;
use crate::screen::Screen;

/// A running desktop. Ends with this.
pub struct Desktop {
    child: Child,
    input: ChildStdin,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Desktop {
    /// Starts it on the screen's buses, before the app looks for it.
    pub fn start(screen: &Screen) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window/desktop.py");
        let mut child = screen
            .command("/usr/bin/python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = Arc::<Mutex<Vec<Value>>>::default();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let notes = told.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                notes
                    .lock()
                    .unwrap()
                    .push(serde_json::from_str(&line).unwrap());
            }
        });
        let input = child.stdin.take().unwrap();
        let this = Self { child, input, told };
        this.wait_for("ready");
        this
    }

    /// Everything of this kind that it was told so far.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        let told = self.told.lock().unwrap();
        let of_kind = told.iter().filter_map(|line| line.get(kind));
        of_kind.cloned().collect()
    }

    /// Waits until it was told of such a thing; gives the first.
    pub fn wait_for(&self, kind: &str) -> Value {
        self.wait_for_another(kind, 0)
    }

    /// Waits until it was told of more such things than these.
    pub fn wait_for_another(&self, kind: &str, than: usize) -> Value {
        until(kind, || self.all(kind).get(than).cloned())
    }

    /// The menu beside the clock, one line an entry.
    pub fn menu(&mut self) -> Vec<Entry> {
        let before = self.all("menu").len();
        self.tell("menu");
        let menu = self.wait_for_another("menu", before);
        let entries = menu.as_array().unwrap().iter();
        entries
            .map(|entry| Entry {
                label: entry["label"].as_str().unwrap().to_owned(),
                on: entry["on"].as_bool().unwrap(),
                ticked: entry["ticked"].as_bool().unwrap(),
            })
            .collect()
    }

    /// Waits until an entry of the menu is as wanted.
    pub fn wait_for_entry(&mut self, wanted: impl Fn(&Entry) -> bool) -> Entry {
        let mut menu = Vec::new();
        let end = std::time::Instant::now() + crate::driver::PATIENCE;
        while std::time::Instant::now() < end {
            menu = self.menu();
            if let Some(at) = menu.iter().position(&wanted) {
                return menu.swap_remove(at);
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("no such entry: {menu:?}");
    }

    /// Presses an entry of the menu beside the clock.
    pub fn press(&mut self, label: &str) {
        self.tell(&format!("press {label}"));
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
        self.input.flush().unwrap();
    }
}

/// An entry of the menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What stands there.
    pub label: String,
    /// It can be pressed.
    pub on: bool,
    /// It has a tick.
    pub ticked: bool,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
