//! A film in the simulation: what its cutter answers and how its parts behave.

use std::collections::{BTreeSet, VecDeque};

use schedule::{Needs, SegmentIndex, Time, Work};

/// How the joining of a film goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeFault {
    /// Some of its segments are not right in the joined film.
    Segments(u8),
    /// The joining itself fails.
    Whole,
}

/// A film, cut at multiples of `gop`.
#[derive(Clone, Debug)]
pub struct Film {
    pub needs: Needs,
    pub total: Work,
    pub gop: Work,
    /// How much of it is cut.
    pub cut: Work,
    pub next: SegmentIndex,
    /// Its index is read evenly from `begun` to `indexed`.
    pub begun: Time,
    pub indexed: Time,
    /// Segments that come out right only when extracted from further back.
    pub intra_refresh: BTreeSet<SegmentIndex>,
    pub merge_faults: VecDeque<MergeFault>,
    pub planned: BTreeSet<SegmentIndex>,
}

/// What the cutter answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Segment(SegmentIndex, Work),
    Waits { until: Time },
    Finished,
}

impl Film {
    pub fn new(needs: Needs, total: u64, gop: u64) -> Self {
        Self {
            needs,
            total: Work(total),
            gop: Work(gop),
            cut: Work(0),
            next: SegmentIndex(0),
            begun: Time(0),
            indexed: Time(0),
            intra_refresh: BTreeSet::new(),
            merge_faults: VecDeque::new(),
            planned: BTreeSet::new(),
        }
    }

    /// The next segment of about `target`: whole groups of pictures, one at least.
    pub fn cut(&mut self, target: Work, now: Time) -> Cut {
        let left = self.total.minus(self.cut);
        if left == Work(0) {
            return Cut::Finished;
        }
        let groups = ((target.0 + self.gop.0 / 2) / self.gop.0).max(1);
        let work = Work(groups * self.gop.0).min(left);
        let end = self.cut.plus(work);
        if self.known(now) < end {
            let part = end.0 as f64 / self.total.0 as f64;
            let whole = self.indexed.since(self.begun).as_millis() as f64;
            return Cut::Waits {
                until: Time(self.begun.0 + (whole * part).ceil() as u64 + 1),
            };
        }
        let index = self.next;
        self.next = SegmentIndex(index.0 + 1);
        self.cut = end;
        self.planned.insert(index);
        Cut::Segment(index, work)
    }

    fn known(&self, now: Time) -> Work {
        if now >= self.indexed {
            return self.total;
        }
        let whole = self.indexed.since(self.begun).as_millis() as f64;
        let read = now.since(self.begun).as_millis() as f64 / whole;
        Work((self.total.0 as f64 * read) as u64)
    }

    /// Starts over.
    pub fn reset(&mut self) {
        self.cut = Work(0);
        self.next = SegmentIndex(0);
        self.planned.clear();
    }
}
