//! What the loop knows, as plain values for whoever shows it.

use std::collections::BTreeMap;

use schedule::{
    JobState as FarmState, LeaseView, PeerId, Phase, Presence, SegmentState as FarmSegment,
    Standing, Work,
};

use crate::capability;
use crate::driver::Core;
use crate::job::{Ended, Job, Past};
use crate::lease::Piece;
use crate::neighbour::Neighbour;
use crate::status::{
    FfmpegStatus, HandStatus, JobState, JobStatus, NodeStatus, PairingStatus, PeerState,
    PeerStatus, SegmentState, SegmentStatus, Stages, Traffic,
};
use crate::{machine, pairing, probe};

impl Core {
    /// Everything there is to say.
    pub(crate) fn status(&self) -> NodeStatus {
        let leases = self.farm.leases();
        let mut jobs: Vec<JobStatus> = self
            .jobs
            .values()
            .map(|job| self.job_status(job, &leases))
            .collect();
        jobs.extend(self.past.values().map(|past| self.past_status(past)));
        jobs.extend(self.parcels.open().map(|parcel| self.parcel_status(parcel)));
        jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
        let mut peers: Vec<PeerStatus> = self
            .neighbours
            .values()
            .map(|n| self.neighbour_status(n))
            .collect();
        peers.sort_by_key(|p| (matches!(p.state, PeerState::Nearby), p.name.clone(), p.id));
        let mut here = self.here();
        tell_speeds(&jobs, peers.iter_mut().chain([&mut here]));
        NodeStatus {
            here,
            data_dir: self.workspace.root().to_owned(),
            listening: self
                .net
                .as_ref()
                .map(|n| n.addresses().iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            donating: self.settings.donating,
            given_cores: self.given_cores(),
            helping: self.helping(),
            ffmpeg: match &self.tool {
                Ok(tool) => FfmpegStatus::Found {
                    path: tool.path.clone(),
                    version: tool.version.text.clone(),
                    origin: tool.origin.to_string(),
                },
                Err(trouble) => FfmpegStatus::Missing(trouble.clone()),
            },
            twin: self.twin.clone(),
            notices: self
                .notices
                .iter()
                .cloned()
                .chain(self.config.notice())
                .collect(),
            peers,
            jobs,
            pairing: PairingStatus {
                refusal: self.refusal.clone(),
                ..pairing::under_way(self.net.as_ref())
            },
        }
    }

    fn here(&self) -> PeerStatus {
        let machine = machine::describe();
        let working = self
            .leases
            .values()
            .filter(|h| h.lease.peer == self.me)
            .count()
            + self.guests.len();
        let state = match u32::try_from(working).unwrap_or(u32::MAX) {
            _ if self.measuring => PeerState::Measuring,
            0 => PeerState::Ready,
            n => PeerState::Working(n),
        };
        PeerStatus {
            id: self.me,
            name: self.settings.name.clone(),
            state,
            i_may_use: true,
            may_use_me: false,
            lets_us: None,
            asks_us: None,
            cpu: machine.cpu,
            cores: machine.cores,
            memory_mb: machine.memory_mb,
            load: self.load,
            encoders: self.abilities.statuses(),
            address: None,
            speed_fps: None,
            last_seen_ms: None,
            trouble: None,
            takes_films: false,
        }
    }

    fn neighbour_status(&self, neighbour: &Neighbour) -> PeerStatus {
        let about = neighbour.about.as_ref();
        PeerStatus {
            id: neighbour.id,
            name: neighbour.name.clone(),
            state: self.neighbour_state(neighbour),
            i_may_use: neighbour.rights.i_may_use,
            may_use_me: neighbour.rights.may_use_me,
            lets_us: neighbour.theirs.map(|theirs| theirs.may_use_me),
            asks_us: neighbour.theirs.map(|theirs| theirs.i_may_use),
            cpu: about.map(|a| a.cpu_model.to_string()).unwrap_or_default(),
            cores: about.map_or(0, |a| u32::from(a.cores)),
            memory_mb: about.map_or(0, |a| a.memory_mb),
            load: neighbour.load,
            encoders: neighbour.encoders(),
            address: neighbour.address.clone(),
            speed_fps: None,
            last_seen_ms: if about.is_some() {
                None
            } else {
                neighbour.last_seen_ms.and_then(|ms| u64::try_from(ms).ok())
            },
            trouble: neighbour.trouble.clone(),
            takes_films: neighbour.takes_films(),
        }
    }

    fn neighbour_state(&self, neighbour: &Neighbour) -> PeerState {
        let Some(about) = &neighbour.about else {
            return match neighbour.presented {
                _ if !neighbour.paired => PeerState::Nearby,
                Some(presented) => PeerState::OtherIdentity(presented),
                None => PeerState::Offline,
            };
        };
        if !about.donating {
            return PeerState::NotHelping;
        }
        if let Some(reason) = about.paused {
            return if reason == peer::PauseReason::Measuring {
                PeerState::Measuring
            } else {
                PeerState::Paused(pause_words(reason).to_owned())
            };
        }
        let Some(view) = self.farm.peer(neighbour.id) else {
            return PeerState::Ready;
        };
        if let Standing::Aside { reason, .. } = view.standing {
            return PeerState::SetAside(reason);
        }
        if let Presence::Paused { reason } = view.presence {
            return PeerState::Paused(reason);
        }
        match view.leases.len() {
            0 => PeerState::Ready,
            n => PeerState::Working(u32::try_from(n).unwrap_or(u32::MAX)),
        }
    }

    pub(crate) fn job_status(&self, job: &Job, all: &[LeaseView]) -> JobStatus {
        let now = self.now();
        let view = self.farm.job(job.id);
        let leases: Vec<&LeaseView> = all.iter().filter(|l| l.lease.job == job.id).collect();
        let segments = self.segments(job, &leases);
        let total = view
            .as_ref()
            .and_then(|v| v.total)
            .map_or(0, |w| w.0)
            .max(1);
        let done = view.as_ref().map_or(0, |v| v.done.0 + v.under_way.0);
        let finished = matches!(job.ended, Some(Ended::Well(_)));
        let progress = if finished {
            1.0
        } else {
            (done as f64 / total as f64).clamp(0.0, 0.999)
        };
        let known = job.film.index().is_finished();
        let frames_total = known.then(|| job.film.made(job.film.frames_estimate()));
        let hands = self.hands(job, &leases);
        // Alone there is nothing to compare with.
        let helped = hands.iter().any(|h| h.peer != self.me);
        let speed = hands.iter().filter_map(|h| h.speed_fps).sum::<f64>();
        let elapsed_ms = match (job.finished_ms, &job.ended) {
            (_, Some(Ended::Well(outcome))) => outcome.wall_ms,
            (Some(finished), _) => u64::try_from(finished - job.created_ms).unwrap_or(0),
            (None, _) => job.elapsed_ms(),
        };
        JobStatus {
            id: job.id,
            source: job.film.path.clone(),
            source_bytes: job.film.bytes,
            duration_us: job.film.info.duration_us,
            picture: Some(probe::picture_words(&job.film.video)),
            choice: job.film.choice.clone(),
            terms: job.terms.clone(),
            state: self.job_state(job, view.as_ref().map(|v| &v.state)),
            place: self.place(job.id),
            progress: progress.max(job.shown),
            frames_done: match &job.ended {
                Some(Ended::Well(outcome)) => outcome.frames,
                _ => job
                    .film
                    .made(job.film.frames(Work(done)))
                    .min(frames_total.unwrap_or(u64::MAX)),
            },
            frames_total,
            speed_fps: (speed > 0.0).then_some(speed),
            eta_ms: self.eta(job, now, view.as_ref().map_or(0, |v| v.verified)),
            speed_up: helped.then(|| self.farm.speed_up(job.id, now)).flatten(),
            elapsed_ms,
            segments,
            hands,
            traffic: traffic(job.pieces.values()),
            notes: job.notes.clone(),
            stages: job.stages,
            created_ms: u64::try_from(job.created_ms).unwrap_or(0),
            finished_ms: job.finished_ms.and_then(|ms| u64::try_from(ms).ok()),
            original: self.originals.get(&job.id).cloned(),
            away: None,
        }
    }

    /// Where in the queue it is.
    fn place(&self, id: schedule::JobId) -> Option<u32> {
        let at = self.farm.queue().iter().position(|job| *job == id);
        at.and_then(|at| u32::try_from(at).ok())
    }

    /// Only once there is ground for it: ten seconds and some finished work.
    fn eta(&self, job: &Job, now: schedule::Time, verified: u32) -> Option<u64> {
        let grounded = job.elapsed_ms() > 10_000 && verified > 0;
        let eta = self
            .farm
            .eta(job.id, now)
            .filter(|_| grounded && job.ended.is_none())?;
        u64::try_from(eta.as_millis()).ok()
    }

    fn job_state(&self, job: &Job, state: Option<&FarmState>) -> JobState {
        match (&job.ended, state) {
            (Some(Ended::Badly(trouble)), _) => JobState::Failed(trouble.clone()),
            (Some(Ended::Well(outcome)), _) => JobState::Completed(outcome.clone()),
            (None, Some(FarmState::WaitingForPeers { wanted, .. })) => {
                let there = self
                    .neighbours
                    .values()
                    .filter(|n| n.rests().is_none() && !n.offers().is_empty())
                    .count();
                JobState::WaitingForPeers(u32::try_from(there).unwrap_or(u32::MAX), *wanted)
            }
            (None, Some(FarmState::Benchmarking)) => JobState::Benchmarking,
            (None, Some(FarmState::Processing)) => JobState::Processing,
            (None, Some(FarmState::Paused { .. })) => {
                let held = self.scratch.held.get(&job.id);
                JobState::Paused(held.map(|held| held.reason.clone()).unwrap_or_default())
            }
            (None, Some(FarmState::Combining | FarmState::Completed)) => JobState::Combining,
            (None, Some(FarmState::Cancelled)) => JobState::Cancelled,
            (None, Some(FarmState::Queued | FarmState::Failed { .. }) | None) => JobState::Queued,
        }
    }

    fn segments(&self, job: &Job, leases: &[&LeaseView]) -> Vec<SegmentStatus> {
        let by_segment: BTreeMap<u32, &LeaseView> =
            leases.iter().map(|l| (l.lease.segment.0, *l)).collect();
        let views = self.farm.segments(job.id);
        let timebase = job.film.timebase();
        let first = job.segments.first().map_or(0, |s| s.span.start.0);
        let last = job.film.index().last_pts().unwrap_or(first);
        job.segments
            .iter()
            .zip(views)
            .map(|(segment, view)| {
                let lease = by_segment.get(&segment.index);
                let (state, peer, progress) = segment_state(&view.state, lease.copied());
                SegmentStatus {
                    index: segment.index,
                    start_us: timebase.micros(segment.span.start.0 - first),
                    end_us: timebase.micros(segment.span.end.map_or(last, |end| end.0) - first),
                    state,
                    peer,
                    progress,
                    attempts: view.attempt.0,
                }
            })
            .collect()
    }

    fn hands(&self, job: &Job, leases: &[&LeaseView]) -> Vec<HandStatus> {
        let mut hands: BTreeMap<PeerId, HandStatus> = BTreeMap::new();
        for piece in job.pieces.values() {
            let Ok(id) = piece.peer.parse::<peer::PeerId>() else {
                continue;
            };
            let hand = hands
                .entry(PeerId(id.0))
                .or_insert_with(|| self.hand(PeerId(id.0)));
            hand.segments += 1;
            hand.read_there += u32::from(piece.read_there);
            hand.frames += u64::from(piece.proof.frames);
            hand.encoder = Some(piece.encoder);
        }
        for lease in leases {
            let hand = hands
                .entry(lease.lease.peer)
                .or_insert_with(|| self.hand(lease.lease.peer));
            hand.working += 1;
            hand.encoder = Some(capability::encoder(lease.lease.encoder));
        }
        for hand in hands.values_mut().filter(|h| h.working > 0) {
            hand.speed_fps = self.speed(job, hand.peer);
        }
        let mut list: Vec<HandStatus> = hands.into_values().collect();
        list.sort_by_key(|h| (std::cmp::Reverse(h.segments), h.peer));
        list
    }

    /// A peer's speed on this film, frames a second, as measured.
    fn speed(&self, job: &Job, peer: PeerId) -> Option<f64> {
        let view = self.farm.peer(peer)?;
        let encoder = view.leases.first().map(|l| l.lease.encoder)?;
        let ability = view.abilities.iter().find(|a| a.encoder == encoder)?;
        let frame = job.film.work_made(1000).0.max(1) as f64 / 1000.0;
        Some(ability.speed / frame)
    }

    fn hand(&self, peer: PeerId) -> HandStatus {
        let neighbour = self.neighbours.get(&peer);
        let name = if peer == self.me {
            self.settings.name.clone()
        } else {
            neighbour.map_or_else(|| peer.to_string(), |n| n.name.clone())
        };
        let paused = neighbour
            .and_then(Neighbour::rests)
            .map(|r| pause_words(r).to_owned());
        HandStatus {
            peer,
            name,
            segments: 0,
            working: 0,
            frames: 0,
            read_there: 0,
            speed_fps: None,
            encoder: None,
            paused,
        }
    }

    fn past_status(&self, past: &Past) -> JobStatus {
        let hands = self.past_hands(past);
        let done = matches!(past.state, JobState::Completed(_));
        JobStatus {
            id: past.id,
            source: past.source.clone(),
            source_bytes: past.source_bytes,
            duration_us: past.memo.duration_us,
            picture: (!past.memo.picture.is_empty()).then(|| past.memo.picture.clone()),
            choice: past.wish.choice.clone(),
            terms: past.wish.terms.clone(),
            state: past.state.clone(),
            place: None,
            progress: if done { 1.0 } else { 0.0 },
            frames_done: past.memo.frames,
            frames_total: done.then_some(past.memo.frames),
            speed_fps: None,
            eta_ms: None,
            speed_up: None,
            elapsed_ms: past.memo.wall_ms,
            segments: Vec::new(),
            hands,
            traffic: traffic(past.pieces.iter().map(|(_, piece)| piece)),
            notes: Vec::new(),
            stages: Stages::default(),
            created_ms: u64::try_from(past.created_ms).unwrap_or(0),
            finished_ms: past.finished_ms.and_then(|ms| u64::try_from(ms).ok()),
            original: self.originals.get(&past.id).cloned(),
            away: None,
        }
    }

    fn past_hands(&self, past: &Past) -> Vec<HandStatus> {
        let mut hands: BTreeMap<PeerId, HandStatus> = BTreeMap::new();
        for (frames, piece) in &past.pieces {
            let Ok(id) = piece.peer.parse::<peer::PeerId>() else {
                continue;
            };
            let hand = hands
                .entry(PeerId(id.0))
                .or_insert_with(|| self.hand(PeerId(id.0)));
            hand.segments += 1;
            hand.read_there += u32::from(piece.read_there);
            hand.frames += frames;
            hand.encoder = Some(piece.encoder);
        }
        let mut list: Vec<HandStatus> = hands.into_values().collect();
        list.sort_by_key(|h| (std::cmp::Reverse(h.segments), h.peer));
        list
    }

    /// Remembers the progress shown, so that it never falls.
    pub(crate) fn remember_progress(&mut self, shown: &[JobStatus]) {
        for status in shown {
            if let Some(job) = self.jobs.get_mut(&status.id) {
                job.shown = job.shown.max(status.progress);
            }
        }
    }
}

/// Each computer's speed, as its hands say it. One that works on two films has its whole speed in both.
fn tell_speeds<'a>(jobs: &[JobStatus], peers: impl Iterator<Item = &'a mut PeerStatus>) {
    for peer in peers {
        let hands = jobs.iter().flat_map(|job| &job.hands);
        let own = hands.filter(|hand| hand.peer == peer.id);
        peer.speed_fps = own.filter_map(|hand| hand.speed_fps).max_by(f64::total_cmp);
    }
}

