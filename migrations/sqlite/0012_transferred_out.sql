-- What SQLite knew of the table went with it (0010 says why it is told).
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE tbl = 'calls';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'sqlite_autoindex_calls_1', '1000000 1000000 1'),
    ('calls', 'calls_by_time', '1000000 1000000 1 1'),
    ('calls', 'calls_by_agent', '1000000 1000000 10000 1 1'),
    ('calls', 'calls_by_queue', '1000000 1000000 100000 1 1'),
    ('calls', 'calls_by_outcome', '1000000 1000000 200000 1 1'),
    ('calls', 'calls_by_called_number', '1000000 1000000 100000 1 1'),
    ('calls', 'calls_before_queue', '60000 60000 1 1'),
    ('calls', 'calls_that_waited', '250000 250000 1 1 1');
-- Connections that are open read it now.
ANALYZE sqlite_schema;
