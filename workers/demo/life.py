"""Invented people for the demo, and their work: so that every page of it shows something on the first day.

Everything goes through the services that pages call. What the invented people say comes from a fixed seed and rests on
nothing: the project's description says so. They cannot sign in, so no work is ever given to them.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.db import transaction

from annotation.models import Loop
from verification.models import (
    AuditChoice,
    DisagreeReason,
    ExportKind,
    PackageItem,
    QAChoice,
    ReviewPackage,
    SampleItem,
    TaskKind,
)
from verification.services.audit_draws import draw_audit
from verification.services.audits import judge_task, lease_tasks
from verification.services.comments import add_comment
from verification.services.exports import request_export, run_export
from verification.services.packages import pack
from verification.services.queue import LeasedItem, lease_items, release_items
from verification.services.redos import settle_redos
from verification.services.reviews import Mark, decide_package, rule_item, take_package
from verification.services.verdicts import record_verdict
from webapp.accounts.models import User
from webapp.projects.models import Membership, Project, Role

PACKAGE_SIZE: Final = 20
AUDIT_SIZE: Final = 30
AUDIT_OVERLAP: Final = 0.2
TAG_ITEMS: Final = {"ines": 40, "tom": 42}
QUESTIONS: Final = 12
PEOPLE: Final = {
    "ines": ("Ines", "Okafor", Role.ANNOTATOR),
    "tom": ("Tom", "Berg", Role.ANNOTATOR),
    "mara": ("Mara", "Lind", Role.EXPERT),
}

Say = Callable[[str], None]


def audit_the_models(loop: Loop) -> None:
    """Draw the audit of a loop; before the next loop's sample, which leaves out what is audited. Idempotent."""
    draw_audit(loop=loop, size=AUDIT_SIZE, overlap_share=AUDIT_OVERLAP, seed=loop.number)


