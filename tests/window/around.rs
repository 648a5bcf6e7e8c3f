//! What surrounds the window: the icon beside the clock, notifications, staying awake, the question before closing,
//! and that none of it is needed.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use api::{Choice, FilePath, JobId, JobState, call};
use tempfile::TempDir;

use serde_json::json;

use crate::desktop::Desktop;
use crate::driver::{Window, until};
use crate::screen::Screen;
use crate::{
    APP, arguments, has_gtk_for_python, make_film, make_film_of, screen_for, skipped, with_node,
};

/// A screen with a desktop, unless something is missing.
fn screen_with_desktop(name: &str) -> Option<(Screen, Desktop)> {
    let screen = screen_for(name, &["WebKitWebDriver", "xdotool", "dbus-daemon", "kill"])?;
    if !has_gtk_for_python() {
        skipped(name, "python3-gi with GTK 3 is not installed");
        return None;
    }
    let desktop = Desktop::start(&screen);
    Some((screen, desktop))
}

/// A job that waits for a computer that never comes, so that something is under way for as long as it takes.
fn submit_for_ever(data: &Path, film: &Path) -> JobId {
    let choice = Choice {
        wait_for: 1,
        ..Choice::default()
    };
    let paths = vec![FilePath(film.to_owned())];
    let submitted = with_node(data, async |node| {
        node.call(call::Submit { paths, choice }).await.unwrap()
    });
    submitted[0].job.unwrap()
}

fn state_of(data: &Path, id: JobId) -> JobState {
    with_node(data, async |node| {
        node.call(call::Job { id }).await.unwrap()
    })
    .state
}

fn is_donating(data: &Path) -> bool {
    let settings = with_node(data, async |node| node.call(call::Settings {}).await);
    settings.unwrap().donating
}

#[test]
fn the_menu_beside_the_clock_does_what_it_says() {
    let name = "the_menu_beside_the_clock_does_what_it_says";
    if !crate::has_icons_library() {
        return skipped(name, "libayatana-appindicator3 is not installed");
    }
    let Some((screen, mut desktop)) = screen_with_desktop(name) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (data, film) = (folder.path().join("data"), folder.path().join("film.mkv"));
    make_film(&film);
    let window = Window::open(&screen, APP, &arguments(data.to_str().unwrap(), &[]));
    desktop.wait_for("icon");
    let labels: Vec<String> = desktop
        .menu()
        .into_iter()
        .map(|entry| entry.label)
        .collect();
    let expected = [
        "Nothing under way",
        "Donate this machine",
        "Pause all videos",
        "Show Manyhands",
        "Quit",
    ];
    assert_eq!(labels, expected);

    // The switch, and that it shows what the node says.
    for on in [true, false] {
        desktop.press("Donate this machine");
        desktop.wait_for_entry(|entry| entry.label == "Donate this machine" && entry.ticked == on);
        // The tick is the menu's own at first.
        until("the switch to count", || {
            (is_donating(&data) == on).then_some(())
        });
    }

    // Pause and resume.
    let id = submit_for_ever(&data, &film);
    desktop.wait_for_entry(|entry| entry.label == "1 video, 0 % done");
    desktop.press("Pause all videos");
    desktop.wait_for_entry(|entry| entry.label == "Resume all videos" && entry.on);
    assert!(matches!(state_of(&data, id), JobState::Paused { .. }));
    desktop.press("Resume all videos");
    desktop.wait_for_entry(|entry| entry.label == "Pause all videos" && entry.on);
    assert!(!matches!(state_of(&data, id), JobState::Paused { .. }));

    // It speaks the page's language, and so does the question before closing.
    window.click("page-settings");
    window.choose("language", "de");
    desktop.wait_for_entry(|entry| entry.label == "1 Video, 0 % fertig");
    desktop.press("Beenden");
    let question = screen.wait_for_title("Manyhands beenden?");
    screen.pointer(&["windowfocus", "--sync", &question, "key", "Escape"]);
    until("the question to go", || {
        screen
            .windows(&["--name", "Manyhands beenden?"])
            .is_empty()
            .then_some(())
    });
    window.click("page-work");
    assert!(!state_of(&data, id).is_over(), "the app goes on");
}

