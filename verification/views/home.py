"""The start page of a project: each role finds its work here."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from annotation.models import LoopState
from verification.selectors.home import Status, status_of
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.models import Role
from webapp.projects.navigation import HOME, landing_of
from webapp.projects.policies import Action


@dataclass(frozen=True)
class Step:
    """One of the first steps of a project. A step that waits says for what, in place of its button."""

    title: Promise
    text: Promise
    is_done: bool
    address: str = ""
    button: Promise | None = None
    waits_for: Promise | None = None


@project_view(Action.OPEN_PROJECT)
@require_safe
def home(request: ProjectRequest) -> HttpResponse:
    """Leads see where the project stands; people with one kind of work go straight to it; others choose."""
    landing = landing_of(request.permitted, request.roles)
    if landing != HOME:
        return redirect(landing, request.project.slug)
    if Action.RUN_LOOPS not in request.permitted:
        return render(request, "verification/home.html", {"roles": {role.value for role in request.roles}})
    status = status_of(request.project)
    steps = first_steps(status)
    done = sum(step.is_done for step in steps)
    context = {
        "status": status,
        "steps": steps if done < len(steps) else [],
        "steps_done": done,
        "now": next((step for step in steps if not step.is_done), None),
    }
    return render(request, "verification/home_lead.html", context)


def first_steps(status: Status) -> list[Step]:
    """What a new project needs, in order, until the first items are with people."""
    photos = status.photos.value > 0
    loop = status.loop
    with_people = loop is not None and loop.parent_id is not None
    annotated = with_people or (loop is not None and loop.state == LoopState.FINISHED)
    return [
        Step(_("Create the project"), _("Done."), is_done=True),
        Step(
            _("Add photos"),
            _("Upload files, name a folder or addresses, or bring COCO, LVIS, SA-1B, YOLO, VOC or Label Studio."),
            is_done=photos,
            address="annotation:add_photos",
            button=_("Add photos"),
        ),
        Step(
            _("Start loop 0"),
            _("The models of this machine find regions and tag them. Nothing is downloaded."),
            is_done=annotated,
            address="verification:loops",
            button=_("See the progress") if loop else _("Start loop 0"),
            waits_for=None if photos else _("Needs photos"),
        ),
        Step(
            _("Add people"),
            _("At least one annotator, who marks wrong tags; a consumer, if somebody else takes the data away."),
            is_done=status.people[Role.ANNOTATOR] > 0,
            address="projects:people",
            button=_("Add people"),
        ),
        Step(
            _("Start loop 1"),
            _("A sample of the regions goes to the annotators. What they decide becomes verified data."),
            is_done=with_people,
            address="verification:loops",
            button=_("Start loop 1"),
            waits_for=None if annotated else _("Needs loop 0"),
        ),
    ]
