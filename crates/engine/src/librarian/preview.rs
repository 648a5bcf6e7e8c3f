//! What rules would take, before they are set: counted where that is known, and reckoned from some of the films where
//! it is not.

use std::path::PathBuf;
use std::time::Duration;

use library::{Candidate, Facts, Folder, Leave, Library, Rule, Verdict};
use store::FilmState;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::feed::middle;
use super::look::facts_of;
use super::scan::{self, FactsOf};
use super::walk::{self, Found};
use crate::driver::unix_ms;
use crate::forecast::{self, Subject};
use crate::node::Node;
use crate::trouble::{Kind, Trouble};

/// Films that are looked into for it at most, and how long that may take.
const LOOKED: usize = 24;
const LOOKING: Duration = Duration::from_secs(6);
/// Films that are named.
const NAMED: usize = 12;
/// What a film that nobody has looked into is taken to shrink to.
const USUAL: f64 = 0.5;

/// What rules would take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// Films in the folder.
    pub films: u64,
    /// And their bytes.
    pub bytes: u64,
    /// So many would be taken.
    pub takes: u64,
    /// Of so many bytes.
    pub takes_bytes: u64,
    /// That would become about so many.
    pub after_bytes: u64,
    /// Not all of them have been looked into: the numbers are reckoned from some.
    pub reckoned: bool,
    /// Some of each, by path.
    pub some: Vec<PreviewLine>,
}

/// A film and what would become of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewLine {
    /// Its path within the folder.
    pub within: String,
    /// Bytes.
    pub bytes: u64,
    /// The rule that takes it.
    pub rule: Option<String>,
    /// Otherwise why it is left alone; or which other rules would have taken it.
    pub says: String,
}

/// What is added up.
#[derive(Default)]
struct Sum {
    preview: Preview,
    /// Films that have to be looked into, some of them, and how many there are.
    unseen: Vec<Found>,
    unseen_count: u64,
    unseen_bytes: u64,
    taken: usize,
    left: usize,
}

impl Node {
    /// What these rules would take of what is in the folder now. Nothing is begun, and nothing but facts is kept.
    ///
    /// # Errors
    /// [`Kind::BadRequest`]: it cannot be set so. [`Kind::NoSuchFile`]: there is no such folder.
    pub async fn library_preview(&self, folder: Folder) -> Result<Preview, Trouble> {
        let alone = Library {
            folders: vec![folder.clone()],
            ..Library::default()
        };
        library::check(&alone)
            .map_err(|wrong| Trouble::new(Kind::BadRequest, wrong.says).help(wrong.help))?;
        let _turn = self.0.librarian.previewing.lock().await;
        let others = self.settings().await?.library.folders.into_iter();
        let others: Vec<PathBuf> = others
            .map(|one| one.path)
            .filter(|path| *path != folder.path)
            .collect();
        let (tell, mut told) = mpsc::channel(4);
        let (root, cancel) = (folder.path.clone(), self.0.librarian.cancel.clone());
        let walking =
            tokio::task::spawn_blocking(move || walk::walk(&root, &others, &tell, &cancel));
        let (mut sum, now) = (Sum::default(), unix_ms());
        while let Some(batch) = told.recv().await {
            for (found, facts, film) in self.known(batch).await? {
                sum.add(&folder, found, facts, film.as_ref(), now);
            }
        }
        let walked = walking.await.map_err(std::io::Error::other).flatten();
        walked.map_err(|error| crate::intake::unreadable(&folder.path, &error))?;
        self.reckon(&mut sum, &folder, now).await;
        sum.preview.some.sort_by(|a, b| a.within.cmp(&b.within));
        Ok(sum.preview)
    }

    async fn known(&self, batch: Vec<Found>) -> Result<Vec<Seen>, Trouble> {
        let known = self.0.store.call(move |tables| {
            batch
                .into_iter()
                .map(|found| {
                    let facts = scan::facts(tables, &found)?;
                    let film = tables.film_at(&found.path)?;
                    let film = film.filter(|film| scan::is_same(film, &found));
                    Ok((found, facts, film))
                })
                .collect::<Result<Vec<_>, _>>()
        });
        known.await.map_err(|e| super::unstored(&e))
    }

    /// Some of what nobody has looked into is looked into, and stands for the rest.
    async fn reckon(&self, sum: &mut Sum, folder: &Folder, now: i64) {
        let some = std::mem::take(&mut sum.unseen);
        let (count, bytes) = (sum.unseen_count, sum.unseen_bytes);
        let Ok(bench) = self.bench() else {
            sum.preview.reckoned = count > 0;
            return;
        };
        let mut tried = Sum::default();
        for pair in some.chunks(2) {
            let Ok(facts) = timeout(LOOKING / 4, facts_of(&bench.ffmpeg, pair)).await else {
                break;
            };
            for (found, one) in pair.iter().zip(&facts) {
                if let Some(one) = one {
                    let facts = Some(read(one.facts.clone()));
                    tried.add(folder, found.clone(), facts, None, now);
                }
            }
            // What was found is as good as if a scan had found it.
            let kept = self.0.store.call(move |tables| {
                facts
                    .iter()
                    .flatten()
                    .try_for_each(|one| tables.put_facts(one))
            });
            if kept.await.is_err() {
                break;
            }
        }
        sum.stand_for(&tried.preview, count, bytes);
    }
}

