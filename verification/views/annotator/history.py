"""A person's own verdicts: look again, change what no expert has yet, ask about an item."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from verification.models import QAChoice
from verification.selectors.comments import remarks_of, unread_threads
from verification.selectors.feedback import feedback_of
from verification.selectors.own_history import OwnVerdict, own_unpacked_verdicts, own_verdict, own_verdicts_on
from verification.services.comments import add_comment, mark_read
from verification.services.held_back import may_work
from verification.services.verdicts import withdraw_verdict
from verification.views.annotator.feedback import shown_feedback
from verification.views.annotator.page_keys import read_before, shown_before
from verification.views.crops import Crop, crop_of
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

FEEDBACK_LOOKED_AT = 500
DEPTH = 5000  # of the person's verdicts can be revised from here; the work screens' Undo reaches 50


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict with its picture. tags: (text, whether it was marked as wrong); choice: in words."""

    own: OwnVerdict
    crop: Crop
    tags: list[tuple[str, bool]]
    choice: str


class CommentForm(forms.Form):
    """What is sent with a comment. `key` makes a form sent twice one comment."""

    text = forms.CharField(max_length=4000, strip=True)
    key = forms.UUIDField()


@project_view(Action.ANNOTATE)
@require_safe
def history(request: ProjectRequest) -> HttpResponse:
    """What no expert has yet, the latest first."""
    asked = read_before(request)
    own, before = own_unpacked_verdicts(project_id=request.project.pk, user_id=request.user.pk, before=asked)
    context = {
        "rows": [row_of(one, slug=request.project.slug) for one in own],
        "before": shown_before(before),
        "is_first": asked is None,
        "answered": _answered(request) if asked is None else [],
    }
    return render(request, "verification/history/own.html", context)


def _answered(request: ProjectRequest) -> list[Row]:
    """Items with something new in their threads."""
    who = {"project_id": request.project.pk, "user_id": request.user.pk}
    items = [item_id for item_id, annotator in unread_threads(**who, limit=20) if annotator == request.user.pk]
    found = own_verdicts_on(**who, item_ids=items) if items else []
    return [row_of(one, slug=request.project.slug) for one in found]


@project_view(Action.ANNOTATE)
@require_safe
def item(request: ProjectRequest, key: UUID) -> HttpResponse:
    """One verdict with what experts said of it and the thread about it."""
    own = _own(request, key)
    user_id = request.user.pk
    rows, _more = feedback_of(project_id=request.project.pk, user_id=user_id, limit=FEEDBACK_LOOKED_AT)
    said = [row for row in rows if row.item_id == own.item.item_id][:1]
    remarks, _last = remarks_of(item_id=own.item.item_id, annotator_id=user_id, reader_id=user_id, with_names=False)
    context = {
        "row": row_of(own, slug=request.project.slug),
        "is_held_back": not may_work(project_id=request.project.pk, user_id=user_id),
        "feedback": shown_feedback(request, said),
        "remarks": remarks,
        "comment_key": uuid4(),
    }
    return render(request, "verification/history/item.html", context)


@project_view(Action.ANNOTATE)
@require_POST
def revise(request: ProjectRequest, key: UUID) -> HttpResponse:
    """Withdraw the verdict; its item is the person's again and opens in the task."""
    own = _own(request, key)
    withdraw_verdict(project_id=request.project.pk, user_id=request.user.pk, verdict_key=key, key=uuid4(), depth=DEPTH)
    return redirect(f"verification:{own.task_kind}_task", slug=request.project.slug)


@project_view(Action.ANNOTATE)
@require_POST
def comment(request: ProjectRequest, key: UUID) -> HttpResponse:
    """Ask or answer about the item of one's own verdict."""
    own = _own(request, key)
    text, form_key = read_comment(request)
    add_comment(
        project_id=request.project.pk,
        item_id=own.item.item_id,
        annotator_id=request.user.pk,
        writer_id=request.user.pk,
        is_lead=False,
        text=text,
        key=form_key,
    )
    messages.success(request, _("Sent. An answer is shown on My work."))
    return redirect("verification:own_item", request.project.slug, key)


@project_view(Action.ANNOTATE)
@require_POST
def read(request: ProjectRequest, key: UUID) -> HttpResponse:
    """The thread has been read."""
    own = _own(request, key)
    user_id = request.user.pk
    who = {"item_id": own.item.item_id, "annotator_id": user_id, "reader_id": user_id}
    _remarks, last = remarks_of(**who, with_names=False)
    mark_read(**who, last_comment_id=last)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("verification:own_item", request.project.slug, key)


def read_comment(request: ProjectRequest) -> tuple[str, UUID]:
    """The form's text and key. Raises BadInput."""
    form = CommentForm(request.POST)
    if not form.is_valid():
        raise BadInput(_("Write something first."))
    return form.cleaned_data["text"], form.cleaned_data["key"]


def row_of(own: OwnVerdict, *, slug: str) -> Row:
    item = own.item
    crop = crop_of(slug=slug, image_id=item.image_id, width=item.width, height=item.height, box=item.box)
    tags = [(tag.text, tag.concept_id in own.rejected_ids) for tag in item.tags]
    choice = str(QAChoice(own.choice).label) if own.choice in QAChoice.values else ""
    return Row(own, crop, tags, choice)


def _own(request: ProjectRequest, key: UUID) -> OwnVerdict:
    own = own_verdict(project_id=request.project.pk, user_id=request.user.pk, key=key)
    if own is None:
        raise NotFound(_("There is no verdict of yours here. It may have been withdrawn."))
    return own
