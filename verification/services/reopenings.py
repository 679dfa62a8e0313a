"""A region's tags asked about again, because people said of one of its questions that the tag is wrong."""

from __future__ import annotations

from django.db import connection

from verification.models import (
    Assignment,
    AssignmentState,
    ItemState,
    Reopening,
    Sample,
    SampleItem,
    TaskKind,
)
from verification.services.answers import is_sample_open
from verification.services.queue import AHEAD_OF_EVERYBODY_SQL

MOST_ROUNDS = 3
"""People who still contradict each other after so many rounds need an expert: the item goes to the lead."""

_TAG_ITEM = """
SELECT item.id FROM verification_sample sample
JOIN verification_sampleitem item ON item.sample_id = sample.id AND item.region_ids = ARRAY[%(region)s::bigint]
WHERE sample.project_id = %(project)s AND sample.task_kind = 'tag' AND sample.is_open AND NOT item.is_gold
ORDER BY sample.id DESC LIMIT 1
FOR NO KEY UPDATE OF item
"""
# Its tags as the annotated loop has them; not drawn, so it stands for itself alone.
_NEW_ITEM = """
INSERT INTO verification_sampleitem
    (sample_id, image_id, region_ids, shown, is_gold, inclusion_probability, reason, state)
SELECT %(sample)s, annotation.image_id, ARRAY[annotation.region_id], jsonb_build_object('tags', tags.shown), false, 1.0,
       'wrong_tag', 'open'
FROM annotation_regionannotation annotation
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'concept_id', concept.id, 'text', concept.display, 'score', listed.score, 'role_mask', listed.role_mask
    ) ORDER BY listed.place) AS shown
    FROM unnest(annotation.concept_ids, annotation.scores, annotation.role_masks)
         WITH ORDINALITY AS listed (concept_id, score, role_mask, place)
    JOIN annotation_concept concept ON concept.id = listed.concept_id
) tags
WHERE annotation.loop_id = %(annotated)s AND annotation.region_id = %(region)s AND tags.shown IS NOT NULL
ON CONFLICT (sample_id, region_ids, question_answer_id, is_gold) DO NOTHING
RETURNING id
"""
_SLOTS = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, priority, state)
SELECT item.sample_id, item.id, %(round)s, slot, item.id * 16 + slot, item.priority, 'open'
FROM verification_sampleitem item
JOIN verification_sample sample ON sample.id = item.sample_id
CROSS JOIN generate_series(0, sample.overlap - 1) slot
WHERE item.id = %(item)s
ON CONFLICT (item_id, round, slot) DO NOTHING
"""
_AHEAD = f"""
UPDATE verification_assignment a SET rank = {AHEAD_OF_EVERYBODY_SQL}
WHERE a.item_id = %(item)s AND a.round = %(round)s AND a.state = 'open'
"""  # noqa: S608  # the part is a constant of this package


def reopen_tag_task(because_of: SampleItem) -> None:
    """Ask people other than before about the tags of the item's region; the region is unverified meanwhile.

    A new round of the region's tag item in an open sample, else a new item in the loop's tag sample. Nothing where its
    tags are being asked about anyway, or where people rejected this very tag already. After MOST_ROUNDS the item goes
    to the lead instead. Locks the tag item; idempotent.
    """
    if not is_sample_open(because_of.sample_id):
        return
    item = _tag_item(because_of) or _new_tag_item(because_of)
    if item is None or item.state == ItemState.ESCALATED:
        return
    if item.state == ItemState.REMOVED:
        if item.reason != "wrong_tag":
            return  # the lead took it out
        SampleItem.objects.filter(pk=item.pk).update(state=ItemState.OPEN)
        _ask(item, 0, because_of)
        return
    slots = list(Assignment.objects.filter(item=item).order_by("-round").values_list("round", "state"))
    if not slots:
        _ask(item, 0, because_of)
        return
    latest = slots[0][0]
    if any(state != AssignmentState.DONE for number, state in slots if number == latest):
        if Reopening.objects.filter(item=item, round=latest).exists():
            Reopening.objects.get_or_create(item=item, round=latest, because_of=because_of)
    elif not _is_rejected(item, latest, because_of.shown["tag"]["concept_id"]):
        if latest + 1 >= MOST_ROUNDS:
            SampleItem.objects.filter(pk=item.pk).update(state=ItemState.ESCALATED)
        else:
            _ask(item, latest + 1, because_of)


def take_back_reopening(because_of: SampleItem) -> bool:
    """The item no longer says that the tag is wrong. False when that alone opened a round and somebody has begun it."""
    for reopening in Reopening.objects.filter(because_of=because_of).order_by("item_id"):
        item = SampleItem.objects.select_for_update(no_key=True).get(pk=reopening.item_id)
        if Reopening.objects.filter(item=item, round=reopening.round).exclude(pk=reopening.pk).exists():
            reopening.delete()
            continue
        slots = Assignment.objects.filter(item=item, round=reopening.round)
        if slots.exclude(state=AssignmentState.OPEN).exists():
            return False
        if reopening.round == 0:
            SampleItem.objects.filter(pk=item.pk).update(state=ItemState.REMOVED)
        else:
            slots.delete()
        reopening.delete()
    return True


def _ask(item: SampleItem, number: int, because_of: SampleItem) -> None:
    values = {"item": item.pk, "round": number}
    with connection.cursor() as cursor:
        cursor.execute(_SLOTS, values)
        cursor.execute(_AHEAD, values)
    Reopening.objects.get_or_create(item=item, round=number, because_of=because_of)


def _tag_item(because_of: SampleItem) -> SampleItem | None:
    return _item(_TAG_ITEM, {"project": because_of.sample.project_id, "region": because_of.region_ids[0]})


def _new_tag_item(because_of: SampleItem) -> SampleItem | None:
    sample = Sample.objects.filter(loop_id=because_of.sample.loop_id, task_kind=TaskKind.TAG, is_open=True).first()
    if sample is None:
        return None
    values = {"sample": sample.pk, "annotated": sample.annotated_loop_id, "region": because_of.region_ids[0]}
    return _item(_NEW_ITEM, values) or _tag_item(because_of)


def _item(statement: str, values: dict[str, int]) -> SampleItem | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return None if row is None else SampleItem.objects.select_related("sample").get(pk=row[0])


def _is_rejected(item: SampleItem, number: int, concept_id: int) -> bool:
    """Whether most people of the round marked the concept as wrong; so, too, if it was not among the tags shown."""
    if concept_id not in {tag["concept_id"] for tag in item.shown["tags"]}:
        return True
    said = list(Assignment.objects.filter(item=item, round=number).values_list("verdict__rejected_ids", flat=True))
    return 2 * sum(concept_id in (rejected or []) for rejected in said) > len(said)
