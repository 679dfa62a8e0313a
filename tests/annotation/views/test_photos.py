"""The photos page: imports, their problems, the grid."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Image, ImportProblem, ImportRun, ImportState
from annotation.selectors.imports import PAGE as PROBLEMS
from annotation.selectors.photos import PAGE
from tests.factories import make_image
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_lea(client: Client, lea: Any) -> Client:
    client.force_login(lea)
    return client


def at(name: str, *args: Any) -> str:
    return reverse(f"annotation:{name}", args=["street", *args])


def make_run(project: Any, state: str = ImportState.RUNNING, **extra: Any) -> ImportRun:
    return ImportRun.objects.create(project=project, format="coco", state=state, **extra)


def test_an_empty_project_says_what_to_do(as_lea: Client) -> None:
    page = as_lea.get(at("photos")).content.decode()
    assert "No photos yet" in page
    assert at("add_photos") in page


def test_only_a_lead_sees_it(client: Client, ana: Any, edo: Any, cleo: Any, otto: Any, project: Any) -> None:
    run = make_run(project)
    for person, status in ((ana, 403), (edo, 403), (cleo, 403), (otto, 404)):
        client.force_login(person)
        for address in (at("photos"), at("add_photos"), at("import", run.pk), at("import_problems", run.pk)):
            assert client.get(address).status_code == status
        assert client.post(at("cancel_import", run.pk)).status_code == status


def test_a_running_import_shows_how_far_it_is_and_asks_again(as_lea: Client, project: Any) -> None:
    run = make_run(project, done=1200, total=5000, counts={"images": 1100, "problems": 3})
    page = as_lea.get(at("photos")).content.decode()
    assert "1,200 of 5,000" in page
    assert "3 files or items were refused" in page
    assert f'hx-get="{at("import", run.pk)}" hx-trigger="every 1s"' in page
    card = as_lea.get(at("import", run.pk), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in card
    assert "hx-trigger" in card
    assert "imports-said" not in card


@pytest.mark.parametrize("state", [ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED])
def test_a_finished_import_stops_asking_and_is_announced(as_lea: Client, project: Any, state: str) -> None:
    run = make_run(project, state, error="The file is empty.")
    card = as_lea.get(at("import", run.pk), headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in card
    assert "Cancel<" not in card
    assert f"Import {run.pk}: " in card
    assert ("The file is empty." in card) == (state == ImportState.FAILED)


def test_an_import_can_be_cancelled_once(as_lea: Client, project: Any) -> None:
    run = make_run(project)
    answer = as_lea.post(at("cancel_import", run.pk), follow=True)
    assert "was cancelled" in answer.content.decode()
    run.refresh_from_db()
    assert run.state == ImportState.CANCELLED
    assert "over already" in as_lea.post(at("cancel_import", run.pk), follow=True).content.decode()


def test_cancelling_needs_post(as_lea: Client, project: Any) -> None:
    run = make_run(project)
    assert as_lea.get(at("cancel_import", run.pk)).status_code == 405
    run.refresh_from_db()
    assert run.state == ImportState.RUNNING


def test_problems_are_shown_as_text_and_paged_by_key(as_lea: Client, project: Any) -> None:
    run = make_run(project, ImportState.DONE, counts={"problems": PROBLEMS + 1})
    ImportProblem.objects.bulk_create(
        ImportProblem(run=run, file=f"<b>{n}</b>.jpg", item="annotation 7", code="truncated", message="It breaks off.")
        for n in range(PROBLEMS + 1)
    )
    first = as_lea.get(at("import", run.pk))
    assert "<b>" not in first.content.decode()
    assert "&lt;b&gt;0&lt;/b&gt;.jpg" in first.content.decode()
    assert len(first.context["problems"]) == PROBLEMS
    second = as_lea.get(at("import", run.pk), {"after": first.context["after"]})
    assert [problem.file for problem in second.context["problems"]] == [f"<b>{PROBLEMS}</b>.jpg"]
    assert second.context["after"] is None


def test_all_problems_can_be_downloaded(as_lea: Client, project: Any) -> None:
    run = make_run(project, ImportState.DONE)
    ImportProblem.objects.bulk_create(
        ImportProblem(run=run, file=f"{n}.jpg", item="", code="truncated", message="It breaks off.")
        for n in range(PROBLEMS * 2 + 1)
    )
    answer = as_lea.get(at("import_problems", run.pk))
    assert "attachment" in answer["Content-Disposition"]
    lines = [json.loads(line) for line in b"".join(answer).splitlines()]
    assert [line["file"] for line in lines] == [f"{n}.jpg" for n in range(PROBLEMS * 2 + 1)]
    assert lines[0] == {"file": "0.jpg", "item": "", "code": "truncated", "message": "It breaks off."}


def test_the_import_of_another_project_is_not_found(as_lea: Client, project: Any) -> None:
    run = make_run(Project.objects.create(name="Other", slug="other"))
    assert as_lea.get(at("import", run.pk)).status_code == 404
    assert as_lea.get(at("import_problems", run.pk)).status_code == 404
    assert as_lea.post(at("cancel_import", run.pk)).status_code == 404


def test_photos_are_paged_by_key_newest_first(as_lea: Client, project: Any) -> None:
    rows = [Image(project=project, name=f"p{n}", sha256=f"{n:064x}", width=4, height=4) for n in range(PAGE + 2)]
    Image.objects.bulk_create(rows)
    first = as_lea.get(at("photos")).context["page"]
    assert first.photos[0].name == f"p{PAGE + 1}"
    second = as_lea.get(at("photos"), {"before": first.older}).context["page"]
    assert [photo.name for photo in second.photos] == ["p1", "p0"]
    assert second.older is None


@pytest.mark.parametrize("key", ["x", "-1", "9" * 30, "²"])
def test_a_key_that_is_none_is_refused(as_lea: Client, project: Any, key: str) -> None:
    assert as_lea.get(at("photos"), {"before": key}).status_code == 400


def test_the_number_of_queries_does_not_grow(as_lea: Client, project: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(3):
        make_image(project, seed=number)
        make_run(project, counts={"images": 4, "problems": 1})
    as_lea.get(at("photos"))
    with django_assert_max_num_queries(8):
        as_lea.get(at("photos"))
