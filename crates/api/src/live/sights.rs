//! Pictures, forecasts and the like in this crate's words.

use data_encoding::BASE64;
use engine::sight as its;

use crate::choice::Purpose;
use crate::filters::Filters;
use crate::sight::{Deed, Film, Forecast, Given, Outlook, Still};

impl From<Film> for its::View {
    fn from(film: Film) -> Self {
        match film {
            Film::File { path, filters } => match filters == Filters::default() {
                true => Self::File(path.0),
                false => Self::Filtered(path.0, filters.into()),
            },
            Film::Source { job } => Self::Source(job.into()),
            Film::Result { job } => Self::Result(job.into()),
        }
    }
}

impl From<its::Still> for Still {
    fn from(one: its::Still) -> Self {
        Self {
            at_s: seconds(one.at_us),
            next_s: one.next_us.map(seconds),
            jpeg: BASE64.encode(&one.jpeg),
        }
    }
}

impl From<(Purpose, its::Outlook)> for Outlook {
    fn from((chosen, outlook): (Purpose, its::Outlook)) -> Self {
        let purposes = outlook.purposes.into_iter();
        Self {
            chosen: forecast(chosen, outlook.chosen),
            purposes: purposes.map(|(p, f)| forecast(p.into(), f)).collect(),
        }
    }
}

fn forecast(purpose: Purpose, one: its::Forecast) -> Forecast {
    Forecast {
        purpose,
        bytes_low: one.bytes_low,
        bytes_high: one.bytes_high,
        seconds: one.seconds,
        alone_s: one.alone_s,
        computers: one.computers,
    }
}

impl From<its::Deed> for Deed {
    fn from(one: its::Deed) -> Self {
        Self {
            computer: one.peer.into(),
            name: one.name,
            segments: one.segments,
            frames: one.frames,
            received_bytes: one.received,
            sent_bytes: one.sent,
            seconds: one.ms / 1000,
            began_ms: one.began_ms,
            ended_ms: one.ended_ms,
        }
    }
}

impl From<its::Given> for Given {
    fn from(one: its::Given) -> Self {
        Self {
            segments: one.segments,
            frames: one.frames,
            bytes: one.bytes,
            seconds: one.ms / 1000,
            computers: one.computers,
        }
    }
}

fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}
