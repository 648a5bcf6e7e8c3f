//! Tables for spreadsheets: CSV as RFC 4180 has it, with a line of names first.

use std::fmt::Write as _;

/// A table that grows.
#[derive(Debug, Default)]
pub struct Csv(String);

impl Csv {
    /// A table with these columns.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        let mut csv = Self::default();
        csv.row(columns.iter().map(|column| (*column).to_owned()));
        csv
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&cell)).collect();
        // Writing to a string does not fail.
        let _ = write!(self.0, "{}\r\n", cells.join(","));
    }

    /// Its text.
    #[must_use]
    pub fn text(self) -> String {
        self.0
    }
}

/// A table as the text of a file. Without this mark spreadsheets take a file for one in their system's old encoding.
#[must_use]
pub fn file(table: &str) -> String {
    format!("\u{feff}{table}")
}

/// A cell. Text from other machines must not be a formula to whoever opens it.
fn quoted(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok();
    let formula = !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    if formula || cell.contains([',', '"', '\r', '\n']) {
        return format!("\"{guard}{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text() {
        let mut csv = Csv::new(&["name", "ms"]);
        csv.row(["=cmd|'/c calc'!A1".to_owned(), "-3".to_owned()]);
        csv.row(["a \"b\", c\nd".to_owned(), String::new()]);
        assert_eq!(
            csv.text(),
            "name,ms\r\n\"'=cmd|'/c calc'!A1\",-3\r\n\"a \"\"b\"\", c\nd\",\r\n"
        );
    }
}
