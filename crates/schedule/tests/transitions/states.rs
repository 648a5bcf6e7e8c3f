//! Every state of a job and every input for one, as a table.

use schedule::{Ignored, Input, JobId, JobState, Needs, SegmentIndex, Work};

use crate::desk::{Desk, ENCODER, JOB, ME};

/// A desk whose job is in the state of that name.
fn in_state(name: &str) -> Desk {
    let mut desk = if name == "Waiting" || name == "Queued" {
        Desk::new()
    } else {
        Desk::with(&[ME])
    };
    match name {
        "Queued" => {
            desk.join(ME);
            desk.tell(Input::JobSubmitted {
                job: JobId(0),
                needs: Needs::Exactly(ENCODER),
                wait_for: 0,
                only_here: false,
                total_hint: Work(0),
            });
            desk.submit();
        }
        "Waiting" => desk.submit(),
        "Benchmarking" => {
            desk.film(1);
            desk.tell(Input::BenchmarkStarted { job: JOB });
        }
        "Processing" => desk.film(1),
        "Paused" => {
            desk.film(1);
            desk.tell(Input::Pause { job: JOB });
        }
        "Combining" | "Completed" => {
            desk.film(1);
            desk.finish_all();
            if name == "Completed" {
                desk.tell(Input::Merged { job: JOB });
            }
        }
        "Failed" => {
            desk.submit();
            desk.tell(Input::PlanFailed {
                job: JOB,
                reason: String::new(),
            });
        }
        "Cancelled" => {
            desk.film(1);
            desk.tell(Input::Cancel { job: JOB });
        }
        other => panic!("no recipe for {other}"),
    }
    assert_eq!(short(desk.farm.state(JOB)), name);
    desk
}

fn short(state: Option<&JobState>) -> &'static str {
    match state {
        Some(JobState::Queued) => "Queued",
        Some(JobState::WaitingForPeers { .. }) => "Waiting",
        Some(JobState::Benchmarking) => "Benchmarking",
        Some(JobState::Processing) => "Processing",
        Some(JobState::Paused { .. }) => "Paused",
        Some(JobState::Combining) => "Combining",
        Some(JobState::Completed) => "Completed",
        Some(JobState::Failed { .. }) => "Failed",
        Some(JobState::Cancelled) => "Cancelled",
        None => "gone",
    }
}

const STATES: [&str; 9] = [
    "Queued",
    "Waiting",
    "Benchmarking",
    "Processing",
    "Paused",
    "Combining",
    "Completed",
    "Failed",
    "Cancelled",
];

#[test]
fn every_job_state_and_every_input_for_a_job() {
    let (job, segments) = (JOB, vec![SegmentIndex(0)]);
    let inputs = [
        ("benchmark started", Input::BenchmarkStarted { job }),
        ("benchmark done", Input::BenchmarkDone { job }),
        (
            "plan failed",
            Input::PlanFailed {
                job,
                reason: String::new(),
            },
        ),
        ("plan reset", Input::PlanReset { job }),
        ("merged", Input::Merged { job }),
        (
            "merge failed",
            Input::MergeFailed {
                job,
                again: segments,
                reason: String::new(),
            },
        ),
        ("pause", Input::Pause { job }),
        ("resume", Input::Resume { job }),
        ("cancel", Input::Cancel { job }),
        ("retry", Input::Retry { job }),
        ("reorder", Input::Reorder { job, to: 0 }),
        ("forget", Input::Forget { job }),
    ];
    let mut table = String::new();
    for (name, input) in inputs {
        for state in STATES {
            let mut desk = in_state(state);
            desk.tell(input.clone());
            // "-": it means nothing there, and that is said.
            let to = match desk.ignored() {
                Some(why) => {
                    assert_eq!(why, Ignored::JobElsewhere(JOB));
                    assert_eq!(short(desk.farm.state(JOB)), state);
                    "-"
                }
                None => short(desk.farm.state(JOB)),
            };
            table.push_str(&format!("{name:<18}{state:<13}--> {to}\n"));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/job_states.out");
    assert_eq!(
        table,
        include_str!("../job_states.out"),
        "write this to {path} if it is meant so:\n{table}"
    );
}
