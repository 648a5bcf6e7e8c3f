-- What this node has made, by what it is known again by wherever it is moved to: its size and a digest of samples of it.
-- Written before it is put in place.
CREATE TABLE outputs (
    sample BLOB    NOT NULL PRIMARY KEY CHECK (length(sample) = 32),
    bytes  INTEGER NOT NULL CHECK (bytes >= 0),
    source BLOB    NOT NULL,                    -- the path of the film that it was made of
    made   INTEGER NOT NULL                     -- ms since 1970
) STRICT, WITHOUT ROWID;

CREATE INDEX outputs_by_size ON outputs (bytes);

-- What was found in files, for as long as they have this size and time.
CREATE TABLE facts (
    path     BLOB    NOT NULL PRIMARY KEY,
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    modified INTEGER NOT NULL,                  -- ms since 1970
    facts    TEXT    CHECK (facts IS NULL OR json_valid(facts)),
    refusal  TEXT,                              -- why it is no film, where there are no facts
    CHECK ((facts IS NULL) <> (refusal IS NULL))
) STRICT, WITHOUT ROWID;

-- The films in watched folders.
CREATE TABLE library (
    id       INTEGER PRIMARY KEY,
    path     BLOB    NOT NULL UNIQUE,
    folder   BLOB    NOT NULL,
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    modified INTEGER NOT NULL,                  -- ms since 1970
    since    INTEGER NOT NULL,                  -- since when it has had that size and time, ms since 1970
    state    TEXT    NOT NULL CHECK (state IN ('waiting', 'in_work', 'done', 'not_worthwhile', 'left', 'failed')),
    reason   TEXT    NOT NULL,
    rule     TEXT,                              -- the name of the one that takes it
    wish     INTEGER NOT NULL,                  -- a digest of what that one makes
    forced   INTEGER NOT NULL CHECK (forced IN (0, 1)),
    job      INTEGER,
    forecast INTEGER CHECK (forecast >= 0),     -- bytes
    source   INTEGER CHECK (source >= 0),       -- bytes of the film that the result was made of
    result   INTEGER CHECK (result >= 0),       -- bytes
    output   BLOB,
    receipt  BLOB,
    sample   BLOB    CHECK (sample IS NULL OR length(sample) = 32),
    changed  INTEGER NOT NULL,                  -- when the state was last changed, ms since 1970
    gone     INTEGER NOT NULL CHECK (gone IN (0, 1))
) STRICT;

CREATE INDEX library_by_folder ON library (folder, state, gone);
CREATE INDEX library_by_state ON library (state, gone, path);
CREATE INDEX library_by_job ON library (changed) WHERE job IS NOT NULL;
CREATE INDEX library_by_sample ON library (sample) WHERE sample IS NOT NULL;
