//! How a computer behaves that helps others: when it may, with how much of itself, and what becomes of work under way
//! for them when somebody sits down, the plug is pulled or a game starts.
//!
//! Pure: what was sensed and the time come in, a [`Standing`] comes out. Work of the computer's own user never comes
//! near any of this.

mod decide;
mod hours;
mod latch;
mod rules;
mod senses;

pub use decide::{Begun, Etiquette, Reason, Standing};
pub use hours::{BadHours, Hours, Weekday};
pub use rules::{Mode, Rules};
pub use senses::{Clock, Disk, Person, Senses};
