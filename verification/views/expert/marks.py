"""The endpoints behind a package: a mark is saved as soon as it is made. One service call each."""

from typing import Annotated

from django.http import HttpResponse
from django.views.decorators.http import require_POST
from pydantic import Field

from verification.services.reviews import MAX_TEXT, Mark, rule_item, unrule_item
from verification.views.annotator.payloads import answer
from verification.views.annotator.requests import Id, _Sent, read_sent
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

Text = Annotated[str, Field(max_length=MAX_TEXT)]


class MarkSent(_Sent):
    """What an expert says of one item; who agrees sends nothing but that."""

    item: Id
    agrees: bool
    reason: Annotated[str, Field(max_length=16)] = ""
    rejected: list[Id] = Field(default_factory=list, max_length=20)
    choice: Annotated[str, Field(max_length=16)] = ""
    bad_box: bool = False
    correction: Text = ""
    note: Text = ""
    seconds: Annotated[float, Field(allow_inf_nan=False)] = 0.0


class UnmarkSent(_Sent):
    item: Id


@project_view(Action.REVIEW)
@require_POST
def mark(request: ProjectRequest, package_id: int) -> HttpResponse:
    """Save a mark. Sending it again changes nothing."""
    sent = read_sent(request, MarkSent)
    said = Mark(
        agrees=sent.agrees,
        reason=sent.reason,
        rejected_ids=tuple(sent.rejected),
        choice=sent.choice,
        is_bad_box=sent.bad_box,
        correction=sent.correction,
        note=sent.note,
        seconds=sent.seconds,
    )
    rule_item(
        project_id=request.project.pk, user_id=request.user.pk, package_id=package_id, item_id=sent.item, mark=said
    )
    return answer({"item": sent.item, "state": "agree" if sent.agrees else "disagree"})


@project_view(Action.REVIEW)
@require_POST
def unmark(request: ProjectRequest, package_id: int) -> HttpResponse:
    """Take a mark back."""
    sent = read_sent(request, UnmarkSent)
    unrule_item(project_id=request.project.pk, user_id=request.user.pk, package_id=package_id, item_id=sent.item)
    return answer({"item": sent.item, "state": ""})
