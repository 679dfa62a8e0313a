"""Reads of Explore: bounded, and complete when one goes on."""

from typing import Any

import pytest

from annotation.marks import dim_class, mark_of
from annotation.selectors.explore import listings
from annotation.selectors.explore.concepts import concept_names, find_concept, suggest_concepts
from annotation.selectors.explore.listings import Listing, Search, Stretch, list_regions
from annotation.selectors.explore.loops import about_how_many_regions
from annotation.views.bumps import bump_chart
from tests.annotation.scenes import annotate, make_annotated_loop, make_regions, make_scene, rename
from tests.factories import make_concepts, make_image


@pytest.fixture
def rare(project: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[int]]:
    """Sixty regions of which every ninth is large, in a search that looks at seven a time and shows three."""
    monkeypatch.setattr(listings, "PAGE", 3)
    for name in ("_BY_ID", "_BY_CONCEPT"):
        bounded = getattr(listings, name).replace(f"LIMIT {listings.MOST_LOOKED_AT}", "LIMIT 7")
        monkeypatch.setattr(listings, name, bounded)
    monkeypatch.setattr(listings, "MOST_LOOKED_AT", 7)
    loop = make_annotated_loop(project)
    boxes = [(0.0, 0.0, 300.0, 200.0) if n % 9 == 4 else (0.0, 0.0, 10.0, 10.0) for n in range(60)]
    regions = make_regions(make_image(project), boxes)
    for region in regions:
        annotate(loop, region, ["kettle"])
    return loop, [region.pk for number, region in enumerate(regions) if number % 9 == 4]


def search(loop: Any, stretch: Stretch, **what: Any) -> Listing:
    return list_regions(project_id=loop.project_id, loop_id=loop.pk, search=Search(**what), stretch=stretch)


def ids(listing: Listing) -> list[int | None]:
    return [entry.region_id for entry in listing.entries]


@pytest.mark.django_db
@pytest.mark.parametrize("by_concept", [False, True])
def test_going_on_from_bound_to_bound_finds_everything_once(rare: tuple[Any, list[int]], by_concept: bool) -> None:
    loop, large = rare
    what: dict[str, Any] = {"size_class": 4}
    if by_concept:
        what["concept_ids"] = (make_concepts(("kettle",))[0].pk,)
    found: list[Any] = []
    pages = 0
    listing = search(loop, Stretch(), **what)
    while True:
        found += ids(listing)
        pages += 1
        if listing.after is None:
            break
        listing = search(loop, Stretch(listing.after), **what)
    assert found == large
    assert pages > len(large)  # some pages were empty, and said that the search goes on


@pytest.mark.django_db
def test_going_back_finds_the_same(rare: tuple[Any, list[int]]) -> None:
    loop, large = rare
    found: list[Any] = []
    listing = search(loop, Stretch(listings.LAST_KEY, forward=False), size_class=4)
    while True:
        found = ids(listing) + found
        if listing.before is None:
            break
        listing = search(loop, Stretch(listing.before, forward=False), size_class=4)
    assert found == large


@pytest.mark.django_db
def test_an_empty_stretch_in_the_middle_leads_both_ways(rare: tuple[Any, list[int]]) -> None:
    loop, large = rare
    empty = search(loop, Stretch(large[0]), size_class=4)
    assert (ids(empty), empty.goes_on) == ([], True)
    assert empty.before is not None
    assert ids(search(loop, Stretch(empty.before, forward=False), size_class=4)) == large[:1]


@pytest.mark.django_db
def test_chains_of_aliases_end_at_the_last_name(project: Any) -> None:
    rename("lorry", "truck")
    rename("wagon", "lorry")
    wagon, lorry, truck = make_concepts(("wagon", "lorry", "truck"))
    names = concept_names([wagon.pk, lorry.pk, truck.pk])
    assert {name.display for name in names.values()} == {"truck"}
    family = find_concept("WAGON")
    assert family is not None
    assert (family.concept_id, set(family.ids)) == (truck.pk, {wagon.pk, lorry.pk, truck.pk})


@pytest.mark.django_db
def test_aliases_in_a_circle_end_somewhere(project: Any) -> None:
    rename("a", "b")
    rename("b", "a")
    assert find_concept("a") is not None
    assert len(concept_names([concept.pk for concept in make_concepts(("a", "b"))])) == 2


@pytest.mark.django_db
def test_suggestions_take_signs_of_patterns_as_they_are(project: Any) -> None:
    loop = make_annotated_loop(project)
    (region,) = make_regions(make_image(project), [(0, 0, 9, 9)])
    annotate(loop, region, ["100% wool_hat"])
    assert suggest_concepts(loop_id=loop.pk, prefix="100%") == ["100% wool_hat"]
    for nothing in ("%", "_", "100_", "\\"):
        assert suggest_concepts(loop_id=loop.pk, prefix=nothing) == []


@pytest.mark.django_db
def test_the_estimate_of_regions_is_unknown_before_statistics(project: Any) -> None:
    assert about_how_many_regions(make_scene(project).pk) is None


def test_marks_lie_outside_the_box() -> None:
    mark = mark_of((100.0, 50.0, 300.0, 250.0), width=640, height=480)
    assert mark.box == "M100.00 50.00H300.00V250.00H100.00z"
    assert mark.clip == "M-640.00 -480.00H1280.00V960.00H-640.00z" + mark.box
    assert (mark.reticle, mark.close_up) == ("", "")


def test_small_regions_get_a_reticle_and_a_close_up() -> None:
    mark = mark_of((0.0, 0.0, 10.0, 10.0), width=760, height=560)
    assert mark.reticle.startswith("M-11.00 5.00h-24.00")
    assert mark.close_up == "0.00 0.00 22.00 22.00"  # moved onto the photo
    corner = mark_of((750.0, 550.0, 760.0, 560.0), width=760, height=560)
    assert corner.close_up == "738.00 538.00 22.00 22.00"


@pytest.mark.parametrize(
    ("luma", "expected"), [(0.7, "dim-bright"), (0.6, "dim-mid"), (0.36, "dim-mid"), (0.1, "dim-dark")]
)
def test_bright_photos_are_dimmed_more(luma: float, expected: str) -> None:
    assert dim_class(luma) == expected


def test_the_chart_needs_two_loops_and_draws_each_tag_once() -> None:
    displays = {1: "boat", 2: "ship", 3: "bus"}
    assert bump_chart([(0, [1, 2])], displays, frozenset()) is None
    chart = bump_chart([(0, [3, 1]), (1, [1, 2]), (2, [2, 1])], displays, frozenset({3}))
    assert chart is not None
    assert [x for x, _number in chart.columns] == [120, 212, 304]
    styles = {line.tag: (line.style, line.points) for line in chart.lines}
    assert styles == {
        "bus": ("wrong", "120,30"),
        "boat": ("other", "120,54 212,30 304,54"),
        "ship": ("first", "212,54 304,30"),
    }
    assert chart.sentence == "0: bus, boat; 1: boat, ship; 2: ship, boat"
