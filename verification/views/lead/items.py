"""Items of a sample: filtered, then asked again, given to people, removed or brought back, many at once.

Every action is first shown with its counts; what was done is shown with a way back where there is one.
"""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from annotation.models import Concept
from annotation.pipeline.concepts import normalise
from verification.models import Priority, Sample
from verification.selectors.items import MOST_CHOSEN, ItemFilter, ItemShows, items_page, matching_ids, samples_of
from verification.services.bulk_items import REASONS, BulkAction, act_on_items, plan_action
from verification.services.priorities import set_priority, set_sample_priority
from verification.services.work_assignment import annotators_of_teams, assign_items, assign_share, unassign_items
from webapp.accounts.models import User
from webapp.core.errors import BadInput
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.models import Role, Team
from webapp.projects.policies import Action
from webapp.projects.selectors import people_of

SHOWS: dict[str, Promise] = {
    ItemShows.OPEN: gettext_lazy("Open"),
    ItemShows.WORKING: gettext_lazy("With people now"),
    ItemShows.DONE: gettext_lazy("Judged"),
    ItemShows.PACKED: gettext_lazy("In a review package"),
    ItemShows.LEAD: gettext_lazy("With the lead"),
    ItemShows.REMOVED: gettext_lazy("Removed"),
}
ASSIGN, UNASSIGN, PRIORITY = "assign", "unassign", "priority"
ACTIONS: dict[str, Promise] = {
    BulkAction.REQUEUE: gettext_lazy("Ask people again"),
    ASSIGN: gettext_lazy("Give to people"),
    UNASSIGN: gettext_lazy("Let anybody have them"),
    PRIORITY: gettext_lazy("Set the priority"),
    BulkAction.REMOVE: gettext_lazy("Remove"),
    BulkAction.RESTORE: gettext_lazy("Bring back"),
}
UNDO = {
    BulkAction.REMOVE.value: BulkAction.RESTORE.value,
    BulkAction.RESTORE.value: BulkAction.REMOVE.value,
    ASSIGN: UNASSIGN,
}


class FilterForm(forms.Form):
    """What may be filtered by. Nothing else in the address reaches the query."""

    sample = forms.TypedChoiceField(label=gettext_lazy("Sample"), coerce=int, required=False, empty_value=None)
    shows = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("Any")), *SHOWS.items()],
    )
    concept = forms.CharField(label=gettext_lazy("Tag"), max_length=200, required=False)
    annotator = forms.TypedChoiceField(label=gettext_lazy("Annotator"), coerce=int, required=False, empty_value=None)
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("Any")), *Priority.choices],
    )
    skipped = forms.BooleanField(label=gettext_lazy("Skipped by somebody"), required=False)
    held = forms.BooleanField(label=gettext_lazy("Given to somebody"), required=False)

    def __init__(self, data: QueryDict | dict[str, Any] | None, *, samples: list[Sample], people: list[User]) -> None:
        super().__init__(data)
        self._samples = {sample.pk: sample for sample in samples}
        self.fields["sample"].choices = [  # type: ignore[attr-defined]  # of its kind
            (sample.pk, f"{_('Loop')} {sample.loop.number}: {sample.get_task_kind_display()}") for sample in samples
        ]
        self.fields["annotator"].choices = [("", _("Anybody"))] + [(one.pk, one.display_name) for one in people]  # type: ignore[attr-defined]
        for name in ("sample", "shows", "concept", "annotator", "priority"):
            self.fields[name].widget.attrs["class"] = "input"

    def wanted(self) -> ItemFilter | None:
        """The filter; None without any sample. A tag nobody knows matches nothing. Raises BadInput."""
        if not self.is_valid():
            raise BadInput(_("The filter cannot be read. Choose from the lists."))
        sent = self.cleaned_data
        sample = self._samples.get(sent["sample"]) or next(iter(self._samples.values()), None)
        if sample is None:
            return None
        concept_id: int | None = None
        if sent["concept"].strip():
            found = Concept.objects.filter(text=normalise(sent["concept"])).values_list("pk", flat=True).first()
            concept_id = found or 0
        return ItemFilter(
            sample=sample,
            shows=ItemShows(sent["shows"]) if sent["shows"] else None,
            concept_id=concept_id,
            annotator_id=sent["annotator"],
            is_skipped=sent["skipped"],
            is_held=sent["held"],
            priority=None if sent["priority"] is None else Priority(sent["priority"]),
        )


