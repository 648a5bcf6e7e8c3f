//! `/api/v1`: this node for programs. A public interface, which `docs/api.md` describes with examples.
//!
//! Its types are its own and are turned from and into [`api`]'s at this border: those belong to one build and change
//! with the page, these are kept. A field may be added; none changes its meaning or goes before a `v2`. Numbers
//! have their unit in their name, `null` means "not known" or "not set", times are Unix milliseconds.
//!
//! The table of routes is [`routes`]: each line says which scope opens the route and with which statuses it may fail,
//! and the OpenAPI document is made from the same lines. Who comes in is decided in [`entry`].

mod choice;
pub mod entry;
mod events;
mod extract;
pub mod job;
mod jobs;
mod library;
mod originals;
mod page;
pub mod peers;
mod picture;
pub mod problem;
mod settings;
mod uploads;

pub use uploads::{Pending, keep as keep_uploads};

use std::sync::Arc;

use api::KeyScope;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use tokio::sync::Semaphore;
use utoipa::OpenApi as _;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{CALL_BYTES, Shared};
use problem::documented;

/// Requests that are being answered at once; one more is told to come back.
const AT_ONCE: usize = 64;
/// Streams of events at once.
const STREAMS: usize = 64;

/// What the routes of this version share beside the rest.
pub struct Desk {
    /// Uploads that were begun here.
    pub pending: Pending,
    /// Room for requests.
    pub room: Arc<Semaphore>,
    /// Room for streams of events.
    pub streams: Arc<Semaphore>,
    /// The right to write the settings.
    pub writing: tokio::sync::Mutex<()>,
    /// The right to submit a film.
    pub submitting: tokio::sync::Mutex<()>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            pending: Pending::default(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            streams: Arc::new(Semaphore::new(STREAMS)),
            writing: tokio::sync::Mutex::default(),
            submitting: tokio::sync::Mutex::default(),
        }
    }
}

/// What the document says of the whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Manyhands",
        description = "This computer's node, for programs. Send a key as `Authorization: Bearer mhk_…`; keys are made \
                       in the settings of the page or by `manyhands key new`. What goes wrong is answered with a \
                       `Problem`. Fields may be added to answers: ignore those you do not know.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/api/v1")),
    tags(
        (name = "jobs", description = "Films on their way."),
        (name = "library", description = "Watched folders, and what is taken from them."),
        (name = "uploads", description = "Films sent here from elsewhere, in as many parts as it takes."),
        (name = "peers", description = "The other computers."),
        (name = "node", description = "This computer."),
        (name = "events", description = "What happens, as it happens."),
    ),
    components(schemas(problem::Problem, events::Numbered)),
)]
struct About;

/// Every route, what opens it, and how it may fail beside what may happen anywhere.
fn table() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(About::openapi())
        .merge(films())
        .merge(library_and_originals())
        .merge(node())
}

/// Jobs, and the uploads they begin with.
fn films() -> OpenApiRouter<Shared> {
    use KeyScope::{Control, Read, Submit};
    OpenApiRouter::new()
        .routes(documented(Read, &[], routes!(jobs::list)))
        .routes(documented(
            Submit,
            &[404, 409, 413, 415, 422, 507],
            routes!(jobs::submit),
        ))
        .routes(documented(Read, &[404], routes!(jobs::one)))
        .routes(documented(Control, &[404, 409], routes!(jobs::forget)))
        .routes(documented(Control, &[404, 409], routes!(jobs::pause)))
        .routes(documented(
            Control,
            &[404, 409, 422, 507],
            routes!(jobs::resume),
        ))
        .routes(documented(Control, &[404, 409], routes!(jobs::cancel)))
        .routes(documented(
            Control,
            &[404, 409, 422, 507],
            routes!(jobs::retry),
        ))
        .routes(documented(Control, &[404, 409], routes!(jobs::fetch)))
        .routes(documented(
            Control,
            &[404, 409, 413, 415],
            routes!(jobs::shift),
        ))
        .routes(documented(Read, &[404], routes!(jobs::segments)))
        .routes(documented(Read, &[404, 409, 416], routes!(jobs::output)))
        .routes(documented(Read, &[404, 409, 422], routes!(jobs::receipt)))
        .routes(documented(Read, &[404], routes!(jobs::timeline)))
        .routes(documented(
            Submit,
            &[409, 413, 415, 507],
            routes!(uploads::begin),
        ))
        .routes(documented(Submit, &[404], routes!(uploads::tell)))
        .routes(documented(
            Submit,
            &[404, 409, 413, 415, 507],
            routes!(uploads::go_on),
        ))
        .routes(documented(Submit, &[404, 409], routes!(uploads::forget)))
}

/// Watched folders, and what was replaced.
fn library_and_originals() -> OpenApiRouter<Shared> {
    use KeyScope::{Admin, Control, Files, Read};
    OpenApiRouter::new()
        .routes(documented(Read, &[], routes!(library::whole)))
        .routes(documented(Read, &[], routes!(library::files)))
        .routes(documented(Admin, &[], routes!(library::rules)))
        .routes(documented(
            Admin,
            &[404, 412, 413, 415, 422],
            routes!(library::set_rules),
        ))
        .routes(documented(
            Control,
            &[404, 409, 413, 415, 422],
            routes!(library::scan),
        ))
        .routes(documented(
            Control,
            &[404, 409, 413, 415],
            routes!(library::retry),
        ))
        .routes(documented(Read, &[], routes!(originals::list)))
        .routes(documented(
            Files,
            &[404, 409, 422, 507],
            routes!(originals::undo),
        ))
        .routes(documented(
            Files,
            &[404, 409, 422],
            routes!(originals::delete),
        ))
}

