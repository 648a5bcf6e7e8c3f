-- A film whose replacing came to nothing half-way goes back: SQLite changes no CHECK of a table that is there.
CREATE TABLE originals_anew (
    job      INTEGER NOT NULL PRIMARY KEY,
    source   BLOB    NOT NULL,                  -- paths: their own bytes
    target   BLOB    NOT NULL,                  -- the result's name; the source's own where its ending stays
    backup   BLOB    NOT NULL,                  -- the original's name from then on
    aside    BLOB    NOT NULL,                  -- a hidden name beside them, in use for moments
    receipt  BLOB    NOT NULL,
    phase    TEXT    NOT NULL
             CHECK (phase IN ('replacing', 'returning', 'kept', 'undoing', 'restored', 'deleting', 'deleted')),
    step     TEXT    NOT NULL,                  -- what was to be done next
    memo     TEXT    NOT NULL CHECK (json_valid(memo)),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    replaced INTEGER NOT NULL,                  -- ms since 1970
    until    INTEGER                            -- ms since 1970; null: for good
) STRICT;

INSERT INTO originals_anew (job, source, target, backup, aside, receipt, phase, step, memo, bytes, replaced, until)
    SELECT job, source, target, backup, aside, receipt, phase, step, memo, bytes, replaced, until FROM originals;
DROP TABLE originals;
ALTER TABLE originals_anew RENAME TO originals;

-- Hidden files in which results are joined, beside where they are to be; noted before they are made.
CREATE TABLE asides (
    path BLOB    NOT NULL PRIMARY KEY,
    job  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX asides_by_job ON asides (job);

-- Its user asked for a film again, whatever speaks against it.
ALTER TABLE library ADD COLUMN asked INTEGER NOT NULL DEFAULT 0 CHECK (asked IN (0, 1));
