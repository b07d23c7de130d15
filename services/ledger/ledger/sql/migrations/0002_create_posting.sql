-- Opening accounts, posting journals, closing periods: the only ways in.
SET lock_timeout = '5s';

-- Opens the accounts that do not exist yet, with their balance rows; returns how many are new. LG006 unknown kind,
-- LG004 the code belongs to another entity already.
CREATE FUNCTION ledger.open_accounts(p_entity bigint, p_codes text[], p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    opened integer;
BEGIN
    IF EXISTS (
        SELECT
        FROM unnest(p_codes) AS u (code)
        LEFT JOIN account_kind AS k ON k.kind = split_part(u.code, ':', 1)
        WHERE k.kind IS NULL
    ) THEN
        RAISE EXCEPTION 'account of unknown kind' USING ERRCODE = 'LG006';
    END IF;

    INSERT INTO ledger_account (entity_id, code, kind, book, currency, normal_side, floor_cents, is_hot, opened_at)
    SELECT p_entity, u.code, k.kind, k.book, 'EUR', k.normal_side, k.floor_cents, k.is_hot, p_now
    FROM (SELECT DISTINCT c.code FROM unnest(p_codes) AS c (code)) AS u
    JOIN account_kind AS k ON k.kind = split_part(u.code, ':', 1)
    WHERE NOT EXISTS (SELECT FROM ledger_account AS a WHERE a.code = u.code)
    ORDER BY u.code -- the same order in every transaction: two that open the same accounts wait, never deadlock
    ON CONFLICT (code) DO NOTHING;
    GET DIAGNOSTICS opened = ROW_COUNT;

    IF EXISTS (SELECT FROM ledger_account AS a WHERE a.code = ANY (p_codes) AND a.entity_id <> p_entity) THEN
        RAISE EXCEPTION 'account code of another entity' USING ERRCODE = 'LG004';
    END IF;

    INSERT INTO balance (ledger_account_id, normal_side, floor_cents)
    SELECT a.id, a.normal_side, a.floor_cents
    FROM ledger_account AS a
    WHERE a.code = ANY (p_codes) AND NOT a.is_hot
        AND NOT EXISTS (SELECT FROM balance AS b WHERE b.ledger_account_id = a.id)
    ORDER BY a.id
    ON CONFLICT (ledger_account_id) DO NOTHING;
    RETURN opened;
END $$;

-- Posts 1 to 10,000 journals in one go, all or none, under READ COMMITTED. One element a journal in p_entity to
-- p_reason; one element a line in p_journal (position of its journal, from 1) to p_amount_cents. p_reverses is the
-- idempotency key of the journal that is reversed. A key that is known with the same hash is the same answer again.
--   LG001 unbalanced              LG003 malformed batch            LG004 same key, other request
--   LG005 period closed           LG006 lines of a journal wrong   LG007 balance row missing
--   LT001 p_now is over a minute before what the entity recorded last: a clock fault, to be retried
--   23514 balance_floor           the floor of an account would break
CREATE FUNCTION ledger.post_batch(
    p_entity bigint[], p_key uuid[], p_hash bytea[], p_kind text[], p_booked date[], p_value date[],
    p_reverses uuid[], p_source uuid[], p_reason text[],
    p_journal integer[], p_ordinal smallint[], p_account text[], p_amount_cents bigint[],
    p_now timestamptz,
    OUT journal_ids bigint[], OUT is_new boolean[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    n_all integer := cardinality(p_key);
    n_lines integer := cardinality(p_journal);
    n_new integer;
    n_groups integer;
    n_locked integer;
    n_hot integer;
    is_bad boolean;
    ids bigint[];
    line_accounts bigint[];
    accounts bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7201); -- whoever must know that no posting is under way takes it exclusively

    -- 0. the shape of the call
    IF n_all NOT BETWEEN 1 AND 10000 OR n_lines > 200000 OR p_now IS NULL
        OR (SELECT bool_or(c <> n_all) FROM unnest(ARRAY[
            cardinality(p_entity), cardinality(p_hash), cardinality(p_kind), cardinality(p_booked),
            cardinality(p_value), cardinality(p_reverses), cardinality(p_source), cardinality(p_reason)]) AS u (c))
        OR (cardinality(p_ordinal), cardinality(p_account), cardinality(p_amount_cents))
            IS DISTINCT FROM (n_lines, n_lines, n_lines)
        OR (SELECT bool_or(u.j IS NULL OR u.j NOT BETWEEN 1 AND n_all) FROM unnest(p_journal) AS u (j))
        OR (SELECT count(DISTINCT u.k) FROM unnest(p_key) AS u (k)) <> n_all
    THEN
        RAISE EXCEPTION 'malformed batch: sizes, positions, or the same key twice' USING ERRCODE = 'LG003';
    END IF;
    -- consumers overlap, so their clocks do by the length of a transaction; more than a minute is a fault
    IF EXISTS (
        SELECT
        FROM (SELECT DISTINCT e.entity_id FROM unnest(p_entity) AS e (entity_id)) AS e
        CROSS JOIN LATERAL (SELECT max(j.recorded_at) AS at FROM journal AS j WHERE j.entity_id = e.entity_id) AS latest
        WHERE p_now < latest.at - interval '1 minute'
    ) THEN
        RAISE EXCEPTION 'time runs backward' USING ERRCODE = 'LT001';
    END IF;
    IF EXISTS (
        SELECT
        FROM unnest(p_reverses) AS u (k)
        LEFT JOIN journal AS j ON j.idempotency_key = u.k
        WHERE u.k IS NOT NULL AND j.id IS NULL
    ) THEN
        RAISE EXCEPTION 'the journal to reverse is unknown' USING ERRCODE = 'LG006';
    END IF;

    -- 1. journals; ids drawn first, so that the normal case needs no join
    ids := ARRAY(SELECT nextval('journal_id_seq') FROM generate_series(1, n_all));
    INSERT INTO journal (
        id, entity_id, idempotency_key, request_hash, kind, booked_on, value_on, recorded_at, reverses_id, source_id,
        reason
    )
    OVERRIDING SYSTEM VALUE
    SELECT
        u.id, u.entity_id, u.idempotency_key, u.request_hash, u.kind, u.booked_on, u.value_on, p_now,
        CASE WHEN u.reverses IS NOT NULL
            THEN (SELECT r.id FROM journal AS r WHERE r.idempotency_key = u.reverses)
        END,
        u.source_id, u.reason
    FROM unnest(ids, p_entity, p_key, p_hash, p_kind, p_booked, p_value, p_reverses, p_source, p_reason)
        AS u (id, entity_id, idempotency_key, request_hash, kind, booked_on, value_on, reverses, source_id, reason)
    ON CONFLICT (idempotency_key) DO NOTHING;
    GET DIAGNOSTICS n_new = ROW_COUNT;
    journal_ids := ids;
    is_new := array_fill(TRUE, ARRAY[n_all]);

    -- 2. known keys: a statement of its own, so that the row of a concurrent winner is visible
    IF n_new < n_all THEN
        SELECT
            array_agg(j.id ORDER BY u.o), array_agg(j.id = u.id ORDER BY u.o),
            array_agg(CASE WHEN j.id = u.id THEN u.id ELSE 0 END ORDER BY u.o), bool_or(j.request_hash <> u.h)
        INTO journal_ids, is_new, ids, is_bad
        FROM unnest(ids, p_key, p_hash) WITH ORDINALITY AS u (id, k, h, o)
        JOIN journal AS j ON j.idempotency_key = u.k;
        IF is_bad THEN
            RAISE EXCEPTION 'same key, other request' USING ERRCODE = 'LG004';
        END IF;
    END IF;
    IF n_new = 0 THEN
        RETURN;
    END IF;

    -- 3. guards on the new journals (ids[j] = 0 marks a known one)
    IF EXISTS (
        SELECT
        FROM unnest(ids, p_entity, p_booked) AS u (id, entity_id, booked_on)
        JOIN period_lock AS p ON p.entity_id = u.entity_id AND u.booked_on <= p.closed_through
        WHERE u.id > 0
    ) THEN
        RAISE EXCEPTION 'period closed' USING ERRCODE = 'LG005';
    END IF;
    line_accounts := ARRAY(
        SELECT coalesce(a.id, 0)
        FROM unnest(p_account) WITH ORDINALITY AS u (code, o)
        LEFT JOIN ledger_account AS a ON a.code = u.code
        ORDER BY u.o
    );
    SELECT count(*), bool_or(x.is_bad)
    INTO n_groups, is_bad
    FROM (
        SELECT
            count(*) < 2 OR count(a.id) < count(*) OR min(a.entity_id) <> p_entity[l.j]
            OR max(a.entity_id) <> p_entity[l.j] OR min(a.book) <> max(a.book)
            OR min(a.currency) <> max(a.currency) AS is_bad
        FROM unnest(p_journal, line_accounts) AS l (j, a)
        LEFT JOIN ledger_account AS a ON a.id = l.a
        WHERE ids[l.j] > 0
        GROUP BY l.j
    ) AS x;
    IF is_bad OR n_groups <> n_new THEN
        RAISE EXCEPTION 'journal with too few lines, or account unknown, of another entity, book or currency'
            USING ERRCODE = 'LG006';
    END IF;

    -- 4. lines, all in one statement: the zero-sum trigger sees whole journals
    INSERT INTO line (journal_id, ordinal, ledger_account_id, amount_cents, booked_on)
    SELECT ids[l.j], l.n, l.a, l.v, p_booked[l.j]
    FROM unnest(p_journal, p_ordinal, line_accounts, p_amount_cents) AS l (j, n, a, v)
    WHERE ids[l.j] > 0;
    IF EXISTS (SELECT FROM unnest(p_reverses) AS u (k) WHERE u.k IS NOT NULL) AND EXISTS (
        SELECT
        FROM (
            SELECT j.id, l.ledger_account_id, l.amount_cents
            FROM journal AS j
            JOIN line AS l ON l.journal_id IN (j.id, j.reverses_id)
            WHERE j.id = ANY (ids) AND j.reverses_id IS NOT NULL
        ) AS x
        GROUP BY x.id, x.ledger_account_id
        HAVING sum(x.amount_cents) <> 0
    ) THEN
        RAISE EXCEPTION 'a reversal must mirror its original' USING ERRCODE = 'LG006';
    END IF;

    -- 5. lock in account order in a statement of its own, then one aggregated update
    accounts := ARRAY(SELECT DISTINCT l.a FROM unnest(p_journal, line_accounts) AS l (j, a) WHERE ids[l.j] > 0);
    PERFORM
    FROM balance AS b
    WHERE b.ledger_account_id = ANY (accounts)
    ORDER BY b.ledger_account_id
    FOR NO KEY UPDATE;
    GET DIAGNOSTICS n_locked = ROW_COUNT;
    SELECT count(*) INTO n_hot
    FROM ledger_account AS a
    WHERE a.id = ANY (accounts) AND a.is_hot;
    IF n_locked + n_hot <> cardinality(accounts) THEN
        RAISE EXCEPTION 'balance row missing' USING ERRCODE = 'LG007';
    END IF;
    UPDATE balance AS b
    SET
        posted_cents = b.posted_cents + b.normal_side * d.v,
        change_count = b.change_count + d.c
    FROM (
        SELECT l.a, sum(l.v)::bigint AS v, count(*) AS c
        FROM unnest(p_journal, line_accounts, p_amount_cents) AS l (j, a, v)
        WHERE ids[l.j] > 0
        GROUP BY l.a
    ) AS d
    WHERE b.ledger_account_id = d.a;
END $$;

-- Closes the books of an entity through a day; a closed day is never opened again.
CREATE FUNCTION ledger.close_period(p_entity bigint, p_closed_through date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
    INSERT INTO period_lock AS p (entity_id, closed_through)
    VALUES (p_entity, p_closed_through)
    ON CONFLICT (entity_id) DO UPDATE
    SET closed_through = greatest(p.closed_through, EXCLUDED.closed_through);
END $$;

REVOKE ALL ON FUNCTION ledger.open_accounts FROM public;
REVOKE ALL ON FUNCTION ledger.post_batch FROM public;
REVOKE ALL ON FUNCTION ledger.close_period FROM public;

-- where the run role is missing (a database that only prepares queries) nobody is granted anything
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger') THEN
        GRANT EXECUTE ON FUNCTION ledger.open_accounts TO ledger;
        GRANT EXECUTE ON FUNCTION ledger.post_batch TO ledger;
        GRANT EXECUTE ON FUNCTION ledger.close_period TO ledger;
    END IF;
END $$;
