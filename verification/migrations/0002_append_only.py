"""Verdicts and pay are append-only: the database refuses to change or delete a row."""

from django.db import migrations

CREATE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER verdict_append_only BEFORE UPDATE OR DELETE ON verification_verdict
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON verification_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

DROP = """
DROP TRIGGER verdict_append_only ON verification_verdict;
DROP TRIGGER ledger_entry_append_only ON verification_ledgerentry;
DROP FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("verification", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
