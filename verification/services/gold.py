"""Gold items: planted a few at a time, just when they are due, so that nothing tells them from the others.

A gold item is a copy of an item whose decision an expert agreed with in an accepted package. It stands in the sample
that people work on, and each of its slots is held for one annotator who has never seen the region. Whoever has it
judges and is paid as always; nothing is written about how they did: that is read from the verdict
(selectors/gold_scores.py). Gold items are never packed, verified, exported or counted in a sample's progress.
"""

import logging
import math
import random
from typing import Any

from django.db import connection, transaction

from verification.models import GoldItem, Sample, SampleItem, TaskKind
from webapp.projects.models import Project

log = logging.getLogger(__name__)

GOLD_KINDS = (TaskKind.TAG, TaskKind.QA)  # the answer to write has no single right wording
MOST_AT_ONCE = 3
PACKAGES_LOOKED_AT = 50


def plant_gold(*, project_id: int | None = None) -> int:
    """Hold a gold item for everybody who is due one, in one project or in all. Returns how many. For the timer.

    Due is, on average, who has judged (1 - share) / share items since the last one; the distance varies at random by
    half, so that nobody can count. A second call plants nothing more until people have worked on. Locks each sample
    that it plants in.
    """
    projects = Project.objects.filter(gold_share__gt=0, paused_at=None)
    if project_id is not None:
        projects = projects.filter(pk=project_id)
    planted = 0
    for project in projects:
        samples = Sample.objects.filter(project=project, is_open=True, task_kind__in=GOLD_KINDS)
        for sample_id in samples.order_by("pk").values_list("pk", flat=True):
            planted += _plant(project, sample_id)
    return planted


def verdicts_until_next(share: float, *, person_id: int, last_slot: int) -> int:
    """After how many verdicts the next gold item is due; the same each time it is asked. share: in (0, 0.5]."""
    dice = random.Random(f"gold {person_id} {last_slot}")
    return max(1, math.floor((1 - share) / share * dice.uniform(0.5, 1.5) + dice.random()))


def _plant(project: Project, sample_id: int) -> int:
    planted = 0
    with transaction.atomic(), connection.cursor() as cursor:
        sample = Sample.objects.select_for_update(no_key=True).get(pk=sample_id)
        if not sample.is_open:
            return 0
        cursor.execute(_WORKED, {"sample": sample.pk, "project": project.pk})
        for person_id, last_slot, judged in cursor.fetchall():
            due = judged // verdicts_until_next(project.gold_share, person_id=person_id, last_slot=last_slot)
            for source in _sources(cursor, sample, person_id, min(due, MOST_AT_ONCE)):
                _hold(cursor, sample, person_id, source)
                planted += 1
    if planted:
        log.info("sample %s: %s gold slots planted", sample_id, planted)
    return planted


def _sources(cursor: Any, sample: Sample, person_id: int, count: int) -> list[int]:
    """Package items that this person may be given as gold."""
    if count < 1:
        return []
    values = {"sample": sample.pk, "project": sample.project_id, "kind": sample.task_kind, "person": person_id}
    cursor.execute(_SOURCES, {**values, "count": count})
    return [row[0] for row in cursor.fetchall()]


def _hold(cursor: Any, sample: Sample, person_id: int, source_id: int) -> None:
    cursor.execute(_ITEM, {"sample": sample.pk, "source": source_id})
    cursor.execute(_FIND_ITEM, {"sample": sample.pk, "source": source_id})
    item = SampleItem.objects.get(pk=cursor.fetchone()[0])
    cursor.execute(_GOLD, {"item": item.pk, "source": source_id})
    gold = GoldItem.objects.get(item=item)
    cursor.execute(_SLOT, {"sample": sample.pk, "item": item.pk, "person": person_id})
    values = {"project": sample.project_id, "gold": gold.pk, "slot": cursor.fetchone()[0], "person": person_id}
    cursor.execute(_GOLD_SLOT, values)


# Who works on the sample now, their last gold slot in it, and how much they judged since (counted to 500).
_WORKED = """
SELECT person.user_id, coalesce(last.id, 0), worked.judged
FROM verification_sample sample
JOIN (SELECT DISTINCT member.user_id FROM projects_membership member
      JOIN accounts_user account ON account.id = member.user_id AND account.is_active
      WHERE member.project_id = %(project)s AND member.role = 'annotator') person ON true
LEFT JOIN LATERAL (
    SELECT planted.id, planted.created_at
    FROM verification_goldslot planted
    JOIN verification_assignment slot ON slot.id = planted.assignment_id
    WHERE planted.project_id = %(project)s AND planted.annotator_id = person.user_id AND slot.sample_id = sample.id
    ORDER BY planted.id DESC LIMIT 1
) last ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS judged FROM (
        SELECT 1 FROM verification_verdict verdict
        JOIN verification_sampleitem item ON item.id = verdict.item_id AND NOT item.is_gold
        WHERE verdict.annotator_id = person.user_id AND item.sample_id = sample.id AND NOT verdict.is_withdrawal
          AND verdict.created_at > coalesce(last.created_at, sample.created_at)
        LIMIT 500) since
) worked
WHERE sample.id = %(sample)s AND worked.judged > 0
  AND NOT EXISTS (SELECT 1 FROM verification_standing standing
                  WHERE standing.project_id = %(project)s AND standing.person_id = person.user_id
                    AND (standing.paused_at IS NOT NULL OR standing.requalify_since IS NOT NULL))
ORDER BY person.user_id
"""

