//! What the user may set: what is allowed, and what follows at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use media::choice::Choice;
use schedule::JobId;
use tokio::sync::Semaphore;

use crate::driver::Core;
use crate::node::{Node, Shift};
use crate::probe::Probed;
use crate::status::{Hours, JobState, Rules, Settings};
use crate::trouble::{Kind, Trouble};
use crate::{forecast, machine, scratch, sight, start};

/// The least that may be set for working files, bytes: a few segments on their way.
const LEAST_SCRATCH: u64 = 1_000_000_000;
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
        self.ask(|reply| crate::driver::Call::SetSettings(Box::new(settings), reply))
            .await?
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
    ) -> Result<(), Trouble> {
        let limit = self.settings().await?.scratch_limit;
        if limit.is_none() {
            return Ok(());
        }
        let workspace = self.0.workspace.clone();
        let used = tokio::task::spawn_blocking(move || workspace.used()).await;
        let (own, donated) = used.unwrap_or_default();
        let least = forecast::forecast(&sight::subject(probed, bytes), choice, None, &[]).bytes_low;
        scratch::check_limit(limit, own + donated, least)
    }

    /// Moves a job in the queue.
    ///
    /// # Errors
    /// No such job, or one that does not wait for its turn any more.
    pub async fn reorder(&self, job: JobId, shift: Shift) -> Result<(), Trouble> {
        self.ask(|reply| crate::driver::Call::Reorder(job, shift, reply))
            .await?
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
    let bad = |text: String, help: &str| Err(Trouble::new(Kind::BadRequest, text).help(help));
    let at_least = |what: &str, unit: &str, least: u64| {
        format!("{what} has to be at least {} {unit}.", least / 1_000_000)
    };
    if settings.donate_cores == Some(0) {
        let text = "Helping takes at least one core.".to_owned();
        return bad(text, "Turn helping off to give none.");
    }
    if settings
        .scratch_limit
        .is_some_and(|limit| limit < LEAST_SCRATCH)
    {
        let text = at_least("The limit for working files", "MB", LEAST_SCRATCH);
        return bad(text, "A film in work needs room for its parts.");
    }
    if settings
        .bandwidth
        .is_some_and(|limit| limit < LEAST_BANDWIDTH)
    {
        let text = at_least("The limit for the network", "MB a second", LEAST_BANDWIDTH);
        return bad(
            text,
            "Below that, parts of a film would be under way for too long.",
        );
    }
    let relative = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| !path.is_absolute());
    if relative(&settings.scratch) {
        let text =
            "The folder for working files has to be a whole path, from the root on.".to_owned();
        return bad(text, "For example /mnt/fast/tmp.");
    }
    if [settings.port, settings.web_port].contains(&Some(0)) {
        let text = "A port is a number from 1 to 65535.".to_owned();
        return bad(text, "Leave it empty for the usual one.");
    }
    check_helping(&settings.helping)?;
    crate::destination::check_keep(settings.replace.keep)?;
    if settings.port.is_some() && settings.port == settings.web_port {
        let text = "The page and the other computers cannot use the same port.".to_owned();
        return bad(text, "Choose two different ones.");
    }
    Ok(())
}

/// More of them than anybody has.
const LISTED: usize = 100;

fn check_helping(rules: &Rules) -> Result<(), Trouble> {
    let bad = |text: &str, help: &str| Err(Trouble::new(Kind::BadRequest, text).help(help));
    if rules.hours.len() > LISTED || !rules.hours.iter().all(Hours::is_sound) {
        return bad(
            "These hours make no sense.",
            "Each needs a day of the week, and times from 00:00 to 24:00.",
        );
    }
    let is_name = |name: &String| {
        !name.trim().is_empty() && name.len() <= 200 && !name.chars().any(char::is_control)
    };
    if rules.programs.len() > LISTED || !rules.programs.iter().all(is_name) {
        return bad(
            "This is no list of programs.",
            "Name each as its file is called, for example obs or blender.",
        );
    }
    Ok(())
}

impl Core {
    /// Stores the settings, and does what follows from them.
    pub(crate) async fn set_settings(&mut self, settings: Settings) -> Result<(), Trouble> {
        let stored = settings.clone();
        let written = self
            .store
            .call(move |tables| tables.set_setting("settings", &stored))
            .await;
        written.map_err(|e| {
            Trouble::new(
                Kind::BadDataFolder,
                format!("The settings cannot be stored: {e}."),
            )
        })?;
        let before = std::mem::replace(&mut self.settings, settings);
        if before.scratch != self.settings.scratch {
            self.change_scratch().await;
        }
        if before.donate_cores != self.settings.donate_cores {
            self.share();
        }
        if before.donating && !self.settings.donating && !self.manners.is_winding_down() {
            self.give_back(None, "Helping was turned off here");
        }
        if let Some(net) = &self.net {
            net.set_hides_name(self.settings.hide_name);
            net.set_pace(self.settings.bandwidth);
        }
        self.check_scratch();
        self.mind(&before.helping);
        self.tell_about();
        Ok(())
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
        if let Err(error) = self.workspace.set_scratch(self.settings.scratch.as_deref()) {
            self.notices
                .push(format!("Working files stay where they were: {error}."));
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
                port: Some(0),
                ..usual()
            },
            Settings {
                port: Some(9000),
                web_port: Some(9000),
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
