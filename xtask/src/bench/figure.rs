//! A measured figure beside what it should be.

/// Measurements of one thing, and the claim about it.
pub struct Figure {
    /// The bench it belongs to: a to e.
    pub letter: char,
    pub what: String,
    /// At least one.
    pub values: Vec<f64>,
    pub unit: &'static str,
    pub goal: Goal,
}

/// The claim.
#[derive(Clone, Copy)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    /// (d): from the last segment received to the output in place, percent of the whole, on this `film`.
    pub fn merging(film: impl Into<String>, values: Vec<f64>) -> Self {
        Self {
            letter: 'd',
            what: format!("last segment to output in place: {}", film.into()),
            values,
            unit: " %",
            goal: Goal::AtMost(3.0),
        }
    }

    /// The middle value; between the two middle ones where their number is even.
    pub fn median(&self) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
        }
    }

    fn range(&self) -> (f64, f64) {
        let smallest = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = self
            .values
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        (smallest, largest)
    }

    fn verdict(&self) -> String {
        let median = self.median();
        let mark = |met: bool| if met { "✓" } else { "✗ MISSED" };
        match self.goal {
            Goal::AtMost(most) => format!("≤ {most}{} {}", self.unit, mark(median <= most)),
            Goal::AtLeast(least) => format!("≥ {least}{} {}", self.unit, mark(median >= least)),
        }
    }
}

/// The figures as a table for people.
pub fn table(figures: &[Figure], quick: bool) -> String {
    let mut lines = Vec::new();
    for figure in figures {
        let (smallest, largest) = figure.range();
        let values = format!(
            "{:.3}{}  ({smallest:.3}…{largest:.3})",
            figure.median(),
            figure.unit
        );
        lines.push(format!(
            "{}  {:<58} {values:<28} {}",
            figure.letter,
            figure.what,
            figure.verdict()
        ));
    }
    if quick {
        lines.push("(--quick: short films, one run; not to be quoted)".into());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(values: &[f64], goal: Goal) -> Figure {
        Figure {
            letter: 'a',
            what: "wall".into(),
            values: values.to_vec(),
            unit: "",
            goal,
        }
    }

    #[test]
    fn the_median_decides() {
        assert!((figure(&[3.0, 1.0, 2.0], Goal::AtMost(0.0)).median() - 2.0).abs() < 1e-9);
        assert!((figure(&[1.0, 2.0], Goal::AtMost(0.0)).median() - 1.5).abs() < 1e-9);
        assert!(
            figure(&[1.0, 1.05, 9.0], Goal::AtMost(1.1))
                .verdict()
                .ends_with('✓')
        );
        assert!(
            figure(&[0.9], Goal::AtLeast(0.92))
                .verdict()
                .contains("MISSED")
        );
    }

    #[test]
    fn the_table_shows_the_range() {
        let text = table(&[figure(&[1.0, 1.2, 1.1], Goal::AtMost(1.15))], true);
        assert!(
            text.contains("1.100  (1.000…1.200)") && text.contains("not to be quoted"),
            "{text}"
        );
    }
}