/// A film, what is in it, and what is known of it as it is.
type Seen = (Found, FactsOf, Option<store::Film>);

/// Why a film that a rule takes is not encoded: something has become of it, and these rules change nothing about that.
fn settled(film: Option<&store::Film>, rule: &Rule) -> Option<String> {
    let film = film?;
    let own = Leave::Own.to_string();
    match film.state {
        FilmState::Done => Some("It is done.".to_owned()),
        FilmState::NotWorthwhile | FilmState::Failed if film.wish == rule.wish() => {
            Some(film.reason.clone())
        }
        FilmState::Left if film.reason == own => Some(own),
        _ => None,
    }
}

fn read(facts: Result<serde_json::Value, String>) -> Result<Facts, String> {
    facts.and_then(|value| serde_json::from_value(value).map_err(|error| error.to_string()))
}

impl Sum {
    fn add(
        &mut self,
        folder: &Folder,
        found: Found,
        facts: FactsOf,
        film: Option<&store::Film>,
        now: i64,
    ) {
        let file = Candidate {
            within: &found.within,
            bytes: found.bytes,
            modified_ms: found.modified_ms,
        };
        self.preview.films += 1;
        self.preview.bytes += found.bytes;
        let verdict = match &facts {
            Some(Err(says)) => Verdict::Leave(Leave::NoFilm(says.clone())),
            Some(Ok(facts)) => library::verdict(folder, file, Some(facts), now),
            None => library::verdict(folder, file, None, now),
        };
        match verdict {
            Verdict::Look => {
                self.unseen_count += 1;
                self.unseen_bytes += found.bytes;
                self.sample(found);
            }
            Verdict::Leave(why) => self.leave(found, why.to_string()),
            Verdict::Take { rule, also } => {
                let rule = &folder.rules[rule];
                if let Some(why) = settled(film, rule) {
                    return self.leave(found, why);
                }
                self.preview.takes += 1;
                self.preview.takes_bytes += found.bytes;
                let facts = facts.and_then(Result::ok);
                self.preview.after_bytes += after(rule, found.bytes, facts.as_ref());
                if self.taken < NAMED {
                    self.taken += 1;
                    let also: Vec<&str> = also
                        .iter()
                        .map(|at| folder.rules[*at].name.as_str())
                        .collect();
                    self.name(found, Some(rule.name.clone()), also.join(", "));
                }
            }
        }
    }

    fn leave(&mut self, found: Found, why: String) {
        if self.left < NAMED / 2 {
            self.left += 1;
            self.name(found, None, why);
        }
    }

    fn name(&mut self, found: Found, rule: Option<String>, says: String) {
        self.preview.some.push(PreviewLine {
            within: found.within,
            bytes: found.bytes,
            rule,
            says,
        });
    }

    /// Keeps some of all films, evenly over those that came so far.
    fn sample(&mut self, found: Found) {
        if self.unseen.len() < LOOKED {
            self.unseen.push(found);
        } else {
            // Knuth's hash of the count instead of a random number: the same folder is reckoned the same each time.
            let place = self.unseen_count.wrapping_mul(0x9e37_79b9_7f4a_7c15) % self.unseen_count;
            if let Some(old) = usize::try_from(place)
                .ok()
                .and_then(|at| self.unseen.get_mut(at))
            {
                *old = found;
            }
        }
    }

    /// What was tried stands for all of its kind.
    fn stand_for(&mut self, tried: &Preview, count: u64, bytes: u64) {
        let share = |part: u64, of: u64| {
            if of == 0 {
                0.0
            } else {
                part as f64 / of as f64
            }
        };
        let all = &mut self.preview;
        all.reckoned = tried.films < count;
        let (takes, taken) = (
            share(tried.takes, tried.films),
            share(tried.takes_bytes, tried.bytes),
        );
        let after = share(tried.after_bytes, tried.takes_bytes);
        all.takes += (takes * count as f64).round() as u64;
        let takes_bytes = taken * bytes as f64;
        all.takes_bytes += takes_bytes as u64;
        all.after_bytes += (takes_bytes * after) as u64;
        all.some.extend(tried.some.iter().take(2 * NAMED).cloned());
    }
}

/// Bytes that a film would come to, as far as can be said without trying it.
fn after(rule: &Rule, bytes: u64, facts: Option<&Facts>) -> u64 {
    let usual = (bytes as f64 * USUAL) as u64;
    let Some(facts) = facts.filter(|facts| facts.width > 0 && facts.length_ms > 0) else {
        return usual;
    };
    let subject = Subject {
        bytes,
        codec: facts.codec.clone(),
        seconds: facts.length_ms as f64 / 1000.0,
        width: facts.width,
        height: facts.height,
        fps: if facts.frames_1000s == 0 {
            25.0
        } else {
            f64::from(facts.frames_1000s) / 1000.0
        },
        ten_bit: facts.ten_bit,
        sounds: facts.sounds,
        cost: None,
    };
    let guess = forecast::forecast(&subject, &rule.make, None, &[]);
    middle(guess.bytes_low, guess.bytes_high).unwrap_or(usual)
}
