//! A folder with films, and the program at hand.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tests::film::Film;
use tests::product::{Answer, Desk, Lent};
use tests::recipe::{Recipe, Shoot};
use tests::verdict::{self, Rule};
use tests::{clips, exact};

/// A stranger's folder. Every file in it is compared with itself at the end of each step.
pub struct Walk {
    folder: TempDir,
    desk: Lent,
}

impl Walk {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            desk: Desk::borrow().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Puts a clip of the set into the folder under another name.
    pub fn film(&self, clip: &str, name: impl AsRef<OsStr>) -> PathBuf {
        let path = self.folder.path().join(name.as_ref());
        fs::copy(clips::named(clip).unwrap().file().unwrap(), &path).unwrap();
        path
    }

    /// A film that takes a few seconds to encode.
    pub fn long_film(&self) -> PathBuf {
        let film = Film::new(1_500).size(640, 360);
        let codec = "-c:v libx264 -preset ultrafast -g 50 -sc_threshold 0";
        let recipe = Recipe {
            file: "minute.mkv",
            steps: vec![Shoot::new().film(&film).with(codec).save("minute.mkv")],
        };
        let path = self.folder.path().join("minute.mkv");
        fs::copy(recipe.make().unwrap(), &path).unwrap();
        path
    }

    /// `manyhands encode ARGUMENTS…`, alone and as H.264.
    pub fn encode<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Answer {
        let head = [
            "encode",
            "--only-here",
            "--codec",
            "h264",
            "--speed",
            "fast",
        ]
        .map(OsStr::new);
        let arguments = arguments.iter().map(AsRef::as_ref);
        self.desk.run(head.into_iter().chain(arguments)).unwrap()
    }

    /// What is in the folder, by name, with its bytes.
    pub fn all(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(&path).unwrap()))
            .collect();
        all.sort();
        all
    }

    /// Encodes, and expects one sentence, this code and exit code, and a folder in which nothing has changed.
    #[track_caller]
    pub fn refused<S: AsRef<OsStr>>(&self, arguments: &[S], code: &str, exit: i32) -> Answer {
        let before = self.all();
        let answer = self.encode(arguments);
        assert_refused(&answer, code, exit);
        assert_eq!(self.all(), before, "the folder was changed");
        answer
    }
}

#[track_caller]
pub fn assert_refused(answer: &Answer, code: &str, exit: i32) {
    assert_eq!(
        (answer.ended(), answer.last("code").as_str()),
        ("error", Some(code)),
        "{answer:?}"
    );
    assert_eq!(answer.exit, Some(exit), "{answer:?}");
    let message = answer.last("message").as_str().unwrap();
    assert!(
        message.ends_with('.') && !message.contains('\n'),
        "not a sentence: {message:?}"
    );
    assert_eq!(answer.errors, "", "standard error is for nobody");
}

/// The job is done, and the output is exactly the source.
#[track_caller]
pub fn assert_exact(answer: &Answer, source: &Path) -> PathBuf {
    assert_eq!(
        (answer.ended(), answer.exit),
        ("done", Some(0)),
        "{answer:?}"
    );
    assert_eq!(answer.last("exact"), true, "{answer:?}");
    let output = PathBuf::from(answer.last("output").as_str().unwrap());
    assert_same(&output, source);
    output
}

/// Every frame of the source is in the output, once, in order and at its time.
#[track_caller]
pub fn assert_same(output: &Path, source: &Path) {
    let found = verdict::differences(
        &verdict::see(source).unwrap(),
        &verdict::see(output).unwrap(),
        &Rule {
            timeline: exact::Timeline::Source,
            ..Rule::strict(output)
        },
    );
    assert_eq!(found.unwrap(), [""; 0]);
}
