"""What a tag means: a card with its other names and verified examples, opened beside the work."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from verification.selectors.concept_cards import concept_card
from verification.views.crops import crop_of
from webapp.core.errors import NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@project_view(Action.SEE_CONCEPTS)
@require_safe
def card(request: ProjectRequest, concept_id: int) -> HttpResponse:
    """A page, or for htmx and the work screens (X-Requested-With) the card alone."""
    found = (
        concept_card(project_id=request.project.pk, concept_id=concept_id, reader_id=request.user.pk)
        if concept_id < 2**63
        else None
    )
    if found is None:
        raise NotFound(_("There is no such tag."))
    crops = [
        crop_of(slug=request.project.slug, image_id=one.image_id, width=one.width, height=one.height, box=one.box)
        for one in found.examples
    ]
    template = "_card" if request.htmx or request.headers.get("X-Requested-With") else "card"
    response = render(request, f"verification/concepts/{template}.html", {"card": found, "crops": crops})
    patch_vary_headers(response, ["HX-Request", "X-Requested-With"])
    return response
