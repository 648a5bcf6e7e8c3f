-- What the film is known again by after a restart: a digest of samples of its content. Jobs of earlier builds have none.
ALTER TABLE jobs ADD COLUMN source_sample BLOB CHECK (source_sample IS NULL OR length(source_sample) = 32);
