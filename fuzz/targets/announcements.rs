//! TXT records: lines of `key=value`, as whoever likes announces them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    peer::fuzzing::announcement(data);
});
