//! `cargo xtask run --sample`: a house of three computers on this one, at work on a short film.
//!
//! The film is made with the pinned ffmpeg. The house is three nodes with folders of their own below
//! `target/sample`, which know nobody but each other: nothing of the user's is touched, nothing is announced on
//! the network. What is started here ends with this task, however that ends.

mod film;
mod leash;

use crate::packages::Need;
use crate::setup::set_up;
use crate::shell::{self, cargo, say};
use crate::tree;
use anyhow::{Context, Result, anyhow};
use leash::Leashed;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The computers that help. They are this one, too.
const DONORS: [&str; 2] = ["Attic", "Cellar"];

/// The computer whose film it is, and the one that comes first to find out how fast all of them are.
const OWNER: &str = "Here";
const MEASURER: &str = "Measurer";

/// Where a node keeps what it knows.
const STORE: &str = "manyhands.sqlite";

/// How long measuring may take, and how often it is looked.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(200);

/// Seconds of film in a segment: a short film must have enough of them to go round.
const SEGMENT_SECONDS: &str = "2";

/// Where the house is and what it consists of.
struct House {
    /// Emptied at the start: every sample begins like the first one.
    folder: PathBuf,
    /// The folder of the programs.
    programs: PathBuf,
    /// The search path with ffmpeg on it.
    path: OsString,
}

/// Builds what is missing, makes the film, starts the donors, and shows how it is encoded: in the window, or on its
/// page where there is no screen.
pub fn sample(screen: bool, page: &str) -> Result<()> {
    let need = if screen {
        Need::Desktop
    } else {
        Need::Headless
    };
    let ffmpeg = set_up(need)?;
    build(screen)?;
    let folder = tree::root().join("target/sample");
    let house = House::new(&folder, crate::run::path_with(&ffmpeg)?)?;
    let measuring = house.start_measuring()?;
    let film = film::make(&ffmpeg, &folder)?;
    house.finish_measuring(measuring)?;
    house.furnish()?;
    // A copy, so that what is made of it goes with the house.
    let copy = house.folder.join("Sample film.mkv");
    fs::copy(film, &copy)?;
    say(format!(
        "starting two more nodes on this computer, {}; together the three are no faster than it is alone",
        DONORS.join(" and ")
    ));
    let donors = DONORS.map(|name| house.serve(name, &["--donate"]));
    let donors = donors.into_iter().collect::<Result<Vec<_>>>()?;
    if screen {
        show_in_window(&house, &copy)?;
    } else {
        show_on_page(&house, &copy, page)?;
    }
    drop(donors);
    Ok(())
}

fn build(screen: bool) -> Result<()> {
    say("building (the first time takes some minutes)");
    let mut build = cargo();
    build.args(["build", "--locked", "--package", "cli"]);
    if screen {
        build.args(["--package", "manyhands-desktop"]);
    }
    shell::run(&mut build)
}

/// The owner with a window. Paired before that opens: whoever asks a folder without a node for something becomes its
/// node.
fn show_in_window(house: &House, film: &Path) -> Result<()> {
    let owner = house.serve(OWNER, &[])?;
    house.pair_all()?;
    owner.stop()?;
    say("opening Manyhands; closing the window ends the sample");
    house.window(film)?.wait()
}

/// The owner without a window: its page is served until Ctrl-C, and the film is handed in by the command line.
fn show_on_page(house: &House, film: &Path, page: &str) -> Result<()> {
    // Another Manyhands may be shown there.
    let free = TcpListener::bind(page).is_ok();
    let web = if free { page } else { "127.0.0.1:0" };
    let owner = house.serve(OWNER, &["--web", web])?;
    house.pair_all()?;
    let link = owner.said("listening")?["web"].clone();
    let link = link.as_str().context("the node gave no link to its page")?;
    say(format!(
        "no screen here: watch it in a browser, Ctrl-C ends the sample\n\n  {link}\n"
    ));
    shell::run(house.ask(OWNER).arg("encode").arg(film))?;
    say("done; the page stays until Ctrl-C");
    owner.wait()
}

