"""The history of one item, and the threads about it: for leads, and for experts who have decided about it."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.models import Region
from verification.models import SampleItem
from verification.selectors.comments import remarks_of, role_in_thread
from verification.selectors.item_history import history_of, may_see_history
from verification.services.comments import add_comment
from verification.views.annotator.history import read_comment
from verification.views.crops import crop_of
from webapp.core.errors import NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@project_view(Action.SEE_ITEM_HISTORY)
@require_safe
def history(request: ProjectRequest, item_id: int) -> HttpResponse:
    """Every verdict, review and change, by whom and when; the threads with the people who judged it."""
    item = _item(request, item_id)
    is_lead = Action.SEE_QUALITY in request.permitted
    found = history_of(item, viewer_id=request.user.pk, with_names=is_lead)
    who: dict[str, Any] = {"item_id": item.pk, "is_lead": is_lead, "person_id": request.user.pk}
    threads = [
        {
            "annotator_id": user_id,
            "name": name,
            "remarks": remarks_of(item_id=item.pk, annotator_id=user_id, reader_id=request.user.pk, with_names=is_lead)[
                0
            ],
        }
        for user_id, name in found.annotators
        if role_in_thread(annotator_id=user_id, **who) is not None
    ]
    region = Region.objects.filter(pk=item.region_ids[0]).first()
    image = item.image
    context = {
        "item": item,
        "history": found,
        "threads": threads,
        "is_lead": is_lead,
        "comment_key": uuid4(),
        "crop": crop_of(
            slug=request.project.slug,
            image_id=image.pk,
            width=image.width,
            height=image.height,
            box=(region.x1, region.y1, region.x2, region.y2),
        )
        if region is not None and image.display
        else None,
    }
    return render(request, "verification/history/history.html", context)


@project_view(Action.SEE_ITEM_HISTORY)
@require_POST
def comment(request: ProjectRequest, item_id: int, annotator_id: int) -> HttpResponse:
    """Write to the annotator about their work on the item."""
    item = _item(request, item_id)
    text, key = read_comment(request)
    add_comment(
        project_id=request.project.pk,
        item_id=item.pk,
        annotator_id=annotator_id,
        writer_id=request.user.pk,
        is_lead=Action.SEE_QUALITY in request.permitted,
        text=text,
        key=key,
    )
    messages.success(request, _("Sent. They read it on My work."))
    return redirect("verification:item_history", request.project.slug, item.pk)


def _item(request: ProjectRequest, item_id: int) -> SampleItem:
    item = (
        SampleItem.objects.filter(pk=item_id, sample__project=request.project)
        .select_related("sample__loop", "image")
        .first()
        if item_id < 2**63
        else None
    )
    is_lead = Action.SEE_QUALITY in request.permitted
    if item is None or not (is_lead or may_see_history(item_id=item.pk, user_id=request.user.pk)):
        raise NotFound(_("There is no such item, or you have not decided about it yet."))
    return item
