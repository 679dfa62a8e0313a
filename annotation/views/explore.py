"""Explore: photos and regions with what models and people said about them."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotation.marks import Mark, dim_class, mark_of, rectangle, rectangles
from annotation.models import Image, Loop, StageFailure
from annotation.selectors.explore.concepts import ConceptFamily, find_concept, suggest_concepts
from annotation.selectors.explore.listings import (
    MOST_COUNTED,
    MOST_LOOKED_AT,
    Listing,
    Search,
    count_photos,
    count_regions,
    list_photos,
    list_regions,
)
from annotation.selectors.explore.loops import about_how_many_regions, annotated_loops, shown_loop
from annotation.selectors.explore.photos import PhotoRegions, SeenRegion, find_photo, photo_regions
from annotation.selectors.explore.regions import failures_of
from annotation.views.explore_forms import Asked, ExploreForm, read_address
from annotation.views.panels import Panel, build_panel
from annotation.views.tag_tables import main_tag
from webapp.core.errors import NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

# What htmx asks to replace -> the template that fills it. Everything else gets the page.
FRAGMENTS = {"detail": "annotation/explore/_detail.html", "results": "annotation/explore/_results.html"}


@dataclass(frozen=True, slots=True)
class Chip:
    """A region under the photo. number: its place among those drawn, from 1."""

    number: int
    region: SeenRegion
    tag: str
    outline: str
    is_judged: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """The photo in the middle with its regions, and the panel about the selected one."""

    image: Image
    photo: PhotoRegions
    chips: list[Chip]
    others: str
    mark: Mark | None
    dim: str
    panel: Panel | None
    failures: list[StageFailure]


@project_view(Action.EXPLORE)
@require_safe
def explore(request: ProjectRequest) -> HttpResponse:
    """The page, its results (after a change of the filters), or its detail (another photo or region)."""
    form = ExploreForm(request.GET)
    asked = read_address(form)
    target = request.htmx.target or ""
    loops = annotated_loops(request.project.pk)
    loop = shown_loop(loops)
    context: dict[str, Any] = {
        "filter_fields": [form[name] for name in ("source", "size", "verified")],
        "asked": asked,
        "loop": loop,
        "page": page_key(asked),
        "most_looked_at": MOST_LOOKED_AT,
        "may_add_photos": Action.ADD_PHOTOS in request.permitted,
        "may_see_concepts": Action.SEE_CONCEPTS in request.permitted,
    }
    if target == "detail" and asked.photo is not None:
        context["detail"] = _detail(request, loops, loop, asked, asked.photo, asked.region)
    else:
        context |= _results(request, loops, loop, asked)
    response = render(request, FRAGMENTS.get(target, "annotation/explore/page.html"), context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def page_key(asked: Asked) -> dict[str, int | None]:
    """`after` and `before` for links that keep the page of the left column as it is."""
    stretch = asked.stretch()
    return {"after": stretch.key, "before": None} if stretch.forward else {"after": None, "before": stretch.key}


@project_view(Action.EXPLORE)
@require_safe
def concepts(request: ProjectRequest) -> HttpResponse:
    """Options for the search box: concepts of this project that begin with what was typed."""
    loop = shown_loop(annotated_loops(request.project.pk))
    prefix = request.GET.get("concept", "")[:100]
    found = suggest_concepts(loop_id=loop.pk, prefix=prefix) if loop is not None else []
    return render(request, "annotation/explore/_concepts.html", {"concepts": found})


def _results(request: ProjectRequest, loops: list[Loop], loop: Loop | None, asked: Asked) -> dict[str, Any]:
    family = find_concept(asked.concept) if asked.concept else None
    listing = _listing(request, loop, asked, family)
    first = listing.entries[0] if listing.entries else None
    photo_id, region_id = asked.photo, asked.region
    if photo_id is None and first is not None:
        photo_id, region_id = first.image_id, region_id or first.region_id
    detail = _detail(request, loops, loop, asked, photo_id, region_id) if photo_id is not None else None
    return {
        "family": family,
        "listing": listing,
        "detail": detail,
        "count": _count(request, loop, asked, family),
        "most_counted": MOST_COUNTED,
    }


def _listing(request: ProjectRequest, loop: Loop | None, asked: Asked, family: ConceptFamily | None) -> Listing:
    project_id = request.project.pk
    if not asked.is_search:
        return list_photos(project_id=project_id, loop_id=loop.pk if loop else None, stretch=asked.stretch())
    if loop is None or (asked.concept and family is None):
        return Listing([])
    search = Search(family.ids if family else (), asked.role_mask, asked.size_class, asked.verified)
    return list_regions(project_id=project_id, loop_id=loop.pk, search=search, stretch=asked.stretch())


def _count(request: ProjectRequest, loop: Loop | None, asked: Asked, family: ConceptFamily | None) -> dict[str, Any]:
    """Figures that cost no more than a bounded count: photos and about how many regions, or those of the concept."""
    if not asked.is_search:
        regions = about_how_many_regions(loop.pk) if loop is not None else None
        return {"photos": count_photos(request.project.pk), "about_regions": regions}
    if loop is None or family is None or asked.role_mask or asked.size_class is not None or asked.verified is not None:
        return {}
    return {"regions": count_regions(loop_id=loop.pk, concept_ids=family.ids)}


def _detail(
    request: ProjectRequest,
    loops: list[Loop],
    loop: Loop | None,
    asked: Asked,
    photo_id: int,
    region_id: int | None,
) -> Detail:
    """Raises NotFound when the photo is not in the project or the region not on the photo."""
    image = find_photo(project_id=request.project.pk, image_id=photo_id)
    if image is None:
        raise NotFound(_("This photo is not part of the project."))
    photo = photo_regions(image=image, loop=loop, region_id=region_id, everything=asked.everything)
    selected = photo.regions[0] if photo.regions else None
    if region_id is not None and (selected is None or selected.region_id != region_id):
        raise NotFound(_("This photo has no such region."))
    chips = [
        Chip(
            number=number,
            region=region,
            tag=main_tag(region, photo.judged.get(region.region_id), photo.names),
            outline=rectangle(region.box),
            is_judged=region.region_id in photo.judged,
            is_current=region is selected,
        )
        for number, region in enumerate(_in_steady_order(photo.regions), start=1)
    ]
    panel = None
    if selected is not None:
        panel = build_panel(image=image, region=selected, photo=photo, loops=loops, shown=loop)
    return Detail(
        image=image,
        photo=photo,
        chips=chips,
        others=rectangles([region.box for region in photo.regions if region is not selected]),
        mark=mark_of(selected.box, width=image.width, height=image.height) if selected else None,
        dim=dim_class(image.mean_luma),
        panel=panel,
        failures=failures_of(image.pk, loop) if loop is not None else [],
    )


def _in_steady_order(regions: list[SeenRegion]) -> list[SeenRegion]:
    """Larger regions first, so that the order (and the place of every chip) does not depend on what is selected,
    and small regions lie on top where they are clicked."""

    def by_area(region: SeenRegion) -> tuple[float, int]:
        x1, y1, x2, y2 = region.box
        return -(x2 - x1) * (y2 - y1), region.region_id

    return sorted(regions, key=by_area)
