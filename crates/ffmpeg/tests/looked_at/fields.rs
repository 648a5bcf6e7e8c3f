//! Whether a film is interlaced is not said by its first frame alone.

use std::path::Path;

use ffmpeg::source::{self, Source};
use media::spec::Scan;

use crate::program;

/// So many seconds of MPEG-2 in a transport stream.
fn part(folder: &Path, name: &str, seconds: &str, more: &[&str]) -> Vec<u8> {
    let path = folder.join(name);
    let picture = format!("testsrc2=s=352x288:r=25:d={seconds}");
    let made = std::process::Command::new(program())
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture])
        .args(more)
        .args(["-c:v", "mpeg2video", "-b:v", "2M"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn what_begins_progressive_may_be_interlaced_later() {
    let folder = tempfile::tempdir().unwrap();
    let begins = part(folder.path(), "begins.ts", "2", &[]);
    let fields = ["-vf", "setfield=tff", "-flags", "+ildct+ilme"];
    let goes_on = part(
        folder.path(),
        "goes on.ts",
        "8",
        &[&fields[..], &["-output_ts_offset", "2"]].concat(),
    );
    let mixed = folder.path().join("mixed.ts");
    std::fs::write(&mixed, [begins, goes_on].concat()).unwrap();
    for (name, wanted) in [("mixed.ts", Some(Scan::TopFirst)), ("begins.ts", None)] {
        let source = Source {
            path: folder.path().join(name),
            stream: 0,
            genpts: false,
        };
        let first = source::first_frame(&program(), &source).await.unwrap();
        assert!(first.scan.is_none_or(|scan| scan == Scan::Progressive));
        let info = source::describe(&program(), &source.path).await.unwrap();
        assert!(info.duration_us.is_some());
        let film = (info.start_us.unwrap(), info.duration_us);
        let later = source::interlaced_later(&program(), &source, film).await;
        assert_eq!(later, wanted, "{name}");
    }
    // Where no length is known there is no place but the first, which was looked at.
    let source = Source {
        path: folder.path().join("goes on.ts"),
        stream: 0,
        genpts: false,
    };
    let later = async |length| source::interlaced_later(&program(), &source, (0, length)).await;
    assert_eq!(later(Some(8_000_000)).await, Some(Scan::TopFirst));
    assert_eq!(later(None).await, None);
}
