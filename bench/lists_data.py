"""The project of `bench.lists`: a corpus, and what people did with a tenth of it in some weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

PER_PHOTO = 20
CONCEPTS = 100_000
PEOPLE = 200
DAYS = 60


def items_of(regions: int) -> int:
    """How many items the sample has."""
    return max(regions // 10, 20)


def fill(regions: int) -> Any:
    """A project with a finished loop 0 and a running loop 1 with a sample. Returns its lead, who does all jobs."""
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
    lead = User.objects.create_user("lead", "lead@example.org", "-", id=1)
    Membership.objects.bulk_create(
        Membership(project=project, user=lead, role=role) for role in ("lead", "expert", "annotator")
    )
    people = User.objects.bulk_create(
        User(id=number, username=f"p{number}", email=f"p{number}@example.org") for number in range(2, PEOPLE + 2)
    )
    Membership.objects.bulk_create(Membership(project=project, user=person, role="annotator") for person in people)
    zero = Loop.objects.create(id=1, project=project, number=0, state=LoopState.FINISHED, config_digest="0")
    one = Loop.objects.create(id=2, project=project, number=1, state=LoopState.RUNNING, config_digest="1", parent=zero)
    sample = Sample.objects.create(id=1, project=project, loop=one, annotated_loop=zero, task_kind="tag", seed=1)
    values = {
        "regions": regions,
        "per": PER_PHOTO,
        "concepts": CONCEPTS,
        "items": items_of(regions),
        "people": PEOPLE,
        "sample": sample.pk,
        "lead": lead.pk,
        "days": DAYS,
    }
    create_partitions(zero.pk)
    create_partitions(one.pk)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in _FILL:
            cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")
        sum_up_days()
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return lead


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
    """INSERT INTO verification_sampleitem (id, sample_id, image_id, region_ids, shown, inclusion_probability, reason,
                                            state)
       OVERRIDING SYSTEM VALUE
       SELECT n + 1, %(sample)s, region.image_id, ARRAY[region.id],
              '{"tags": [{"concept_id": 1, "text": "thing 1", "score": 0.9, "role_mask": 1}]}', 0.1, 'concept', 'open'
       FROM generate_series(0, %(items)s::int - 1) n
       JOIN annotation_region region ON region.id = 1 + n * (%(regions)s::bigint / %(items)s::int)""",
    """INSERT INTO verification_assignment (id, sample_id, item_id, round, slot, rank, state, annotator_id, verdict_id)
       OVERRIDING SYSTEM VALUE
       SELECT id, sample_id, id, 0, 0, id, CASE WHEN id %% 2 = 0 THEN 'done' ELSE 'open' END,
              CASE WHEN id %% 2 = 0 THEN 1 + id / 2 %% (%(people)s::int + 1) END, CASE WHEN id %% 2 = 0 THEN id END
       FROM verification_sampleitem""",
    # The later a verdict, the higher its number, over some weeks.
    """INSERT INTO verification_verdict (id, assignment_id, item_id, annotator_id, key, choice, rejected_ids,
                                         is_withdrawal, seconds, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT id, id, id, annotator_id, gen_random_uuid(), '', '{}', false, 8,
              now() - make_interval(secs => %(days)s * 86400.0 * (%(items)s - id) / %(items)s)
       FROM verification_assignment WHERE state = 'done'""",
    """INSERT INTO verification_ledgerentry (project_id, annotator_id, verdict_id, amount, currency, created_at)
       SELECT 1, annotator_id, id, 0.02, 'USD', created_at FROM verification_verdict""",
    # A third of what was judged is in packages of a hundred; of these every tenth waits for an expert.
    """INSERT INTO verification_reviewpackage (id, project_id, sample_id, author_id, attempt, size, threshold, state,
                                               expert_id, right_items, decided_at)
       OVERRIDING SYSTEM VALUE
       SELECT n, 1, %(sample)s, 2 + n %% %(people)s::int, 1, 100, 0.95,
              CASE WHEN n %% 10 = 0 THEN 'ready' ELSE 'accepted' END,
              CASE WHEN n %% 10 > 0 THEN %(lead)s::bigint END, CASE WHEN n %% 10 > 0 THEN 97 END,
              CASE WHEN n %% 10 > 0 THEN now() END
       FROM generate_series(1, 1 + (%(items)s::int / 6) / 100) n""",
    """INSERT INTO verification_packageitem (id, package_id, item_id, position, verdict_ids, choice, rejected_ids,
                                             round, is_live)
       OVERRIDING SYSTEM VALUE
       SELECT id, 1 + id / 6 / 100, id, id / 6 %% 100, ARRAY[id], '', '{}', 0, true
       FROM verification_verdict WHERE id %% 6 = 0 """,
    """INSERT INTO verification_ruling (id, package_item_id, expert_id, agrees, choice, rejected_ids, reason, seconds)
       OVERRIDING SYSTEM VALUE
       SELECT packed.id, packed.id, %(lead)s, packed.id %% 30 > 0, '', '{}',
              CASE WHEN packed.id %% 30 > 0 THEN '' ELSE 'wrong_left' END, 2
       FROM verification_packageitem packed WHERE package_id %% 10 > 0""",
    """UPDATE verification_reviewpackage package
       SET size = counted.size, right_items = CASE WHEN package.state = 'accepted' THEN counted.agreed END
       FROM (SELECT packed.package_id, count(*) AS size, count(*) FILTER (WHERE ruling.agrees) AS agreed
             FROM verification_packageitem packed LEFT JOIN verification_ruling ruling ON ruling.id = packed.id
             GROUP BY packed.package_id) counted
       WHERE counted.package_id = package.id""",
    """INSERT INTO verification_export (kind, filters, state, attempt, rows_done, rows_total, path, file_bytes, sha256,
                                        schema_version, error, created_at, finished_at, created_by_id, project_id)
       SELECT 'tags', '{}', 'done', 1, n, n, 'exports/' || n || '.jsonl', n, repeat('0', 64), 'tags-1', '', now(),
              now(), %(lead)s, 1 FROM generate_series(1, 5000) n""",
    """INSERT INTO verification_takedown (key, kind, sha256, reason, effect, checkpoints, completed_at, created_by_id,
                                          project_id)
       SELECT gen_random_uuid(), 'photo', encode(sha256(('gone' || n)::bytea), 'hex'), 'Somebody is in it.', '{}', '[]',
              now(), %(lead)s, 1 FROM generate_series(1, 20000) n""",
    """INSERT INTO verification_webhook (id, url, events, salt, is_active, created_by_id, project_id)
       OVERRIDING SYSTEM VALUE
       VALUES (1, 'https://example.org/told', ARRAY['export.done'], 'salt', true, %(lead)s, 1)""",
    """INSERT INTO verification_webhookdelivery (uid, event, subject_id, occasion, payload, state, attempts, status,
                                                 error, log, finished_at, webhook_id)
       SELECT gen_random_uuid(), 'export.done', n, n, '{}', 'delivered', 1, 200, '', '[]', now(), 1
       FROM generate_series(1, 100000) n""",
)
