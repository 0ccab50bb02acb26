-- Numbers that agents dialled: one row for each, as far as it has come. Apart from calls, which are what callers asked of
-- the centre: a report of queues cannot count a dial by mistake. The number itself is in personal, as a caller's is.
CREATE TABLE dials (
    centre TEXT NOT NULL,
    call TEXT NOT NULL,
    agent TEXT NOT NULL,
    -- Who asked for it: the agent, a supervisor, or a program's key.
    dialled_by TEXT NOT NULL,
    switch TEXT NOT NULL,
    -- The centre's number, as the other end saw it.
    shown TEXT NOT NULL,
    dialled_ms BIGINT NOT NULL,
    -- The agent picked up, and the number was rung.
    rung_ms BIGINT,
    -- They heard each other.
    connected_ms BIGINT,
    ended_ms BIGINT,
    how TEXT CHECK (how IN ('answered', 'busy', 'no_answer', 'refused', 'unreachable', 'agent_not_reached', 'given_up', 'unseen')),
    ended_by TEXT CHECK (ended_by IN ('number', 'agent', 'us', 'unseen')),
    PRIMARY KEY (centre, call)
);
CREATE INDEX dials_by_time ON dials (centre, dialled_ms, call);
CREATE INDEX dials_by_agent ON dials (centre, agent, dialled_ms, call);

-- Two states more. Neither database widens a CHECK in place with the same words, so the table is made anew.
CREATE TABLE agent_states_wider (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('away', 'idle', 'ringing', 'talking', 'on_hold', 'dialling', 'talking_out', 'wrapping_up', 'on_break', 'missed', 'phone_busy')),
    since_ms BIGINT NOT NULL,
    until_ms BIGINT,
    PRIMARY KEY (centre, seq, n)
);
INSERT INTO agent_states_wider (centre, seq, n, agent, state, since_ms, until_ms)
    SELECT centre, seq, n, agent, state, since_ms, until_ms FROM agent_states;
DROP TABLE agent_states;
ALTER TABLE agent_states_wider RENAME TO agent_states;
CREATE INDEX agent_states_by_agent ON agent_states (centre, agent, since_ms);
CREATE INDEX agent_states_that_last ON agent_states (centre, agent) WHERE until_ms IS NULL;
