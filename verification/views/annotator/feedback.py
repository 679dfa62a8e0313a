"""What experts said of a person's work, as that person reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from verification.selectors.feedback import Feedback, feedback_of
from verification.selectors.own_history import own_verdicts_on
from verification.views.annotator.page_keys import read_before, shown_before
from verification.views.crops import Crop, crop_of
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@dataclass(frozen=True, slots=True)
class Shown:
    """One item. says: sentences, each (before, the words it is about, after); key: of the person's verdict, None where
    it does not stand any more."""

    key: UUID | None
    crop: Crop
    says: list[tuple[str, str, str]]
    reason: str
    note: str
    at: datetime


@project_view(Action.ANNOTATE)
@require_safe
def feedback(request: ProjectRequest) -> HttpResponse:
    """Items on which experts decided otherwise, the latest first."""
    rows, before = feedback_of(project_id=request.project.pk, user_id=request.user.pk, before=read_before(request))
    context = {"rows": shown_feedback(request, rows), "before": shown_before(before)}
    return render(request, "verification/history/feedback.html", context)


def shown_feedback(request: ProjectRequest, rows: Sequence[Feedback]) -> list[Shown]:
    """In words, with pictures and links to the person's own verdicts. One query."""
    items = [row.item_id for row in rows]
    own = own_verdicts_on(project_id=request.project.pk, user_id=request.user.pk, item_ids=items) if rows else []
    keys = {one.item.item_id: one.key for one in own}
    return [_shown(row, keys.get(row.item_id), slug=request.project.slug) for row in rows]


def _shown(row: Feedback, key: UUID | None, *, slug: str) -> Shown:
    says = [
        (_("You left"), tag.text, _("as right. Experts: it is wrong."))
        if tag.was_left
        else (_("You marked"), tag.text, _("as wrong. Experts: it is right."))
        for tag in row.tags
    ]
    if row.right_choice and row.choice != row.right_choice:
        chosen = row.choice_label or _("an answer")
        says.append((_("You chose"), chosen, _("Experts: %(right)s.") % {"right": row.right_choice_label}))
    if row.right_answer:
        says.append((_("Experts wrote"), row.right_answer, ""))
    if row.said_bad_box != row.is_bad_box:
        right = _("Experts: the box does not show one thing.") if row.is_bad_box else _("Experts: the box is good.")
        says.append((right, "", ""))
    crop = crop_of(slug=slug, image_id=row.image_id, width=row.width, height=row.height, box=row.box)
    return Shown(
        key, crop, says or [(row.reason_label, "", "")], row.reason_label if says else "", row.note, row.decided_at
    )
