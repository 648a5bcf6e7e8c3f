//! How this computer behaves as a donor: what was noticed goes to [`Etiquette`], what follows is done here. Its own
//! user's films are never touched by any of this.

use std::sync::mpsc::Sender;
use std::time::Duration;

use etiquette::{Begun, Etiquette, Reason, Rules, Senses, Standing};
use ffmpeg::hold::{self, Hold};
use peer::PauseReason;
use sense::Wanted;
use tokio::sync::watch;

use crate::driver::Core;
use crate::machine;
use crate::senses::Attention;
use crate::status::{Helping, Settings};
use crate::trouble::{Kind, Trouble};

/// While something is done for others whoever sits down is noticed within a second.
const OFTEN: Duration = Duration::from_secs(1);
/// Else within a few.
const SELDOM: Duration = Duration::from_secs(5);

/// What the loop keeps of it.
#[derive(Debug)]
pub(crate) struct Manners {
    etiquette: Etiquette,
    standing: Standing,
    still: watch::Sender<bool>,
    back: watch::Sender<Option<PauseReason>>,
    attention: Sender<Option<Attention>>,
    /// What was last asked for.
    asked: Option<Attention>,
    on_battery: bool,
    /// Helping was turned off, and what is under way for others is still finished.
    winding_down: bool,
}

/// For those who work for others: whether to stand still, or to give everything back.
#[derive(Clone, Debug)]
pub(crate) struct Guidance {
    still: watch::Receiver<bool>,
    back: watch::Receiver<Option<PauseReason>>,
}

impl Guidance {
    /// For runs.
    pub fn hold(&self) -> Hold {
        Hold::new(self.still.clone())
    }

    /// Returns when the work is to be given back, with the reason for its owner.
    pub async fn gives_back(&self) -> PauseReason {
        let mut back = self.back.clone();
        let told = back.wait_for(Option::is_some).await;
        match told.ok().and_then(|reason| *reason) {
            Some(reason) => reason,
            // The loop is over, and its tasks with it.
            None => std::future::pending().await,
        }
    }
}

impl Manners {
    /// By what the user has set.
    pub fn new(settings: &Settings, attention: Sender<Option<Attention>>) -> Self {
        Self {
            etiquette: Etiquette::new(settings.helping.clone(), hold::IS_POSSIBLE),
            standing: Standing::default(),
            still: watch::Sender::new(false),
            back: watch::Sender::new(None),
            attention,
            asked: None,
            on_battery: false,
            winding_down: false,
        }
    }

    /// For those who work for others.
    pub fn guidance(&self) -> Guidance {
        Guidance {
            still: self.still.subscribe(),
            back: self.back.subscribe(),
        }
    }

    /// Whether what is under way for others is just being finished.
    pub fn is_winding_down(&self) -> bool {
        self.winding_down
    }

    /// What others are told of why nothing new is begun for them. Which program runs is nobody's business.
    pub fn rest(&self) -> Option<PauseReason> {
        if self.winding_down {
            return Some(PauseReason::ByHand);
        }
        self.standing.rest.as_ref().map(told)
    }

    /// Takes on a new standing. Whether others may have another share of this computer than before.
    fn stand(&mut self, standing: Standing) -> bool {
        let (begun, reason) = (standing.begun, standing.rest.as_ref().map(told));
        self.still.send_if_modified(|still| {
            std::mem::replace(still, begun == Begun::StandsStill) != *still
        });
        let back = reason.filter(|_| begun == Begun::GoesBack);
        self.back
            .send_if_modified(|was| std::mem::replace(was, back) != back);
        let other_share = standing.half != self.standing.half;
        self.standing = standing;
        other_share
    }

    fn attend(&mut self, attention: Option<Attention>, at_once: bool) {
        if self.asked != attention || at_once {
            self.asked.clone_from(&attention);
            // Where nothing can be noticed nothing is in the way.
            let _ = self.attention.send(attention);
        }
    }
}

fn told(reason: &Reason) -> PauseReason {
    match reason {
        Reason::OnBattery => PauseReason::OnBattery,
        Reason::PowerSaver => PauseReason::PowerSaver,
        Reason::Program(_) | Reason::InUse | Reason::Untold => PauseReason::InUse,
        Reason::OtherLoad => PauseReason::OtherLoad,
        Reason::OutsideHours => PauseReason::Schedule,
        Reason::LowDisk => PauseReason::LowDisk,
    }
}

/// Half of the processors, whatever number of threads each has.
fn half() -> u32 {
    (machine::describe().physical / 2).max(1)
}

impl Core {
    /// Whether this computer works for others, or still finishes what it has begun.
    pub(crate) fn donates(&self) -> bool {
        self.settings.donating || self.manners.winding_down
    }

    /// Whether anything is done for others here: for all, or for some that own a film of this computer.
    fn works_for_others(&self) -> bool {
        self.donates() || !self.helped().is_empty()
    }

