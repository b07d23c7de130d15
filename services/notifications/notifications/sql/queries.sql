-- name: insert_deliveries
INSERT INTO delivery (message_id, case_file_id, medium, outcome, proof, happened_at, recorded_at)
SELECT
    u.message_id,
    u.case_file_id,
    u.medium,
    u.outcome,
    u.proof,
    u.happened_at,
    $7
FROM
    unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
        AS u (message_id, case_file_id, medium, outcome, proof, happened_at)
ON CONFLICT DO NOTHING;
