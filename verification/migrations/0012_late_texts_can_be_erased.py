"""The text of a late verdict can be erased when it is taken down; nothing else of it can be changed."""

from django.db import migrations

CREATE = """
CREATE FUNCTION refuse_change_but_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erased verification_lateverdict%ROWTYPE;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        erased := OLD;
        erased.text := '';
        IF erased IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER late_verdict_append_only ON verification_lateverdict;
CREATE TRIGGER late_verdict_append_only BEFORE UPDATE OR DELETE ON verification_lateverdict
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasing();
"""
DROP = """
DROP TRIGGER late_verdict_append_only ON verification_lateverdict;
CREATE TRIGGER late_verdict_append_only BEFORE UPDATE OR DELETE ON verification_lateverdict
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP FUNCTION refuse_change_but_erasing();
"""


class Migration(migrations.Migration):
    dependencies = [("verification", "0011_concept_spreads")]

    operations = [migrations.RunSQL(CREATE, DROP)]
