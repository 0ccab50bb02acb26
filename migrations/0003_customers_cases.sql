-- One text for SQLite and PostgreSQL; what has to be said differently stands in sqlite/ and postgres/ under the same
-- number, and runs behind this.

-- The last number given out, of customers, cases and audit entries.
CREATE TABLE counted (
    centre TEXT NOT NULL,
    what TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (centre, what)
);

-- Who they are. Erasing a person empties the row and keeps its number, which facts and figures name.
CREATE TABLE customers (
    centre TEXT NOT NULL,
    customer BIGINT NOT NULL,
    name TEXT,
    -- The name as it is sorted.
    name_key TEXT NOT NULL,
    language TEXT,
    note TEXT NOT NULL,
    -- JSON: {"card": "4711"}
    fields TEXT NOT NULL,
    -- JSON: ["+8613800138000"]
    numbers TEXT NOT NULL,
    added_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    erased_ms BIGINT,
    version BIGINT NOT NULL,
    -- The form that added it, so that a form sent twice adds one.
    request TEXT NOT NULL,
    PRIMARY KEY (centre, customer),
    UNIQUE (centre, request)
);

CREATE INDEX customers_by_name ON customers (centre, name_key, customer) WHERE erased_ms IS NULL;

-- What they are found by: every beginning of a number or of a name's words leads to its customer.
CREATE TABLE customer_numbers (
    centre TEXT NOT NULL,
    number TEXT NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (centre, number, customer)
);
CREATE INDEX customer_numbers_of ON customer_numbers (centre, customer);

CREATE TABLE customer_keys (
    centre TEXT NOT NULL,
    sought TEXT NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (centre, sought, customer)
);
CREATE INDEX customer_keys_of ON customer_keys (centre, customer);

-- With whom a call was, where somebody said so. Of all others the number says it.
CREATE TABLE contacts (
    centre TEXT NOT NULL,
    call TEXT NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (centre, call)
);
CREATE INDEX contacts_of_customer ON contacts (centre, customer, call);
CREATE INDEX personal_by_number ON personal (centre, from_number, call);

CREATE TABLE cases (
    centre TEXT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- Empty where the customer was erased.
    title TEXT NOT NULL,
    customer BIGINT,
    call TEXT,
    opened_ms BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'accepted', 'waiting', 'settled', 'closed')),
    waits_for TEXT CHECK (waits_for IN ('customer', 'colleague', 'outside')),
    waits_until_ms BIGINT,
    -- NULL: the department as a whole.
    owner TEXT,
    department TEXT NOT NULL,
    rung BIGINT NOT NULL,
    taken BIGINT NOT NULL CHECK (taken IN (0, 1)),
    -- The clock runs since then with so much left; stands where NULL.
    clock_since_ms BIGINT,
    clock_left_ms BIGINT NOT NULL,
    ran_out_ms BIGINT,
    due_ms BIGINT,
    -- When something happens to it by itself.
    wakes_ms BIGINT,
    settled_by TEXT,
    settled_in TEXT,
    settled_ms BIGINT,
    disposition TEXT,
    closed_ms BIGINT,
    -- The number of the last entry of its history.
    version BIGINT NOT NULL,
    request TEXT NOT NULL,
    PRIMARY KEY (centre, number),
    UNIQUE (centre, request)
);
CREATE INDEX cases_that_wake ON cases (centre, wakes_ms, number) WHERE wakes_ms IS NOT NULL;
-- The most urgent first; what has no end last.
CREATE INDEX cases_of_owner ON cases (centre, owner, (COALESCE(due_ms, 9223372036854775807)), number) WHERE state <> 'closed';
CREATE INDEX cases_of_department ON cases (centre, department, (COALESCE(due_ms, 9223372036854775807)), number)
    WHERE state <> 'closed';
CREATE INDEX cases_by_urgency ON cases (centre, (COALESCE(due_ms, 9223372036854775807)), number) WHERE state <> 'closed';
CREATE INDEX cases_of_customer ON cases (centre, customer, number);
CREATE INDEX cases_of_call ON cases (centre, call);

-- History: entries are added and never changed, but for texts that are erased with a person.
CREATE TABLE case_events (
    centre TEXT NOT NULL,
    number BIGINT NOT NULL,
    n BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    -- When it was written, which is later where a clock ran out and nobody looked.
    written_ms BIGINT NOT NULL,
    -- NULL: nobody did it, a clock or the rules did.
    who TEXT,
    what TEXT NOT NULL CHECK (what IN ('opened', 'accepted', 'assigned', 'waiting', 'went_on', 'settled', 'closed', 'reopened', 'escalated', 'ran_out', 'handed_over', 'rescheduled', 'noted')),
    body TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (centre, number, n)
);

-- Who changed what. Cannot be edited: triggers refuse, and each entry's chain holds the one before it.
CREATE TABLE audit (
    centre TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- JSON. Never a password, and nothing of a customer but which part was changed.
    before TEXT,
    after TEXT,
    chain TEXT NOT NULL,
    PRIMARY KEY (centre, seq)
);
CREATE INDEX audit_of_subject ON audit (centre, subject, seq);
