//! What went on, as lines that people can compare.

use schedule::{
    Action, Event, Farm, Ignored, Input, JobId, JobState, PeerId, SegmentState, Standing, Time,
};

/// A line with its time.
pub fn at(now: Time, line: &str) -> String {
    format!("{:>9.2}  {line}", now.0 as f64 / 1000.0)
}

fn name(peer: PeerId) -> String {
    format!("p{}", u16::from_be_bytes([peer.0[2], peer.0[3]]))
}

pub fn action(action: &Action) -> String {
    match action {
        Action::Plan { job, target } => format!("job {job}: cut {}", target.0),
        Action::Start { lease } => {
            let mut line = format!(
                "job {}: segment {} -> {}",
                lease.job,
                lease.segment,
                name(lease.peer)
            );
            if lease.attempt.0 > 1 {
                line += &format!(", attempt {}", lease.attempt);
            }
            if lease.step_back > 0 {
                line += &format!(", {} back", lease.step_back);
            }
            line + if lease.hedge { ", as a duplicate" } else { "" }
        }
        Action::Revoke { lease, peer } => format!("{}: lease {lease} revoked", name(*peer)),
        Action::Merge { job } => format!("job {job}: join"),
        Action::Discard { job } => format!("job {job}: discard"),
    }
}

pub fn event(event: &Event) -> String {
    match event {
        Event::JobMoved { job, state } => format!("job {job}: {}", self::state(state)),
        Event::GoesOnWithout { job, wanted, there } => {
            format!("job {job}: goes on with {there} others instead of {wanted}")
        }
        Event::NobodyAble { job } => format!("job {job}: nobody can do it"),
        Event::SegmentVerified { job, segment, peer } => {
            format!("job {job}: segment {segment} of {} is good", name(*peer))
        }
        Event::SegmentLost {
            job,
            segment,
            peer,
            reason,
        } => {
            format!(
                "job {job}: segment {segment} lost at {}: {reason}",
                name(*peer)
            )
        }
        Event::Hedged {
            job,
            segment,
            slow,
            fast,
        } => {
            format!(
                "job {job}: segment {segment} is slow at {}, so {} has it too",
                name(*slow),
                name(*fast)
            )
        }
        Event::PeerSetAside {
            peer,
            until,
            reason,
        } => {
            format!(
                "{} set aside until {:.2}: {reason}",
                name(*peer),
                until.0 as f64 / 1000.0
            )
        }
        Event::PeerTriedAgain { peer } => format!("{} may try again", name(*peer)),
        Event::Ignored {
            why: Ignored::UnknownLease(lease),
        } => format!("ignored: lease {lease} is void"),
        Event::Ignored { why } => format!("ignored: {why:?}"),
    }
}

fn state(state: &JobState) -> String {
    match state {
        JobState::WaitingForPeers { wanted, until } => {
            format!(
                "waits for {wanted} others until {:.2}",
                until.0 as f64 / 1000.0
            )
        }
        JobState::Failed { reason } => format!("failed: {reason}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Inputs that explain what follows them.
pub fn input(input: &Input) -> Option<String> {
    match input {
        Input::Planned {
            job, segment, work, ..
        } => Some(format!("job {job}: segment {segment} is {}", work.0)),
        Input::PlanWaits { job } => Some(format!("job {job}: the index has not come so far")),
        Input::MergeFailed { job, again, .. } => {
            Some(format!("job {job}: joined wrongly at {again:?}"))
        }
        _ => None,
    }
}

/// The whole farm, a few lines.
pub fn farm(farm: &Farm, now: Time) -> Vec<String> {
    let mut lines = Vec::new();
    for job in farm.jobs() {
        let eta = farm
            .eta(job.job, now)
            .map_or("?".to_owned(), |eta| format!("{:.0} s", eta.as_secs_f64()));
        lines.push(format!(
            "  job {}: {}, {} of {}{} segments, {} of {}, {} under way, eta {eta}",
            job.job,
            state(&job.state),
            job.verified,
            job.planned,
            if job.plan_finished { "" } else { "+" },
            job.done.0,
            job.total
                .map_or("?".to_owned(), |total| total.0.to_string()),
            job.under_way.0,
        ));
        lines.extend(open_segments(farm, job.job));
    }
    for peer in farm.peers() {
        let standing = match peer.standing {
            Standing::Good { fails: 0 } => String::new(),
            Standing::Good { fails } => format!(", {fails} fails"),
            Standing::Aside { times, .. } => format!(", aside ({times})"),
            Standing::Trial { .. } => ", on trial".to_owned(),
        };
        let speed = peer.abilities.first().map_or(0.0, |ability| ability.speed);
        let presence = format!("{:?}", peer.presence).to_lowercase();
        let (name, done) = (name(peer.peer), peer.segments_done);
        let held = peer.leases.len();
        lines.push(format!(
            "  {name}: {presence}{standing}, speed {speed:.0}, {held} in hand, {done} done"
        ));
    }
    lines
}

fn open_segments(farm: &Farm, job: JobId) -> Vec<String> {
    let open = farm
        .segments(job)
        .into_iter()
        .filter_map(|view| match view.state {
            SegmentState::Verified { .. } => None,
            SegmentState::Waiting { .. } => Some(format!("{} waits", view.segment)),
            SegmentState::Leased { hedge: None, .. } => Some(format!("{} out", view.segment)),
            SegmentState::Leased { hedge: Some(_), .. } => {
                Some(format!("{} out twice", view.segment))
            }
            SegmentState::Failed { .. } => Some(format!("{} failed", view.segment)),
        });
    let open: Vec<String> = open.collect();
    if open.is_empty() {
        Vec::new()
    } else {
        vec![format!("    {}", open.join(", "))]
    }
}
