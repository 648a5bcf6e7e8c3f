//! What can be typed about where an output goes, and about originals.

use std::path::{Path, PathBuf};

use api::{ApiError, ErrorCode, Keep, Place};
use clap::Args;

use super::absolute;

/// Where the outputs go, where that is no file and no single folder.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Put the outputs into this folder, each below it as its film is below the folder that all films are in, under the
    /// film's name; folders that are missing are made
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "out_dir"])]
    pub into: Option<PathBuf>,

    /// The folder that all films are in [default: the nearest one that holds them all]
    #[arg(long, value_name = "DIR", requires = "into")]
    pub root: Option<PathBuf>,

    /// Put each output in the place of its film, once it is proved and decoded whole; the original is kept as .bak, and
    /// `manyhands undo` puts it back
    #[arg(long, conflicts_with_all = ["output", "out_dir", "into"])]
    pub in_place: bool,

    /// Keep the originals for so many days, always, or never [default: as it is set, 30 days]
    #[arg(long, value_name = "DAYS", value_parser = typed_keep, requires = "in_place")]
    pub keep_original: Option<Keep>,
}

impl PlaceArgs {
    /// The typed words as a place for these films.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] if the films have no folder in common.
    pub fn place(&self, films: &[PathBuf]) -> Result<Place, ApiError> {
        if self.in_place {
            return Ok(Place::InPlace {
                keep: self.keep_original,
            });
        }
        let Some(into) = &self.into else {
            return Ok(Place::Beside);
        };
        let root = match &self.root {
            Some(root) => absolute(root)?,
            None => common(films)?.into(),
        };
        Ok(Place::Tree {
            root,
            into: absolute(into)?,
        })
    }
}

/// The nearest folder that holds all these films.
fn common(films: &[PathBuf]) -> Result<PathBuf, ApiError> {
    let mut common: Option<PathBuf> = None;
    for film in films {
        let film = absolute(film)?.0;
        let folder = film.parent().unwrap_or(Path::new("/"));
        common = match common {
            None => Some(folder.to_owned()),
            Some(known) => known
                .ancestors()
                .find(|shared| folder.starts_with(shared))
                .map(Path::to_owned),
        };
        if common.is_none() {
            break;
        }
    }
    common.ok_or_else(|| {
        ApiError::new(
            ErrorCode::BadRequest,
            "These films have no folder in common.",
        )
        .help("Give their tree with --root, or encode them one disk at a time.")
    })
}

/// How long an original is kept: `7`, `always`, `never`.
pub fn typed_keep(text: &str) -> Result<Keep, String> {
    match text {
        "always" => Ok(Keep::Always),
        "never" => Ok(Keep::Never),
        days => match days.parse() {
            Ok(days @ 1..=3650) => Ok(Keep::Days(days)),
            _ => Err("a number of days from 1 to 3650, `always` or `never`".to_owned()),
        },
    }
}

/// List the originals of films that were replaced by their results, or delete one.
///
/// An original is kept beside the result, as NAME.bak, for as long as it is set; `manyhands undo` puts it back.
#[derive(Debug, Args)]
pub struct Originals {
    /// Delete the original of this job's film now
    #[arg(long, value_name = "JOB")]
    pub delete: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(args: PlaceArgs, films: &[&str]) -> Place {
        let films: Vec<PathBuf> = films.iter().map(PathBuf::from).collect();
        args.place(&films).unwrap()
    }

    #[test]
    fn the_tree_is_what_the_films_have_in_common() {
        let into = |root: Option<&str>| PlaceArgs {
            into: Some("/small".into()),
            root: root.map(Into::into),
            in_place: false,
            keep_original: None,
        };
        let tree = |root: &str| Place::Tree {
            root: root.into(),
            into: "/small".into(),
        };
        let films = ["/media/shows/one/a.mkv", "/media/films/b.mkv"];
        assert_eq!(place(into(None), &films), tree("/media"));
        assert_eq!(place(into(None), &films[..1]), tree("/media/shows/one"));
        assert_eq!(place(into(Some("/")), &films), tree("/"));
    }

    #[test]
    fn how_long_is_a_number_or_a_word() {
        assert_eq!(typed_keep("7"), Ok(Keep::Days(7)));
        assert_eq!(typed_keep("always"), Ok(Keep::Always));
        assert_eq!(typed_keep("never"), Ok(Keep::Never));
        for wrong in ["0", "-1", "3651", "soon", ""] {
            assert!(typed_keep(wrong).is_err(), "{wrong}");
        }
        let in_place = PlaceArgs {
            into: None,
            root: None,
            in_place: true,
            keep_original: Some(Keep::Never),
        };
        let keep = Some(Keep::Never);
        assert_eq!(place(in_place, &["/a"]), Place::InPlace { keep });
    }
}