def live(project: Project, loop: Loop, say: Say) -> None:
    """The invented people come, work on the loop's samples, and leave. All of it or nothing; once."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if User.objects.filter(username__in=_names()).exists():
            return
        _Demo(project, loop).play()
    run_export(request_export(project=project, user=None, kind=ExportKind.TAGS).pk)
    say("Three invented people have judged, reviewed and audited some of it.")


def _names() -> list[str]:
    return [f"demo-{name}" for name in PEOPLE]


class _Demo:
    """One play, always the same for the same items."""

    def __init__(self, project: Project, loop: Loop) -> None:
        self.project, self.loop = project, loop
        self.random = random.Random(1)

    def play(self) -> None:
        self.people = {name: self._person(name) for name in PEOPLE}
        ines, tom, mara = self.people.values()
        for name, items in TAG_ITEMS.items():
            self._judge(self.people[name], items)
        self._check(tom, QUESTIONS)
        for sample in self.loop.samples.filter(task_kind=TaskKind.TAG):
            pack(sample_id=sample.pk, final=False)
        of_ines, of_tom = (list(ReviewPackage.objects.filter(author=one).order_by("pk")) for one in (ines, tom))
        for package, wrong in ((of_ines[0], 1), (of_tom[0], 1), (of_ines[1], 0)):
            self._review(package, mara, wrong=wrong)
        self._review(of_tom[1], mara, wrong=4)  # below the threshold: Ines judges it anew, for another expert
        self._judge(ines, PACKAGE_SIZE)  # what is kept for somebody, they are given first
        settle_redos(loop_id=self.loop.pk)
        self._talk(of_ines[0], ines, mara)
        self._audit(mara)
        for person in self.people.values():
            release_items(project_id=self.project.pk, user_id=person.pk)
        User.objects.filter(pk__in=[person.pk for person in self.people.values()]).update(is_active=False)

    def _person(self, name: str) -> User:
        first, last, role = PEOPLE[name]
        user = User(username=f"demo-{name}", first_name=first, last_name=last, email=f"demo-{name}@demo.localhost")
        user.set_unusable_password()
        user.save()
        Membership.objects.create(project=self.project, user=user, role=role)
        return user

    def _judge(self, person: User, items: int) -> None:
        """Tags: those further down the ranking are more often wrong."""
        done = 0
        while done < items:
            leased = lease_items(project_id=self.project.pk, user_id=person.pk, count=5)
            for item in leased[: items - done]:
                wrong = [tag.concept_id for place, tag in enumerate(item.tags) if self.random.random() < 0.12 * place]
                self._record(person, item, TaskKind.TAG, rejected_ids=wrong)
            done += len(leased)
            if not leased:
                break
        release_items(project_id=self.project.pk, user_id=person.pk)

    def _check(self, person: User, items: int) -> None:
        choices = [QAChoice.CORRECT, QAChoice.CORRECT, QAChoice.CORRECT, QAChoice.WRONG_ANSWER, QAChoice.UNANSWERABLE]
        leased = lease_items(project_id=self.project.pk, user_id=person.pk, count=items, kind=TaskKind.QA)
        for place, item in enumerate(leased):
            self._record(person, item, TaskKind.QA, choice=choices[place % len(choices)].value)

    def _record(self, person: User, item: LeasedItem, kind: TaskKind, **content: object) -> None:
        record_verdict(
            project_id=self.project.pk,
            user_id=person.pk,
            assignment_id=item.assignment_id,
            seconds=round(self.random.uniform(3, 9), 1),
            key=uuid.UUID(int=self.random.getrandbits(128), version=4),
            kind=kind,
            **content,  # type: ignore[arg-type]  # of the kind
        )

    def _review(self, package: ReviewPackage, expert: User, *, wrong: int) -> None:
        """The expert disagrees with the first `wrong` items."""
        who = {"project_id": self.project.pk, "user_id": expert.pk, "package_id": package.pk}
        take_package(**who)
        packed = PackageItem.objects.filter(package=package).select_related("item").order_by("position")
        for item in packed:
            rule_item(**who, item_id=item.pk, mark=_otherwise(item) if item.position < wrong else Mark(agrees=True))
        decide_package(**who)

    def _talk(self, package: ReviewPackage, annotator: User, expert: User) -> None:
        item = SampleItem.objects.filter(packed__package=package).order_by("pk")[0]
        about: dict[str, Any] = {
            "project_id": self.project.pk,
            "item_id": item.pk,
            "annotator_id": annotator.pk,
            "is_lead": False,
        }
        said = ((annotator, "Does a part of it in the picture count?"), (expert, "Yes, if one can tell what it is."))
        for writer, text in (*said, (annotator, "And a drawing of it?")):
            add_comment(**about, writer_id=writer.pk, text=text, key=uuid.UUID(int=self.random.getrandbits(128)))

    def _audit(self, expert: User) -> None:
        """Everything that one expert may judge; the second judgements stay open for another."""
        while tasks := lease_tasks(project_id=self.project.pk, user_id=expert.pk, count=10):
            for task in tasks:
                right = [tag.concept_id for tag in task.tags if self.random.random() < 0.45]
                judge_task(
                    project_id=self.project.pk,
                    user_id=expert.pk,
                    slot_id=task.slot_id,
                    key=uuid.UUID(int=self.random.getrandbits(128)),
                    choice=AuditChoice.JUDGED,
                    right_ids=right,
                    seconds=round(self.random.uniform(4, 12), 1),
                )


def _otherwise(packed: PackageItem) -> Mark:
    """The opposite of what the annotator said of the second tag."""
    tags = packed.item.shown["tags"]
    tag = tags[min(1, len(tags) - 1)]["concept_id"]
    was_marked = tag in packed.rejected_ids
    return Mark(
        agrees=False,
        reason=DisagreeReason.RIGHT_REJECTED if was_marked else DisagreeReason.WRONG_LEFT,
        rejected_ids=tuple(set(packed.rejected_ids) ^ {tag}),
        note="One sees only a part of it." if was_marked else "It stands beside the box.",
    )
