"""Every address × every kind of person, by real requests. A new address without a row fails the first test here."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.webapp.access_rows import (
    ADMIN_ARGUMENTS,
    ADMIN_MODELS,
    ADMIN_PAGES,
    ADMIN_SITE,
    ALLAUTH,
    ALLAUTH_ARGUMENTS,
    PEOPLE,
    ROWS,
    Row,
    Things,
)

JSON = {"accept": "application/json"}
ALLAUTH_PREFIXES = ("account_", "mfa_", "socialaccount_", "openid_connect_")


def endpoints(resolver: Any = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(qualified name, pattern) of every address there is; unnamed ones have the name ''."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from endpoints(entry, inner)
        else:
            yield f"{namespace}{entry.name or ''}", entry


def own(name: str) -> bool:
    return not name.startswith("admin:") and not name.startswith(ALLAUTH_PREFIXES) and bool(name)


@pytest.fixture
def people(ana: Any, edo: Any, lea: Any, cleo: Any, otto: Any, admin: Any) -> dict[str, Client]:
    users = {"annotator": ana, "expert": edo, "lead": lea, "consumer": cleo, "outsider": otto, "admin": admin}
    clients = {"anonymous": Client()}
    for name, user in users.items():
        clients[name] = Client()
        clients[name].force_login(user)
    return clients


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back, so that all rows meet the same project."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


def ask(client: Client, name: str, row: Row, things: Things, *, method: str) -> int:
    address = reverse(name.partition(" ")[0], kwargs=row.arguments(things))
    headers = JSON if row.json else None
    if method == "GET":
        answer = client.get(address, headers=headers)
    elif row.json:
        answer = client.post(address, row.data, content_type="application/json", headers=headers)
    else:
        answer = client.post(address, row.data)
    if answer.streaming:
        answer.getvalue()  # read to the end, so that the file behind it is closed
    return answer.status_code


def test_every_endpoint_has_a_row() -> None:
    named = {name for name, _pattern in endpoints()}
    missing = sorted(name for name in named if own(name) and name not in ROWS)
    assert not missing, (
        f"No row in tests/webapp/access_rows.py for: {', '.join(missing)}. Add to ROWS who may use each of them: "
        "_page(…) for what only shows, _change(…) for what changes something (POST alone), with the people allowed."
    )
    missing = sorted(name for name in named if name.startswith(ALLAUTH_PREFIXES) and name not in ALLAUTH)
    assert not missing, f"No row in ALLAUTH (tests/webapp/access_rows.py) for: {', '.join(missing)}"
    gone = sorted({name.partition(" ")[0] for name in {*ROWS, *ALLAUTH}} - named)
    assert not gone, f"Rows in tests/webapp/access_rows.py of endpoints that do not exist: {', '.join(gone)}"


def test_every_method_of_the_api_has_a_row() -> None:
    there = set()
    for name, pattern in endpoints():
        needs = getattr(pattern.callback, "access", None)
        if isinstance(needs, Mapping):
            first, *more = sorted(needs)  # GET before POST: the row without a method is the first one
            assert ROWS[name].changes == (first != "GET"), name
            there |= {name, *(f"{name} {method}" for method in more)}
            for method, need in needs.items():
                row = ROWS[name if method == first else f"{name} {method}"]
                assert (row.token, row.changes) == (need.scope, method != "GET"), f"{method} {name}"
    assert there == {name for name, row in ROWS.items() if row.token}


def test_every_admin_page_is_one_of_a_known_model() -> None:
    known = {f"{model}_{page}" for model in ADMIN_MODELS for page in ADMIN_PAGES} | set(ADMIN_SITE) | {""}
    there = {name.removeprefix("admin:") for name, _pattern in endpoints() if name.startswith("admin:")}
    assert there == known, "the site administration changed: adjust ADMIN_MODELS or ADMIN_SITE in access_rows.py"


def test_every_own_view_declares_who_may_use_it() -> None:
    silent = [name for name, pattern in endpoints() if own(name) and getattr(pattern.callback, "access", None) is None]
    assert not silent, f"decorate these views (webapp/projects/access.py): {silent}"


@pytest.mark.parametrize("person", PEOPLE)
def test_each_person_gets_what_the_rows_say(person: str, people: dict[str, Client], things: Things) -> None:
    wrong = []
    for name, row in ROWS.items():
        with undone():
            status = ask(people[person], name, row, things, method="POST" if row.changes else "GET")
        if status not in row.expected(person):
            wrong.append(f"{name}: {status}")
    assert not wrong, f"{person} got: {'; '.join(wrong)}"


def test_what_changes_something_refuses_get_and_requests_without_token(
    people: dict[str, Client], things: Things
) -> None:
    wrong = []
    for name, row in ROWS.items():
        if not row.changes:
            continue
        person = "lead" if "lead" in row.allowed or row.scope != "project" else min(row.allowed)
        client = people[person]
        client.handler.enforce_csrf_checks = False
        with undone():
            if " " not in name and ask(client, name, row, things, method="GET") != 405:  # else GET is another row
                wrong.append(f"{name} answers GET")
        client.handler.enforce_csrf_checks = True
        with undone():
            if ask(client, name, row, things, method="POST") != 403:
                wrong.append(f"{name} needs no token")
    assert not wrong, wrong


def test_sign_in_pages_answer_as_listed(people: dict[str, Client]) -> None:
    wrong = []
    for name, (signed_out, signed_in) in ALLAUTH.items():
        address = reverse(name, kwargs=ALLAUTH_ARGUMENTS.get(name))
        for person in PEOPLE:
            with undone():
                status = people[person].get(address).status_code
            if status != (signed_out if person == "anonymous" else signed_in):
                wrong.append(f"{name}: {person} got {status}")
    assert not wrong, wrong


def test_the_site_administration_is_for_site_admins(people: dict[str, Client], things: Things) -> None:
    wrong = []
    for page in (*sorted(ADMIN_SITE), *(f"{model}_{page}" for model in sorted(ADMIN_MODELS) for page in ADMIN_PAGES)):
        arguments: dict[str, Any] = dict(ADMIN_ARGUMENTS.get(page, {}))
        if page.endswith(("_history", "_delete", "_change")) and page != "password_change":
            arguments = {"id" if page.startswith("auth_user") else "object_id": things.member_id}
        address = reverse(f"admin:{page}", kwargs=arguments or None)
        for person, client in people.items():
            with undone():
                status = client.get(address).status_code
            if status not in _admin_answers(page, person):
                wrong.append(f"{page}: {person} got {status}")
    assert not wrong, wrong


def _admin_answers(page: str, person: str) -> set[int]:
    """The statuses that somebody may get from a page of the site administration."""
    if person != "admin":
        return {403 if page == "login" and person != "anonymous" else 302}
    writable = page.startswith("accounts_user_")
    if page in ADMIN_SITE:
        return {ADMIN_SITE[page]}
    if page.endswith("_delete") or (page.endswith("_add") and not writable):
        return {403}
    return {200} if page.endswith("_changelist") or writable else {200, 302}


def test_a_stranger_cannot_tell_a_project_from_none(people: dict[str, Client], project: Any) -> None:
    real = people["outsider"].get(f"/p/{project.slug}/")
    absent = people["outsider"].get("/p/there-is-no-such/")
    assert real.status_code == absent.status_code == 404
    said = [
        answer.content.decode().partition("<main")[2].replace(answer["X-Request-Id"], "") for answer in (real, absent)
    ]
    assert said[0] == said[1]
    assert project.name not in said[0]