#[test]
fn an_end_is_told_to_who_looks_elsewhere() {
    let name = "an_end_is_told_to_who_looks_elsewhere";
    let Some((screen, desktop)) = screen_with_desktop(name) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let films = ["first.mkv", "second.mkv", "third.mkv"].map(|name| folder.path().join(name));
    films[1..].iter().for_each(|film| make_film(film));
    // Under way for longer than the window takes to open.
    make_film_of(20, &films[0]);
    let elsewhere = Elsewhere::open(&screen);
    // The first is started by the command line's own word, without anybody at the window.
    let first = ["--start", films[0].to_str().unwrap()];
    let window = Window::open(&screen, APP, &arguments(data.to_str().unwrap(), &first));
    // A window takes the focus when it opens, which may be after its page is there for the driver.
    window.wait_for_count("[data-testid=job]", 1);
    elsewhere.focus(&screen);
    let told = desktop.wait_for("notified");
    assert_eq!(told, "first.mkv is done");
    assert!(
        desktop.all("text")[0]
            .as_str()
            .unwrap()
            .ends_with("Every frame is proved.")
    );

    // The computer was kept awake as long as that took, and no longer.
    assert_eq!(desktop.wait_for_another("awake", 1), "idle");
    assert!(
        desktop
            .all("why")
            .iter()
            .all(|why| why == "Encoding videos")
    );
    desktop.wait_for_another("asleep", 1);
    assert_eq!(desktop.wait_for_another("wakeful", 1), 4);
    desktop.wait_for_another("restful", 1);

    assert_eq!(sleep_finding(&data).0, api::Level::Good);

    // The second ends before the user's eyes, the third does not.
    screen.pointer(&["windowfocus", "--sync", &window.number()]);
    encode(&data, &films[1]);
    window.wait_for_count("[data-testid=job][data-state=completed]", 2);
    desktop.wait_for_another("asleep", 2);
    elsewhere.focus(&screen);
    encode(&data, &films[2]);
    assert_eq!(desktop.wait_for_another("notified", 1), "third.mkv is done");
}

/// What the check-up says of staying awake.
fn sleep_finding(data: &Path) -> (api::Level, String) {
    let report = with_node(data, async |node| node.call(call::Doctor {}).await.unwrap());
    let found = report
        .findings
        .into_iter()
        .find(|one| one.subject == "sleep");
    let found = found.expect("the window has told what it found");
    (found.level, found.says)
}

/// Another program's window, in which the user works.
struct Elsewhere {
    program: Child,
    window: String,
}

impl Elsewhere {
    fn open(screen: &Screen) -> Self {
        let script = "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import Gtk
w = Gtk.Window(title='elsewhere'); w.show_all(); Gtk.main()";
        let mut python = screen.command("/usr/bin/python3");
        let program = python.args(["-c", script]).spawn().unwrap();
        let window = screen.wait_for_title("elsewhere");
        let this = Self { program, window };
        this.focus(screen);
        this
    }

