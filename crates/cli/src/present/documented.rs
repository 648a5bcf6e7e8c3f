//! docs/json.md and the lines are the same: every example is a line this program could print, every line has an
//! example, and the table of exit codes is the API's.

use std::collections::{BTreeMap, BTreeSet};

use api::rehearsal;
use api::{
    ApiError, Asking, Cleaned, ComputerId, ComputerStatus, ErrorCode, Finding, Hand, Job, JobState,
    Level, Outcome, Request, Segment, SegmentState,
};
use serde::Serialize;
use serde_json::Value;

use super::json::*;

const PAGE: &str = include_str!("../../../../docs/json.md");

#[test]
fn the_examples_have_the_fields_of_the_lines() {
    let examples = examples();
    let lines = lines();
    let types = |map: &BTreeMap<String, BTreeSet<String>>| map.keys().cloned().collect::<Vec<_>>();
    // `bench` and `bench_summary` are made beside the command and checked there.
    let mut documented = examples.clone();
    documented.retain(|name, _| !name.starts_with("bench"));
    assert_eq!(
        types(&documented),
        types(&lines),
        "types documented, types printed"
    );
    for (name, fields) in &lines {
        let missing: Vec<_> = documented[name].difference(fields).collect();
        assert!(
            missing.is_empty(),
            "{name}: documented and not printed: {missing:?}"
        );
        // The page's words mention what an example does not show.
        let untold = fields.difference(&documented[name]);
        let untold: Vec<_> = untold
            .filter(|field| !PAGE.contains(&format!("`{}`", last(field))))
            .collect();
        assert!(
            untold.is_empty(),
            "{name}: printed and not documented: {untold:?}"
        );
    }
}

#[test]
fn the_table_of_exit_codes_is_the_apis() {
    let rows: Vec<String> = ErrorCode::ALL
        .iter()
        .map(|code| {
            let word = serde_json::to_value(code).unwrap();
            format!(
                "| {} | `{}` | {} |",
                code.exit(),
                word.as_str().unwrap(),
                code.meaning().trim()
            )
        })
        .collect();
    let documented: Vec<&str> = PAGE
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(" | `"))
        .collect();
    let documented: Vec<&str> = documented
        .into_iter()
        .filter(|line| line[2..].starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    assert_eq!(
        documented, rows,
        "docs/json.md, then crates/api/src/error.rs"
    );
}

fn last(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}

/// The fields of every example, by type; those of nested objects as `peers.name`. `"peers":[…]` stands for what
/// the example of `progress` has there.
fn examples() -> BTreeMap<String, BTreeSet<String>> {
    let lines = || PAGE.lines().filter(|line| line.starts_with("{\"type\""));
    let read = |line: &str| serde_json::from_str::<Value>(&line.replace("[…]", "[]")).expect(line);
    let progress = lines().map(read).find(|line| line["type"] == "progress");
    let mut found = BTreeMap::new();
    for line in lines() {
        let mut value = read(line);
        if line.contains("\"peers\":[…]") {
            value["peers"] = progress
                .as_ref()
                .map_or(Value::Null, |line| line["peers"].clone());
        }
        add(&mut found, &value);
    }
    found
}

fn add(found: &mut BTreeMap<String, BTreeSet<String>>, line: &Value) {
    let name = line["type"].as_str().expect("a type").to_owned();
    fields(line, "", found.entry(name).or_default());
}

