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

-- name: select_may_leave
SELECT EXISTS(
    SELECT
    FROM outside_call AS o
    INNER JOIN correspondence AS c ON o.thing_key = c.correspondence_id
    CROSS JOIN LATERAL jsonb_array_elements(c.state -> 'messages') AS m
    WHERE
        o.call_id = $1::uuid
        AND m ->> 'message_id' = o.call_id::text
        AND (m ->> 'release_until')::timestamptz > coalesce((SELECT k.now FROM clock AS k), $2)
        AND NOT coalesce((m ->> 'is_recalled')::boolean, FALSE)
) AS may_leave;
