
-- Its length is counted elsewhere, so that an end that was cut off shows: the count does not go back either.
CREATE TRIGGER audit_is_not_cut_off BEFORE UPDATE ON counted
WHEN OLD.what = 'audit' AND (NEW.last < OLD.last OR NEW.what <> OLD.what OR NEW.centre <> OLD.centre)
BEGIN SELECT RAISE(ABORT, 'the audit cannot be changed'); END;

CREATE TRIGGER audit_is_not_forgotten BEFORE DELETE ON counted WHEN OLD.what = 'audit'
BEGIN SELECT RAISE(ABORT, 'the audit cannot be changed'); END;
