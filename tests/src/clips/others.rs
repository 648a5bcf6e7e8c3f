//! Every other codec: old ones, ones for cutting rooms, ones for the web.

use super::{Clip, Truth, clip, shot, silent};
use crate::film::{Field, Film};
use crate::forge::Forge;
use crate::recipe::{Shoot, Step};

const MPEG2: &str = "-c:v mpeg2video -g 15 -bf 2 -b:v 1500k";

pub(super) fn clips() -> Vec<Clip> {
    let film = Film::new(150);
    let tv = Film::new(150).size(320, 192).interlaced(Field::Top);
    let two = |codec: &str| format!("{codec} -c:a mp2 -b:a 128k");
    vec![
        shot("mpeg2.ts", &film, &two(MPEG2)),
        shot("mpeg2.mpg", &film, &two(MPEG2)),
        shot(
            "mpeg2_int_tff.ts",
            &tv,
            &two(&format!("{MPEG2} -flags +ilme+ildct")),
        ),
        telecine(),
        avi(),
        packed(),
        shot(
            "mpeg4_ntsc.avi",
            &film.clone().rate("30000/1001"),
            "-c:v mpeg4 -g 40 -q:v 5 -c:a mp3 -b:a 96k",
        ),
        shot(
            "divx3.avi",
            &film,
            "-c:v msmpeg4 -g 40 -b:v 900k -c:a mp3 -b:a 96k",
        ),
        shot(
            "flv1.flv",
            &film,
            "-c:v flv -g 40 -b:v 900k -c:a mp3 -ar 44100 -b:a 96k",
        ),
        shot("wmv1.wmv", &film, "-c:v wmv1 -g 40 -b:v 900k -c:a wmav2"),
        shot(
            "cineform.mov",
            &film.clone().format("yuv422p10le"),
            "-c:v cfhd",
        ),
        shot("rgb.avi", &film.clone().format("gbrp"), "-c:v utvideo"),
        shot("rgb.mov", &film.clone().format("rgb24"), "-c:v png"),
        silent("animation.mov", &film.clone().format("rgb24"), "-c:v qtrle"),
        silent(
            "raw_rgb.avi",
            &Film::new(60).format("bgr24"),
            "-c:v rawvideo",
        ),
        shot("mpeg4_b.mp4", &film, "-c:v mpeg4 -g 40 -bf 2 -q:v 5"),
        shot("wmv2.wmv", &film, "-c:v wmv2 -g 40 -b:v 900k -c:a wmav2"),
        shot(
            "theora.ogv",
            &film,
            "-c:v libtheora -g 40 -q:v 6 -c:a libvorbis",
        ),
        shot(
            "prores.mov",
            &film.clone().format("yuv422p10le"),
            "-c:v prores_ks -profile:v 0",
        ),
        shot("ffv1.mkv", &film, "-c:v ffv1 -level 3 -g 1"),
        shot(
            "mjpeg.mov",
            &film.clone().format("yuvj420p"),
            "-c:v mjpeg -q:v 4",
        ),
        shot(
            "dnxhr.mov",
            &film.clone().format("yuv422p"),
            "-c:v dnxhd -profile:v dnxhr_lb",
        ),
        twice(
            "vp8_altref.webm",
            "-c:v libvpx -deadline good -cpu-used 4 -b:v 300k",
        ),
        twice(
            "vp9_altref.webm",
            "-c:v libvpx-vp9 -deadline good -cpu-used 5 -b:v 300k",
        ),
        shot(
            "vp9_odd.webm",
            &film.clone().size(321, 179),
            "-c:v libvpx-vp9 -deadline good -cpu-used 8 -b:v 400k -g 50",
        ),
        shot(
            "av1_svt.mkv",
            &film,
            "-c:v libsvtav1 -preset 10 -crf 32 -g 50",
        ),
        shot(
            "av1_svt.mp4",
            &film,
            "-c:v libsvtav1 -preset 10 -crf 32 -g 50",
        ),
        silent(
            "av1_aom_altref.mkv",
            &film,
            "-c:v libaom-av1 -cpu-used 8 -b:v 300k -g 50 -lag-in-frames 25 -auto-alt-ref 1",
        ),
        shot(
            "vp9_10bit.mkv",
            &film.clone().format("yuv420p10le"),
            "-c:v libvpx-vp9 -deadline good -cpu-used 8 -b:v 400k -g 50",
        ),
        shot("h264.flv", &film, super::h264::X264),
        silent("gif.gif", &Film::new(60).rate("10"), ""),
    ]
}

/// Encoded twice over: the second time there are frames that are never shown. VP8 gives each a packet of its own, VP9
/// packs them with the next one.
fn twice(name: &'static str, codec: &str) -> Clip {
    let pass = |number: u32| {
        let film = Shoot::new().film(&Film::new(150)).sound(0, 6).with(codec);
        let hidden = "-g 60 -auto-alt-ref 1 -lag-in-frames 25 -c:a libopus -b:a 64k";
        film.with(&format!("{hidden} -pass {number} -passlogfile log"))
    };
    let steps = vec![pass(1).with("-f null").save("nothing"), pass(2).save(name)];
    clip(name, Truth::Whole(150), steps)
}

/// An AVI with B-frames holds no presentation times at all.
fn avi() -> Clip {
    let codec = "-c:v mpeg4 -g 40 -bf 2 -q:v 5 -c:a mp3 -b:a 96k";
    let step = Shoot::new()
        .film(&Film::new(150))
        .sound(0, 6)
        .with(codec)
        .save("mpeg4_b.avi");
    clip(
        "mpeg4_b.avi",
        Truth::Mended {
            frames: 150,
            rate: 25,
            seconds: 1,
            joins: 0,
        },
        vec![step],
    )
}

/// The same as DivX and XviD wrote it for years: a picture that is shown earlier in one packet with the one it follows.
fn packed() -> Clip {
    let codec = "-c:v mpeg4 -g 40 -bf 1 -b_strategy 0 -q:v 5 -vtag XVID";
    let plain = Shoot::new()
        .film(&Film::new(150).rate("24000/1001"))
        .with(codec)
        .save("plain.avi");
    let forged = Step::Forge {
        from: "plain.avi",
        to: "mpeg4_packed.avi",
        how: Forge::Packed,
    };
    clip(
        "mpeg4_packed.avi",
        Truth::Mended {
            frames: 150,
            rate: 24000,
            seconds: 1001,
            joins: 0,
        },
        vec![plain, forged],
    )
}

/// When each frame is shown: for three fields and for two by turns. A field is 2002 ticks of 1/120000 s, a frame 5005.
const SHOWN: &str = "setts=pts=2002*ceil(2.5*round(PTS/5005)):dts=2002*floor(2.5*round(DTS/5005))";

/// A film as on a DVD: 24 frames a second that ask to be shown as 60 fields.
///
/// The flags are changed in place in an MP4 file, which keeps each picture in one piece and has times.
fn telecine() -> Clip {
    let film = Film::new(144).size(320, 192).rate("24000/1001");
    let plain = Shoot::new()
        .film(&film)
        .with(MPEG2)
        .with("-video_track_timescale 120000")
        .save("plain.mp4");
    let forged = Step::Forge {
        from: "plain.mp4",
        to: "flagged.mp4",
        how: Forge::Telecine,
    };
    let pack = Shoot::new()
        .input("flagged.mp4")
        .with("-c copy -bsf:v")
        .word(SHOWN)
        .save("mpeg2_telecine.ts");
    clip(
        "mpeg2_telecine.ts",
        Truth::Whole(144),
        vec![plain, forged, pack],
    )
}
