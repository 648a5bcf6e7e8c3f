//! Chance, from a seed that is said: the same seed throws the same again.

use std::env;

/// Throws, one after the other (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// By the seed that `MANYHANDS_FAULTS_SEED` names, else always the same.
    pub fn seeded() -> Self {
        let named = env::var("MANYHANDS_FAULTS_SEED").ok();
        Self(named.and_then(|seed| seed.parse().ok()).unwrap_or(5))
    }

    /// A number below `limit`, which is above 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % limit
    }

    /// One of two places: a donor's in the house.
    pub fn donor(&mut self) -> usize {
        1 + usize::from(self.below(2) == 1)
    }
}
