"""Questions for tests: a QA sample beside the tag sample of the same regions, and people who check and answer them."""

import uuid
from typing import Any

from verification.models import Assignment, Sample, SampleItem, TaskKind
from verification.services.queue import LeasedItem, lease_items, release_items
from verification.services.tickets import issue_ticket
from verification.services.verdicts import Receipt, record_verdict

QA, ANSWER = TaskKind.QA, TaskKind.ANSWER


def make_question_sample(tags: Sample, *, overlap: int = 1, pairs: int = 1) -> Sample:
    """An open QA sample about the first tag of each region of a tag sample: `pairs` questions for each."""
    sample = Sample.objects.create(
        project=tags.project,
        loop=tags.loop,
        annotated_loop=tags.annotated_loop,
        task_kind=QA,
        seed=2,
        overlap=overlap,
    )
    items = []
    for place, item in enumerate(SampleItem.objects.filter(sample=tags).order_by("pk")):
        tag = {key: item.shown["tags"][0][key] for key in ("concept_id", "text")}
        items += [
            SampleItem(
                sample=sample,
                image_id=item.image_id,
                region_ids=item.region_ids,
                question_answer_id=1000 + 10 * place + number,
                shown={
                    "tag": tag,
                    "question": f"What colour is the {tag['text']} ({number})?",
                    "answer": f"The {tag['text']} is red.",
                    "others": [{"question": "Where is it?", "answer": "On the table."}],
                },
                inclusion_probability=0.25,
            )
            for number in range(pairs)
        ]
    SampleItem.objects.bulk_create(items)
    Assignment.objects.bulk_create(
        Assignment(sample=sample, item=item, round=0, slot=slot, rank=item.pk * 16 + slot)
        for item in items
        for slot in range(overlap)
    )
    return sample


def lease_kind(project: Any, user: Any, kind: TaskKind = QA, count: int = 20) -> list[LeasedItem]:
    return lease_items(project_id=project.pk, user_id=user.pk, count=count, kind=kind)


def decide(
    project: Any, user: Any, slot: LeasedItem, choice: str = "", *, kind: TaskKind = QA, text: str = "", key: Any = None
) -> Receipt:
    """Submit a choice, or a text, for an item that the person holds."""
    return record_verdict(
        project_id=project.pk,
        user_id=user.pk,
        assignment_id=slot.assignment_id,
        choice=choice,
        text=text,
        seconds=3.0,
        key=key or uuid.uuid4(),
        ticket=issue_ticket(user_id=user.pk, assignment_id=slot.assignment_id),
        kind=kind,
    )


def check(item: SampleItem, user: Any, choice: str) -> uuid.UUID:
    """`user` leases the QA item and decides; the verdict's key."""
    slot = next(leased for leased in lease_kind(item.sample.project, user) if leased.item_id == item.pk)
    key = uuid.uuid4()
    decide(item.sample.project, user, slot, choice, key=key)
    release_items(project_id=item.sample.project_id, user_id=user.pk)  # for the next one
    return key


def answer(item: SampleItem, user: Any, text: str = "", choice: str = "") -> uuid.UUID:
    """`user` leases the item that asks for the right answer of the QA item `item`, and writes it; the key."""
    project = item.sample.project
    slot = next(
        leased
        for leased in lease_kind(project, user, ANSWER)
        if SampleItem.objects.get(pk=leased.item_id).parent_id == item.pk
    )
    key = uuid.uuid4()
    decide(project, user, slot, choice, kind=ANSWER, text=text, key=key)
    release_items(project_id=project.pk, user_id=user.pk)
    return key
