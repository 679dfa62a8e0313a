"""Every page on a project full of data, and every state of a work screen: no serious barrier, nothing scrolls sideways.

In `make test` each page in one look, in turn light, dark and narrow; in `make soak` each in all three. With
SCREENSHOTS=FOLDER in the environment the pages are also saved as pictures, for people to look at:

    SCREENSHOTS=/tmp/pictures .venv/bin/python -m pytest tests/browser/test_states.py -m "soak or not soak"
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageAs
from tests.browser.filled import LOOKS, PAGES, fill
from tests.browser.tag_tasks import go_offline, only_the_first_photo, open_task
from tests.factories import make_sample
from verification.models import Assignment
from verification.services.queue import free_lapsed_leases, lease_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SERIOUS = {"serious", "critical"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def barriers(page: Page) -> list[str]:
    """Serious findings of axe-core, and whether the page scrolls sideways."""
    results = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    found = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in results if one["impact"] in SERIOUS]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("it scrolls sideways")
    return found


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(
            path=Path(folder) / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.png", full_page=True
        )


@pytest.mark.parametrize("in_every_look", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_every_page_is_without_serious_barriers(page_as: PageAs, project: Any, in_every_look: bool) -> None:
    filled = fill(project)
    opened: dict[tuple[str, str], Page] = {}
    found: list[str] = []
    for number, (name, pattern) in enumerate(PAGES):
        for look in list(LOOKS) if in_every_look else [list(LOOKS)[number % len(LOOKS)]]:
            if (name, look) not in opened:
                opened[name, look] = page_as(filled.people[name], reduced_motion="reduce", **LOOKS[look])
            page = opened[name, look]
            address = filled.address(pattern)
            answer = page.goto(address, wait_until="load")
            if answer is None or answer.status != 200:
                found.append(f"{address}: {answer.status if answer else 'no answer'}")
                continue
            page.wait_for_timeout(150)
            keep_picture(page, f"{pattern or 'home'} {look}")
            found += [f"{address} ({look}): {barrier}" for barrier in barriers(page)]
    assert found == []


@pytest.mark.parametrize("look", ["dark", pytest.param("light", marks=pytest.mark.soak), "narrow"])
def test_every_state_of_the_work_screen_is_without_serious_barriers(
    page_as: PageAs, project: Any, ana: Any, edo: Any, look: str
) -> None:
    found: list[str] = []

    def look_at(page: Page, state: str) -> None:
        expect(page.locator(f"#state-{state}")).to_be_visible()
        keep_picture(page, f"state {state} {look}")
        found.extend(f"{state}: {barrier}" for barrier in barriers(page))

    def at_work() -> Page:
        return page_as(ana, reduced_motion="reduce", **LOOKS[look])

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
