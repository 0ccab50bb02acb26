-- The figures of 0010 went with the table.
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE tbl IN ('calls', 'calls_wider');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'sqlite_autoindex_calls_1', '1000000 1000000 1'),
    ('calls', 'calls_by_time', '1000000 1000000 1 1'),
    ('calls', 'calls_by_agent', '1000000 1000000 10000 1 1'),
    ('calls', 'calls_by_queue', '1000000 1000000 100000 1 1'),
    ('calls', 'calls_by_outcome', '1000000 1000000 200000 1 1'),
    ('calls', 'calls_by_called_number', '1000000 1000000 100000 1 1'),
    ('calls', 'calls_before_queue', '60000 60000 1 1'),
    ('calls', 'calls_that_waited', '250000 250000 1 1 1');
ANALYZE sqlite_schema;
