"""An annotator's own page: my work. The tasks are in screens.py."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from verification.selectors.work import STINT, count_open_items, items_per_day, stint_of, today_of
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

WAITING_SHOWN = 1000  # counted no further than this, so that the page costs the same at any size
SECONDS_PER_ITEM = 10  # a first guess, until the person has done some today


@project_view(Action.ANNOTATE)
@require_safe
def my_work(request: ProjectRequest) -> HttpResponse:
    """What is next, and the person's own day."""
    who = {"project_id": request.project.pk, "user_id": request.user.pk}
    today = today_of(**who)
    stint = stint_of(**who, done_today=today.items)
    waiting = count_open_items(**who, at_most=WAITING_SHOWN + 1)
    left = min(stint.size - stint.done, waiting) or min(STINT, waiting)
    pace = today.seconds / today.items if today.items else SECONDS_PER_ITEM
    context = {
        "project": request.project,
        "today": today,
        "hours": int(today.seconds) // 3600,
        "minutes": int(today.seconds) % 3600 // 60,
        "stint": stint,
        "left": left,
        "left_minutes": max(1, round(left * pace / 60)),
        "left_pay": left * request.project.tag_rate,
        "waiting": min(waiting, WAITING_SHOWN),
        "more_waiting": waiting > WAITING_SHOWN,
        "chart": _bars(items_per_day(**who)),
    }
    return render(request, "verification/work/my_work.html", context)


def _bars(days: list[tuple[Any, int]]) -> dict[str, Any]:
    """A bar for each day on a canvas of 420 × 92, the highest 60 high, none lower than a hairline."""
    top = max((count for _day, count in days), default=0) or 1
    bars = []
    for place, (_day, count) in enumerate(days):
        height = max(60 * count / top, 1)
        bars.append({"x": 4 + 30 * place, "y": f"{70 - height:.1f}", "height": f"{height:.1f}", "count": count})
    return {"bars": bars, "first": days[0][0], "today": days[-1][1]}
