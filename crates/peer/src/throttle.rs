//! How often strangers may ask: a budget for each address and one for all together.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// The most addresses that are counted apart; beyond it the longest silent is forgotten.
const MAX_ADDRESSES: usize = 256;

/// Budgets that refill evenly.
#[derive(Debug)]
pub(crate) struct Throttle {
    each: u32,
    all: u32,
    refill: Duration,
    addresses: BTreeMap<IpAddr, Bucket>,
    total: Bucket,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Throttle {
    /// `each` requests an address and `all` in total, refilled over `refill`.
    pub(crate) fn new(each: u32, all: u32, refill: Duration, now: Instant) -> Self {
        let total = Bucket {
            left: f64::from(all),
            at: now,
        };
        Self {
            each,
            all,
            refill,
            addresses: BTreeMap::new(),
            total,
        }
    }

    /// Whether a request from `address` is within both budgets; if so it is paid for.
    pub(crate) fn take(&mut self, address: IpAddr, now: Instant) -> bool {
        let (each, all, refill) = (self.each, self.all, self.refill);
        if !self.addresses.contains_key(&address) && self.addresses.len() >= MAX_ADDRESSES {
            self.forget_the_longest_silent();
        }
        let bucket = self.addresses.entry(address).or_insert(Bucket {
            left: f64::from(each),
            at: now,
        });
        bucket.fill(each, refill, now);
        self.total.fill(all, refill, now);
        let allowed = bucket.left >= 1.0 && self.total.left >= 1.0;
        if allowed {
            bucket.left -= 1.0;
            self.total.left -= 1.0;
        }
        allowed
    }

    /// Whether anything is left for `address`, without paying.
    pub(crate) fn has_budget(&mut self, address: IpAddr, now: Instant) -> bool {
        self.total.fill(self.all, self.refill, now);
        let own = self.addresses.get_mut(&address).is_none_or(|bucket| {
            bucket.fill(self.each, self.refill, now);
            bucket.left >= 1.0
        });
        own && self.total.left >= 1.0
    }

    fn forget_the_longest_silent(&mut self) {
        let oldest = self
            .addresses
            .iter()
            .min_by_key(|(_, bucket)| bucket.at)
            .map(|(ip, _)| *ip);
        oldest.map(|ip| self.addresses.remove(&ip));
    }
}

impl Bucket {
    fn fill(&mut self, most: u32, refill: Duration, now: Instant) {
        let share = now.saturating_duration_since(self.at).as_secs_f64() / refill.as_secs_f64();
        self.left = (self.left + share * f64::from(most)).min(f64::from(most));
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[tokio::test(start_paused = true)]
    async fn each_address_and_all_together_are_limited() {
        let start = Instant::now();
        let mut throttle = Throttle::new(2, 3, Duration::from_secs(60), start);
        let taken: Vec<bool> = [A, A, A, B, B].map(|ip| throttle.take(ip, start)).to_vec();
        assert_eq!(taken, [true, true, false, true, false]);
        assert!(!throttle.has_budget(B, start));
        let later = start + Duration::from_secs(31);
        assert!(throttle.has_budget(B, later) && throttle.take(A, later));
    }

    #[tokio::test(start_paused = true)]
    async fn many_addresses_cost_bounded_memory() {
        let mut now = Instant::now();
        let mut throttle = Throttle::new(1, u32::MAX, Duration::from_secs(60), now);
        for i in 0..10_000u32 {
            now += Duration::from_millis(1);
            throttle.take(IpAddr::V4(i.into()), now);
        }
        assert_eq!(throttle.addresses.len(), MAX_ADDRESSES);
    }
}
