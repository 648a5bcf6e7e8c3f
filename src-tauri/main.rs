//! The desktop app: a node and a window that shows it. No rules about videos, jobs or computers live here.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

/// The node, and what passes between it and the page.
mod call;
mod node;
mod page;
mod second;
mod signals;
mod sink;

/// The system's files, dialogs and programs.
mod choose;
mod drop;
mod films;
mod outside;

/// What surrounds the window.
mod around;
mod awake;
mod closing;
mod front;
mod login;
mod notice;
mod tray;
mod under_way;
mod words;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tauri::plugin::TauriPlugin;
use tauri::{App, AppHandle, RunEvent, Window, WindowEvent, Wry};
use tauri_plugin_window_state::StateFlags;

use crate::node::Node;
use crate::signals::Signals;

/// Every computer in the house encodes one video together.
#[derive(Parser)]
#[command(version)]
struct Line {
    /// Where this node keeps its data, instead of the usual place.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where other computers reach this one, instead of port 47820 or the next free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Do not look for other computers, and do not announce this one.
    #[arg(long)]
    no_mdns: bool,
    /// Start the videos at once, as chosen last, instead of offering them.
    #[arg(long, requires = "files")]
    start: bool,
    /// Open out of the way, as when the system starts it at login.
    #[arg(long)]
    minimized: bool,
    /// Videos to offer at once.
    files: Vec<PathBuf>,
}

impl Line {
    /// The videos; a path means what it means where this process was started.
    fn absolute_files(&self) -> Vec<PathBuf> {
        let files = self.files.iter();
        files
            .filter_map(|file| std::path::absolute(file).ok())
            .collect()
    }
}

fn main() -> ExitCode {
    let line = Line::parse();
    if second::hand_over(&line) {
        return ExitCode::SUCCESS;
    }
    prefer_plain_rendering();
    api::logs::begin("error");
    if page::is_needed() {
        return match page::serve(line) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => end(&format!("{} {}", error.message, error.help)),
        };
    }
    match build(line) {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        Err(error) => end(&format!("The window cannot be opened: {error}.")),
    }
}

fn build(line: Line) -> tauri::Result<App> {
    // Before there is a window: from then on everybody may think that the app can be ended.
    let signals = tauri::async_runtime::block_on(async { Signals::listen() })?;
    let (place, login, minimized) = (kept_place(&line), login::plugin(&line), line.minimized);
    let (node, start) = node::prepare(line);
    tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(place)
        .plugin(login)
        .manage(node)
        .manage(around::Latest::default())
        .manage(tray::Place::default())
        .manage(words::Spoken::default())
        .manage(notice::Untold::default())
        .invoke_handler(tauri::generate_handler![call::call])
        .on_window_event(on_window_event)
        .setup(move |app| {
            start.start(app.handle());
            if minimized {
                front::leave(app.handle());
            }
            quit_on_signals(app.handle().clone(), signals);
            Ok(())
        })
        .build(tauri::generate_context!())
}

/// Keeps where the window was and how large, beside everything else that belongs to this data folder.
fn kept_place(line: &Line) -> TauriPlugin<Wry> {
    let mut place = tauri_plugin_window_state::Builder::default()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED);
    // A folder that cannot be had is told of when the node cannot start.
    if let Ok(data) = api::data_folder(line.data.clone()) {
        // An absolute path takes the place of the system's folder for settings.
        place = place.with_filename(data.join("window.json").to_string_lossy());
    }
    place.build()
}

fn on_window_event(window: &Window, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => closing::ask_first(window, api),
        WindowEvent::DragDrop(event) => drop::on_drag(window, event),
        _ => {}
    }
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::Exit => Node::of(app).stop(),
        // The Dock and "Open with" hand files over like this, also to an app that runs already.
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            let files = urls.iter().filter_map(|url| url.to_file_path().ok());
            drop::offer(app, files.collect());
            front::bring(app);
        }
        _ => {}
    }
}

/// A terminal's Ctrl-C or a session's end must stop the node as closing the window does.
fn quit_on_signals(app: AppHandle, mut signals: Signals) {
    tauri::async_runtime::spawn(async move {
        signals.next().await;
        app.exit(0);
    });
}

/// WebKitGTK's DMABUF renderer shows a blank window on many NVIDIA machines (tauri #9304, #9394).
#[cfg(target_os = "linux")]
fn prefer_plain_rendering() {
    const NAME: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    if std::env::var_os(NAME).is_none() {
        // SAFETY: no other thread has been started yet.
        unsafe { std::env::set_var(NAME, "1") };
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer_plain_rendering() {}

fn end(sentence: &str) -> ExitCode {
    // Nobody to tell if even this cannot be written.
    let _ = writeln!(std::io::stderr(), "{sentence}");
    ExitCode::FAILURE
}
