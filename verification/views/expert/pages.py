"""An expert's desk and a package under review."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.marks import mark_of
from verification.models import PackageState, QAChoice, ReviewPackage, TaskKind
from verification.quality import wilson_interval
from verification.selectors.audits import open_for
from verification.selectors.comments import comments_in_package
from verification.selectors.expert_agreement import agreement_of_experts
from verification.selectors.packages import PackedItem, desk_of, package_of_expert, packed_items
from verification.services.reviews import (
    CHOICES,
    HOLD_SECONDS,
    MAX_TEXT,
    REASONS,
    decide_package,
    give_back_package,
    take_package,
)
from verification.views.expert.crops import crop_of
from verification.views.expert.messages import package_messages
from verification.views.expert.plans import plan_chart
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

AUDIT_SHOWN = 1_000  # counted no further than this


@project_view(Action.REVIEW)
@require_safe
def desk(request: ProjectRequest) -> HttpResponse:
    """What waits, what the expert holds, what they decided, and how far they agree with the others."""
    who = {"project_id": request.project.pk, "user_id": request.user.pk}
    context = {
        "desk": desk_of(**who, after=_number(request, "after")),
        "agreement": agreement_of_experts(**who),
        "is_first_page": "after" not in request.GET,
        "audit_waiting": open_for(**who, at_most=AUDIT_SHOWN),
        "audit_shown": AUDIT_SHOWN,
        "hold_hours": HOLD_SECONDS // 3600,
    }
    return render(request, "verification/review/desk.html", context)


@project_view(Action.REVIEW)
@require_POST
def take(request: ProjectRequest) -> HttpResponse:
    """Take the package named in the form, or the next one."""
    taken = take_package(
        project_id=request.project.pk, user_id=request.user.pk, package_id=_number(request, "package", posted=True)
    )
    return redirect("verification:package", request.project.slug, taken)


@project_view(Action.REVIEW)
@require_safe
def package(request: ProjectRequest, package_id: int) -> HttpResponse:
    """A package the expert holds, to be ruled on; one they closed, to be read."""
    found = package_of_expert(project_id=request.project.pk, user_id=request.user.pk, package_id=package_id)
    if found is None:
        raise NotFound(_("This package is not in your hands. Your desk shows what you can take."))
    return render(request, "verification/review/package.html", package_context(request, found))


@project_view(Action.REVIEW)
@require_POST
def close(request: ProjectRequest, package_id: int) -> HttpResponse:
    """Close a package whose items are all ruled on."""
    outcome = decide_package(project_id=request.project.pk, user_id=request.user.pk, package_id=package_id)
    said = ngettext(
        "Package %(id)s is closed: %(right)s of %(count)s item is right.",
        "Package %(id)s is closed: %(right)s of %(count)s items are right.",
        outcome.judged,
    ) % {"id": package_id, "right": outcome.right, "count": outcome.judged}
    if outcome.state == PackageState.ACCEPTED:
        messages.success(request, said + " " + _("It is accepted; where you disagreed, what you said counts."))
    else:
        messages.info(request, said + " " + _("That is too few: somebody else judges its items again."))
    return redirect("verification:desk", request.project.slug)


@project_view(Action.REVIEW)
@require_POST
def give_back(request: ProjectRequest, package_id: int) -> HttpResponse:
    """Return a package to those that wait."""
    if give_back_package(project_id=request.project.pk, user_id=request.user.pk, package_id=package_id):
        messages.info(request, _("Package %(id)s waits for another expert now.") % {"id": package_id})
    return redirect("verification:desk", request.project.slug)


def package_context(request: ProjectRequest, found: ReviewPackage, *, read_only: bool = False) -> dict[str, Any]:
    """Everything the page of a package shows; `read_only` when nobody rules on it here."""
    items = packed_items(found.pk)
    kind = found.sample.task_kind
    ruled = sum(item.state != "" for item in items)
    right = sum(item.state == "agree" for item in items)
    is_open = not read_only and found.state == PackageState.REVIEWING
    slug = request.project.slug
    images = f"{get_script_prefix()}p/{slug}/images/"
    low, high = wilson_interval(right, ruled)
    # Before the package is decided, nothing that others said of an item may sway the expert.
    comments = comments_in_package(found.pk) if found.decided_at else None
    plan = plan_chart(max(len(items), 1), found.threshold)
    return {
        "package": found,
        "kind": kind,
        "loop_number": found.sample.loop.number,
        "is_open": is_open,
        "read_only": read_only,
        "cards": [_card(item, comments) for item in items],
        "ruled": ruled,
        "right": right,
        "low": 100 * low,
        "high": 100 * high,
        "share": 100 * right / ruled if ruled else None,
        "plan": plan,
        "reasons": REASONS[kind],
        "choices": [(choice, QAChoice(choice).label if choice else _("The answer is …")) for choice in CHOICES[kind]],
        "has_text": kind != TaskKind.TAG,
        "max_text": MAX_TEXT,
        "setup": {
            "package": found.pk,
            "account": request.user.pk,
            "kind": kind,
            "open": is_open,
            "threshold": found.threshold,
            "allowed": plan.allowed,
            "language": get_language(),
            "shortcuts": request.user.single_key_shortcuts,
            "urls": {
                "login": reverse("account_login"),
                "mark": reverse("verification:mark_item", args=[slug, found.pk]),
                "unmark": reverse("verification:unmark_item", args=[slug, found.pk]),
            },
            "messages": package_messages(),
            "items": [_payload(item, images) for item in items],
        },
    }


def _card(item: PackedItem, comments: dict[int, int] | None) -> dict[str, Any]:
    """`comments`: how many there are by item; None while the item's history is closed to the reader."""
    return {
        "has_history": comments is not None,
        "comments": (comments or {}).get(item.item_id, 0),
        "item": item,
        "view": crop_of(item.box, width=item.width, height=item.height),
        "mark": mark_of(item.box, width=item.width, height=item.height),
        "choice": QAChoice(item.choice).label if item.choice else "",
    }


def _payload(item: PackedItem, images: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "number": item.number,
        "image": {
            "src": f"{images}{item.image_id}/display",
            "width": item.width,
            "height": item.height,
            "luma": item.mean_luma,
        },
        "box": item.box,
        "tags": [{"id": tag.concept_id, "text": tag.text} for tag in item.tags],
        "rejected": item.rejected_ids,
        "choice": item.choice,
        "badBox": item.is_bad_box,
        "written": item.written,
        "mark": {
            "state": item.state,
            "reason": item.reason,
            "rejected": item.ruled_ids,
            "choice": item.ruled_choice,
            "badBox": item.ruled_bad_box,
            "correction": item.correction,
            "note": item.note,
        },
    }


def _number(request: ProjectRequest, name: str, *, posted: bool = False) -> int | None:
    text = (request.POST if posted else request.GET).get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise BadInput(_("“%(name)s” must be the number of a package.") % {"name": name})
    return int(text)
