-- How long a caller was on the way from one agent to the next, whom that agent had passed them on to: no part of the talk.
ALTER TABLE calls ADD COLUMN passed_ms BIGINT;
-- Since when, of one that is on the way.
ALTER TABLE calls ADD COLUMN passed_since_ms BIGINT;
