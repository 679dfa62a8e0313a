"""The exports page: list, form, progress, cancelling."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation import dispatch
from tests.factories import make_loops
from verification.models import Export, ExportState
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db

LIST = "/p/street/exports/"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    numbers: list[int] = []
    monkeypatch.setattr(dispatch.app, "send_task", lambda _name, args, **_options: numbers.append(args[0]))
    return numbers


@pytest.fixture
def client(cleo: Any) -> Client:
    """Cleo's browser."""
    client = Client()
    client.force_login(cleo)
    return client


def _export(project: Any, **values: Any) -> Export:
    return Export.objects.create(**{"project": project, "kind": "tags", "schema_version": "tags-1", **values})


def _done(project: Any, **values: Any) -> Export:
    facts = {"rows_done": 1234, "rows_total": 1234, "file_bytes": 5_000_000, "sha256": "ab" * 32}
    return _export(project, state=ExportState.DONE, **{**facts, **values})


def test_an_empty_page_says_what_is_needed(client: Client, project: Any) -> None:
    page = client.get(LIST).content.decode()
    assert "No exports yet" in page
    assert "have its tag items done" in page
    Project.objects.update(review_required=True)
    assert "only what experts have reviewed" in client.get(LIST).content.decode()


def test_asking_for_an_export_lists_it_as_waiting(
    client: Client, project: Any, cleo: Any, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    make_loops(project)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(LIST, {"kind": "regions", "format": "jsonl", "loop": "1"})
    assert response.headers["Location"] == LIST
    export = Export.objects.get()
    assert (export.kind, export.filters, export.state) == ("regions", {"loop": 1}, "pending")
    assert export.created_by == cleo
    assert sent == [export.pk]
    page = client.get(LIST).content.decode()
    assert "Waiting for a worker" in page
    assert "Last judged in loop 1." in page


def test_asking_twice_is_one_export(client: Client, project: Any) -> None:
    for _ in range(2):
        client.post(LIST, {"kind": "tags", "format": "jsonl", "loop": ""})
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    "data", [{}, {"kind": "everything"}, {"kind": "tags", "loop": "99"}, {"kind": "tags", "loop": "x"}]
)
def test_a_form_that_makes_no_sense_is_shown_again(client: Client, project: Any, data: dict[str, str]) -> None:
    response = client.post(LIST, data)
    assert response.status_code == 400
    assert "errorlist" in response.content.decode()
    assert not Export.objects.exists()


def test_a_finished_export_shows_its_facts_and_where_to_get_it(client: Client, project: Any) -> None:
    export = _done(project)
    page = client.get(LIST).content.decode()
    assert "1,234" in page
    assert "4.8\xa0MB" in page
    assert "ab" * 32 in page
    assert reverse("verification:download_export", args=["street", export.pk]) in page
    assert reverse("verification:export_schema", args=["street", "tags-1"]) in page
    assert "every 1s" not in page


def test_an_export_without_lines_says_what_to_do(client: Client, project: Any) -> None:
    _done(project, rows_done=0, rows_total=0, file_bytes=0)
    assert "nothing was verified yet" in client.get(LIST).content.decode()


def test_a_failed_export_says_why_as_text(client: Client, project: Any) -> None:
    _export(project, state=ExportState.FAILED, error="<b>No space left</b>")
    assert "&lt;b&gt;No space left&lt;/b&gt;" in client.get(LIST).content.decode()


def test_a_running_export_asks_again_each_second_until_it_is_done(client: Client, project: Any) -> None:
    export = _export(project, state=ExportState.RUNNING, rows_done=2_000, rows_total=40_000)
    address = reverse("verification:export", args=["street", export.pk])
    card = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 1s"' in card
    assert 'value="2000" max="40000"' in card
    assert "<html" not in card
    Export.objects.update(state=ExportState.DONE, rows_done=3)
    card = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" not in card
    assert "#exports-status" in card


def test_one_export_has_a_page_of_its_own_without_script(client: Client, project: Any) -> None:
    export = _done(project)
    page = client.get(reverse("verification:export", args=["street", export.pk])).content.decode()
    assert "<html" in page
    assert "All exports" in page


@pytest.mark.parametrize("by_htmx", [True, False])
def test_cancelling_stops_it(client: Client, project: Any, by_htmx: bool) -> None:
    export = _export(project, state=ExportState.RUNNING)
    headers = {"HX-Request": "true"} if by_htmx else {}
    response = client.post(reverse("verification:cancel_export", args=["street", export.pk]), headers=headers)
    assert response.status_code == (200 if by_htmx else 302)
    export.refresh_from_db()
    assert export.state == ExportState.CANCELLED
    assert "Cancelled" in client.get(LIST).content.decode()


def test_a_finished_export_cannot_be_cancelled(client: Client, project: Any) -> None:
    export = _done(project)
    assert client.post(reverse("verification:cancel_export", args=["street", export.pk])).status_code == 409


def test_a_state_is_changed_by_post_only(client: Client, project: Any) -> None:
    export = _export(project)
    assert client.get(reverse("verification:cancel_export", args=["street", export.pk])).status_code == 405


def test_older_exports_are_on_further_pages(client: Client, project: Any) -> None:
    exports = [_done(project) for _ in range(45)]
    seen, address = [], LIST
    for _page in range(3):
        response = client.get(address)
        page = response.context["page"]
        seen += [export.pk for export in page.exports]
        address = f"{LIST}?before={page.older}"
    assert page.older is None
    assert seen == [export.pk for export in reversed(exports)]
    for odd in ("nonsense", "-1", "0", "9" * 40):
        assert client.get(f"{LIST}?before={odd}").status_code == 200
    assert client.get(f"{LIST}{'9' * 40}/").status_code == 404


def test_the_list_takes_the_same_queries_however_many_there_are(
    client: Client, project: Any, django_assert_max_num_queries: Any
) -> None:
    client.get(LIST)
    counts = []
    for _ in range(2):
        with django_assert_max_num_queries(12) as captured:
            client.get(LIST)
        counts.append(len(captured))
        for _number in range(15):
            _done(project)
    assert counts[0] == counts[1]


def test_a_project_shows_only_its_own_exports(client: Client, project: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    export = _done(other)
    assert "No exports yet" in client.get(LIST).content.decode()
    for name in ("export", "cancel_export"):
        address = reverse(f"verification:{name}", args=["street", export.pk])
        method = client.post if name == "cancel_export" else client.get
        assert method(address).status_code == 404


def test_outsiders_see_nothing_and_annotators_and_experts_may_not(
    project: Any, ana: Any, edo: Any, lea: Any, otto: Any
) -> None:
    for person, status in ((otto, 404), (ana, 403), (edo, 403), (lea, 200)):
        client = Client()
        client.force_login(person)
        assert client.get(LIST).status_code == status
        assert client.post(LIST, {"kind": "tags", "format": "jsonl"}).status_code == (302 if status == 200 else status)
    assert Client().get(LIST).status_code == 302
