-- A job's place in the queue, once somebody has changed it; before that its number is its place.
ALTER TABLE jobs ADD COLUMN place INTEGER;
