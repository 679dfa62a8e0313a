"""The main job as its people do it: sign in, judge by keyboard alone, export, compare.

tests/browser/test_main_job.py runs it against the test server. Against a running Argus:

    .venv/bin/python -m tests.browser.main_job --url http://localhost:8000 \
        --annotator NAME:PASSWORD --consumer NAME:PASSWORD
"""

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Page, Request, Response, sync_playwright


@dataclass
class Judged:
    """What went over the wire while somebody worked: items as shown, and what was said of them."""

    items: dict[int, dict[str, Any]] = field(default_factory=dict)
    rejected: dict[int, list[int]] = field(default_factory=dict)
    key_presses: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def take(self, response: Response) -> None:
        if response.ok and response.url.endswith(("/lease", "/submit")):
            for item in response.json().get("items", []):
                self.items[item["assignment"]] = item

    def note(self, request: Request) -> None:
        if request.url.endswith("/submit"):
            sent = json.loads(request.post_data or "{}")
            self.rejected[sent["assignment"]] = sorted(sent["rejected"])

    def expected(self) -> list[tuple[Any, ...]]:
        """(image number, box, accepted texts, rejected texts) of every verdict, comparable with exported lines."""
        lines = []
        for assignment, wrong in self.rejected.items():
            item = self.items[assignment]
            right = {tag["text"] for tag in item["tags"] if tag["id"] not in wrong}
            lines.append((box_key(item["box"]), frozenset(right), frozenset(t["text"] for t in item["tags"]) - right))
        return sorted(lines, key=repr)


def box_key(box: list[float]) -> tuple[float, ...]:
    return tuple(round(side, 2) for side in box)


def exported(lines: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The same tuples, read from an export of kind `tags`."""
    return sorted(
        (
            (
                box_key(line["bbox"]),
                frozenset(tag["tag"] for tag in line["accepted"]),
                frozenset(tag["tag"] for tag in line["rejected"]),
            )
            for line in lines
        ),
        key=repr,
    )


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username or email", exact=False).first.fill(name)
    page.get_by_label("Password", exact=False).first.fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def verify_by_keyboard(page: Page, slug: str, count: int) -> Judged:
    """Judge `count` regions without touching the mouse: of the n-th, the n mod 3 last tags are wrong."""
    judged = Judged()
    page.on("response", judged.take)
    page.on("request", judged.note)
    page.goto(f"/p/{slug}/work/")
    page.keyboard.press("Enter")  # Continue has the focus
    page.wait_for_url(f"**/p/{slug}/work/tags/")
    for number in range(count):
        page.wait_for_selector('#work[data-state="task"] #tags li:visible')
        page.wait_for_selector('#submit:not([aria-disabled="true"])')  # its photo is there
        shown = page.locator("#tags li:visible").count()
        wrong = min(number % 3, shown)
        for place in range(wrong):
            page.keyboard.press(str(shown - place))
        start = time.perf_counter()
        with page.expect_response("**/submit"):
            page.keyboard.press("Enter")
        judged.milliseconds.append(1000 * (time.perf_counter() - start))
        judged.key_presses += wrong + 1
    page.wait_for_function("document.querySelector('.saved')?.innerText.includes('All saved')")
    return judged


def download_export(page: Page, slug: str) -> list[dict[str, Any]]:
    """Ask for an export of tags, wait until a worker has written it, download it."""
    page.goto(f"/p/{slug}/exports/")
    page.get_by_role("button", name="Export", exact=True).click()
    link = page.get_by_role("link", name="Download").first
    link.wait_for(timeout=60_000)
    with page.expect_download() as download:
        link.click()
    return [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--project", default="demo")
    parser.add_argument("--annotator", required=True, metavar="NAME:PASSWORD")
    parser.add_argument("--consumer", required=True, metavar="NAME:PASSWORD")
    parser.add_argument("--regions", type=int, default=20)
    options = parser.parse_args()
    from tests.chromium import ARGUMENTS, CHROMIUM

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        annotator, consumer = (
            browser.new_context(base_url=options.url, viewport={"width": 1440, "height": 900}).new_page() for _ in "12"
        )
        sign_in(annotator, *options.annotator.split(":", 1))
        start = time.monotonic()
        judged = verify_by_keyboard(annotator, options.project, options.regions)
        worked = time.monotonic() - start
        sign_in(consumer, *options.consumer.split(":", 1))
        lines = download_export(consumer, options.project)
        browser.close()
    same = exported(lines) == judged.expected()
    print(
        f"{len(judged.rejected)} regions judged in {worked:.1f} s with {judged.key_presses} key presses "
        f"(Enter to answer {median(judged.milliseconds):.0f} ms in the driver); {len(lines)} lines exported; "
        f"{'they are exactly the judged ones' if same else 'THEY DIFFER'}"
    )
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
