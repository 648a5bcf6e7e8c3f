-- Whether what a computer had begun stood still at first when it went.
ALTER TABLE absences ADD COLUMN still INTEGER NOT NULL DEFAULT 0 CHECK (still IN (0, 1));

-- What there is of earlier builds.
UPDATE absences SET still = 1 WHERE why IN ('in use', 'on battery', 'saving power', 'busy with other programs');
