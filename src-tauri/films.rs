//! Which files are meant by a folder: the films in it.

use std::path::{Path, PathBuf};

/// What most films are named. Everything else can be chosen too: ffmpeg decides, not a name.
pub const FILMS: &[&str] = &[
    "mkv", "mp4", "m4v", "mov", "webm", "avi", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "wmv",
    "flv", "ogv", "3gp", "mxf",
];

/// The most files taken out of folders.
const MOST: usize = 500;
/// How deep folders are looked into.
const DEPTH: u32 = 6;

/// The same paths, with each folder's films in its place, by name. A folder without any stays, for the node to
/// say so.
pub fn expand(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path);
            continue;
        }
        let mut films = Vec::new();
        collect(&path, DEPTH, &mut films);
        if films.is_empty() {
            films.push(path);
        }
        all.append(&mut films);
    }
    all.truncate(MOST);
    all
}

fn collect(folder: &Path, depth: u32, films: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // Links are not followed into folders: they may lead round in a circle.
        let link = path
            .symlink_metadata()
            .is_ok_and(|about| about.is_symlink());
        if films.len() >= MOST {
            return;
        } else if path.is_dir() {
            if depth > 0 && !link {
                collect(&path, depth - 1, films);
            }
        } else if is_film(&path) {
            films.push(path);
        }
    }
}

fn is_film(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| FILMS.contains(&ending.to_ascii_lowercase().as_str()))
}
