"""What the work screens are sent, as JSON."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpResponse
from django.urls import get_script_prefix
from django.utils.dateformat import time_format
from django.utils.timezone import localtime

from verification.selectors.work import PastItem
from verification.services.concealment import ITEM, SLOT, conceal
from verification.services.queue import LeasedItem
from verification.services.tickets import issue_ticket
from webapp.projects.models import Project


def answer(content: dict[str, Any]) -> HttpResponse:
    """A JSON answer that is never cached."""
    return HttpResponse(orjson.dumps(content), content_type="application/json", headers={"Cache-Control": "no-store"})


def items_payload(items: Iterable[LeasedItem], *, slug: str, user_id: int) -> list[dict[str, Any]]:
    """Items as an annotator may see them: photo, box, words. No scores, sources or names."""
    images = f"{get_script_prefix()}p/{slug}/images/"
    return [
        {
            "assignment": conceal(item.assignment_id, SLOT),
            "item": conceal(item.item_id, ITEM),
            "ticket": issue_ticket(user_id=user_id, assignment_id=item.assignment_id),
            "image": {
                "src": f"{images}{item.image_id}/display",
                "width": item.width,
                "height": item.height,
                "luma": item.mean_luma,
            },
            "box": item.box,
            **_content(item),
        }
        for item in items
    ]


def _content(item: LeasedItem) -> dict[str, Any]:
    asked = item.question
    if asked is None:
        return {"tags": [{"id": tag.concept_id, "text": tag.text} for tag in item.tags]}
    others = [{"question": question, "answer": answer} for question, answer in asked.others]
    return {
        "tag": asked.tag,
        "tag_id": asked.concept_id,
        "question": asked.question,
        "answer": asked.answer,
        "others": others,
    }


def past_payload(past: Iterable[PastItem], *, slug: str, user_id: int) -> list[dict[str, Any]]:
    """Earlier items with what was decided, so that they can be undone after the page was loaded again."""
    return [
        {
            **items_payload([one.item], slug=slug, user_id=user_id)[0],
            **_decision(one),
            "key": str(one.key),
        }
        for one in past
    ]


def _decision(past: PastItem) -> dict[str, Any]:
    if past.item.question is None:
        return {"rejected": list(past.rejected_ids), "bad_box": past.is_bad_box, "right_tag": past.text}
    return {"choice": past.choice, "text": past.text}


def paused_payload(project: Project) -> dict[str, str] | None:
    """When the project was paused, as a person reads it; None while it is not."""
    return None if project.paused_at is None else {"at": time_format(localtime(project.paused_at), "H:i")}
