//! Keys for programs in this crate's words.

use engine::keys as its;

use crate::keys::{ApiKey, KeyScope};

impl From<its::Scope> for KeyScope {
    fn from(one: its::Scope) -> Self {
        match one {
            its::Scope::Read => Self::Read,
            its::Scope::Submit => Self::Submit,
            its::Scope::Files => Self::Files,
            its::Scope::Control => Self::Control,
            its::Scope::Admin => Self::Admin,
            its::Scope::Metrics => Self::Metrics,
        }
    }
}

impl From<KeyScope> for its::Scope {
    fn from(one: KeyScope) -> Self {
        match one {
            KeyScope::Read => Self::Read,
            KeyScope::Submit => Self::Submit,
            KeyScope::Files => Self::Files,
            KeyScope::Control => Self::Control,
            KeyScope::Admin => Self::Admin,
            KeyScope::Metrics => Self::Metrics,
        }
    }
}

impl From<its::ApiKey> for ApiKey {
    fn from(one: its::ApiKey) -> Self {
        let ms = |at: i64| u64::try_from(at).unwrap_or(0);
        Self {
            id: one.id,
            name: one.name,
            scopes: one.scopes.into_iter().map(Into::into).collect(),
            created_ms: ms(one.created_ms),
            used_ms: one.used_ms.map(ms),
        }
    }
}
