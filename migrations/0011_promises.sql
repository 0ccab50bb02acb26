-- Call-backs that are owed: one row for each promise, as far as it has come. The number is in personal, as a caller's is.
CREATE TABLE promises (
    centre TEXT NOT NULL,
    promise TEXT NOT NULL,
    queue TEXT NOT NULL,
    -- Who asked for it; NULL: the caller.
    promised_by TEXT,
    -- The call whose place it was, or in which it was asked for.
    of_call TEXT,
    made_ms BIGINT NOT NULL,
    -- Since when the place counts; of one for an hour, that hour.
    joined_ms BIGINT NOT NULL,
    due_ms BIGINT,
    -- How often the number was rung in vain.
    tries BIGINT NOT NULL,
    -- The last dial for it.
    dial TEXT,
    -- Who kept it.
    agent TEXT,
    ended_ms BIGINT,
    how TEXT CHECK (how IN ('kept', 'cancelled', 'not_reached', 'came_back', 'expired')),
    -- Who took it back.
    ended_by TEXT,
    PRIMARY KEY (centre, promise)
);
CREATE INDEX promises_by_time ON promises (centre, made_ms, promise);
CREATE INDEX promises_by_queue ON promises (centre, queue, made_ms, promise);
CREATE INDEX promises_of_call ON promises (centre, of_call) WHERE of_call IS NOT NULL;
