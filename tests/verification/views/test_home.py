"""The first page of a project, for each role and each state of the project."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import Loop, LoopState, StageRun
from tests.factories import make_image, make_loops, make_sample
from verification.models import Assignment, Export
from verification.selectors import home
from verification.selectors.home import status_of
from webapp.projects.models import Membership

pytestmark = pytest.mark.django_db


def steps_of(page: str) -> list[tuple[str, str]]:
    """(title, done / now / empty) of the first steps."""
    listed = re.search(r'<ol class="steps">(.*?)</ol>', page, re.DOTALL)
    if listed is None:
        return []
    found = re.findall(r"<li\s*(?:class=\"(\w+)\")?[^>]*>.*?<h2>\s*(.*?)\s*(?:<|$)", listed[1], re.DOTALL)
    return [(title.strip(), state) for state, title in found]


def test_annotators_and_consumers_go_straight_to_their_work(client: Client, ana: Any, cleo: Any) -> None:
    client.force_login(ana)
    assert client.get("/p/street/").url == "/p/street/work/"
    client.force_login(cleo)
    assert client.get("/p/street/").url == "/p/street/exports/"


def test_an_expert_finds_reviews_and_audits(client: Client, edo: Any) -> None:
    client.force_login(edo)
    page = client.get("/p/street/").content.decode()
    for address in ("/p/street/review/", "/p/street/audit/"):
        assert f'href="{address}"' in page
        assert client.get(address).status_code == 200
    assert "My work" not in page


def test_somebody_with_several_roles_chooses(client: Client, project: Any, ana: Any) -> None:
    Membership.objects.create(project=project, user=ana, role="consumer")
    client.force_login(ana)
    page = client.get("/p/street/").content.decode()
    assert 'href="/p/street/work/"' in page
    assert 'href="/p/street/exports/"' in page
    assert "/p/street/review/" not in page


def test_a_new_project_shows_its_first_steps(client: Client, project: Any, lea: Any) -> None:
    client.force_login(lea)
    answer = client.get("/p/street/")
    page = answer.content.decode()
    assert steps_of(page) == [
        ("Create the project", "done"),
        ("Add photos", "now"),
        ("Start loop 0", ""),
        ("Add people", ""),
        ("Start loop 1", ""),
    ]
    assert page.count("btn-primary") == 1
    assert "Needs photos" in page
    assert "Needs loop 0" in page


def test_each_step_is_done_by_a_fact(client: Client, project: Any, lea: Any, ana: Any) -> None:
    client.force_login(lea)

    def now() -> str:
        return next(
            (title for title, state in steps_of(client.get("/p/street/").content.decode()) if state == "now"), ""
        )

    make_image(project)
    assert now() == "Start loop 0"
    zero = Loop.objects.create(project=project, number=0, config_digest="0" * 64)
    assert now() == "Start loop 0"  # it runs
    zero.state = LoopState.FINISHED
    zero.save()
    assert now() == "Start loop 1"  # there is an annotator
    Membership.objects.filter(user=ana).delete()
    assert now() == "Add people"
    Membership.objects.create(project=project, user=ana, role="annotator")
    Loop.objects.create(project=project, number=1, parent=zero, config_digest="1" * 64)
    assert now() == ""


def test_a_cancelled_first_loop_may_be_followed_by_one_with_another_number(project: Any, ana: Any) -> None:
    Loop.objects.create(project=project, number=0, config_digest="0" * 64, state=LoopState.CANCELLED)
    assert status_of(project).loop is None
    second = Loop.objects.create(project=project, number=1, config_digest="1" * 64)
    assert status_of(project).loop == second


def test_a_running_project_shows_where_it_stands(client: Client, project: Any, lea: Any, ana: Any) -> None:
    make_sample(project, items=4, images=2)
    zero = Loop.objects.get(project=project, number=0)
    for shard, regions in enumerate((1200, 34)):
        StageRun.objects.create(loop=zero, stage="localize", shard=shard, state="done", counts={"regions": regions})
    Export.objects.create(project=project, kind="tags", state="done", rows_done=17)
    client.force_login(lea)
    page = client.get("/p/street/").content.decode()
    assert steps_of(page) == []
    assert "0 of 4" in page
    assert "1,234" in page
    assert "17 lines" in page


def test_leased_and_open_slots_count_as_not_checked(project: Any, ana: Any) -> None:
    make_sample(project, items=4, images=1)
    slot = Assignment.objects.earliest("pk")
    Assignment.objects.filter(pk=slot.pk).update(state="leased", annotator=ana, leased_until=timezone.now())
    status = status_of(project)
    assert (status.asked.value, status.left.value, status.checked) == (4, 4, 0)


def test_what_is_too_much_to_count_is_said_to_be_more(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(home, "COUNT_LIMIT", 3)
    make_sample(project, items=5, images=4)
    status = status_of(project)
    assert (status.photos.value, status.photos.is_more) == (3, True)
    assert (status.asked.is_more, status.checked) == (True, None)


def test_the_page_says_who_paused_the_project(client: Client, project: Any, lea: Any, edo: Any) -> None:
    project.paused_at, project.paused_by = timezone.now(), lea
    project.save()
    for person in (lea, edo):
        client.force_login(person)
        assert "Paused by lea" in client.get("/p/street/").content.decode()


def test_the_page_takes_as_many_queries_whatever_there_is(
    client: Client, project: Any, lea: Any, django_assert_max_num_queries: Any
) -> None:
    make_loops(project)
    make_sample(project, items=30, images=10)
    client.force_login(lea)
    with django_assert_max_num_queries(13):
        client.get("/p/street/")
