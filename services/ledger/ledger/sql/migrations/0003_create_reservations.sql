-- Money set apart for a payout: a reservation already passes the floor.
SET lock_timeout = '5s';

-- Sets money on an account apart for a payout; TRUE when new, FALSE when a retry. Refused by balance_floor.
CREATE FUNCTION ledger.reserve(
    p_id uuid, p_key uuid, p_account text, p_amount_cents bigint, p_expires_at timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
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

-- Ends a reservation: 'posted' (all or a part, in the transaction of the posting and before it), 'voided' or 'expired'
-- (all that remains). LG008 when it is not open for this at p_now.
CREATE FUNCTION ledger.release(p_id uuid, p_amount_cents bigint, p_to text, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
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

REVOKE ALL ON FUNCTION ledger.reserve FROM public;
REVOKE ALL ON FUNCTION ledger.release FROM public;

-- where the run role is missing (a database that only prepares queries) nobody is granted anything
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger') THEN
        GRANT EXECUTE ON FUNCTION ledger.reserve TO ledger;
        GRANT EXECUTE ON FUNCTION ledger.release TO ledger;
    END IF;
END $$;
