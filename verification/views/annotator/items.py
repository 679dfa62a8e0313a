"""The endpoints behind the work screens, the same for each kind of task. One service call each; the hot one is
`submit`, which brings the next item too."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from verification.models import TaskKind
from verification.selectors.work import last_verdicts_of, stint_of, today_of
from verification.services.concealment import SLOT, conceal
from verification.services.hotkeys import choose_keys
from verification.services.queue import LeasedItem, release_items
from verification.services.quotas import lease_within_quota, next_within_quota
from verification.services.skips import skip_item
from verification.services.submissions import submit_verdict
from verification.services.verdicts import withdraw_verdict
from verification.views.annotator.payloads import answer, items_payload, past_payload, paused_payload
from verification.views.annotator.requests import (
    VERDICTS,
    KeysSent,
    LeaseSent,
    ReleaseSent,
    ShortcutsSent,
    SkipSent,
    UndoSent,
    read_sent,
)
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

PAST_ITEMS = 5  # what Z can reach after the page was loaded again


@project_view(Action.ANNOTATE)
@require_POST
def lease(request: ProjectRequest, kind: TaskKind) -> HttpResponse:
    """The person's items, renewed and topped up. Opens the task, and is asked again while there is nothing to do."""
    sent = read_sent(request, LeaseSent)
    who = {"project_id": request.project.pk, "user_id": request.user.pk}
    items = lease_within_quota(**who, count=min(sent.want, settings.ARGUS_LEASE_BATCH), kind=kind)
    have = set(sent.have)
    today = today_of(**who, kind=kind)
    stint = stint_of(**who, done_today=today.items, kind=kind)
    past = [] if have else last_verdicts_of(**who, count=PAST_ITEMS, kind=kind)
    return answer(
        {
            **_next_items(request, [item for item in items if item.assignment_id not in have]),
            "held": [conceal(item.assignment_id, SLOT) for item in items],
            "past": past_payload(past, slug=request.project.slug, user_id=request.user.pk),
            "stint": {"done": stint.done, "size": stint.size},
        }
    )


@project_view(Action.ANNOTATE)
@require_POST
def submit(request: ProjectRequest, kind: TaskKind) -> HttpResponse:
    """Record a verdict, then lease `want` more items: one request per item in the steady state."""
    sent = read_sent(request, VERDICTS[kind])
    receipt, items = submit_verdict(
        project_id=request.project.pk,
        user_id=request.user.pk,
        kind=kind,
        assignment_id=sent.assignment,
        **sent.content(),
        seconds=sent.seconds,
        key=sent.key,
        ticket=sent.ticket,
        want=_wanted(request, sent.want),
    )
    return answer({**_next_items(request, items), "repeated": receipt.repeated})


@project_view(Action.ANNOTATE)
@require_POST
def undo(request: ProjectRequest) -> HttpResponse:
    """Withdraw a verdict; its item is the person's again."""
    sent = read_sent(request, UndoSent)
    receipt = withdraw_verdict(
        project_id=request.project.pk, user_id=request.user.pk, verdict_key=sent.verdict, key=sent.key
    )
    return answer({"repeated": receipt.repeated})


@project_view(Action.ANNOTATE)
@require_POST
def skip(request: ProjectRequest, kind: TaskKind) -> HttpResponse:
    """Pass an item on, then lease `want` more."""
    sent = read_sent(request, SkipSent)
    who = {"project_id": request.project.pk, "user_id": request.user.pk}
    skip_item(**who, assignment_id=sent.assignment, reason=sent.reason)
    return answer(_next_items(request, next_within_quota(**who, count=_wanted(request, sent.want), kind=kind)))


@project_view(Action.ANNOTATE)
@require_POST
def release(request: ProjectRequest) -> HttpResponse:
    """Give items back to others: sent when somebody leaves the task."""
    sent = read_sent(request, ReleaseSent)
    count = release_items(project_id=request.project.pk, user_id=request.user.pk, assignment_ids=list(sent.assignments))
    return answer({"released": count})


@project_view(Action.ANNOTATE)
@require_POST
def shortcuts(request: ProjectRequest) -> HttpResponse:
    """The account's switch for single-key shortcuts (WCAG 2.1.4)."""
    sent = read_sent(request, ShortcutsSent)
    request.user.single_key_shortcuts = sent.enabled
    request.user.save(update_fields=["single_key_shortcuts"])
    return answer({"enabled": sent.enabled})


@project_view(Action.ANNOTATE)
@require_POST
def keys(request: ProjectRequest) -> HttpResponse:
    """The account's own keys."""
    sent = read_sent(request, KeysSent)
    return answer({"keys": choose_keys(user_id=request.user.pk, keys=sent.keys)})


def _wanted(request: ProjectRequest, want: int) -> int:
    return 0 if request.project.paused_at is not None else min(want, settings.ARGUS_LEASE_BATCH)


def _next_items(request: ProjectRequest, items: list[LeasedItem]) -> dict[str, Any]:
    return {
        "items": items_payload(items, slug=request.project.slug, user_id=request.user.pk),
        "paused": paused_payload(request.project),
    }
