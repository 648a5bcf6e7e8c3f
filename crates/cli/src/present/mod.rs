//! What the user sees: text for people, lines of JSON for programs, bars while something goes on.

pub mod computers;
#[cfg(test)]
mod documented;
pub mod figures;
pub mod helping;
pub mod human;
pub mod json;
pub mod library;
mod measure;
pub mod originals;
mod progress;
pub mod settings;
pub mod timeline;

use std::io::{IsTerminal, Write};

use api::ApiError;
use serde::Serialize;

pub use measure::{amount, size, span};
pub use progress::Progress;

/// Where results go: stdout, as text or as JSON lines. What only accompanies a result goes to stderr.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    json: bool,
}

impl Out {
    /// Text, or JSON lines.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// A result in both forms.
    pub fn result(self, line: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            self.line(line);
        } else {
            print(&text());
        }
    }

    /// A text for people; nothing where a program reads.
    pub fn text(self, text: &str) {
        if !self.json {
            print(text);
        }
    }

    /// A line for programs; nothing where people read.
    pub fn line(self, line: &impl Serialize) {
        if self.json
            && let Ok(text) = serde_json::to_string(line)
        {
            print(&text);
        }
    }

    /// A sentence beside the result, for people only.
    pub fn remark(self, text: &str) {
        if !self.json {
            complain(text);
        }
    }

    /// Something that failed: a line on stdout for programs, a sentence on stderr for people.
    pub fn error(self, error: &ApiError) {
        self.result_or(&json::ErrorLine::new(error, None), || human::error(error));
    }

    /// Something that failed about one input of several, which people are told where the sentence does not.
    pub fn input_error(self, error: &ApiError, about: json::About) {
        let name = about.input.as_ref().map(|input| input.shown());
        let text = match name.filter(|name| !error.message.contains(name)) {
            Some(name) => format!("{}: {}", human::plain(&name), human::error(error)),
            None => human::error(error),
        };
        self.result_or(&json::ErrorLine::new(error, Some(about)), || text);
    }

    fn result_or(self, line: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            self.line(line);
        } else {
            complain(&text());
        }
    }
}

/// Whether progress may be drawn over itself.
pub fn can_draw() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether results are shown on a terminal.
pub fn can_show() -> bool {
    std::io::stdout().is_terminal()
}

/// Writes to stdout. A reader that has gone away (`| head`) has had enough: no error.
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Writes to stderr.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
