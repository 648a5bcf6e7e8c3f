-- What this machine did for others, a line for each stretch of work on one kind of film; only the newest are kept.
CREATE TABLE deeds (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    peer     BLOB    NOT NULL CHECK (length(peer) = 32),
    name     TEXT    NOT NULL,                  -- as it called itself then: text from another machine
    film     BLOB    NOT NULL CHECK (length(film) = 32),
    segments INTEGER NOT NULL CHECK (segments >= 0),
    frames   INTEGER NOT NULL CHECK (frames >= 0),
    received INTEGER NOT NULL CHECK (received >= 0),
    sent     INTEGER NOT NULL CHECK (sent >= 0),
    ms       INTEGER NOT NULL CHECK (ms >= 0),
    began    INTEGER NOT NULL,                  -- ms since 1970
    ended    INTEGER NOT NULL                   -- ms since 1970
) STRICT;
