-- Keys for programs: only a hash of each is kept, so that who reads this file has none of them.
CREATE TABLE api_keys (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT    NOT NULL,
    hash    BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes  TEXT    NOT NULL,                   -- JSON: a list of words
    created INTEGER NOT NULL,                   -- ms since 1970
    used    INTEGER                             -- ms since 1970
) STRICT;
