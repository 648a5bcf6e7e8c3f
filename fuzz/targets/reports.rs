//! What a donor reports of its result: the part of a receipt that somebody else writes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peer::TaskReport;

fuzz_target!(|data: &[u8]| {
    let Ok(report) = serde_json::from_slice::<TaskReport>(data) else {
        return;
    };
    let text = serde_json::to_string(&report).expect("a report can be written");
    assert!(text.len() < 8 << 10, "a report of {} bytes", text.len());
    let clean = |text: &str| !text.chars().any(char::is_control);
    assert!(clean(&report.encoder_version) && clean(&report.ffmpeg));
    assert_eq!(
        serde_json::from_str::<TaskReport>(&text).expect("a report"),
        report
    );
});
