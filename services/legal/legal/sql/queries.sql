-- Which procedures have one of these handoffs.
-- name: select_procedures_by_handoff
SELECT
    procedure_id,
    state -> 'handoff' ->> 'handoff_id' AS handoff_id
FROM procedure
WHERE state -> 'handoff' ->> 'handoff_id' = ANY($1::text[]);
