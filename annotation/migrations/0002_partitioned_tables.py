"""The tables that grow by a row per region and loop: partitioned by loop, without foreign keys."""

import django.contrib.postgres.fields
from django.db import migrations, models

import webapp.core.fields

TABLES = """
CREATE TABLE annotation_imageannotation (
    loop_id bigint NOT NULL,
    image_id bigint NOT NULL,
    caption text NOT NULL,
    concept_ids bigint[] NOT NULL,
    role_masks integer[] NOT NULL,
    producer_id bigint,
    PRIMARY KEY (loop_id, image_id),
    CONSTRAINT image_annotation_parallel CHECK (cardinality(concept_ids) = cardinality(role_masks))
) PARTITION BY LIST (loop_id);

CREATE TABLE annotation_regionmatch (
    loop_id bigint NOT NULL,
    region_id bigint NOT NULL,
    image_id bigint NOT NULL,
    concept_ids bigint[] NOT NULL,
    scores real[] NOT NULL,
    role_masks integer[] NOT NULL,
    raw_score real NOT NULL,
    producer_id bigint NOT NULL,
    PRIMARY KEY (loop_id, region_id),
    CONSTRAINT region_match_parallel CHECK (
        cardinality(concept_ids) = cardinality(scores) AND cardinality(concept_ids) = cardinality(role_masks))
) PARTITION BY LIST (loop_id);
CREATE INDEX region_match_image ON annotation_regionmatch (image_id);

CREATE TABLE annotation_regionannotation (
    loop_id bigint NOT NULL,
    region_id bigint NOT NULL,
    image_id bigint NOT NULL,
    concept_ids bigint[] NOT NULL,
    scores real[] NOT NULL,
    role_masks integer[] NOT NULL,
    raw_score real NOT NULL,
    size_class smallint NOT NULL,
    producer_id bigint NOT NULL,
    caption text NOT NULL DEFAULT '',
    caption_producer_id bigint,
    PRIMARY KEY (loop_id, region_id),
    CONSTRAINT region_annotation_parallel CHECK (
        cardinality(concept_ids) BETWEEN 1 AND 5
        AND cardinality(concept_ids) = cardinality(scores) AND cardinality(concept_ids) = cardinality(role_masks)),
    CONSTRAINT region_annotation_size_class CHECK (size_class BETWEEN 0 AND 5)
) PARTITION BY LIST (loop_id);
CREATE INDEX region_annotation_image ON annotation_regionannotation (image_id);
CREATE INDEX region_annotation_concept ON annotation_regionannotation ((concept_ids[1]), region_id);

CREATE TABLE annotation_questionanswer (
    loop_id bigint NOT NULL,
    id bigint NOT NULL,
    image_id bigint NOT NULL,
    region_id bigint,
    concept_id bigint NOT NULL,
    ordinal smallint NOT NULL,
    question text NOT NULL,
    answer text NOT NULL,
    producer_id bigint NOT NULL,
    conversation integer,
    turn smallint,
    PRIMARY KEY (loop_id, id),
    CONSTRAINT question_answer_once UNIQUE (loop_id, region_id, concept_id, ordinal),
    CONSTRAINT question_answer_not_empty CHECK (question <> '' AND answer <> '')
) PARTITION BY LIST (loop_id);
CREATE INDEX question_answer_image ON annotation_questionanswer (image_id);

CREATE SEQUENCE region_id_block INCREMENT BY 64;
CREATE SEQUENCE question_answer_id_block INCREMENT BY 64;
"""

DROP = """
DROP TABLE annotation_imageannotation, annotation_regionmatch, annotation_regionannotation, annotation_questionanswer;
DROP SEQUENCE region_id_block, question_answer_id_block;
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, DROP)],
            state_operations=[
                migrations.CreateModel(
                    name="ImageAnnotation",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "loop_id",
                                "image_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("loop_id", models.BigIntegerField()),
                        ("image_id", models.BigIntegerField()),
                        ("caption", models.TextField(blank=True)),
                        (
                            "concept_ids",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "role_masks",
                            django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
                        ),
                        ("producer_id", models.BigIntegerField(null=True)),
                    ],
                    options={
                        "db_table": "annotation_imageannotation",
                    },
                ),
                migrations.CreateModel(
                    name="QuestionAnswer",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "loop_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("loop_id", models.BigIntegerField()),
                        ("id", models.BigIntegerField()),
                        ("image_id", models.BigIntegerField()),
                        ("region_id", models.BigIntegerField(null=True)),
                        ("concept_id", models.BigIntegerField()),
                        ("ordinal", models.SmallIntegerField()),
                        ("question", models.TextField()),
                        ("answer", models.TextField()),
                        ("producer_id", models.BigIntegerField()),
                        ("conversation", models.IntegerField(null=True)),
                        ("turn", models.SmallIntegerField(null=True)),
                    ],
                    options={
                        "db_table": "annotation_questionanswer",
                    },
                ),
                migrations.CreateModel(
                    name="RegionAnnotation",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "loop_id",
                                "region_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("loop_id", models.BigIntegerField()),
                        ("region_id", models.BigIntegerField()),
                        ("image_id", models.BigIntegerField()),
                        (
                            "concept_ids",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "scores",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=webapp.core.fields.RealField(), size=None
                            ),
                        ),
                        (
                            "role_masks",
                            django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
                        ),
                        ("raw_score", webapp.core.fields.RealField()),
                        ("size_class", models.SmallIntegerField()),
                        ("producer_id", models.BigIntegerField()),
                        ("caption", models.TextField(blank=True, default="")),
                        ("caption_producer_id", models.BigIntegerField(null=True)),
                    ],
                    options={
                        "db_table": "annotation_regionannotation",
                    },
                ),
                migrations.CreateModel(
                    name="RegionMatch",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "loop_id",
                                "region_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("loop_id", models.BigIntegerField()),
                        ("region_id", models.BigIntegerField()),
                        ("image_id", models.BigIntegerField()),
                        (
                            "concept_ids",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "scores",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=webapp.core.fields.RealField(), size=None
                            ),
                        ),
                        (
                            "role_masks",
                            django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
                        ),
                        ("raw_score", webapp.core.fields.RealField()),
                        ("producer_id", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "annotation_regionmatch",
                    },
                ),
            ],
        ),
    ]
