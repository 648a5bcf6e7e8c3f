//! `manyhands`: the command line, and `serve`, the node without a window.
//!
//! A shell: it reads words, calls [`api`], and shows what comes back as text ([`present::human`]) or as JSON
//! lines ([`present::json`], documented in docs/json.md). It decides nothing about films or computers. If a node
//! runs with the data folder, the commands talk to that one over a local socket ([`local`]); if none does, the
//! command is a node for as long as it takes.

mod args;
mod commands;
mod door;
mod node;
mod present;
mod stop;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use api::{ApiError, ErrorCode};
use clap::Parser;

use args::Line;
use present::Out;
use stop::Stop;

/// What every command has at hand.
pub struct App {
    /// The data folder.
    pub data: PathBuf,
    /// The file of settings that was named.
    pub config: Option<PathBuf>,
    /// Where results go.
    pub out: Out,
    /// Whether the user wants to stop.
    pub stop: Stop,
}

impl App {
    /// Where a node's settings come from.
    pub fn settings(&self) -> api::Sources {
        api::Sources::here(self.config.clone())
    }
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As asked.
    Done,
    /// It has said what failed; the process ends with this code.
    Code(u8),
    /// The user stopped it.
    Stopped,
}

/// The exit code after Ctrl-C, as shells have it.
pub const STOPPED: u8 = 130;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let line = match Line::try_parse_from(&words) {
        Ok(line) => line,
        Err(error) => return not_understood(&words, &error),
    };
    api::logs::begin("error");
    let out = Out::new(line.json);
    let outcome = run(line, out);
    match outcome {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::Code(code)) => ExitCode::from(code),
        Ok(End::Stopped) => ExitCode::from(STOPPED),
        Err(error) => {
            out.error(&error);
            ExitCode::from(error.code.exit())
        }
    }
}

fn run(line: Line, out: Out) -> Result<End, ApiError> {
    let data = api::data_folder(line.data)?;
    let config = line.config.as_deref().map(args::absolute).transpose()?;
    let serves = matches!(line.command, args::Command::Serve(_));
    let failed = |error: std::io::Error| {
        ApiError::new(
            ErrorCode::Other,
            format!("Threads cannot be started: {error}."),
        )
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let outcome = runtime.block_on(async {
        let app = App {
            data,
            config: config.map(|path| path.0),
            out,
            stop: Stop::listen(serves)?,
        };
        commands::run(line.command, &app).await
    });
    // A blocking read that never ends must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    outcome
}

/// Shows what clap has to say: help and versions on stdout, mistakes on stderr, or as a line of JSON.
fn not_understood(words: &[OsString], error: &clap::Error) -> ExitCode {
    if error.use_stderr() && args::wants_json(words) {
        let text = error.to_string();
        let said: Vec<&str> = text
            .lines()
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        let message = said.join(" ");
        let message = message.trim_start_matches("error: ");
        let error = ApiError::new(ErrorCode::BadRequest, message)
            .help("`manyhands help` lists what is understood.");
        Out::new(true).error(&error);
    } else {
        // Nothing can be done about a closed terminal.
        let _ = error.print();
    }
    if error.use_stderr() {
        ExitCode::from(ErrorCode::BadRequest.exit())
    } else {
        ExitCode::SUCCESS
    }
}
