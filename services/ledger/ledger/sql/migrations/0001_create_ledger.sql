-- The trust ledger: double entry that only grows. Money is bigint cents, plus is debit and minus is credit.
-- The owner role ledger_owner applies this; the run role ledger may read and call the functions, nothing else.
SET lock_timeout = '5s';

CREATE SCHEMA ledger;

-- The chart. The prefix of an account's code ('CASE:<case_file_id>') is its kind and decides all the rest.
--   book: 1 trust (real money), 2 claim (what the debtor owes), 3 office (own income)
--   normal_side: 1 debit, -1 credit;  floor_cents: 0 may not be overdrawn, NULL no floor
--   is_hot: no balance row, because everything moves it and nothing is authorised against it
--   reconciles_as: its place in the reconciliation of the trust account
CREATE TABLE ledger.account_kind (
    kind text PRIMARY KEY,
    book smallint NOT NULL CHECK (book IN (1, 2, 3)),
    normal_side smallint NOT NULL CHECK (normal_side IN (1, -1)),
    floor_cents bigint,
    is_hot boolean NOT NULL,
    reconciles_as text CHECK (reconciles_as IN ('bank', 'obligation', 'in_transit', 'agency', 'shortfall')),
    meaning text NOT NULL
);

INSERT INTO ledger.account_kind (kind, book, normal_side, floor_cents, is_hot, reconciles_as, meaning)
VALUES
('BANK', 1, 1, NULL, TRUE, 'bank', 'BANK:<iban> mirrors the bank statement; moved by statement entries only'),
('CASE', 1, -1, 0, FALSE, 'obligation', 'CASE:<case_file_id> received on the case file, not yet released'),
('CRED', 1, -1, 0, FALSE, 'obligation', 'CRED:<client_id> due to the client'),
('REFUND', 1, -1, 0, FALSE, 'obligation', 'REFUND:<case_file_id> paid too much or wrongly, due to the payer'),
('SUSP', 1, -1, 0, FALSE, 'obligation', 'SUSP:<entry fingerprint> receipt not matched; one account a receipt'),
('INTRANSIT', 1, -1, 0, FALSE, 'in_transit', 'INTRANSIT:<batch> payment file sent, not yet debited by the bank'),
('FEE', 1, -1, 0, FALSE, 'agency', 'FEE:<entity> agency money inside the trust account, to be swept out'),
('TOPUP', 1, -1, 0, FALSE, 'agency', 'TOPUP:<entity> agency money paid in to cover a shortfall or charges'),
('RECALL', 1, 1, NULL, FALSE, 'shortfall', 'RECALL:<id> returned after payout, or an unexplained debit'),
('OWNCOST', 1, 1, NULL, FALSE, 'shortfall', 'OWNCOST:<entity> bank charges, never a client''s'),
('PRINCIPAL', 2, 1, 0, FALSE, NULL, 'PRINCIPAL:<case_file_id or claim_id> principal owed by the debtor'),
('INTEREST', 2, 1, 0, FALSE, NULL, 'INTEREST:<case_file_id or claim_id> late interest owed by the debtor'),
('COSTS', 2, 1, 0, FALSE, NULL, 'COSTS:<case_file_id or claim_id> collection costs owed by the debtor'),
('VAT', 2, 1, 0, FALSE, NULL, 'VAT:<case_file_id or claim_id> VAT on collection costs owed by the debtor'),
('INDEMNITY', 2, 1, 0, FALSE, NULL, 'INDEMNITY:<claim_id> indemnity of a clause owed by the debtor'),
('OUTSTANDING', 2, -1, 0, FALSE, NULL, 'OUTSTANDING:<case_file_id> the other side: all that the debtor still owes');

CREATE TABLE ledger.ledger_account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_id bigint NOT NULL,
    code text NOT NULL UNIQUE,
    kind text NOT NULL REFERENCES ledger.account_kind (kind),
    book smallint NOT NULL CHECK (book IN (1, 2, 3)),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    normal_side smallint NOT NULL CHECK (normal_side IN (1, -1)),
    floor_cents bigint,
    is_hot boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    CHECK (code ~ '^[A-Z]+:.+$' AND split_part(code, ':', 1) = kind)
);

