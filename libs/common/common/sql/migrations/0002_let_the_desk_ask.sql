SET lock_timeout = '5s';

-- What a person asks of a dead letter; the running service does it. `value` stays as it came, beside the edited one.
ALTER TABLE dead_letter
ADD COLUMN edited_value bytea,
ADD COLUMN asked_as text,
ADD COLUMN asked_at timestamptz,
ADD COLUMN settled_because text;
