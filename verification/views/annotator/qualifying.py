"""The qualifying round as an annotator goes through it: an item, what is right about it, the next one."""

from __future__ import annotations

import contextlib
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.marks import dim_class, mark_of
from annotation.models import Region
from verification.models import QAChoice, QualifyingAnswer, QualifyingItem, TaskKind
from verification.selectors.qualifying import standing_of
from verification.services.qualifying import answer_item
from webapp.core.errors import BadInput
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@project_view(Action.ANNOTATE)
@require_safe
def qualify(request: ProjectRequest) -> HttpResponse:
    """The item that is asked now; with ?told=…, what is right about the one before."""
    standing = standing_of(project_id=request.project.pk, user_id=request.user.pk)
    context: dict[str, Any] = {"project": request.project, "standing": standing}
    told = _told(request)
    if told is not None:
        context |= {"told": told, **_shown(request, told.item, told)}
    elif standing.item is not None:
        context |= _shown(request, standing.item, None)
    return render(request, "verification/qualifying/round.html", context)


@project_view(Action.ANNOTATE)
@require_POST
def answer_qualifying(request: ProjectRequest) -> HttpResponse:
    """Decide about the item."""
    feedback = answer_item(
        project=request.project,
        user=request.user,
        item_id=_number(request.POST.get("item")),
        attempt=_number(request.POST.get("attempt")),
        rejected_ids=[_number(value) for value in request.POST.getlist("wrong")],
        choice=request.POST.get("choice", ""),
    )
    address = reverse("verification:qualify", args=[request.project.slug])
    return redirect(f"{address}?told={feedback.answer.pk}")


def _number(value: str | None) -> int:
    with contextlib.suppress(ValueError):
        if value is not None and len(value) < 19:
            return int(value)
    raise BadInput(_("The request cannot be read. Load the page again."))


def _told(request: ProjectRequest) -> QualifyingAnswer | None:
    """The person's own answer that the address names."""
    value = request.GET.get("told", "")
    if not value.isdecimal() or len(value) > 18:
        return None
    return (
        QualifyingAnswer.objects.filter(pk=int(value), person=request.user, item__round__project=request.project)
        .select_related("item__item__image", "item__item__sample", "item__round")
        .first()
    )


def _shown(request: ProjectRequest, known: QualifyingItem, told: QualifyingAnswer | None) -> dict[str, Any]:
    item = known.item
    region = Region.objects.get(pk=item.region_ids[0])
    image = item.image
    box = (region.x1, region.y1, region.x2, region.y2)
    is_tag = item.sample.task_kind == TaskKind.TAG
    return {
        "known": known,
        "is_tag": is_tag,
        "photo": reverse("annotation:image_file", args=[request.project.slug, image.pk, "display"]),
        "image": image,
        "mark": mark_of(box, width=image.width, height=image.height),
        "dim": dim_class(image.mean_luma),
        "tags": _tags(known, told) if is_tag else [],
        "pair": None if is_tag else item.shown,
        "choices": [] if is_tag else _choices(known, told),
    }


def _tags(known: QualifyingItem, told: QualifyingAnswer | None) -> list[dict[str, Any]]:
    return [
        {
            "id": tag["concept_id"],
            "text": tag["text"],
            "said_wrong": told is not None and tag["concept_id"] in told.rejected_ids,
            "is_wrong": told is not None and tag["concept_id"] in known.rejected_ids,
        }
        for tag in known.item.shown["tags"]
    ]


def _choices(known: QualifyingItem, told: QualifyingAnswer | None) -> list[dict[str, Any]]:
    return [
        {
            "value": value,
            "label": label,
            "said": told is not None and told.choice == value,
            "is_right": told is not None and known.choice == value,
        }
        for value, label in QAChoice.choices
    ]
