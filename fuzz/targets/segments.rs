//! What comes back as a segment: read as hostile input, and joined with itself where it can be read.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use splice::{Limits, scan};

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        samples: 1000,
        header_bytes: 1 << 20,
        sample_bytes: 1 << 20,
    };
    let Ok(track) = scan(Cursor::new(data), limits) else {
        return;
    };
    assert!(track.samples().len() <= 1000);
    for sample in track.samples() {
        // Nothing is believed beyond the file's own size.
        assert!(sample.offset + u64::from(sample.size) <= data.len() as u64);
    }
    let _ = track.check(&track.sorted_pts());
});
