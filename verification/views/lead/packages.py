"""Packages as the lead sees them: how many wait where, and those that nobody else can bring forward."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from verification.models import PackageState, TaskKind
from verification.selectors.expert_agreement import agreement_by_expert, agreement_of_experts
from verification.selectors.package_lists import package_page
from verification.selectors.packages import leads_packages, package_of_project
from verification.services.escalations import MAX_NOTE, accept_escalated, ask_again, give_package
from verification.views.expert.pages import package_context
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.models import Membership, Project, Role
from webapp.projects.policies import Action


class FilterForm(forms.Form):
    """What the list may be filtered by. Nothing else in the address reaches the query."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"), required=False, choices=[("", gettext_lazy("Any")), *PackageState.choices]
    )
    stage = forms.ChoiceField(
        label=gettext_lazy("Task"), required=False, choices=[("", gettext_lazy("Any")), *TaskKind.choices]
    )
    author = forms.TypedChoiceField(label=gettext_lazy("Annotator"), coerce=int, required=False, empty_value=None)
    after = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        members = Membership.objects.filter(project=project, role=Role.ANNOTATOR).select_related("user")
        people = sorted((member.user.display_name, member.user_id) for member in members)
        self.fields["author"].choices = [("", _("Anybody")), *((key, name) for name, key in people)]  # type: ignore[attr-defined]  # of its kind
        for name in ("state", "stage", "author"):
            self.fields[name].widget.attrs["class"] = "input"


@project_view(Action.SETTLE_PACKAGES)
@require_safe
def packages(request: ProjectRequest) -> HttpResponse:
    """All packages, what is with the lead, what no expert may take, and how far experts agree."""
    form = FilterForm(request.GET, project=request.project)
    if not form.is_valid():
        raise BadInput(_("The filter cannot be read. Choose from the lists."))
    sent = form.cleaned_data
    listed, after = package_page(
        project_id=request.project.pk,
        state=sent["state"],
        stage=sent["stage"],
        author_id=sent["author"],
        after=sent["after"],
    )
    query = request.GET.copy()
    query.pop("after", None)
    found = leads_packages(project_id=request.project.pk)
    context = {
        "found": found,
        "counts": [(state.label, found.counts.get(state.value, 0)) for state in PackageState],
        "total": sum(found.counts.values()),
        "agreement": agreement_of_experts(project_id=request.project.pk),
        "experts": agreement_by_expert(project_id=request.project.pk),
        "max_note": MAX_NOTE,
        "form": form,
        "packages": listed,
        "after": after,
        "query": query.urlencode(),
    }
    return render(request, "verification/review/packages.html", context)


@project_view(Action.SETTLE_PACKAGES)
@require_safe
def package(request: ProjectRequest, package_id: int) -> HttpResponse:
    """A package with its marks and rulings, to be read."""
    found = package_of_project(project_id=request.project.pk, package_id=package_id)
    if found is None:
        raise NotFound(_("This project has no such package."))
    context = package_context(request, found, read_only=True)
    return render(request, "verification/review/package.html", context)


@project_view(Action.SETTLE_PACKAGES)
@require_POST
def give(request: ProjectRequest, package_id: int) -> HttpResponse:
    """Send an escalated package to the annotator that the form names."""
    text = request.POST.get("annotator", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise BadInput(_("Choose who is to judge the package."))
    give_package(project_id=request.project.pk, lead_id=request.user.pk, package_id=package_id, annotator_id=int(text))
    messages.success(request, _("Package %(id)s is with another annotator now.") % {"id": package_id})
    return redirect("verification:packages", request.project.slug)


@project_view(Action.SETTLE_PACKAGES)
@require_POST
def accept(request: ProjectRequest, package_id: int) -> HttpResponse:
    """Let an escalated package pass as it is."""
    accept_escalated(
        project_id=request.project.pk,
        lead_id=request.user.pk,
        package_id=package_id,
        note=request.POST.get("note", ""),
    )
    messages.success(request, _("Package %(id)s is accepted; the expert’s rulings count.") % {"id": package_id})
    return redirect("verification:packages", request.project.slug)


@project_view(Action.SETTLE_PACKAGES)
@require_POST
def again(request: ProjectRequest, package_id: int) -> HttpResponse:
    """Ask for the items of an escalated package again."""
    begins = ask_again(
        project_id=request.project.pk,
        lead_id=request.user.pk,
        package_id=package_id,
        note=request.POST.get("note", ""),
    )
    if begins:
        messages.success(request, _("The items of package %(id)s are handed out again.") % {"id": package_id})
    else:
        messages.info(
            request,
            _("Package %(id)s is dissolved. Its sample was closed early, so its items wait for the next sample.")
            % {"id": package_id},
        )
    return redirect("verification:packages", request.project.slug)
