-- Two outcomes more, and one who can have ended a call: a call-back is owed; or the dialplan sent the caller to a number
-- outside, and the two talked.
-- Neither database widens a CHECK in place with the same words, so the table is made anew.
CREATE TABLE calls_wider (
    centre TEXT NOT NULL,
    call TEXT NOT NULL,
    switch TEXT NOT NULL,
    to_number TEXT NOT NULL,
    arrived_ms BIGINT NOT NULL,
    version TEXT NOT NULL,
    found BIGINT NOT NULL,
    queue TEXT,
    queued_ms BIGINT,
    waited_ms BIGINT,
    agent TEXT,
    connected_ms BIGINT,
    talk_ms BIGINT,
    ended_ms BIGINT,
    outcome TEXT CHECK (outcome IN ('answered', 'abandoned', 'left_in_dialplan', 'ended_by_us', 'promised_call_back', 'refused', 'ended_unseen', 'transferred_out')),
    ended_by TEXT CHECK (ended_by IN ('caller', 'agent', 'number', 'us', 'unseen')),
    hold_ms BIGINT,
    held_since_ms BIGINT,
    PRIMARY KEY (centre, call)
);
INSERT INTO calls_wider (centre, call, switch, to_number, arrived_ms, version, found, queue, queued_ms, waited_ms, agent,
    connected_ms, talk_ms, ended_ms, outcome, ended_by, hold_ms, held_since_ms)
    SELECT centre, call, switch, to_number, arrived_ms, version, found, queue, queued_ms, waited_ms, agent, connected_ms,
        talk_ms, ended_ms, outcome, ended_by, hold_ms, held_since_ms FROM calls;
DROP TABLE calls;
ALTER TABLE calls_wider RENAME TO calls;
CREATE INDEX calls_by_time ON calls (centre, arrived_ms, call);
CREATE INDEX calls_by_agent ON calls (centre, agent, arrived_ms, call);
CREATE INDEX calls_by_queue ON calls (centre, queue, arrived_ms, call);
CREATE INDEX calls_before_queue ON calls (centre, arrived_ms, call) WHERE queued_ms IS NULL AND ended_ms IS NOT NULL;
CREATE INDEX calls_by_outcome ON calls (centre, outcome, arrived_ms, call);
CREATE INDEX calls_by_called_number ON calls (centre, to_number, arrived_ms, call);
CREATE INDEX calls_that_waited ON calls (centre, arrived_ms, call, waited_ms) WHERE waited_ms >= 60000;
