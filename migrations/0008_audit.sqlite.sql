-- Who changed what: only ever added to. Each row's hash covers the row and the hash before it, so that whoever edits
-- one behind our back, triggers or not, would have to make all later ones anew, and the head.
CREATE TABLE audit (
    centre TEXT NOT NULL,
    -- From 1, without a gap.
    seq BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    -- By which way it came.
    via TEXT NOT NULL CHECK (via IN ('page', 'command', 'program', 'core', 'cordboard')),
    -- The login name; NULL where no person of the centre is known to have done it.
    who TEXT,
    what TEXT NOT NULL,
    -- Whom or what it was done to, by name.
    subject TEXT NOT NULL,
    -- JSON, of what changed alone.
    before_json TEXT,
    after_json TEXT,
    -- SHA-256, in hexadecimal.
    hash TEXT NOT NULL,
    PRIMARY KEY (centre, seq)
);
CREATE INDEX audit_by_who ON audit (centre, who, seq);
CREATE INDEX audit_by_what ON audit (centre, what, seq);
CREATE INDEX audit_by_subject ON audit (centre, subject, seq);

-- The last row of each centre: what a cut-off end is found by, and what writers wait for each other at.
CREATE TABLE audit_heads (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (centre)
);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
CREATE TRIGGER audit_is_not_taken_away BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
CREATE TRIGGER audit_does_not_go_back BEFORE UPDATE ON audit_heads WHEN NEW.seq < OLD.seq OR NEW.centre <> OLD.centre
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
CREATE TRIGGER audit_keeps_its_head BEFORE DELETE ON audit_heads
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
