"""How a person works on the tag task in a browser."""

import re
from typing import Any

from playwright.sync_api import Page, Route, expect


def break_photos(page: Page, count: int) -> None:
    """The first `count` requests for photos fail."""
    left = {"broken": count}

    def answer(route: Route) -> None:
        left["broken"] -= 1
        if left["broken"] >= 0:
            route.fulfill(status=500, body="")
        else:
            route.continue_()

    page.route("**/images/*/display**", answer)


def only_the_first_photo(page: Page) -> None:
    """The first photo that is asked for arrives, all others fail."""
    first: list[str] = []

    def answer(route: Route) -> None:
        first.append(route.request.url)
        if route.request.url == first[0]:
            route.continue_()
        else:
            route.abort()

    page.route("**/images/*/display**", answer)


def open_task(page: Page) -> Page:
    """Open the tag task and wait for the first item."""
    page.goto("/p/street/work/tags/")
    expect(page.locator("#work[data-state=task] .tag .name").first).not_to_be_empty()
    expect(page.locator("#submit")).to_have_attribute("aria-disabled", "false")
    return page


def open_questions(page: Page, folder: str = "questions") -> Page:
    """Open the QA check, or with "answers" the page where answers are written, and wait for the first item's photo."""
    page.goto(f"/p/street/work/{folder}/")
    expect(page.locator("#work[data-state=task] #pair-question")).not_to_be_empty()
    expect(page.locator("#photo image")).to_have_attribute("href", re.compile("/display"))
    return page


def go_offline(page: Page) -> None:
    """Cut the network, and wait until the page knows."""
    page.context.set_offline(True)
    page.wait_for_function("!navigator.onLine")


def all_saved(page: Page) -> None:
    """Wait until the server has everything."""
    expect(page.locator("#saved[data-kind=ok][data-unsent='0'] .words")).to_have_text("All saved")
    expect_outbox(page, 0)


def expect_outbox(page: Page, size: int) -> None:
    """Wait until so many sends stand in the browser's database: what the page shows runs ahead of its writes."""
    page.wait_for_function(
        """(size) => new Promise((resolve) => {
            const open = indexedDB.open("argus-outbox", 1);
            open.onsuccess = () => {
                const count = open.result.transaction("sends").objectStore("sends").count();
                count.onsuccess = () => { open.result.close(); resolve(count.result === size); };
            };
        })""",
        arg=size,
    )


def box_on_screen(page: Page) -> list[float]:
    """The region that is marked now, [x1, y1, x2, y2] in pixels of the photo."""
    box: list[float] = page.evaluate(
        """() => {
            const rect = document.querySelector("#photo .m1");
            const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
            return [x, y, x + width, y + height];
        }"""
    )
    return box


def rejected_texts(verdict: Any) -> list[str]:
    """The words of the tags a verdict rejects, in the order they were shown."""
    return [tag["text"] for tag in verdict.item.shown["tags"] if tag["concept_id"] in verdict.rejected_ids]
