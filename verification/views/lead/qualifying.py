"""The lead chooses what new annotators are asked first, and how much of it must be right."""

from __future__ import annotations

import contextlib
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.models import Region
from verification.models import QAChoice, QualifyingRound, SampleItem, TaskKind
from verification.selectors.qualifying import KnownItem, items_with_photos, known_items
from verification.services.qualifying import set_up_round, switch_round_off
from verification.views.crops import crop_of
from webapp.core.errors import BadInput
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

USUAL_SIZE = 10
USUAL_MARK = 80  # per cent


@project_view(Action.CHANGE_SETTINGS)
@require_safe
def qualifying(request: ProjectRequest) -> HttpResponse:
    """The round that is on, and items that one can be made of."""
    round_ = QualifyingRound.objects.filter(project=request.project, is_on=True).first()
    chosen = set(round_.items.values_list("item_id", flat=True)) if round_ else set()
    context = {
        "round": round_,
        "size": round_.size if round_ else USUAL_SIZE,
        "pass_mark": round(round_.pass_mark * 100) if round_ else USUAL_MARK,
        "candidates": _candidates(request, chosen),
    }
    return render(request, "verification/qualifying/settings.html", context)


@project_view(Action.CHANGE_SETTINGS)
@require_POST
def change_qualifying(request: ProjectRequest) -> HttpResponse:
    """Switch the round off, or on with the items that were chosen."""
    if "off" in request.POST:
        switch_round_off(project=request.project, user=request.user)
        messages.success(request, _("New annotators are given work at once."))
        return redirect("verification:qualifying", request.project.slug)
    set_up_round(
        project=request.project,
        user=request.user,
        item_ids=[_whole(value) for value in request.POST.getlist("item")],
        size=_whole(request.POST.get("size")),
        pass_mark=_whole(request.POST.get("pass_mark")) / 100,
    )
    messages.success(request, _("Annotators who are new to the project do this round first."))
    return redirect("verification:qualifying", request.project.slug)


def _whole(value: str | None) -> int:
    with contextlib.suppress(ValueError):
        if value is not None and len(value) < 19:
            return int(value)
    raise BadInput(_("Fill in whole numbers: how many items are asked, and the share that must be right."))


def _candidates(request: ProjectRequest, chosen: set[int]) -> list[dict[str, Any]]:
    known = known_items(project_id=request.project.pk)
    items = items_with_photos([one.item_id for one in known])
    boxes = Region.objects.in_bulk([item.region_ids[0] for item in items.values()])
    rows = []
    for one in known:
        item = items[one.item_id]
        region, image = boxes[item.region_ids[0]], item.image
        crop = crop_of(
            slug=request.project.slug,
            image_id=image.pk,
            width=image.width,
            height=image.height,
            box=(region.x1, region.y1, region.x2, region.y2),
        )
        rows.append({"id": item.pk, "crop": crop, "is_chosen": item.pk in chosen or not chosen, **_in_words(one, item)})
    return rows


def _in_words(known: KnownItem, item: SampleItem) -> dict[str, Any]:
    if item.sample.task_kind == TaskKind.TAG:
        tags = item.shown["tags"]
        return {
            "right": [tag["text"] for tag in tags if tag["concept_id"] not in known.rejected_ids],
            "wrong": [tag["text"] for tag in tags if tag["concept_id"] in known.rejected_ids],
        }
    return {"pair": item.shown, "choice": QAChoice(known.choice).label}
