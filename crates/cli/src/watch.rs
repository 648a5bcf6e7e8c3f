//! What there is to show, kept up to date from events.

use api::{ApiError, ErrorCode, Event, Job, JobId, Scene, call};

use crate::door::{Door, Feed};

/// A scene that follows a node.
pub struct Watch {
    feed: Feed,
    seq: u64,
    /// Everything there is to show.
    pub scene: Scene,
}

impl Watch {
    /// Starts to follow.
    ///
    /// # Errors
    /// If the node has stopped.
    pub async fn start(door: &Door) -> Result<Self, ApiError> {
        // Events first: what happens before the snapshot is in it, and is skipped by its number.
        let feed = door.events().await?;
        let snapshot = door.call(call::Snapshot {}).await?;
        Ok(Self {
            feed,
            seq: snapshot.seq,
            scene: snapshot.scene,
        })
    }

    /// Waits until something has changed.
    ///
    /// # Errors
    /// [`ErrorCode::NoNode`] if the node has stopped.
    pub async fn next(&mut self, door: &Door) -> Result<(), ApiError> {
        loop {
            let Some(numbered) = self.feed.next().await else {
                return Err(ApiError::new(ErrorCode::NoNode, "The node has stopped.")
                    .help("Its jobs go on when it is started again: `manyhands serve`."));
            };
            if numbered.seq <= self.seq {
                continue;
            }
            if numbered.seq == self.seq + 1 {
                self.seq = numbered.seq;
                apply(&mut self.scene, numbered.event);
            } else {
                self.refresh(door).await?;
            }
            return Ok(());
        }
    }

    /// Looks anew, for what has been asked for since and is not in an event yet.
    ///
    /// # Errors
    /// [`ErrorCode::NoNode`] if the node has stopped.
    pub async fn refresh(&mut self, door: &Door) -> Result<(), ApiError> {
        let snapshot = door.call(call::Snapshot {}).await?;
        (self.seq, self.scene) = (snapshot.seq, snapshot.scene);
        Ok(())
    }

    /// The job with this number.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.scene.jobs.iter().find(|job| job.id == id)
    }
}

/// Puts what an event brings in place of what was there.
fn apply(scene: &mut Scene, event: Event) {
    match event {
        Event::Here(here) => scene.here = here,
        Event::Computer(new) => match scene.computers.iter_mut().find(|old| old.id == new.id) {
            Some(old) => *old = new,
            None => scene.computers.push(new),
        },
        Event::ComputerGone(id) => scene.computers.retain(|old| old.id != id),
        Event::Job(new) => match scene.jobs.iter_mut().find(|old| old.id == new.id) {
            Some(old) => *old = new,
            None => scene.jobs.insert(0, new),
        },
        Event::JobGone(id) => scene.jobs.retain(|old| old.id != id),
        Event::Pairing(pairing) => scene.pairing = pairing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::JobState;
    use api::rehearsal::{computer, job, scene};

    #[test]
    fn events_replace_add_and_remove() {
        let mut now = scene();
        apply(&mut now, Event::Job(job(1, "a.mkv")));
        apply(&mut now, Event::Job(job(2, "b.mkv")));
        let held = Job {
            state: JobState::Paused {
                reason: String::new(),
            },
            ..job(1, "a.mkv")
        };
        apply(&mut now, Event::Job(held.clone()));
        apply(&mut now, Event::Computer(computer("Kitchen")));
        apply(&mut now, Event::Computer(computer("Attic")));
        apply(&mut now, Event::ComputerGone(computer("Kitchen").id));
        assert_eq!(now.jobs, [job(2, "b.mkv"), held]);
        assert_eq!(now.computers, [computer("Attic")]);
        apply(&mut now, Event::JobGone(JobId(2)));
        assert_eq!(now.jobs.len(), 1);
    }
}
