//! A watched folder, in the window: its films are made smaller, and one sees which, which not, and why.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::driver::Window;
use crate::{APP, ROOT, arguments, make_film, make_film_of, screen_for};

/// Films in a folder and in one within it, beside what is none.
fn fill(media: &Path) -> [PathBuf; 2] {
    std::fs::create_dir_all(media.join("Séries")).unwrap();
    let films = [media.join("été.mkv"), media.join("Séries/first.mp4")];
    make_film(&films[0]);
    make_film_of(4, &films[1]);
    std::fs::write(media.join("broken.mkv"), [7; 5000]).unwrap();
    std::fs::write(media.join("notes.txt"), "no film").unwrap();
    films
}

#[test]
fn a_folder_is_watched() {
    let Some(screen) = screen_for("a_folder_is_watched", &["WebKitWebDriver"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (data, media) = (folder.path().join("data"), folder.path().join("media"));
    let films = fill(&media);
    let before = films.each_ref().map(|film| std::fs::read(film).unwrap());
    let window = Window::open(&screen, APP, &arguments(data.to_str().unwrap(), &[]));
    window.wait_for("ready", |text| text.contains("ready"));
    // The system's chooser of folders cannot be steered from here: what it gives is set as the page would.
    let mut settings = window.call("settings", &json!({}));
    settings["library"]["folders"] = json!([{
        "path": media,
        "stable_s": 1,
        "rules": [{ "name": "Films", "make": { "speed": "fast" } }],
    }]);
    assert_eq!(
        window.call("set_settings", &json!({ "settings": settings })),
        json!(null)
    );

    window.click("page-library");
    window.wait_for("state-done", |text| text.ends_with(" 2"));
    window.wait_for("saved", |text| !text.is_empty());
    window.click("scan-all");
    // What is no film, and its own results.
    window.wait_for("state-left", |text| text.ends_with(" 3"));
    window.click("state-left");
    for (shown, films) in [
        ("title='Manyhands made it.'", 2),
        ("title$='/broken.mkv'", 1),
        ("title$='/notes.txt'", 0),
    ] {
        window.wait_for_count(&format!("[data-testid=films] [{shown}]"), films);
    }
    window.screenshot(&Path::new(ROOT).join("target/window-library.png"));

    // Its rules are there to be changed, with what they take now.
    window.click("rules");
    window.wait_for("takes", |text| text.contains("0 of 5"));
    assert_eq!(window.problems(), Vec::<String>::new());
    assert_eq!(
        films.map(|film| std::fs::read(film).unwrap()),
        before,
        "an original was touched"
    );
}
