//! Rules about the outside: no address of a foreign host in the product, and nothing from outside as markup on the page.

use super::{Complaint, Tree};

/// What may follow `://`: this computer, a value of ours, or nothing yet. The last is a name of a language, not a place.
const NEAR: &[&str] = &[
    "{",
    "$",
    "\"",
    "'",
    "`",
    "localhost",
    "ipc.localhost",
    "127.0.0.1",
    "[::1]",
    "www.w3.org/",
];

/// How text becomes markup without anybody looking.
const MARKUP: &[&str] = &[
    "{@html",
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "srcdoc",
];

pub fn complaints(tree: &Tree) -> Vec<Complaint> {
    let product = tree.iter().filter(|(path, _)| is_product(path));
    product
        .flat_map(|(path, text)| of_file(path, text))
        .collect()
}

/// What people run: no tests, no tools, no prose.
fn is_product(path: &str) -> bool {
    let is_ours = path.starts_with("crates/") && path.contains("/src/")
        || path.starts_with("src-tauri/")
        || path.starts_with("ui/src/")
        || path == "ui/index.html";
    let is_test =
        path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains(".test.");
    is_ours && !is_test
}

fn of_file(path: &str, text: &str) -> Vec<Complaint> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if is_comment(line) {
            continue;
        }
        if calls_far(line) {
            let what = "names a host outside the house: nothing here calls one";
            all.push(Complaint::at(path, number + 1, what));
        }
        if path.starts_with("ui/") && MARKUP.iter().any(|word| line.contains(word)) {
            let what = "text from outside is shown as text, never as markup";
            all.push(Complaint::at(path, number + 1, what));
        }
    }
    all
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "/*", "* ", "*/", "<!--"]
        .iter()
        .any(|opening| line.starts_with(opening))
}

/// Whether a line has an address of another host.
fn calls_far(line: &str) -> bool {
    ["http", "https", "ws", "wss", "ftp"].iter().any(|scheme| {
        line.split(&format!("{scheme}://"))
            .skip(1)
            .any(|rest| !rest.is_empty() && !NEAR.iter().any(|near| rest.starts_with(near)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let mut tree = Tree::new();
        tree.insert(path.to_owned(), text.to_owned());
        complaints(&tree).iter().map(|one| one.line).collect()
    }

    #[test]
    fn a_foreign_host_is_found_in_the_product_alone() {
        let text = "//! See https://example.org.\nlet a = format!(\"https://{host}/v1\");\nlet b = \"http://127.0.0.1:1\";\nlet c = \"https://example.org/ping\";\nlet d = \"wss://far.example\";\n";
        assert_eq!(lines("crates/web/src/lib.rs", text), [4, 5]);
        assert_eq!(lines("ui/src/host/http.ts", text), [4, 5]);
        for elsewhere in [
            "crates/web/tests/page/open.rs",
            "crates/peer/src/tests/house.rs",
            "xtask/src/ffmpeg.rs",
            "docs/json.md",
        ] {
            assert_eq!(lines(elsewhere, text), [0; 0], "{elsewhere}");
        }
    }

    #[test]
    fn markup_out_of_text_is_found_on_the_page() {
        for word in MARKUP {
            let text = format!("<p>{{name}}</p>\n<p>{word} name}}</p>\n");
            assert_eq!(lines("ui/src/views/Jobs.svelte", &text), [2], "{word}");
            assert_eq!(lines("crates/web/src/lib.rs", &text), [0; 0], "{word}");
        }
    }
}