/// This computer and the others.
fn node() -> OpenApiRouter<Shared> {
    use KeyScope::{Admin, Read};
    OpenApiRouter::new()
        .routes(documented(Read, &[], routes!(peers::node)))
        .routes(documented(Read, &[], routes!(peers::list)))
        .routes(documented(Read, &[404], routes!(peers::one)))
        .routes(documented(
            Admin,
            &[404, 409, 422],
            routes!(peers::disconnect),
        ))
        .routes(documented(Admin, &[], routes!(settings::read)))
        .routes(documented(
            Admin,
            &[412, 413, 415, 422],
            routes!(settings::write),
        ))
        .routes(documented(Read, &[], routes!(events::stream)))
        .routes(documented(Read, &[426], routes!(events::socket)))
}

/// The routes, for `/api/v1`.
pub fn routes(shared: &Shared) -> Router<Shared> {
    let (router, document) = table().split_for_parts();
    let document = whole(document);
    let text = Bytes::from(document.to_json().unwrap_or_default());
    let page = Bytes::from(page::write(&document));
    let kept = middleware::from_fn_with_state(shared.clone(), entry::admit);
    // What this version can do is no secret: like the page itself, it is given to whoever asks by our name.
    let open = Router::new()
        .route(
            "/openapi.json",
            get(|| async move { give("application/json", text) }),
        )
        .route(
            "/docs",
            get(|| async move { give("text/html; charset=utf-8", page) }),
        )
        .route(
            "/docs.css",
            get(|| async { give("text/css; charset=utf-8", page::STYLE) }),
        );
    router
        .method_not_allowed_fallback(problem::no_method)
        .fallback(problem::no_route)
        .layer(DefaultBodyLimit::max(CALL_BYTES))
        .layer(kept)
        .merge(open)
}

/// The document with what the attributes above cannot say.
fn whole(mut document: OpenApi) -> OpenApi {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("mhk_ and 64 hexadecimal digits")
        .description(Some(
            "A key. What each operation names is the scope that its key needs.",
        ));
    document
        .components
        .get_or_insert_default()
        .add_security_scheme(problem::SCHEME, SecurityScheme::Http(scheme.build()));
    let components = document.components.get_or_insert_default();
    components.schemas.values_mut().for_each(only_one_way);
    document
}

/// Says of a type of several ways that nothing else may stand beside the fields of the one that is taken.
fn only_one_way(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(ways)) = schema else {
        return;
    };
    for way in &mut ways.items {
        if let RefOr::T(Schema::Object(object)) = way
            && !object.properties.is_empty()
        {
            let nothing = AdditionalProperties::FreeForm(false);
            object.additional_properties = Some(Box::new(nothing));
        }
    }
}

fn give(kind: &'static str, body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, kind)], body).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_has_several_ways_has_one_at_a_time() {
        let (_, document) = table().split_for_parts();
        let document = serde_json::to_value(whole(document)).unwrap();
        for (name, objects) in [("Source", 2), ("Keep", 1), ("OutputPlace", 3)] {
            let ways = document["components"]["schemas"][name]["oneOf"]
                .as_array()
                .unwrap();
            let closed = ways
                .iter()
                .filter(|way| way["additionalProperties"] == false);
            assert_eq!(closed.count(), objects, "{name}");
        }
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let ways = |schema: &Value| schema["oneOf"].as_array().cloned().unwrap_or_default();
        for (name, way) in schemas
            .iter()
            .flat_map(|(name, schema)| ways(schema).into_iter().map(move |way| (name, way)))
            .filter(|(_, way)| way.get("properties").is_some())
        {
            assert_eq!(way["additionalProperties"], false, "{name}: {way}");
        }
    }

    /// What this interface promises is there, by method and path.
    #[test]
    fn the_document_has_every_route() {
        let (_, document) = table().split_for_parts();
        let document = serde_json::to_value(whole(document)).unwrap();
        let promised = [
            ("get", "/jobs"),
            ("post", "/jobs"),
            ("get", "/jobs/{id}"),
            ("delete", "/jobs/{id}"),
            ("post", "/jobs/{id}/pause"),
            ("post", "/jobs/{id}/resume"),
            ("post", "/jobs/{id}/cancel"),
            ("post", "/jobs/{id}/retry"),
            ("post", "/jobs/{id}/fetch"),
            ("get", "/jobs/{id}/output"),
            ("get", "/jobs/{id}/receipt"),
            ("get", "/jobs/{id}/timeline"),
            ("get", "/library"),
            ("put", "/library/rules"),
            ("post", "/uploads"),
            ("patch", "/uploads/{id}"),
            ("get", "/peers"),
            ("delete", "/peers/{id}"),
            ("get", "/settings"),
            ("put", "/settings"),
            ("get", "/events"),
            ("get", "/events/socket"),
        ];
        for (method, path) in promised {
            let operation = &document["paths"][path][method];
            assert!(operation.is_object(), "{method} {path}");
            let scopes = &operation["security"][0][problem::SCHEME];
            assert_eq!(scopes.as_array().map(Vec::len), Some(1), "{method} {path}");
            for always in ["401", "403", "429"] {
                assert!(
                    operation["responses"][always].is_object(),
                    "{method} {path}"
                );
            }
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
}
