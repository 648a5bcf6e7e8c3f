//! What the user may set: what is allowed, and what follows at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use media::choice::Choice;
use schedule::JobId;
use tokio::sync::Semaphore;

use crate::config::{self, Config, ConfigStatus, Fault, Import, Reread, import};
use crate::driver::{Call, Core};
use crate::node::{Node, Shift};
use crate::probe::Probed;
use crate::status::{Hours, JobState, PathPair, Rules, Settings, Shared, Terms};
use crate::trouble::{Kind, Trouble};
use crate::{forecast, machine, scratch, sight, start};

/// The least that may be set for working files, bytes: a few segments on their way.
const LEAST_SCRATCH: u64 = 1_000_000_000;
/// Where the other computers and the page come in where nothing is set.
const PORTS: (u16, u16) = (47820, 8090);
/// How a notice begins of a folder for working files that cannot be one.
const UNMOVED: &str = "Working files stay where they were: ";
/// The least bytes a second: below it a segment is under way for longer than anybody waits for one.
const LEAST_BANDWIDTH: u64 = 1_000_000;

impl Node {
    /// Sets everything. Most of it counts at once; another ffmpeg and other ports from the next start on.
    ///
    /// # Errors
    /// What cannot be set, each with its sentence; the store's.
    pub async fn set_settings(&self, settings: Settings) -> Result<(), Trouble> {
        let before = self.settings().await?;
        check(&settings)?;
        if let Some(path) = settings
            .ffmpeg
            .clone()
            .filter(|_| settings.ffmpeg != before.ffmpeg)
        {
            let checked = ffmpeg::tools::check(path, ffmpeg::tools::Origin::Settings).await;
            checked.map_err(|e| start::tool_trouble(&e))?;
        }
        if let Some(folder) = settings
            .scratch
            .as_deref()
            .filter(|_| settings.scratch != before.scratch)
        {
            self.0
                .workspace
                .try_scratch(folder)
                .map_err(|e| unusable(folder, &e))?;
        }
        // Only what is changed: trying an ffmpeg takes a while, in which somebody may have set something else.
        self.ask(|reply| Call::SetSettings(Box::new((before, settings)), reply))
            .await?
    }

    /// Where the settings are kept, and how that stands.
    ///
    /// # Errors
    /// The node has stopped.
    pub async fn config(&self) -> Result<ConfigStatus, Trouble> {
        self.ask(Call::Config).await
    }

    /// Reads the file of the settings again, now.
    ///
    /// # Errors
    /// What is wrong with it, all of it; the settings stay as they were.
    pub async fn reread_config(&self) -> Result<Reread, Trouble> {
        self.ask(|reply| Call::Reread(Some(reply))).await?
    }

    /// Takes over what the `config.json` of a simple AV1 farm says; or, without `apply`, says what that would be.
    ///
    /// # Errors
    /// What is wrong with it, all of it, and what cannot be set; then nothing is.
    pub async fn import_config(&self, text: &str, apply: bool) -> Result<Import, Trouble> {
        let before = self.settings().await?;
        let (settings, mut import) = import::read(text, &before).map_err(|wrong| {
            let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            let lead = config::lead("what is to be taken over", wrong.len());
            Trouble::new(Kind::BadConfig, format!("{lead}\n{}", lines.join("\n")))
                .help("Nothing was changed. Put that right, or leave it out, and try again.")
        })?;
        check(&settings)?;
        let places = settings.library.folders.iter().map(|one| &one.path);
        let missing = places
            .chain(&settings.scratch)
            .filter(|path| !path.is_dir())
            .map(|path| format!("{} is not there now.", path.display()));
        import.notes.extend(missing);
        if apply && settings != before {
            self.set_settings(settings).await?;
        }
        Ok(import)
    }

    /// Whether the working files' limit has room for a new job, by the lowest estimate of what it takes.
    ///
    /// # Errors
    /// [`Kind::NoSpace`].
    pub(crate) async fn check_limit(
        &self,
        probed: &Probed,
        bytes: u64,
        choice: &Choice,
        terms: &Terms,
    ) -> Result<(), Trouble> {
        let limit = self.settings().await?.scratch_limit;
        if limit.is_none() {
            return Ok(());
        }
        let workspace = self.0.workspace.clone();
        let used = tokio::task::spawn_blocking(move || workspace.used()).await;
        let (own, donated) = used.unwrap_or_default();
        let least = forecast::forecast(&sight::subject(probed, bytes), choice, None, &[]).bytes_low;
        scratch::check_limit(limit, own + donated, scratch::asked(least, bytes, terms))
    }

