-- Several phones may ring for one call: an offer may end because another phone was picked up first. No CHECK can be widened
-- in SQLite, so the table is written anew.
CREATE TABLE offers_wider (
    centre TEXT NOT NULL,
    offer TEXT NOT NULL,
    call TEXT NOT NULL,
    agent TEXT NOT NULL,
    queue TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    rang_ms BIGINT,
    answered_ms BIGINT,
    ended_ms BIGINT,
    how TEXT CHECK (how IN ('connected', 'no_answer', 'busy', 'rejected', 'unreachable', 'caller_gone', 'agent_gone', 'withdrawn', 'answered_elsewhere', 'unseen')),
    reasons TEXT NOT NULL,
    PRIMARY KEY (centre, offer)
);
INSERT INTO offers_wider (centre, offer, call, agent, queue, made_ms, rang_ms, answered_ms, ended_ms, how, reasons)
    SELECT centre, offer, call, agent, queue, made_ms, rang_ms, answered_ms, ended_ms, how, reasons FROM offers;
DROP TABLE offers;
ALTER TABLE offers_wider RENAME TO offers;
CREATE INDEX offers_by_call ON offers (centre, call, made_ms);
CREATE INDEX offers_by_agent ON offers (centre, agent, made_ms);