fn fields(value: &Value, prefix: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                into.insert(format!("{prefix}{name}"));
                fields(member, &format!("{prefix}{name}."), into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, prefix, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One of each line, with everything in it.
fn lines() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut line = |line: &dyn erased::Line| add(&mut found, &line.value());
    let (job, outcome) = (job(), outcome());
    let error = ApiError::new(ErrorCode::NoSpace, "No space.");
    let done = Job {
        state: JobState::Completed {
            outcome: outcome.clone(),
        },
        ..job.clone()
    };
    let failed = Job {
        state: JobState::Failed {
            error: error.clone(),
        },
        ..job.clone()
    };
    line(&ErrorLine::new(
        &error,
        Some(About {
            job: Some(1),
            input: Some("/a".into()),
        }),
    ));
    line(&SubmittedLine {
        job: 1,
        input: "/a".into(),
        resumed: false,
    });
    line(&StateLine::new(&failed));
    line(&NoteLine {
        job: 1,
        text: String::new(),
    });
    line(&ProgressLine::new(&job));
    line(&DoneLine::new(&job, &outcome));
    line(&StoppedLine { held: vec![1] });
    line(&LeftLine::new(&job));
    line(&ListeningLine::new(&rehearsal::scene().here, None));
    let mut computer = rehearsal::computer("Kitchen");
    computer.status = ComputerStatus::Paused {
        reason: "on battery".into(),
    };
    computer.encoders = vec![api::Encoder {
        name: "libx265".into(),
        codec: api::Codec::Hevc,
        hardware: false,
        fps_1080p: 1.0,
        seats: 1,
    }];
    line(&PeerLine::new(&computer, false));
    line(&JobLine::new(&done, true));
    line(&JobLine::new(&failed, true));
    line(&InviteLine {
        invite: String::new(),
        valid_s: 600,
    });
    line(&PairLine::Paired {
        id: String::new(),
        name: String::new(),
    });
    line(&PairLine::Unpaired { id: String::new() });
    line(&IdentityLine { id: None });
    let (id, name) = (ComputerId(String::new()), String::new());
    let (code, left_s, tries) = (String::new(), 120, 3);
    line(&PairLine::request(&Request {
        id: id.clone(),
        name: name.clone(),
        left_s,
        tries,
    }));
    line(&PairLine::Declined {
        id: String::new(),
        name: name.clone(),
    });
    line(&PairLine::code(&Asking {
        id,
        name,
        code,
        left_s,
        tries,
    }));
    line(&CancelledLine { job: 1 });
    line(&OriginalLine::new(&rehearsal::original(1, "a.mkv")));
    line(&UndoneLine::Undone { job: 1 });
    line(&UndoneLine::OriginalDeleted { job: 1 });
    let figures = rehearsal::figures();
    line(&StatsLine::new(&figures, 30));
    line(&StatsDayLine::new(&figures.days[0]));
    line(&StatsPeerLine::new(&figures.computers[0]));
    let mut told = rehearsal::timeline(api::JobId(1));
    told.computers[0].others = vec![api::OtherWork {
        job: api::JobId(2),
        began_ms: 1,
        ended_ms: Some(2),
    }];
    let one = &told.computers[0];
    line(&TimelineLine::new(&told));
    line(&TimelinePeerLine::new(1, one));
    line(&StintLine::new(1, &one.computer, &one.stints[0]));
    line(&SteeredLine::Held { job: 1 });
    line(&SteeredLine::Resumed { job: 1 });
    line(&SteeredLine::Retried {
        job: 1,
        new_job: Some(2),
    });
    line(&SteeredLine::Moved {
        job: 1,
        place: Some(0),
    });
    line(&SettingsLine::new(&settings()));
    line(&SettingLine::new(&api::ConfigKey {
        key: String::new(),
        value: String::new(),
        usual: String::new(),
        from: api::ConfigFrom::Usual,
    }));
    line(&ComplaintLine::new(&api::Complaint {
        source: String::new(),
        line: None,
        says: String::new(),
    }));
    line(&ConfigPathLine::new(&"/a".into()));
    line(&ReloadedLine::new(&api::Reread::default()));
    let change = api::ConfigChange {
        key: String::new(),
        before: String::new(),
        after: String::new(),
    };
    let import = api::Import {
        changes: vec![change],
        notes: vec![String::new()],
    };
    line(&ImportedLine::new(&import, true));
    line(&HelpingLine::new(&rehearsal::scene().here));
    line(&GivenLine::from(api::Given::default()));
    let key = api::ApiKey {
        id: 1,
        name: "x".into(),
        scopes: [api::KeyScope::Read].into(),
        created_ms: 1,
        used_ms: Some(2),
    };
    line(&KeyLine::new(&key, Some("mhk_")));
    line(&RevokedLine { key: 1 });
    line(&DeedLine::new(&api::Deed {
        computer: ComputerId(String::new()),
        name: String::new(),
        segments: 14,
        frames: 3500,
        received_bytes: 1,
        sent_bytes: 1,
        seconds: 1,
        began_ms: 0,
        ended_ms: 1,
    }));
    let (subject, says, help) = (String::new(), String::new(), String::new());
    line(&FindingLine::new(&Finding {
        subject,
        level: Level::Good,
        says,
        help,
    }));
    let (path, some) = (
        api::FilePath::from("/films"),
        api::LibraryExample {
            within: "a.mkv".into(),
            bytes: 1,
            rule: None,
            says: String::new(),
        },
    );
    let folder = api::LibraryFolder {
        path: path.clone(),
        trouble: None,
        notes: Vec::new(),
        scanned_ms: None,
        watched: true,
        counts: Vec::new(),
        done_bytes: 1,
        result_bytes: 1,
    };
    line(&LibraryFolderLine::new(
        &folder,
        None,
        &api::Library::default(),
    ));
    line(&LibraryFileLine::new(&api::LibraryFile {
        id: 1,
        path: path.clone(),
        folder: path.clone(),
        bytes: 1,
        state: api::LibraryState::Done,
        reason: String::new(),
        rule: None,
        job: None,
        forecast_bytes: None,
        result_bytes: None,
        output: None,
        receipt: None,
        changed_ms: 1,
    }));
    let preview = api::LibraryPreview {
        some: vec![some],
        ..api::LibraryPreview::default()
    };
    line(&LibraryPreviewLine::new(&path, &preview));
    line(&LibraryScanLine { folder: None });
    line(&LibraryRetryLine { films: 1 });
    line(&ReportLine::new("", None));
    line(&CleanedLine::from(Cleaned {
        removed: 0,
        bytes: 0,
        kept_jobs: 0,
    }));
    found
}

/// Lines of different types behind one reference.
mod erased {
    use super::*;

    pub trait Line {
        fn value(&self) -> Value;
    }

    impl<T: Serialize> Line for T {
        fn value(&self) -> Value {
            serde_json::to_value(self).expect("a line")
        }
    }
}

fn job() -> Job {
    let here = rehearsal::scene().here.computer;
    let hand = Hand {
        computer: here.id,
        name: here.name,
        segments: 1,
        working: 0,
        frames: 1,
        read_there: 0,
        speed_fps: None,
        encoder: None,
        paused: None,
    };
    let segment = Segment {
        index: 0,
        start_s: 0.0,
        end_s: 1.0,
        state: SegmentState::Done,
        computer: None,
        progress: 1.0,
        attempts: 1,
    };
    Job {
        hands: vec![hand],
        segments: vec![segment],
        original: Some(Box::new(rehearsal::original(1, "a.mkv"))),
        away: Some(Box::new(away())),
        sent_by: Some("Attic".into()),
        ..rehearsal::job(1, "a.mkv")
    }
}

fn away() -> api::Away {
    api::Away {
        computer: ComputerId("ab".repeat(32)),
        name: "Kitchen".into(),
        participates: true,
        leaves: true,
        step: api::AwayStep::Ready,
        moved: 1,
        of: 2,
    }
}

pub(super) fn settings() -> api::Settings {
    api::Settings {
        name: "Study".into(),
        hide_name: false,
        donating: true,
        whole_films: true,
        donate_cores: Some(4),
        helping: api::HelpRules::default(),
        ffmpeg: None,
        purpose: api::Purpose::Smaller,
        temp: None,
        temp_limit: None,
        bandwidth: None,
        port: None,
        web_port: None,
        replace: api::Replace::default(),
        shared: api::Shared::default(),
        library: api::LibraryRules::default(),
    }
}

fn outcome() -> Outcome {
    Outcome {
        output: "/a".into(),
        receipt: "/b".into(),
        exact: true,
        verdict: String::new(),
        frames: 1,
        bytes: 1,
        wall_s: 1.0,
    }
}
