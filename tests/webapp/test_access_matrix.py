"""Every address × every kind of person, by real requests. A new address without a row fails the first test here."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotation.models import ImportRun
from tests.factories import make_image, make_loops
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
from verification.models import Export, Webhook
from webapp.projects.models import Team

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


@pytest.fixture
def things(project: Any, edo: Any) -> Things:
    export = Export.objects.create(project=project, kind="tags")
    run = ImportRun.objects.create(project=project, format="folder")
    _zero, one = make_loops(project)
    image = make_image(project)
    webhook = Webhook.objects.create(project=project, url="https://hooks.example.org/", events=["export.done"])
    team = Team.objects.create(project=project, name="Night shift")
    return Things(
        project,
        edo.pk,
        image_id=image.pk,
        export_id=export.pk,
        import_id=run.pk,
        loop_number=one.number,
        webhook_id=webhook.pk,
        team_id=team.pk,
    )


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
@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_person_gets_what_the_row_says(
    name: str, person: str, people: dict[str, Client], things: Things, django_capture_on_commit_callbacks: Any
) -> None:
    row = ROWS[name]
    status = ask(people[person], name, row, things, method="POST" if row.changes else "GET")
    assert status in row.expected(person), f"{person} got {status} from {name}"


@pytest.mark.parametrize("name", sorted(name for name, row in ROWS.items() if row.changes))
def test_what_changes_something_refuses_get_and_requests_without_token(
    name: str, people: dict[str, Client], things: Things
) -> None:
    row = ROWS[name]
    person = "lead" if "lead" in row.allowed or row.scope != "project" else sorted(row.allowed)[0]
    client = people[person]
    if " " not in name:  # else GET is another row
        assert ask(client, name, row, things, method="GET") == 405
    client.handler.enforce_csrf_checks = True
    assert ask(client, name, row, things, method="POST") == 403


@pytest.mark.parametrize("name", sorted(ALLAUTH))
def test_sign_in_pages_answer_as_listed(name: str, people: dict[str, Client]) -> None:
    address = reverse(name, kwargs=ALLAUTH_ARGUMENTS.get(name))
    signed_out, signed_in = ALLAUTH[name]
    assert people["anonymous"].get(address).status_code == signed_out
    for person in set(PEOPLE) - {"anonymous"}:
        assert people[person].get(address).status_code == signed_in, person


ADMIN_NAMES = [*sorted(ADMIN_SITE), *(f"{model}_{page}" for model in sorted(ADMIN_MODELS) for page in ADMIN_PAGES)]


@pytest.mark.parametrize("page", ADMIN_NAMES)
def test_the_site_administration_is_for_site_admins(page: str, people: dict[str, Client], things: Things) -> None:
    arguments: dict[str, Any] = dict(ADMIN_ARGUMENTS.get(page, {}))
    if page.endswith(("_history", "_delete", "_change")) and page != "password_change":
        arguments = {"id" if page.startswith("auth_user") else "object_id": things.member_id}
    address = reverse(f"admin:{page}", kwargs=arguments or None)
    for person in set(PEOPLE) - {"admin"}:
        refused = 403 if page == "login" and person != "anonymous" else 302
        assert people[person].get(address).status_code == refused, person
    writable = page.startswith("accounts_user_")
    if page in ADMIN_SITE:
        expected = {ADMIN_SITE[page]}
    elif page.endswith("_delete") or (page.endswith("_add") and not writable):
        expected = {403}
    else:
        expected = {200} if page.endswith("_changelist") or writable else {200, 302}
    assert people["admin"].get(address).status_code in expected


def test_a_stranger_cannot_tell_a_project_from_none(people: dict[str, Client], project: Any) -> None:
    real = people["outsider"].get(f"/p/{project.slug}/")
    absent = people["outsider"].get("/p/there-is-no-such/")
    assert real.status_code == absent.status_code == 404
    said = [
        answer.content.decode().partition("<main")[2].replace(answer["X-Request-Id"], "") for answer in (real, absent)
    ]
    assert said[0] == said[1]
    assert project.name not in said[0]
