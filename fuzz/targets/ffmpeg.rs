//! What ffmpeg prints of a film, whose tags can say anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::Index;
use media::parse::{description, frame, packets, progress};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    // Each reads all of it, as each may meet what another was made for.
    let _ = description::read(&text);
    let _ = frame::read(&text);
    let mut index: Option<Index> = None;
    for line in text.lines() {
        let _ = progress::line(line);
        match packets::line(line) {
            packets::Line::Timebase(_, timebase) => {
                index.get_or_insert_with(|| Index::new(timebase, media::gop::Gaps::Broken));
            }
            packets::Line::Packet(_, packet, _) => {
                if let Some(index) = &mut index {
                    let _ = index.push(packet);
                }
            }
            packets::Line::Other => {}
        }
    }
    if let Some(mut index) = index {
        index.finish();
        let cuts: Vec<i64> = index.cuts().iter().map(|cut| cut.pts).collect();
        assert!(cuts.is_sorted(), "{cuts:?}");
        let _ = index.all_shown();
    }
});
