-- How long a caller was on hold in all. talk_ms is the conversation without it: handle time is talk + hold + wrap-up, each
-- counted once. Calls of before were never on hold.
ALTER TABLE calls ADD COLUMN hold_ms BIGINT;
-- Since when, while it lasts.
ALTER TABLE calls ADD COLUMN held_since_ms BIGINT;
