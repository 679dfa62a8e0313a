import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.services.crowds import verdict_of
from verification.models import Assignment
from verification.services.queue import lease_items
from verification.services.verdicts import withdraw_verdict

pytestmark = pytest.mark.django_db

PAGES = ("/p/street/work/", "/p/street/work/tags/", "/p/street/work/questions/", "/p/street/work/answers/")


@pytest.fixture
def as_ana(client: Client, ana: Any) -> Client:
    client.force_login(ana)
    return client


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("page", PAGES)
def test_annotators_only(
    project: Any, client: Client, page: str, ana: Any, edo: Any, lea: Any, cleo: Any, otto: Any
) -> None:
    assert client.get(page).status_code == 302
    for person, status in ((ana, 200), (edo, 403), (lea, 403), (cleo, 403), (otto, 404)):
        client.force_login(person)
        assert client.get(page).status_code == status, person


def test_my_work_offers_the_next_items_with_time_and_pay(project: Any, as_ana: Client) -> None:
    make_sample(project, items=60)
    page = text_of(as_ana, PAGES[0])
    assert "Tag task, 50 items" in page
    assert "About 8 minutes, $1.00." in page
    assert "60 items are waiting." in page
    assert "Start" in page


def test_my_work_counts_the_day_without_what_was_undone(project: Any, as_ana: Client, ana: Any) -> None:
    make_sample(project, items=5)
    first, second, third = lease_items(project_id=project.pk, user_id=ana.pk, count=3)
    key = uuid.uuid4()
    verdict_of(project, ana, first)
    verdict_of(project, ana, second)
    verdict_of(project, ana, third, key=key)
    withdraw_verdict(project_id=project.pk, user_id=ana.pk, verdict_key=key, key=uuid.uuid4())
    page = text_of(as_ana, PAGES[0])
    assert '<dd id="today-items">2</dd>' in page
    assert '<dd id="today-earned">$0.04</dd>' in page
    assert "You stopped at item 3; the first 2 are saved." in page
    assert "Continue" in page


def test_my_work_says_why_there_is_nothing(project: Any, as_ana: Client, lea: Any) -> None:
    assert "Nothing to check right now" in text_of(as_ana, PAGES[0])
    make_sample(project)
    project.paused_at = timezone.now()
    project.save()
    assert "Paused by the project lead at" in text_of(as_ana, PAGES[0])


def test_items_of_others_and_skipped_ones_do_not_count_as_waiting(project: Any, as_ana: Client, edo: Any) -> None:
    make_sample(project, items=3, overlap=2)
    lease_items(project_id=project.pk, user_id=edo.pk, count=3)
    assert "3 items are waiting." in text_of(as_ana, PAGES[0])
    lease_items(project_id=project.pk, user_id=edo.pk, count=3)
    assert "3 items are waiting." in text_of(as_ana, PAGES[0])


@pytest.mark.parametrize("page", PAGES)
def test_a_fixed_number_of_queries(project: Any, as_ana: Client, page: str, django_assert_max_num_queries: Any) -> None:
    make_sample(project, items=40)
    with django_assert_max_num_queries(24 if page == PAGES[0] else 10):
        as_ana.get(page)


def test_opening_the_task_leases_nothing(project: Any, as_ana: Client) -> None:
    make_sample(project)
    as_ana.get(PAGES[1])
    assert not Assignment.objects.exclude(state="open").exists()


def test_the_guide_of_the_project_is_markdown_in_which_markup_is_text(project: Any, as_ana: Client) -> None:
    project.guide = "Look <script>alert(1)</script> *closely* ![a cup](photo:7)"
    project.save()
    for page in PAGES[1:]:
        shown = text_of(as_ana, page)
        assert "Look &lt;script&gt;alert(1)&lt;/script&gt; <em>closely</em>" in shown
        assert '<img src="/p/street/images/7/thumbnail" alt="a cup">' in shown


def test_no_page_carries_inline_script_or_style(project: Any, as_ana: Client) -> None:
    for address in PAGES:
        page = text_of(as_ana, address)
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        for script in page.split("<script")[1:]:
            tag = script.split(">")[0]
            assert "src=" in tag or 'type="application/json"' in tag
