//! Real nodes that help, on a computer that is unplugged, used, busy with a game or with something else: the battery is
//! a stand-in for the kernel's files, the screen a real X server without a monitor, the programs really run.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test is this crate's own"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod node;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use node::{Node, ask, program};
use serde_json::Value;

/// Something that runs beside the nodes, and ends with the test.
struct Beside(Child);

impl Beside {
    fn start(command: &mut Command) -> Self {
        Self(command.stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A computer that helps, without a desktop and with these files in place of the kernel's.
struct House {
    owner: Node,
    donor: Node,
    data: [tempfile::TempDir; 2],
    sysfs: tempfile::TempDir,
}

impl House {
    async fn new(display: Option<&str>) -> Self {
        let data = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let sysfs = tempfile::tempdir().unwrap();
        supply(
            sysfs.path(),
            "BAT0",
            &[("type", "Battery"), ("status", "Charging")],
        );
        supply(sysfs.path(), "AC", &[("type", "Mains"), ("online", "1")]);
        let owner = Node::serve(program(data[0].path()), &["--name", "Study"]).await;
        let mut command = program(data[1].path());
        command
            .env("MANYHANDS_SYSFS", sysfs.path())
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("DBUS_SYSTEM_BUS_ADDRESS", "disabled:")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DISPLAY");
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        let donor = Node::serve(command, &["--name", "Kitchen", "--donate"]).await;
        let (_, lines) = ask(data[1].path(), &["invite"]).await;
        let invite = lines[0]["invite"].as_str().unwrap().to_owned();
        assert_eq!(ask(data[0].path(), &["pair", &invite]).await.0, 0);
        Self {
            owner,
            donor,
            data,
            sysfs,
        }
    }

    /// Waits until the owner reads this of the donor: its state, and why.
    async fn owner_reads(&self, state: &[&str], reason: Option<&str>) {
        loop {
            let (_, lines) = ask(self.data[0].path(), &["peers"]).await;
            let kitchen = lines.iter().find(|line| line["name"] == "Kitchen");
            let is_so = |line: &Value| {
                state.contains(&line["state"].as_str().unwrap())
                    && line["reason"].as_str() == reason
            };
            if kitchen.is_some_and(is_so) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the donor rests for this reason, or for none.
    async fn donor_rests(&self, reason: Option<&str>) -> Value {
        loop {
            let (_, lines) = ask(self.data[1].path(), &["donate"]).await;
            if lines[0]["rests"].as_str() == reason {
                return lines[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn set(&self, words: &[&str]) {
        let (code, lines) = ask(self.data[1].path(), &[&["settings"], words].concat()).await;
        assert_eq!(code, 0, "{lines:?}");
    }

    async fn end(mut self) {
        for node in [&mut self.donor, &mut self.owner] {
            node.signal("-TERM");
            assert_eq!(node.child.wait().await.unwrap().code(), Some(0));
        }
    }
}

const THERE: &[&str] = &["ready", "measuring", "working"];

fn supply(sysfs: &Path, name: &str, files: &[(&str, &str)]) {
    let folder = sysfs.join("class/power_supply").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        std::fs::write(folder.join(file), text).unwrap();
    }
}

fn day_after_tomorrow() -> String {
    let said = Command::new("date")
        .args(["-d", "2 days", "+%a"])
        .env("LC_ALL", "C")
        .output();
    String::from_utf8(said.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

#[tokio::test]
async fn it_rests_on_its_battery_and_while_a_named_program_runs() {
    let house = House::new(None).await;
    house.owner_reads(THERE, None).await;
    // The plug is pulled, and put back; in between its user has it help all the same.
    let no = ask(house.data[1].path(), &["donate", "--on-battery"]).await;
    assert_eq!(no.1[0]["code"], "not_now", "{:?}", no.1);
    supply(house.sysfs.path(), "AC", &[("online", "0")]);
    supply(house.sysfs.path(), "BAT0", &[("status", "Discharging")]);
    assert_eq!(
        house.donor_rests(Some("on_battery")).await["on_battery"],
        true
    );
    house.owner_reads(&["paused"], Some("on battery")).await;
    assert_eq!(
        ask(house.data[1].path(), &["donate", "--on-battery"])
            .await
            .0,
        0
    );
    assert_eq!(house.donor_rests(None).await["battery_too"], true);
    house.owner_reads(THERE, None).await;
    supply(house.sysfs.path(), "BAT0", &[("status", "Charging")]);
    // A game begins. Its owner reads which; nobody else does.
    house.set(&["--pause-for", "Some-Game, another"]).await;
    let game = house.data[1].path().join("some-game");
    std::fs::copy("/bin/sleep", &game).unwrap();
    let running = Beside::start(Command::new(&game).arg("600"));
    assert_eq!(
        house.donor_rests(Some("program")).await["program"],
        "Some-Game"
    );
    house.owner_reads(&["paused"], Some("in use")).await;
    drop(running);
    house.donor_rests(None).await;
    house.owner_reads(THERE, None).await;
    // Hours that are not now, wherever this runs: today is not the day after tomorrow.
    house.set(&["--hours", &day_after_tomorrow()]).await;
    house.donor_rests(Some("outside_hours")).await;
    house
        .owner_reads(&["paused"], Some("outside its hours"))
        .await;
    house
        .set(&["--hours", "none", "--keep-free", "900TB"])
        .await;
    house.donor_rests(Some("low_disk")).await;
    house
        .owner_reads(&["paused"], Some("its disk is nearly full"))
        .await;
    house.set(&["--keep-free", "none"]).await;
    house.end().await;
}

#[tokio::test]
async fn whoever_uses_it_comes_first() {
    let mut server = Command::new("Xvfb");
    server
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "64x64x24",
            "-nolisten",
            "tcp",
        ])
        .stdout(Stdio::piped());
    let mut server = Beside::start(&mut server);
    let mut number = String::new();
    BufReader::new(server.0.stdout.take().unwrap())
        .read_line(&mut number)
        .unwrap();
    let display = format!(":{}", number.trim());
    let house = House::new(Some(&display)).await;
    // The screen was made a moment ago: to X that is as if it had been touched.
    let half = house.donor_rests(None).await;
    house.set(&["--help-mode", "only-when-idle"]).await;
    house.donor_rests(Some("in_use")).await;
    house.owner_reads(&["paused"], Some("in use")).await;
    house.set(&["--help-mode", "polite"]).await;
    house.owner_reads(THERE, None).await;
    assert!(half["cores"].as_u64() >= Some(1), "{half}");
    // Somebody's own programs take all of it.
    let all = std::thread::available_parallelism().unwrap().get();
    let busy: Vec<Beside> = (0..all)
        .map(|_| Beside::start(Command::new("sh").args(["-c", "while :; do :; done"])))
        .collect();
    house.donor_rests(Some("other_load")).await;
    house
        .owner_reads(&["paused"], Some("busy with other programs"))
        .await;
    drop(busy);
    house.end().await;
}
