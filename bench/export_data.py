"""The project of `bench.export`: regions that people have all judged, written range by range."""

from __future__ import annotations

from typing import Any

from bench.bulk_fill import insert_ranges, vacuum, without_indexes

PER_PHOTO = 10
# Items lie scattered, as a draw leaves them: the region of an item is its number times this prime, modulo the rows.
SCATTER = 15_485_863

TABLES = (
    "annotation_image",
    "annotation_region",
    "verification_sampleitem",
    "verification_assignment",
    "verification_verdict",
)


def fill(
    rows: int,
    overlap: int,
    *,
    concepts: int = 30_000,
    reviewed: bool = False,
    with_texts: bool = False,
    indexes_last: bool = False,
) -> None:
    """A project whose `rows` items are all judged; of every second one the best tag is wrong.

    indexes_last: drop the indexes of the whole database's tables and build them again, on a server of one's own.
    """
    from django.db import connection

    from annotation.services.partitions import create_partitions
    from webapp.accounts.models import User
    from webapp.projects.models import Project

    project = Project.objects.create(name="Bench", slug="bench", overlap=overlap, review_required=reviewed)
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.org") for n in range(overlap + 1))
    values: dict[str, Any] = {
        "rows": rows,
        "per": PER_PHOTO,
        "concepts": concepts,
        "scatter": SCATTER,
        "overlap": overlap,
        "project": project.pk,
        "people": [person.pk for person in people],
        "expert": people[-1].pk,
    }
    with connection.cursor() as cursor:
        for statement in _FRAME:
            cursor.execute(statement, values)
    with without_indexes(TABLES if indexes_last else ()):
        insert_ranges(_IMAGES, values, -(-rows // PER_PHOTO))
        for statement in (_REGIONS, _ITEMS, _SLOTS, _VERDICTS):
            insert_ranges(statement, values, rows)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        if reviewed:
            cursor.execute("ANALYZE verification_sampleitem, verification_verdict")
        for statement in _REVIEWS if reviewed else ():
            cursor.execute(statement, values)
        if with_texts:
            create_partitions(1)
        for statement in _TEXTS if with_texts else ():
            cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")
    vacuum([""] if reviewed or with_texts else [*TABLES, "annotation_concept"])


_FRAME = (
    """INSERT INTO annotation_concept (id, kind, text, display)
       OVERRIDING SYSTEM VALUE SELECT n, 'tag', 'thing ' || n, 'Thing ' || n
       FROM generate_series(1, %(concepts)s::int) n""",
    """INSERT INTO annotation_loop (id, project_id, number, config, config_digest, state, error, report, started_at)
       OVERRIDING SYSTEM VALUE
       VALUES (1, %(project)s, 0, '{}', '', 'finished', '', '{}', now()),
              (2, %(project)s, 1, '{}', '', 'running', '', '{}', now())""",
    """INSERT INTO verification_sample (id, project_id, loop_id, annotated_loop_id, task_kind, seed, config, overlap,
                                        is_open, created_at)
       OVERRIDING SYSTEM VALUE VALUES (1, %(project)s, 2, 1, 'tag', 1, '{}', %(overlap)s, true, now())""",
)
_IMAGES = """
INSERT INTO annotation_image (id, project_id, sha256, name, url, original, display, thumbnail, width, height,
                              mean_luma, file_bytes, licence, source, created_at)
OVERRIDING SYSTEM VALUE
SELECT n + 1, %(project)s, encode(sha256(n::text::bytea), 'hex'), 'photo-' || n || '.jpg',
       'https://example.org/photos/' || n || '.jpg', 'originals/' || n || '.jpg', '', '', 640, 480,
       0.5, 1, 'CC0-1.0', 'bench', now()
FROM generate_series(%(first)s::bigint, %(last)s) n
"""
_REGIONS = """
INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
SELECT n, n / %(per)s::int + 1, 1, 'imported', n, '',
       n %% 300 + 0.25, n %% 200, n %% 300 + 50.5, n %% 200 + 60, '{}'
FROM generate_series(%(first)s::bigint, %(last)s) n
"""
# Put together as text: five objects made one by one would take most of the time.
_ITEMS = """
INSERT INTO verification_sampleitem (id, sample_id, image_id, region_ids, shown, inclusion_probability, reason, state)
OVERRIDING SYSTEM VALUE
SELECT item + 1, 1, n / %(per)s::int + 1, ARRAY[n], format(
           '{"tags": [{"concept_id": %%1$s, "text": "Thing %%1$s", "score": 0.93, "role_mask": 1}, '
           '{"concept_id": %%2$s, "text": "Thing %%2$s", "score": 0.813, "role_mask": 3}, '
           '{"concept_id": %%3$s, "text": "Thing %%3$s", "score": 0.696, "role_mask": 5}, '
           '{"concept_id": %%4$s, "text": "Thing %%4$s", "score": 0.579, "role_mask": 7}, '
           '{"concept_id": %%5$s, "text": "Thing %%5$s", "score": 0.462, "role_mask": 9}]}',
           1 + n * 7 %% %(concepts)s::int, 1 + (n * 7 + 31) %% %(concepts)s::int,
           1 + (n * 7 + 62) %% %(concepts)s::int, 1 + (n * 7 + 93) %% %(concepts)s::int,
           1 + (n * 7 + 124) %% %(concepts)s::int)::jsonb, 0.1, 'concept', 'open'
FROM generate_series(%(first)s::bigint, %(last)s) item
CROSS JOIN LATERAL (SELECT item * %(scatter)s::bigint %% %(rows)s::bigint AS n) region
"""
_SLOTS = """
INSERT INTO verification_assignment (id, sample_id, item_id, round, slot, rank, state, annotator_id, verdict_id)
OVERRIDING SYSTEM VALUE
SELECT item * 10 + slot, 1, item, 0, slot, item * 10 + slot, 'done',
       (%(people)s::bigint[])[slot + 1], item * 10 + slot
FROM generate_series(%(first)s::bigint + 1, %(last)s + 1) item CROSS JOIN generate_series(0, %(overlap)s::int - 1) slot
"""
# Of the items with even numbers the best tag is wrong.
_VERDICTS = """
INSERT INTO verification_verdict (id, assignment_id, item_id, annotator_id, key, choice, rejected_ids, is_withdrawal,
                                  seconds, created_at)
OVERRIDING SYSTEM VALUE
SELECT item * 10 + slot, item * 10 + slot, item, (%(people)s::bigint[])[slot + 1], gen_random_uuid(), '',
       CASE WHEN item %% 2 = 1 THEN '{}'
            ELSE ARRAY[1 + (item - 1) * %(scatter)s::bigint %% %(rows)s::bigint * 7 %% %(concepts)s::int] END,
       false, 3, now()
FROM generate_series(%(first)s::bigint + 1, %(last)s + 1) item CROSS JOIN generate_series(0, %(overlap)s::int - 1) slot
"""

# Where one person judged, the package has an author; the expert is another one and agrees with every mark.
_REVIEWS = (
    """INSERT INTO verification_reviewpackage (id, project_id, sample_id, author_id, attempt, size, threshold, state,
                                               expert_id, right_items, decided_at)
       OVERRIDING SYSTEM VALUE
       SELECT n, %(project)s, 1, CASE WHEN %(overlap)s::int = 1 THEN (%(people)s::bigint[])[1] END, 1, 100, 0.95,
              'accepted', %(expert)s, 100, now()
       FROM generate_series(0, (%(rows)s::int - 1) / 100) n""",
    """INSERT INTO verification_packageitem (id, package_id, item_id, position, verdict_ids, choice, rejected_ids,
                                             round, is_live)
       OVERRIDING SYSTEM VALUE
       SELECT item.id, (item.id - 1) / 100, item.id, (item.id - 1) %% 100, array_agg(verdict.id ORDER BY verdict.id),
              '', CASE WHEN item.id %% 2 = 0 THEN ARRAY[(item.shown #>> '{tags,0,concept_id}')::bigint] ELSE '{}' END,
              0, true
       FROM verification_sampleitem item JOIN verification_verdict verdict ON verdict.item_id = item.id
       GROUP BY item.id""",
    """INSERT INTO verification_ruling (id, package_item_id, expert_id, agrees, choice, rejected_ids, reason, seconds)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, %(expert)s, true, '', rejected_ids, '', 2 FROM verification_packageitem""",
)

_TEXTS = (
    """INSERT INTO annotation_regionannotation (loop_id, region_id, image_id, concept_ids, scores, role_masks,
                                                raw_score, size_class, producer_id, caption)
       SELECT 1, item.region_ids[1], item.image_id, ARRAY[(item.shown #>> '{tags,0,concept_id}')::bigint],
              ARRAY[0.93]::real[], ARRAY[1], 0.9, 2, 1, 'A thing that stands on a table beside another thing.'
       FROM verification_sampleitem item""",
    """INSERT INTO annotation_questionanswer (loop_id, id, image_id, region_id, concept_id, ordinal, question, answer,
                                              producer_id)
       SELECT 1, item.id * 4 + ordinal, item.image_id, item.region_ids[1],
              (item.shown #>> '{tags,0,concept_id}')::bigint, ordinal, 'What is the thing made of?', 'It is wood.', 1
       FROM verification_sampleitem item CROSS JOIN generate_series(0, 2) ordinal""",
)
