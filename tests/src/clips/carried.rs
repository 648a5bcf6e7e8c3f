//! Sound, subtitles, chapters, fonts and covers: what a film carries besides its picture.

use super::h264::X264;
use super::{Clip, Truth, clip};
use crate::film::Film;
use crate::forge::Forge;
use crate::recipe::{Shoot, Step};

const SUBTITLES: &str = "1\n00:00:00,500 --> 00:00:01,700\nThe first line\n\n2\n00:00:02,040 --> 00:00:03,500\nSecond <i>line</i>, – with signs: ü € 漢\n\n3\n00:00:04,000 --> 00:00:05,750\nTwo\nlines\n";
const STYLED: &str = "\
[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 180

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Sans,16,&H0000FFFF,&H0000FFFF,&H00000000,&H00000000,-1,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.50,0:00:02.00,Default,,0,0,0,,{\\pos(160,90)}Placed
Dialogue: 0,0:00:03.00,0:00:05.00,Default,,0,0,0,,Plain
";
const CHAPTERS: &str = ";FFMETADATA1\ntitle=The torture of Größe\nartist=Nobody\ncomment=one\\; two\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=Begin\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=2000\nEND=4100\ntitle=Middle = here\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=4100\nEND=6000\ntitle=Schluß\n";
const FONT: &str = "This stands for a font: 0123456789 abcdefghijklmnopqrstuvwxyz.";

pub(super) fn clips() -> Vec<Clip> {
    [
        late(),
        sounds(),
        vec![
            kitchen_sink_mkv(),
            kitchen_sink_mp4(),
            cover_first(),
            bitmaps(),
            timecode(),
            two_films(),
        ],
    ]
    .concat()
}

fn text(to: &'static str, text: &'static str) -> Step {
    Step::Text { to, text }
}

/// Sound that starts after the picture, and the other way round.
fn late() -> Vec<Clip> {
    let late = |name: &'static str, sound: &str, film: &str| {
        let step = Shoot::new()
            .with(film)
            .film(&Film::new(150))
            .with(sound)
            .sound(0, 5)
            .with(X264)
            .with("-c:a aac -b:a 96k")
            .save(name);
        clip(name, Truth::Whole(150), vec![step])
    };
    vec![
        late("audio_late.mkv", "-itsoffset 0.7", ""),
        late("audio_late.mp4", "-itsoffset 0.7", ""),
        late("audio_late.ts", "-itsoffset 0.7", ""),
        late("video_late.mkv", "", "-itsoffset 0.56"),
        late("video_late.mp4", "", "-itsoffset 0.56"),
    ]
}

/// One clip for each kind of sound that a container may hold or refuse.
fn sounds() -> Vec<Clip> {
    let with = |name: &'static str, sound: &str| {
        let step = Shoot::new()
            .film(&Film::new(150))
            .sound(0, 6)
            .with(X264)
            .with(sound)
            .with("-strict -2")
            .save(name);
        clip(name, Truth::Whole(150), vec![step])
    };
    let long = Shoot::new()
        .film(&Film::new(150))
        .sound(0, 11)
        .with(X264)
        .with("-c:a aac")
        .save("sound_longer.mkv");
    vec![
        clip("sound_longer.mkv", Truth::Whole(150), vec![long]),
        with("sound_opus.mkv", "-c:a libopus -b:a 64k"),
        with("sound_flac.mkv", "-c:a flac -sample_fmt s16"),
        with("sound_flac32.mkv", "-c:a flac"),
        with("sound_ac3.mkv", "-ac 2 -c:a ac3 -b:a 192k"),
        with("sound_pcm.mov", "-c:a pcm_s16le -ar 44100"),
        with("sound_truehd.mkv", "-ac 2 -c:a truehd"),
        with("sound_vorbis.mkv", "-ac 2 -c:a libvorbis"),
    ]
}

