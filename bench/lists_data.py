"""The project of `bench.lists`: a corpus, and what people did with a tenth of it in some weeks.

Everybody judges thirty items in a row, then the next one does; what stands around this work is in
bench/lists_surroundings.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bench.lists_surroundings import SURROUNDINGS

PER_PHOTO = 20
CONCEPTS = 100_000
PEOPLE = 200
DAYS = 60
OLDER_LOOPS = 8
RUNNING, FINISHED = OLDER_LOOPS + 1, OLDER_LOOPS
"""Numbers of the loop that people work for, and of the one whose annotations they see."""


def items_of(regions: int) -> int:
    """How many items the sample has."""
    return max(regions // 10, 20)


def fill(regions: int) -> tuple[Any, Any]:
    """A project with finished loops and a running one with samples: its lead, who does all jobs, and an admin."""
    from django.db import connection
    from django.utils import timezone

    from annotation.models import Loop, LoopState
    from annotation.services.partitions import create_partitions
    from verification.models import Sample
    from verification.services.ledger import sum_up_days
    from webapp.accounts.models import User
    from webapp.projects.models import Membership, Project

    project = Project.objects.create(id=1, name="Bench", slug="bench", review_required=True)
    Project.objects.update(created_at=timezone.now() - timedelta(days=DAYS + 1))
    others = Project.objects.bulk_create(Project(id=n, name=f"Other {n}", slug=f"other-{n}") for n in range(2, 62))
    lead = User.objects.create_user("lead", "lead@example.org", "-", id=1)
    admin = User.objects.create_superuser("admin", "admin@example.org", "-", id=1000)
    Membership.objects.bulk_create(Membership(project=other, user=lead, role="lead") for other in others)
    Membership.objects.bulk_create(
        Membership(project=project, user=lead, role=role) for role in ("lead", "expert", "annotator")
    )
    people = User.objects.bulk_create(
        User(id=number, username=f"p{number}", email=f"p{number}@example.org") for number in range(2, PEOPLE + 2)
    )
    Membership.objects.bulk_create(Membership(project=project, user=person, role="annotator") for person in people)
    # The first passes are years old: what they annotated was annotated again by the last one that finished.
    older = None
    for number in range(OLDER_LOOPS):
        older = Loop.objects.create(
            id=10 + number,
            project=project,
            number=number,
            state=LoopState.FINISHED,
            config_digest=str(number),
            parent=older,
            finished_at=timezone.now(),
        )
        create_partitions(older.pk)
    zero = Loop.objects.create(
        id=1, project=project, number=OLDER_LOOPS, state=LoopState.FINISHED, config_digest="z", parent=older
    )
    one = Loop.objects.create(
        id=2, project=project, number=OLDER_LOOPS + 1, state=LoopState.RUNNING, config_digest="o", parent=zero
    )
    sample = Sample.objects.create(id=1, project=project, loop=one, annotated_loop=zero, task_kind="tag", seed=1)
    Sample.objects.create(id=2, project=project, loop=one, annotated_loop=zero, task_kind="qa", seed=2, overlap=3)
    values = {
        "regions": regions,
        "per": PER_PHOTO,
        "concepts": CONCEPTS,
        "items": items_of(regions),
        "people": PEOPLE,
        "judges": PEOPLE + 1,
        "sample": sample.pk,
        "lead": lead.pk,
        "days": DAYS,
    }
    create_partitions(zero.pk)
    create_partitions(one.pk)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in (*_FILL, *SURROUNDINGS):
            cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")
        sum_up_days()
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return lead, admin


# The first n concepts stand on a share of (n / concepts) ** 0.2 of the regions: the first one on every tenth.
_CONCEPT = "1 + floor(power((hashint8(n) & 1048575) / 1048576.0, 5) * %(concepts)s::int)::bigint"
_FILL = (
    """INSERT INTO annotation_producer (id, backend, model, version, config_digest)
       OVERRIDING SYSTEM VALUE VALUES (1, 'bench', 'made up', '1', '')""",
    """INSERT INTO annotation_concept (id, kind, text, display)
       OVERRIDING SYSTEM VALUE SELECT n, 'tag', 'thing ' || n, 'Thing ' || n
       FROM generate_series(1, %(concepts)s::int + 4) n""",
    """INSERT INTO annotation_image (id, project_id, sha256, name, url, original, display, thumbnail, width, height,
                                     mean_luma, file_bytes, licence, source, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT n, 1, encode(sha256(n::text::bytea), 'hex'), 'photo-' || n || '.jpg', '', 'o/' || n, 'd/' || n, 't/' || n,
              1280, 960, 0.5, 1, 'CC0-1.0', 'bench', now()
       FROM generate_series(1, %(regions)s::int / %(per)s::int) n""",
    """INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
       SELECT n + 1, n / %(per)s::int + 1, 1, 'class_agnostic', n, '', n %% 600, n %% 400,
              n %% 600 + 10 + n %% 17 * 30, n %% 400 + 10 + n %% 13 * 30, '{}'
       FROM generate_series(0, %(regions)s::bigint - 1) n""",
    f"""INSERT INTO annotation_regionannotation (loop_id, region_id, image_id, concept_ids, scores, role_masks,
                                                 raw_score, size_class, producer_id, caption)
        SELECT 1, n + 1, n / %(per)s::int + 1,
               ARRAY[first.tag, first.tag + 1, first.tag + 2, first.tag + 3, first.tag + 4],
               '{{0.9,0.4,0.3,0.2,0.1}}', '{{1,4,8,64,16}}', (n %% 97) / 97.0, n %% 6, 1,
               'A thing beside another thing.'
        FROM generate_series(0, %(regions)s::bigint - 1) n CROSS JOIN LATERAL (SELECT {_CONCEPT} AS tag) first""",
    # Items 2, 8, 14, … of the latest ones are gold: about as many as people's scores look back on.
    """INSERT INTO verification_sampleitem (id, sample_id, image_id, region_ids, shown, inclusion_probability, reason,
                                            state, is_gold)
       OVERRIDING SYSTEM VALUE
       SELECT n + 1, %(sample)s, region.image_id, ARRAY[region.id],
              '{"tags": [{"concept_id": 1, "text": "thing 1", "score": 0.9, "role_mask": 1}]}', 0.1, 'concept', 'open',
              (n + 1) %% 6 = 2 AND n > %(items)s::int - 720 * %(judges)s::int
       FROM generate_series(0, %(items)s::int - 1) n
       JOIN annotation_region region ON region.id = 1 + n * (%(regions)s::bigint / %(items)s::int)""",
    """INSERT INTO verification_assignment (id, sample_id, item_id, round, slot, rank, state, annotator_id, verdict_id)
       OVERRIDING SYSTEM VALUE
       SELECT id, sample_id, id, 0, 0, id, CASE WHEN id %% 2 = 0 THEN 'done' ELSE 'open' END,
              CASE WHEN id %% 2 = 0 THEN 1 + id / 60 %% %(judges)s::int END, CASE WHEN id %% 2 = 0 THEN id END
       FROM verification_sampleitem""",
    # The later a verdict, the higher its number, over some weeks.
    """INSERT INTO verification_verdict (id, assignment_id, item_id, annotator_id, key, choice, rejected_ids,
                                         is_withdrawal, seconds, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, id, annotator_id, gen_random_uuid(), '', CASE WHEN id %% 9 = 0 THEN '{1}'::bigint[] ELSE '{}' END,
              false, 4 + annotator_id %% 5 + id %% 31 / 4.0,
              now() - make_interval(secs => %(days)s * 86400.0 * (%(items)s - id) / %(items)s)
       FROM verification_assignment WHERE state = 'done'""",
    """INSERT INTO verification_ledgerentry (project_id, annotator_id, verdict_id, amount, currency, created_at)
       SELECT 1, annotator_id, id, 0.02, 'USD', created_at FROM verification_verdict""",
    # A third of what was judged is in packages of a hundred, each of one person's; every tenth waits for an expert.
    """INSERT INTO verification_packageitem (id, package_id, item_id, position, verdict_ids, choice, rejected_ids,
                                             round, is_live)
       OVERRIDING SYSTEM VALUE
       SELECT id, annotator_id + %(judges)s::int * (id / 60 / %(judges)s::int / 10), id,
              id / 60 / %(judges)s::int %% 10 * 10 + id %% 60 / 6, ARRAY[id], '', rejected_ids, 0, true
       FROM verification_verdict WHERE id %% 6 = 0""",
    """INSERT INTO verification_reviewpackage (id, project_id, sample_id, author_id, attempt, size, threshold, state,
                                               expert_id, right_items, decided_at)
       OVERRIDING SYSTEM VALUE
       SELECT n, 1, %(sample)s, author.id, 1, 100, 0.95, CASE WHEN is_done THEN 'accepted' ELSE 'ready' END,
              CASE WHEN is_done THEN CASE WHEN author.id = %(lead)s THEN 2 ELSE %(lead)s::bigint END END,
              CASE WHEN is_done THEN 97 END, CASE WHEN is_done THEN now() END
       FROM (SELECT DISTINCT package_id AS n FROM verification_packageitem) package
       CROSS JOIN LATERAL (SELECT 1 + (n - 1) %% %(judges)s::int AS id) author
       CROSS JOIN LATERAL (SELECT (n + n / %(judges)s::int) %% 10 > 0 AS is_done) state""",
    """INSERT INTO verification_ruling (id, package_item_id, expert_id, agrees, choice, rejected_ids, reason, seconds)
       OVERRIDING SYSTEM VALUE
       SELECT packed.id, packed.id, package.expert_id, packed.id %% 30 > 0, '',
              CASE WHEN packed.id %% 30 > 0 THEN packed.rejected_ids ELSE '{1}' END,
              CASE WHEN packed.id %% 30 > 0 THEN '' ELSE 'wrong_left' END, 2
       FROM verification_packageitem packed
       JOIN verification_reviewpackage package ON package.id = packed.package_id AND package.state = 'accepted'""",
    """UPDATE verification_reviewpackage package
       SET size = counted.size, right_items = CASE WHEN package.state = 'accepted' THEN counted.agreed END
       FROM (SELECT packed.package_id, count(*) AS size, count(*) FILTER (WHERE ruling.agrees) AS agreed
             FROM verification_packageitem packed LEFT JOIN verification_ruling ruling ON ruling.id = packed.id
             GROUP BY packed.package_id) counted
       WHERE counted.package_id = package.id""",
)
