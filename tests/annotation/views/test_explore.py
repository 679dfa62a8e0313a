"""The Explore page."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Concept, Image, LoopState, Region, StageFailure, StageRun
from annotation.selectors.explore.listings import PAGE
from tests.annotation.scenes import annotate, ask, make_annotated_loop, make_regions, make_scene, rename
from tests.factories import make_image
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


def explore(client: Client, slug: str = "street", *, target: str = "", **query: Any) -> Any:
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    return client.get(f"{reverse('annotation:explore', args=[slug])}?{urlencode(query)}", headers=headers)


@pytest.fixture
def as_cleo(client: Client, cleo: Any) -> Client:
    client.force_login(cleo)
    return client


def texts(answer: Any, pattern: str) -> list[str]:
    return [re.sub(r"\s+", " ", found).strip() for found in re.findall(pattern, answer.content.decode(), re.DOTALL)]


def chips(answer: Any) -> list[str]:
    return texts(answer, r'data-region="\d+".*?>\s*(?:<bdi>|<i>)(.*?)</')


def entries(answer: Any) -> list[str]:
    return texts(answer, r'<bdi class="strong[^"]*">(.*?)</bdi>\s*(?:<bdi class="tiny|<span class="tiny)')


def test_it_shows_the_first_photo_with_its_best_region(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=2, regions=3)
    answer = explore(as_cleo)
    assert answer.status_code == 200
    assert entries(answer) == ["photo 1.webp", "photo 2.webp"]
    assert sorted(chips(answer)) == ["coffee grinder", "metal cup", "milk jug"]
    assert texts(answer, r"<h2>\s*<bdi>(.*?)</bdi>") == ["milk jug"]
    assert answer.context["detail"].image.name == "photo 1.webp"


def test_annotators_and_experts_may_not_look(client: Client, ana: Any, edo: Any) -> None:
    for person in (ana, edo):
        client.force_login(person)
        assert explore(client).status_code == 403


def test_an_outsider_finds_nothing(client: Client, otto: Any, project: Any) -> None:
    client.force_login(otto)
    assert explore(client).status_code == 404
    assert client.get(reverse("annotation:explore_concepts", args=["street"])).status_code == 404


def test_a_region_shows_tags_roles_scores_caption_and_questions(as_cleo: Client, project: Any) -> None:
    loop = make_annotated_loop(project)
    (region,) = make_regions(make_image(project), [(10, 20, 110, 90)])
    annotate(loop, region, ["milk jug", "metal cup"], caption="A jug of milk.")
    ask(loop, region, "milk jug", "What is in it?", "Milk.")
    answer = explore(as_cleo)
    page = answer.content.decode()
    assert texts(answer, r"<td>\s*<bdi[^>]*>(.*?)</bdi>") == ["milk jug", "metal cup"]
    assert texts(answer, r'<span class="badge">(.*?)</span>') == ["spotter", "imaginator"]
    assert texts(answer, r'<td class="r ?">(.*?)</td>') == ["0.90", "0.80"]
    for shown in ("A jug of milk.", "What is in it?", "Milk.", "100 × 70 px", "medium", "builtin:felzenszwalb@1"):
        assert shown in page
    assert "10.0, 20.0, 110.0, 90.0" in page


def test_a_fragment_holds_the_detail_alone(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=2)
    photo = Image.objects.get(name="photo 2.webp")
    answer = explore(as_cleo, target="detail", photo=photo.pk)
    assert "<html" not in answer.content.decode()
    assert 'id="detail"' in answer.content.decode()
    assert 'class="thumbs"' not in answer.content.decode()
    assert answer.context["detail"].image == photo
    assert {"HX-Request", "HX-Target"} <= {part.strip() for part in answer["Vary"].split(",")}


def test_the_results_fragment_replaces_the_count_too(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=2)
    page = explore(as_cleo, target="results", concept="milk jug").content.decode()
    assert "<html" not in page
    assert 'id="results"' in page
    assert 'hx-swap-oob="true"' in page
    assert "2 regions" in page


def test_photos_are_paged_by_key_in_both_directions(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=1, regions=1)
    model = Image.objects.get()
    rows = [Image(project=project, name=f"p{n}", sha256=f"{n:064x}", width=4, height=4) for n in range(PAGE * 2)]
    Image.objects.bulk_create(rows)
    first = explore(as_cleo).context["listing"]
    assert len(first.entries) == PAGE
    assert first.before is None
    second = explore(as_cleo, after=first.after).context["listing"]
    assert second.entries[0].name == f"p{PAGE - 1}"
    third = explore(as_cleo, after=second.after).context["listing"]
    assert [entry.name for entry in third.entries] == [f"p{PAGE * 2 - 1}"]
    assert third.after is None
    assert explore(as_cleo, before=third.before).context["listing"].entries == second.entries
    assert explore(as_cleo, before=second.before).context["listing"].entries == first.entries
    assert explore(as_cleo, before=second.before).context["listing"].before is None
    assert model.pk == first.entries[0].image_id


def test_a_concept_finds_regions_whose_first_tag_it_is(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=3, regions=3)
    answer = explore(as_cleo, concept="  Milk  JUG ")
    assert entries(answer) == ["milk jug"] * 3
    assert "3 regions" in answer.content.decode()
    assert len(answer.context["detail"].chips) == 3
    assert answer.context["detail"].panel.tag == "milk jug"


def test_an_alias_finds_what_it_stands_for(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=1, regions=2)
    rename("milk jug", "creamer")
    for asked in ("creamer", "milk jug"):
        answer = explore(as_cleo, concept=asked)
        assert entries(answer) == ["creamer"]
        assert chips(answer).count("creamer") == 1


def test_regions_of_a_concept_are_paged_by_key(as_cleo: Client, project: Any) -> None:
    loop = make_annotated_loop(project)
    image = make_image(project)
    regions = make_regions(image, [(n, n, n + 9, n + 9) for n in range(PAGE + 5)])
    for region in regions:
        annotate(loop, region, ["kettle"])
    ids = [region.pk for region in regions]
    first = explore(as_cleo, concept="kettle").context["listing"]
    assert [entry.region_id for entry in first.entries] == ids[:PAGE]
    second = explore(as_cleo, concept="kettle", after=first.after).context["listing"]
    assert [entry.region_id for entry in second.entries] == ids[PAGE:]
    assert second.after is None
    back = explore(as_cleo, concept="kettle", before=second.before).context["listing"]
    assert [entry.region_id for entry in back.entries] == ids[:PAGE]
    assert not back.goes_on


def test_an_unknown_concept_says_so(as_cleo: Client, project: Any) -> None:
    make_scene(project)
    answer = explore(as_cleo, concept="<b>zeppelin</b>")
    assert "No concept is called “&lt;b&gt;zeppelin&lt;/b&gt;”" in answer.content.decode()


def test_regions_are_found_by_source_and_size(as_cleo: Client, project: Any) -> None:
    loop = make_annotated_loop(project)
    small, large = make_regions(make_image(project), [(0, 0, 10, 10), (0, 0, 300, 200)])
    annotate(loop, small, ["kettle"], role_masks=[1 << 6])
    annotate(loop, large, ["bowl"], role_masks=[1 << 0 | 1 << 6])
    assert entries(explore(as_cleo, source="detector")) == ["kettle", "bowl"]
    assert entries(explore(as_cleo, source="spotter")) == ["bowl"]
    assert entries(explore(as_cleo, size="tiny")) == ["kettle"]
    assert entries(explore(as_cleo, size="xlarge", source="spotter", concept="bowl")) == ["bowl"]
    assert entries(explore(as_cleo, size="huge")) == []
    assert "No region fits" in explore(as_cleo, size="huge").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"size": "enormous"},
        {"source": "gossip"},
        {"verified": "maybe"},
        {"photo": "x"},
        {"after": "-1"},
        {"region": 2**64},
        {"concept": "x" * 101},
    ],
)
def test_an_address_that_cannot_be_understood_is_refused(as_cleo: Client, project: Any, query: dict[str, Any]) -> None:
    assert explore(as_cleo, **query).status_code == 400


def test_a_photo_of_another_project_cannot_be_shown(as_cleo: Client, project: Any) -> None:
    make_scene(project)
    other = make_image(Project.objects.create(name="Other", slug="other"))
    assert explore(as_cleo, photo=other.pk).status_code == 404


def test_a_region_of_another_photo_cannot_be_shown(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=2)
    one, two = Image.objects.order_by("pk")
    elsewhere = Region.objects.filter(image=two).first()
    assert elsewhere is not None
    assert explore(as_cleo, photo=one.pk, region=elsewhere.pk).status_code == 404


def test_searching_shows_no_regions_of_other_projects(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=1)
    make_scene(Project.objects.create(name="Other", slug="other"), photos=2)
    assert entries(explore(as_cleo, concept="milk jug")) == ["milk jug"]
    assert len(entries(explore(as_cleo, source="spotter"))) == 3


def test_a_project_without_photos_leads_a_lead_to_adding_them(client: Client, lea: Any, cleo: Any) -> None:
    client.force_login(lea)
    assert "Add photos" in explore(client).content.decode()
    client.force_login(cleo)
    page = explore(client).content.decode()
    assert "No photos yet" in page
    assert "Add photos" not in page


def test_before_the_first_loop_the_imported_boxes_are_shown(as_cleo: Client, project: Any) -> None:
    (region,) = make_regions(make_image(project), [(1, 1, 50, 50)])
    concept = Concept.objects.create(text="boat", display="Boat")
    Region.objects.filter(pk=region.pk).update(tag_ids=[concept.pk])
    answer = explore(as_cleo)
    assert chips(answer) == ["Boat"]
    assert "Not annotated yet" in answer.content.decode()
    assert "Nothing to search yet" in explore(as_cleo, concept="boat").content.decode()


def test_a_photo_that_failed_says_in_which_stage_and_why(as_cleo: Client, project: Any) -> None:
    loop = make_scene(project, photos=1)
    image = make_image(project, seed=9)
    run = StageRun.objects.create(loop=loop, stage="localize")
    StageFailure.objects.create(stage_run=run, image_id=image.pk, reason="<script>alert(1)</script>")
    page = explore(as_cleo, photo=image.pk).content.decode()
    assert "could not be annotated" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_markup_in_tags_and_texts_is_shown_as_text(as_cleo: Client, project: Any) -> None:
    loop = make_annotated_loop(project)
    image = make_image(project)
    Image.objects.update(name='"><img src=x onerror=alert(1)>.jpg', url="javascript:alert(1)")
    (region,) = make_regions(image, [(1, 1, 50, 50)])
    evil = '<img src=x onerror="alert(1)">'
    annotate(loop, region, [evil, "שלום"], caption=evil)
    ask(loop, region, evil, evil, evil)
    page = explore(as_cleo).content.decode()
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert "<bdi>שלום</bdi>" in page or '<bdi class="strong">שלום</bdi>' in page
    assert page.count('dir="auto"') >= 3


def test_many_regions_are_cut_until_all_are_asked_for(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=1, regions=120)
    answer = explore(as_cleo)
    assert len(chips(answer)) == 100
    assert "All 120 regions" in answer.content.decode()
    last = Region.objects.order_by("-pk").values_list("image_id", "pk").first()
    assert last is not None
    chosen = explore(as_cleo, photo=last[0], region=last[1])
    assert chosen.context["detail"].panel.region.region_id == last[1]
    assert len(chips(explore(as_cleo, photo=last[0], all=1))) == 120


def test_the_order_of_regions_does_not_depend_on_what_is_selected(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=1, regions=6)
    image = Image.objects.get()
    first = [chip.region.region_id for chip in explore(as_cleo, photo=image.pk).context["detail"].chips]
    for region_id in first:
        again = explore(as_cleo, photo=image.pk, region=region_id).context["detail"]
        assert [chip.region.region_id for chip in again.chips] == first
        assert [chip.region.region_id for chip in again.chips if chip.is_current] == [region_id]


def test_concepts_are_suggested_when_they_occur_in_this_project(as_cleo: Client, project: Any) -> None:
    make_scene(project, photos=1, regions=3)
    other = make_annotated_loop(Project.objects.create(name="Other", slug="other"))
    (region,) = make_regions(make_image(other.project), [(1, 1, 9, 9)])
    annotate(other, region, ["milking stool"])
    rename("metal cup", "tin cup")
    suggested = reverse("annotation:explore_concepts", args=["street"])

    def options(prefix: str) -> list[str]:
        return texts(as_cleo.get(suggested, {"concept": prefix}), r'value="(.*?)"')

    assert options("MIL") == ["milk jug"]
    assert options("tin") == ["tin cup"]
    assert options("bowl") == []  # only ever the third or later tag
    assert options("") == []
    assert options("%") == []


def test_the_latest_finished_loop_is_shown_and_changes_are_told(as_cleo: Client, project: Any) -> None:
    zero = make_annotated_loop(project, 0)
    one = make_annotated_loop(project, 1)
    two = make_annotated_loop(project, 2, state=LoopState.RUNNING)
    cancelled = make_annotated_loop(project, 3, state=LoopState.CANCELLED)
    (region,) = make_regions(make_image(project), [(1, 1, 50, 50)])
    annotate(zero, region, ["bowl", "kettle"])
    annotate(one, region, ["kettle", "bowl"])
    annotate(two, region, ["milk jug"])
    annotate(cancelled, region, ["saucepan"])
    answer = explore(as_cleo)
    page = answer.content.decode()
    assert answer.context["loop"] == one
    assert answer.context["detail"].panel.tag == "kettle"
    assert "First tag changed: bowl to" in page
    assert "saucepan" not in page
    assert [line.tag for line in answer.context["detail"].panel.chart.lines] == ["bowl", "kettle", "milk jug"]


def test_the_number_of_queries_does_not_grow(as_cleo: Client, project: Any) -> None:
    def queries(**query: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert explore(as_cleo, **query).status_code == 200
        return len(captured)

    make_scene(project, photos=1, regions=1)
    queries()  # the session is read from the database once
    few = {name: queries(**query) for name, query in QUERIES.items()}
    make_scene(project, photos=12, regions=30, loop=_only_loop(project))
    many = {name: queries(**query) for name, query in QUERIES.items()}
    assert many == few
    assert max(many.values()) <= 24


QUERIES: dict[str, dict[str, Any]] = {
    "photos": {},
    "concept": {"concept": "milk jug"},
    "filters": {"source": "spotter", "size": "medium"},
    "not verified": {"verified": "no"},
}


def _only_loop(project: Any) -> Any:
    return project.loops.get()