/// What was made here did not travel.
fn traffic<'a>(pieces: impl Iterator<Item = &'a Piece>) -> Traffic {
    pieces
        .filter(|piece| piece.sent_bytes > 0 || piece.read_there)
        .fold(Traffic::default(), |sum, piece| Traffic {
            sent: sum.sent + piece.sent_bytes,
            received: sum.received + piece.proof.bytes,
        })
}

fn segment_state(
    state: &FarmSegment,
    lease: Option<&LeaseView>,
) -> (SegmentState, Option<PeerId>, f64) {
    match (state, lease) {
        (FarmSegment::Verified { peer, .. }, _) => (SegmentState::Done, Some(*peer), 1.0),
        (FarmSegment::Failed { .. }, _) => (SegmentState::Failed, None, 0.0),
        (FarmSegment::Waiting { .. }, _) | (FarmSegment::Leased { .. }, None) => {
            (SegmentState::Waiting, None, 0.0)
        }
        (FarmSegment::Leased { .. }, Some(lease)) => {
            let share = |done: Work| (done.0 as f64 / lease.work.0.max(1) as f64).clamp(0.0, 1.0);
            let (state, progress) = match lease.phase {
                Phase::Travelling | Phase::Queued => (SegmentState::Sent, 0.0),
                Phase::Encoding { done, .. } => (SegmentState::Encoding, share(done)),
                Phase::Returning | Phase::Quarantined { .. } => (SegmentState::Checking, 1.0),
            };
            (state, Some(lease.lease.peer), progress)
        }
    }
}

