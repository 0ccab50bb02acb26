-- What the audit is searched by, besides its subject.
CREATE INDEX audit_of_author ON audit (centre, who, seq);
CREATE INDEX audit_of_kind ON audit (centre, what, seq);
