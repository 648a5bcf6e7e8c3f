//! A whole house on one computer: two donors are paired, a film is dropped with the pointer, the window is killed in
//! the middle and opened again, and what comes out is shown.

use std::path::{Path, PathBuf};

use api::{ComputerStatus, JobState, Live, NodeConfig, SegmentState};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::desktop::Desktop;
use crate::driver::{Window, until};
use crate::{
    APP, ROOT, arguments, has_gtk_for_python, make_film_of, screen_for, skipped, with_node,
};

/// Real nodes that help, in this process. Stopped with this.
pub struct Donors {
    runtime: Runtime,
    nodes: Vec<Live>,
    _folder: TempDir,
}

impl Donors {
    /// Starts one for each name.
    pub fn start(names: &[&str]) -> Self {
        let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
        let nodes = names.iter().map(|name| {
            let config = NodeConfig {
                data_dir: folder.path().join(name),
                name: Some((*name).to_owned()),
                listen: Some("127.0.0.1:0".parse().unwrap()),
                mdns: false,
                network: true,
                donate: Some(true),
                peers: Vec::new(),
                stays: true,
                workers: None,
                settings: api::Sources::default(),
            };
            runtime.block_on(Live::start(config)).unwrap()
        });
        let nodes = nodes.collect();
        Self {
            runtime,
            nodes,
            _folder: folder,
        }
    }

    /// Pairs each with the window, by an invite that is pasted into it.
    pub fn join(&self, window: &Window) {
        for (place, node) in self.nodes.iter().enumerate() {
            let invite = self.runtime.block_on(node.api().invite()).unwrap();
            window.click("paste");
            window.fill("invite-paste", &format!("{}\u{e007}", invite.text));
            window.wait_for_count("[data-testid=computer]", place as u64 + 1);
        }
    }
}

impl Drop for Donors {
    fn drop(&mut self) {
        for node in self.nodes.drain(..) {
            self.runtime.block_on(node.stop());
        }
    }
}

#[test]
fn a_house_encodes_a_film_and_outlives_its_window() {
    let name = "a_house_encodes_a_film_and_outlives_its_window";
    let needs = ["WebKitWebDriver", "xdotool", "dbus-daemon"];
    let Some(screen) = screen_for(name, &needs) else {
        return;
    };
    if !has_gtk_for_python() {
        return skipped(name, "python3-gi with GTK 3 is not installed");
    }
    let desktop = Desktop::start(&screen);
    let folder = tempfile::tempdir().unwrap();
    let (data, film) = (
        folder.path().join("data"),
        folder.path().join("holiday.mkv"),
    );
    make_film_of(60, &film);
    let donors = Donors::start(&["Attic", "Cellar"]);
    let window = Window::open(&screen, APP, &arguments(data.to_str().unwrap(), &[]));
    donors.join(&window);
    window.wait_for("ready", |text| text == "3 computers ready.");

    // A purpose is chosen, with what it comes to on all three.
    window.drop_file("drop-zone", &film);
    window.wait_for("offer-item", |text| text.contains("320×180"));
    window.click_at("input[type=radio][value=everywhere]");
    window.wait_for("offer-item", |text| text.contains("h264.mp4"));
    window.wait_for("forecast-everywhere", |text| {
        text.contains("on 3 computers")
    });
    window.click("start");

    // It is under way, and the computer may not fall asleep over it.
    window.wait_for_count("[data-testid=job][data-state=processing]", 1);
    assert_eq!(desktop.wait_for("awake"), "idle");
    let done = until("segments", || {
        let done = segments_of(&data)
            .iter()
            .filter(|part| is_done(part))
            .count();
        Some(done).filter(|done| *done >= 3)
    });
    window.screenshot(&Path::new(ROOT).join("target/window-under-way.png"));
    window.kill();

    // Opened again, it goes on by itself with what it has, and the others come back to it.
    let window = Window::open(&screen, APP, &arguments(data.to_str().unwrap(), &[]));
    window.wait_for_count("[data-testid=job]", 1);
    // A job of an earlier run has no parts to show before it is taken up again.
    let kept = until("its parts", || {
        Some(segments_of(&data)).filter(|parts| !parts.is_empty())
    });
    let kept = kept.iter().filter(|part| is_done(part)).count();
    assert!(kept >= done, "what was done is kept: {kept} of {done}");
    let state = window.wait_for("job-state", |text| {
        text.starts_with("Done") || text == "Failed"
    });
    assert!(state.starts_with("Done."), "{state}");
    let output = PathBuf::from(window.wait_for("output", |text| !text.is_empty()));
    assert_eq!(output, folder.path().join("holiday.h264.mp4"));
    let jobs = with_node(&data, async |node| {
        node.call(api::call::Jobs {}).await.unwrap()
    });
    assert!(matches!(&jobs[0].state, JobState::Completed { outcome } if outcome.exact));
    assert!(
        jobs[0].hands.len() >= 2,
        "nobody helped: {:?}",
        jobs[0].hands
    );

    // It is shown in its folder, highlighted, and opened.
    window.click("show");
    let shown = desktop.wait_for("shown");
    assert_eq!(
        shown,
        serde_json::json!([format!("file://{}", output.display())])
    );
    window.click("open");
    until("the player", || {
        (screen.opened() == [output.display().to_string()]).then_some(())
    });
    assert_eq!(window.problems(), Vec::<String>::new());
}

/// Segments of the one job that are done.
fn segments_of(data: &Path) -> Vec<api::Segment> {
    let jobs = with_node(data, async |node| {
        node.call(api::call::Jobs {}).await.unwrap()
    });
    let first = jobs.into_iter().next();
    first.map(|job| job.segments).unwrap_or_default()
}

fn is_done(part: &api::Segment) -> bool {
    part.state == SegmentState::Done
}

#[test]
fn helping_is_switched_on_and_off() {
    let Some(screen) = screen_for("helping_is_switched_on_and_off", &["WebKitWebDriver"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(
        &screen,
        APP,
        &arguments(folder.path().to_str().unwrap(), &[]),
    );
    let donors = Donors::start(&["Attic"]);
    donors.join(&window);
    let attic = donors.nodes[0].api();
    let sees = |wanted: fn(&ComputerStatus) -> bool| {
        until("the other computer to see it", || {
            let peers = donors.runtime.block_on(attic.peers()).unwrap();
            wanted(&peers[0].status).then_some(())
        });
    };
    // As a person does: by what the switch shows.
    let turn = |on: bool| {
        let switch = "[data-testid=computer-here] [role=switch]";
        window.wait_for_count(&format!("{switch}[aria-checked={}]", !on), 1);
        window.click_at(switch);
    };
    for _ in 0..2 {
        sees(|status| *status == ComputerStatus::NotHelping);
        turn(true);
        sees(|status| *status != ComputerStatus::NotHelping);
        turn(false);
    }
    sees(|status| *status == ComputerStatus::NotHelping);
}
