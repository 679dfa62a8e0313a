"""What a tag means: a card with its meaning, other names and verified examples, opened beside the work.

Leads write the meaning on the card's page. Names of writers and earlier meanings are for leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from annotation.models import MEANING_LENGTH, MeaningSource
from annotation.selectors.concepts import Meaning, meanings_before
from annotation.services.meanings import write_meaning
from verification.selectors.concept_cards import ConceptCard, concept_card
from verification.views.crops import crop_of
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


class MeaningForm(forms.Form):
    """over: the meaning that stood there when the form was shown."""

    text = forms.CharField(  # how long it is, the service tells: a line break is two characters here and one there
        label=gettext_lazy("Meaning"),
        help_text=gettext_lazy(
            "One or two lines of plain text, 500 characters at most. All projects of this site share their tags, so "
            "all of them see this. Leave it empty to take the meaning away."
        ),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MEANING_LENGTH}),
    )
    over = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class Earlier:
    """One entry of the history. by: who wrote it, as this project's leads may know it."""

    meaning: Meaning
    by: str


@project_view(Action.SEE_CONCEPTS)
@require_safe
def card(request: ProjectRequest, concept_id: int) -> HttpResponse:
    """A page, or for htmx and the work screens (X-Requested-With) the card alone."""
    found = _found(request, concept_id)
    if request.htmx or request.headers.get("X-Requested-With"):
        response = render(request, "verification/concepts/_card.html", _shown(request, found))
    else:
        response = _page(request, found)
    patch_vary_headers(response, ["HX-Request", "X-Requested-With"])
    return response


@project_view(Action.WRITE_MEANINGS)
@require_POST
def write(request: ProjectRequest, concept_id: int) -> HttpResponse:
    """Write the meaning, or take it away by an empty one."""
    found = _found(request, concept_id)
    form = MeaningForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        write_meaning(
            concept_id=found.concept_id,
            text=form.cleaned_data["text"],
            writer_id=request.user.pk,
            project_id=request.project.pk,
            over=form.cleaned_data["over"],
        )
    except BadInput as error:
        form.add_error("text", error.message)
        return _page(request, found, form)
    messages.success(request, _("Saved. People see it the next time they open the card."))
    return redirect("verification:concept_card", request.project.slug, found.concept_id)


def _found(request: ProjectRequest, concept_id: int) -> ConceptCard:
    found = concept_card(project_id=request.project.pk, concept_id=concept_id, reader_id=request.user.pk)
    if found is None:
        raise NotFound(_("There is no such tag."))
    return found


def _shown(request: ProjectRequest, found: ConceptCard) -> dict[str, Any]:
    crops = [
        crop_of(slug=request.project.slug, image_id=one.image_id, width=one.width, height=one.height, box=one.box)
        for one in found.examples
    ]
    source = MeaningSource(found.meaning.source) if found.meaning else None
    return {
        "card": found,
        "crops": crops,
        "source": source.label if source is not None and source != MeaningSource.PERSON else "",
        "may_write": Action.WRITE_MEANINGS in request.permitted,
    }


def _page(request: ProjectRequest, found: ConceptCard, form: MeaningForm | None = None) -> HttpResponse:
    context = _shown(request, found)
    if context["may_write"]:
        rows = meanings_before(found.concept_id)
        text = found.meaning.text if found.meaning else ""
        context["form"] = form or MeaningForm(initial={"text": text, "over": rows[0].id if rows else 0})
        context["earlier"] = [Earlier(row, _writer(request, row)) for row in rows]
    status = 400 if form is not None and form.errors else 200
    return render(request, "verification/concepts/card.html", context, status=status)


def _writer(request: ProjectRequest, row: Meaning) -> str:
    """People of other projects have no names here."""
    if row.writer_id is None:
        return str(MeaningSource(row.source).label)
    if row.project_id != request.project.pk and row.writer_id != request.user.pk:
        return _("a lead of another project")
    return row.writer
