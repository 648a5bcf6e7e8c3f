//! Readings that jump about: a change counts only once it has lasted.

use std::time::Duration;

/// Other programs take more than this of the processors: they are busy. Percent.
const BUSY: u8 = 50;
/// And less than this: they are not any more.
const CALM: u8 = 30;
/// Either has to last so long.
const LASTS: Duration = Duration::from_secs(20);

/// Whether other programs keep the computer busy.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OtherLoad {
    busy: bool,
    /// Since when readings have spoken for the contrary.
    since: Option<Duration>,
}

impl OtherLoad {
    /// Takes a reading; without one nothing is known, and nothing in the way.
    pub fn read(&mut self, percent: Option<u8>, now: Duration) -> bool {
        let Some(percent) = percent else {
            *self = Self::default();
            return false;
        };
        let contrary = if self.busy {
            percent < CALM
        } else {
            percent > BUSY
        };
        if !contrary {
            self.since = None;
        } else if now.saturating_sub(*self.since.get_or_insert(now)) >= LASTS {
            self.busy = !self.busy;
            self.since = None;
        }
        self.busy
    }
}

/// Whether the disk is too full to begin something new.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LowDisk(bool);

impl LowDisk {
    /// `keep` bytes are to stay free; once there were less, it takes a little more before there is room again.
    pub fn read(&mut self, free: u64, keep: u64) -> bool {
        let enough = if self.0 {
            keep.saturating_add(keep / 20)
        } else {
            keep
        };
        self.0 = free < enough;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_counts_once_it_lasts() {
        let mut load = OtherLoad::default();
        // Second, percent, busy.
        let readings = [
            (0, 90, false),
            (10, 90, false),
            (15, 50, false), // not more than half: begins anew
            (16, 51, false),
            (35, 51, false),
            (36, 51, true),
            (50, 30, true),
            (55, 29, true),
            (74, 0, true),
            (75, 0, false),
        ];
        for (second, percent, busy) in readings {
            let read = load.read(Some(percent), Duration::from_secs(second));
            assert_eq!(read, busy, "at {second} s");
        }
        load.busy = true;
        assert!(
            !load.read(None, Duration::from_secs(80)),
            "what is not known is not in the way"
        );
    }

    #[test]
    fn a_disk_at_its_edge_does_not_flutter() {
        let mut disk = LowDisk::default();
        let read: Vec<bool> = [1000, 999, 1049, 1050, 1000]
            .map(|free| disk.read(free, 1000))
            .to_vec();
        assert_eq!(read, [false, true, true, false, false]);
    }
}
