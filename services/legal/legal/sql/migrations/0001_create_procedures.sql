-- A procedure is the judicial side of a case file; its key is the case file's.
SET lock_timeout = '5s';

CREATE TABLE procedure (
    procedure_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX procedure_handoff ON procedure ((state -> 'handoff' ->> 'handoff_id'));
