-- One state more, of agents whom several centres share. Neither database widens a CHECK in place with the same words, so the
-- table is made anew.
CREATE TABLE agent_states_anew (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('away', 'idle', 'ringing', 'talking', 'on_hold', 'dialling', 'talking_out', 'wrapping_up', 'on_break', 'missed', 'phone_busy', 'elsewhere')),
    since_ms BIGINT NOT NULL,
    until_ms BIGINT,
    PRIMARY KEY (centre, seq, n)
);
INSERT INTO agent_states_anew (centre, seq, n, agent, state, since_ms, until_ms)
    SELECT centre, seq, n, agent, state, since_ms, until_ms FROM agent_states;
DROP TABLE agent_states;
ALTER TABLE agent_states_anew RENAME TO agent_states;
CREATE INDEX agent_states_by_agent ON agent_states (centre, agent, since_ms);
CREATE INDEX agent_states_that_last ON agent_states (centre, agent) WHERE until_ms IS NULL;
