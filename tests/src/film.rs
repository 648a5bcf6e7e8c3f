//! What is in front of the lens: moving pictures and sound out of ffmpeg's own sources, as input arguments.

use crate::barcode;

/// A numbered moving picture.
#[derive(Debug, Clone)]
pub struct Film {
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Frames a second, as ffmpeg writes it: `25`, `24000/1001`.
    pub rate: &'static str,
    /// The number of the first frame.
    pub from: u32,
    /// How many frames; the last number is below [`barcode::LIMIT`].
    pub frames: u32,
    /// Pixel format handed to the encoder.
    pub format: &'static str,
    /// Which field of a frame comes first, where the picture is interlaced.
    pub interlaced: Option<Field>,
    /// Filters after the number is burnt in: tags, gaps, a sample aspect ratio. Empty for none.
    pub then: String,
}

/// The field shown first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Lines 0, 2, 4 …
    Top,
    /// Lines 1, 3, 5 …
    Bottom,
}

impl Film {
    /// A film of 320 × 180 at 25 frames a second in 8-bit 4:2:0.
    #[must_use]
    pub fn new(frames: u32) -> Self {
        Self {
            size: (320, 180),
            rate: "25",
            from: 0,
            frames,
            format: "yuv420p",
            interlaced: None,
            then: String::new(),
        }
    }

    /// With another size.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// With another frame rate.
    #[must_use]
    pub fn rate(mut self, rate: &'static str) -> Self {
        self.rate = rate;
        self
    }

    /// Starting at another number, as the later part of a longer film.
    #[must_use]
    pub fn from(mut self, number: u32) -> Self {
        self.from = number;
        self
    }

    /// In another pixel format.
    #[must_use]
    pub fn format(mut self, format: &'static str) -> Self {
        self.format = format;
        self
    }

    /// Interlaced: the two fields of a frame show two moments and one number.
    #[must_use]
    pub fn interlaced(mut self, first: Field) -> Self {
        self.interlaced = Some(first);
        self
    }

    /// With filters after the number is burnt in.
    #[must_use]
    pub fn then(mut self, filters: &str) -> Self {
        self.then = filters.to_owned();
        self
    }

    /// Tagged with these primaries, transfer curve, matrix and range.
    #[must_use]
    pub fn colour(self, primaries: &str, transfer: &str, matrix: &str, range: &str) -> Self {
        let tags = format!(
            "setparams=color_primaries={primaries}:color_trc={transfer}:colorspace={matrix}:range={range}"
        );
        self.then(&tags)
    }

    /// Its length in whole seconds, rounded up.
    #[must_use]
    pub fn seconds(&self) -> u32 {
        let (above, below) = self.rate.split_once('/').unwrap_or((self.rate, "1"));
        let part = |text: &str| text.parse::<f64>().unwrap_or(1.0);
        (f64::from(self.frames) * part(below) / part(above)).ceil() as u32
    }

    /// The whole graph, for `-f lavfi -i`.
    #[must_use]
    pub fn graph(&self) -> String {
        let (width, height) = self.size;
        let rate = self.rate;
        let mut graph = match self.interlaced {
            None => format!("testsrc2=s={width}x{height}:r={rate}"),
            Some(field) => {
                let (mode, name) = match field {
                    Field::Top => ("interleave_top", "tff"),
                    Field::Bottom => ("interleave_bottom", "bff"),
                };
                format!("testsrc2=s={width}x{height}:r=2*{rate},tinterlace={mode},setfield={name}")
            }
        };
        let (from, to) = (self.from, self.from + self.frames);
        graph.push_str(&format!(
            ",{},trim=start_frame={from}:end_frame={to},setpts=PTS-STARTPTS",
            barcode::burn()
        ));
        // Converting after the band is burnt keeps one drawing for every format.
        graph.push_str(&format!(",format={}", self.format));
        if !self.then.is_empty() {
            graph.push(',');
            graph.push_str(&self.then);
        }
        graph
    }
}

/// A tone that is never the same twice within two seconds, so that any shift shows: a sweep with pauses.
///
/// `track` moves the sweep, so that exchanged tracks show too. `seconds` is its length.
#[must_use]
pub fn sound(track: u32, seconds: u32) -> String {
    let low = 180 + 70 * track;
    format!(
        "aevalsrc='0.4*sin(2*PI*({low}*mod(t,2.03)+310*mod(t,2.03)*mod(t,2.03)))*lt(mod(t,0.49),0.4)':s=48000:d={seconds}"
    )
}
