
-- Its length is counted elsewhere, so that an end that was cut off shows: the count does not go back either.
CREATE TRIGGER audit_is_not_cut_off BEFORE UPDATE ON counted FOR EACH ROW
WHEN (OLD.what = 'audit' AND (NEW.last < OLD.last OR NEW.what <> OLD.what OR NEW.centre <> OLD.centre))
EXECUTE FUNCTION audit_cannot_be_changed();

CREATE TRIGGER audit_is_not_forgotten BEFORE DELETE ON counted FOR EACH ROW
WHEN (OLD.what = 'audit') EXECUTE FUNCTION audit_cannot_be_changed();

CREATE TRIGGER audit_is_not_forgotten_at_once BEFORE TRUNCATE ON counted
FOR EACH STATEMENT EXECUTE FUNCTION audit_cannot_be_changed();
