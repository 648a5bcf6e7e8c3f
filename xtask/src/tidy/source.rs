//! Rules about Rust sources: sizes, openings, and words that may not be written.

use super::{Complaint, Tree};
use std::collections::BTreeSet;

/// A file's longest, without its tests. Soft: 400.
const FILE_LINES: usize = 800;

/// A function's longest, outside tests. Soft: 40.
const FUNCTION_LINES: usize = 70;

/// The only places that start other programs, as prefixes of paths. Everywhere else goes
/// through the first, which knows how to end them again.
const MAY_SPAWN: &[&str] = &[
    "crates/ffmpeg/src/child.rs",
    "crates/ffmpeg/src/bin/",
    "xtask/",
    "tests/",
];

pub fn complaints(tree: &Tree) -> Vec<Complaint> {
    let sources = || tree.iter().filter(|(path, _)| path.ends_with(".rs"));
    let for_tests: BTreeSet<String> = sources()
        .flat_map(|(path, text)| test_modules(path, text))
        .collect();
    sources()
        .flat_map(|(path, text)| of_source(path, text, for_tests.contains(path)))
        .collect()
}

/// Paths that the modules have which this file declares for tests only.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        named => format!("{folder}/{}", named.trim_end_matches(".rs")),
    };
    let lines: Vec<&str> = text.lines().collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    declared
        .filter_map(|pair| pair[1].strip_prefix("mod ")?.strip_suffix(';'))
        .flat_map(|name| {
            [
                format!("{folder}/{name}.rs"),
                format!("{folder}/{name}/mod.rs"),
            ]
        })
        .collect()
}

fn of_source(path: &str, text: &str, for_tests: bool) -> Vec<Complaint> {
    let mut all: Vec<Complaint> = opening(path, text).into_iter().collect();
    all.extend(allows(path, text));
    if for_tests || is_test(path) {
        return all;
    }
    let code = without_tests(text);
    all.extend(length(path, code));
    all.extend(functions(path, code));
    all.extend(spawning(path, code));
    all
}

/// Whether a file is a test or something only tests are made of.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The part of a file above its test module.
fn without_tests(text: &str) -> &str {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let opens = lines
            .peek()
            .is_some_and(|next| next.starts_with("mod ") && next.trim_end().ends_with('{'));
        if line.trim_end() == "#[cfg(test)]" && opens {
            break;
        }
        at += line.len();
    }
    &text[..at]
}

fn opening(path: &str, text: &str) -> Option<Complaint> {
    // A hash-bang or a comment about generation may stand first.
    let first = text
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with("#!/"))?;
    (!first.starts_with("//!"))
        .then(|| Complaint::at(path, 1, "open with //! and say what this module owns"))
}

fn length(path: &str, code: &str) -> Option<Complaint> {
    let lines = code.lines().count();
    (lines > FILE_LINES).then(|| {
        Complaint::file(
            path,
            format!("{lines} lines without tests, {FILE_LINES} at most: split it"),
        )
    })
}

/// Functions by rustfmt's layout: from the line of `fn` to the brace at the same indentation.
fn functions(path: &str, code: &str) -> Vec<Complaint> {
    let lines: Vec<&str> = code.lines().collect();
    let mut all = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let closing = format!("{indent}}}");
        let Some(end) = lines[start..].iter().position(|line| *line == closing) else {
            continue;
        };
        if end + 1 > FUNCTION_LINES {
            let what = format!("fn {name} has {} lines, {FUNCTION_LINES} at most", end + 1);
            all.push(Complaint::at(path, start + 1, what));
        }
    }
    all
}

/// The name of the function whose definition starts on this line, unless it also ends there.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let name = loop {
        match words.next()? {
            "fn" => break words.next()?,
            "const" | "async" | "unsafe" | "extern" | "\"C\"" => {}
            word if word == "pub" || word.starts_with("pub(") => {}
            _ => return None,
        }
    };
    let one_line = line.ends_with('}') || line.ends_with(';');
    (!one_line).then(|| name.split(['(', '<']).next().unwrap_or(name))
}

