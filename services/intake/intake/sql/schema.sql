-- What the migrations come to; a test holds the two to each other. Common's plumbing tables stand beside these.

-- Who mandates us. State: intake.domain.Client.
CREATE TABLE client (
    client_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX client_due ON client (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX client_api_key ON client ((state ->> 'api_key_sha256'));
CREATE UNIQUE INDEX client_folder ON client ((state ->> 'folder'));

-- Every payment reference of a case file is formed from its number of ten digits. A gap in them is no harm.
CREATE SEQUENCE reference_number AS bigint MINVALUE 1 MAXVALUE 9999999999 START 1000000001 NO CYCLE;

-- One debtor for one client. State: intake.domain.CaseFile.
CREATE TABLE case_file (
    case_file_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz,
    reference_number text NOT NULL UNIQUE DEFAULT lpad(nextval('reference_number')::text, 10, '0')
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX case_file_due ON case_file (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX case_file_of_debtor ON case_file (
    (state ->> 'client_id'), (state -> 'debtor' ->> 'debtor_id'), ((state ->> 'ordinal')::integer)
);

-- A client's reference names one claim for ever.
CREATE TABLE claim (
    claim_id uuid PRIMARY KEY,
    case_file_id uuid NOT NULL REFERENCES case_file (case_file_id)
);
CREATE INDEX claim_case_file ON claim (case_file_id);