pub(crate) fn pause_words(reason: peer::PauseReason) -> &'static str {
    match reason {
        peer::PauseReason::ByHand => "paused by its user",
        peer::PauseReason::OnBattery => "on battery",
        peer::PauseReason::InUse => "in use",
        peer::PauseReason::OwnWork => "busy with its own film",
        peer::PauseReason::LowDisk => "its disk is nearly full",
        peer::PauseReason::Measuring => "measuring its encoders",
        peer::PauseReason::Schedule => "outside its hours",
        peer::PauseReason::PowerSaver => "saving power",
        peer::PauseReason::OtherLoad => "busy with other programs",
    }
}

/// The same after its name.
pub(crate) fn rest_sentence(reason: peer::PauseReason) -> &'static str {
    match reason {
        peer::PauseReason::ByHand => "was paused by its user",
        peer::PauseReason::OnBattery => "runs on its battery",
        peer::PauseReason::InUse => "is in use",
        peer::PauseReason::OwnWork => "works on its own film",
        peer::PauseReason::LowDisk => "has little room left on its disk",
        peer::PauseReason::Measuring => "measures its encoders",
        peer::PauseReason::Schedule => "is outside its hours",
        peer::PauseReason::PowerSaver => "saves power",
        peer::PauseReason::OtherLoad => "is busy with other programs",
    }
}
