-- How the time of a job went: what the job did, and what each computer was given. ms since 1970.
CREATE TABLE phases (
    job   INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    began INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    ended INTEGER,                              -- none while it goes on
    PRIMARY KEY (job, began, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE stints (
    job       INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    lease     INTEGER NOT NULL,                 -- never given twice
    segment   INTEGER NOT NULL CHECK (segment >= 0),
    attempt   INTEGER NOT NULL CHECK (attempt >= 0),
    peer      BLOB    NOT NULL CHECK (length(peer) = 32),
    name      TEXT    NOT NULL,                 -- as it called itself then: text from another machine
    hedge     INTEGER NOT NULL CHECK (hedge IN (0, 1)),
    given     INTEGER NOT NULL,
    delivered INTEGER,
    began     INTEGER,
    encoded   INTEGER,
    finished  INTEGER,
    returned  INTEGER,
    ended     INTEGER,
    fate      TEXT,                             -- none while it goes on
    why       TEXT    NOT NULL,                 -- a sentence where it came to nothing
    sent      INTEGER NOT NULL CHECK (sent >= 0),
    received  INTEGER NOT NULL CHECK (received >= 0),
    PRIMARY KEY (job, lease)
) STRICT, WITHOUT ROWID;

-- When paired computers were away or took nothing, whatever job there was; only the newest are kept.
CREATE TABLE absences (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    peer  BLOB    NOT NULL CHECK (length(peer) = 32),
    began INTEGER NOT NULL,
    ended INTEGER,                              -- none while it lasts
    why   TEXT    NOT NULL,
    UNIQUE (peer, began)
) STRICT;
