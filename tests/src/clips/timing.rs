//! Clocks: variable rates, odd starts, jumps and wraps.

use super::h264::X264;
use super::{Clip, Truth, clip, shot, silent};
use crate::film::Film;
use crate::recipe::{Shoot, Step};

/// Keeps about two thirds of the frames, in no steady pattern: numbers 0, 1, 3, 6, 7, 8, 9 …
const UNEVEN: &str = "select='not(eq(mod(n,5),2)+eq(mod(n,7),4)+eq(mod(n,11),5))'";
/// How many of 230 frames that filter keeps.
const KEPT: u32 = 142;

pub(super) fn clips() -> Vec<Clip> {
    let one = |name, rate, frames| shot(name, &Film::new(frames).rate(rate), X264);
    [
        vec![
            one("fps_23976.mkv", "24000/1001", 144),
            one("fps_23976.mp4", "24000/1001", 144),
            one("fps_24.mp4", "24", 144),
            one("fps_2997.mkv", "30000/1001", 180),
            one("fps_2997.mp4", "30000/1001", 180),
            one("fps_2997.ts", "30000/1001", 180),
            one("fps_50.ts", "50", 250),
            one("fps_5994.mkv", "60000/1001", 300),
            one("fps_5994.mp4", "60000/1001", 300),
            one("fps_120.mkv", "120", 720),
            one("fps_120.mp4", "120", 720),
            shot("fps_12500.mkv", &Film::new(90).rate("12.5"), X264),
        ],
        uneven(),
        starts(),
    ]
    .concat()
}

fn uneven() -> Vec<Clip> {
    let film = Film::new(230).rate("30").then(UNEVEN);
    let passed = format!("{X264} -fps_mode passthrough");
    let x265 = "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=48:open-gop=1 -fps_mode passthrough";
    let gaps = |clip: Clip| Clip {
        truth: Truth::Gaps(KEPT),
        ..clip
    };
    vec![
        gaps(shot("vfr.mkv", &film, &passed)),
        gaps(shot(
            "vfr_90k.mp4",
            &film,
            &format!("{passed} -enc_time_base 1:90000 -video_track_timescale 90000"),
        )),
        gaps(shot(
            "vfr_600.mov",
            &film,
            &format!("{passed} -enc_time_base 1:600 -video_track_timescale 600"),
        )),
        gaps(shot("vfr.ts", &film, &passed)),
        gaps(silent("vfr_hevc.mkv", &film, x265)),
        // Frames a tick apart beside pauses of a second.
        gaps(silent(
            "vfr_jitter.mkv",
            &film.clone().then(&format!(
                "{UNEVEN},settb=1/1000,setpts='N*33+mod(N*N,29)+900*floor(N/40)'"
            )),
            &format!("{passed} -enc_time_base 1:1000"),
        )),
    ]
}

fn starts() -> Vec<Clip> {
    let film = Film::new(150);
    let part = |name: &str, number: u32, from: &str| {
        Shoot::new()
            .film(&Film::new(75).from(number))
            .sound(0, 3)
            .with(X264)
            .with("-c:a aac -b:a 96k")
            .with(from)
            .save(name)
    };
    let join = Step::Join {
        from: &["a.ts", "b.ts"],
        to: "discont.ts",
    };
    let apart = vec![
        part("a.ts", 0, "-output_ts_offset 100"),
        part("b.ts", 75, "-output_ts_offset 20"),
        join,
    ];
    vec![
        silent(
            "video_only_start5.mkv",
            &film,
            &format!("{X264} -output_ts_offset 5"),
        ),
        shot(
            "start3600.ts",
            &film,
            &format!("{X264} -output_ts_offset 3600"),
        ),
        // 33 bits of 90 kHz end after 95 443.7 s.
        shot("wrap.ts", &film, &format!("{X264} -output_ts_offset 95440")),
        // A pause of 20 seconds in mid-film, as in recordings of slides.
        silent(
            "pause.mkv",
            &film.clone().then("setpts='PTS+gte(N,80)*20/TB'"),
            &format!("{X264} -fps_mode passthrough"),
        ),
        silent(
            "slides.mp4",
            &Film::new(40).rate("2"),
            "-c:v libx264 -g 8 -sc_threshold 0",
        ),
        clip(
            "discont.ts",
            Truth::Mended {
                frames: 150,
                rate: 25,
                seconds: 1,
                joins: 1,
            },
            apart,
        ),
        shot(
            "start3600.mpg",
            &film,
            "-c:v mpeg2video -g 15 -bf 2 -b:v 1500k -c:a mp2 -output_ts_offset 3600",
        ),
    ]
}
