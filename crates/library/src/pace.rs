//! How many jobs are given ahead, so that whole files and parts of files together keep every computer busy.
//!
//! The scheduler gives a free computer what the first job in the queue has no more use for to the next one. For that the
//! next one has to be there already: indexed, and with parts to give. Too many ahead would cost memory (each keeps its
//! index) and could no longer be reordered by whoever changes a rule.

/// Jobs of the library under way at most, however many computers there are.
pub const MOST_AHEAD: usize = 24;

/// Jobs that are under way at least while there are files: one may be at its last parts, or joined and proved, while the
/// next is encoded and a third one is being looked into.
const LEAST_AHEAD: usize = 3;

/// Whether one more job is to be given. `parts`: for each job of the library under way, how many parts are still to be
/// given out, as far as is known; `seats`: how many parts all computers encode at once.
#[must_use]
pub fn wants_more(parts: &[u32], seats: u32) -> bool {
    if parts.len() >= MOST_AHEAD {
        return false;
    }
    // Each computer holds one part more than it encodes.
    let room = u64::from(seats).saturating_mul(2).max(2);
    let ready: u64 = parts.iter().copied().map(u64::from).sum();
    parts.len() < LEAST_AHEAD || ready < room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_film_is_enough_but_for_those_that_follow_at_once() {
        assert!(wants_more(&[], 4));
        assert!(wants_more(&[300, 0], 4));
        assert!(!wants_more(&[300, 0, 0], 4));
    }

    #[test]
    fn short_ones_are_given_until_everybody_has_one_in_hand_and_one_in_reserve() {
        assert!(wants_more(&[1; 7], 4));
        assert!(!wants_more(&[1; 8], 4));
        assert!(wants_more(&[1; 8], 5));
    }

    #[test]
    fn there_is_an_end() {
        assert!(!wants_more(&[0; MOST_AHEAD], u32::MAX));
        assert!(wants_more(&[0, 0, 0], 0));
    }
}
