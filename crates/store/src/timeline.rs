//! How the time of each job went: the record behind its timeline. Bounded for each job, and in all.

use rusqlite::{Row, named_params, params};

use crate::value;
use crate::{PeerKey, StoreError, Tables};

/// How many stints are kept of one job; what comes later is not noted.
pub const STINTS_KEPT: u32 = 10_000;
/// How many phases are kept of one job.
pub const PHASES_KEPT: u32 = 1000;
/// How many jobs have a timeline; those of older ones go.
pub const TIMELINES_KEPT: u32 = 1000;
/// How many absences are kept.
pub const ABSENCES_KEPT: u32 = 5000;
/// How many stints of other jobs are told at the most.
const OTHERS_TOLD: u32 = 50_000;

/// Something that a job did or waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// The job's number.
    pub job: i64,
    /// What, in a word of the owner's.
    pub kind: String,
    /// From then, in ms since 1970.
    pub began: i64,
    /// Until then; none while it goes on.
    pub ended: Option<i64>,
}

/// A part of a film in the hands of one computer, once. Times are ms since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stint {
    /// The job's number.
    pub job: i64,
    /// The lease's number.
    pub lease: u64,
    /// Which part.
    pub segment: u32,
    /// Which try of it.
    pub attempt: u32,
    /// By whom.
    pub peer: PeerKey,
    /// What it called itself then: text from another machine.
    pub name: String,
    /// Beside another computer.
    pub hedge: bool,
    /// Given out then.
    pub given: i64,
    /// Its source was there.
    pub delivered: Option<i64>,
    /// Its encoder began.
    pub began: Option<i64>,
    /// Its encoder was through.
    pub encoded: Option<i64>,
    /// The computer's own check was through.
    pub finished: Option<i64>,
    /// The result was back.
    pub returned: Option<i64>,
    /// It was over.
    pub ended: Option<i64>,
    /// How, in a word of the owner's; none while it goes on.
    pub fate: Option<String>,
    /// Why, where it came to nothing.
    pub why: String,
    /// Bytes of the source that travelled.
    pub sent: u64,
    /// Bytes of the result that travelled.
    pub received: u64,
}

/// A computer that was away or took nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Which.
    pub peer: PeerKey,
    /// From then, in ms since 1970.
    pub began: i64,
    /// Until then; none while it lasts.
    pub ended: Option<i64>,
    /// Why.
    pub why: String,
    /// What it had begun stood still at first.
    pub still: bool,
}

impl Phase {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            job: row.get("job")?,
            kind: row.get("kind")?,
            began: row.get("began")?,
            ended: row.get("ended")?,
        })
    }
}

impl Stint {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            job: row.get("job")?,
            lease: row.get::<_, i64>("lease")?.cast_unsigned(),
            segment: value::counted_u32(row, "segment")?,
            attempt: value::counted_u32(row, "attempt")?,
            peer: row.get("peer")?,
            name: row.get("name")?,
            hedge: row.get("hedge")?,
            given: row.get("given")?,
            delivered: row.get("delivered")?,
            began: row.get("began")?,
            encoded: row.get("encoded")?,
            finished: row.get("finished")?,
            returned: row.get("returned")?,
            ended: row.get("ended")?,
            fate: row.get("fate")?,
            why: row.get("why")?,
            sent: value::counted(row, "sent")?,
            received: value::counted(row, "received")?,
        })
    }
}

