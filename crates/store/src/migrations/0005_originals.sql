-- Films that were replaced by their results, and where the originals are. It outlives the job: no reference to it.
CREATE TABLE originals (
    job      INTEGER NOT NULL PRIMARY KEY,
    source   BLOB    NOT NULL,                  -- paths: their own bytes
    target   BLOB    NOT NULL,                  -- the result's name; the source's own where its ending stays
    backup   BLOB    NOT NULL,                  -- the original's name from then on
    aside    BLOB    NOT NULL,                  -- a hidden name beside them, in use for moments
    receipt  BLOB    NOT NULL,
    phase    TEXT    NOT NULL CHECK (phase IN ('replacing', 'kept', 'undoing', 'restored', 'deleting', 'deleted')),
    step     TEXT    NOT NULL,                  -- what was to be done next, for whoever has to look into it
    memo     TEXT    NOT NULL CHECK (json_valid(memo)),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    replaced INTEGER NOT NULL,                  -- ms since 1970
    until    INTEGER                            -- ms since 1970; null: for good
) STRICT;
