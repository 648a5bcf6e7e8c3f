//! HEVC, and what only HEVC clips carry here: high dynamic range.

use super::{Clip, Truth, clip, shot, silent};
use crate::film::Film;
use crate::forge::Forge;
use crate::recipe::{Shoot, Step};

/// The mastering display of the HDR clips, as x265 writes it.
const MASTERED: &str = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400";

pub(super) fn clips() -> Vec<Clip> {
    let film = Film::new(150);
    let open = coded("open-gop=1:keyint=40:bframes=4:b-adapt=0:b-pyramid=1:rc-lookahead=10");
    let hdr10 = coded(&format!("hdr10=1:repeat-headers=1:{MASTERED}"));
    vec![
        shot("hevc_rasl.mkv", &film, &open),
        shot("hevc_rasl.mp4", &film, &format!("{open} -tag:v hvc1")),
        shot("hevc_rasl.ts", &film, &open),
        shot("hevc_closed.mkv", &film, &coded("open-gop=0")),
        shot(
            "hevc_odd.mp4",
            &film.clone().size(321, 179),
            &coded("open-gop=0"),
        ),
        shot(
            "hevc_422p10.mkv",
            &film.clone().format("yuv422p10le"),
            &coded("open-gop=0"),
        ),
        shot(
            "hevc_12bit.mkv",
            &film.clone().format("yuv420p12le"),
            &coded("open-gop=0"),
        ),
        shot("hdr10.mkv", &hdr(), &hdr10),
        shot("hdr10.mp4", &hdr(), &format!("{hdr10} -tag:v hvc1")),
        shot("hlg.mkv", &hlg(), &coded("open-gop=0")),
        hdr10_plus(),
        dolby_vision(),
    ]
}

/// x265 at its fastest with these parameters added.
fn coded(parameters: &str) -> String {
    format!(
        "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=48:min-keyint=24:scenecut=0:{parameters}"
    )
}

fn hdr() -> Film {
    Film::new(150)
        .format("yuv420p10le")
        .colour("bt2020", "smpte2084", "bt2020nc", "tv")
}

fn hlg() -> Film {
    Film::new(150)
        .format("yuv420p10le")
        .colour("bt2020", "arib-std-b67", "bt2020nc", "tv")
}

fn hdr10_plus() -> Clip {
    let film = Shoot::new()
        .film(&hdr())
        .with(&coded(&format!("bframes=0:hdr10=1:{MASTERED}")))
        .save("plain.hevc");
    let forged = Step::Forge {
        from: "plain.hevc",
        to: "dynamic.hevc",
        how: Forge::Hdr10Plus,
    };
    let pack = Shoot::new()
        .with("-f hevc -framerate 25")
        .input("dynamic.hevc")
        .with("-c copy -bsf:v setts=ts=N*48000:duration=48000")
        .save("hdr10plus.mkv");
    clip("hdr10plus.mkv", Truth::Whole(150), vec![film, forged, pack])
}

fn dolby_vision() -> Clip {
    let plain = silent(
        "plain.mp4",
        &hdr(),
        &format!("{} -tag:v hvc1", coded("open-gop=0:hdr10=1")),
    );
    let forged = Step::Forge {
        from: "plain.mp4",
        to: "dolby.mp4",
        how: Forge::DolbyVision,
    };
    clip(
        "dolby.mp4",
        Truth::Whole(150),
        [plain.recipe.steps, vec![forged]].concat(),
    )
}
