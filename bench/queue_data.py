"""Projects of any size for `bench.queue`: regions, items and slots written by set-wise SQL.

Foreign keys are not checked while the tables are filled, and their indexes but the primary keys are made afterwards,
from the definitions that the migrations left: the tables end as they would otherwise, in a fraction of the time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.middleware.csrf import _get_new_csrf_string  # a browser gets it with the page

from webapp.accounts.sessions import SessionStore

IMAGES = 1000
WORDS = ("milk jug", "metal cup", "coffee grinder", "saucepan", "pewter mug")
FILLED = ("annotation_region", "verification_sampleitem", "verification_assignment")


@dataclass(frozen=True, slots=True)
class Crowded:
    """A project to be filled: `items` open items of one kind of task ("tag" or "qa"), each for `overlap` people."""

    slug: str
    items: int
    kind: str = "tag"
    overlap: int = 1


def fill_projects(projects: list[Crowded], *, regions: int, people: int) -> list[Any]:
    """Projects over the same `regions` regions, and the people, whom it returns: annotators of all of them."""
    from annotation.models import Concept, Image, Producer
    from webapp.accounts.models import User

    users = User.objects.bulk_create(
        User(username=f"annotator{number}", email=f"annotator{number}@example.org") for number in range(people)
    )
    first, *others = [_project(one, users) for one in projects]
    producer = Producer.objects.create(backend="bench", model="queue")
    concepts = Concept.objects.bulk_create(Concept(text=word, display=word) for word in WORDS)
    images = Image.objects.bulk_create(
        Image(project_id=first.project_id, sha256=f"{number:064x}", name=f"{number}.jpg", width=640, height=480)
        for number in range(IMAGES)
    )
    common: dict[str, Any] = {
        "producer": producer.pk,
        "images": [image.pk for image in images],
        "ids": [concept.pk for concept in concepts],
        "texts": list(WORDS),
        "regions": regions,
        "count": IMAGES,
    }
    with connection.cursor() as cursor, _without_indexes(cursor):
        cursor.execute(_REGIONS, common)
        for sample, one in zip([first, *others], projects, strict=True):
            values = {**common, "sample": sample.pk, "items": one.items, "overlap": one.overlap}
            cursor.execute(_ITEMS.replace("__shown__", _SHOWN[one.kind]), values)
            cursor.execute(_SLOTS, values)
    with connection.cursor() as cursor:
        for table in FILLED:
            cursor.execute(f"VACUUM (ANALYZE) {table}")
        cursor.execute("CHECKPOINT")
    return users


def _project(one: Crowded, users: list[Any]) -> Any:
    """The open sample of a new project."""
    from annotation.models import Loop, LoopState
    from verification.models import Sample
    from webapp.projects.models import Membership, Project

    project = Project.objects.create(name=one.slug.title(), slug=one.slug, overlap=one.overlap)
    Membership.objects.bulk_create(Membership(project=project, user=user, role="annotator") for user in users)
    zero = Loop.objects.create(project=project, number=0, config_digest="0" * 64, state=LoopState.FINISHED)
    loop = Loop.objects.create(project=project, number=1, config_digest="1" * 64, parent=zero)
    return Sample.objects.create(
        project=project, loop=loop, annotated_loop=zero, task_kind=one.kind, seed=1, overlap=one.overlap
    )


@contextlib.contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Unique constraints and indexes of the filled tables, primary keys excepted, are gone while it is open."""
    tables = {"tables": list(FILLED)}
    cursor.execute(_CONSTRAINTS, tables)
    constraints = cursor.fetchall()
    for table, name, _definition in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(_INDEXES, tables)
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    cursor.execute("SET session_replication_role = replica")
    yield
    cursor.execute("SET session_replication_role = origin")
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for table, name, definition in constraints:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for _name, definition in indexes:
        cursor.execute(definition)
    cursor.execute("RESET maintenance_work_mem")


def session_headers(user: Any) -> dict[str, str]:
    """Cookies and token of a signed-in browser."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    token = _get_new_csrf_string()
    return {
        "Cookie": f"sessionid={session.session_key}; csrftoken={token}",
        "X-CSRFToken": token,
        "X-Argus-Account": str(user.pk),
        "Accept": "application/json",
    }


_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'u' AND conrelid::regclass::text = ANY (%(tables)s) ORDER BY 1, 2
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = ANY (%(tables)s)
  AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u')) ORDER BY indexname
"""
_REGIONS = """
INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
SELECT n, (%(images)s::bigint[])[1 + n %% %(count)s], %(producer)s, 'imported', n, '',
       n %% 500, n %% 400, n %% 500 + 60, n %% 400 + 50, '{}'
FROM generate_series(1, %(regions)s::bigint) n
"""
_SHOWN = {
    "tag": """
        NULL::bigint AS pair, (
            SELECT jsonb_build_object('tags', jsonb_agg(jsonb_build_object(
                'concept_id', concept.id, 'text', concept.text, 'score', 0.9, 'role_mask', 1)))
            FROM unnest(%(ids)s::bigint[], %(texts)s::text[]) concept (id, text)) AS content
    """,
    "qa": """
        n AS pair, jsonb_build_object(
            'tag', jsonb_build_object('concept_id', (%(ids)s::bigint[])[1], 'text', (%(texts)s::text[])[1]),
            'question', 'What is the milk jug made of?', 'answer', 'It is made of white china.',
            'others', jsonb_build_array(jsonb_build_object('question', 'Where is it?', 'answer', 'On a table.'))
        ) AS content
    """,
}
_ITEMS = """
INSERT INTO verification_sampleitem (sample_id, image_id, region_ids, question_answer_id, shown,
                                     inclusion_probability, reason, state)
SELECT %(sample)s, (%(images)s::bigint[])[1 + n %% %(count)s], ARRAY[n], shown.pair, shown.content, 0.1, 'concept',
       'open'
FROM generate_series(1, %(items)s::bigint) n CROSS JOIN LATERAL (SELECT __shown__) shown
ORDER BY hashint8(n)
"""
_SLOTS = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, state)
SELECT %(sample)s, item.id, 0, slot, item.id * 16 + slot, 'open'
FROM verification_sampleitem item CROSS JOIN generate_series(0, %(overlap)s::int - 1) slot
WHERE item.sample_id = %(sample)s ORDER BY item.id, slot
"""
