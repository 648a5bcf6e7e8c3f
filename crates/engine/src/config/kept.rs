//! The settings as a running node keeps them: read when it starts, written when they are changed from within, read
//! again when the file was changed from without.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use store::Store;
use tokio::sync::mpsc;

use super::edit::{HEADER, edit};
use super::keys::{KEYS, Key};
use super::layers::Layers;
use super::read::{Said, read};
use super::{Complaint, ConfigStatus, Fault, NAME, Reread, Sources, environment, file, trouble};
use crate::driver::{Call, Mail};
use crate::machine;
use crate::status::Settings;
use crate::trouble::{Kind, Trouble, in_words, sentence};

/// The database's key of the settings, as they were kept before there was a file.
const FORMER: &str = "settings";

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The settings, and the file they are in.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    path: PathBuf,
    layers: Layers,
    /// The text that is in effect; `None` where there was no file.
    seen: Option<String>,
    /// What is wrong with the text that is there and not in effect.
    complaints: Vec<Complaint>,
    /// The database has settings of before that could not be written into the file yet.
    unwritten: bool,
}

/// What is typed for one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThisTime {
    pub name: Option<String>,
    pub donate: Option<bool>,
}

impl Config {
    /// Reads everything; what the database has from before is written into the file once. Sentences for the user come
    /// with it.
    ///
    /// # Errors
    /// What is wrong with the file or a variable: a node does not start with half of what was meant.
    pub async fn open(
        data_dir: &Path,
        sources: &Sources,
        this_time: &ThisTime,
        store: &Store,
    ) -> Result<(Self, Vec<String>), Trouble> {
        let path = sources.file.clone();
        let path = path.unwrap_or_else(|| data_dir.join(NAME));
        let text = file::read(&path).map_err(|error| unreadable(&path, &error))?;
        let said = said(&path, text.as_deref())?;
        let variables = environment::read(&sources.variables)
            .map_err(|wrong| trouble("A variable of the environment makes no sense.", &wrong))?;
        let mut notices = variables.strange.clone();
        let typed = this_time.keys();
        let host = machine::host_name();
        let former = former(store, &host).await?;
        let layers = Layers::new(
            said.settings.clone(),
            &variables,
            (&typed.0, &typed.1),
            host,
        );
        let mut config = Self {
            path,
            layers,
            seen: text,
            complaints: Vec::new(),
            unwritten: false,
        };
        let wrong = config.complaints_of(&config.layers.faults());
        if !wrong.is_empty() {
            return Err(trouble("These settings do not go together.", &wrong));
        }
        if let Some(former) = former {
            notices.extend(config.take_over(&former, &said));
            config.forget_former(store).await;
        }
        Ok((config, notices))
    }

