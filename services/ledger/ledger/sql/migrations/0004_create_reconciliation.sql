-- The bank's closing balance against the ledger, and against what is owed to others.
SET lock_timeout = '5s';

-- Compares the closing balance of a booked statement with the ledger as booked through that day, and stores the
-- result; the same statement again returns the stored row. A negative obligation is counted, never netted.
CREATE FUNCTION ledger.reconcile(
    p_statement uuid, p_bank_account text, p_booked_through date, p_statement_cents bigint, p_now timestamptz
) RETURNS ledger.reconciliation
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    bank ledger_account;
    horizon bigint;
    stored reconciliation;
BEGIN
    SELECT * INTO stored FROM reconciliation AS r WHERE r.statement_id = p_statement;
    IF FOUND THEN
        RETURN stored;
    END IF;
    SELECT * INTO bank FROM ledger_account AS a WHERE a.code = p_bank_account AND a.kind = 'BANK';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'bank account unknown' USING ERRCODE = 'LG006';
    END IF;
    horizon := (SELECT coalesce(max(j.id), 0) FROM journal AS j);
    INSERT INTO reconciliation (
        statement_id, entity_id, ledger_account_id, booked_through, through_journal_id, statement_cents, bank_cents,
        in_transit_cents, obligation_cents, agency_cents, shortfall_cents, negative_obligations, reconciled_at
    )
    SELECT
        p_statement, bank.entity_id, bank.id, p_booked_through, horizon, p_statement_cents,
        coalesce(sum(x.cents) FILTER (WHERE x.id = bank.id), 0)::bigint,
        coalesce(sum(x.cents) FILTER (WHERE x.reconciles_as = 'in_transit'), 0)::bigint,
        coalesce(sum(greatest(x.cents, 0)) FILTER (WHERE x.reconciles_as = 'obligation'), 0)::bigint,
        coalesce(sum(x.cents) FILTER (WHERE x.reconciles_as = 'agency'), 0)::bigint,
        coalesce(sum(x.cents) FILTER (WHERE x.reconciles_as = 'shortfall'), 0)::bigint,
        count(*) FILTER (WHERE x.reconciles_as = 'obligation' AND x.cents < 0),
        p_now
    FROM (
        SELECT a.id, k.reconciles_as, a.normal_side * sum(l.amount_cents) AS cents
        FROM line AS l
        JOIN ledger_account AS a ON a.id = l.ledger_account_id
        JOIN account_kind AS k ON k.kind = a.kind
        WHERE a.entity_id = bank.entity_id AND a.book = 1
            AND l.booked_on <= p_booked_through AND l.journal_id <= horizon
        GROUP BY a.id, k.reconciles_as
    ) AS x
    RETURNING * INTO stored;
    RETURN stored;
END $$;

REVOKE ALL ON FUNCTION ledger.reconcile FROM public;

-- where the run role is missing (a database that only prepares queries) nobody is granted anything
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger') THEN
        GRANT EXECUTE ON FUNCTION ledger.reconcile TO ledger;
    END IF;
END $$;
