//! What travels beside the film is made ready while segments are being encoded: sound encoded
//! once, the carried streams' content hashed, a broken source copied onto one timeline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffmpeg::carry::{self, Contents, Look};
use ffmpeg::child::BrokeOff;
use media::stream::StreamKind;
use plan::carry::{Freight, How, Image};

use crate::ending::Beside;
use crate::film::Film;
use crate::intake;

/// What the final mux and the proof need beside the segments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Companion {
    /// What travels beside the film, as it turned out.
    pub freight: Freight,
    /// What the user should know of that.
    pub notes: Vec<String>,
    /// Encoded sound.
    pub sound: Option<PathBuf>,
    /// Covers taken out, in the freight's order.
    pub covers: Vec<(PathBuf, Image)>,
    /// What each carried stream of the source holds, in the freight's order.
    pub contents: Vec<Contents>,
}

/// Makes everything ready.
///
/// # Errors
/// ffmpeg's reason.
pub(crate) async fn prepare(
    ffmpeg: &Path,
    film: Arc<Film>,
    folder: PathBuf,
) -> Result<Companion, String> {
    let (freight, notes, contents) = sound_freight(ffmpeg, &film).await?;
    let tracks: Vec<(u32, &'static str, u32)> = freight
        .carried
        .iter()
        .enumerate()
        .filter_map(|(position, carried)| match carried.how {
            How::Sound(encoder, bits) => {
                Some((packets_index(&film, position, carried.index), encoder, bits))
            }
            How::CopyApart => Some((packets_index(&film, position, carried.index), "copy", 0)),
            How::Copy | How::Text(_) | How::Cover(_) => None,
        })
        .collect();
    let sound = folder.join("sound.nut");
    if !tracks.is_empty() {
        carry::encode_sound(ffmpeg, film.rest(), &tracks, &sound)
            .await
            .map_err(|e| e.to_string())?;
    }
    let covers = covers(ffmpeg, &film, &folder).await?;
    let sound = (!tracks.is_empty()).then_some(sound);
    Ok(Companion {
        freight,
        notes,
        sound,
        covers,
        contents,
    })
}

/// What travels beside a film as it turns out to, with what the user should know of that and what each of it holds.
///
/// # Errors
/// ffmpeg's reason.
pub(crate) async fn look(
    ffmpeg: &Path,
    film: &Film,
) -> Result<(Freight, Vec<String>, Vec<Contents>), String> {
    sound_freight(ffmpeg, film).await
}

/// The freight, its contents hashed. What reading it came to is noted with the film.
async fn sound_freight(
    ffmpeg: &Path,
    film: &Film,
) -> Result<(Freight, Vec<String>, Vec<Contents>), String> {
    let (freight, notes, contents) = look_through(ffmpeg, film).await?;
    let room = room(film).await;
    film.add_beside(Beside::of(&freight, &contents, room));
    Ok((freight, notes, contents))
}

/// Bytes of the file that must be packets, where that can be told.
async fn room(film: &Film) -> Option<u64> {
    if !film.info.is_format("mp4") {
        return None;
    }
    let path = film.path.clone();
    let looking = tokio::task::spawn_blocking(move || intake::fragments(&path));
    looking.await.ok().flatten()
}

/// AAC of a transport stream whose packets are damaged cannot be packed anew: such a track is encoded, which bridges the
/// damage.
async fn look_through(
    ffmpeg: &Path,
    film: &Film,
) -> Result<(Freight, Vec<String>, Vec<Contents>), String> {
    let mut freight = film.freight.clone();
    let error = match contents(ffmpeg, film, &freight).await {
        Ok(contents) => return Ok((freight, Vec::new(), contents)),
        Err(error) => error,
    };
    let mut notes = Vec::new();
    for (position, carried) in freight.carried.iter_mut().enumerate() {
        let look = Look {
            index: packets_index(film, position, carried.index),
            aac: true,
        };
        let whole =
            !film.is_aac(carried) || carry::contents(ffmpeg, film.rest(), &[look]).await.is_ok();
        if !whole {
            carried.how = film.sound_instead();
            let text = "Sound track {} is damaged in places and was encoded anew.";
            notes.push(text.replace("{}", &carried.index.to_string()));
        }
    }
    if notes.is_empty() {
        return Err(error);
    }
    let contents = contents(ffmpeg, film, &freight).await?;
    Ok((freight, notes, contents))
}

/// Takes the covers that are to be attached out of the film as it was dropped.
async fn covers(
    ffmpeg: &Path,
    film: &Film,
    folder: &Path,
) -> Result<Vec<(PathBuf, Image)>, String> {
    let mut covers = Vec::new();
    for carried in &film.freight.carried {
        let How::Cover(image) = carried.how else {
            continue;
        };
        let path = folder.join(format!("{}-{}", carried.index, image.file_name()));
        carry::take_cover(ffmpeg, &film.path, carried.index, &path)
            .await
            .map_err(|e| e.to_string())?;
        covers.push((path, image));
    }
    Ok(covers)
}

/// A carried stream's index in the file its packets are read from.
fn packets_index(film: &Film, position: usize, index: u32) -> u32 {
    if film.copy_of_the_rest().is_some() {
        u32::try_from(position + 1).unwrap_or(u32::MAX)
    } else {
        index
    }
}

async fn contents(ffmpeg: &Path, film: &Film, freight: &Freight) -> Result<Vec<Contents>, String> {
    let list = &freight.carried;
    let hashed: Vec<Look> = list
        .iter()
        .enumerate()
        .filter(|(_, c)| c.kind != StreamKind::Attachment)
        .map(|(position, c)| Look {
            index: packets_index(film, position, c.index),
            aac: film.is_aac(c),
        })
        .collect();
    let found = carry::contents(ffmpeg, film.rest(), &hashed)
        .await
        .map_err(|e| e.to_string())?;
    let mut found = found.into_iter();
    let blank = |c: &plan::carry::Carried| c.kind == StreamKind::Attachment;
    Ok(list
        .iter()
        .map(|c| {
            if blank(c) {
                Contents::default()
            } else {
                found.next().unwrap_or_default()
            }
        })
        .collect())
}

/// Copies a film with broken timestamps and what travels with it, or one with packed pictures, into `folder`. Says whether
/// what is in the file makes no sense from some place on, where the copy ends, too.
///
/// # Errors
/// ffmpeg's reason.
pub(crate) async fn normalise(
    ffmpeg: &Path,
    film: &Film,
    folder: &Path,
) -> Result<(PathBuf, bool), String> {
    let target = folder.join(if film.packed {
        "unpacked.avi"
    } else {
        "normalised.nut"
    });
    let copied = if film.packed {
        carry::unpack(ffmpeg, &film.path, film.video.index, &target).await
    } else {
        let mut streams = vec![film.video.index];
        streams.extend(film.freight.carried.iter().map(|c| c.index));
        carry::normalise(ffmpeg, &film.path, &streams, &target).await
    };
    let said = copied.map_err(|e| e.to_string())?;
    Ok((target, said.broke_off == Some(BrokeOff::Damaged)))
}
