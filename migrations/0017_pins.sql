-- By what somebody says who they are at the keypad of a phone that is not theirs: their number, and the hash of their PIN.
-- A row has both: a number without a PIN is worth nothing.
CREATE TABLE agent_pins (
    centre TEXT NOT NULL,
    agent TEXT NOT NULL,
    number TEXT NOT NULL,
    pin_hash TEXT NOT NULL,
    PRIMARY KEY (centre, agent),
    UNIQUE (centre, number),
    FOREIGN KEY (centre, agent) REFERENCES agents (centre, agent) ON DELETE CASCADE
);