CREATE TABLE ledger.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_id bigint NOT NULL,
    idempotency_key uuid NOT NULL UNIQUE,
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    booked_on date NOT NULL,
    value_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    reverses_id bigint UNIQUE REFERENCES ledger.journal (id),
    source_id uuid,
    reason text,
    CHECK (reverses_id IS NULL OR reason IS NOT NULL)
);
CREATE INDEX journal_recorded ON ledger.journal (entity_id, recorded_at);
CREATE INDEX journal_source ON ledger.journal (source_id) WHERE source_id IS NOT NULL;

CREATE TABLE ledger.line (
    journal_id bigint NOT NULL REFERENCES ledger.journal (id),
    ordinal smallint NOT NULL,
    ledger_account_id bigint NOT NULL, -- checked by post_batch and by proof P4: a foreign key would cost a third
    amount_cents bigint NOT NULL CHECK (amount_cents <> 0),
    booked_on date NOT NULL,
    PRIMARY KEY (journal_id, ordinal)
);
CREATE INDEX line_account ON ledger.line (ledger_account_id, journal_id) INCLUDE (amount_cents);

CREATE TABLE ledger.balance (
    ledger_account_id bigint PRIMARY KEY REFERENCES ledger.ledger_account (id),
    normal_side smallint NOT NULL,
    posted_cents bigint NOT NULL DEFAULT 0,
    reserved_cents bigint NOT NULL DEFAULT 0 CHECK (reserved_cents >= 0),
    change_count bigint NOT NULL DEFAULT 0,
    floor_cents bigint,
    CONSTRAINT balance_floor CHECK (floor_cents IS NULL OR posted_cents - reserved_cents >= floor_cents)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE ledger.reservation (
    id uuid PRIMARY KEY,
    ledger_account_id bigint NOT NULL REFERENCES ledger.ledger_account (id),
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    remaining_cents bigint NOT NULL CHECK (remaining_cents BETWEEN 0 AND amount_cents),
    state text NOT NULL CHECK (state IN ('pending', 'posted', 'voided', 'expired')),
    expires_at timestamptz NOT NULL,
    idempotency_key uuid NOT NULL UNIQUE,
    CHECK ((state = 'pending') = (remaining_cents > 0))
);

CREATE TABLE ledger.period_lock (
    entity_id bigint PRIMARY KEY,
    closed_through date NOT NULL
);

-- One row a booked statement: what the bank says against what the ledger says, and against what is owed to others.
CREATE TABLE ledger.reconciliation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    statement_id uuid NOT NULL UNIQUE,
    entity_id bigint NOT NULL,
    ledger_account_id bigint NOT NULL REFERENCES ledger.ledger_account (id),
    booked_through date NOT NULL,
    through_journal_id bigint NOT NULL,
    statement_cents bigint NOT NULL,
    bank_cents bigint NOT NULL,
    in_transit_cents bigint NOT NULL,
    obligation_cents bigint NOT NULL,
    agency_cents bigint NOT NULL,
    shortfall_cents bigint NOT NULL,
    negative_obligations integer NOT NULL,
    bank_difference_cents bigint NOT NULL GENERATED ALWAYS AS (statement_cents - bank_cents) STORED,
    trust_difference_cents bigint NOT NULL GENERATED ALWAYS AS (
        statement_cents - in_transit_cents - obligation_cents - agency_cents + shortfall_cents
    ) STORED,
    reconciled_at timestamptz NOT NULL
);

-- Guards that hold for every role, the owner too.

CREATE FUNCTION ledger.assert_zero_sum() RETURNS trigger
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_lines GROUP BY journal_id HAVING sum(amount_cents) <> 0) THEN
        RAISE EXCEPTION 'unbalanced journal' USING ERRCODE = 'LG001';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'LG002';
END $$;

CREATE TRIGGER line_zero_sum
AFTER INSERT ON ledger.line
REFERENCING NEW TABLE AS new_lines
FOR EACH STATEMENT EXECUTE FUNCTION ledger.assert_zero_sum();

CREATE TRIGGER line_append_only
BEFORE UPDATE OR DELETE ON ledger.line
FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER line_no_truncate
BEFORE TRUNCATE ON ledger.line
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER journal_append_only
BEFORE UPDATE OR DELETE ON ledger.journal
FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER journal_no_truncate
BEFORE TRUNCATE ON ledger.journal
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM public;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM public;

-- where the run role is missing (a database that only prepares queries) nobody is granted anything
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger') THEN
        GRANT USAGE ON SCHEMA ledger TO ledger;
        GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO ledger;
    END IF;
END $$;
