-- What reports count by. queue_stays is made of facts and is made anew from them: it gets columns for which the rows there
-- are hold no value (where a call came from and went to, who answered and how long it took, who was turned away).

-- Which projection of which centre has to be made anew from its facts, and how far that has come. The filler does it
-- before it fills on; a row goes when it is done.
CREATE TABLE remaking (
    centre TEXT NOT NULL,
    projection TEXT NOT NULL CHECK (projection IN ('queue_stays')),
    after_seq BIGINT NOT NULL,
    after_n BIGINT NOT NULL,
    PRIMARY KEY (centre, projection)
);
INSERT INTO remaking (centre, projection, after_seq, after_n)
    SELECT centre, 'queue_stays', 0, 0 FROM filled WHERE last_seq > 0;

DROP TABLE queue_stays;

-- One row for each stay of a call in a queue; the fact that began it is its key.
CREATE TABLE queue_stays (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    call TEXT NOT NULL,
    queue TEXT NOT NULL,
    joined_ms BIGINT NOT NULL,
    -- The queue that this call stood in before, and the one that it stood in next.
    came_from TEXT,
    went_to TEXT,
    left_ms BIGINT,
    -- 'full' and 'nobody_logged_in': turned away at the door, left as it joined.
    how TEXT CHECK (how IN ('connected', 'waited', 'full', 'nobody_logged_in', 'moved', 'abandoned', 'ended_by_us', 'ended_unseen', 'called_back')),
    -- Who answered, and the time it took; NULL where nobody saw the end.
    agent TEXT,
    talk_ms BIGINT,
    hold_ms BIGINT,
    wrap_up_ms BIGINT,
    -- What the agent does for it at present, and since when; the times above are then those until here.
    part TEXT CHECK (part IN ('talking', 'on_hold', 'wrapping_up')),
    part_since_ms BIGINT,
    PRIMARY KEY (centre, seq, n)
);
CREATE INDEX queue_stays_by_call ON queue_stays (centre, call);
CREATE INDEX queue_stays_by_queue ON queue_stays (centre, queue, joined_ms, seq, n);
CREATE INDEX queue_stays_that_last ON queue_stays (centre, queue, joined_ms, seq, n) WHERE left_ms IS NULL;
-- The longest of a queue says how far back of a moment anybody who waited then can have joined.
CREATE INDEX queue_stays_by_length ON queue_stays (centre, queue, (left_ms - joined_ms)) WHERE left_ms IS NOT NULL;
CREATE INDEX queue_stays_in_hand ON queue_stays (centre, agent) WHERE part IS NOT NULL;

-- Calls that never stood in a queue.
CREATE INDEX calls_before_queue ON calls (centre, arrived_ms, call) WHERE queued_ms IS NULL AND ended_ms IS NOT NULL;

CREATE INDEX calls_by_outcome ON calls (centre, outcome, arrived_ms, call);
