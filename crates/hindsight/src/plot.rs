//! The drawing of a measurement: speed-up and efficiency over workers, with the ideal and Amdahl's curve, as an SVG that
//! stands by itself.

use std::fmt::Write as _;

use crate::laws;
use crate::sweep::{Measured, compare, measure_of, summary};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = HEIGHT - 48.0;
/// Points of a curve.
const POINTS: u32 = 60;

/// One of the two graphs.
struct Graph {
    title: &'static str,
    /// The largest values of both axes.
    workers: f64,
    most: f64,
    /// From the top of the picture.
    down: f64,
    /// The numbers of workers that were tried, apart enough for their words.
    tried: Vec<f64>,
}

impl Graph {
    fn x(&self, workers: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * workers / self.workers
    }

    fn y(&self, value: f64) -> f64 {
        self.down + BOTTOM - (BOTTOM - TOP) * (value / self.most).clamp(0.0, 1.0)
    }

    fn axes(&self, svg: &mut String) {
        let (down, title) = (self.down, self.title);
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{}\" font-size=\"17\" font-weight=\"600\">{title}</text>",
            down + 26.0
        );
        for value in steps(self.most) {
            let y = self.y(value);
            let _ = write!(
                svg,
                "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#d9d4c9\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#5b564e\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                number(value)
            );
        }
        for value in self.tried.iter().copied() {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#5b564e\">{}</text>",
                self.x(value),
                down + BOTTOM + 20.0,
                number(value)
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#5b564e\">workers</text>",
            down + BOTTOM + 38.0
        );
    }

    fn curve(&self, svg: &mut String, from: f64, look: &str, value: impl Fn(f64) -> f64) {
        let points = (0..=POINTS).map(|n| {
            let workers = from + (self.workers - from) * f64::from(n) / f64::from(POINTS);
            format!("{:.1} {:.1}", self.x(workers), self.y(value(workers)))
        });
        let points: Vec<String> = points.collect();
        let _ = write!(
            svg,
            "<path d=\"M{}\" fill=\"none\" {look}/>",
            points.join("L")
        );
    }

    fn measured(&self, svg: &mut String, points: &[(f64, f64)]) {
        let line: Vec<String> = points
            .iter()
            .map(|(workers, value)| format!("{:.1} {:.1}", self.x(*workers), self.y(*value)))
            .collect();
        let _ = write!(
            svg,
            "<path d=\"M{}\" fill=\"none\" {MEASURED}/>",
            line.join("L")
        );
        for (workers, value) in points {
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4.5\" fill=\"#1f5fbf\"><title>{workers} workers: {value:.2}</title></circle>",
                self.x(*workers),
                self.y(*value)
            );
        }
    }
}

const MEASURED: &str = "stroke=\"#1f5fbf\" stroke-width=\"2.4\"";
const IDEAL: &str = "stroke=\"#5b564e\" stroke-width=\"1.6\" stroke-dasharray=\"7 5\"";
const AMDAHL: &str = "stroke=\"#b4541a\" stroke-width=\"1.8\" stroke-dasharray=\"2 4\"";

