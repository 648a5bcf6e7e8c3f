-- What came of this computer's films, day by day: days since 1970 where it is. It outlives jobs that are taken off the list.
CREATE TABLE made (
    day          INTEGER NOT NULL PRIMARY KEY,
    films        INTEGER NOT NULL CHECK (films >= 0),
    frames       INTEGER NOT NULL CHECK (frames >= 0),
    source_bytes INTEGER NOT NULL CHECK (source_bytes >= 0),
    output_bytes INTEGER NOT NULL CHECK (output_bytes >= 0),
    ms           INTEGER NOT NULL CHECK (ms >= 0)
) STRICT;

-- Who worked for whom, day by day: a computer for the films of this one (for_us), or this one for the films of another.
CREATE TABLE labour (
    day    INTEGER NOT NULL,
    peer   BLOB    NOT NULL CHECK (length(peer) = 32),
    for_us INTEGER NOT NULL CHECK (for_us IN (0, 1)),
    name   TEXT    NOT NULL,                    -- as it called itself last: text from another machine
    parts  INTEGER NOT NULL CHECK (parts >= 0),
    frames INTEGER NOT NULL CHECK (frames >= 0),
    ms     INTEGER NOT NULL CHECK (ms >= 0),
    PRIMARY KEY (day, peer, for_us)
) STRICT, WITHOUT ROWID;

-- What there is of earlier builds.
INSERT INTO made (day, films, frames, source_bytes, output_bytes, ms)
SELECT CAST(julianday(date(finished / 1000, 'unixepoch', 'localtime')) - 2440587.5 AS INTEGER) AS day, count(*),
       total(json_extract(memo, '$.frames')), total(source_bytes), total(json_extract(memo, '$.bytes')),
       total(json_extract(memo, '$.wall_ms'))
FROM jobs WHERE state = 'completed' AND finished IS NOT NULL GROUP BY 1;

INSERT INTO labour (day, peer, for_us, name, parts, frames, ms)
SELECT CAST(julianday(date(jobs.finished / 1000, 'unixepoch', 'localtime')) - 2440587.5 AS INTEGER), segments.peer, 1,
       coalesce((SELECT name FROM peers WHERE id = segments.peer), ''), count(*), total(segments.frames),
       total(json_extract(segments.report, '$.encode_ms'))
FROM segments JOIN jobs ON jobs.id = segments.job
WHERE jobs.state = 'completed' AND jobs.finished IS NOT NULL AND segments.peer IS NOT NULL GROUP BY 1, 2;

INSERT INTO labour (day, peer, for_us, name, parts, frames, ms)
SELECT CAST(julianday(date(ended / 1000, 'unixepoch', 'localtime')) - 2440587.5 AS INTEGER), peer, 0, max(name),
       sum(segments), sum(frames), sum(ms)
FROM deeds GROUP BY 1, 2;
