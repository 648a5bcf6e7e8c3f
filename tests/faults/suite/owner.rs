//! The owner dies, over and over.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::house::{House, OWNER};
use super::job::{self, Job};
use super::{Fault, by_minutes, short};

pub const FAULTS: &[Fault] = &[short(
    "owner::killed_at_random_moments",
    "the owner's node is killed at random moments and started again",
    killed,
)];

/// How often it is killed: in the short form, and in the long one for each minute and at most.
const KILLS: (u64, u64, u64) = (5, 4, 100);

/// Some moment within this long after its start, ms.
const WITHIN_MS: u64 = 4000;

fn killed(house: &mut House) -> Result<String, String> {
    let wanted = by_minutes(KILLS);
    let (mut kills, mut jobs, mut kept) = (0, 0, 0);
    while kills < wanted {
        let job = house.submit()?;
        let mut known = BTreeMap::new();
        while kills < wanted {
            thread::sleep(Duration::from_millis(house.dice.below(WITHIN_MS)));
            house.nodes[OWNER].kill();
            kills += 1;
            known = none_is_made_again(house, &job, &known)?;
            house.nodes[OWNER].start_again()?;
            if job::is_over(&house.look(&job)?) {
                break;
            }
        }
        house.completed(&job)?;
        house.nodes[OWNER].kill();
        kept += none_is_made_again(house, &job, &known)?.len();
        house.nodes[OWNER].start_again()?;
        jobs += 1;
    }
    Ok(format!(
        "killed {kills} times in {jobs} jobs; each went on and was exact; of {kept} verified segments none was encoded again"
    ))
}

/// The segments that are verified now; those that were are among them, as they were.
fn none_is_made_again(
    house: &House,
    job: &Job,
    known: &BTreeMap<u32, String>,
) -> Result<BTreeMap<u32, String>, String> {
    let now = job::verified(house.nodes[OWNER].data(), job.id)?;
    for (index, made) in known {
        if now.get(index) != Some(made) {
            return Err(format!(
                "segment {index} was verified ({made}), and now it is {:?}",
                now.get(index)
            ));
        }
    }
    Ok(now)
}