/// The picture of these rows; that with the fewest workers is the measure of the rest. Empty without rows.
#[must_use]
pub fn svg(rows: &[Measured]) -> String {
    let Some(first) = measure_of(rows) else {
        return String::new();
    };
    let fewest = f64::from(first.workers.max(1));
    let most = rows.iter().map(|row| row.workers).max().unwrap_or(1);
    let workers = f64::from(most);
    let points = |value: fn(&crate::sweep::Compared) -> f64| -> Vec<(f64, f64)> {
        let point = |row: &Measured| (f64::from(row.workers), value(&compare(*row, first)));
        let mut points: Vec<(f64, f64)> = rows.iter().map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    let speed_ups = points(|one| one.speed_up);
    let efficiencies = points(|one| one.efficiency);
    let highest = |points: &[(f64, f64)]| points.iter().map(|point| point.1).fold(0.0, f64::max);
    let graph = |title, least: f64, points: &[(f64, f64)], down| Graph {
        title,
        workers: workers.max(1.0),
        most: least.max(highest(points)) * 1.05,
        down,
        tried: apart(rows, workers),
    };
    let up = graph("Speed-up", workers / fewest, &speed_ups, 0.0);
    let share = graph("Efficiency", 1.0, &efficiencies, HEIGHT);
    let serial = summary(rows).serial_fraction;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"13\"><rect width=\"100%\" height=\"100%\" fill=\"#fffefb\"/>",
        2.0 * HEIGHT
    );
    legend(&mut svg, serial);
    up.axes(&mut svg);
    up.curve(&mut svg, fewest, IDEAL, |workers| workers / fewest);
    share.axes(&mut svg);
    share.curve(&mut svg, fewest, IDEAL, |_| 1.0);
    if let Some(serial) = serial {
        let law = |workers: f64| laws::amdahl(serial, workers / fewest);
        up.curve(&mut svg, fewest, AMDAHL, law);
        share.curve(&mut svg, fewest, AMDAHL, |workers| {
            laws::efficiency(law(workers), workers / fewest)
        });
    }
    up.measured(&mut svg, &speed_ups);
    share.measured(&mut svg, &efficiencies);
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, serial: Option<f64>) {
    let mut names = vec![
        (MEASURED, "measured".to_owned()),
        (IDEAL, "ideal".to_owned()),
    ];
    if let Some(serial) = serial {
        let name = format!("Amdahl, {:.1} % serial", 100.0 * serial);
        names.push((AMDAHL, name));
    }
    for (n, (look, name)) in names.iter().enumerate() {
        let x = LEFT + 170.0 * n as f64;
        let _ = write!(
            svg,
            "<path d=\"M{x} 44h26\" {look}/><text x=\"{}\" y=\"48\">{name}</text>",
            x + 32.0
        );
    }
}

/// The numbers of workers of these rows, in order, without those that would be too near the one before.
fn apart(rows: &[Measured], most: f64) -> Vec<f64> {
    let mut all: Vec<f64> = rows.iter().map(|row| f64::from(row.workers)).collect();
    all.sort_by(f64::total_cmp);
    let mut kept: Vec<f64> = Vec::new();
    for workers in all {
        if kept.last().is_none_or(|last| workers - last >= most / 20.0) {
            kept.push(workers);
        }
    }
    kept
}

/// Round values from nothing to `most`, four or so.
fn steps(most: f64) -> Vec<f64> {
    let rough = (most / 4.0).max(f64::MIN_POSITIVE);
    let ten = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|n| n * ten);
    let step = step
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let count = (most / step + 1e-9).floor().min(20.0) as u32;
    (0..=count).map(|n| f64::from(n) * step).collect()
}

/// With as many digits as it needs.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Measured> {
        [(1, 60.0), (2, 31.5), (4, 17.25)]
            .map(|(workers, wall_s)| Measured { workers, wall_s })
            .into()
    }

    #[test]
    fn every_row_is_a_point_of_both_graphs() {
        let svg = svg(&rows());
        assert_eq!(svg.matches("<circle").count(), 6);
        assert!(svg.contains("Amdahl, 5.0 % serial"), "{svg}");
        assert!(
            svg.contains("4 workers: 3.48") && svg.contains("4 workers: 0.87"),
            "{svg}"
        );
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        // Balanced: what is opened is closed.
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn one_row_has_no_law_and_none_no_picture() {
        let one = svg(&rows()[..1]);
        assert!(!one.contains("Amdahl") && !one.contains("NaN"), "{one}");
        assert_eq!(svg(&[]), "");
    }

    #[test]
    fn axes_have_round_numbers() {
        assert_eq!(steps(4.0), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(number(2.5), "2.5");
        assert_eq!(number(10.0), "10");
        assert_eq!(apart(&rows(), 4.0), [1.0, 2.0, 4.0]);
        let many: Vec<Measured> = (1..=100)
            .map(|workers| Measured {
                workers,
                wall_s: 1.0,
            })
            .collect();
        assert_eq!(apart(&many, 100.0).len(), 20);
    }
}
