"""What people try: reading what is not theirs, changing what they may not, leaving markup behind. By real requests, at
every address there is (tests/webapp/access_rows.py), so that a new page is tried too."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import disagreement, member, packed, reviewed, said
from tests.webapp.access_rows import ROWS, Things
from verification.models import Assignment, Export, SampleItem, TaskKind
from verification.services.queue import lease_items
from verification.services.reviews import rule_item, take_package
from webapp.accounts.models import User
from webapp.projects.models import Membership, Project, Team

pytestmark = pytest.mark.django_db

MARKUP = '<script>alert("gotcha")</script>'
PAGES = sorted(name for name, row in ROWS.items() if not row.changes and row.scope == "project")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def pages_as(user: Any, things: Things, person: str, query: str = "") -> Iterator[tuple[str, Any]]:
    """(name, answer) of every page that this kind of person may read."""
    client = signed_in(user)
    for name in PAGES:
        row = ROWS[name]
        if person not in row.allowed:
            continue
        answer = client.get(reverse(name.partition(" ")[0], kwargs=row.arguments(things)) + query)
        content = b"".join(answer) if answer.streaming else answer.content
        if not answer.get("Content-Type", "").startswith("image/"):
            yield name, (answer, content.decode("utf-8", "replace"))


@pytest.fixture
def busy(project: Any, ana: Any, edo: Any) -> Any:
    """A project in which somebody else judged, an expert ruled with a note, and a gold item waits."""
    ben = member(project, "ben-somebody-else", "annotator")
    User.objects.filter(pk=ben.pk).update(first_name="Benedikt Secret")
    sample = make_sample(reviewed(project, size=4), items=8)
    items = items_of(sample)
    for item in items[:4]:
        said(item, ben, "milk jug")
    (package,) = packed(sample)
    take_package(project_id=project.pk, user_id=edo.pk, package_id=package.pk)
    packed_item = package.items.order_by("position").first()
    rule_item(
        project_id=project.pk,
        user_id=edo.pk,
        package_id=package.pk,
        item_id=packed_item.pk,
        mark=disagreement(packed_item, note="ruling-note-of-the-expert"),
    )
    SampleItem.objects.filter(pk=items[5].pk).update(is_gold=True, reason="gold")
    return sample


# --- reading -------------------------------------------------------------------------------------------------------


def test_no_page_shows_an_annotator_gold_marks_others_verdicts_or_rulings(
    busy: Any,
    ana: Any,
    things: Things,
) -> None:
    seen = 0
    for name, (_answer, text) in pages_as(ana, things, "annotator"):
        seen += 1
        for secret in ("gold", "ben-somebody-else", "Benedikt", "ruling-note-of-the-expert", "inclusion_prob"):
            assert secret not in text, f"{secret!r} at {name}"
    assert seen >= 8


def test_no_page_shows_an_expert_who_judged_or_how_sure_a_model_was(
    busy: Any,
    edo: Any,
    things: Things,
) -> None:
    for name, (_answer, text) in pages_as(edo, things, "expert"):
        for secret in ("ben-somebody-else", "Benedikt", "role_mask", "inclusion_prob"):
            assert secret not in text, f"{secret!r} at {name}"


def _words(client: Client) -> str:
    """What My work says, without the form tokens, which are others each time."""
    page = client.get("/p/street/work/").content.decode()
    return re.sub(r"[A-Za-z0-9]{64}", "", page)


def test_a_gold_item_cannot_be_told_from_others_by_any_field_or_count(project: Any, ana: Any) -> None:
    """Same fields, same types; what is waiting is counted alike."""
    sample = make_sample(project, items=6)
    client = signed_in(ana)
    before = _words(client)
    gold = items_of(sample)[2]
    SampleItem.objects.filter(pk=gold.pk).update(is_gold=True)
    assert _words(client) == before
    sent = client.post("/p/street/work/tags/lease", {"want": 6}, content_type="application/json").json()["items"]
    shapes = {str([(name, type(value).__name__) for name, value in item.items()]) for item in sent}
    assert len(shapes) == 1
    assert len(sent) == 6


def test_packages_audits_and_others_work_are_out_of_an_annotators_reach(busy: Any, ana: Any, things: Things) -> None:
    client = signed_in(ana)
    for name, row in ROWS.items():
        if row.scope != "project" or "annotator" in row.allowed:
            continue
        address = reverse(name.partition(" ")[0], kwargs=row.arguments(things))
        answer = client.post(address, row.data) if row.changes else client.get(address)
        assert answer.status_code == 403, name


def test_an_expert_cannot_take_a_package_with_work_of_their_own(project: Any, edo: Any) -> None:
    Membership.objects.create(project=project, user=edo, role="annotator")
    sample = make_sample(reviewed(project, size=4), items=4)
    for item in items_of(sample):
        said(item, edo)
    (package,) = packed(sample)
    client = signed_in(edo)
    client.post("/p/street/review/take", {"package": package.pk})
    client.post("/p/street/review/take")
    package.refresh_from_db()
    assert package.expert_id is None
    assert client.get(f"/p/street/review/{package.pk}/").status_code in (404, 409)


# --- filters and orderings -----------------------------------------------------------------------------------------

PROBES = "?ordering=created_by__password&order_by=-password&o=1&fields=password&include=user&user__password__startswith=m&is_gold=1"


@pytest.mark.parametrize(("person", "fixture"), [("lead", "lea"), ("consumer", "cleo"), ("annotator", "ana")])
def test_no_filter_or_ordering_reaches_a_private_column(
    person: str,
    fixture: str,
    request: Any,
    busy: Any,
    things: Things,
) -> None:
    user = request.getfixturevalue(fixture)
    hashed = user.password.partition("$")[0] + "$"
    plain = {name: answer.status_code for name, (answer, _text) in pages_as(user, things, person)}
    for name, (answer, text) in pages_as(user, things, person, PROBES):
        assert answer.status_code in (plain[name], 400), name
        assert hashed not in text, name
        assert make_password("x").partition("$")[0] + "$" not in text, name


# --- changing ------------------------------------------------------------------------------------------------------


def test_no_extra_field_changes_a_project_a_rate_or_a_role(project: Any, lea: Any, ana: Any) -> None:
    before = Project.objects.values().get(pk=project.pk)
    private = {
        "slug": "mine",
        "roster": "{}",
        "paused_at": "2020-01-01",
        "paused_by": lea.pk,
        "created_by": lea.pk,
        "id": 99,
    }
    form = {
        name: before[name]
        for name in (
            *("name", "description", "guide", "overlap", "package_size", "package_threshold", "expert_overlap"),
            *("gold_share", "tag_rate", "qa_rate", "answer_rate", "currency"),
        )
    }
    assert signed_in(lea).post("/p/street/settings/", form | private).status_code in (200, 302, 400)
    after = Project.objects.values().get(pk=project.pk)
    assert {name: after[name] for name in ("slug", "roster", "paused_at", "created_by_id", "id")} == {
        name: before[name] for name in ("slug", "roster", "paused_at", "created_by_id", "id")
    }
    annotator = signed_in(ana)
    for address in ("/p/street/settings/", "/p/street/people/add", f"/p/street/people/{ana.pk}/roles"):
        answer = annotator.post(address, form | {"who": "ana", "roles": ["lead"], "tag_rate": "9"})
        assert answer.status_code == 403
    assert Project.objects.get(pk=project.pk).tag_rate == before["tag_rate"]
    assert set(Membership.objects.filter(user=ana).values_list("role", flat=True)) == {"annotator"}


def test_no_extra_field_of_a_verdict_changes_whose_it_is_or_what_it_pays(project: Any, ana: Any, edo: Any) -> None:
    from verification.models import LedgerEntry, Verdict

    make_sample(project, items=1)
    client = signed_in(ana)
    item = client.post("/p/street/work/tags/lease", {"want": 1}, content_type="application/json").json()["items"][0]
    sent = {
        "assignment": item["assignment"],
        "ticket": item["ticket"],
        "rejected": [],
        "seconds": 1,
        "key": "5f0f0c5e-0000-4000-8000-000000000001",
        "want": 0,
    }
    for extra in ({"annotator": edo.pk}, {"user_id": edo.pk}, {"amount": 100}, {"rate": 5}, {"project": 1}):
        answer = client.post("/p/street/work/tags/submit", sent | extra, content_type="application/json")
        assert answer.status_code == 400, extra
    assert not Verdict.objects.exists()
    assert client.post("/p/street/work/tags/submit", sent, content_type="application/json").status_code == 200
    assert LedgerEntry.objects.get().amount == project.tag_rate
    assert Verdict.objects.get().annotator == ana


# --- stored markup -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "fixture"), [("lead", "lea"), ("expert", "edo"), ("annotator", "ana"), ("consumer", "cleo")]
)
def test_markup_in_any_text_is_shown_as_text_everywhere(
    person: str,
    fixture: str,
    request: Any,
    busy: Any,
    project: Any,
    things: Things,
) -> None:
    user = request.getfixturevalue(fixture)
    Project.objects.filter(pk=project.pk).update(name=MARKUP, description=MARKUP, guide=f"# {MARKUP}\n\n{MARKUP}")
    User.objects.update(first_name=MARKUP)
    Team.objects.update(name=MARKUP)
    Export.objects.update(error=MARKUP, state="failed")
    for item in SampleItem.objects.filter(sample=busy):
        for tag in item.shown["tags"]:
            tag["text"] = MARKUP
        item.save(update_fields=["shown"])
    busy.loop.error = MARKUP
    busy.loop.save(update_fields=["error"])
    shown = 0
    for name, (answer, text) in pages_as(user, things, person):
        if answer.get("Content-Type", "").startswith("text/html"):
            assert MARKUP not in text, f"markup runs at {name}"
            shown += "&lt;script&gt;alert(" in text
        assert answer.get("X-Content-Type-Options") == "nosniff", name
    assert shown >= 3


def test_what_a_work_screen_is_sent_is_json_and_never_a_page(project: Any, ana: Any) -> None:
    item = items_of(make_sample(project, items=1))[0]
    item.shown["tags"][0]["text"] = MARKUP
    item.save(update_fields=["shown"])
    answer = signed_in(ana).post("/p/street/work/tags/lease", {"want": 1}, content_type="application/json")
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["items"][0]["tags"][0]["text"] == MARKUP


# --- signing in ----------------------------------------------------------------------------------------------------


def test_an_invitation_tells_nobody_which_accounts_there_are(client: Client, project: Any, lea: Any, ana: Any) -> None:
    """Before its form is sent, the page of a link for an address with an account is that of one without."""
    from webapp.projects.services.invitations import invite, token_of_invitation

    pages = []
    for email in ("ana@example.org", "new@example.org"):
        made = invite(project=project, by=lea, email=email, roles={"annotator"})  # type: ignore[arg-type]
        page = client.get(f"/join/{token_of_invitation(made)}").content.decode().partition("<main")[2]
        page = page.replace(email, "").partition('name="csrfmiddlewaretoken"')
        pages.append(page[0])
    assert pages[0] == pages[1]


def test_guessing_tokens_tells_nothing(db: None) -> None:
    answers = [
        Client(headers={"authorization": f"Bearer {guess}"}).get("/api/v1/me")
        for guess in ("argus_" + "a" * 43, "argus_" + "b" * 43, "x", "argus_")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1


def test_held_work_of_others_cannot_be_taken_by_naming_it(project: Any, ana: Any) -> None:
    ben = member(project, "ben", "annotator")
    sample = make_sample(project, items=2)
    slot = Assignment.objects.filter(sample=sample).order_by("pk")[0]
    Assignment.objects.filter(pk=slot.pk).update(held_for=ben)
    got = lease_items(project_id=project.pk, user_id=ana.pk, count=5, kind=TaskKind.TAG)
    assert slot.pk not in {item.assignment_id for item in got}
    answer = signed_in(ana).post(
        "/p/street/work/tags/submit",
        {"assignment": slot.pk, "rejected": [], "seconds": 1, "key": "5f0f0c5e-0000-4000-8000-000000000002"},
        content_type="application/json",
    )
    assert answer.status_code == 404
