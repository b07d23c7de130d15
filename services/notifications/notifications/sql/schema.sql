-- The messages of one case file.
CREATE TABLE correspondence (
    correspondence_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX correspondence_due ON correspondence (due_at) WHERE due_at IS NOT NULL;

-- The letters that go to the printer together.
CREATE TABLE print_batch (
    print_batch_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX print_batch_due ON print_batch (due_at) WHERE due_at IS NOT NULL;

-- The register of deliveries: what became of each message, with what its receiver answered. Only grows.
CREATE TABLE delivery (
    message_id uuid NOT NULL,
    outcome text NOT NULL,
    case_file_id uuid NOT NULL,
    medium text NOT NULL,
    proof text NOT NULL,
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, outcome)
);
CREATE INDEX delivery_case_file ON delivery (case_file_id);
