-- The next film of a folder that waits is found without looking at all of them.
DROP INDEX library_by_folder;
CREATE INDEX library_by_folder ON library (folder, state, gone, (rule IS NULL), path);
