SET lock_timeout = '5s';

-- Only where traces are on: the traces that a row's next alarm goes on with, because a message of theirs moved the row.
CREATE TABLE alarm_trace (
    thing text NOT NULL,
    thing_key uuid NOT NULL,
    traceparent text NOT NULL,
    PRIMARY KEY (thing, thing_key, traceparent)
);
