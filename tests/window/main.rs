//! The real window: the real binary in real WebKitGTK on a screen of its own, spoken to over WebDriver.
//!
//! WebKitWebDriver is spoken to directly (tauri-driver only renames its options), by a client that brings no
//! feature of a shared crate with it. Without the driver or Xvfb the tests say loudly that they were skipped.

#![expect(clippy::unwrap_used, reason = "a check that cannot go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "these tests start the app and the tools that look at it"
)]

/// The app, and what it runs on.
mod desktop;
mod driver;
mod screen;

/// What is checked, beside what stands below.
mod around;
mod house;
mod rules;
mod shelf;

/// The app's own, for the checks of its rules: a program's modules cannot be named from here.
#[path = "../../src-tauri/under_way.rs"]
mod under_way;

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use driver::{PATIENCE, Window};
use screen::Screen;

const APP: &str = env!("CARGO_BIN_EXE_manyhands-desktop");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Says loudly that a test was skipped: where the run collects that, and on the terminal.
fn skipped(name: &str, reason: &str) {
    let line = format!("{name}: {reason}\n");
    if let Some(file) = std::env::var_os("MANYHANDS_SKIPPED") {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
    // Not `eprintln!`, which a test's output capture would swallow.
    std::io::stderr()
        .write_all(format!("SKIPPED {line}").as_bytes())
        .unwrap();
}

/// A screen, unless something this test needs is missing.
fn screen_for(name: &str, needs: &[&str]) -> Option<Screen> {
    if !cfg!(target_os = "linux") {
        skipped(name, "drives WebKitGTK, which is Linux only");
        return None;
    }
    if let Some(missing) = needs.iter().chain(&["Xvfb"]).find(|tool| !has(tool)) {
        skipped(name, &format!("{missing} is not installed"));
        return None;
    }
    Some(Screen::start())
}

fn has(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

fn has_gtk_for_python() -> bool {
    python_says("import gi; gi.require_version('Gtk', '3.0')")
}

/// Whether the icon beside the clock can be drawn here.
fn has_icons_library() -> bool {
    python_says("import ctypes; ctypes.CDLL('libayatana-appindicator3.so.1')")
}

fn python_says(line: &str) -> bool {
    let ask = ["-c", line];
    let asked = Command::new("/usr/bin/python3")
        .args(ask)
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

/// The ffmpeg to make clips with: the one named, the pinned one, the system's.
fn ffmpeg() -> PathBuf {
    if let Some(named) = std::env::var_os("MANYHANDS_FFMPEG") {
        return named.into();
    }
    let pinned = std::fs::read_dir(Path::new(ROOT).join(".tools/ffmpeg"))
        .into_iter()
        .flatten();
    let mut pinned = pinned.filter_map(|entry| Some(entry.ok()?.path().join("ffmpeg")));
    pinned
        .find(|path| path.is_file())
        .unwrap_or_else(|| "ffmpeg".into())
}

/// Six seconds of video with sound.
fn make_film(path: &Path) {
    make_film_of(6, path);
}

/// So many seconds of video with sound.
fn make_film_of(seconds: u32, path: &Path) {
    let picture = format!("testsrc2=s=320x180:r=25:d={seconds}");
    let sound = format!("sine=d={seconds}");
    let sources = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
    let codecs = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "25",
        "-c:a",
        "aac",
    ];
    let made = Command::new(ffmpeg())
        .args(["-v", "error", "-nostdin"])
        .args(sources)
        .args(codecs)
        .arg(path)
        .status();
    assert!(made.unwrap().success());
}

fn arguments<'a>(data: &'a str, files: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["--data", data, "--no-mdns", "--listen", "127.0.0.1:0"];
    all.extend(files);
    all
}

/// Asks the window's node, as the command line does. Its window may be there a little before it.
fn with_node<T>(data: &Path, ask: impl AsyncFnOnce(&local::Client) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(node) = local::Client::connect(data).await.unwrap() {
                return ask(&node).await;
            }
            assert!(Instant::now() < end, "there is no node");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
}

#[test]
fn a_film_goes_in_and_comes_out_proved() {
    let name = "a_film_goes_in_and_comes_out_proved";
    let Some(screen) = screen_for(name, &["WebKitWebDriver"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (data, film) = (
        folder.path().join("data"),
        folder.path().join("first film.mkv"),
    );
    make_film(&film);
    let window = Window::open(
        &screen,
        APP,
        &arguments(data.to_str().unwrap(), &[film.to_str().unwrap()]),
    );

    // The file that the app was opened with is offered, with what is in it.
    let offer = window.wait_for("offer-item", |text| text.contains("320×180"));
    assert!(offer.contains("first film.mkv"), "{offer}");
    window.click("start");
    let state = window.wait_for("job-state", |text| {
        text.starts_with("Done") || text == "Failed"
    });
    assert!(state.starts_with("Done."), "{state}");
    let output = PathBuf::from(window.wait_for("output", |text| !text.is_empty()));
    assert_eq!(output.parent(), Some(folder.path()));
    assert!(output.metadata().unwrap().len() > 0);

    // It is opened, and shown in its folder: there is no file manager here that could highlight it.
    window.click("open");
    until_opened(&screen, &[&output]);
    window.click("show");
    until_opened(&screen, &[&output, folder.path()]);

    // Source and result are shown side by side, the same frame of both.
    window.screenshot(&Path::new(ROOT).join("target/window-done.png"));
    window.click("compare");
    window.wait_for("compare-at", |text| {
        text.contains("The same frame of both.")
    });
    assert_eq!(window.wait_for_picture("before"), 320);
    assert_eq!(window.wait_for_picture("after"), 320);
    window.screenshot(&Path::new(ROOT).join("target/window-compare.png"));

    // The command line reaches the window's node.
    let jobs = with_node(&data, async |node| {
        node.call(api::call::Jobs {}).await.unwrap()
    });
    assert_eq!(
        jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(),
        ["first film.mkv"]
    );

    // Nothing on the page broke a rule of its policy or of the language.
    assert_eq!(window.problems(), Vec::<String>::new());
    drop(window);
}

/// Waits until the system was asked to open these, in this order.
fn until_opened(screen: &Screen, paths: &[&Path]) {
    let wanted: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    let end = Instant::now() + Duration::from_secs(60);
    while screen.opened() != wanted {
        assert!(Instant::now() < end, "{:?}", screen.opened());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_second_start_hands_its_film_to_the_first() {
    let name = "a_second_start_hands_its_film_to_the_first";
    let Some(screen) = screen_for(name, &["WebKitWebDriver"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let films = folder.path().join("films");
    std::fs::create_dir(&films).unwrap();
    make_film(&films.join("in a folder.mkv"));
    std::fs::write(films.join("notes.txt"), b"no film").unwrap();
    let data = data.to_str().unwrap();
    let window = Window::open(&screen, APP, &arguments(data, &[]));
    window.wait_for("ready", |text| text.contains("ready"));
    let second = screen
        .command(APP)
        .args(arguments(data, &[films.to_str().unwrap()]))
        .status()
        .unwrap();
    assert_eq!(second.code(), Some(0));
    let offer = window.wait_for("offer", |text| text.contains("320×180"));
    assert!(
        offer.contains("in a folder.mkv") && !offer.contains("notes.txt"),
        "{offer}"
    );
}

#[test]
fn a_film_can_be_dropped_on_the_window() {
    let name = "a_film_can_be_dropped_on_the_window";
    let Some(screen) = screen_for(name, &["WebKitWebDriver", "xdotool"]) else {
        return;
    };
    if !has_gtk_for_python() {
        return skipped(name, "python3-gi with GTK 3 is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, film) = (folder.path().join("data"), folder.path().join("été #2.mkv"));
    make_film(&film);
    let window = Window::open(&screen, APP, &arguments(data.to_str().unwrap(), &[]));
    let ready = window.wait_for("ready", |text| text.contains("ready"));
    assert_eq!(ready, "1 computer ready.");
    window.screenshot(&Path::new(ROOT).join("target/window-first.png"));
    window.drop_file("drop-zone", &film);
    let offer = window.wait_for("offer-item", |text| text.contains("320×180"));
    assert!(offer.contains("été #2.mkv"), "{offer}");
}

#[test]
fn a_signal_ends_it_cleanly() {
    let Some(screen) = screen_for("a_signal_ends_it_cleanly", &["kill", "xdotool"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    for _ in 0..2 {
        // The second start shows that the first one let go of the data folder.
        let app = screen
            .command(APP)
            .args(arguments(&data, &[]))
            .spawn()
            .unwrap();
        screen.wait_for_window(app.id());
        end(app);
    }
}

#[test]
fn without_a_screen_it_serves_its_page() {
    if !cfg!(target_os = "linux") {
        return skipped(
            "without_a_screen_it_serves_its_page",
            "only Linux may have no screen",
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let mut app = Command::new(APP)
        .args(arguments(folder.path().to_str().unwrap(), &[]))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(app.stdout.take().unwrap());
    lines.read_line(&mut said).unwrap();
    assert!(said.starts_with("There is no screen"), "{said}");
    let link = said.split_whitespace().last().unwrap();
    let (address, token) = link.split_once("#token=").unwrap();
    let page = ureq::get(address)
        .call()
        .unwrap()
        .body_mut()
        .read_to_string();
    assert!(page.unwrap().contains("<div id=\"app\">"));
    let call = ureq::post(&format!("{address}api/settings"))
        .header("authorization", &format!("Bearer {token}"))
        .header("x-manyhands", "1");
    let settings: serde_json::Value = call
        .send_json(serde_json::json!({}))
        .unwrap()
        .body_mut()
        .read_json()
        .unwrap();
    assert_eq!(settings["donating"], false);
    end(app);
}

/// Asks a program to end, as a session that ends does; it must do so cleanly.
fn end(mut app: std::process::Child) {
    let killed = Command::new("kill")
        .args(["-TERM", &app.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(app.wait().unwrap().code(), Some(0));
}

#[test]
fn a_film_can_be_pasted() {
    let name = "a_film_can_be_pasted";
    let Some(screen) = screen_for(name, &["WebKitWebDriver", "xdotool"]) else {
        return;
    };
    if !has_gtk_for_python() {
        return skipped(name, "python3-gi with GTK 3 is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("in the clipboard.mkv");
    make_film(&film);
    let window = Window::open(
        &screen,
        APP,
        &arguments(folder.path().join("data").to_str().unwrap(), &[]),
    );
    window.wait_for("ready", |text| text.contains("ready"));
    let script = "import gi, pathlib, sys; gi.require_version('Gdk', '3.0'); gi.require_version('Gtk', '3.0'); from gi.repository import Gdk, Gtk
board = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD); board.set_text(pathlib.Path(sys.argv[1]).as_uri(), -1)
board.store(); print('copied', flush=True); Gtk.main()";
    let mut other = screen
        .command("/usr/bin/python3")
        .args(["-c", script])
        .arg(&film)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(other.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    screen.pointer(&["windowfocus", "--sync", &window.number(), "key", "ctrl+v"]);
    let offer = window.wait_for("offer-item", |text| text.contains("320×180"));
    assert!(offer.contains("in the clipboard.mkv"), "{offer}");
    let _ = other.kill();
    let _ = other.wait();
}
