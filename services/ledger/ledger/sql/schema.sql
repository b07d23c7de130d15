-- The tables of ledger as its migrations make them, the plumbing's and its own; partitions by day are left out.
-- Written by `python -m testkit.schemas ledger`; a test holds it to the migrations. Read it, never run it.

CREATE SCHEMA ledger;

CREATE FUNCTION ledger.assert_zero_sum() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM new_lines GROUP BY journal_id HAVING sum(amount_cents) <> 0) THEN
        RAISE EXCEPTION 'unbalanced journal' USING ERRCODE = 'LG001';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger.close_period(p_entity bigint, p_closed_through date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO period_lock AS p (entity_id, closed_through)
    VALUES (p_entity, p_closed_through)
    ON CONFLICT (entity_id) DO UPDATE
    SET closed_through = greatest(p.closed_through, EXCLUDED.closed_through);
END $$;

CREATE FUNCTION ledger.open_accounts(p_entity bigint, p_codes text[], p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
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

CREATE FUNCTION ledger.post_batch(p_entity bigint[], p_key uuid[], p_hash bytea[], p_kind text[], p_booked date[], p_value date[], p_reverses uuid[], p_source uuid[], p_reason text[], p_journal integer[], p_ordinal smallint[], p_account text[], p_amount_cents bigint[], p_now timestamp with time zone, OUT journal_ids bigint[], OUT is_new boolean[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
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

CREATE TABLE ledger.reconciliation (
    id bigint NOT NULL,
    statement_id uuid NOT NULL,
    entity_id bigint NOT NULL,
    ledger_account_id bigint NOT NULL,
    booked_through date NOT NULL,
    through_journal_id bigint NOT NULL,
    statement_cents bigint NOT NULL,
    bank_cents bigint NOT NULL,
    in_transit_cents bigint NOT NULL,
    obligation_cents bigint NOT NULL,
    agency_cents bigint NOT NULL,
    shortfall_cents bigint NOT NULL,
    negative_obligations integer NOT NULL,
    bank_difference_cents bigint GENERATED ALWAYS AS ((statement_cents - bank_cents)) STORED NOT NULL,
    trust_difference_cents bigint GENERATED ALWAYS AS (((((statement_cents - in_transit_cents) - obligation_cents) - agency_cents) + shortfall_cents)) STORED NOT NULL,
    reconciled_at timestamp with time zone NOT NULL
);

CREATE FUNCTION ledger.reconcile(p_statement uuid, p_bank_account text, p_booked_through date, p_statement_cents bigint, p_now timestamp with time zone) RETURNS ledger.reconciliation
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
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

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'LG002';
END $$;

CREATE FUNCTION ledger.release(p_id uuid, p_amount_cents bigint, p_to text, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
DECLARE
    r reservation;
BEGIN
    SELECT * INTO r FROM reservation AS x WHERE x.id = p_id FOR UPDATE;
    IF r.state IS DISTINCT FROM 'pending'
        OR p_amount_cents NOT BETWEEN 1 AND r.remaining_cents
        OR p_to NOT IN ('posted', 'voided', 'expired')
        OR (p_to = 'posted' AND r.expires_at <= p_now)
        OR (p_to = 'expired' AND r.expires_at > p_now)
        OR (p_to <> 'posted' AND p_amount_cents <> r.remaining_cents)
    THEN
        RAISE EXCEPTION 'reservation not open for this' USING ERRCODE = 'LG008';
    END IF;
    UPDATE reservation AS x
    SET
        remaining_cents = x.remaining_cents - p_amount_cents,
        state = CASE WHEN x.remaining_cents = p_amount_cents THEN p_to ELSE 'pending' END
    WHERE x.id = p_id;
    UPDATE balance AS b
    SET
        reserved_cents = b.reserved_cents - p_amount_cents,
        change_count = b.change_count + 1
    WHERE b.ledger_account_id = r.ledger_account_id;
END $$;

CREATE FUNCTION ledger.reserve(p_id uuid, p_key uuid, p_account text, p_amount_cents bigint, p_expires_at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger', 'pg_temp'
    AS $$
DECLARE
    v_account bigint := (SELECT a.id FROM ledger_account AS a WHERE a.code = p_account);
    known reservation;
BEGIN
    IF v_account IS NULL THEN
        RAISE EXCEPTION 'account unknown' USING ERRCODE = 'LG006';
    END IF;
    INSERT INTO reservation (id, ledger_account_id, amount_cents, remaining_cents, state, expires_at, idempotency_key)
    VALUES (p_id, v_account, p_amount_cents, p_amount_cents, 'pending', p_expires_at, p_key)
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO known FROM reservation AS r WHERE r.idempotency_key = p_key;
        IF (known.id, known.ledger_account_id, known.amount_cents) IS DISTINCT FROM (p_id, v_account, p_amount_cents) THEN
            RAISE EXCEPTION 'same key, other request' USING ERRCODE = 'LG004';
        END IF;
        RETURN FALSE;
    END IF;
    UPDATE balance AS b
    SET
        reserved_cents = b.reserved_cents + p_amount_cents,
        change_count = b.change_count + 1
    WHERE b.ledger_account_id = v_account;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'balance row missing' USING ERRCODE = 'LG007';
    END IF;
    RETURN TRUE;
END $$;

CREATE FUNCTION public.first_id_of(p_day date) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT (lpad(to_hex((extract(EPOCH FROM p_day::timestamp)::bigint * 1000)), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION public.keep_partitions(p_today date, p_days integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    v_table text;
    v_days integer;
    v_day date;
    v_name text;
    v_old text;
BEGIN
    FOR v_table, v_days IN VALUES ('inbox', greatest(p_days, 40)), ('outbox_sent', p_days) LOOP
        FOR v_day IN SELECT generate_series(p_today, p_today + 2, interval '1 day')::date LOOP
            v_name := v_table || to_char(v_day, '_YYYYMMDD');
            IF to_regclass(v_name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', v_name, v_table,
                    first_id_of(v_day), first_id_of(v_day + 1));
            END IF;
        END LOOP;
        FOR v_old IN
            SELECT c.relname
              FROM pg_inherits AS i
              JOIN pg_class AS c ON c.oid = i.inhrelid
             WHERE i.inhparent = v_table::regclass
               AND c.relname ~ '_\d{8}$'
               AND to_date(right(c.relname, 8), 'YYYYMMDD') < p_today - v_days
        LOOP
            EXECUTE format('DROP TABLE %I', v_old);
        END LOOP;
    END LOOP;
END $_$;

CREATE TABLE ledger.account_kind (
    kind text NOT NULL,
    book smallint NOT NULL,
    normal_side smallint NOT NULL,
    floor_cents bigint,
    is_hot boolean NOT NULL,
    reconciles_as text,
    meaning text NOT NULL,
    CONSTRAINT account_kind_book_check CHECK ((book = ANY (ARRAY[1, 2, 3]))),
    CONSTRAINT account_kind_normal_side_check CHECK ((normal_side = ANY (ARRAY[1, '-1'::integer]))),
    CONSTRAINT account_kind_reconciles_as_check CHECK ((reconciles_as = ANY (ARRAY['bank'::text, 'obligation'::text, 'in_transit'::text, 'agency'::text, 'shortfall'::text])))
);

CREATE TABLE ledger.balance (
    ledger_account_id bigint NOT NULL,
    normal_side smallint NOT NULL,
    posted_cents bigint DEFAULT 0 NOT NULL,
    reserved_cents bigint DEFAULT 0 NOT NULL,
    change_count bigint DEFAULT 0 NOT NULL,
    floor_cents bigint,
    CONSTRAINT balance_floor CHECK (((floor_cents IS NULL) OR ((posted_cents - reserved_cents) >= floor_cents))),
    CONSTRAINT balance_reserved_cents_check CHECK ((reserved_cents >= 0))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.02');

CREATE TABLE ledger.journal (
    id bigint NOT NULL,
    entity_id bigint NOT NULL,
    idempotency_key uuid NOT NULL,
    request_hash bytea NOT NULL,
    kind text NOT NULL,
    booked_on date NOT NULL,
    value_on date NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    reverses_id bigint,
    source_id uuid,
    reason text,
    CONSTRAINT journal_check CHECK (((reverses_id IS NULL) OR (reason IS NOT NULL))),
    CONSTRAINT journal_kind_check CHECK ((kind ~ '^[a-z_]{1,40}$'::text)),
    CONSTRAINT journal_request_hash_check CHECK ((length(request_hash) = 32))
);

ALTER TABLE ledger.journal ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.journal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ledger.ledger_account (
    id bigint NOT NULL,
    entity_id bigint NOT NULL,
    code text NOT NULL,
    kind text NOT NULL,
    book smallint NOT NULL,
    currency text NOT NULL,
    normal_side smallint NOT NULL,
    floor_cents bigint,
    is_hot boolean NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_account_book_check CHECK ((book = ANY (ARRAY[1, 2, 3]))),
    CONSTRAINT ledger_account_check CHECK (((code ~ '^[A-Z]+:.+$'::text) AND (split_part(code, ':'::text, 1) = kind))),
    CONSTRAINT ledger_account_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ledger_account_normal_side_check CHECK ((normal_side = ANY (ARRAY[1, '-1'::integer])))
);

ALTER TABLE ledger.ledger_account ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.ledger_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ledger.line (
    journal_id bigint NOT NULL,
    ordinal smallint NOT NULL,
    ledger_account_id bigint NOT NULL,
    amount_cents bigint NOT NULL,
    booked_on date NOT NULL,
    CONSTRAINT line_amount_cents_check CHECK ((amount_cents <> 0))
);

CREATE TABLE ledger.period_lock (
    entity_id bigint NOT NULL,
    closed_through date NOT NULL
);

ALTER TABLE ledger.reconciliation ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.reconciliation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ledger.reservation (
    id uuid NOT NULL,
    ledger_account_id bigint NOT NULL,
    amount_cents bigint NOT NULL,
    remaining_cents bigint NOT NULL,
    state text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    idempotency_key uuid NOT NULL,
    CONSTRAINT reservation_amount_cents_check CHECK ((amount_cents > 0)),
    CONSTRAINT reservation_check CHECK (((remaining_cents >= 0) AND (remaining_cents <= amount_cents))),
    CONSTRAINT reservation_check1 CHECK (((state = 'pending'::text) = (remaining_cents > 0))),
    CONSTRAINT reservation_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'posted'::text, 'voided'::text, 'expired'::text])))
);

CREATE TABLE public.alarm_trace (
    thing text NOT NULL,
    thing_key uuid NOT NULL,
    traceparent text NOT NULL
);

CREATE TABLE public.case_account (
    case_account_id uuid NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    state jsonb,
    sequences jsonb DEFAULT '{}'::jsonb NOT NULL,
    due_at timestamp with time zone
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.02');

CREATE TABLE public.client_account (
    client_account_id uuid NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    state jsonb,
    sequences jsonb DEFAULT '{}'::jsonb NOT NULL,
    due_at timestamp with time zone
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.02');

CREATE TABLE public.clock (
    only_one boolean DEFAULT true NOT NULL,
    now timestamp with time zone NOT NULL,
    CONSTRAINT clock_only_one_check CHECK (only_one)
);

CREATE TABLE public.dead_letter (
    dead_letter_id bigint NOT NULL,
    source text NOT NULL,
    source_id text NOT NULL,
    thing text,
    thing_key uuid,
    recorded_at timestamp with time zone,
    key bytea,
    value bytea,
    headers bytea NOT NULL,
    error_code text NOT NULL,
    error_message text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    failed_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    settled_as text,
    edited_value bytea,
    asked_as text,
    asked_at timestamp with time zone,
    settled_because text
);

ALTER TABLE public.dead_letter ALTER COLUMN dead_letter_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letter_dead_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.inbox (
    event_id uuid NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    handler text NOT NULL
)
PARTITION BY RANGE (event_id);

CREATE TABLE public.inbox_default (
    event_id uuid CONSTRAINT inbox_event_id_not_null NOT NULL,
    seen_at timestamp with time zone CONSTRAINT inbox_seen_at_not_null NOT NULL,
    handler text CONSTRAINT inbox_handler_not_null NOT NULL
);

CREATE TABLE public.inbox_foreign (
    source text NOT NULL,
    id text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    request_hash bytea NOT NULL,
    answer jsonb
);

CREATE TABLE public.migration (
    source text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone NOT NULL
);

CREATE TABLE public.outbox (
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    topic text NOT NULL,
    key bytea NOT NULL,
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    subject uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
)
WITH (fillfactor='90', autovacuum_vacuum_scale_factor='0.01');

CREATE TABLE public.outbox_sent (
    id uuid NOT NULL,
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    topic text NOT NULL,
    key bytea NOT NULL,
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    subject uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (id);

CREATE TABLE public.outbox_sent_default (
    id uuid CONSTRAINT outbox_sent_id_not_null NOT NULL,
    shard smallint CONSTRAINT outbox_sent_shard_not_null NOT NULL,
    seq bigint CONSTRAINT outbox_sent_seq_not_null NOT NULL,
    topic text CONSTRAINT outbox_sent_topic_not_null NOT NULL,
    key bytea CONSTRAINT outbox_sent_key_not_null NOT NULL,
    payload bytea CONSTRAINT outbox_sent_payload_not_null NOT NULL,
    headers jsonb CONSTRAINT outbox_sent_headers_not_null NOT NULL,
    subject uuid CONSTRAINT outbox_sent_subject_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT outbox_sent_created_at_not_null NOT NULL
);

ALTER TABLE public.outbox ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.outbox_stopped (
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    reason text NOT NULL,
    stopped_at timestamp with time zone NOT NULL
);

CREATE TABLE public.outside_call (
    call_id uuid NOT NULL,
    thing text NOT NULL,
    thing_key uuid NOT NULL,
    channel text NOT NULL,
    payload bytea NOT NULL,
    instance text NOT NULL,
    started_at timestamp with time zone NOT NULL
);

CREATE TABLE public.progress (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL
);

CREATE TABLE public.receipt (
    payment_id uuid NOT NULL,
    trust_account_id uuid NOT NULL,
    amount_cents bigint NOT NULL,
    marks text[] NOT NULL,
    stated_references text[] NOT NULL,
    returned_by uuid
);

CREATE TABLE public.remittance (
    remittance_id uuid NOT NULL,
    client_id uuid NOT NULL
);

CREATE TABLE public.trust_account (
    trust_account_id uuid NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    state jsonb,
    sequences jsonb DEFAULT '{}'::jsonb NOT NULL,
    due_at timestamp with time zone
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.02');

CREATE TABLE public.waiting (
    "position" bigint NOT NULL,
    thing text NOT NULL,
    thing_key uuid NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL,
    source text NOT NULL,
    source_id text NOT NULL,
    key bytea,
    value bytea NOT NULL,
    headers jsonb NOT NULL,
    recorded_at timestamp with time zone
);

ALTER TABLE public.waiting ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.waiting_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.inbox ATTACH PARTITION public.inbox_default DEFAULT;

ALTER TABLE ONLY public.outbox_sent ATTACH PARTITION public.outbox_sent_default DEFAULT;

ALTER TABLE ONLY ledger.account_kind
    ADD CONSTRAINT account_kind_pkey PRIMARY KEY (kind);

ALTER TABLE ONLY ledger.balance
    ADD CONSTRAINT balance_pkey PRIMARY KEY (ledger_account_id);

ALTER TABLE ONLY ledger.journal
    ADD CONSTRAINT journal_idempotency_key_key UNIQUE (idempotency_key);

ALTER TABLE ONLY ledger.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ledger.journal
    ADD CONSTRAINT journal_reverses_id_key UNIQUE (reverses_id);

ALTER TABLE ONLY ledger.ledger_account
    ADD CONSTRAINT ledger_account_code_key UNIQUE (code);

ALTER TABLE ONLY ledger.ledger_account
    ADD CONSTRAINT ledger_account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ledger.line
    ADD CONSTRAINT line_pkey PRIMARY KEY (journal_id, ordinal);

ALTER TABLE ONLY ledger.period_lock
    ADD CONSTRAINT period_lock_pkey PRIMARY KEY (entity_id);

ALTER TABLE ONLY ledger.reconciliation
    ADD CONSTRAINT reconciliation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ledger.reconciliation
    ADD CONSTRAINT reconciliation_statement_id_key UNIQUE (statement_id);

ALTER TABLE ONLY ledger.reservation
    ADD CONSTRAINT reservation_idempotency_key_key UNIQUE (idempotency_key);

ALTER TABLE ONLY ledger.reservation
    ADD CONSTRAINT reservation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alarm_trace
    ADD CONSTRAINT alarm_trace_pkey PRIMARY KEY (thing, thing_key, traceparent);

ALTER TABLE ONLY public.case_account
    ADD CONSTRAINT case_account_pkey PRIMARY KEY (case_account_id);

ALTER TABLE ONLY public.client_account
    ADD CONSTRAINT client_account_pkey PRIMARY KEY (client_account_id);

ALTER TABLE ONLY public.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (only_one);

ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (dead_letter_id);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.inbox_default
    ADD CONSTRAINT inbox_default_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.inbox_foreign
    ADD CONSTRAINT inbox_foreign_pkey PRIMARY KEY (source, id);

ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (source, number);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (shard, seq);

ALTER TABLE ONLY public.outbox_stopped
    ADD CONSTRAINT outbox_stopped_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.outside_call
    ADD CONSTRAINT outside_call_pkey PRIMARY KEY (call_id);

ALTER TABLE ONLY public.progress
    ADD CONSTRAINT progress_pkey PRIMARY KEY (topic, partition);

ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (payment_id);

ALTER TABLE ONLY public.remittance
    ADD CONSTRAINT remittance_pkey PRIMARY KEY (remittance_id);

ALTER TABLE ONLY public.trust_account
    ADD CONSTRAINT trust_account_pkey PRIMARY KEY (trust_account_id);

ALTER TABLE ONLY public.waiting
    ADD CONSTRAINT waiting_pkey PRIMARY KEY ("position");

CREATE INDEX journal_recorded ON ledger.journal USING btree (entity_id, recorded_at);

CREATE INDEX journal_source ON ledger.journal USING btree (source_id) WHERE (source_id IS NOT NULL);

CREATE INDEX line_account ON ledger.line USING btree (ledger_account_id, journal_id) INCLUDE (amount_cents);

CREATE UNIQUE INDEX case_account_reference ON public.case_account USING btree (((state ->> 'reference_number'::text)));

CREATE INDEX client_account_due_at ON public.client_account USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX dead_letter_open ON public.dead_letter USING btree (thing_key) WHERE (settled_at IS NULL);

CREATE UNIQUE INDEX dead_letter_parked_once ON public.dead_letter USING btree (source, source_id, thing, thing_key, recorded_at) NULLS NOT DISTINCT;

CREATE INDEX outbox_sent_subject ON ONLY public.outbox_sent USING btree (subject);

CREATE INDEX outbox_sent_default_subject_idx ON public.outbox_sent_default USING btree (subject);

CREATE INDEX receipt_marks ON public.receipt USING gin (marks);

CREATE INDEX trust_account_due_at ON public.trust_account USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX waiting_thing_key ON public.waiting USING btree (thing_key);

ALTER INDEX public.inbox_pkey ATTACH PARTITION public.inbox_default_pkey;

ALTER INDEX public.outbox_sent_subject ATTACH PARTITION public.outbox_sent_default_subject_idx;

CREATE TRIGGER journal_append_only BEFORE DELETE OR UPDATE ON ledger.journal FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON ledger.journal FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER line_append_only BEFORE DELETE OR UPDATE ON ledger.line FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER line_no_truncate BEFORE TRUNCATE ON ledger.line FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER line_zero_sum AFTER INSERT ON ledger.line REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION ledger.assert_zero_sum();

ALTER TABLE ONLY ledger.balance
    ADD CONSTRAINT balance_ledger_account_id_fkey FOREIGN KEY (ledger_account_id) REFERENCES ledger.ledger_account(id);

ALTER TABLE ONLY ledger.journal
    ADD CONSTRAINT journal_reverses_id_fkey FOREIGN KEY (reverses_id) REFERENCES ledger.journal(id);

ALTER TABLE ONLY ledger.ledger_account
    ADD CONSTRAINT ledger_account_kind_fkey FOREIGN KEY (kind) REFERENCES ledger.account_kind(kind);

ALTER TABLE ONLY ledger.line
    ADD CONSTRAINT line_journal_id_fkey FOREIGN KEY (journal_id) REFERENCES ledger.journal(id);

ALTER TABLE ONLY ledger.reconciliation
    ADD CONSTRAINT reconciliation_ledger_account_id_fkey FOREIGN KEY (ledger_account_id) REFERENCES ledger.ledger_account(id);

ALTER TABLE ONLY ledger.reservation
    ADD CONSTRAINT reservation_ledger_account_id_fkey FOREIGN KEY (ledger_account_id) REFERENCES ledger.ledger_account(id);
