"""Items that nobody may take: why, and what the lead can do about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from verification.selectors.stranded import MOST_HELD, Absence, stranded_in
from verification.services.holds import free_holds
from webapp.core.errors import BadInput
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

WHY: dict[Absence, Promise] = {
    Absence.PAUSED: gettext_lazy("paused by a lead"),
    Absence.REQUALIFY: gettext_lazy("must pass the qualifying round again"),
    Absence.NOT_QUALIFIED: gettext_lazy("has not passed the qualifying round yet"),
    Absence.LEFT: gettext_lazy("is no annotator of the project any more"),
}


@project_view(Action.MANAGE_ITEMS)
@require_safe
def stranded(request: ProjectRequest) -> HttpResponse:
    """What waits in vain, by reason."""
    found = stranded_in(request.project)
    context = {
        "found": found,
        "kept": [(one, WHY[one.why]) for one in found.kept],
        "absent": [(one, WHY[one.why]) for one in found.absent],
        "most_held": MOST_HELD,
        "may_invite": Action.MANAGE_PEOPLE in request.permitted,
    }
    return render(request, "verification/items/stranded.html", context)


@project_view(Action.MANAGE_ITEMS)
@require_POST
def let_go(request: ProjectRequest) -> HttpResponse:
    """Let anybody have what is kept for one person."""
    person = request.POST.get("person", "")
    if not (person.isascii() and person.isdecimal() and len(person) < 10):
        raise BadInput(_("Choose a person from the list."))
    count = free_holds(project_id=request.project.pk, person_id=int(person))
    text = ngettext("%(n)s place is open to anybody now.", "%(n)s places are open to anybody now.", count)
    messages.success(request, text % {"n": count})
    return redirect("verification:stranded_items", request.project.slug)
