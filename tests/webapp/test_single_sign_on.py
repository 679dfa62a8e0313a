"""Single sign-on against a provider that runs in this process."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from webapp.accounts.models import User

pytestmark = pytest.mark.django_db

START = "/accounts/oidc/sso/login/"


class Provider(BaseHTTPRequestHandler):
    """The four answers of OpenID Connect that a sign-in needs. It vouches for `person`."""

    person: dict[str, Any] = {}

    def answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        host, port = self.server.server_address[:2]
        base = f"http://{host!s}:{port}"
        if self.path == "/userinfo":
            return self.answer(self.person)
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo"}
        return self.answer({"issuer": base} | {name: f"{base}/{path}" for name, path in names.items()})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"access_token": "token", "token_type": "Bearer"})

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def provider(settings: Any) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Provider.person = {"sub": "42", "email": "nia@example.org", "email_verified": True, "preferred_username": "nia"}
    app = {
        "provider_id": "sso",
        "name": "Team login",
        "client_id": "argus",
        "secret": "secret",
        "settings": {"server_url": f"http://127.0.0.1:{server.server_address[1]}"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    yield
    server.shutdown()
    server.server_close()
    thread.join()


def come_back(client: Client, process: str = "login") -> Any:
    """Press the button, let the provider say yes, follow its redirect."""
    asked = client.post(f"{START}?process={process}")
    query = parse_qs(urlsplit(asked.url).query)
    assert query["code_challenge_method"] == ["S256"]
    return client.get(f"{START}callback/", {"code": "code", "state": query["state"][0]}, follow=True)


def test_the_sign_in_page_has_a_button_that_posts(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "Sign in with Team login" in page
    assert f'<form method="post" action="{START}?process=login"' in page


def test_a_stranger_gets_no_account(client: Client) -> None:
    page = come_back(client)
    assert "Accounts are made for you" in page.content.decode()
    assert not User.objects.exists()
    assert client.get("/accounts/profile/").status_code == 302


def test_the_providers_word_alone_does_not_open_an_existing_account(client: Client, ana: User) -> None:
    Provider.person |= {"email": "ana@example.org"}
    come_back(client)
    assert client.get("/accounts/profile/").status_code == 302


def test_a_person_connects_the_provider_once_and_signs_in_with_it(ana: User) -> None:
    here, elsewhere = Client(), Client()
    here.post("/accounts/login/", {"login": "ana", "password": "correct horse battery"})
    come_back(here, "connect")
    assert ana.socialaccount_set.get().uid == "42"
    come_back(elsewhere)
    assert elsewhere.get("/accounts/profile/").context["user"] == ana


def test_an_answer_nobody_asked_for_is_refused(client: Client) -> None:
    assert client.get(f"{START}callback/", {"code": "code", "state": "made up"}).status_code == 401
    assert client.get("/accounts/profile/").status_code == 302


def test_where_the_operator_says_so_accounts_are_made_without_roles(client: Client, settings: Any) -> None:
    settings.OIDC_CREATE_ACCOUNTS = True
    come_back(client)
    user = User.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("nia@example.org", False, False)
    assert not user.memberships.exists()
    assert "You are in no project yet" in client.get("/").content.decode()
