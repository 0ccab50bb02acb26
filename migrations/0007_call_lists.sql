-- What the list of calls and the figures of today are found by. Each index is one way into the list, newest first; the
-- planner never has to sort a year of calls for one page of them. The one by outcome is there (0004).
CREATE INDEX calls_by_called_number ON calls (centre, to_number, arrived_ms, call);
-- Who waited a minute or longer: few, and what somebody asks for.
CREATE INDEX calls_that_waited ON calls (centre, arrived_ms, call, waited_ms) WHERE waited_ms >= 60000;
-- A number is looked for by its last four digits or its first seven. Call ids are given in the order of arrival.
CREATE INDEX personal_by_tail ON personal (centre, substr(from_number, length(from_number) - 3), call);
CREATE INDEX personal_by_head ON personal (centre, substr(from_number, 1, 7), call);
-- The stays that touch a day.
CREATE INDEX queue_stays_by_time ON queue_stays (centre, joined_ms);
