-- One text for SQLite and PostgreSQL. The centre is in every key. Times are UTC milliseconds. State columns are
-- TEXT with a CHECK that lists the words of the Rust enum's as_str; a test compares them.

-- What happened, as the local journal recorded it; never changed. No numbers, names or digits of callers.
CREATE TABLE facts (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    call TEXT,
    agent TEXT,
    schema_version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (centre, seq, n)
);
CREATE INDEX facts_by_call ON facts (centre, call, seq, n);
CREATE INDEX facts_by_agent ON facts (centre, agent, seq, n);

-- How far the journal has been worked in. Moves in the transaction that works it in.
CREATE TABLE filled (
    centre TEXT NOT NULL,
    last_seq BIGINT NOT NULL,
    last_at_ms BIGINT NOT NULL,
    PRIMARY KEY (centre)
);

-- What is known of the person who called. Erasing a row erases the person and keeps the figures.
CREATE TABLE personal (
    centre TEXT NOT NULL,
    call TEXT NOT NULL,
    from_number TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    -- One line of JSON for each Keyed fact: {"seq":1,"n":0,"keys":"123"}
    keyed TEXT NOT NULL,
    PRIMARY KEY (centre, call)
);

CREATE TABLE calls (
    centre TEXT NOT NULL,
    call TEXT NOT NULL,
    switch TEXT NOT NULL,
    to_number TEXT NOT NULL,
    arrived_ms BIGINT NOT NULL,
    version TEXT NOT NULL,
    -- 1: found on the switch, not seen arriving.
    found BIGINT NOT NULL,
    -- The last queue it stood in, and when it first stood in any.
    queue TEXT,
    queued_ms BIGINT,
    -- Until the first conversation, or until the caller gave up.
    waited_ms BIGINT,
    -- The last agent; when the first conversation began.
    agent TEXT,
    connected_ms BIGINT,
    talk_ms BIGINT,
    ended_ms BIGINT,
    outcome TEXT CHECK (outcome IN ('answered', 'abandoned', 'left_in_dialplan', 'ended_by_us', 'refused', 'ended_unseen')),
    ended_by TEXT CHECK (ended_by IN ('caller', 'agent', 'us', 'unseen')),
    PRIMARY KEY (centre, call)
);
CREATE INDEX calls_by_time ON calls (centre, arrived_ms, call);
CREATE INDEX calls_by_agent ON calls (centre, agent, arrived_ms, call);
CREATE INDEX calls_by_queue ON calls (centre, queue, arrived_ms, call);

CREATE TABLE offers (
    centre TEXT NOT NULL,
    offer TEXT NOT NULL,
    call TEXT NOT NULL,
    agent TEXT NOT NULL,
    queue TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    rang_ms BIGINT,
    answered_ms BIGINT,
    ended_ms BIGINT,
    how TEXT CHECK (how IN ('connected', 'no_answer', 'busy', 'rejected', 'unreachable', 'caller_gone', 'agent_gone', 'withdrawn', 'unseen')),
    reasons TEXT NOT NULL,
    PRIMARY KEY (centre, offer)
);
CREATE INDEX offers_by_call ON offers (centre, call, made_ms);
CREATE INDEX offers_by_agent ON offers (centre, agent, made_ms);

-- One row for each stay of an agent in a state; the fact that began it is its key.
CREATE TABLE agent_states (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('away', 'idle', 'ringing', 'talking', 'on_hold', 'wrapping_up', 'on_break', 'missed', 'phone_busy')),
    since_ms BIGINT NOT NULL,
    until_ms BIGINT,
    PRIMARY KEY (centre, seq, n)
);
CREATE INDEX agent_states_by_agent ON agent_states (centre, agent, since_ms);
CREATE INDEX agent_states_that_last ON agent_states (centre, agent) WHERE until_ms IS NULL;

-- One row for each stay of a call in a queue.
CREATE TABLE queue_stays (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    call TEXT NOT NULL,
    queue TEXT NOT NULL,
    joined_ms BIGINT NOT NULL,
    left_ms BIGINT,
    how TEXT CHECK (how IN ('connected', 'waited', 'full', 'nobody_logged_in', 'moved', 'call_ended')),
    PRIMARY KEY (centre, seq, n)
);
CREATE INDEX queue_stays_by_call ON queue_stays (centre, call);
CREATE INDEX queue_stays_by_queue ON queue_stays (centre, queue, joined_ms);

-- People.
CREATE TABLE agents (
    centre TEXT NOT NULL,
    agent TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- Argon2id, as a PHC string; NULL cannot log in.
    password_hash TEXT,
    role TEXT NOT NULL CHECK (role IN ('agent', 'supervisor', 'admin')),
    switch TEXT,
    station TEXT,
    added_ms BIGINT NOT NULL,
    PRIMARY KEY (centre, agent)
);

CREATE TABLE agent_queues (
    centre TEXT NOT NULL,
    agent TEXT NOT NULL,
    queue TEXT NOT NULL,
    PRIMARY KEY (centre, agent, queue),
    FOREIGN KEY (centre, agent) REFERENCES agents (centre, agent) ON DELETE CASCADE
);

CREATE TABLE agent_skills (
    centre TEXT NOT NULL,
    agent TEXT NOT NULL,
    skill TEXT NOT NULL,
    level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 10),
    PRIMARY KEY (centre, agent, skill),
    FOREIGN KEY (centre, agent) REFERENCES agents (centre, agent) ON DELETE CASCADE
);

-- Every published version of a centre's YAML, whole, for as long as a call names it.
CREATE TABLE versions (
    centre TEXT NOT NULL,
    version TEXT NOT NULL,
    published_ms BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (centre, version)
);
