-- Who is logged in at a page. The token itself is only in the browser.
CREATE TABLE sessions (
    -- SHA-256 of the token, in hexadecimal.
    token_hash TEXT NOT NULL,
    centre TEXT NOT NULL,
    agent TEXT NOT NULL,
    began_ms BIGINT NOT NULL,
    -- Coarse: written at most once a minute.
    seen_ms BIGINT NOT NULL,
    ends_ms BIGINT NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (centre, agent) REFERENCES agents (centre, agent) ON DELETE CASCADE
);
CREATE INDEX sessions_of ON sessions (centre, agent);
CREATE INDEX sessions_by_end ON sessions (ends_ms);

-- What an agent wrote about a call. Personal data: erased with the person, and no fact depends on it.
CREATE TABLE notes (
    centre TEXT NOT NULL,
    call TEXT NOT NULL,
    agent TEXT NOT NULL,
    text TEXT NOT NULL,
    -- How the call came out, in the centre's own words (the YAML's `dispositions`).
    disposition TEXT,
    -- Counts up with each change, so that a late or doubled save does not undo a newer one.
    version BIGINT NOT NULL,
    saved_ms BIGINT NOT NULL,
    PRIMARY KEY (centre, call, agent)
);