    /// Moves a job in the queue.
    ///
    /// # Errors
    /// No such job, or one that does not wait for its turn any more.
    pub async fn reorder(&self, job: JobId, shift: Shift) -> Result<(), Trouble> {
        self.ask(|reply| Call::Reorder(job, shift, reply)).await?
    }
}

fn unusable(folder: &Path, error: &std::io::Error) -> Trouble {
    let text = format!(
        "Working files cannot be kept in {}: {error}.",
        folder.display()
    );
    Trouble::new(Kind::BadRequest, text)
        .help("Choose a folder that is there and that you may write to.")
}

/// Whether everything is within its bounds.
fn check(settings: &Settings) -> Result<(), Trouble> {
    match faults(settings).into_iter().next() {
        Some(fault) => Err(fault.trouble()),
        None => Ok(()),
    }
}

/// What was found to be out of its bounds.
#[derive(Default)]
struct Found(Vec<Fault>);

impl Found {
    /// Takes it down where it is wrong, which one of `keys` is to blame for.
    fn note(
        &mut self,
        wrong: bool,
        keys: &'static [&'static str],
        says: impl Into<String>,
        help: &str,
    ) {
        self.0.extend(wrong.then(|| Fault {
            keys,
            says: says.into(),
            help: help.to_owned(),
            at: None,
        }));
    }
}

/// Everything that is out of its bounds.
pub(crate) fn faults(settings: &Settings) -> Vec<Fault> {
    let at_least = |what: &str, unit: &str, least: u64| {
        format!("{what} has to be at least {} {unit}.", least / 1_000_000)
    };
    let below = |value: Option<u64>, least: u64| value.is_some_and(|value| value < least);
    let mut found = Found::default();
    names(settings, &mut found);
    found.note(
        settings.donate_cores == Some(0),
        &["donate.cores"],
        "Helping takes at least one core.",
        "Turn helping off to give none.",
    );
    found.note(
        below(settings.scratch_limit, LEAST_SCRATCH),
        &["temp.limit"],
        at_least("The limit for working files", "MB", LEAST_SCRATCH),
        "A film in work needs room for its parts.",
    );
    found.note(
        below(settings.bandwidth, LEAST_BANDWIDTH),
        &["network.bandwidth"],
        at_least("The limit for the network", "MB a second", LEAST_BANDWIDTH),
        "Below that, parts of a film would be under way for too long.",
    );
    found.note(
        [settings.port, settings.web_port].contains(&Some(0)),
        &["web.port", "network.port"],
        "A port is a number from 1 to 65535.",
        "Leave it empty for the usual one.",
    );
    found.note(
        settings.port.unwrap_or(PORTS.0) == settings.web_port.unwrap_or(PORTS.1),
        &["web.port", "network.port"],
        "The page and the other computers cannot use the same port.",
        "Choose two different ones; where nothing is set, the computers have 47820 and the page 8090.",
    );
    let keep = crate::destination::check_keep(settings.replace.keep).err();
    found.0.extend(keep.map(|trouble| Fault {
        keys: &["replace.keep"],
        says: trouble.message,
        help: trouble.help,
        at: None,
    }));
    let library = library::faults(&settings.library).into_iter();
    found.0.extend(library.map(|wrong| Fault {
        keys: &["library.folders", "library.hours"],
        says: wrong.says,
        help: wrong.help,
        at: Some(format!("library.{}", wrong.field)),
    }));
    helping_faults(&settings.helping, &mut found);
    shared_faults(&settings.shared, &mut found);
    found.0
}

fn shared_faults(shared: &Shared, found: &mut Found) {
    let is_folder = |path: &PathBuf| path.is_absolute() && path.to_str().is_some();
    found.note(
        shared.folders.len() > LISTED || !shared.folders.iter().all(is_folder),
        &["shared.folders"],
        "A folder in which films of others are looked for has to be a whole path, from the root on.",
        "For example /srv/media; there can be 100 of them.",
    );
    let is_name = |name: &String| {
        let plain = !name.chars().any(char::is_control);
        plain && name.len() <= 4096 && name.contains(|c| !matches!(c, '/' | '\\'))
    };
    let is_pair = |pair: &PathPair| is_name(&pair.theirs) && is_folder(&pair.here);
    found.note(
        shared.paths.len() > LISTED || !shared.paths.iter().all(is_pair),
        &["shared.paths"],
        "A folder with another name on the other computers takes its name there and a whole path here.",
        "For example /mnt/nas/films there and /media/films here; there can be 100 of them.",
    );
}

