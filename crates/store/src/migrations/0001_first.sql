-- One row for each film that was handed in. Ids are never used twice.
CREATE TABLE jobs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    source          BLOB    NOT NULL,           -- the path's own bytes: not every path is UTF-8
    source_bytes    INTEGER NOT NULL CHECK (source_bytes >= 0),
    source_modified INTEGER NOT NULL,           -- ms since 1970
    choice          TEXT    NOT NULL CHECK (json_valid(choice)),
    memo            TEXT    NOT NULL CHECK (json_valid(memo)),
    state           TEXT    NOT NULL CHECK (state IN ('queued', 'waiting_for_peers', 'benchmarking',
                        'processing', 'paused', 'combining', 'completed', 'failed', 'cancelled')),
    plan_finished   INTEGER NOT NULL CHECK (plan_finished IN (0, 1)),
    output          BLOB,
    receipt         BLOB,
    error           TEXT,
    created         INTEGER NOT NULL,           -- ms since 1970
    finished        INTEGER,                    -- ms since 1970
    restarts        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state);

-- One row for each segment that was cut, in the order of the film.
CREATE TABLE segments (
    job       INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    idx       INTEGER NOT NULL CHECK (idx >= 0),
    start_pts INTEGER NOT NULL,
    end_pts   INTEGER NOT NULL,
    frames    INTEGER NOT NULL CHECK (frames >= 0),
    work      INTEGER NOT NULL CHECK (work >= 0),
    payload   TEXT    NOT NULL CHECK (json_valid(payload)),
    state     TEXT    NOT NULL CHECK (state IN ('waiting', 'leased', 'returned', 'verified', 'failed')),
    attempt   INTEGER NOT NULL CHECK (attempt >= 0),
    peer      BLOB    CHECK (length(peer) = 32),
    digest    BLOB    CHECK (length(digest) = 32),
    file      TEXT,
    report    TEXT    CHECK (json_valid(report)),
    PRIMARY KEY (job, idx),
    CHECK (start_pts < end_pts)
) STRICT, WITHOUT ROWID;

-- The computers this one is paired with.
CREATE TABLE peers (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    name       TEXT    NOT NULL,
    addresses  TEXT    NOT NULL CHECK (json_valid(addresses)),
    may_use_me INTEGER NOT NULL CHECK (may_use_me IN (0, 1)),
    i_may_use  INTEGER NOT NULL CHECK (i_may_use IN (0, 1)),
    paired     INTEGER NOT NULL,                -- ms since 1970
    last_seen  INTEGER                          -- ms since 1970
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- What was measured on this machine, under a key that names what it was measured with.
CREATE TABLE measurements (
    key      TEXT    NOT NULL PRIMARY KEY,
    value    TEXT    NOT NULL CHECK (json_valid(value)),
    measured INTEGER NOT NULL                   -- ms since 1970
) STRICT, WITHOUT ROWID;

-- What this machine has done for each other one. It outlives the pairing: no reference to peers.
CREATE TABLE given (
    peer     BLOB    NOT NULL PRIMARY KEY CHECK (length(peer) = 32),
    segments INTEGER NOT NULL CHECK (segments >= 0),
    frames   INTEGER NOT NULL CHECK (frames >= 0),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    ms       INTEGER NOT NULL CHECK (ms >= 0)
) STRICT, WITHOUT ROWID;
