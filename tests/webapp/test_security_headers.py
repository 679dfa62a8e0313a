"""What every answer carries, whatever kind of page it is."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from webapp.accounts.models import User

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "manifest-src": {"'self'"},
    "form-action": {"'self'"},
    "frame-ancestors": {"'none'"},
    "base-uri": {"'none'"},
    "object-src": {"'none'"},
}
PAGES = [
    "/",
    "/p/new",
    "/p/street/",
    "/p/street/people/",
    "/p/street/settings/",
    "/p/street/explore/",
    "/p/street/exports/",
    "/accounts/profile/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/logout/",
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/there/is/nothing",
    "/p/street/work/",  # refused: 403
    "/healthz",
]
SIGNED_OUT = ["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/", "/admin/", "/p/street/"]


def policy_of(answer: Any) -> dict[str, set[str]]:
    parts = [part.split() for part in answer["Content-Security-Policy"].split(";") if part.strip()]
    return {part[0]: set(part[1:]) for part in parts}


def assert_guarded(answer: Any) -> None:
    assert policy_of(answer) == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(answer["X-Request-Id"]) == 8


@pytest.mark.parametrize("address", PAGES)
def test_pages_of_signed_in_people_carry_the_strict_policy(
    client: Client, admin: User, project: Any, address: str
) -> None:
    client.force_login(admin)
    assert_guarded(client.get(address))


@pytest.mark.parametrize("address", SIGNED_OUT)
def test_pages_of_strangers_carry_the_policy(client: Client, project: Any, address: str) -> None:
    assert_guarded(client.get(address))


def test_a_failure_of_the_server_carries_it_too(client: Client, lea: User, monkeypatch: Any) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeError("as if the code were broken")

    monkeypatch.setattr("webapp.projects.views.projects.projects_of", fail)
    client.force_login(lea)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert_guarded(answer)
    body = answer.content.decode()
    assert answer["X-Request-Id"] in body
    assert "as if the code" not in body


def test_programs_get_the_failure_as_json(client: Client, lea: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("webapp.projects.views.projects.projects_of", None)
    client.force_login(lea)
    client.raise_request_exception = False
    answer = client.get("/", headers={"accept": "application/json"})
    assert answer.json()["error"]["code"] == "server_error"


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(client: Client, ana: User) -> None:
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "ana", "password": "correct horse battery"})
    session = client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert client.cookies["csrftoken"]["samesite"] == "Lax"


def test_production_sends_cookies_over_https_only() -> None:
    from webapp.settings import base

    assert base.SESSION_COOKIE_SECURE == base.CSRF_COOKIE_SECURE == base.SECURE_SSL_REDIRECT == base.HTTPS_ONLY
    assert settings.SESSION_COOKIE_HTTPONLY


def test_an_unknown_host_is_refused(client: Client) -> None:
    answer = client.get("/accounts/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


def test_a_form_without_token_is_refused_in_words(ana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    answer = client.post("/accounts/theme/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "nothing was changed" in answer.content.decode()
    program = client.post("/accounts/theme/", {"theme": "dark"}, headers={"accept": "application/json"})
    assert program.json()["error"]["code"] == "form_expired"
