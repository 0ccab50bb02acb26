CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit cannot be changed'); END;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit cannot be changed'); END;

-- INSERT OR REPLACE removes without asking the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE centre = NEW.centre AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit cannot be changed'); END;