@dataclass(frozen=True)
class Chosen:
    """Items that an action is about; `more`: not all that match could be taken."""

    ids: list[int]
    more: bool = False


@project_view(Action.MANAGE_ITEMS)
@require_safe
def items(request: ProjectRequest) -> HttpResponse:
    """The items that match, a page at a time."""
    form = _filter(request, request.GET)
    after = request.GET.get("after", "0")
    if not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise BadInput(_("“after” in the address must be the number of an item."))
    wanted = form.wanted()
    page = items_page(wanted, after=int(after)) if wanted else None
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, SHOWS[row.shows]) for row in page.rows] if page else [],
        "wanted": wanted,
        "query": query.urlencode(),
        "is_first_page": after == "0",
        "actions": list(ACTIONS.items()),
        "people": _annotators(request),
        "teams": list(Team.objects.filter(project=request.project)),
        "most": MOST_CHOSEN,
        "priorities": Priority.choices,
    }
    return render(request, "verification/items/list.html", context)


@project_view(Action.MANAGE_ITEMS)
@require_POST
def confirm(request: ProjectRequest) -> HttpResponse:
    """What an action would do to the chosen items, counted; nothing is changed."""
    action = _action(request)
    chosen = _chosen(request)
    context: dict[str, Any] = {
        "action": action,
        "label": ACTIONS[action],
        "ids": ",".join(map(str, chosen.ids)),
        "count": len(chosen.ids),
        "more": chosen.more,
        "back": request.POST.get("query", ""),
    }
    if action == PRIORITY:
        context |= {"priorities": Priority.choices}
    elif action in (ASSIGN, UNASSIGN):
        context |= {"people": _annotators(request), "teams": list(Team.objects.filter(project=request.project))}
    else:
        plan = plan_action(project_id=request.project.pk, action=BulkAction(action), item_ids=chosen.ids)
        context |= {"will": len(plan.ids), "left_out": _reasons(plan.left_out)}
    return render(request, "verification/items/confirm.html", context)


@project_view(Action.MANAGE_ITEMS)
@require_POST
def act(request: ProjectRequest) -> HttpResponse:
    """Do it; the answer says what was done and offers the way back. Sent twice, it changes nothing more."""
    action = _action(request)
    ids = _ids(request.POST.get("ids", ""))
    who = {"project_id": request.project.pk}
    left_out: list[tuple[Promise, int]] = []
    done: tuple[int, ...] | list[int] = ids
    if action == ASSIGN:
        given = assign_items(**who, by_id=request.user.pk, item_ids=ids, person_ids=_people(request))
        done = given.item_ids
        left_out = [(gettext_lazy("without an open place for these people"), given.left_out)] if given.left_out else []
    elif action == UNASSIGN:
        unassign_items(**who, by_id=request.user.pk, item_ids=ids)
    elif action == PRIORITY:
        plan = set_priority(**who, user_id=request.user.pk, item_ids=ids, priority=_priority(request))
        done, left_out = plan.ids, _reasons(plan.left_out)
    else:
        plan = act_on_items(**who, user_id=request.user.pk, action=BulkAction(action), item_ids=ids)
        done, left_out = plan.ids, _reasons(plan.left_out)
    context = {
        "label": ACTIONS[action],
        "count": len(done),
        "left_out": left_out,
        "undo": UNDO.get(action) if done else None,
        "ids": ",".join(map(str, done)),
        "back": request.POST.get("query", ""),
    }
    return render(request, "verification/items/done.html", context)


