"""Faults as people meet them in a browser, with gunicorn behind it: back, offline for minutes, clocks that are wrong."""

import email.utils
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import faults_of, sign_in, watched
from tests.browser.tag_tasks import all_saved, expect_outbox, go_offline, open_task
from tests.factories import make_sample
from tests.faults.books import Books
from tests.faults.conftest import Serve
from tests.faults.people import Person
from tests.faults.web_servers import WebServer
from tests.verification.services.crowds import people

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHIFTED = {"PYTHONPATH": str(Path(__file__).parent / "shifted_clock")}
OpenPage = Callable[..., Page]


@pytest.fixture
def page_at(browser: Browser) -> Iterator[OpenPage]:
    """`page_at(server, user)`: a page of that web server."""
    pages: list[Page] = []

    def open_page(server: WebServer, user: Any) -> Page:
        context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
        sign_in(context, user, server.url)
        page = context.new_page()
        page.set_default_timeout(30_000)
        pages.append(watched(page))
        return page

    yield open_page
    found = [fault for page in pages for fault in faults_of(page)]
    for page in pages:
        page.context.close()
    assert found == []


def judge(page: Page, count: int) -> None:
    """Mark the first tag of the next items as wrong, one item after the other."""
    for _item in range(count):
        expect(page.locator("#submit")).to_have_attribute("aria-disabled", "false")
        before = page.locator("#done").inner_text()
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        expect(page.locator("#done")).not_to_have_text(before)


def test_back_and_forward_send_nothing_again(
    project: Any, ana: Any, serve: Serve, books: Books, page_at: OpenPage
) -> None:
    make_sample(project, items=12)
    page = open_task(page_at(serve(), ana))
    judge(page, 2)
    all_saved(page)
    page.locator("#leave").click()
    page.wait_for_url("**/work/")
    for _time in range(2):
        page.go_back()
        expect(page.locator("#work")).to_have_attribute("data-state", "task")
        page.go_forward()
        page.wait_for_url("**/work/")
    page.go_back()
    expect(page.locator("#work")).to_have_attribute("data-state", "task")
    expect(page.locator("#done")).to_have_text("2")
    judge(page, 1)
    all_saved(page)
    assert books.count("verdict") == books.count("ledgerentry") == 3
    assert books.faults() == []


@pytest.mark.parametrize("clock", ["fake", pytest.param("real", marks=pytest.mark.soak)])
def test_two_minutes_offline_lose_and_repeat_nothing(
    project: Any, ana: Any, serve: Serve, books: Books, page_at: OpenPage, clock: str
) -> None:
    make_sample(project, items=12)
    page = page_at(serve(), ana)
    if clock == "fake":
        page.clock.install()
    open_task(page)
    page.wait_for_timeout(500)  # the photos of the next items arrive
    go_offline(page)
    judge(page, 2)
    if clock == "fake":
        for _quarter in range(8):
            page.clock.run_for(15_000)  # the page tries to send every few seconds
    else:
        time.sleep(120)
    judge(page, 2)
    expect(page.locator("#saved .words")).to_have_text("Offline, 4 not sent yet")
    expect_outbox(page, 4)
    assert books.count("verdict") == 0
    page.context.set_offline(False)
    if clock == "fake":
        page.clock.run_for(60_000)
    all_saved(page)
    assert books.count("verdict") == books.count("ledgerentry") == 4
    assert books.faults() == []
    # Minutes in front of a page that waits are no work, at most a minute of each pause is.
    assert books.one("SELECT max(seconds) FROM verification_verdict") <= 120


@pytest.mark.parametrize("hours", [-3, 3])
def test_only_the_clock_of_the_database_counts(
    project: Any, ana: Any, serve: Serve, books: Books, page_at: OpenPage, hours: int
) -> None:
    """Web server and browser are hours off, against each other: leases last as long as ever, verdicts are of today."""
    make_sample(project, items=4)
    server = serve(**SHIFTED, CLOCK_SHIFT_SECONDS=str(3600 * hours))
    with urllib.request.urlopen(f"{server.url}/livez", timeout=30) as answer:
        shown = email.utils.parsedate_to_datetime(answer.headers["Date"])
    assert abs(shown - timezone.now() - timedelta(hours=hours)) < timedelta(minutes=5)  # it really is off
    page = page_at(server, ana)
    page.clock.install(time=timezone.now() - timedelta(hours=hours))
    open_task(page)
    ((shortest, longest),) = books.rows(
        """SELECT min(leased_until - now()), max(leased_until - now()) FROM verification_assignment
           WHERE state = 'leased'"""
    )
    assert timedelta(minutes=28) < shortest <= longest <= timedelta(minutes=30)
    # To this server all leases seem lapsed, or to last for hours: nobody else is given what is held, nor kept from
    # what is free.
    other = Person(people(project, 1)[0], server.port)
    assert other.lease(4) == []
    judge(page, 2)
    all_saved(page)
    books.run("UPDATE verification_assignment SET leased_until = now() - interval '1 second' WHERE state = 'leased'")
    taken = other.lease(4)
    assert len(taken) == 2
    assert [other.submit(item).status for item in taken] == [200, 200]
    other.hang_up()
    assert books.one("SELECT bool_and(abs(extract(epoch FROM now() - created_at)) < 600) FROM verification_verdict")
    assert books.one("SELECT bool_and(abs(extract(epoch FROM now() - created_at)) < 600) FROM verification_ledgerentry")
    assert books.unfinished(1) == books.faults() == []
