-- Keys of programs, and the addresses elsewhere that facts are sent to.

CREATE TABLE keys (
    centre TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- SHA-256 of the secret, hexadecimal: nobody guesses 32 random bytes, so that no slow hash is needed.
    secret_hash TEXT NOT NULL,
    -- Words of Scope::as_str with blanks between.
    scopes TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    -- To within some minutes.
    last_used_ms BIGINT,
    ends_ms BIGINT,
    revoked_ms BIGINT,
    PRIMARY KEY (centre, id)
);
-- A key does not say its centre.
CREATE UNIQUE INDEX keys_by_id ON keys (id);

CREATE TABLE hooks (
    centre TEXT NOT NULL,
    id TEXT NOT NULL,
    url TEXT NOT NULL,
    -- Kinds of facts with blanks between; empty: all.
    kinds TEXT NOT NULL,
    -- As it is: what is sent is signed with it.
    secret TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    -- The last fact that was delivered or passed over.
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    delivered_ms BIGINT,
    -- Since the last delivery: when it first failed, how often, why, and when it is tried again.
    failing_since_ms BIGINT,
    failures BIGINT NOT NULL,
    failed_why TEXT,
    next_ms BIGINT,
    -- Switched off, by us after days of failure or by a person.
    off_ms BIGINT,
    off_why TEXT,
    PRIMARY KEY (centre, id)
);
