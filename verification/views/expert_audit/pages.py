"""The page on which an expert judges audited items."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from verification.views.annotator.messages import tag_task_messages
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

BATCH = 4  # the item on the screen and three ahead
_SHARED = ("caption", "saved", "saving", "submit")


@project_view(Action.AUDIT)
@require_safe
def audit(request: ProjectRequest) -> HttpResponse:
    """The frame of the page. It leases nothing: its script asks for items once it runs."""
    slug = request.project.slug
    shared = tag_task_messages()
    setup = {
        "account": request.user.pk,
        "batch": BATCH,
        "language": get_language(),
        "shortcuts": request.user.single_key_shortcuts,
        "urls": {
            name: reverse(f"verification:audit_{name}", args=[slug]) for name in ("lease", "judge", "undo", "release")
        },
        "messages": {
            **{name: shared[name] for name in _SHARED},
            "question_tag": _("Mark the tags that are right"),
            "help_tag": _("What you leave unmarked counts as wrong. Several can be right."),
            "question_qa": _("Is the answer correct?"),
            "help_qa": _("Only as far as the photo shows it."),
            "submit_correct": _("Submit: correct"),
            "submit_incorrect": _("Submit: not correct"),
            "submit_nothing": _("Choose an answer first"),
            "progress": _("Judged by you: {done}. Waiting: {waiting}"),
            "progress_more": _("Judged by you: {done}. Waiting: more than {waiting}"),
            "announce": _("Next item. Region {width} by {height} pixels."),
            "unsent": _("{n} not saved yet, trying again"),
            "signed_out": _("Signed out: sign in in another tab, then this page goes on"),
            "refused": _("One judgement was not taken: {reason}"),
            "paused": _("Paused by the project lead at {at}. Everything is saved."),
            "no_photo": _("This photo did not load. Press S: it cannot be told."),
            "not_undone": _("It is too late to take this back."),
        },
    }
    return render(
        request, "verification/audit/task.html", {"project": request.project, "setup": setup, "rows": range(5)}
    )
