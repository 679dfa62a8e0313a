"""Every page on a project full of data, and every state of a work screen: no serious barrier, nothing scrolls sideways.

In `make test` each page in one look, in turn light, dark and narrow, the states in all three; in `make soak` the pages,
too. With SCREENSHOTS=FOLDER in the environment pages and states are also saved as pictures, for people to look at:

    SCREENSHOTS=/tmp/pictures .venv/bin/python -m pytest tests/browser/test_states.py -m "soak or not soak"
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.axe import serious
from tests.browser.conftest import PageAs
from tests.browser.filled import LOOKS, PAGES, fill
from tests.browser.tag_tasks import go_offline, only_the_first_photo, open_task
from tests.factories import make_sample
from verification.models import Assignment
from verification.services.queue import free_lapsed_leases, lease_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def barriers(page: Page) -> list[str]:
    """Serious findings of axe-core, and whether the page scrolls sideways."""
    sideways = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return serious(page) + (["it scrolls sideways"] if sideways else [])


def put_on(page: Page, look: str) -> None:
    """Another colour scheme and size, without loading the page again."""
    page.emulate_media(color_scheme=LOOKS[look]["color_scheme"], reduced_motion="reduce")
    page.set_viewport_size(LOOKS[look]["viewport"])


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(
            path=Path(folder) / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.png", full_page=True
        )


@pytest.mark.parametrize("in_every_look", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_every_page_is_without_serious_barriers(page_as: PageAs, project: Any, in_every_look: bool) -> None:
    filled = fill(project)
    opened = {name: page_as(person, reduced_motion="reduce") for name, person in filled.people.items()}
    found: list[str] = []
    for number, (name, pattern) in enumerate(PAGES):
        page, address = opened[name], filled.address(pattern)
        looks = list(LOOKS) if in_every_look else [list(LOOKS)[number % len(LOOKS)]]
        put_on(page, looks[0])
        answer = page.goto(address, wait_until="load")
        if answer is None or answer.status != 200:
            found.append(f"{address}: {answer.status if answer else 'no answer'}")
            continue
        for look in looks:
            put_on(page, look)
            page.wait_for_timeout(150)
            keep_picture(page, f"{pattern or 'home'} {look}")
            found += [f"{address} ({look}): {barrier}" for barrier in barriers(page)]
    assert found == []


def test_every_state_of_the_work_screen_is_without_serious_barriers(
    page_as: PageAs, project: Any, ana: Any, edo: Any
) -> None:
    found: list[str] = []

    def look_at(page: Page, state: str) -> None:
        expect(page.locator(f"#state-{state}")).to_be_visible()
        for look in LOOKS:
            put_on(page, look)
            keep_picture(page, f"state {state} {look}")
            found.extend(f"{state} ({look}): {barrier}" for barrier in barriers(page))

    def at_work() -> Page:
        return page_as(ana, reduced_motion="reduce")

    # Empty: there is no sample yet.
    page = at_work()
    page.goto("/p/street/work/tags/")
    look_at(page, "empty")

    # Offline, with nothing left that could be judged.
    make_sample(project, items=8, images=8)
    only_the_first_photo(page)
    open_task(page)
    go_offline(page)
    page.keyboard.press("Enter")
    look_at(page, "offline")
    page.unroute_all(behavior="ignoreErrors")
    page.context.set_offline(False)
    page.close()

    # The lease was lost to somebody else.
    page = open_task(at_work())
    Assignment.objects.filter(state="leased").update(leased_until=timezone.now() - timezone.timedelta(hours=1))
    free_lapsed_leases(project_id=project.pk)
    assert len(lease_items(project_id=project.pk, user_id=edo.pk, count=8)) >= 6
    page.keyboard.press("Enter")
    look_at(page, "lost")
    Assignment.objects.filter(state="leased").update(state="open", annotator=None, leased_until=None)

    # The session is over.
    page = open_task(at_work())
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Enter")
    look_at(page, "signed-out")
    page.close()

    # The lead paused the project.
    page = open_task(at_work())
    project.paused_at = timezone.now()
    project.save()
    page.keyboard.press("Enter")
    look_at(page, "paused")
    assert found == []
