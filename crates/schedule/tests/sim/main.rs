//! The scheduler in a simulated house.

#![expect(
    clippy::unwrap_used,
    reason = "a check that stops is a check that fails"
)]

mod donor;
mod film;
mod journal;
mod rng;
mod told;
mod watch;
mod world;

/// Whatever happens: what must hold holds, and every job ends.
mod anything;

/// How long a film takes, against the fastest it could be done at all.
mod makespan;

/// A thousand peers and thirty thousand segments.
mod scale;

/// Scenarios with their outcome beside them.
mod scripts;

/// Half a day of two hundred peers that come and go.
mod soak;