fn allows(path: &str, text: &str) -> Vec<Complaint> {
    // Put together here so that this file does not accuse itself.
    let words = ["#[", "#!["].map(|open| format!("{open}allow("));
    let holds = |line: &str| {
        words
            .iter()
            .any(|word| line.trim_start().starts_with(word.as_str()))
    };
    let found = text.lines().enumerate().filter(|(_, line)| holds(line));
    found
        .map(|(number, _)| {
            Complaint::at(
                path,
                number + 1,
                "use #[expect(…, reason = \"…\")], which ends when its cause does",
            )
        })
        .collect()
}

fn spawning(path: &str, code: &str) -> Vec<Complaint> {
    if MAY_SPAWN.iter().any(|allowed| path.starts_with(allowed)) {
        return Vec::new();
    }
    let spawns =
        |line: &str| line.contains("process::Command") && !line.trim_start().starts_with("//");
    let found = code.lines().enumerate().filter(|(_, line)| spawns(line));
    found
        .map(|(number, _)| {
            Complaint::at(
                path,
                number + 1,
                format!("only {} starts other programs", MAY_SPAWN[0]),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_at_the_end_do_not_count() {
        let text = "//! X\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(without_tests(text), "//! X\nfn a() {}\n\n");
        let only_an_import = "//! X\n#[cfg(test)]\nmod fake;\nfn a() {}\n";
        assert_eq!(without_tests(only_an_import), only_an_import);
    }

    #[test]
    fn modules_for_tests_only_are_known_by_their_declaration() {
        let text = "mod a;\n#[cfg(test)]\nmod b;\n";
        assert_eq!(test_modules("x/src/lib.rs", text)[0], "x/src/b.rs");
        assert_eq!(test_modules("x/src/p.rs", text)[0], "x/src/p/b.rs");
        assert_eq!(test_modules("x/src/p/mod.rs", text)[1], "x/src/p/b/mod.rs");
    }

    #[test]
    fn a_module_says_what_it_owns() {
        assert!(opening("a.rs", "use std::fs;\n").is_some());
        assert!(opening("a.rs", "//! Files.\nuse std::fs;\n").is_none());
        assert!(opening("a.rs", "").is_none());
    }

    #[test]
    fn long_functions_and_files_are_named() {
        let body = "        x();\n".repeat(69);
        let text = format!(
            "//! X\nimpl Y {{\n    pub async fn long(&self) {{\n{body}    }}\n    fn short() {{}}\n}}\n"
        );
        let found = functions("a.rs", &text);
        assert_eq!(
            found,
            [Complaint::at("a.rs", 3, "fn long has 71 lines, 70 at most")]
        );
        assert!(length("a.rs", &"x\n".repeat(801)).is_some());
        assert!(length("a.rs", &"x\n".repeat(800)).is_none());
    }

    #[test]
    fn function_names_are_found_by_their_first_line() {
        assert_eq!(
            function_name("    pub(crate) const unsafe fn name<T>("),
            Some("name")
        );
        assert_eq!(function_name("fn one() {}"), None);
        assert_eq!(function_name("    fn declared(&self);"), None);
        assert_eq!(function_name("let fn_like = 3;"), None);
    }

    #[test]
    fn silenced_lints_and_stray_children_are_refused() {
        let text = format!(
            "//! X\n#[{}(dead_code)]\nuse tokio::process::Command;\n",
            "allow"
        );
        let lines = |path: &str| {
            of_source(path, &text, false)
                .iter()
                .map(|c| c.line)
                .collect::<Vec<_>>()
        };
        assert_eq!(lines("crates/peer/src/link.rs"), [2, 3]);
        assert_eq!(lines("crates/ffmpeg/src/child.rs"), [2]);
        assert_eq!(lines("crates/peer/tests/link.rs"), [2]);
    }
}
