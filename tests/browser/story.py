"""A loop as its people live it: the lead starts it, annotators judge, experts review, a consumer fetches what is accepted.

The same code for a handful of items and for hundreds. Some work is done in the page by keyboard; the rest is sent
by the same session over HTTP, as the page sends it. What is right is known beforehand: a tag that begins with "not a"
is wrong, the model's answer about a whisk is wrong, and nothing can be asked of what the region does not show.
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from annotation import dispatch
from annotation.models import Loop
from tests.browser.tag_tasks import all_saved, open_task
from tests.verification.services.test_question_samples import described_loop
from verification.models import PackageItem, PackageState, ReviewPackage, Sample, SampleItem, TaskKind

WORK = "/p/street/work/"
DESK = "/p/street/review/"
FOLDERS = {TaskKind.TAG: "tags", TaskKind.QA: "questions", TaskKind.ANSWER: "answers"}
RIGHT_ANSWER = "A tool for beating eggs."

Judgement = dict[str, Any]


def make_world(project: Any, *, words: int) -> Loop:
    """An annotated loop: words on three or six regions each, half of them wrong; two questions about each region."""
    frequencies = {}
    for number in range(words):
        name = f"thing {number}" if number % 4 < 2 else f"not a thing {number}"
        frequencies["whisk" if number == 0 else name] = 3 + 3 * (number % 2)
    return described_loop(project, frequencies)


def is_wrong(tag: str) -> bool:
    return tag.startswith("not a ")


def truth(item: dict[str, Any]) -> Judgement:
    """What somebody careful says of an item of any kind."""
    if "tags" in item:
        return {"rejected": [tag["id"] for tag in item["tags"] if is_wrong(tag["text"])]}
    return {"choice": right_choice(item["tag"])}


def right_choice(tag: str) -> str:
    if is_wrong(tag):
        return "unanswerable"
    return "wrong_answer" if tag == "whisk" else "correct"


def carelessly(item: dict[str, Any]) -> Judgement:
    """The opposite of what is right, for every item."""
    right = truth(item)["rejected"]
    return {"rejected": [tag["id"] for tag in item["tags"] if tag["id"] not in right]}


def written(_item: dict[str, Any]) -> Judgement:
    return {"text": RIGHT_ANSWER, "choice": ""}


@dataclass
class Annotator:
    """Somebody at the work pages."""

    page: Page
    user: Any

    def by_keyboard(self, count: int, judge: Callable[[dict[str, Any]], Judgement] = truth) -> int:
        """Judge `count` tag items in the page; the key presses that took."""
        presses = 0
        open_task(self.page)
        for number in range(count):
            expect(self.page.locator("#done")).to_have_text(str(number))
            expect(self.page.locator("#submit")).to_have_attribute("aria-disabled", "false")
            names = self.page.locator("#tags li:visible .name").all_inner_texts()
            item = {"tags": [{"id": place, "text": name} for place, name in enumerate(names)]}
            for place in judge(item)["rejected"]:
                self.page.keyboard.press(str(place + 1))
                presses += 1
            self.page.keyboard.press("Enter")
            presses += 1
        expect(self.page.locator("#done")).to_have_text(str(count))
        all_saved(self.page)
        self.page.locator("#leave").click()  # gives back what was fetched ahead
        self.page.wait_for_url(f"**{WORK}")
        return presses

    def over_http(self, kind: TaskKind, count: int, judge: Callable[[dict[str, Any]], Judgement] = truth) -> int:
        """Judge up to `count` items of a kind in the page's own session, as the page would; how many there were."""
        if not self.page.url.endswith(WORK):
            self.page.goto(WORK)  # the token comes with a page
        done = 0
        while done < count:
            items = self.send(f"{WORK}{FOLDERS[kind]}/lease", {"want": min(6, count - done), "have": []})["items"]
            if not items:
                break
            for item in items[: count - done]:
                verdict = {"assignment": item["assignment"], "ticket": item["ticket"], "seconds": 4.0}
                self.send(f"{WORK}{FOLDERS[kind]}/submit", {**verdict, "key": str(uuid.uuid4()), **judge(item)})
                done += 1
        return done

    def send(self, address: str, content: dict[str, Any]) -> dict[str, Any]:
        return send(self.page, address, content)


def send(page: Page, address: str, content: dict[str, Any]) -> dict[str, Any]:
    """POST JSON with the session and token of the page."""
    tokens = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken"]
    answer = page.request.post(address, data=content, headers={"X-CSRFToken": tokens[0], "Accept": "application/json"})
    assert answer.ok, f"{address}: {answer.status} {answer.text()[:500]}"
    received: dict[str, Any] = answer.json()
    return received