/// What names and paths cannot be.
fn names(settings: &Settings, found: &mut Found) {
    let name = settings.name.as_str();
    found.note(
        name.len() > machine::NAME_BYTES || name.chars().any(char::is_control),
        &["node.name"],
        "A computer's name has 1 to 40 letters, fewer of other alphabets than the Latin one.",
        "Choose a shorter one.",
    );
    let relative = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| !path.is_absolute());
    found.note(
        relative(&settings.scratch),
        &["temp.dir"],
        "The folder for working files has to be a whole path, from the root on.",
        "For example /mnt/fast/tmp.",
    );
    let no_text =
        |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.to_str().is_none());
    found.note(
        no_text(&settings.scratch) || no_text(&settings.ffmpeg),
        &["temp.dir", "node.ffmpeg"],
        "This path is no text in UTF-8, so that the file of settings cannot hold it.",
        "Give the folder another name, or use another one.",
    );
}

/// More of them than anybody has.
const LISTED: usize = 100;

fn helping_faults(rules: &Rules, found: &mut Found) {
    found.note(
        rules.hours.len() > LISTED || !rules.hours.iter().all(Hours::is_sound),
        &["donate.hours"],
        "These hours make no sense.",
        "Each needs a day of the week, and times from 00:00 to 24:00.",
    );
    let is_name = |name: &String| {
        !name.trim().is_empty() && name.len() <= 200 && !name.chars().any(char::is_control)
    };
    found.note(
        rules.programs.len() > LISTED || !rules.programs.iter().all(is_name),
        &["donate.programs"],
        "This is no list of programs.",
        "Name each as its file is called, for example obs or blender.",
    );
}

impl Core {
    /// Stores what differs from `before` in the settings' file, and does what follows from it.
    pub(crate) async fn set_settings(
        &mut self,
        before: Settings,
        wanted: Settings,
    ) -> Result<(), Trouble> {
        let stored = self.with_file(move |config| config.change(&before, &wanted));
        stored.await?;
        self.config.forget_former(&self.store).await;
        self.adopt().await;
        Ok(())
    }

    /// Reads their file again, and does what follows from it.
    pub(crate) async fn reread(&mut self) -> Result<Reread, Trouble> {
        let reread = self.with_file(Config::reread).await;
        match &reread {
            Ok(reread) if !reread.changed.is_empty() => {
                tracing::info!(changed = ?reread.changed, "the settings were changed in their file");
                self.adopt().await;
            }
            Ok(_) => {}
            Err(trouble) => tracing::warn!(%trouble, "the settings stay as they were"),
        }
        reread
    }