@project_view(Action.MANAGE_ITEMS)
@require_POST
def share(request: ProjectRequest) -> HttpResponse:
    """Give the next items of a sample to people and teams."""
    sent = {name: request.POST.get(name, "") for name in ("sample", "count")}
    if not all(value.isascii() and value.isdecimal() and len(value) < 19 for value in sent.values()):
        raise BadInput(_("Say how many items, as a whole number."))
    given = assign_share(
        project_id=request.project.pk,
        by_id=request.user.pk,
        sample_id=int(sent["sample"]),
        count=int(sent["count"]),
        person_ids=_people(request),
    )
    context = {
        "label": ACTIONS[ASSIGN],
        "count": len(given.item_ids),
        "left_out": [],
        "undo": UNASSIGN if given.item_ids else None,
        "ids": ",".join(map(str, given.item_ids)),
        "back": request.POST.get("query", ""),
    }
    return render(request, "verification/items/done.html", context)


@project_view(Action.MANAGE_ITEMS)
@require_POST
def prioritise(request: ProjectRequest) -> HttpResponse:
    """Hand a whole sample out before or after the others."""
    sample = request.POST.get("sample", "")
    if not (sample.isascii() and sample.isdecimal() and len(sample) < 19):
        raise BadInput(_("Choose a sample from the list."))
    priority = _priority(request)
    who = {"project_id": request.project.pk, "user_id": request.user.pk}
    if set_sample_priority(**who, sample_id=int(sample), priority=priority):
        messages.success(request, _("Priority of the sample: %(priority)s.") % {"priority": priority.label})
    else:
        messages.info(request, _("The sample had this priority already."))
    return redirect(f"{reverse('verification:items', args=[request.project.slug])}?sample={int(sample)}")


def _priority(request: ProjectRequest) -> Priority:
    text = request.POST.get("priority", "")
    if text not in {str(value) for value in Priority.values}:
        raise BadInput(_("Choose a priority: urgent, normal or later."))
    return Priority(int(text))


def _filter(request: ProjectRequest, data: QueryDict) -> FilterForm:
    return FilterForm(data, samples=samples_of(request.project.pk), people=list(people_of(request.project)))


def _chosen(request: ProjectRequest) -> Chosen:
    """The ticked items, or all that match the filter in `query`."""
    if request.POST.get("all") != "yes":
        return Chosen(_ids(",".join(request.POST.getlist("item"))))
    wanted = _filter(request, QueryDict(request.POST.get("query", ""))).wanted()
    ids, more = matching_ids(wanted) if wanted else ([], False)
    if not ids:
        raise BadInput(_("No item matches the filter."))
    return Chosen(ids, more)


def _ids(text: str) -> list[int]:
    parts = [part for part in text.split(",") if part]
    if not parts or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise BadInput(_("Choose at least one item."))
    return [int(part) for part in parts]


def _action(request: ProjectRequest) -> str:
    action = request.POST.get("action", "")
    if action not in ACTIONS:
        raise BadInput(_("Choose what to do with the items."))
    return action


def _people(request: ProjectRequest) -> set[int]:
    """Those who were named, and the annotators of the teams that were."""
    people, teams = request.POST.getlist("people"), request.POST.getlist("teams")
    if not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in (*people, *teams)):
        raise BadInput(_("Choose people and teams from the lists."))
    of_teams = annotators_of_teams(project_id=request.project.pk, team_ids=[int(one) for one in teams])
    return {int(one) for one in people} | of_teams


def _annotators(request: ProjectRequest) -> list[User]:
    return [one for one in people_of(request.project) if Role.ANNOTATOR in one.roles and one.is_active]  # type: ignore[attr-defined]  # annotated


def _reasons(left_out: dict[str, int]) -> list[tuple[Promise, int]]:
    return [(REASONS[reason], count) for reason, count in sorted(left_out.items())]
