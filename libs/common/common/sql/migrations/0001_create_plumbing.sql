SET lock_timeout = '5s';

-- The simulated instant, if a driver steps the time; no row: the system's time.
CREATE TABLE clock (
    only_one boolean PRIMARY KEY DEFAULT TRUE CHECK (only_one),
    now timestamptz NOT NULL
);

-- What has been consumed, moved in the transaction that applied it.
CREATE TABLE progress (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Our own messages that were seen, by the day of their id.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    handler text NOT NULL
) PARTITION BY RANGE (event_id);

CREATE TABLE inbox_default PARTITION OF inbox DEFAULT;

-- What strangers said (HTTP keys, files, partners), with what they were answered.
CREATE TABLE inbox_foreign (
    source text NOT NULL,
    id text NOT NULL,
    seen_at timestamptz NOT NULL,
    request_hash bytea NOT NULL,
    answer jsonb,
    PRIMARY KEY (source, id)
);

CREATE TABLE outbox (
    shard smallint NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    topic text NOT NULL,
    key bytea NOT NULL,
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    subject uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (shard, seq)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01);

-- What was sent, kept seven days, to be sent again after a broker lost its tail; by the day of its id.
CREATE TABLE outbox_sent (
    id uuid NOT NULL,
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    topic text NOT NULL,
    key bytea NOT NULL,
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    subject uuid NOT NULL,
    created_at timestamptz NOT NULL
) PARTITION BY RANGE (id);

CREATE TABLE outbox_sent_default PARTITION OF outbox_sent DEFAULT;
CREATE INDEX outbox_sent_subject ON outbox_sent (subject);

-- A shard whose first row the broker refuses for good; the others go on.
CREATE TABLE outbox_stopped (
    shard smallint PRIMARY KEY,
    seq bigint NOT NULL,
    reason text NOT NULL,
    stopped_at timestamptz NOT NULL
);

-- Messages that came before their thing, or behind an open dead letter of their key, in order of arrival.
CREATE TABLE waiting (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing text NOT NULL,
    thing_key uuid NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    source text NOT NULL,
    source_id text NOT NULL,
    key bytea,
    value bytea NOT NULL,
    headers jsonb NOT NULL
);
CREATE INDEX waiting_thing_key ON waiting (thing_key);

-- The desk: what could not be applied, with its reason. Bytes as they came.
CREATE TABLE dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    source_id text NOT NULL,
    thing text,
    thing_key uuid,
    recorded_at timestamptz,
    key bytea,
    value bytea,
    headers bytea NOT NULL,
    error_code text NOT NULL,
    error_message text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    failed_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_as text,
    UNIQUE (source, source_id)
);
CREATE INDEX dead_letter_open ON dead_letter (thing_key) WHERE settled_at IS NULL;

-- Calls to the outside that were begun and whose outcome is not folded yet.
CREATE TABLE outside_call (
    call_id uuid PRIMARY KEY,
    thing text NOT NULL,
    thing_key uuid NOT NULL,
    channel text NOT NULL,
    payload bytea NOT NULL,
    instance text NOT NULL,
    started_at timestamptz NOT NULL
);

-- Makes the day partitions of the coming days and drops those before the window. Ids are uuidv7: a range of ids is a
-- range of time. The run role may not make or drop tables, so the owner does it here.
CREATE FUNCTION keep_partitions(p_today date, p_days integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_table text;
    v_day date;
    v_name text;
    v_old text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['inbox', 'outbox_sent'] LOOP
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
               AND to_date(right(c.relname, 8), 'YYYYMMDD') < p_today - p_days
        LOOP
            EXECUTE format('DROP TABLE %I', v_old);
        END LOOP;
    END LOOP;
END $$;

CREATE FUNCTION first_id_of(p_day date) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(EPOCH FROM p_day::timestamp)::bigint * 1000)), 12, '0') || repeat('0', 20))::uuid
$$;
