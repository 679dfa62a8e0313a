"""Packages for tests: samples judged whole, packed, and ruled on."""

import uuid
from typing import Any

from django.db import connection

from tests.factories import make_sample
from tests.verification.judgements import judge_all
from verification.models import Assignment, PackageItem, PackageState, ReviewPackage, Sample, SampleItem, Verdict
from verification.services.packages import pack
from verification.services.reviews import Mark, Outcome, decide_package, rule_item, take_package
from webapp.accounts.models import User
from webapp.projects.models import Membership

AGREE = Mark(agrees=True)


def reviewed(project: Any, *, size: int = 20, threshold: float = 0.95, second_looks: float = 0.0) -> Any:
    """The project, with experts who review packages of `size` items."""
    project.review_required, project.package_size = True, size
    project.package_threshold, project.expert_overlap = threshold, second_looks
    project.save()
    return project


def member(project: Any, name: str, *roles: str) -> Any:
    user = User.objects.create_user(name, f"{name}@example.org", "correct horse battery")
    Membership.objects.bulk_create(Membership(project=project, user=user, role=role) for role in roles)
    return user


def judged_sample(project: Any, *people: Any, items: int = 20, wrong_every: int = 1_000_000) -> Sample:
    """A tag sample in which these people did everything: one slot per item for each of them."""
    sample = make_sample(project, items=items, overlap=len(people), images=1)
    judge_all(sample, list(people), wrong_every=wrong_every)
    return sample


def said(item: SampleItem, person: Any, *wrong: str, **more: Any) -> Verdict:
    """`person` did the item's first open slot and marked the tags with these texts as wrong."""
    slot = Assignment.objects.filter(item=item, state="open").order_by("round", "slot")[0]
    ids = [tag["concept_id"] for tag in item.shown.get("tags", []) if tag["text"] in wrong]
    verdict = Verdict.objects.create(
        assignment=slot, item=item, annotator=person, key=uuid.uuid4(), rejected_ids=ids, seconds=1, **more
    )
    Assignment.objects.filter(pk=slot.pk).update(state="done", annotator=person, verdict=verdict)
    return verdict


def packed(sample: Sample, *, final: bool = True) -> list[ReviewPackage]:
    pack(sample_id=sample.pk, final=final)
    return list(ReviewPackage.objects.filter(sample=sample).order_by("pk"))


def contents(package: ReviewPackage) -> list[PackageItem]:
    return list(PackageItem.objects.filter(package=package).select_related("item").order_by("position"))


def disagreement(item: PackageItem, place: int = 0, **more: Any) -> Mark:
    """The expert says the opposite of the annotator about the item's tag at `place`."""
    tag = item.item.shown["tags"][place]["concept_id"]
    wrong = set(item.rejected_ids) ^ {tag}
    reason = "right_rejected" if tag in item.rejected_ids else "wrong_left"
    return Mark(agrees=False, reason=reason, rejected_ids=tuple(wrong), **more)


def rule_all(package: ReviewPackage, expert: Any, *, wrong: int = 0) -> None:
    """Take the package and rule on all of it; the expert disagrees with its first `wrong` items."""
    take_package(project_id=package.project_id, user_id=expert.pk, package_id=package.pk)
    for item in contents(package):
        rule_item(
            project_id=package.project_id,
            user_id=expert.pk,
            package_id=package.pk,
            item_id=item.pk,
            mark=disagreement(item) if item.position < wrong else AGREE,
        )


def review(package: ReviewPackage, expert: Any, *, wrong: int = 0) -> Outcome:
    """Take, rule on everything, close."""
    rule_all(package, expert, wrong=wrong)
    return decide_package(project_id=package.project_id, user_id=expert.pk, package_id=package.pk)


def child_of(package: ReviewPackage) -> ReviewPackage:
    return ReviewPackage.objects.get(parent=package)


def judge_again(package: ReviewPackage, *, wrong: bool = False) -> None:
    """The annotator of a redo does all of it by one statement; `wrong`: the best tag of each is marked wrong."""
    assert package.state == PackageState.REDO
    slots = Assignment.objects.filter(item__packed__package=package, held_for=package.author_id, state="open")
    with connection.cursor() as cursor:
        cursor.execute(_JUDGE, {"slots": list(slots.values_list("pk", flat=True)), "wrong": wrong})


_JUDGE = """
WITH verdict AS (
    INSERT INTO verification_verdict
        (assignment_id, item_id, annotator_id, key, choice, rejected_ids, is_withdrawal, seconds)
    SELECT slot.id, slot.item_id, slot.held_for_id, gen_random_uuid(), '',
           CASE WHEN %(wrong)s THEN ARRAY[(item.shown #>> '{tags,0,concept_id}')::bigint] ELSE '{}' END, false, 2
    FROM verification_assignment slot JOIN verification_sampleitem item ON item.id = slot.item_id
    WHERE slot.id = ANY(%(slots)s::bigint[])
    RETURNING id, assignment_id, annotator_id
)
UPDATE verification_assignment slot
SET state = 'done', annotator_id = verdict.annotator_id, leased_until = NULL, verdict_id = verdict.id
FROM verdict WHERE slot.id = verdict.assignment_id
"""
