//! Several faults at once, by chance; and a long time of them, with an eye on what grows.

use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::house::{House, OWNER};
use super::{Fault, long, minutes};

pub const FAULTS: &[Fault] = &[
    long(
        "churn::by_chance",
        "two faults at once, drawn by chance, for a third of the time",
        by_chance,
    ),
    long(
        "churn::soak",
        "jobs without end while computers die, sleep, vanish and come back, for all of the time",
        soak,
    ),
];

/// What may happen, to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Killed,
    OwnerKilled,
    Unplugged,
    Asleep,
    Loss,
    Late,
    Slow,
    Mute,
    Deaf,
    Split,
    Crawls,
    Moved,
    Full,
}

impl Blow {
    const ALL: [Blow; 13] = [
        Blow::Killed,
        Blow::OwnerKilled,
        Blow::Unplugged,
        Blow::Asleep,
        Blow::Loss,
        Blow::Late,
        Blow::Slow,
        Blow::Mute,
        Blow::Deaf,
        Blow::Split,
        Blow::Crawls,
        Blow::Moved,
        Blow::Full,
    ];

    fn draw(house: &mut House) -> Blow {
        Self::ALL[house.dice.below(Self::ALL.len() as u64) as usize]
    }

    /// Has it happen to a donor.
    fn strike(self, house: &mut House, donor: usize) -> Result<(), String> {
        let host = &house.lan.hosts()[donor];
        match self {
            Blow::Killed => house.nodes[donor].kill(),
            Blow::OwnerKilled => {
                house.nodes[OWNER].kill();
                house.nodes[OWNER].start_again()?;
            }
            Blow::Unplugged => host.unplug()?,
            Blow::Asleep => host.freeze()?,
            Blow::Loss => host.lose(20.0)?,
            Blow::Late => host.set_delay(100)?,
            Blow::Slow => host.set_rate(Some(1_000_000))?,
            Blow::Mute => host.cut(false, true)?,
            Blow::Deaf => host.cut(true, false)?,
            Blow::Split => house.lan.split(&[donor])?,
            Blow::Crawls => host.set_cpu(0.02)?,
            Blow::Moved => {
                let last = 60 + house.dice.below(180) as u8;
                if last != host.address().octets()[3] {
                    host.change_address(last)?;
                }
            }
            Blow::Full => house.disks[donor].fill(100 << 20)?,
        }
        Ok(())
    }

    /// Undoes what [`House::mend`] does not.
    fn undo(self, house: &House, donor: usize) -> Result<(), String> {
        match self {
            Blow::Slow => house.lan.hosts()[donor].set_rate(None),
            Blow::Full => house.disks[donor].empty(),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

fn pause(house: &mut House, most_ms: u64) {
    thread::sleep(Duration::from_millis(house.dice.below(most_ms)));
}

/// One job with these blows to these donors at some moments of it, and everything right again before its end.
fn struck(house: &mut House, blows: &[(Blow, usize)]) -> Result<(), String> {
    let job = house.submit()?;
    for (blow, donor) in blows {
        pause(house, 6000);
        blow.strike(house, *donor)?;
    }
    pause(house, 15_000);
    for (blow, donor) in blows {
        blow.undo(house, *donor)?;
    }
    house.mend()?;
    house.completed(&job)?;
    house.is_well()
}

fn by_chance(house: &mut House) -> Result<String, String> {
    let end = Instant::now() + minutes().unwrap_or(Duration::from_secs(60)) / 3;
    let mut drawn = Vec::new();
    while drawn.is_empty() || Instant::now() < end {
        let one = Blow::draw(house);
        let other = loop {
            let other = Blow::draw(house);
            // Both would have the same wire shaped.
            let shapers = [one, other].map(|blow| matches!(blow, Blow::Late | Blow::Slow));
            if other != one && shapers != [true, true] {
                break other;
            }
        };
        let blows = [one, other].map(|blow| (blow, house.dice.donor()));
        drawn.push(format!("{one}+{other}"));
        struck(house, &blows).map_err(|why| format!("{blows:?}: {why}"))?;
    }
    Ok(format!(
        "{} jobs, all completed exactly: {}",
        drawn.len(),
        drawn.join(", ")
    ))
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
struct Holds {
    kib: u64,
    files: u64,
    threads: u64,
    kept: u64,
}

/// A part of what a process holds.
type Part = fn(&Holds) -> u64;

/// The donor that nobody kills or lets fill up in the soak, so that what it holds can be compared.
const LONG_LIVED: usize = 1;

fn soak(house: &mut House) -> Result<String, String> {
    let end = Instant::now() + minutes().unwrap_or(Duration::from_secs(60));
    let (mut seen, mut jobs, mut kills) = (Vec::new(), 0, 0);
    while seen.len() < 3 || Instant::now() < end {
        let mut blow = Blow::draw(house);
        let mut donor = house.dice.donor();
        if blow == Blow::OwnerKilled {
            // Now and then is enough.
            blow = if house.dice.below(3) == 0 {
                blow
            } else {
                Blow::Killed
            };
        }
        if matches!(blow, Blow::Killed | Blow::Full) {
            donor = 3 - LONG_LIVED;
        }
        kills += usize::from(matches!(blow, Blow::Killed | Blow::OwnerKilled));
        struck(house, &[(blow, donor)]).map_err(|why| format!("{blow} of {donor}: {why}"))?;
        jobs += 1;
        seen.push(held_by(house, LONG_LIVED)?);
    }
    let third = (seen.len() / 3).max(1);
    let most = |some: &[Holds], of: Part| some.iter().map(of).max().unwrap_or(0);
    let (first, last) = (&seen[..third], &seen[seen.len() - third..]);
    let bounds: [(&str, Part, u64); 4] = [
        ("KiB of memory", |holds| holds.kib, 32 << 10),
        ("open files", |holds| holds.files, 16),
        ("threads", |holds| holds.threads, 16),
        ("files in its folder", |holds| holds.kept, 8),
    ];
    let mut words = Vec::new();
    for (what, of, slack) in bounds {
        let (before, after) = (most(first, of), most(last, of));
        if after > before + before / 4 + slack {
            return Err(format!("{what} grew from {before} to {after}"));
        }
        words.push(format!("{before} → {after} {what}"));
    }
    Ok(format!(
        "{jobs} jobs, all completed exactly; nodes killed {kills} times; of the donor that lived through it, first third → last third: {}",
        words.join(", ")
    ))
}

/// What a node holds now that nothing is to be done.
fn held_by(house: &House, at: usize) -> Result<Holds, String> {
    let process = format!("/proc/{}", house.nodes[at].pid());
    let status = fs::read_to_string(format!("{process}/status"));
    let status = status.map_err(|error| error.to_string())?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let files = fs::read_dir(format!("{process}/fd")).map_err(|error| error.to_string())?;
    Ok(Holds {
        kib: field("VmRSS:").ok_or("no memory said")?,
        threads: field("Threads:").ok_or("no threads said")?,
        files: files.count() as u64,
        kept: kept(house.nodes[at].data()),
    })
}

/// Files in a folder and below it.
fn kept(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => kept(&entry.path()),
        _ => 1,
    });
    count.sum()
}
