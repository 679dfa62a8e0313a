"""The qualifying round: set up by a lead, worked through by new annotators, who then are given work."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from verification.models import (
    QAChoice,
    Qualification,
    QualifyingAnswer,
    QualifyingItem,
    QualifyingRound,
    SampleItem,
    TaskKind,
)
from verification.selectors.qualifying import Standing, is_needed, known_items, standing_of
from verification.services.queue import release_items
from verification.services.standing import note_qualified
from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict
from webapp.projects.models import Project

log = logging.getLogger(__name__)

MOST_ITEMS = 60


@dataclass(frozen=True, slots=True)
class Feedback:
    """How an answer compares with what is known. `standing` is that after it."""

    answer: QualifyingAnswer
    item: QualifyingItem
    standing: Standing


@transaction.atomic
def set_up_round(
    *, project: Project, user: User, item_ids: Sequence[int], size: int, pass_mark: float
) -> QualifyingRound:
    """Ask annotators who are new to the project these items first; it replaces the round there was.

    Whoever has given verdicts in the project is qualified already. Locks the project's row. Raises BadInput: no items,
    one whose right decision is not known, a size or a mark that cannot be.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    known = {item.item_id: item for item in known_items(project_id=project.pk, item_ids=sorted(set(item_ids)))}
    if not known or set(item_ids) - set(known):
        raise BadInput(_("Choose items that experts have agreed with. Load the page again: some may have changed."))
    if len(known) > MOST_ITEMS:
        raise BadInput(_("Choose at most %(most)s items.") % {"most": MOST_ITEMS})
    if not 1 <= size <= len(known):
        raise BadInput(_("Ask at least 1 item, and no more than you chose (%(count)s).") % {"count": len(known)})
    if not 0 < pass_mark <= 1:
        raise BadInput(_("The share of right items must be above 0 % and at most 100 %."))
    QualifyingRound.objects.filter(project=project, is_on=True).update(is_on=False)
    made = QualifyingRound.objects.create(project=project, size=size, pass_mark=pass_mark, created_by=user)
    QualifyingItem.objects.bulk_create(
        QualifyingItem(round=made, item_id=item.item_id, choice=item.choice, rejected_ids=item.rejected_ids)
        for item in known.values()
    )
    with connection.cursor() as cursor:
        cursor.execute(_WORKED_BEFORE, {"project": project.pk})
    log.info("qualifying round %s of project %s by user %s", made.pk, project.pk, user.pk)
    return made


def switch_round_off(*, project: Project, user: User) -> bool:
    """Give work to everybody without a round. False when none was on."""
    off = QualifyingRound.objects.filter(project=project, is_on=True).update(is_on=False)
    log.info("qualifying round of project %s switched off by user %s", project.pk, user.pk)
    return bool(off)


@transaction.atomic
def answer_item(
    *, project: Project, user: User, item_id: int, attempt: int, rejected_ids: Sequence[int] = (), choice: str = ""
) -> Feedback:
    """Decide about the item of the round that is asked now, and hear what is right. The same answer again is the same.

    With the last item of an attempt the person is qualified, or may try again. Locks the person's row, so that two
    pages of theirs are one after the other. Raises BadInput, or Conflict with code `not_asked`.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    round_ = QualifyingRound.objects.filter(project=project, is_on=True).first()
    item = QualifyingItem.objects.select_related("item__sample").filter(pk=item_id, round=round_).first()
    if round_ is None or item is None:
        raise Conflict(_("The qualifying round has changed. Go on with the new one."), code="not_asked")
    before = QualifyingAnswer.objects.filter(item=item, person=user, attempt=attempt).first()
    if before is not None:
        return Feedback(before, item, standing_of(project_id=project.pk, user_id=user.pk))
    standing = standing_of(project_id=project.pk, user_id=user.pk)
    if standing.item is None or (standing.item.pk, standing.attempt) != (item.pk, attempt):
        raise Conflict(_("This item is not asked now. Go on with the one that is."), code="not_asked")
    rejected = _checked(item.item, rejected_ids, choice)
    is_right = (sorted(item.rejected_ids), item.choice) == (rejected, choice)
    answer = QualifyingAnswer.objects.create(
        item=item, person=user, attempt=attempt, choice=choice, rejected_ids=rejected, is_right=is_right
    )
    asked, right = standing.asked + 1, standing.right + is_right
    if asked == round_.size and right >= round_.pass_mark * round_.size - 1e-9:
        Qualification.objects.update_or_create(
            project=project, person=user, defaults={"round": round_, "right": right, "asked": asked}
        )
        note_qualified(project_id=project.pk, person_id=user.pk)
        log.info("user %s qualified for project %s: %s of %s", user.pk, project.pk, right, asked)
    return Feedback(answer, item, standing_of(project_id=project.pk, user_id=user.pk))


def give_back_unqualified(*, project_id: int, user_id: int) -> None:
    """What a person who has to qualify first still holds goes to others."""
    if is_needed(project_id=project_id, user_id=user_id):
        release_items(project_id=project_id, user_id=user_id)


def _checked(item: SampleItem, rejected_ids: Sequence[int], choice: str) -> list[int]:
    if item.sample.task_kind == TaskKind.TAG:
        rejected = sorted(set(rejected_ids))
        if choice or not set(rejected) <= {tag["concept_id"] for tag in item.shown["tags"]}:
            raise BadInput(_("A tag that was marked as wrong does not belong to this item. Load the page again."))
        return rejected
    if choice not in QAChoice.values or rejected_ids:
        raise BadInput(_("Choose one of the four: correct, wrong answer, unanswerable, wrong tag."))
    return []


_WORKED_BEFORE = """
INSERT INTO verification_qualification (project_id, person_id)
SELECT %(project)s, member.user_id FROM projects_membership member
WHERE member.project_id = %(project)s AND member.role = 'annotator'
  AND EXISTS (SELECT 1 FROM verification_ledgerentry pay
              WHERE pay.annotator_id = member.user_id AND pay.project_id = %(project)s)
ON CONFLICT (project_id, person_id) DO NOTHING
"""
