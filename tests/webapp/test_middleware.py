"""Deny by default, request ids, and the one shape of errors."""

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from webapp.core import errors
from webapp.core.middleware import DenyByDefaultMiddleware, RequestIdFilter, RequestIdMiddleware, current_request_id
from webapp.projects.access import public, signed_in
from webapp.urls import handler404
from webapp.urls import urlpatterns as real

ERRORS = [
    errors.BadInput,
    errors.NotAllowed,
    errors.NotFound,
    errors.Conflict,
    errors.Gone,
    errors.TooMany,
    errors.Unavailable,
]


def forgotten(request: Any) -> HttpResponse:
    return HttpResponse("should never be seen")


@public
def failing(request: Any, name: str) -> HttpResponse:
    raise getattr(errors, name)("What happened <b>and</b> what to do next.")


@signed_in
def fragment(request: Any) -> HttpResponse:
    return HttpResponse("fragment")


urlpatterns = [
    *real,
    path("forgotten", forgotten),
    path("failing/<str:name>", failing),
    path("fragment", fragment),
]

__all__ = ["handler404", "urlpatterns"]


@pytest.fixture(autouse=True)
def _routes(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


def test_a_view_that_declares_nothing_is_refused_even_to_admins(client: Client, admin: Any) -> None:
    client.force_login(admin)
    answer = client.get("/forgotten")
    assert answer.status_code == 403
    assert b"should never be seen" not in answer.content


def test_the_refusal_names_the_view_for_its_author() -> None:
    middleware = DenyByDefaultMiddleware(lambda request: HttpResponse())
    with pytest.raises(PermissionDenied, match="forgotten"):
        middleware.process_view(RequestFactory().get("/"), forgotten, (), {})


@pytest.mark.parametrize("kind", ERRORS)
def test_each_error_has_its_status_its_words_and_a_reference(client: Client, db: None, kind: Any) -> None:
    page = client.get(f"/failing/{kind.__name__}")
    assert page.status_code == kind.status
    text = page.content.decode()
    assert "What happened &lt;b&gt;and&lt;/b&gt; what to do next." in text
    assert page["X-Request-Id"] in text
    program = client.get(f"/failing/{kind.__name__}", headers={"accept": "application/json"})
    assert program.status_code == kind.status
    assert program.json() == {
        "error": {
            "code": kind.code,
            "message": "What happened <b>and</b> what to do next.",
            "reference": program["X-Request-Id"],
        }
    }


def test_every_request_has_a_reference_of_its_own(client: Client) -> None:
    assert client.get("/livez")["X-Request-Id"] != client.get("/livez")["X-Request-Id"]
    assert current_request_id() == "-"


def test_a_reference_sent_from_outside_is_not_believed(client: Client) -> None:
    assert client.get("/livez", headers={"x-request-id": "forged"})["X-Request-Id"] != "forged"


def test_log_lines_carry_the_reference() -> None:
    seen: list[str] = []

    def view(request: Any) -> HttpResponse:
        record = logging.LogRecord("x", logging.INFO, "x", 1, "x", None, None)
        assert RequestIdFilter().filter(record)
        seen.append(record.request_id)  # type: ignore[attr-defined]
        return HttpResponse()

    answer = RequestIdMiddleware(view)(RequestFactory().get("/"))
    assert seen == [answer["X-Request-Id"]]


def test_a_signed_out_program_gets_401_and_htmx_a_whole_page(client: Client, db: None) -> None:
    program = client.get("/fragment", headers={"accept": "application/json"})
    assert (program.status_code, program.json()["error"]["code"]) == (401, "signed_out")
    headers = {"hx-request": "true", "hx-current-url": "http://testserver/p/street/loops/?page=2"}
    partial = client.get("/fragment", headers=headers)
    assert partial.status_code == 200
    assert partial.content == b""
    assert partial["HX-Redirect"] == "/accounts/login/?next=/p/street/loops/%3Fpage%3D2"


def test_a_form_sent_after_the_session_ended_leads_back_to_the_start(client: Client, db: None) -> None:
    assert client.post("/fragment").url == "/accounts/login/?next=/"
