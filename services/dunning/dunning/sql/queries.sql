-- name: locate_case_files_by_token
SELECT
    token,
    case_file_id
FROM case_file
WHERE
    token = any($1::text[])
    AND state IS NOT NULL;

-- name: select_known_case_files
SELECT case_file_id
FROM case_file
WHERE
    case_file_id = any($1::uuid[])
    AND state IS NOT NULL;

-- name: insert_receipts
INSERT INTO decision_receipt (case_file_id, decided_at, decision, outcome, rule_ids, inputs)
SELECT
    r.case_file_id,
    r.decided_at,
    r.decision,
    r.outcome,
    ARRAY(SELECT jsonb_array_elements_text(r.rule_ids)),
    r.inputs
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[])
    AS r (case_file_id, decided_at, decision, outcome, rule_ids, inputs);