/// The record of how jobs went. Nothing here fails where a job is not there any more: it only has no record then.
impl Tables<'_> {
    /// Notes a phase, or how it ended.
    ///
    /// # Errors
    /// If the database fails.
    pub fn put_phase(&self, phase: &Phase) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO phases (job, began, kind, ended)
                 SELECT :job, :began, :kind, :ended WHERE EXISTS (SELECT 1 FROM jobs WHERE id = :job)
                 AND ((SELECT count(*) FROM phases WHERE job = :job) < :most
                 OR EXISTS (SELECT 1 FROM phases WHERE job = :job AND began = :began AND kind = :kind))
                 ON CONFLICT (job, began, kind) DO UPDATE SET ended = excluded.ended",
            )?
            .execute(named_params! {
                ":job": phase.job,
                ":began": phase.began,
                ":kind": phase.kind,
                ":ended": phase.ended,
                ":most": PHASES_KEPT,
            })?;
        Ok(())
    }

    /// Notes that a part was given out.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn add_stint(&self, stint: &Stint) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT OR IGNORE INTO stints (job, lease, segment, attempt, peer, name, hedge, given, why, sent, received)
                 SELECT :job, :lease, :segment, :attempt, :peer, :name, :hedge, :given, '', 0, 0
                 WHERE EXISTS (SELECT 1 FROM jobs WHERE id = :job)
                 AND (SELECT count(*) FROM stints WHERE job = :job) < :most",
            )?
            .execute(named_params! {
                ":job": stint.job,
                ":lease": stint.lease.cast_signed(),
                ":segment": stint.segment,
                ":attempt": stint.attempt,
                ":peer": stint.peer,
                ":name": stint.name,
                ":hedge": stint.hedge,
                ":given": stint.given,
                ":most": STINTS_KEPT,
            })?;
        Ok(())
    }

    /// Notes what became of it.
    ///
    /// # Errors
    /// If the database fails, or a number is too large for it.
    pub fn end_stint(&self, stint: &Stint) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "UPDATE stints SET delivered = :delivered, began = :began, encoded = :encoded, finished = :finished,
                 returned = :returned, ended = :ended, fate = :fate, why = :why, sent = :sent, received = :received
                 WHERE job = :job AND lease = :lease",
            )?
            .execute(named_params! {
                ":job": stint.job,
                ":lease": stint.lease.cast_signed(),
                ":delivered": stint.delivered,
                ":began": stint.began,
                ":encoded": stint.encoded,
                ":finished": stint.finished,
                ":returned": stint.returned,
                ":ended": stint.ended,
                ":fate": stint.fate,
                ":why": stint.why,
                ":sent": value::count("number of bytes", stint.sent)?,
                ":received": value::count("number of bytes", stint.received)?,
            })?;
        Ok(())
    }

    /// What ended as `was` ended as `fate` after all, and why: of one part of a job, or of all of them.
    ///
    /// # Errors
    /// If the database fails.
    pub fn undo_stints(
        &self,
        job: i64,
        segment: Option<u32>,
        (was, fate): (&str, &str),
        why: &str,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "UPDATE stints SET fate = :fate, why = :why
                 WHERE job = :job AND fate = :was AND segment = coalesce(:segment, segment)",
            )?
            .execute(named_params! {
                ":job": job,
                ":segment": segment,
                ":was": was,
                ":fate": fate,
                ":why": why,
            })?;
        Ok(())
    }

    /// A job goes on that was under way when its node stopped: what had no end then ended with the last thing that was
    /// noted, and the time since is a phase of its own, called `gap`, until `now`; open stints end as `fate`.
    ///
    /// # Errors
    /// If the database fails.
    pub fn bridge_gap(&self, job: i64, gap: &str, fate: &str, now: i64) -> Result<(), StoreError> {
        let last: Option<i64> = self.sql.query_row(
            "SELECT max(at) FROM (SELECT max(began, coalesce(ended, began)) AS at FROM phases WHERE job = ?1
             UNION ALL SELECT max(given, coalesce(ended, given)) FROM stints WHERE job = ?1)",
            [job],
            |row| row.get(0),
        )?;
        let Some(last) = last else { return Ok(()) };
        self.sql.execute(
            "UPDATE phases SET ended = max(began, ?2) WHERE job = ?1 AND ended IS NULL",
            [job, last],
        )?;
        self.sql.execute(
            "UPDATE stints SET ended = max(given, ?2), fate = ?3 WHERE job = ?1 AND ended IS NULL",
            params![job, last, fate],
        )?;
        self.put_phase(&Phase {
            job,
            kind: gap.to_owned(),
            began: last,
            ended: Some(now.max(last)),
        })
    }

    /// Notes that a computer is away, or is back.
    ///
    /// # Errors
    /// If the database fails.
    pub fn put_absence(&self, absence: &Absence) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO absences (peer, began, ended, why, still) VALUES (:peer, :began, :ended, :why, :still)
                 ON CONFLICT (peer, began) DO UPDATE SET ended = excluded.ended",
            )?
            .execute(named_params! {
                ":peer": absence.peer,
                ":began": absence.began,
                ":ended": absence.ended,
                ":why": absence.why,
                ":still": absence.still,
            })?;
        self.sql
            .prepare_cached("DELETE FROM absences WHERE id <= (SELECT max(id) FROM absences) - ?1")?
            .execute([ABSENCES_KEPT])?;
        Ok(())
    }

    /// Removes the record of jobs that are long past, and what is left open of absences of an earlier run.
    ///
    /// # Errors
    /// If the database fails.
    pub fn prune_timelines(&self, now: i64) -> Result<(), StoreError> {
        for table in ["phases", "stints"] {
            self.sql.execute(
                &format!("DELETE FROM {table} WHERE job <= (SELECT max(id) FROM jobs) - ?1"),
                [TIMELINES_KEPT],
            )?;
        }
        self.sql.execute(
            "UPDATE absences SET ended = max(began, ?1) WHERE ended IS NULL",
            [now],
        )?;
        Ok(())
    }

    /// What a job did, in the order in which it began.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn phases(&self, job: i64) -> Result<Vec<Phase>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM phases WHERE job = ?1 ORDER BY began")?;
        Ok(query
            .query_map([job], Phase::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// What was given out of a job, in the order of its leases.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn stints(&self, job: i64) -> Result<Vec<Stint>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT * FROM stints WHERE job = ?1 ORDER BY lease")?;
        Ok(query
            .query_map([job], Stint::from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// What was given out of all jobs but this one, touches this time and is over; at most 50 000.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn other_stints(&self, job: i64, from: i64, to: i64) -> Result<Vec<Stint>, StoreError> {
        // By the jobs that were there at that time: there may be millions of stints.
        let mut query = self.sql.prepare_cached(
            "SELECT stints.* FROM jobs JOIN stints ON stints.job = jobs.id
             WHERE jobs.id <> :job AND jobs.created < :to AND coalesce(jobs.finished, :to) > :from
             AND stints.given < :to AND stints.ended > :from
             ORDER BY stints.job, stints.lease LIMIT :most",
        )?;
        let rows = query.query_map(
            named_params! { ":job": job, ":from": from, ":to": to, ":most": OTHERS_TOLD },
            Stint::from_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many frames each part of a job's plan has.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn segment_frames(&self, job: i64) -> Result<Vec<(u32, u64)>, StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT idx, frames FROM segments WHERE job = ?1")?;
        let rows = query.query_map([job], |row| {
            Ok((
                value::counted_u32(row, "idx")?,
                value::counted(row, "frames")?,
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Absences that touch this time, of all computers.
    ///
    /// # Errors
    /// If the database fails or a row does not read.
    pub fn absences(&self, from: i64, to: i64) -> Result<Vec<Absence>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT * FROM absences WHERE began < ?2 AND coalesce(ended, ?2) > ?1 ORDER BY id",
        )?;
        let rows = query.query_map([from, to], |row| {
            Ok(Absence {
                peer: row.get("peer")?,
                began: row.get("began")?,
                ended: row.get("ended")?,
                why: row.get("why")?,
                still: row.get("still")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
