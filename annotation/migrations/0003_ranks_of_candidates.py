"""Candidates keep their rank and parent: a matcher that runs as another task sees what the stage before saw."""

import django.contrib.postgres.fields
from django.db import migrations, models

COLUMNS = """
ALTER TABLE annotation_imageannotation
    ADD COLUMN ranks smallint[] NOT NULL DEFAULT '{}',
    ADD COLUMN parent_ids bigint[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT image_annotation_ranks CHECK (
        cardinality(ranks) IN (0, cardinality(concept_ids)) AND cardinality(parent_ids) = cardinality(ranks));
"""
NO_COLUMNS = """
ALTER TABLE annotation_imageannotation DROP COLUMN ranks, DROP COLUMN parent_ids;
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0002_partitioned_tables")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(COLUMNS, NO_COLUMNS)],
            state_operations=[
                migrations.AddField(
                    model_name="imageannotation",
                    name="ranks",
                    field=django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), default=list, size=None
                    ),
                ),
                migrations.AddField(
                    model_name="imageannotation",
                    name="parent_ids",
                    field=django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
            ],
        ),
        migrations.RemoveField(model_name="regioncandidates", name="scores"),
        migrations.AddField(
            model_name="regioncandidates",
            name="ranks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(), default=list, size=None
            ),
            preserve_default=False,
        ),
    ]
