//! A segment's `moof`: the samples of one fragment.
//!
//! Source: ISO 14496-12 §8.8.4 to §8.8.12.

use crate::bytes::Bytes;
use crate::head::{Defaults, Head};
use crate::scan::{Limits, ScanError};
use crate::track::Sample;

const TFHD_BASE_OFFSET: u32 = 0x1;
const TFHD_DESCRIPTION: u32 = 0x2;
const TFHD_DURATION: u32 = 0x8;
const TFHD_SIZE: u32 = 0x10;
const TFHD_FLAGS: u32 = 0x20;
const TRUN_DATA_OFFSET: u32 = 0x1;
const TRUN_FIRST_FLAGS: u32 = 0x4;
const TRUN_DURATION: u32 = 0x100;
const TRUN_SIZE: u32 = 0x200;
const TRUN_FLAGS: u32 = 0x400;
const TRUN_CTS: u32 = 0x800;
/// `sample_is_non_sync_sample`.
const NON_SYNC: u32 = 0x0001_0000;
/// Times beyond this are no times; what is left of an `i64` makes sums of them safe.
const MAX_TIME: i64 = 1 << 60;

/// Samples as they are gathered, fragment after fragment.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) samples: Vec<Sample>,
    pub(crate) last_duration: u32,
    /// The decoding time that the next sample has unless its fragment states one.
    next_dts: i64,
    /// Where the last sample ended. The next one may not start before: samples do not overlap.
    end: u64,
}

/// Where a run's samples lie, what they fall back on, and where they must end.
struct Run {
    base: u64,
    defaults: Defaults,
    file_end: u64,
}

impl Gathered {
    pub(crate) fn new() -> Self {
        Self {
            samples: Vec::new(),
            last_duration: 0,
            next_dts: 0,
            end: 0,
        }
    }

    /// Adds the samples of a `moof` that starts at `moof_start` of a file of `file_end` bytes.
    pub(crate) fn add_moof(
        &mut self,
        mut moof: Bytes<'_>,
        (moof_start, file_end): (u64, u64),
        head: &Head,
        limits: Limits,
    ) -> Result<(), ScanError> {
        let mut seen = false;
        while let Some((kind, traf)) = moof.next_box()? {
            if &kind != b"traf" {
                continue;
            }
            if std::mem::replace(&mut seen, true) {
                return Err(ScanError::Repeated {
                    what: "track fragment",
                });
            }
            self.add_traf(traf, (moof_start, file_end), head, limits)?;
        }
        Ok(())
    }

    fn add_traf(
        &mut self,
        mut traf: Bytes<'_>,
        (moof_start, file_end): (u64, u64),
        head: &Head,
        limits: Limits,
    ) -> Result<(), ScanError> {
        let tfhd = traf.only(b"tfhd", "track fragment header")?;
        let (base, defaults) = read_tfhd(tfhd, moof_start, head)?;
        while let Some((kind, payload)) = traf.next_box()? {
            match &kind {
                b"tfdt" => self.next_dts = read_tfdt(payload.named("tfdt"))?,
                b"trun" => {
                    let run = Run {
                        base,
                        defaults,
                        file_end,
                    };
                    self.add_trun(payload.named("trun"), &run, limits)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_trun(
        &mut self,
        mut trun: Bytes<'_>,
        run: &Run,
        limits: Limits,
    ) -> Result<(), ScanError> {
        let (_, flags) = trun.version_and_flags()?;
        let count = trun.u32()?;
        let mut offset = self.end.max(run.base);
        if flags & TRUN_DATA_OFFSET != 0 {
            let moved = run.base.checked_add_signed(trun.i32()?.into());
            offset = moved.ok_or(ScanError::Invalid {
                what: "data offset",
            })?;
        }
        let mut first_flags = None;
        if flags & TRUN_FIRST_FLAGS != 0 {
            first_flags = Some(trun.u32()?);
        }
        for _ in 0..count {
            if self.samples.len() >= limits.samples {
                return Err(ScanError::TooLarge {
                    what: "number of frames",
                });
            }
            let first = first_flags.take();
            offset = self.add_sample(&mut trun, flags, first, offset, run)?;
        }
        Ok(())
    }

    /// Reads one row of a `trun` and returns where the sample ends.
    fn add_sample(
        &mut self,
        row: &mut Bytes<'_>,
        flags: u32,
        first_flags: Option<u32>,
        offset: u64,
        run: &Run,
    ) -> Result<u64, ScanError> {
        let mut field = |flag: u32, default: u32| match flags & flag {
            0 => Ok(default),
            _ => row.u32(),
        };
        let duration = field(TRUN_DURATION, run.defaults.duration)?;
        let size = field(TRUN_SIZE, run.defaults.size)?;
        let own_flags = field(TRUN_FLAGS, first_flags.unwrap_or(run.defaults.flags))?;
        let cts = field(TRUN_CTS, 0)?;
        let end = offset
            .checked_add(size.into())
            .filter(|end| *end <= run.file_end);
        let end = end.ok_or(ScanError::Truncated { what: "frame" })?;
        if size == 0 || offset < self.end {
            return Err(ScanError::Invalid {
                what: "frame's place",
            });
        }
        let pts = self.next_dts.saturating_add(signed_offset(cts));
        self.next_dts = self.next_dts.saturating_add(duration.into());
        if self.next_dts.abs() > MAX_TIME {
            return Err(ScanError::Invalid {
                what: "frame's time",
            });
        }
        self.samples.push(Sample {
            offset,
            pts,
            size,
            key: own_flags & NON_SYNC == 0,
        });
        self.last_duration = duration;
        self.end = end;
        Ok(end)
    }
}

/// A composition offset. Version 1 says that it is signed, version 0 that it is not; no
/// version 0 offset of a real file reaches 2³¹ ticks, and ffmpeg reads both as signed.
fn signed_offset(cts: u32) -> i64 {
    i64::from(cts.cast_signed())
}

fn read_tfdt(mut tfdt: Bytes<'_>) -> Result<i64, ScanError> {
    let (version, _) = tfdt.version_and_flags()?;
    let time = if version == 1 {
        tfdt.u64()?
    } else {
        tfdt.u32()?.into()
    };
    let time = i64::try_from(time).ok().filter(|time| *time <= MAX_TIME);
    time.ok_or(ScanError::Invalid {
        what: "fragment's time",
    })
}

fn read_tfhd(mut tfhd: Bytes<'_>, moof: u64, head: &Head) -> Result<(u64, Defaults), ScanError> {
    let (_, flags) = tfhd.version_and_flags()?;
    if tfhd.u32()? != head.track_id {
        return Err(ScanError::Unsupported {
            what: "a second track",
        });
    }
    let base = if flags & TFHD_BASE_OFFSET == 0 {
        moof
    } else {
        tfhd.u64()?
    };
    if flags & TFHD_DESCRIPTION != 0 && tfhd.u32()? != 1 {
        return Err(ScanError::Unsupported {
            what: "more than one sample entry",
        });
    }
    let mut field = |flag: u32, default: u32| match flags & flag {
        0 => Ok(default),
        _ => tfhd.u32(),
    };
    let defaults = Defaults {
        duration: field(TFHD_DURATION, head.defaults.duration)?,
        size: field(TFHD_SIZE, head.defaults.size)?,
        flags: field(TFHD_FLAGS, head.defaults.flags)?,
    };
    Ok((base, defaults))
}
