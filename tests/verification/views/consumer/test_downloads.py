"""Downloads: whole, in parts, resumed, and only for those who may."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation import dispatch
from tests.factories import make_sample
from tests.verification.judgements import judge_all
from verification.models import Export
from verification.services.exports import export_path, request_export, run_export
from webapp.projects.models import Membership, Project, Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def export(project: Any, ana: Any, cleo: Any, monkeypatch: pytest.MonkeyPatch) -> Export:
    """A finished export of eight lines."""
    monkeypatch.setattr(dispatch.app, "send_task", lambda *_args, **_options: None)
    judge_all(make_sample(project, items=8), [ana])
    finished = run_export(request_export(project=project, user=cleo, kind="tags").pk)
    assert finished
    return finished


def _address(export: Export, name: str = "download_export") -> str:
    return reverse(f"verification:{name}", args=["street", export.pk])


def _client(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_the_whole_file_comes_with_its_name_and_digest(export: Export, cleo: Any) -> None:
    response = _client(cleo).get(_address(export))
    data = export_path(export).read_bytes()
    assert response.status_code == 200
    assert _body(response) == data
    assert response["Content-Length"] == str(len(data))
    assert response["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="argus-street-tags-{export.pk}.jsonl"'
    assert response["ETag"] == f'"{export.sha256}"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "private" in response["Cache-Control"]


def test_an_interrupted_download_goes_on_where_it_stopped(export: Export, cleo: Any) -> None:
    client, data = _client(cleo), export_path(export).read_bytes()
    first = client.get(_address(export), headers={"Range": "bytes=0-499"})
    assert (first.status_code, first["Content-Range"]) == (206, f"bytes 0-499/{len(data)}")
    rest = client.get(_address(export), headers={"Range": "bytes=500-", "If-Range": first["ETag"]})
    assert (rest.status_code, rest["Content-Length"]) == (206, str(len(data) - 500))
    assert _body(first) + _body(rest) == data


def test_a_part_of_another_file_is_not_joined_to_this_one(export: Export, cleo: Any) -> None:
    response = _client(cleo).get(_address(export), headers={"Range": "bytes=500-", "If-Range": '"other"'})
    assert response.status_code == 200
    assert _body(response) == export_path(export).read_bytes()


def test_a_part_beyond_the_end_is_refused_with_the_size(export: Export, cleo: Any) -> None:
    response = _client(cleo).get(_address(export), headers={"Range": "bytes=99999999-"})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{export.file_bytes}"


def test_a_client_that_has_the_file_gets_no_bytes(export: Export, cleo: Any) -> None:
    response = _client(cleo).get(_address(export), headers={"If-None-Match": f'"{export.sha256}"'})
    assert response.status_code == 304
    assert response["ETag"] == f'"{export.sha256}"'


def test_head_tells_the_size_and_sends_nothing(export: Export, cleo: Any) -> None:
    response = _client(cleo).head(_address(export), headers={"Range": "bytes=0-9"})
    assert response.status_code == 200
    assert response["Content-Length"] == str(export.file_bytes)


def test_the_facts_and_the_schema_can_be_had(export: Export, cleo: Any) -> None:
    client = _client(cleo)
    meta = json.loads(_body(client.get(_address(export, "download_export_meta"))))
    assert meta["sha256"] == export.sha256
    schema = client.get(reverse("verification:export_schema", args=["street", "tags-1"]))
    assert json.loads(_body(schema))["$id"] == "urn:argus:export:tags-1"
    assert client.get(reverse("verification:export_schema", args=["street", "tags-9"])).status_code == 404


@pytest.mark.parametrize("state", ["pending", "running", "failed", "cancelled"])
def test_an_unfinished_export_has_no_file(export: Export, cleo: Any, state: str) -> None:
    Export.objects.update(state=state)
    for name in ("download_export", "download_export_meta"):
        assert _client(cleo).get(_address(export, name)).status_code == 409


def test_a_file_that_was_removed_is_gone(export: Export, cleo: Any) -> None:
    export_path(export).unlink()
    assert _client(cleo).get(_address(export)).status_code == 410


def test_outsiders_see_nothing_and_annotators_may_not(export: Export, ana: Any, otto: Any) -> None:
    for name in ("download_export", "download_export_meta"):
        assert _client(otto).get(_address(export, name)).status_code == 404
        assert _client(ana).get(_address(export, name)).status_code == 403
        assert Client().get(_address(export, name)).status_code == 302


def test_an_export_is_not_found_below_another_project(export: Export, otto: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=otto, role=Role.CONSUMER)
    address = reverse("verification:download_export", args=["other", export.pk])
    assert _client(otto).get(address).status_code == 404
