"""A project of any size for `bench.queue`: regions, items and slots written by set-wise SQL."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connection
from django.middleware.csrf import _get_new_csrf_string  # type: ignore[attr-defined]  # a browser gets it with the page

IMAGES = 1000
WORDS = ("milk jug", "metal cup", "coffee grinder", "saucepan", "pewter mug")


def fill_project(*, items: int, regions: int, people: int) -> tuple[Any, list[Any]]:
    """A project with an open tag sample of `items` items (overlap 1) over `regions` regions, and its people."""
    from annotation.models import Concept, Image, Loop, LoopState, Producer
    from verification.models import Sample, TaskKind
    from webapp.accounts.models import User
    from webapp.projects.models import Membership, Project

    project = Project.objects.create(name="Street and home", slug="street")
    users = User.objects.bulk_create(
        User(username=f"annotator{number}", email=f"annotator{number}@example.org") for number in range(people)
    )
    Membership.objects.bulk_create(Membership(project=project, user=user, role="annotator") for user in users)
    zero = Loop.objects.create(project=project, number=0, config_digest="0" * 64, state=LoopState.FINISHED)
    one = Loop.objects.create(project=project, number=1, config_digest="1" * 64, parent=zero)
    sample = Sample.objects.create(project=project, loop=one, annotated_loop=zero, task_kind=TaskKind.TAG, seed=1)
    producer = Producer.objects.create(backend="bench", model="queue")
    concepts = Concept.objects.bulk_create(Concept(text=word, display=word) for word in WORDS)
    images = Image.objects.bulk_create(
        Image(project=project, sha256=f"{number:064x}", name=f"{number}.jpg", width=640, height=480)
        for number in range(IMAGES)
    )
    values = {
        "sample": sample.pk,
        "producer": producer.pk,
        "images": [image.pk for image in images],
        "ids": [concept.pk for concept in concepts],
        "texts": list(WORDS),
        "items": items,
        "regions": regions,
        "count": IMAGES,
    }
    with connection.cursor() as cursor:
        for statement in (_REGIONS, _ITEMS, _SLOTS):
            cursor.execute(statement, values)
        for table in ("annotation_region", "verification_sampleitem", "verification_assignment"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")
    return project, users


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


_REGIONS = """
INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
SELECT n, (%(images)s::bigint[])[1 + n %% %(count)s], %(producer)s, 'imported', n, '',
       n %% 500, n %% 400, n %% 500 + 60, n %% 400 + 50, '{}'
FROM generate_series(1, %(regions)s::bigint) n
"""
_ITEMS = """
INSERT INTO verification_sampleitem (sample_id, image_id, region_ids, shown, inclusion_probability, reason, state)
SELECT %(sample)s, region.image_id, ARRAY[region.id], shown.tags, 0.1, 'concept', 'open'
FROM annotation_region region
CROSS JOIN (
    SELECT jsonb_build_object('tags', jsonb_agg(jsonb_build_object(
        'concept_id', concept.id, 'text', concept.text, 'score', 0.9, 'role_mask', 1))) AS tags
    FROM unnest(%(ids)s::bigint[], %(texts)s::text[]) concept(id, text)
) shown
WHERE region.id <= %(items)s
ORDER BY hashint8(region.id)
"""
_SLOTS = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, state)
SELECT %(sample)s, item.id, 0, 0, item.id * 16, 'open'
FROM verification_sampleitem item WHERE item.sample_id = %(sample)s ORDER BY item.id
"""
