SET lock_timeout = '5s';

-- Who reads a topic again from its beginning gets every record that it still keeps: the inbox must know them all. It
-- outlasts the longest retention of an internal topic (30 days) and the segment that a broker rolls late (7 days).
CREATE OR REPLACE FUNCTION keep_partitions(p_today date, p_days integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;
