SET lock_timeout = '5s';

-- A broker that lost its tail gives the same offsets to other records: a letter is known by its record's time as well.
-- Until it is restarted, a version that does not know this cannot park: it tries again and loses nothing.
CREATE UNIQUE INDEX dead_letter_parked_once ON dead_letter
(source, source_id, thing, thing_key, recorded_at) NULLS NOT DISTINCT;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX dead_letter_refused_once;
-- What waits may be parked later.
ALTER TABLE waiting ADD COLUMN recorded_at timestamptz;
