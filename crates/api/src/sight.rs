//! What there is to look at beside the scene: pictures, forecasts, the choices kept, help given.

use serde::{Deserialize, Serialize};

use crate::Api;
use crate::choice::{Choice, Purpose};
use crate::error::{ApiError, ErrorCode};
use crate::filters::Filters;
use crate::path::FilePath;
use crate::view::{ComputerId, JobId};

/// The most presets kept.
const MOST_PRESETS: usize = 100;
/// The longest name of a preset, letters of any alphabet.
const NAME_LETTERS: usize = 80;

/// What a picture is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Film {
    /// A file, before it is a job.
    File {
        /// The file.
        path: FilePath,
        /// What is changed about its picture.
        #[serde(default)]
        filters: Filters,
    },
    /// A job's source, its picture changed as the job's choice says.
    Source {
        /// Which job.
        job: JobId,
    },
    /// A completed job's result.
    Result {
        /// Which job.
        job: JobId,
    },
}

/// A picture of a film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Still {
    /// The time of the frame shown, seconds on the result's timeline.
    pub at_s: f64,
    /// The time of the frame after it; only of an exact picture that is not the last.
    pub next_s: Option<f64>,
    /// It, as a JPEG in Base64.
    pub jpeg: String,
}

/// What would become of a file, as far as that can be said before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Outlook {
    /// For the choice as it was given.
    pub chosen: Forecast,
    /// For each purpose as it comes, in the order of [`Purpose`]'s variants.
    pub purposes: Vec<Forecast>,
}

/// How large a result gets and how long it takes: an estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Forecast {
    /// For which purpose.
    pub purpose: Purpose,
    /// Most likely no smaller than this, bytes.
    pub bytes_low: u64,
    /// Most likely no larger than this, bytes.
    pub bytes_high: u64,
    /// Seconds with the computers that are there now, if any of them can.
    pub seconds: Option<f64>,
    /// Seconds for this computer alone, if it can.
    pub alone_s: Option<f64>,
    /// How many computers would work on it, this one included.
    pub computers: u32,
}

/// The choices that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    /// The choice made last; `None` before the first.
    pub last: Option<Choice>,
    /// Those saved under a name, in the order to show them.
    pub presets: Vec<Preset>,
}

/// A choice with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name; 1 to 80 bytes, no two alike.
    pub name: String,
    /// The choice.
    pub choice: Choice,
}

/// A stretch of work for another computer: what it was given and gave back, on one film or several alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Deed {
    /// Whom it was done for.
    pub computer: ComputerId,
    /// What that called itself then.
    pub name: String,
    /// Segments delivered.
    pub segments: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes of the film that came here.
    pub received_bytes: u64,
    /// Bytes of the results that went back.
    pub sent_bytes: u64,
    /// Seconds spent encoding.
    pub seconds: u64,
    /// When it began.
    pub began_ms: u64,
    /// When its last segment was delivered.
    pub ended_ms: u64,
}

/// What this computer has done for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Given {
    /// Segments delivered.
    pub segments: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes of the results.
    pub bytes: u64,
    /// Seconds spent encoding.
    pub seconds: u64,
    /// For how many computers.
    pub computers: u32,
}

/// The calls, one method each; [`crate::call`] documents them.
impl Api {
    /// One picture of a film.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchJob`]; [`ErrorCode::NotNow`] for the result of a job that has none;
    /// [`ErrorCode::Unreadable`] where there is no picture.
    pub async fn still(
        &self,
        film: Film,
        at_s: f64,
        exact: bool,
        height: u32,
    ) -> Result<Still, ApiError> {
        if !at_s.is_finite() || at_s.abs() > 1e7 || !(16..=2160).contains(&height) {
            let text = "A picture needs a time within the film and a height of 16 to 2160.";
            return Err(ApiError::new(ErrorCode::BadRequest, text));
        }
        self.node.still(film, at_s, exact, height).await
    }

    /// What each purpose would make of a file.
    ///
    /// # Errors
    /// What [`crate::call::Inspect`] says of a file that cannot be encoded.
    pub async fn forecast(
        &self,
        path: FilePath,
        choice: Choice,
        closer: bool,
    ) -> Result<Outlook, ApiError> {
        self.node.forecast(path.0, choice, closer).await
    }

    /// The choices that are kept.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn wishes(&self) -> Result<Wishes, ApiError> {
        self.node.wishes().await
    }

    /// Keeps them.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for names that are empty, too long or alike, or too many of them; if they
    /// cannot be stored.
    pub async fn set_wishes(&self, wishes: Wishes) -> Result<(), ApiError> {
        check(&wishes)?;
        self.node.set_wishes(wishes).await
    }

    /// The same, a line for each stretch of work, newest first; at most 200.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn deeds(&self) -> Result<Vec<Deed>, ApiError> {
        self.node.deeds().await
    }

    /// What this computer has done for others.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn given(&self) -> Result<Given, ApiError> {
        self.node.given().await
    }
}

fn check(wishes: &Wishes) -> Result<(), ApiError> {
    let bad = |text: &str| Err(ApiError::new(ErrorCode::BadRequest, text.to_owned()));
    if wishes.presets.len() > MOST_PRESETS {
        return bad("There are too many presets; delete some first.");
    }
    let mut seen = std::collections::BTreeSet::new();
    for Preset { name, .. } in &wishes.presets {
        let fits = name.trim() == name && (1..=NAME_LETTERS).contains(&name.chars().count());
        if !fits || name.chars().any(char::is_control) {
            return bad("A preset needs a name of 1 to 80 letters.");
        }
        if !seen.insert(name) {
            return bad("There is a preset of that name already.");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_have_names_of_their_own() {
        let preset = |name: &str| Preset {
            name: name.into(),
            choice: Choice::default(),
        };
        let of = |names: &[&str]| Wishes {
            last: None,
            presets: names.iter().map(|name| preset(name)).collect(),
        };
        assert!(check(&of(&[])).is_ok());
        assert!(check(&of(&["TV", "Phone – été", &"猫".repeat(80)])).is_ok());
        for wrong in [
            &["TV", "TV"][..],
            &[""],
            &[" TV"],
            &["a\nb"],
            &[&"x".repeat(81)],
        ] {
            assert_eq!(
                check(&of(wrong)).unwrap_err().code,
                ErrorCode::BadRequest,
                "{wrong:?}"
            );
        }
    }
}
