SET lock_timeout = '5s';

-- Receipts as a later debit of the bank may name them when it takes one back, and the debit that did.
CREATE TABLE receipt (
    payment_id uuid PRIMARY KEY,
    trust_account_id uuid NOT NULL,
    amount_cents bigint NOT NULL,
    marks text[] NOT NULL,
    stated_references text[] NOT NULL,
    returned_by uuid
);
CREATE INDEX receipt_marks ON receipt USING gin (marks);
