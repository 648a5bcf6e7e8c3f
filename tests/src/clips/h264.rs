//! H.264 in its many shapes.

use super::{Clip, Truth, clip, shot, silent};
use crate::film::{Field, Film};
use crate::forge::Forge;
use crate::recipe::{Shoot, Step};

/// A key every two seconds at most, without a look at the scene.
pub(super) const X264: &str = "-c:v libx264 -preset veryfast -g 48 -keyint_min 24 -sc_threshold 0";

const OPEN: &str =
    "-c:v libx264 -preset veryfast -g 48 -bf 3 -x264-params open-gop=1:b-adapt=0:scenecut=0";

pub(super) fn clips() -> Vec<Clip> {
    let film = Film::new(150);
    let fast = |more: &str| format!("{X264} {more}");
    [
        vec![
            shot("h264_closed.mp4", &film, X264),
            shot("h264_opengop.mkv", &film, OPEN),
            shot("h264_opengop.mp4", &film, OPEN),
            shot("h264_opengop.ts", &film, OPEN),
            shot(
                "h264_bpyr16.mkv",
                &film,
                &fast("-bf 16 -x264-params b-adapt=0:b-pyramid=normal:ref=6"),
            ),
            shot(
                "h264_longgop.mkv",
                &film,
                "-c:v libx264 -preset veryfast -g 9999 -sc_threshold 0",
            ),
            shot(
                "h264_intrarefresh.mp4",
                &film,
                &fast("-bf 0 -x264-params intra-refresh=1"),
            ),
            shot(
                "h264_allintra.mov",
                &film,
                "-c:v libx264 -preset veryfast -g 1",
            ),
            shot("h264_422p10.mkv", &film.clone().format("yuv422p10le"), X264),
            shot("h264_444.mkv", &film.clone().format("yuv444p"), X264),
            shot("h264_10bit.mkv", &film.clone().format("yuv420p10le"), X264),
            shot("h264_cropped.mkv", &film.clone().size(322, 182), X264),
            shot("h264_odd.mkv", &film.clone().size(321, 179), X264),
            shot(
                "h264_odd444.mp4",
                &film.clone().size(321, 179).format("yuv444p"),
                X264,
            ),
            shot(
                "h264_sar.mp4",
                &film.clone().size(288, 216).then("setsar=128/117:max=1000"),
                X264,
            ),
            shot(
                "h264_fullrange_bt601.mkv",
                &film
                    .clone()
                    .colour("smpte170m", "smpte170m", "smpte170m", "pc"),
                X264,
            ),
            silent("one_frame.mkv", &Film::new(1), X264),
            silent("one_frame.mp4", &Film::new(1), X264),
            silent("two_frames.mp4", &Film::new(2), X264),
        ],
        interlaced(),
        vec![phone(), captions()],
    ]
    .concat()
}

fn interlaced() -> Vec<Clip> {
    let top = Film::new(150).size(320, 192).interlaced(Field::Top);
    let bottom = Film::new(150).size(320, 192).interlaced(Field::Bottom);
    let code = |first| format!("{X264} -flags +ilme+ildct -x264-params {first}=1");
    let fields = Step::Forge {
        from: "",
        to: "fields.h264",
        how: Forge::Paff {
            frames: 150,
            gop: 50,
        },
    };
    let pack = |name: &'static str| {
        let step = Shoot::new()
            .with("-f h264 -framerate 25")
            .input("fields.h264")
            .with("-c copy")
            .save(name);
        clip(name, Truth::Whole(150), vec![fields.clone(), step])
    };
    vec![
        shot("h264_int_tff.mkv", &top, &code("tff")),
        shot("h264_int_tff.ts", &top, &code("tff")),
        shot("h264_int_bff.mp4", &bottom, &code("bff")),
        pack("h264_paff.ts"),
        pack("h264_paff.mp4"),
    ]
}

/// A telephone held upright: rotated, and cut on the telephone, which leaves an edit list.
fn phone() -> Clip {
    let whole = Shoot::new()
        .film(&Film::new(165))
        .sound(0, 7)
        .with(X264)
        .with("-c:a aac -b:a 96k")
        .save("whole.mp4");
    let turned = Shoot::new()
        .with("-display_rotation 90")
        .input("whole.mp4")
        .with("-c copy")
        .save("turned.mp4");
    let cut = Shoot::new()
        .with("-ss 0.38")
        .input("turned.mp4")
        .with("-c copy")
        .save("phone_rot_elst.mp4");
    clip(
        "phone_rot_elst.mp4",
        Truth::AsDecoded,
        vec![whole, turned, cut],
    )
}

/// Broadcast captions within the pictures.
fn captions() -> Clip {
    let film = Shoot::new()
        .film(&Film::new(150))
        .with(X264)
        .with("-bf 0")
        .save("plain.h264");
    let forged = Step::Forge {
        from: "plain.h264",
        to: "captions.h264",
        how: Forge::Captions,
    };
    let pack = Shoot::new()
        .with("-f h264 -framerate 25")
        .input("captions.h264")
        .with("-c copy")
        .save("captions.ts");
    clip("captions.ts", Truth::Whole(150), vec![film, forged, pack])
}
