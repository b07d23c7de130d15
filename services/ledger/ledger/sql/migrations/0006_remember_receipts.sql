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

-- Receipts that found no case file look for it again.
CREATE INDEX trust_account_due_at ON trust_account (due_at) WHERE due_at IS NOT NULL;