    /// What takes the disk is done beside the loop's thread.
    async fn with_file<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Config) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let mut config = self.config.clone();
        let worked = tokio::task::spawn_blocking(move || {
            let came = work(&mut config);
            (config, came)
        });
        let (config, came) = worked.await.map_err(|error| {
            let text = format!("The settings were not stored: {error}.");
            Trouble::new(Kind::Other, text)
        })?;
        self.config = config;
        came
    }

    /// The settings in effect are others than before, or the same.
    async fn adopt(&mut self) {
        let settings = self.config.effective();
        let before = std::mem::replace(&mut self.settings, settings);
        if before.scratch != self.settings.scratch {
            self.change_scratch().await;
        }
        if before.donate_cores != self.settings.donate_cores {
            self.share();
        }
        if before.donating && !self.settings.donating && !self.manners.is_winding_down() {
            self.give_back_to_all("Helping was turned off here");
        }
        if let Some(net) = &self.net {
            net.set_hides_name(self.settings.hide_name);
            net.set_pace(self.settings.bandwidth);
        }
        self.check_scratch();
        self.mind(&before.helping);
        self.tell_about();
    }

    /// Others may use another share of this machine: what is begun for them from now on goes by it.
    pub(crate) fn share(&mut self) {
        let seats = self.abilities.shared(self.share_now()).seats();
        if let Some(bench) = &mut self.bench {
            bench.given = Arc::new(Semaphore::new(usize::from(seats)));
        }
    }

    /// Processors that others may use.
    pub(crate) fn given_cores(&self) -> u32 {
        let all = machine::describe().cores;
        self.settings
            .donate_cores
            .map_or(all, |cores| cores.clamp(1, all))
    }

    /// Working files go elsewhere from now on; those of jobs under way stay where they are.
    async fn change_scratch(&mut self) {
        // It may have another reason now, or none.
        self.notices.retain(|text| !text.starts_with(UNMOVED));
        if let Err(error) = self.workspace.set_scratch(self.settings.scratch.as_deref()) {
            self.notice(format!("{UNMOVED}{error}."));
            return;
        }
        let places = self.workspace.places();
        let stored = self
            .store
            .call(move |tables| tables.set_setting(start::PLACES, &places));
        if let Err(error) = stored.await {
            tracing::warn!(%error, "the folders of working files were not noted");
        }
    }

    /// Moves a job in the queue.
    pub(crate) fn reorder(&mut self, id: JobId, shift: Shift) -> Result<(), Trouble> {
        if !self.jobs.contains_key(&id) && !self.past.contains_key(&id) {
            return Err(Trouble::new(
                Kind::NoSuchJob,
                format!("There is no job {id}."),
            ));
        }
        let queue = self.farm.queue();
        let at = queue.iter().position(|job| *job == id);
        let Some(at) = at else {
            let over = self
                .past
                .get(&id)
                .is_none_or(|past| !matches!(past.state, JobState::Paused(_)));
            let text = if over {
                "The job is over: it has no place in the queue."
            } else {
                "The job was interrupted and is not in the queue: resume it first."
            };
            return Err(Trouble::new(Kind::NotNow, text));
        };
        let to = match shift {
            Shift::Top => 0,
            Shift::Up => at.saturating_sub(1),
            Shift::Down => (at + 1).min(queue.len() - 1),
            Shift::Bottom => queue.len() - 1,
        };
        if to != at {
            let to = u32::try_from(to).unwrap_or(u32::MAX);
            self.pending
                .push_back(schedule::Input::Reorder { job: id, to });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_set_has_its_sentence() {
        let usual = Settings::default;
        assert!(check(&usual()).is_ok());
        let no_day = Hours {
            days: Vec::new(),
            from_min: 0,
            to_min: 60,
        };
        let helping = |hours: Vec<Hours>, programs: &[&str]| Settings {
            helping: Rules {
                hours,
                programs: programs.iter().map(|name| (*name).to_owned()).collect(),
                ..Rules::default()
            },
            ..usual()
        };
        let wrong = [
            helping(vec![no_day], &[]),
            helping(Vec::new(), &["obs", " "]),
            Settings {
                replace: crate::status::Replace {
                    keep: crate::status::Keep::Days(0),
                    ..Default::default()
                },
                ..usual()
            },
            Settings {
                donate_cores: Some(0),
                ..usual()
            },
            Settings {
                scratch_limit: Some(5),
                ..usual()
            },
            Settings {
                bandwidth: Some(999_999),
                ..usual()
            },
            Settings {
                scratch: Some("tmp".into()),
                ..usual()
            },
            Settings {
                shared: Shared {
                    folders: vec!["media".into()],
                    ..Shared::default()
                },
                ..usual()
            },
            Settings {
                shared: Shared {
                    paths: vec![PathPair {
                        theirs: "//".to_owned(),
                        here: std::env::temp_dir(),
                    }],
                    ..Shared::default()
                },
                ..usual()
            },
            Settings {
                port: Some(0),
                ..usual()
            },
            Settings {
                port: Some(9000),
                web_port: Some(9000),
                ..usual()
            },
            Settings {
                port: Some(8090),
                ..usual()
            },
            Settings {
                web_port: Some(47820),
                ..usual()
            },
        ];
        for settings in wrong {
            let refused = check(&settings).unwrap_err();
            assert_eq!(refused.kind, Kind::BadRequest);
            assert!(
                refused.message.ends_with('.') && refused.help.ends_with('.'),
                "{refused:?}"
            );
        }
        let fine = Settings {
            donate_cores: Some(4),
            scratch: Some(std::env::temp_dir()),
            scratch_limit: Some(LEAST_SCRATCH),
            bandwidth: Some(LEAST_BANDWIDTH),
            port: Some(47821),
            web_port: Some(8091),
            ..usual()
        };
        assert!(check(&fine).is_ok());
    }
}
