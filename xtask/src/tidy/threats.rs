//! The threat model promises tests: each that it names must exist.

use super::{Complaint, Tree};

const MODEL: &str = "docs/threat-model.md";

pub fn complaints(tree: &Tree) -> Vec<Complaint> {
    let text = tree.get(MODEL).map_or("", String::as_str);
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for name in promised(line).filter(|name| !exists(tree, name)) {
            let what = format!("there is no test `{name}`");
            all.push(Complaint::at(MODEL, number + 1, what));
        }
    }
    all
}

/// The names of tests in the last cell of a table's row: words in backquotes that can only be a function's.
fn promised(line: &str) -> impl Iterator<Item = &str> {
    let row = line.strip_prefix('|').and_then(|row| row.strip_suffix('|'));
    let cell = row.and_then(|row| row.rsplit('|').next()).unwrap_or("");
    let is_name = |word: &&str| {
        let letters = word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        letters && word.contains('_')
    };
    cell.split('`').skip(1).step_by(2).filter(is_name)
}

/// A function of that name, or a trial that is called so.
fn exists(tree: &Tree, name: &str) -> bool {
    let (function, trial) = (format!("fn {name}("), format!("(\"{name}\", "));
    let sources = tree.iter().filter(|(path, _)| path.ends_with(".rs"));
    sources.into_iter().any(|(_, text)| {
        text.contains(&function)
            || text.contains(&trial)
            || text.contains(&format!("\"{name}\",\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_promised_and_not_there_is_missed() {
        let mut tree = Tree::new();
        let model = "| what | stops it | `peer` x: `it_is_there`, `it_is_a_trial`; `it_is_gone` |\n| `not_this` | |";
        tree.insert(MODEL.into(), model.into());
        tree.insert(
            "a.rs".into(),
            "fn it_is_there() {}\n    (\"it_is_a_trial\", run),".into(),
        );
        let found = complaints(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].what.contains("it_is_gone") && found[0].line == 1);
    }
}
