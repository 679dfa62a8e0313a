"""The loop pages in Chromium: the forecast follows the budget, progress moves on, cancelling asks first."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotation.models import Loop, LoopState, StageFailure, StageRun, StageState
from tests.annotation.scenes import make_annotated_loop, make_scene
from tests.browser.axe import axe
from tests.factories import make_image, make_sample

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOPS = "/p/street/loops/"


def test_the_forecast_follows_the_budget_and_the_loop_starts(page_as: Any, project: Any, lea: Any, ana: Any) -> None:
    make_scene(project, photos=3, regions=5)
    page = page_as(lea)
    page.goto(LOOPS)
    expect(page.locator("#forecast")).to_contain_text("15")
    page.get_by_label("Items at most").fill("4")
    expect(page.locator("#forecast dd").first).to_contain_text("4")
    page.get_by_role("button", name="Start loop 1").click()
    expect(page.locator("h1")).to_have_text("Loop 1")
    assert Loop.objects.get(number=1).config["sampling"]["budget"] == 4


def test_progress_moves_on_and_the_end_loads_the_page_again(page_as: Any, project: Any, lea: Any) -> None:
    make_image(project)
    loop = make_annotated_loop(project, 0, LoopState.RUNNING)
    run = StageRun.objects.create(
        loop=loop, stage="tag", state=StageState.RUNNING, started_at=timezone.now(), heartbeat_at=timezone.now()
    )
    page = page_as(lea)
    page.goto(f"{LOOPS}0/")
    expect(page.locator(".rail .now")).to_contain_text("0 of 1 parts")
    StageRun.objects.filter(pk=run.pk).update(
        state=StageState.DONE, counts={"images": 1, "tags": 7}, finished_at=timezone.now()
    )
    expect(page.locator(".rail .done")).to_contain_text("7 tags")
    expect(page.get_by_text("Cancel the loop").first).to_be_visible()
    Loop.objects.filter(pk=loop.pk).update(state=LoopState.FINISHED, finished_at=timezone.now())
    expect(page.locator(".head")).to_contain_text("Finished")
    expect(page.get_by_text("Cancel the loop")).to_have_count(0)


def test_cancelling_asks_first(page_as: Any, project: Any, lea: Any) -> None:
    make_image(project)
    make_annotated_loop(project, 0, LoopState.RUNNING)
    page = page_as(lea)
    page.goto(f"{LOOPS}0/")
    page.locator("summary", has_text="Cancel the loop").click()
    expect(page.get_by_text("Cancel loop 0?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Cancel loop 0?")).to_be_hidden()
    assert Loop.objects.get().state == LoopState.RUNNING
    page.locator("summary", has_text="Cancel the loop").click()
    page.get_by_role("button", name="Cancel the loop").click()
    expect(page.locator(".messages")).to_contain_text("Loop 0 was cancelled")


def test_an_open_question_survives_the_polling(page_as: Any, project: Any, lea: Any) -> None:
    make_sample(project)
    page = page_as(lea)
    page.goto(f"{LOOPS}1/")
    page.locator("summary", has_text="Finish verification").click()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "progress"):
        pass
    expect(page.get_by_text("Finish verification now?")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_are_accessible_and_never_scroll_sideways(
    page_as: Any, project: Any, lea: Any, ana: Any, scheme: str, width: int
) -> None:
    make_scene(project, photos=2, regions=3)
    page = page_as(lea, viewport={"width": width, "height": 900}, color_scheme=scheme)
    addresses = [LOOPS]
    sample = make_sample(project, items=9)
    run = StageRun.objects.create(
        loop=sample.loop,
        stage="sample",
        state=StageState.DONE,
        counts={"items": 9, "failed": 1},
        started_at=timezone.now(),
    )
    StageFailure.objects.create(stage_run=run, image_id=1, role="localizer", reason="The file is broken. " * 8)
    addresses += [f"{LOOPS}1/", f"{LOOPS}1/failures/", f"{LOOPS}0/"]
    for address in addresses:
        page.goto(address)
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    Loop.objects.filter(number=1).update(state=LoopState.FAILED, error="It failed. " * 9, finished_at=timezone.now())
    for address in (LOOPS, f"{LOOPS}1/"):
        page.goto(address)
        assert axe(page) == [], address
