//! What the window's surroundings are shown, decided without any toolkit.

use api::rehearsal::{computer, job, scene};
use api::{Computer, ComputerStatus, Event, Hand, JobId, JobState, Snapshot};

use crate::under_way::{Effort, News, UnderWay};

fn begun(jobs: Vec<api::Job>) -> UnderWay {
    let mut all = scene();
    all.jobs = jobs;
    let mut under_way = UnderWay::default();
    under_way.begin(&Snapshot { seq: 0, scene: all });
    under_way
}

fn with(state: JobState, progress: f64) -> api::Job {
    api::Job {
        state,
        progress,
        ..job(1, "a.mkv")
    }
}

fn working(segments: u32) -> Event {
    let mut here = scene().here;
    here.computer = Computer {
        status: ComputerStatus::Working { segments },
        ..here.computer
    };
    Event::Here(here)
}

#[test]
fn progress_is_of_what_goes_on() {
    let mut under_way = begun(vec![
        api::Job {
            id: JobId(1),
            ..with(JobState::Processing, 0.5)
        },
        api::Job {
            id: JobId(2),
            ..with(JobState::Queued, 0.0)
        },
        api::Job {
            id: JobId(3),
            ..with(
                JobState::Paused {
                    reason: String::new(),
                },
                0.9,
            )
        },
    ]);
    let now = under_way.now();
    assert_eq!(
        (now.going, now.percent),
        (vec![JobId(1), JobId(2)], Some(25))
    );
    assert_eq!(now.held, [JobId(3)]);
    for id in [1, 2, 3] {
        under_way.take(&Event::JobGone(JobId(id)));
    }
    assert_eq!(under_way.now().percent, None);
    assert!(!under_way.now().is_busy());
}

#[test]
fn an_end_is_told_once_and_only_of_what_went_on() {
    let failed = || JobState::Failed {
        error: api::ApiError::new(api::ErrorCode::Damaged, "It is torn."),
    };
    let mut under_way = begun(vec![with(JobState::Processing, 0.5)]);
    let told = under_way.take(&Event::Job(with(failed(), 0.5)));
    let expected = News::Failed {
        name: "a.mkv".into(),
        why: "It is torn.".into(),
    };
    assert_eq!(told, Some(expected));
    assert_eq!(under_way.take(&Event::Job(with(failed(), 0.5))), None);
    // What had failed before is no news, and neither is what the user ends.
    assert_eq!(
        begun(vec![with(failed(), 0.5)]).take(&Event::Job(with(failed(), 0.5))),
        None
    );
    let mut under_way = begun(vec![with(JobState::Processing, 0.5)]);
    assert_eq!(
        under_way.take(&Event::Job(with(JobState::Cancelled, 0.5))),
        None
    );
}

#[test]
fn it_helps_where_more_is_in_hand_than_its_own() {
    let hand = Hand {
        computer: scene().here.computer.id,
        name: "Here".into(),
        segments: 0,
        working: 1,
        frames: 0,
        read_there: 0,
        speed_fps: None,
        encoder: None,
        paused: None,
    };
    let own = api::Job {
        hands: vec![hand],
        ..with(JobState::Processing, 0.5)
    };
    let mut under_way = begun(vec![own]);
    under_way.take(&working(1));
    assert!(!under_way.now().helping);
    under_way.take(&working(2));
    assert!(under_way.now().helping);
    under_way.take(&Event::Computer(computer("Attic")));
    assert_eq!(
        under_way.now().effort(),
        Effort {
            own: true,
            helping: true
        }
    );
}

#[test]
fn it_stays_awake_for_others_only_where_there_is_power() {
    let effort = |own, helping| Effort { own, helping };
    assert!(!effort(false, false).keeps_awake(|| false));
    assert!(effort(true, false).keeps_awake(|| true));
    assert!(effort(false, true).keeps_awake(|| false));
    assert!(!effort(false, true).keeps_awake(|| true));
    assert!(effort(true, true).keeps_awake(|| true));
    assert!(effort(false, true).minds_the_battery());
    assert!(!effort(true, true).minds_the_battery());
}

#[test]
fn a_request_for_help_is_told_once() {
    let mut under_way = begun(Vec::new());
    let asks = |left_s| {
        let request = api::Request {
            id: computer("Attic").id,
            name: "Attic".into(),
            left_s,
            tries: 3,
        };
        Event::Pairing(api::Pairing {
            request: Some(request),
            ..api::Pairing::default()
        })
    };
    let told = News::Asked {
        name: "Attic".into(),
    };
    assert_eq!(under_way.take(&asks(120)), Some(told.clone()));
    assert_eq!(under_way.take(&asks(119)), None);
    assert_eq!(
        under_way.take(&Event::Pairing(api::Pairing::default())),
        None
    );
    assert_eq!(under_way.take(&asks(120)), Some(told));
}
