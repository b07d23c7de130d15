-- Proofs over the whole ledger. Each must return no row; a row names what is broken.

-- name: proof_p1_journal_sums_to_zero
SELECT j.id AS journal_id
FROM ledger.journal AS j
LEFT JOIN ledger.line AS l ON j.id = l.journal_id
GROUP BY j.id
HAVING coalesce(sum(l.amount_cents), 1) <> 0;

-- name: proof_p2_balance_equals_lines
WITH booked AS (
    SELECT
        ledger_account_id,
        sum(amount_cents)::bigint AS cents
    FROM ledger.line
    GROUP BY ledger_account_id
)

SELECT b.ledger_account_id
FROM ledger.balance AS b
LEFT JOIN booked AS x ON b.ledger_account_id = x.ledger_account_id
WHERE b.posted_cents <> b.normal_side * coalesce(x.cents, 0);

-- name: proof_p3_reserved_equals_reservations
WITH pending AS (
    SELECT
        ledger_account_id,
        sum(remaining_cents)::bigint AS cents
    FROM ledger.reservation
    WHERE state = 'pending'
    GROUP BY ledger_account_id
)

SELECT b.ledger_account_id
FROM ledger.balance AS b
LEFT JOIN pending AS x ON b.ledger_account_id = x.ledger_account_id
WHERE b.reserved_cents <> coalesce(x.cents, 0);

-- name: proof_p4_journal_never_mixes
SELECT l.journal_id
FROM ledger.line AS l
INNER JOIN ledger.journal AS j ON l.journal_id = j.id
LEFT JOIN ledger.ledger_account AS a ON l.ledger_account_id = a.id
GROUP BY l.journal_id
HAVING
    count(*) <> count(a.id)
    OR min(a.book) <> max(a.book)
    OR min(a.currency) <> max(a.currency)
    OR bool_or(a.entity_id <> j.entity_id)
    OR bool_or(l.booked_on <> j.booked_on);

-- name: proof_p5_reversal_mirrors_original
WITH sides AS (
    SELECT
        j.id AS journal_id,
        l.ledger_account_id,
        l.amount_cents
    FROM ledger.journal AS j
    INNER JOIN ledger.line AS l ON j.id = l.journal_id
    WHERE j.reverses_id IS NOT NULL
    UNION ALL
    SELECT
        j.id AS journal_id,
        l.ledger_account_id,
        l.amount_cents
    FROM ledger.journal AS j
    INNER JOIN ledger.line AS l ON j.reverses_id = l.journal_id
)

SELECT
    journal_id,
    ledger_account_id
FROM sides
GROUP BY journal_id, ledger_account_id
HAVING sum(amount_cents) <> 0;

-- name: proof_p6_balance_copies_account
SELECT a.id AS ledger_account_id
FROM ledger.ledger_account AS a
INNER JOIN ledger.account_kind AS k ON a.kind = k.kind
LEFT JOIN ledger.balance AS b ON a.id = b.ledger_account_id
WHERE
    a.is_hot = (b.ledger_account_id IS NOT NULL)
    OR (NOT a.is_hot AND (b.normal_side, b.floor_cents) IS DISTINCT FROM (a.normal_side, a.floor_cents))
    OR (a.book, a.normal_side, a.floor_cents, a.is_hot)
    IS DISTINCT FROM (k.book, k.normal_side, k.floor_cents, k.is_hot);

-- name: proof_global_sum_is_zero
SELECT sum(amount_cents)::bigint AS difference_cents
FROM ledger.line
HAVING sum(amount_cents) <> 0;

-- name: proof_trust_account_equals_obligations
WITH bank AS (
    SELECT
        l.ledger_account_id,
        sum(l.amount_cents)::bigint AS cents
    FROM ledger.line AS l
    INNER JOIN ledger.ledger_account AS a ON l.ledger_account_id = a.id
    WHERE a.kind = 'BANK'
    GROUP BY l.ledger_account_id
)

SELECT
    a.entity_id,
    sum(CASE k.reconciles_as
        WHEN 'bank' THEN coalesce(x.cents, 0)
        WHEN 'shortfall' THEN b.posted_cents
        WHEN 'obligation' THEN -greatest(b.posted_cents, 0)
        ELSE -b.posted_cents
    END)::bigint AS difference_cents
FROM ledger.ledger_account AS a
INNER JOIN ledger.account_kind AS k ON a.kind = k.kind
LEFT JOIN ledger.balance AS b ON a.id = b.ledger_account_id
LEFT JOIN bank AS x ON a.id = x.ledger_account_id
WHERE a.book = 1
GROUP BY a.entity_id
HAVING sum(CASE k.reconciles_as
    WHEN 'bank' THEN coalesce(x.cents, 0)
    WHEN 'shortfall' THEN b.posted_cents
    WHEN 'obligation' THEN -greatest(b.posted_cents, 0)
    ELSE -b.posted_cents
END) <> 0;