    /// Processors that others may use now; `None`: all.
    pub(crate) fn share_now(&self) -> Option<u32> {
        let set = self.settings.donate_cores;
        if self.manners.standing.half {
            return Some(set.map_or(half(), |cores| cores.min(half())));
        }
        set
    }

    /// Why nothing new is begun for others.
    pub(crate) fn pause_reason(&self) -> Option<PauseReason> {
        let measuring = self.measuring.then_some(PauseReason::Measuring);
        measuring.or_else(|| self.manners.rest())
    }

    /// Something was noticed. Whether it changes what is shown.
    pub(crate) fn sensed(&mut self, senses: &Senses, at: Duration) -> bool {
        if !self.works_for_others() {
            return false;
        }
        let standing = self.manners.etiquette.notice(senses, at);
        let plugged = std::mem::replace(&mut self.manners.on_battery, senses.on_battery);
        let news = plugged != senses.on_battery;
        let changed = self.take_stand(standing) || news;
        self.pay_attention(false);
        changed
    }

    fn take_stand(&mut self, standing: Standing) -> bool {
        if self.manners.standing == standing {
            return false;
        }
        tracing::info!(?standing, "as a donor");
        if self.manners.stand(standing) {
            self.share();
        }
        self.tell_about();
        true
    }

    /// Looks at what matters now, as often as it matters.
    pub(crate) fn pay_attention(&mut self, at_once: bool) {
        if !self.works_for_others() || self.bench.is_none() {
            self.manners.attend(None, false);
            return;
        }
        let etiquette = &self.manners.etiquette;
        let wanted = Wanted {
            person: etiquette.minds_people(),
            load: etiquette.minds_load(),
            programs: self.settings.helping.programs.clone(),
            folder: Some(self.workspace.scratch()),
        };
        let every = if self.guests.is_empty() {
            SELDOM
        } else {
            OFTEN
        };
        self.manners
            .attend(Some(Attention { wanted, every }), at_once);
    }

    /// Other rules, or helping at all, were set.
    pub(crate) fn mind(&mut self, before: &Rules) {
        if *before != self.settings.helping {
            self.manners
                .etiquette
                .set_rules(self.settings.helping.clone());
        }
        if self.settings.donating {
            self.manners.winding_down = false;
        } else if !self.manners.winding_down && self.helped().is_empty() {
            self.take_stand(Standing::default());
        }
        self.pay_attention(true);
    }

    /// Turns helping off once what is under way for others is done.
    pub(crate) async fn wind_down(&mut self) -> Result<(), Trouble> {
        self.manners.winding_down = self.settings.donating && !self.guests.is_empty();
        let settings = Settings {
            donating: false,
            ..self.settings.clone()
        };
        let set = self.set_settings(self.settings.clone(), settings).await;
        if set.is_err() {
            self.manners.winding_down = false;
        }
        set
    }

    /// Turns helping on, or off at once.
    pub(crate) async fn donate(&mut self, on: bool) -> Result<(), Trouble> {
        if std::mem::take(&mut self.manners.winding_down) && !on {
            self.give_back_to_all("Helping was turned off here");
        }
        let settings = Settings {
            donating: on,
            ..self.settings.clone()
        };
        self.set_settings(self.settings.clone(), settings).await
    }

    /// The last of what was under way may be done.
    pub(crate) fn wound_down(&mut self) {
        if self.manners.winding_down && self.guests.is_empty() {
            self.manners.winding_down = false;
            self.take_stand(Standing::default());
        }
    }

    /// Helps on the battery, too, until it is plugged in again; or not.
    pub(crate) fn help_on_battery(&mut self, on: bool) -> Result<(), Trouble> {
        if on && !(self.donates() && self.manners.on_battery) {
            let text = if self.donates() {
                "This computer is not running on its battery."
            } else {
                "Helping is off on this computer."
            };
            return Err(Trouble::new(Kind::NotNow, text)
                .help("This is for a computer that helps and has just been unplugged."));
        }
        self.manners.etiquette.help_on_battery(on);
        self.pay_attention(true);
        Ok(())
    }

    /// For people.
    pub(crate) fn helping(&self) -> Helping {
        let all = machine::describe().cores;
        Helping {
            mode: self.settings.helping.mode,
            rest: self
                .manners
                .standing
                .rest
                .clone()
                .filter(|_| self.works_for_others()),
            begun: u32::try_from(self.guests.len()).unwrap_or(u32::MAX),
            stands_still: self.manners.standing.begun == Begun::StandsStill
                && !self.guests.is_empty(),
            cores: self.share_now().map_or(all, |cores| cores.clamp(1, all)),
            half_cores: half().min(all),
            on_battery: self.manners.on_battery && self.works_for_others(),
            battery_too: self.manners.etiquette.helps_on_battery(),
            winding_down: self.manners.winding_down,
        }
    }
}