    fn focus(&self, screen: &Screen) {
        screen.pointer(&["windowfocus", "--sync", &self.window]);
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn encode(data: &Path, film: &Path) {
    let call = call::Submit {
        paths: vec![FilePath(film.to_owned())],
        choice: Choice::default(),
    };
    let submitted = with_node(data, async |node| node.call(call).await.unwrap());
    assert!(submitted[0].job.is_some(), "{submitted:?}");
}

#[test]
fn without_the_icons_library_there_is_a_window_all_the_same() {
    let name = "without_the_icons_library_there_is_a_window_all_the_same";
    let Some((screen, desktop)) = screen_with_desktop(name) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // No libraries, but found first.
    let libraries = folder.path().join("lib");
    std::fs::create_dir(&libraries).unwrap();
    for stem in ["libayatana-appindicator3.so", "libappindicator3.so"] {
        for ending in ["", ".1"] {
            std::fs::write(libraries.join(format!("{stem}{ending}")), "").unwrap();
        }
    }
    let data = folder.path().join("data");
    let mut app = screen
        .command(APP)
        .args(arguments(data.to_str().unwrap(), &[]))
        .env("LD_LIBRARY_PATH", &libraries)
        .env("MANYHANDS_LOG", "manyhands_desktop=info")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    screen.wait_for_window(app.id());
    // What it says when it has tried: the page has been drawn, and the window is still there.
    let mut said = std::io::BufReader::new(app.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("libayatana-appindicator3 is missing") {
        line.clear();
        let read = std::io::BufRead::read_line(&mut said, &mut line).unwrap();
        assert!(read > 0, "it ended: {:?}", app.wait());
    }
    assert!(desktop.all("icon").is_empty());
    let killed = Command::new("kill")
        .args(["-TERM", &app.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    // Read to the end: who writes into a pipe that nobody reads waits for ever.
    std::io::copy(&mut said, &mut std::io::sink()).unwrap();
    assert_eq!(app.wait().unwrap().code(), Some(0));
}

#[test]
fn it_starts_at_login_if_that_is_wanted() {
    let name = "it_starts_at_login_if_that_is_wanted";
    let Some(screen) = screen_for(name, &["WebKitWebDriver"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let window = Window::open(&screen, APP, &arguments(data, &[]));
    let starts = || window.call("shell.starts_at_login", &json!({}));
    let start = |on| window.call("shell.start_at_login", &json!({ "on": on }));
    // Nobody here decides whether the computer sleeps: that is told, and is no obstacle.
    let (level, says) = sleep_finding(folder.path());
    assert_eq!(level, api::Level::Note, "{says}");
    assert_eq!(starts(), false);
    assert_eq!(start(true), json!(null));
    assert_eq!(starts(), true);
    let entries = std::fs::read_dir(screen.home().join(".config/autostart")).unwrap();
    let texts = entries.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let texts: Vec<String> = texts.collect();
    assert!(
        texts[0].contains(&format!("{APP} --minimized --data \"{data}\"")),
        "{texts:?}"
    );
    for _ in 0..2 {
        assert_eq!(start(false), json!(null));
        assert_eq!(starts(), false);
    }
}

#[test]
fn the_page_may_make_calls_and_nothing_else() {
    let name = "the_page_may_make_calls_and_nothing_else";
    let Some(screen) = screen_for(name, &["WebKitWebDriver"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let window = Window::open(&screen, APP, &arguments(data, &[]));
    let settings = window.call("settings", &json!({}));
    assert_eq!(settings["donating"], false, "{settings}");
    for command in [
        "plugin:autostart|enable",
        "plugin:dialog|open",
        "plugin:event|emit",
        "plugin:opener|open_path",
        "plugin:window-state|filename",
        "plugin:window|close",
    ] {
        let answer = window.invoke(command, &json!({}));
        let refusal = answer["error"]
            .as_str()
            .unwrap_or_else(|| panic!("{command}: {answer}"));
        assert!(
            refusal.contains("not allowed") || refusal.contains("not found"),
            "{command}: {refusal}"
        );
    }
    assert!(!screen.home().join(".config/autostart").exists());
}

/// A window that was made larger opens as large.
#[test]
fn the_window_opens_as_it_was_left() {
    let name = "the_window_opens_as_it_was_left";
    let Some(screen) = screen_for(name, &["WebKitWebDriver", "xdotool", "kill"]) else {
        return;
    };
    let folder: TempDir = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let size = |window: &str| screen.place(window)[2..].to_vec();
    let mut sizes = Vec::new();
    for round in 0..2 {
        let app = screen
            .command(APP)
            .args(arguments(&data, &[]))
            .spawn()
            .unwrap();
        screen.wait_for_window(app.id());
        let window = screen
            .windows(&["--class", "manyhands-desktop"])
            .pop()
            .unwrap();
        if round == 0 {
            screen.pointer(&["windowsize", "--sync", &window, "901", "702"]);
            until("the new size", || {
                (size(&window) == [901, 702]).then_some(())
            });
        } else {
            until("the old size", || {
                (size(&window) == [901, 702]).then_some(())
            });
        }
        sizes.push(size(&window));
        crate::end(app);
    }
    assert_eq!(sizes[0], sizes[1]);
}