fn kitchen_sink_mkv() -> Clip {
    let cover = Shoot::new()
        .film(&Film::new(1).format("yuvj420p"))
        .with("-c:v mjpeg")
        .save("cover.jpg");
    let film = Shoot::new()
        .film(&Film::new(150))
        .sound(0, 6)
        .sound(1, 6)
        .sound(2, 6)
        .input("lines.srt")
        .input("styled.ass")
        .input("chapters.txt")
        .with("-map 0 -map 1 -map 2 -map 3 -map 4 -map 5 -map_metadata 6 -map_chapters 6")
        .with(X264)
        .with("-c:a:0 aac -c:a:1 ac3 -ac:a:1 2 -c:a:2 flac -c:s:0 srt -c:s:1 ass")
        .with("-metadata:s:v:0 title=Picture -metadata:s:a:0 language=eng -metadata:s:a:0 title=Main")
        .with("-metadata:s:a:1 language=deu -metadata:s:a:1 title=Deutsch -metadata:s:a:2 language=fra")
        .with("-metadata:s:s:0 language=eng -metadata:s:s:1 language=jpn -metadata:s:s:1 title=Signs")
        .with("-disposition:a:0 0 -disposition:a:1 default -disposition:a:2 comment")
        .with("-disposition:s:0 0 -disposition:s:1 default+forced")
        .with("-attach font.ttf -metadata:s:t:0 mimetype=application/x-truetype-font")
        .with("-attach cover.jpg -metadata:s:t:1 mimetype=image/jpeg -metadata:s:t:1 filename=cover.jpg")
        .save("kitchen_sink.mkv");
    let texts = [
        ("lines.srt", SUBTITLES),
        ("styled.ass", STYLED),
        ("chapters.txt", CHAPTERS),
        ("font.ttf", FONT),
    ];
    let steps = texts
        .map(|(to, words)| text(to, words))
        .into_iter()
        .chain([cover, film])
        .collect();
    clip("kitchen_sink.mkv", Truth::Whole(150), steps)
}

fn kitchen_sink_mp4() -> Clip {
    let film = Shoot::new()
        .film(&Film::new(150))
        .sound(0, 6)
        .sound(1, 6)
        .input("lines.srt")
        .input("chapters.txt")
        .with("-map 0 -map 1 -map 2 -map 3 -map_metadata 4 -map_chapters 4")
        .with(X264)
        .with("-c:a:0 aac -c:a:1 ac3 -ac:a:1 2 -c:s mov_text -metadata:s:a:0 language=eng")
        .with("-metadata:s:a:1 language=deu -metadata:s:s:0 language=fra -movflags +faststart")
        .save("kitchen_sink.mp4");
    let steps = vec![
        text("lines.srt", SUBTITLES),
        text("chapters.txt", CHAPTERS),
        film,
    ];
    clip("kitchen_sink.mp4", Truth::Whole(150), steps)
}

/// A cover picture as the first stream of the file.
fn cover_first() -> Clip {
    let cover = Shoot::new()
        .film(&Film::new(1).format("yuvj420p"))
        .with("-c:v mjpeg")
        .save("cover.jpg");
    let film = Shoot::new()
        .input("cover.jpg")
        .film(&Film::new(150))
        .sound(0, 6)
        .with("-map 0 -map 1 -map 2 -c:v:0 copy -disposition:v:0 attached_pic")
        .with("-c:v:1 libx264 -preset veryfast -g 48 -c:a aac")
        .save("cover_first.mp4");
    clip("cover_first.mp4", Truth::Whole(150), vec![cover, film])
}

/// Subtitles that are pictures.
fn bitmaps() -> Clip {
    let sup = Step::Forge {
        from: "",
        to: "lines.sup",
        how: Forge::Pgs,
    };
    let film = Shoot::new()
        .film(&Film::new(150))
        .sound(0, 6)
        .input("lines.sup")
        .with("-map 0 -map 1 -map 2")
        .with(X264)
        .with("-c:a aac -c:s copy -metadata:s:s:0 language=ger")
        .save("pgs.mkv");
    clip("pgs.mkv", Truth::Whole(150), vec![sup, film])
}

/// A clock track as cameras write it.
fn timecode() -> Clip {
    let film = Shoot::new()
        .film(&Film::new(150))
        .sound(0, 6)
        .with(X264)
        .with("-c:a aac -timecode 01:00:00:00 -metadata:s:v:0 language=eng")
        .save("timecode.mov");
    clip("timecode.mov", Truth::Whole(150), vec![film])
}

/// Two films in one file: the first is the film.
fn two_films() -> Clip {
    let film = Shoot::new()
        .film(&Film::new(150))
        .film(&Film::new(100).size(160, 90))
        .sound(0, 6)
        .with("-map 0 -map 1 -map 2")
        .with(X264)
        .with("-c:a aac")
        .save("two_films.mkv");
    clip("two_films.mkv", Truth::Whole(150), vec![film])
}
