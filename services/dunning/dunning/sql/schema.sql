-- What the migrations come to; a test holds the two to each other. Common's plumbing tables stand beside these.

CREATE TABLE case_file (
    case_file_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz,
    -- 128 bits, printed on every notice: whoever holds one may dispute
    token text NOT NULL DEFAULT encode(
        substring(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) FOR 16), 'hex'
    )
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);

CREATE UNIQUE INDEX case_file_token ON case_file (token);
CREATE INDEX case_file_due_at ON case_file (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE debtor (
    debtor_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX debtor_due_at ON debtor (due_at) WHERE due_at IS NOT NULL;

-- Why something was sent, held or skipped; no personal data, only added to
CREATE TABLE decision_receipt (
    decision_receipt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_file_id uuid NOT NULL,
    decided_at timestamptz NOT NULL,
    decision text NOT NULL CHECK (decision IN ('send', 'hold', 'skip')),
    outcome text NOT NULL,
    rule_ids text[] NOT NULL,
    inputs jsonb NOT NULL
);

CREATE INDEX decision_receipt_case_file ON decision_receipt (case_file_id, decided_at);
