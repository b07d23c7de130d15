-- The things of the ledger: the account of a case file, of a trust account, of a client; and whose remittance an id is.
SET lock_timeout = '5s';

CREATE TABLE case_account (
    case_account_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX case_account_reference ON case_account ((state ->> 'reference_number'));

CREATE TABLE trust_account (
    trust_account_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE client_account (
    client_account_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb,
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX client_account_due_at ON client_account (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE remittance (
    remittance_id uuid PRIMARY KEY,
    client_id uuid NOT NULL
);
