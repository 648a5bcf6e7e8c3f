//! Another computer as the loop knows it.

use std::collections::BTreeSet;

use media::filter::Skill;
use peer::{About, PauseReason, Rights, TaskId};
use schedule::PeerId;

use crate::status::{EncoderStatus, Load};

/// A paired computer, or one seen nearby.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub id: PeerId,
    pub name: String,
    pub paired: bool,
    /// What the two may ask of each other, as set here.
    pub rights: Rights,
    /// As set there, where it says so; while connected.
    pub theirs: Option<Rights>,
    /// Who shows another key in its place; until it is connected again.
    pub presented: Option<PeerId>,
    /// What it last said of itself; while connected.
    pub about: Option<About>,
    pub address: Option<String>,
    pub last_seen_ms: Option<i64>,
    pub trouble: Option<String>,
    /// How busy it is, where it says so; while connected.
    pub load: Option<Load>,
    /// Tasks of ours that it says it still has, and nobody here has asked for yet; while connected.
    pub holding: Option<BTreeSet<TaskId>>,
}

impl Neighbour {
    /// Its encoders as it says.
    pub fn encoders(&self) -> Vec<EncoderStatus> {
        let offers = self.about.iter().flat_map(|about| &about.encoders);
        offers
            .map(|o| EncoderStatus {
                encoder: o.encoder,
                fps_1080p: f64::from(o.fps_1080p),
                seats: u32::from(o.seats.max(1)),
            })
            .collect()
    }

    /// Why it takes nothing new, though it helps; while connected.
    pub fn rests(&self) -> Option<PauseReason> {
        self.about.as_ref()?.paused
    }

    /// What it can do to a picture, as it says; nothing where it is an older build.
    pub fn skill(&self) -> Skill {
        let about = self.about.as_ref();
        about.map_or(Skill::None, |about| about.filters)
    }

    /// Whether it takes whole films of this computer, as it says; while connected.
    pub fn takes_films(&self) -> bool {
        self.rights.i_may_use && self.about.as_ref().is_some_and(|about| about.films)
    }

    /// For the scheduler: nothing unless it helps us. Who only rests keeps what was learnt of its speed.
    pub fn offers(&self) -> Vec<schedule::Offer> {
        let helps = self.rights.i_may_use && self.about.as_ref().is_some_and(|a| a.donating);
        if !helps {
            return Vec::new();
        }
        let offers = self.about.iter().flat_map(|about| &about.encoders);
        let skill = self.skill();
        offers
            .flat_map(|o| {
                crate::capability::offers(
                    o.encoder,
                    o.ten_bit,
                    f64::from(o.fps_1080p),
                    u32::from(o.seats.max(1)),
                    skill,
                )
            })
            .collect()
    }
}