# Of the latest accepted packages: what an expert agreed with, of regions that the person neither judged, skipped nor
# ruled on, and that nobody is asked about now. For QA the question counts, not the region.
_SOURCES = f"""
SELECT packed.id
FROM (SELECT id, expert_id FROM verification_reviewpackage
      WHERE project_id = %(project)s AND state = 'accepted' AND second_look_of_id IS NULL
        AND expert_id IS DISTINCT FROM %(person)s
      ORDER BY id DESC LIMIT {PACKAGES_LOOKED_AT}) accepted
JOIN verification_packageitem packed ON packed.package_id = accepted.id AND packed.is_live AND NOT packed.is_bad_box
JOIN verification_ruling ruling ON ruling.package_item_id = packed.id AND ruling.agrees
JOIN verification_sampleitem source ON source.id = packed.item_id AND source.state = 'open' AND NOT source.is_gold
JOIN verification_sample origin ON origin.id = source.sample_id AND origin.task_kind = %(kind)s
WHERE NOT EXISTS (
    SELECT 1 FROM verification_sample sample
    JOIN verification_sampleitem seen ON seen.sample_id = sample.id AND seen.region_ids = source.region_ids
     AND seen.question_answer_id IS NOT DISTINCT FROM source.question_answer_id
    WHERE sample.project_id = %(project)s AND sample.task_kind = %(kind)s
      AND (EXISTS (SELECT 1 FROM verification_assignment slot WHERE slot.item_id = seen.id
                     AND (slot.annotator_id = %(person)s OR slot.held_for_id = %(person)s
                          OR (NOT seen.is_gold AND slot.state <> 'done')))
           OR EXISTS (SELECT 1 FROM verification_verdict verdict
                      WHERE verdict.item_id = seen.id AND verdict.annotator_id = %(person)s)
           OR EXISTS (SELECT 1 FROM verification_skip skip
                      WHERE skip.item_id = seen.id AND skip.annotator_id = %(person)s)
           OR EXISTS (SELECT 1 FROM verification_packageitem other
                      JOIN verification_ruling theirs ON theirs.package_item_id = other.id
                      WHERE other.item_id = seen.id AND theirs.expert_id = %(person)s))
)
  AND NOT EXISTS (SELECT 1 FROM verification_assignment later
                  WHERE later.item_id = source.id AND later.round > packed.round)
ORDER BY random() LIMIT %(count)s::int
"""  # noqa: S608  # a constant of this module

# `reason` is the original's: no list shows another one.
_ITEM = """
INSERT INTO verification_sampleitem
    (sample_id, image_id, region_ids, question_answer_id, shown, is_gold, inclusion_probability, reason, state)
SELECT %(sample)s, source.image_id, source.region_ids, source.question_answer_id, source.shown, true,
       source.inclusion_probability, source.reason, 'open'
FROM verification_packageitem packed JOIN verification_sampleitem source ON source.id = packed.item_id
WHERE packed.id = %(source)s
ON CONFLICT (sample_id, region_ids, question_answer_id, is_gold) DO NOTHING
"""
_FIND_ITEM = """
SELECT item.id
FROM verification_packageitem packed
JOIN verification_sampleitem source ON source.id = packed.item_id
JOIN verification_sampleitem item ON item.sample_id = %(sample)s AND item.region_ids = source.region_ids
 AND item.question_answer_id IS NOT DISTINCT FROM source.question_answer_id AND item.is_gold
WHERE packed.id = %(source)s
"""
_GOLD = """
INSERT INTO verification_golditem (item_id, source_id, choice, rejected_ids)
SELECT %(item)s, packed.id, packed.choice, packed.rejected_ids
FROM verification_packageitem packed WHERE packed.id = %(source)s
ON CONFLICT (item_id) DO NOTHING
"""
# Ranked where the person is: a rank beyond the others' would be met by their cursor.
_SLOT = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, state, held_for_id)
SELECT %(sample)s, %(item)s, 0,
       (SELECT coalesce(max(other.slot) + 1, 0) FROM verification_assignment other WHERE other.item_id = %(item)s),
       coalesce((SELECT max(own.rank) FROM verification_assignment own
                 WHERE own.annotator_id = %(person)s AND own.sample_id = %(sample)s AND own.priority = 0), 0),
       'open', %(person)s
RETURNING id
"""
_GOLD_SLOT = """
INSERT INTO verification_goldslot (project_id, gold_id, assignment_id, annotator_id)
VALUES (%(project)s, %(gold)s, %(slot)s, %(person)s)
"""