@dataclass
class Expert:
    """Somebody at the expert's desk."""

    page: Page
    user: Any

    def review_next(self, *, by_keyboard: int = 0) -> str:
        """Take the next package, rule on all of it by what is right, close it. Its state afterwards; "" if none waits."""
        self.page.goto(DESK)
        button = self.page.get_by_role("button", name="Take the next package")
        if not button.count():
            return ""
        button.click()
        self.page.wait_for_url(f"**{DESK}*/")
        expect(self.page.locator("body[data-ready]")).to_be_attached()
        setup = json.loads(self.page.locator("#setup").text_content() or "")
        for place, item in enumerate(setup["items"]):
            mark = ruling(item, setup["kind"])
            if place < by_keyboard and mark["agrees"]:
                self.page.keyboard.press("a")
                expect(self.page.locator(".rc[data-state=agree]")).to_have_count(place + 1)
            else:
                by_keyboard = 0
                expect(self.page.locator("#saved[data-kind=ok]")).to_be_attached()
                send(self.page, setup["urls"]["mark"], {"item": item["id"], **mark})
        expect(self.page.locator("#saved[data-kind=ok]")).to_be_attached()
        self.page.reload()
        expect(self.page.locator("body[data-ready]")).to_be_attached()
        self.page.locator("#close-button").click()
        self.page.wait_for_url(f"**{DESK}")
        return str(ReviewPackage.objects.values_list("state", flat=True).get(pk=setup["package"]))


def ruling(item: dict[str, Any], kind: str) -> dict[str, Any]:
    """What an expert who knows says of an item of a package."""
    if kind == TaskKind.TAG:
        right = sorted(tag["id"] for tag in item["tags"] if is_wrong(tag["text"]))
        if sorted(item["rejected"]) == right:
            return {"agrees": True}
        left = set(right) - set(item["rejected"])
        return {"agrees": False, "rejected": right, "reason": "wrong_left" if left else "right_rejected"}
    return {"agrees": True}


@dataclass
class Lead:
    """Whoever runs the loop, and the timer that asks every few seconds what it needs next."""

    page: Page

    def start(self, *, items: int, questions: int) -> Loop:
        self.page.goto("/p/street/loops/")
        self.page.get_by_label("Items at most").fill(str(items))
        self.page.get_by_label("Questions at most").fill(str(questions))
        self.page.get_by_role("button", name="Start loop 1").click()
        expect(self.page.locator("h1")).to_have_text("Loop 1")
        loop = Loop.objects.get(number=1)
        self.until(loop, lambda: Sample.objects.filter(loop=loop, task_kind__in=("tag", "qa")).count() == 2)
        return loop

    def until(self, loop: Loop, condition: Callable[[], bool], *, seconds: float = 120) -> None:
        """Let the worker see to the loop until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the loop does not move on"
            dispatch.enqueue_advance(loop.pk)
            time.sleep(0.3)


@dataclass
class Consumer:
    """Whoever takes the data away."""

    page: Page

    def export(self, kind: str) -> list[dict[str, Any]]:
        """Ask for an export on the page, wait for the worker, download it: its lines."""
        self.page.goto("/p/street/exports/")
        before = self.page.get_by_role("link", name="Download").count()
        self.page.locator(f"[name=kind][value={kind}]").check()
        self.page.get_by_role("button", name="Export", exact=True).click()
        links = self.page.get_by_role("link", name="Download export")
        expect(links).to_have_count(before + 1, timeout=60_000)
        with self.page.expect_download() as download:
            links.first.click()
        return [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]


def accepted_items(kind: TaskKind) -> list[SampleItem]:
    """The items in accepted packages."""
    packed = PackageItem.objects.filter(
        is_live=True, package__state=PackageState.ACCEPTED, item__sample__task_kind=kind
    )
    return [one.item for one in packed.select_related("item")]


def expected_tags() -> dict[int, tuple[set[str], set[str]]]:
    """Region -> the words accepted and rejected, of everything accepted: what is right, whoever judged it."""
    expected = {}
    for item in accepted_items(TaskKind.TAG):
        words = [tag["text"] for tag in item.shown["tags"]]
        expected[item.region_ids[0]] = ({w for w in words if not is_wrong(w)}, {w for w in words if is_wrong(w)})
    return expected


def exported_tags(lines: list[dict[str, Any]]) -> dict[int, tuple[set[str], set[str]]]:
    found = {
        line["region"]: ({tag["tag"] for tag in line["accepted"]}, {tag["tag"] for tag in line["rejected"]})
        for line in lines
    }
    assert len(found) == len(lines)
    return found
