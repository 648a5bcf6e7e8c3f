//! A film and its result trade places on a disk, and at every instant the film or its proved result has a name that a
//! person finds.
//!
//! [`decide`] is pure: from what is at four names it says the one next step. [`Swap::run`] looks, asks, writes the step
//! down, does it, and looks again. So a run that was cut off is finished, or taken back, by the same code that began it:
//! nothing is remembered but who is who. No step replaces a file, and none removes what is not known to be there twice or
//! no longer wanted.
//!
//! This crate knows no jobs and no database: who calls it keeps the journal.

mod attributes;
mod decide;
mod disk;
mod fault;
mod ground;
mod identity;
mod keep;
mod run;

pub use attributes::make_alike;
pub use decide::{End, Goal, Seen, Step, Thing, Why, decide};
pub use disk::{free_backup, rename_new, sync_names};
pub use fault::point as fault;
pub use ground::{Ground, Refusal, examine, named};
pub use identity::{Identity, sample};
pub use keep::{Keep, Moment, Watch, due, until};
pub use run::Swap;
