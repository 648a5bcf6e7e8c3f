//! `/api/v1/docs`: the OpenAPI document as a page, written once at the start. It runs no script and fetches nothing but
//! its own style sheet, so the page's strict policy holds for it, too.

use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::problem::SCHEME;

/// The page's style sheet.
pub const STYLE: &str = include_str!("page.css");

/// The page.
pub fn write(document: &OpenApi) -> String {
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut page = head(&document);
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        page += &format!(
            "<section id=\"{0}\"><h2>{0}</h2><p>{1}</p>",
            escape(name),
            prose(text(&tag["description"]))
        );
        for (path, method, operation) in operations(&document) {
            if list(&operation["tags"]).any(|one| one == name) {
                page += &described(path, method, operation);
            }
        }
        page += "</section>";
    }
    page += "<section id=\"schemas\"><h2>Schemas</h2>";
    for (name, schema) in pairs(&document["components"]["schemas"]) {
        page += &shape(name, schema);
    }
    page + "</section></main></body></html>\n"
}

fn head(document: &Value) -> String {
    let mut links: Vec<&str> = list(&document["tags"])
        .map(|tag| text(&tag["name"]))
        .collect();
    links.push("schemas");
    let links: String = links
        .iter()
        .map(|name| format!("<a href=\"#{0}\">{0}</a> ", escape(name)))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} API</title>\
         <link rel=\"stylesheet\" href=\"/api/v1/docs.css\"></head><body><main>\
         <h1>{title} API <small>{version}</small></h1><p>{about}</p>\
         <p><a href=\"/api/v1/openapi.json\">openapi.json</a></p><nav aria-label=\"Parts\">{links}</nav>",
        title = escape(text(&document["info"]["title"])),
        version = escape(text(&document["info"]["version"])),
        about = prose(text(&document["info"]["description"])),
    )
}

/// One operation, closed until somebody wants to read it.
fn described(path: &str, method: &str, operation: &Value) -> String {
    let scope = list(&operation["security"][0][SCHEME])
        .next()
        .map_or("", text);
    let mut all = format!(
        "<details><summary><b class=\"{method}\">{upper}</b> <code>{path}</code> {summary}</summary>\
         <p>{about}</p><p>Scope: <b>{scope}</b></p><pre>{curl}</pre>",
        upper = method.to_ascii_uppercase(),
        path = escape(path),
        summary = prose(text(&operation["summary"])),
        about = prose(text(&operation["description"])),
        scope = escape(scope),
        curl = escape(&curl(path, method, operation)),
    );
    let parameters: String = list(&operation["parameters"])
        .map(|one| {
            row(&[
                &format!("<code>{}</code>", escape(text(&one["name"]))),
                &escape(text(&one["in"])),
                &kind(&one["schema"]),
                &prose(text(&one["description"])),
            ])
        })
        .collect();
    all += &table(&["Parameter", "in", "is", ""], &parameters);
    let body: String = pairs(&operation["requestBody"]["content"])
        .map(|(media, content)| row(&[&escape(media), &kind(&content["schema"])]))
        .collect();
    all += &table(&["Body", "is"], &body);
    let answers: String = pairs(&operation["responses"])
        .map(|(status, answer)| {
            let bodies: Vec<String> = pairs(&answer["content"])
                .map(|(_, content)| kind(&content["schema"]))
                .collect();
            let about = prose(text(&answer["description"]));
            row(&[
                &escape(status),
                bodies.first().map_or("", String::as_str),
                &about,
            ])
        })
        .collect();
    all + &table(&["Answer", "is", ""], &answers) + "</details>"
}

/// A line to paste into a shell.
fn curl(path: &str, method: &str, operation: &Value) -> String {
    let mut line = "curl -H \"Authorization: Bearer $KEY\"".to_owned();
    if method != "get" {
        line += &format!(" -X {}", method.to_ascii_uppercase());
    }
    if let Some((media, _)) = pairs(&operation["requestBody"]["content"]).next() {
        line += &format!(" -H 'Content-Type: {media}' --data-binary @FILE");
    }
    line + &format!(
        " \"$NODE/api/v1{}\"",
        path.replace('{', "$").replace('}', "")
    )
}

/// What a type is made of.
fn shape(name: &str, schema: &Value) -> String {
    let fields: String = pairs(&schema["properties"])
        .map(|(field, one)| {
            row(&[
                &format!("<code>{}</code>", escape(field)),
                &kind(one),
                &prose(text(&one["description"])),
            ])
        })
        .collect();
    let words: String = list(&schema["enum"])
        .map(|word| format!("<code>{}</code> ", escape(text(word))))
        .collect();
    let ways: String = list(&schema["oneOf"])
        .map(|one| {
            format!(
                "<li>{} {}</li>",
                kind(one),
                prose(text(&one["description"]))
            )
        })
        .collect();
    let ways = if ways.is_empty() {
        ways
    } else {
        format!("<p>One of:</p><ul>{ways}</ul>")
    };
    format!(
        "<article id=\"schema-{0}\"><h3>{0}</h3><p>{1}</p><p>{words}</p>{ways}{2}</article>",
        escape(name),
        prose(text(&schema["description"])),
        table(&["Field", "is", ""], &fields),
    )
}

/// A type in a few words, with links to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    let either: Vec<String> = list(&schema["oneOf"])
        .chain(list(&schema["anyOf"]))
        .map(kind)
        .collect();
    if !either.is_empty() {
        return either.join(" or ");
    }
    if let Some((field, one)) = pairs(&schema["properties"]).next()
        && schema["type"] == "object"
    {
        let word = list(&one["enum"])
            .next()
            .map(|word| format!("\"{}\"", text(word)));
        let inner = word.map_or_else(|| kind(one), |word| escape(&word));
        return format!("{{<code>{}</code>: {inner} …}}", escape(field));
    }
    let word = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        one => text(one).to_owned(),
    };
    if word == "array" {
        return format!("list of {}", kind(&schema["items"]));
    }
    escape(&word)
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    pairs(&document["paths"])
        .flat_map(|(path, item)| pairs(item).map(move |(method, one)| (path, method, one)))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn pairs(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, one)| (key.as_str(), one))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn row(cells: &[&str]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td>{cell}</td>"))
        .collect();
    format!("<tr>{cells}</tr>")
}

fn table(heads: &[&str], rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads: String = heads
        .iter()
        .map(|head| format!("<th>{head}</th>"))
        .collect();
    format!("<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
}

/// Text whose `code` is marked as such.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let marked = parts.map(|(at, part)| {
        let part = escape(part);
        if at % 2 == 1 {
            format!("<code>{part}</code>")
        } else {
            part
        }
    });
    marked.collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_every_type_is_on_the_page() {
        let (_, document) = super::super::table().split_for_parts();
        let page = write(&document);
        let document = serde_json::to_value(&document).unwrap();
        let all: Vec<_> = operations(&document).collect();
        assert!(all.len() > 20);
        for (path, method, _) in all {
            let line = format!(
                "<b class=\"{method}\">{}</b> <code>{path}</code>",
                method.to_ascii_uppercase()
            );
            assert!(page.contains(&line), "{line}");
        }
        for (name, _) in pairs(&document["components"]["schemas"]) {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        // Each link within the page leads somewhere.
        for link in page.split("href=\"#").skip(1) {
            let link = link.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
        }
        assert!(!page.contains("<script") && !page.contains("style="));
    }

    #[test]
    fn text_is_text() {
        assert_eq!(prose("a `<b>` & c"), "a <code>&lt;b&gt;</code> &amp; c");
    }
}
