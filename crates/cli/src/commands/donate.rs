//! `donate`: how helping stands, and turning it on and off.

use api::{ApiError, call};

use super::with_node;
use crate::args::{Donate, HelpWord};
use crate::node::Start;
use crate::present::helping;
use crate::present::json::HelpingLine;
use crate::{App, End};

/// Does what was typed, and says how it stands.
pub async fn run(wanted: &Donate, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        match wanted.whether {
            Some(HelpWord::On) => node.call(call::Donate { on: true }).await?,
            Some(HelpWord::Off) => node.call(call::Donate { on: false }).await?,
            Some(HelpWord::Finish) => node.call(call::WindDown {}).await?,
            None if wanted.on_battery => node.call(call::HelpOnBattery { on: true }).await?,
            None => {}
        }
        let here = node.call(call::Snapshot {}).await?.scene.here;
        app.out
            .result(&HelpingLine::new(&here), || helping::stands(&here));
        Ok(End::Done)
    })
    .await
}
