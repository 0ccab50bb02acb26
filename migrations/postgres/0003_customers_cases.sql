-- What is looked for by its beginning is compared by its bytes, as SQLite does, whatever the database's locale.
ALTER TABLE customers ALTER COLUMN name_key TYPE TEXT COLLATE "C";
ALTER TABLE customer_numbers ALTER COLUMN number TYPE TEXT COLLATE "C";
ALTER TABLE customer_keys ALTER COLUMN sought TYPE TEXT COLLATE "C";

CREATE FUNCTION audit_cannot_be_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit cannot be changed'; END $$;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_cannot_be_changed();

CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_cannot_be_changed();
