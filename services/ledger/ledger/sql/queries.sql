-- Which case account bears one of these reference numbers, in the books of a country.
-- name: select_case_accounts_by_reference
SELECT
    case_account_id,
    state ->> 'reference_number' AS reference_number,
    state ->> 'country' AS country
FROM case_account
WHERE state ->> 'reference_number' = ANY($1::text[]);

-- name: select_remittance_clients
SELECT
    remittance_id,
    client_id
FROM remittance
WHERE remittance_id = ANY($1::uuid[]);

-- What each remittance still has in transit: nothing once the bank has debited it.
-- name: select_in_transit
SELECT
    r.remittance_id,
    b.posted_cents AS in_transit_cents
FROM remittance AS r
INNER JOIN ledger.ledger_account AS a ON a.code = 'INTRANSIT:' || r.remittance_id::text
INNER JOIN ledger.balance AS b ON a.id = b.ledger_account_id
WHERE r.remittance_id = ANY($1::uuid[]);

-- Receipts that were not taken back yet and that one of these marks names.
-- name: select_receipts_by_mark
SELECT
    payment_id,
    trust_account_id,
    amount_cents,
    marks,
    stated_references
FROM receipt
WHERE
    marks && $1::text[]
    AND returned_by IS NULL;

-- name: insert_receipts
INSERT INTO receipt (payment_id, trust_account_id, amount_cents, marks, stated_references)
SELECT
    r.payment_id,
    r.trust_account_id,
    r.amount_cents,
    ARRAY(SELECT jsonb_array_elements_text(r.marks)),
    ARRAY(SELECT jsonb_array_elements_text(r.stated_references))
FROM
    unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::jsonb[], $5::jsonb[])
        AS r (payment_id, trust_account_id, amount_cents, marks, stated_references)
ON CONFLICT DO NOTHING;

-- name: mark_receipts_returned
UPDATE receipt AS r
SET returned_by = u.return_id
FROM unnest($1::uuid[], $2::uuid[]) AS u (payment_id, return_id)
WHERE r.payment_id = u.payment_id;

-- name: insert_remittances
INSERT INTO remittance (remittance_id, client_id)
SELECT
    r.remittance_id,
    r.client_id
FROM unnest($1::uuid[], $2::uuid[]) AS r (remittance_id, client_id)
ON CONFLICT DO NOTHING;

-- name: count_unwritten_remittances
SELECT
    count(*) FILTER (WHERE r.refused_because IS NOT NULL) AS refused,
    count(*) FILTER (WHERE r.refused_because IS NULL) AS failed
FROM client_account AS c
CROSS JOIN jsonb_to_recordset(c.state -> 'remittances') AS r (is_written boolean, refused_because text)
WHERE r.is_written IS NOT TRUE;

-- By the last statement of each trust account.
-- name: count_unproved_trust_accounts
SELECT count(*)
FROM (
    SELECT DISTINCT ON (ledger_account_id)
        bank_difference_cents,
        trust_difference_cents,
        negative_obligations
    FROM ledger.reconciliation
    ORDER BY ledger_account_id ASC, id DESC
) AS r
WHERE r.bank_difference_cents <> 0 OR r.trust_difference_cents <> 0 OR r.negative_obligations > 0;

-- name: open_ledger_accounts
SELECT ledger.open_accounts($1, $2, $3);

-- name: post_journals
SELECT
    journal_ids,
    is_new
FROM ledger.post_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: select_trust_account_countries
SELECT
    trust_account_id,
    state ->> 'country' AS country
FROM trust_account
WHERE trust_account_id = ANY($1::uuid[]);

-- The bank's own account is opened by its first journal; a first statement without entries has none.
-- name: reconcile_statement
SELECT
    bank_cents,
    obligation_cents + in_transit_cents + agency_cents - shortfall_cents AS owed_cents,
    negative_obligations
FROM ledger.reconcile($1, $2, $3, $4, $5);
