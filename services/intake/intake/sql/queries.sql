-- What intake asks its database, by name.

-- name: locate_case_files
-- Per claim: its client's mandate, where the claim is if it was accepted before, and the last case file of this client
-- on this debtor.
SELECT
    c.state ->> 'mandate' AS mandate,
    k.case_file_id AS claim_case_file_id,
    f.case_file_id,
    (f.state ->> 'ordinal')::integer AS ordinal,
    (f.state ->> 'opened_on')::date AS opened_on,
    f.state ->> 'closed_on' IS NOT NULL AS is_closed
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS u (client_id, debtor_id, claim_id, place)
LEFT JOIN client AS c ON u.client_id = c.client_id
LEFT JOIN claim AS k ON u.claim_id = k.claim_id
LEFT JOIN LATERAL (
    SELECT
        o.case_file_id,
        o.state
    FROM case_file AS o
    WHERE
        o.state ->> 'client_id' = u.client_id::text
        AND o.state -> 'debtor' ->> 'debtor_id' = u.debtor_id::text
    ORDER BY (o.state ->> 'ordinal')::integer DESC
    LIMIT 1
) AS f ON TRUE
ORDER BY u.place;

-- name: insert_accepted_claims
INSERT INTO claim (claim_id, case_file_id)
SELECT
    u.claim_id,
    u.case_file_id
FROM unnest($1::uuid[], $2::uuid[]) AS u (claim_id, case_file_id);

-- name: select_client_by_api_key
SELECT
    client_id,
    state ->> 'folder' AS folder,
    state -> 'mandate' -> 'creditor' ->> 'enterprise_number' AS enterprise_number
FROM client
WHERE state ->> 'api_key_sha256' = $1;

-- name: select_client_by_folder
SELECT
    client_id,
    state ->> 'folder' AS folder,
    state -> 'mandate' -> 'creditor' ->> 'enterprise_number' AS enterprise_number
FROM client
WHERE state ->> 'folder' = $1;

-- name: select_client_folders
SELECT state ->> 'folder' AS folder
FROM client
WHERE state IS NOT NULL
ORDER BY folder;
