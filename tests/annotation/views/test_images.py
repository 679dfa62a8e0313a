"""Derivatives of photos."""

from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from tests.factories import make_image
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


def address(image: Any, variant: str = "display", slug: str = "street") -> str:
    return f"{reverse('annotation:explore', args=[slug]).removesuffix('explore/')}images/{image.pk}/{variant}"


def close_file(answer: Any) -> None:
    """What the server does after sending; `answer.close()` would end the test's database connection too."""
    for close in answer._resource_closers:
        close()


@pytest.fixture
def as_ana(client: Client, ana: Any) -> Client:
    client.force_login(ana)
    return client


@pytest.mark.parametrize("variant", ["display", "thumbnail"])
def test_a_member_gets_the_bytes_of_a_derivative(as_ana: Client, project: Any, variant: str) -> None:
    image = make_image(project)
    answer = as_ana.get(address(image, variant))
    assert answer.status_code == 200
    with default_storage.open(image.display) as file:
        assert b"".join(answer) == file.read()
    close_file(answer)


def test_it_is_cached_privately_and_can_never_be_a_document(as_ana: Client, project: Any) -> None:
    answer = as_ana.get(address(make_image(project)))
    close_file(answer)
    headers = answer.headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_known_etag_gets_304_without_opening_the_file(as_ana: Client, project: Any) -> None:
    image = make_image(project)
    first = as_ana.get(address(image))
    close_file(first)
    etag = first["ETag"]
    assert etag == f'"{image.sha256}-display"'
    default_storage.delete(image.display)
    assert as_ana.get(address(image), headers={"If-None-Match": f'"other", {etag}'}).status_code == 304


def test_the_photo_of_another_project_does_not_exist_here(as_ana: Client, project: Any) -> None:
    image = make_image(Project.objects.create(name="Other", slug="other"))
    assert as_ana.get(address(image)).status_code == 404
    assert as_ana.get(address(image, slug="other")).status_code == 404


def test_an_outsider_gets_404(client: Client, otto: Any, project: Any) -> None:
    client.force_login(otto)
    assert client.get(address(make_image(project))).status_code == 404


def test_the_original_has_no_address(as_ana: Client, project: Any) -> None:
    assert as_ana.get(address(make_image(project), "original")).status_code == 404


def test_a_missing_file_says_why_and_what_to_do(as_ana: Client, project: Any) -> None:
    image = make_image(project)
    default_storage.delete(image.display)
    answer = as_ana.get(address(image), headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "file_missing"
    assert "import the photo again" in answer.json()["error"]["message"]
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_a_photo_without_a_copy_says_so(as_ana: Client, project: Any) -> None:
    image = make_image(project)
    type(image).objects.update(display="")
    answer = as_ana.get(address(image), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_copy")


def test_the_web_server_in_front_can_send_the_file(as_ana: Client, project: Any, settings: Any) -> None:
    settings.ARGUS_ACCEL_REDIRECT = "/protected/"
    image = make_image(project)
    answer = as_ana.get(address(image))
    assert answer["X-Accel-Redirect"] == f"/protected/{image.display}"
    assert answer.content == b""
    assert answer["Content-Type"] == "image/webp"


def test_posting_is_refused(as_ana: Client, project: Any) -> None:
    assert as_ana.post(address(make_image(project))).status_code == 405
