//! `key`: keys for programs, made, listed and taken back.

use api::{ApiError, call};

use super::with_node;
use crate::args::{Key, KeyCommand};
use crate::node::Start;
use crate::present::human;
use crate::present::json::{KeyLine, RevokedLine};
use crate::{App, End};

/// Does what was typed.
pub async fn run(wanted: Key, app: &App) -> Result<End, ApiError> {
    with_node(app, Start::to_look(), async |node| {
        match wanted.what {
            KeyCommand::New(new) => {
                let scopes = new.scopes.iter().map(|scope| (*scope).into()).collect();
                let name = new.name;
                let made = node.call(call::NewKey { name, scopes }).await?;
                app.out
                    .result(&KeyLine::new(&made.key, Some(&made.text)), || {
                        made.text.clone()
                    });
                app.out.remark(
                    "This is the only time it is shown. A program sends it as Authorization: Bearer KEY.",
                );
            }
            KeyCommand::List => {
                let keys = node.call(call::Keys {}).await?;
                if app.out.is_json() {
                    keys.iter()
                        .for_each(|key| app.out.line(&KeyLine::new(key, None)));
                } else {
                    app.out.text(&human::keys(&keys));
                }
            }
            KeyCommand::Revoke { id } => {
                node.call(call::RevokeKey { id }).await?;
                app.out.result(&RevokedLine { key: id }, || {
                    format!("Key {id} opens nothing any more.")
                });
            }
        }
        Ok(End::Done)
    })
    .await
}