    /// The settings of before are in the file now: they go from the database.
    pub async fn forget_former(&self, store: &Store) {
        if self.unwritten {
            return;
        }
        let cleared = store.call(|tables| tables.clear_setting(FORMER)).await;
        if let Err(error) = cleared {
            tracing::warn!(%error, "the settings of before are still in the database");
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What counts.
    pub fn effective(&self) -> Settings {
        self.layers.effective()
    }

    /// For people.
    pub fn status(&self) -> ConfigStatus {
        ConfigStatus {
            path: self.path.clone(),
            exists: self.path.exists(),
            complaints: self.complaints.clone(),
            effects: self.layers.effects(),
        }
    }

    /// Why the file does not count, for the list of notices.
    pub fn notice(&self) -> Option<String> {
        let first = self.complaints.first()?;
        let more = match self.complaints.len() - 1 {
            0 => String::new(),
            1 => " (and one more mistake)".to_owned(),
            more => format!(" (and {more} more mistakes)"),
        };
        Some(format!(
            "{first}{more} Until that is put right, the settings stay as they were."
        ))
    }

    /// Changes what is wanted otherwise than `before`, in the file, and counts it. What somebody wrote there, or set,
    /// meanwhile is kept and counts, too.
    ///
    /// # Errors
    /// What stands in a variable; what is out of bounds; a file that is broken or cannot be written.
    pub fn change(&mut self, before: &Settings, wanted: &Settings) -> Result<(), Trouble> {
        let changed = self.layers.changed(before, wanted)?;
        if changed.is_empty() {
            return Ok(());
        }
        let text = file::read(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        // What was taken away from under a running node is written anew, with all it holds.
        let now = match &text {
            Some(text) if !self.unwritten => said(&self.path, Some(text))?.settings,
            _ => self.layers.file.clone(),
        };
        let mut next = now.clone();
        changed.iter().for_each(|key| (key.copy)(&mut next, wanted));
        let mut layers = self.layers.clone();
        layers.file = next;
        layers.settle(&changed);
        if let Some(fault) = layers.faults().into_iter().next() {
            return Err(fault.trouble());
        }
        let mut keys = changed;
        if text.is_none() || self.unwritten {
            keys.extend(set_in(&layers.file));
        }
        self.write(text, &keys, &layers.file)?;
        self.layers = layers;
        self.complaints.clear();
        self.unwritten = false;
        Ok(())
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// What is wrong with it; everything stays as it was, and [`Config::notice`] says so.
    pub fn reread(&mut self) -> Result<Reread, Trouble> {
        let text = match file::read(&self.path) {
            Ok(Some(text)) => text,
            // One that is gone takes nothing with it but its mistakes.
            Ok(None) => {
                self.complaints.clear();
                return Ok(Reread::default());
            }
            Err(error) => {
                self.complaints = vec![Complaint {
                    source: name(&self.path),
                    line: None,
                    says: format!("it cannot be read: {}.", in_words(&error)),
                }];
                return Err(unreadable(&self.path, &error));
            }
        };
        if self.seen.as_ref() == Some(&text) {
            self.complaints.clear();
            return Ok(Reread::default());
        }
        let mut layers = self.layers.clone();
        let read = read(&text, &name(&self.path)).and_then(|said| {
            layers.file = said.settings;
            match self.complaints_of(&layers.faults()) {
                none if none.is_empty() => Ok(()),
                wrong => Err(wrong),
            }
        });
        if let Err(wrong) = read {
            let refused = trouble(&lead(&self.path, wrong.len()), &wrong);
            self.complaints = wrong;
            return Err(refused);
        }
        self.complaints.clear();
        let reread = difference(&self.effective(), &layers.effective());
        self.layers = layers;
        self.seen = Some(text);
        Ok(reread)
    }

    /// Writes these keys into `text`, or into a new file.
    fn write(
        &mut self,
        text: Option<String>,
        keys: &[&Key],
        settings: &Settings,
    ) -> Result<(), Trouble> {
        let cannot = |why: &str| {
            let text = format!(
                "The settings cannot be stored in {}: {why}.",
                self.path.display()
            );
            Trouble::new(Kind::BadDataFolder, text)
        };
        let before = text.as_deref();
        let next = edit(before.unwrap_or(HEADER), keys, settings).ok_or_else(|| {
            cannot("it is written in a way that cannot be changed from here")
                .help("Change it in an editor, or write each section as a line such as [web] with its settings below it.")
        })?;
        file::write(&self.path, &next, before).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                cannot("somebody else is writing there just now").help("Try again.")
            }
            _ => cannot(&in_words(&error))
                .help("See whether there is room on its disk, and whether you may write there."),
        })?;
        self.seen = Some(next);
        Ok(())
    }

    /// Writes what the database has from before into the file, where that says nothing of it.
    fn take_over(&mut self, former: &Settings, said: &Said) -> Option<String> {
        let mut keys = set_in(former);
        keys.retain(|key| !said.lines.contains_key(&key.path()));
        if keys.is_empty() {
            return None;
        }
        let mut file = self.layers.file.clone();
        keys.iter().for_each(|key| (key.copy)(&mut file, former));
        let written = self.write(self.seen.clone(), &keys, &file);
        self.layers.file = file;
        let trouble = written.err()?;
        self.unwritten = true;
        Some(format!("{} They count as before.", trouble.message))
    }

    /// Faults with the place where the value stands.
    fn complaints_of(&self, faults: &[Fault]) -> Vec<Complaint> {
        let one = |fault: &Fault| {
            let variable = fault.keys.iter().find_map(|key| self.layers.variable(key));
            Complaint {
                source: variable.map_or_else(|| name(&self.path), str::to_owned),
                line: None,
                says: format!("{} {}", fault.says, fault.help),
            }
        };
        faults.iter().map(one).collect()
    }
}

impl ThisTime {
    /// What was typed, as keys and their values.
    fn keys(&self) -> (Vec<&'static Key>, Settings) {
        let mut settings = Settings::default();
        let mut keys = Vec::new();
        if let Some(name) = &self.name {
            settings.name.clone_from(name);
            keys.extend(super::keys::key("node", "name"));
        }
        if let Some(donate) = self.donate {
            settings.donating = donate;
            keys.extend(super::keys::key("donate", "enabled"));
        }
        (keys, settings)
    }
}

/// Tells the loop whenever the file was changed and has come to rest, for as long as there is a loop.
pub(crate) async fn watch_file(mail: mpsc::UnboundedSender<Mail>, path: PathBuf) {
    let look = async |path: PathBuf| {
        let looked = tokio::task::spawn_blocking(move || file::stamp(&path)).await;
        looked.ok()
    };
    let mut known = look(path.clone()).await;
    let mut before = known.clone();
    while !mail.is_closed() {
        tokio::time::sleep(LOOK).await;
        let now = look(path.clone()).await;
        if now != known && now == before {
            known.clone_from(&now);
            if mail.send(Mail::Call(Call::Reread(None))).is_err() {
                return;
            }
        }
        before = now;
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn lead(path: &Path, mistakes: usize) -> String {
    super::lead(&path.display().to_string(), mistakes)
}

fn unreadable(path: &Path, error: &io::Error) -> Trouble {
    let text = format!("{} cannot be read: {}", path.display(), in_words(error));
    sentence(Kind::BadConfig, &text)
        .help("See what it is and whether you may read it, or name another file with --config.")
}

/// What a file says that is there; nothing where it is not.
fn said(path: &Path, text: Option<&str>) -> Result<Said, Trouble> {
    let read = read(text.unwrap_or_default(), &name(path));
    read.map_err(|wrong| trouble(&lead(path, wrong.len()), &wrong))
}

/// Keys that are set there.
fn set_in(settings: &Settings) -> Vec<&'static Key> {
    let usual = Settings::default();
    KEYS.iter()
        .filter(|key| !(key.same)(settings, &usual))
        .collect()
}

fn difference(before: &Settings, after: &Settings) -> Reread {
    let changed = KEYS.iter().filter(|key| !(key.same)(before, after));
    let (mut all, mut later) = (Vec::new(), Vec::new());
    for key in changed {
        all.push(key.path());
        if key.later {
            later.push(key.path());
        }
    }
    Reread {
        changed: all,
        later,
    }
}

/// What the database has from before there was a file. The computer's own name was never set.
async fn former(store: &Store, host: &str) -> Result<Option<Settings>, Trouble> {
    let former = store.call(|tables| tables.setting::<Settings>(FORMER));
    let mut former = former.await.map_err(|error| {
        sentence(
            Kind::BadDataFolder,
            &format!("the settings of before cannot be read: {error}"),
        )
    })?;
    if let Some(former) = former.as_mut().filter(|former| former.name == host) {
        former.name.clear();
    }
    Ok(former)
}
