"""Tokens: hashed, expiring, limited in scope, revoked at once, never more than their owner may."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from tests.api.conftest import ALL_SCOPES, TokenClient
from tests.webapp.access_rows import PEOPLE, ROWS, Things
from tests.webapp.test_access_matrix import undone
from webapp.accounts.models import ApiToken, User
from webapp.accounts.tokens import LIFETIMES, MOST_TOKENS, digest_of, issue_token, revoke_token, token_of
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db

API_ROWS = sorted(name for name, row in ROWS.items() if row.token)


def ask(client: Client, name: str, things: Things) -> Any:
    row = ROWS[name]
    address = reverse(name.partition(" ")[0], kwargs=row.arguments(things))
    if row.changes:
        return client.post(address, row.data, content_type="application/json")
    answer = client.get(address)
    if answer.streaming:
        answer.getvalue()  # read to the end, so that the file behind it is closed
    return answer


def test_only_a_digest_is_kept(ana: User) -> None:
    token, secret = issue_token(user=ana, name="laptop", scopes=["read"], days=30)
    assert secret.startswith("argus_")
    assert len(secret) > 45
    row = ApiToken.objects.values().get(pk=token.pk)
    assert secret not in str(row)
    assert row["digest"] == digest_of(secret)
    assert token_of(secret) == token


@pytest.mark.parametrize(
    "values",
    [
        {"name": "  "},
        {"scopes": []},
        {"scopes": ["admin"]},
        {"scopes": ["read", "everything"]},
        {"days": 0},
        {"days": 10_000},
    ],
)
def test_nonsense_is_refused(ana: User, values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        issue_token(user=ana, **{"name": "x", "scopes": ["read"], "days": LIFETIMES[0], **values})


def test_nobody_has_more_than_a_handful(ana: User) -> None:
    for number in range(MOST_TOKENS):
        issue_token(user=ana, name=str(number), scopes=["read"], days=7)
    with pytest.raises(Conflict):
        issue_token(user=ana, name="one more", scopes=["read"], days=7)
    revoke_token(user=ana, token_id=ApiToken.objects.get(user=ana, name="0").pk)
    issue_token(user=ana, name="one more", scopes=["read"], days=7)


def test_a_token_stops_working_when_revoked_expired_or_its_owner_is_switched_off(ana: User, edo: User) -> None:
    first, first_secret = issue_token(user=ana, name="a", scopes=["read"], days=7)
    second, second_secret = issue_token(user=ana, name="b", scopes=["read"], days=7)
    _third, third_secret = issue_token(user=edo, name="c", scopes=["read"], days=7)
    clients = [
        Client(headers={"authorization": f"Bearer {one}"}) for one in (first_secret, second_secret, third_secret)
    ]
    assert [client.get("/api/v1/me").status_code for client in clients] == [200, 200, 200]
    revoke_token(user=ana, token_id=first.pk)
    ApiToken.objects.filter(pk=second.pk).update(expires_at=Now() - timedelta(hours=1))
    User.objects.filter(pk=edo.pk).update(is_active=False)
    answers = [client.get("/api/v1/me") for client in clients]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    assert answers[0]["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_revoked_by_its_owner_only(ana: User, lea: User) -> None:
    token, _secret = issue_token(user=ana, name="a", scopes=["read"], days=7)
    with pytest.raises(NotFound):
        revoke_token(user=lea, token_id=token.pk)
    assert revoke_token(user=ana, token_id=token.pk).revoked_at is not None
    again = revoke_token(user=ana, token_id=token.pk)
    assert again.revoked_at is not None


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer a b", "Bearer argus_nothing", "Bearer \xff", "bearer x"]
)
def test_what_is_no_token_is_refused_and_never_falls_back_to_a_session(ana: User, header: str) -> None:
    client = Client(headers={"authorization": header})
    client.force_login(ana)
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "bad_token"


def test_a_one_time_password_opens_nothing_by_token_either(ana: User, with_token: TokenClient) -> None:
    client = with_token(ana)
    User.objects.filter(pk=ana.pk).update(must_change_password=True)
    answer = client.get("/api/v1/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "password_is_one_time")


def test_the_last_use_is_remembered(ana: User, with_token: TokenClient) -> None:
    client = with_token(ana)
    client.get("/api/v1/me")
    token = ApiToken.objects.get(user=ana)
    assert token.last_used_at is not None
    client.get("/api/v1/me")
    assert ApiToken.objects.get(user=ana).last_used_at == token.last_used_at  # once a minute


def test_each_endpoint_needs_its_scope(
    admin: User, ana: User, edo: User, with_token: TokenClient, things: Things
) -> None:
    owners = {frozenset({"annotator"}): ana, frozenset({"expert"}): edo}
    clients: dict[tuple[str, User, bool], Client] = {}  # with this scope alone, or with all others
    for scope in ALL_SCOPES:
        for owner in (admin, ana, edo):
            clients[scope, owner, True] = with_token(owner, scope)
            clients[scope, owner, False] = with_token(owner, *(other for other in ALL_SCOPES if other != scope))
    for name in API_ROWS:
        row = ROWS[name]
        owner = owners.get(row.allowed, admin)
        with undone():
            refused = ask(clients[row.token, owner, False], name, things)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing"), name
            assert row.token in refused.json()["error"]["message"], name
            assert ask(clients[row.token, owner, True], name, things).status_code in row.ok, name


@pytest.mark.parametrize("person", sorted(set(PEOPLE) - {"anonymous"}))
def test_a_token_gives_no_more_than_its_owner_may(
    person: str,
    ana: User,
    edo: User,
    lea: User,
    cleo: User,
    otto: User,
    admin: User,
    with_token: TokenClient,
    things: Things,
) -> None:
    users = {"annotator": ana, "expert": edo, "lead": lea, "consumer": cleo, "outsider": otto, "admin": admin}
    client = with_token(users[person])
    for name in API_ROWS:
        with undone():
            answer = ask(client, name, things)
        assert answer.status_code in ROWS[name].expected(person), f"{person} got {answer.status_code} from {name}"


def test_a_session_needs_the_csrf_token_and_a_token_does_not(project: Any, ana: User, with_token: TokenClient) -> None:
    address = "/api/v1/projects/street/work/tags/release"
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana)
    refused = browser.post(address, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf")
    assert with_token(ana).post(address, {}, content_type="application/json").status_code == 200


def test_too_many_requests_are_refused_with_the_time_to_wait(
    project: Any, ana: User, edo: User, with_token: TokenClient, settings: Any
) -> None:
    settings.ARGUS_API_PER_MINUTE = 5
    client = with_token(ana)
    answers = [client.get("/api/v1/me") for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 2  # a new minute may have begun in between
    assert refused[0].json()["error"]["code"] == "too_many"
    assert 1 <= int(refused[0]["Retry-After"]) <= 60
    assert with_token(edo).get("/api/v1/me").status_code == 200  # counted per token
    cache.clear()
    assert client.get("/api/v1/me").status_code == 200


def test_the_account_page_shows_a_token_once_and_revokes_it(client: Client, ana: User) -> None:
    client.force_login(ana)
    page = client.post("/accounts/tokens/", {"name": "<b>laptop</b>", "scopes": ["read", "export"], "days": 30})
    secret = page.content.decode().partition("argus_")[2].partition("<")[0]
    assert token_of(f"argus_{secret}") is not None
    assert "<b>laptop" not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    again = client.get("/accounts/tokens/").content.decode()
    assert secret not in again
    assert "&lt;b&gt;laptop" in again
    token = ApiToken.objects.get(user=ana)
    client.post(f"/accounts/tokens/{token.pk}/revoke")
    assert token_of(f"argus_{secret}") is None
    assert "laptop" not in client.get("/accounts/tokens/").content.decode().partition("<main")[2].partition("<ul")[2]


def test_a_form_without_scopes_is_shown_again(client: Client, ana: User) -> None:
    client.force_login(ana)
    assert client.post("/accounts/tokens/", {"name": "x", "days": 30}).status_code == 400
    assert client.post("/accounts/tokens/", {"name": "x", "scopes": ["lead"], "days": 12}).status_code == 400
    assert not ApiToken.objects.exists()
