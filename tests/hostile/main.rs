//! Nothing that a stranger, a paired computer, a donor or a web page sends breaks a node.
//!
//! One real node serves throughout. After every attack it is still the same process, the link of an honest computer that
//! is paired with it has never broken, that computer's segment is encoded as it was before the attacks, the page
//! answers, nothing is left of the attack on its disk, and its memory is below `house::MOST_MEMORY`.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is not as it should be"
)]

/// It needs small disks, signals and addresses as Unix systems have them.
#[cfg(unix)]
mod suite;

fn main() {
    #[cfg(unix)]
    suite::run();
}
