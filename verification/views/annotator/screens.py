"""The work screens: one frame, filled for each kind of task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from verification.answer_texts import LONGEST_ANSWER, LONGEST_TAG
from verification.models import Hotkeys, QAChoice, SkipReason, TaskKind
from verification.selectors.qualifying import is_needed
from verification.views.annotator.messages import work_messages
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@dataclass(frozen=True, slots=True)
class Screen:
    """A kind of task: the beginning of the names of its addresses, and its folder in them."""

    kind: TaskKind
    name: str
    folder: str

    @property
    def template(self) -> str:
        return f"verification/work/{self.name}_task.html"


SCREENS = (
    Screen(TaskKind.TAG, "tag", "tags"),
    Screen(TaskKind.QA, "qa", "questions"),
    Screen(TaskKind.ANSWER, "answer", "answers"),
)


@project_view(Action.ANNOTATE)
@require_safe
def work_screen(request: ProjectRequest, screen: Screen) -> HttpResponse:
    """The frame of a task. It leases nothing: its script asks for items once it runs. Who has to qualify first does."""
    if is_needed(project_id=request.project.pk, user_id=request.user.pk):
        return redirect("verification:qualify", request.project.slug)
    chosen = Hotkeys.objects.filter(user_id=request.user.pk).first()
    context = {
        "project": request.project,
        "kind": screen.kind.value,
        "tag_rows": range(5),
        "longest_answer": LONGEST_ANSWER,
        "longest_tag": LONGEST_TAG,
        "reasons": list(SkipReason.choices),
        "choices": _choices() if screen.kind == TaskKind.QA else (),
        "lease_minutes": settings.ARGUS_LEASE_SECONDS // 60,
        "setup": _setup(request, screen, chosen.keys if chosen else {}),
    }
    return render(request, screen.template, context)


def _choices() -> tuple[tuple[str, str, str], ...]:
    """The QA check's: value, name, what it says. In the order of their keys."""
    return (
        (QAChoice.CORRECT.value, _("Correct"), _("The answer is right for this region.")),
        (QAChoice.WRONG_ANSWER.value, _("Wrong answer"), _("The question is fair, the answer is not.")),
        (QAChoice.UNANSWERABLE.value, _("Unanswerable question"), _("The photo cannot answer it.")),
        (QAChoice.WRONG_TAG.value, _("Wrong tag"), _("The region is something else.")),
    )


def _setup(request: ProjectRequest, screen: Screen, keys: dict[str, str]) -> dict[str, Any]:
    slug = request.project.slug
    return {
        "account": request.user.pk,
        "username": request.user.get_username(),
        "batch": settings.ARGUS_LEASE_BATCH,
        "leaseMinutes": settings.ARGUS_LEASE_SECONDS // 60,
        "language": get_language(),
        "shortcuts": request.user.single_key_shortcuts,
        "keys": keys,
        "longestAnswer": LONGEST_ANSWER,
        "urls": {
            "login": reverse("account_login"),
            "shortcuts": reverse("verification:work_shortcuts", args=[slug]),
            "keys": reverse("verification:work_keys", args=[slug]),
            "card": reverse("verification:concept_card", args=[slug, 0]),
            **{
                name: reverse(f"verification:{screen.name}_{name}", kwargs={"slug": slug})
                for name in ("lease", "submit", "undo", "skip", "release")
            },
        },
        "messages": work_messages(screen.kind),
    }
