SET lock_timeout = '5s';

-- A message that concerns several things may be refused by several of them: each has a letter of its own.
CREATE UNIQUE INDEX dead_letter_refused_once ON dead_letter (source, source_id, thing, thing_key) NULLS NOT DISTINCT;
-- squawk-ignore ban-drop-constraint
ALTER TABLE dead_letter DROP CONSTRAINT dead_letter_source_source_id_key;
