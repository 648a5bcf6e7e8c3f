//! Films to measure with, made from ffmpeg's own sources and kept under `.tools/bench/`.

use crate::shell::{self, command, say};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// A film to be made.
pub struct Film {
    pub width: u32,
    pub height: u32,
    /// Seconds of picture; repeated `times`.
    pub seconds: u32,
    pub times: u32,
}

impl Film {
    fn name(&self) -> String {
        format!(
            "grain4-{}x{}-{}s-x{}.mkv",
            self.width, self.height, self.seconds, self.times
        )
    }

    /// Its path; made first if it is not there yet.
    pub fn make(&self, ffmpeg: &Path, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(self.name());
        if path.is_file() {
            return Ok(path);
        }
        say(format!("making {}", path.display()));
        let once = folder.join(format!("making-{}", self.name()));
        self.encode(ffmpeg, &once)?;
        if self.times > 1 {
            let looped = folder.join(format!("looping-{}", self.name()));
            self.repeat(ffmpeg, &once, &looped)?;
            fs::remove_file(&once)?;
            fs::rename(&looped, &path)?;
        } else {
            fs::rename(&once, &path)?;
        }
        Ok(path)
    }

    /// A pattern in motion under film grain: at x264's CRF 20 about as many bits and as much work as a real
    /// film (8 Mbit/s at 1080p); a key frame every two seconds, B-frames, and sound.
    fn encode(&self, ffmpeg: &Path, to: &Path) -> Result<()> {
        let picture = format!(
            "testsrc2=size={}x{}:rate=25:duration={},noise=c0s=4:c0f=t",
            self.width, self.height, self.seconds
        );
        let sound = format!("sine=frequency=330:beep_factor=4:duration={}", self.seconds);
        let mut make = command(&ffmpeg.to_string_lossy());
        make.args([
            "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i",
            &sound,
        ]);
        make.args([
            "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g",
            "50",
        ]);
        make.args(["-bf", "2", "-c:a", "aac", "-b:a", "96k"])
            .arg(to);
        shell::run(&mut make)
    }

    fn repeat(&self, ffmpeg: &Path, once: &Path, to: &Path) -> Result<()> {
        let more = (self.times - 1).to_string();
        let mut make = command(&ffmpeg.to_string_lossy());
        make.args(["-v", "error", "-nostdin", "-y", "-stream_loop", &more, "-i"])
            .arg(once);
        make.args(["-map", "0", "-c", "copy"]).arg(to);
        shell::run(&mut make)
    }
}