impl House {
    fn new(sample: &Path, path: OsString) -> Result<Self> {
        let folder = sample.join("house");
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("could not empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder)?;
        let here = std::env::current_exe().context("this task does not know where it is")?;
        let programs = here.parent().map(Path::to_owned);
        Ok(Self {
            folder,
            programs: programs.context("this task is in no folder")?,
            path,
        })
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.join(name.to_lowercase())
    }

    /// What a node knows that has measured this computer and met nobody.
    fn measured(&self) -> PathBuf {
        self.folder.with_file_name("measured.sqlite")
    }

    /// Starts a node that measures this computer's encoders, if none has yet.
    fn start_measuring(&self) -> Result<Option<Leashed>> {
        if self.measured().is_file() {
            return Ok(None);
        }
        say("measuring this computer's encoders (once)");
        self.serve(MEASURER, &[]).map(Some)
    }

    /// Waits until they are measured, and keeps what was found.
    fn finish_measuring(&self, node: Option<Leashed>) -> Result<()> {
        let Some(node) = node else { return Ok(()) };
        let end = Instant::now() + PATIENCE;
        let mut begun = false;
        while !(begun && self.state(MEASURER)? != "measuring") {
            begun = begun || self.state(MEASURER)? == "measuring";
            // Without it the house works all the same: every node measures by itself, and the film waits.
            if Instant::now() > end {
                return node.stop();
            }
            thread::sleep(PAUSE);
        }
        node.stop()?;
        fs::copy(self.data(MEASURER).join(STORE), self.measured())?;
        Ok(())
    }

    /// What a node does, as it says of itself.
    fn state(&self, name: &str) -> Result<String> {
        let said = shell::output(self.ask(name).args(["--json", "peers"]))?;
        let here = lines(&said).find(|line| line["here"] == true);
        let state = here.and_then(|here| Some(here["state"].as_str()?.to_owned()));
        state.with_context(|| format!("no state in {said:?}"))
    }

    /// Gives each node of the house its folder, with what is known of this computer.
    fn furnish(&self) -> Result<()> {
        for name in DONORS.iter().chain(&[OWNER]) {
            fs::create_dir_all(self.data(name))?;
            if self.measured().is_file() {
                fs::copy(self.measured(), self.data(name).join(STORE))?;
            }
        }
        Ok(())
    }

    /// A program of ours with the folder of the node that is called so.
    fn with_data(&self, program: &str, name: &str) -> Command {
        let mut command = Command::new(self.program(program));
        command.arg("--data").arg(self.data(name));
        command.env("PATH", &self.path);
        command.env("MANYHANDS_SEGMENT_SECONDS", SEGMENT_SECONDS);
        command
    }

    /// A question to the node that is called so.
    fn ask(&self, name: &str) -> Command {
        self.with_data("manyhands", name)
    }

    /// Starts a node that only this computer reaches, and waits until it listens.
    fn serve(&self, name: &str, more: &[&str]) -> Result<Leashed> {
        let mut serve = self.ask(name);
        serve.args(["--json", "serve", "--name", name, "--no-mdns"]);
        serve.args(["--listen", "127.0.0.1:0"]).args(more);
        let node = Leashed::start(
            &serve,
            &self.folder.join(format!("{}.log", name.to_lowercase())),
        )?;
        node.said("listening")
            .with_context(|| format!("the node {name} did not start"))?;
        Ok(node)
    }

    /// Pairs the owner, which must be running, with every donor.
    fn pair_all(&self) -> Result<()> {
        for donor in DONORS {
            let said = shell::output(self.ask(donor).args(["--json", "invite"]))?;
            let invite = lines(&said)
                .find_map(|line| line["invite"].as_str().map(str::to_owned))
                .ok_or_else(|| anyhow!("no invite in {said:?}"))?;
            shell::output(self.ask(OWNER).args(["pair", &invite]))?;
        }
        Ok(())
    }

    /// The window with the owner's node inside, which starts on the film at once.
    fn window(&self, film: &Path) -> Result<Leashed> {
        let mut window = self.with_data("manyhands-desktop", OWNER);
        window.args(["--no-mdns", "--listen", "127.0.0.1:0", "--start"]);
        Leashed::start(window.arg(film), &self.folder.join("window.log"))
    }
}

/// The lines of JSON in what a program printed.
fn lines(printed: &str) -> impl Iterator<Item = Value> {
    printed
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
}
