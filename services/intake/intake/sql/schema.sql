-- The tables of intake as its migrations make them, the plumbing's and its own; partitions by day are left out.
-- Written by `python -m testkit.schemas intake`; a test holds it to the migrations. Read it, never run it.

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

CREATE TABLE public.alarm_trace (
    thing text NOT NULL,
    thing_key uuid NOT NULL,
    traceparent text NOT NULL
);

CREATE SEQUENCE public.reference_number
    START WITH 1000000001
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 9999999999
    CACHE 1;

CREATE TABLE public.case_file (
    case_file_id uuid NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    state jsonb,
    sequences jsonb DEFAULT '{}'::jsonb NOT NULL,
    due_at timestamp with time zone,
    reference_number text DEFAULT lpad((nextval('public.reference_number'::regclass))::text, 10, '0'::text) NOT NULL
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.02');

CREATE TABLE public.claim (
    claim_id uuid NOT NULL,
    case_file_id uuid NOT NULL
);

CREATE TABLE public.client (
    client_id uuid NOT NULL,
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

ALTER TABLE ONLY public.alarm_trace
    ADD CONSTRAINT alarm_trace_pkey PRIMARY KEY (thing, thing_key, traceparent);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_pkey PRIMARY KEY (case_file_id);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_reference_number_key UNIQUE (reference_number);

ALTER TABLE ONLY public.claim
    ADD CONSTRAINT claim_pkey PRIMARY KEY (claim_id);

ALTER TABLE ONLY public.client
    ADD CONSTRAINT client_pkey PRIMARY KEY (client_id);

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

ALTER TABLE ONLY public.waiting
    ADD CONSTRAINT waiting_pkey PRIMARY KEY ("position");

CREATE INDEX case_file_due ON public.case_file USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE UNIQUE INDEX case_file_of_debtor ON public.case_file USING btree (((state ->> 'client_id'::text)), (((state -> 'debtor'::text) ->> 'debtor_id'::text)), (((state ->> 'ordinal'::text))::integer));

CREATE INDEX claim_case_file ON public.claim USING btree (case_file_id);

CREATE UNIQUE INDEX client_api_key ON public.client USING btree (((state ->> 'api_key_sha256'::text)));

CREATE INDEX client_due ON public.client USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE UNIQUE INDEX client_folder ON public.client USING btree (((state ->> 'folder'::text)));

CREATE INDEX dead_letter_open ON public.dead_letter USING btree (thing_key) WHERE (settled_at IS NULL);

CREATE UNIQUE INDEX dead_letter_parked_once ON public.dead_letter USING btree (source, source_id, thing, thing_key, recorded_at) NULLS NOT DISTINCT;

CREATE INDEX outbox_sent_subject ON ONLY public.outbox_sent USING btree (subject);

CREATE INDEX outbox_sent_default_subject_idx ON public.outbox_sent_default USING btree (subject);

CREATE INDEX waiting_thing_key ON public.waiting USING btree (thing_key);

ALTER INDEX public.inbox_pkey ATTACH PARTITION public.inbox_default_pkey;

ALTER INDEX public.outbox_sent_subject ATTACH PARTITION public.outbox_sent_default_subject_idx;

ALTER TABLE ONLY public.claim
    ADD CONSTRAINT claim_case_file_id_fkey FOREIGN KEY (case_file_id) REFERENCES public.case_file(case_file_id);
