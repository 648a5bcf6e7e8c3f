//! What happened, as whole view models with a number.
//!
//! [`difference`] is the rule that makes events of two looks at the same thing; it does no IO and knows no time.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::view::{Computer, ComputerId, Here, Job, JobId, Pairing, Scene};

/// An event and its number. Numbers of one node's run follow each other without a gap; a client that sees
/// one (or a number that falls: the node was started again) asks for a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Numbered {
    /// The event's number.
    pub seq: u64,
    /// What happened.
    pub event: Event,
}

/// Something is not as it was: here it is, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", content = "what", rename_all = "snake_case")]
pub enum Event {
    /// This computer's node.
    Here(Here),
    /// Another computer, new or changed.
    Computer(Computer),
    /// A computer that is not there any more.
    ComputerGone(ComputerId),
    /// A job, new or changed.
    Job(Job),
    /// A job that was forgotten.
    JobGone(JobId),
    /// How pairing by code stands.
    Pairing(Pairing),
}

/// What must be told so that someone who knows `before` knows `after`: nothing if they are the same.
pub fn difference(before: &Scene, after: &Scene) -> Vec<Event> {
    let mut events = Vec::new();
    if before.here != after.here {
        events.push(Event::Here(after.here.clone()));
    }
    let (changed, gone) = compare(&before.computers, &after.computers, |one| &one.id);
    events.extend(changed.into_iter().cloned().map(Event::Computer));
    events.extend(
        gone.into_iter()
            .map(|one| Event::ComputerGone(one.id.clone())),
    );
    let (changed, gone) = compare(&before.jobs, &after.jobs, |one| &one.id);
    events.extend(changed.into_iter().cloned().map(Event::Job));
    events.extend(gone.into_iter().map(|one| Event::JobGone(one.id)));
    if before.pairing != after.pairing {
        events.push(Event::Pairing(after.pairing.clone()));
    }
    events
}

/// Those of `after` that are new or changed, and those of `before` that are gone.
fn compare<'a, T: PartialEq, K: Ord + 'a>(
    before: &'a [T],
    after: &'a [T],
    key: impl Fn(&'a T) -> &'a K,
) -> (Vec<&'a T>, Vec<&'a T>) {
    let old: BTreeMap<&K, &T> = before.iter().map(|one| (key(one), one)).collect();
    let new: BTreeSet<&K> = after.iter().map(&key).collect();
    let changed = after
        .iter()
        .filter(|one| old.get(key(one)) != Some(one))
        .collect();
    let gone = before
        .iter()
        .filter(|one| !new.contains(key(one)))
        .collect();
    (changed, gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::{computer, job, scene};
    use crate::view::JobState;

    #[test]
    fn the_same_scene_tells_nothing() {
        assert_eq!(difference(&scene(), &scene()), []);
    }

    #[test]
    fn only_what_changed_is_told_and_whole() {
        let mut before = scene();
        before.jobs = vec![job(1, "a.mkv"), job(2, "b.mkv")];
        before.computers = vec![computer("Kitchen"), computer("Attic")];
        let mut after = before.clone();
        after.jobs[0].state = JobState::Processing;
        after.jobs.remove(1);
        after.computers.remove(1);
        after.computers.push(computer("Cellar"));
        let expected = [
            Event::Computer(computer("Cellar")),
            Event::ComputerGone(computer("Attic").id),
            Event::Job(after.jobs[0].clone()),
            Event::JobGone(JobId(2)),
        ];
        assert_eq!(difference(&before, &after), expected);
    }
}
