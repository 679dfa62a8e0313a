"""What a person waits for in the browser, and what they do: `python -m bench.browser --json [--items 100]`.

A real Chromium on a real web server, PostgreSQL and Redis of its own: one annotator judges items by keyboard, two wrong
tags each, then questions. Measured from the Enter key's own time stamp to the frame in which another item with its
photo has been painted, by a script of the bench that knows nothing of the page's (`page_median_ms` is what the page
itself measures). Between two items there is a pause, for nobody reads faster; what is measured is the key. The
baseline is a page that changes one word at a key press, in the same browser and measured in the same way.

Counted by listeners in the page: key presses, pointer moves, layout shift; targets that changed their place.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
from typing import Any

from bench.queue_servers import ROOT, database_servers, free_port, stop, wait_for
from bench.reporting import AT_MOST, parser, report

GOALS = {
    "median_ms": (AT_MOST, 50.0),
    "p95_ms": (AT_MOST, 100.0),
    "tag_presses": (AT_MOST, 3.0),
    "question_presses": (AT_MOST, 2.0),
    "pointer_moves": (AT_MOST, 0.0),
    "layout_shift": (AT_MOST, 0.0),
    "targets_moved": (AT_MOST, 0.0),
    "points_that_miss": (AT_MOST, 0.0),
}
WARM_UP = 5
PHOTOS = 24
WIDTH, HEIGHT = 1280, 960
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Everything the bench knows comes from here; the page does not know it is watched.
WATCH = """
window.watched = {keys: 0, moves: 0, shift: 0, painted: []};
const shown = () => {
  const box = document.querySelector("#photo .m1");
  const image = document.querySelector("#photo image");
  const ready = document.querySelector("#work")?.dataset.state === "task" && image?.getAttribute("href");
  return ready ? ["x", "y"].map((name) => box.getAttribute(name)).join() + image.getAttribute("href")
               : document.body?.dataset.word ?? "";
};
addEventListener("keydown", (event) => {
  watched.keys += 1;
  if (event.key !== "Enter") return;
  const before = shown();
  const look = () => {
    const now = shown();
    if (!now || now === before) return requestAnimationFrame(look);
    const after = new MessageChannel();
    after.port1.onmessage = () => watched.painted.push(performance.now() - event.timeStamp);
    after.port2.postMessage(null);
  };
  requestAnimationFrame(look);
}, true);
addEventListener("pointermove", () => (watched.moves += 1), true);
new PerformanceObserver((list) => list.getEntries().forEach((entry) => (watched.shift += entry.value)))
  .observe({type: "layout-shift", buffered: true});
"""
BARE = """<!doctype html><body data-word="a">a<script>
addEventListener("keydown", () => { document.body.dataset.word += "b"; document.body.append("b"); });
</script>"""
TARGETS = "#tags li:not(.is-missing) .tag, #submit"
# Nine points of each target: how many of them lie on something else?
MISSES = """(selector) => [...document.querySelectorAll(selector)].reduce((missed, target) => {
  const box = target.getBoundingClientRect();
  for (const across of [0.02, 0.5, 0.98]) for (const down of [0.06, 0.5, 0.94]) {
    const hit = document.elementFromPoint(box.x + across * box.width, box.y + down * box.height);
    if (!target.contains(hit)) missed += 1;
  }
  return missed;
}, 0)"""
PLACES = """(selector) => JSON.stringify([...document.querySelectorAll(selector)].map((target) => {
  const {x, y, width, height} = target.getBoundingClientRect();
  return [x, y, width, height];
}))"""


def main() -> None:
    options = parser("browser", __doc__)
    options.add_argument("--items", type=int, default=100, help="items that are measured, of each kind")
    options.add_argument("--pause", type=float, default=0.4, help="seconds between an item and the next key")
    chosen = options.parse_args()
    with database_servers() as var_dir:
        cookies = prepare(chosen.items + WARM_UP)
        port = free_port()
        with (var_dir / "web.log").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:webapp.gunicorn", "webapp.wsgi:application"],
                env={**os.environ, "PORT": str(port)},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
            try:
                wait_for(port)
                figures = measure(f"http://localhost:{port}", cookies, chosen.items, 1000 * chosen.pause)
            finally:
                stop(server)
    if not chosen.json:
        for name, value in figures.items():
            print(f"{name:>24}: {value:,}")
    report("browser", figures, GOALS)


def prepare(items: int) -> dict[str, str]:
    """A project with photos, tag items and questions about them; the cookies of its annotator."""
    import django

    django.setup()
    from django.core.management import call_command

    from annotation.models import Image
    from bench.queue_data import Crowded, fill_projects, session_headers
    from verification.models import Assignment, Sample, SampleItem, TaskKind

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    (annotator,) = fill_projects([Crowded("street", items)], regions=items, people=1)
    keys = make_photos()
    photos = list(Image.objects.order_by("pk").values_list("pk", flat=True))
    for number, key in enumerate(keys):
        Image.objects.filter(pk__in=photos[number :: len(keys)]).update(
            display=key, thumbnail=key, original=key, width=WIDTH, height=HEIGHT, mean_luma=0.5
        )
    tags = Sample.objects.get()
    questions = Sample.objects.create(
        project=tags.project, loop=tags.loop, annotated_loop=tags.annotated_loop, task_kind=TaskKind.QA, seed=1
    )
    made = SampleItem.objects.bulk_create(
        SampleItem(
            sample=questions,
            image_id=item.image_id,
            region_ids=item.region_ids,
            question_answer_id=item.pk,
            shown={
                "tag": {"concept_id": item.shown["tags"][0]["concept_id"], "text": item.shown["tags"][0]["text"]},
                "question": "What is it made of?",
                "answer": "It is made of metal, with a wooden handle.",
                "others": [],
            },
            inclusion_probability=0.1,
        )
        for item in SampleItem.objects.filter(sample=tags).order_by("pk")
    )
    Assignment.objects.bulk_create(Assignment(sample=questions, item=item, rank=item.pk) for item in made)
    cookie = session_headers(annotator)["Cookie"]
    return dict(part.split("=", 1) for part in cookie.split("; "))


def make_photos() -> list[str]:
    """Photos as large as the page shows them, with as much detail; their keys in the storage."""
    import numpy as np
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from PIL import Image as Picture

    keys = []
    for seed in range(PHOTOS):
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 255, (HEIGHT // 16, WIDTH // 16, 3)).astype(np.uint8)
        picture = Picture.fromarray(coarse).resize((WIDTH, HEIGHT), Picture.Resampling.BICUBIC)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=85)
        keys.append(default_storage.save(f"bench/{seed}.jpg", ContentFile(buffer.getvalue())))
    return keys


def measure(address: str, cookies: dict[str, str], items: int, pause: float) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=ARGUMENTS)
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
        context.add_init_script(WATCH)
        bare = context.new_page()
        bare.set_content(BARE)
        bare.evaluate(WATCH)
        for _key in range(items):
            bare.keyboard.press("Enter")
            bare.wait_for_timeout(40)
        baseline = bare.evaluate("watched.painted")
        context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
        page = context.new_page()
        tags = work(page, "tags", items, pause, wrong=2)
        questions = work(page, "questions", items, pause, wrong=0)
        browser.close()
    painted = sorted(tags["painted"])
    asked = sorted(questions["painted"])
    return {
        "median_ms": round(statistics.median(painted), 1),
        "p95_ms": round(p95(painted), 1),
        "slowest_ms": round(painted[-1], 1),
        "page_median_ms": round(statistics.median(tags["page"]), 1),
        "questions_median_ms": round(statistics.median(asked), 1),
        "questions_p95_ms": round(p95(asked), 1),
        "baseline_median_ms": round(statistics.median(baseline), 1),
        "baseline_p95_ms": round(p95(sorted(baseline)), 1),
        "tag_presses": tags["keys"],
        "question_presses": questions["keys"],
        "pointer_moves": tags["moves"] + questions["moves"],
        "layout_shift": tags["shift"] + questions["shift"],
        "targets_moved": tags["moved"] + questions["moved"],
        "points_that_miss": tags["missed"],
        "items": len(painted),
    }


def work(page: Any, folder: str, items: int, pause: float, *, wrong: int) -> dict[str, Any]:
    """Judge items by keyboard: so many wrong tags, or the first choice of a question. What was measured and counted."""
    page.goto(f"/p/street/work/{folder}/")
    page.wait_for_selector('#work[data-state="task"]')
    page.wait_for_selector("#photo image[href]", state="attached")
    keys = [str(place + 1) for place in range(wrong)] or ["1"]
    moved, places = 0, ""
    for number in range(WARM_UP + items):
        page.wait_for_timeout(pause)
        if folder == "tags":
            page.wait_for_selector('#submit:not([aria-disabled="true"])')
        if number == WARM_UP:
            places = page.evaluate(PLACES, TARGETS)
            page.evaluate("Object.assign(watched, {keys: 0, moves: 0, shift: 0, painted: []})")
            page.evaluate("performance.clearMeasures()")
        elif number > WARM_UP:
            moved += page.evaluate(PLACES, TARGETS) != places
        if number == WARM_UP + items - 1:
            break  # after the last one there is nothing to be painted
        for key in (*keys, "Enter"):
            page.keyboard.press(key)
    missed = page.evaluate(MISSES, TARGETS)
    found: dict[str, Any] = page.evaluate("watched")
    found["page"] = page.evaluate("performance.getEntriesByName('argus:next-item').map((entry) => entry.duration)")
    measured = items - 1
    assert len(found["painted"]) == measured, f"{len(found['painted'])} of {measured} items were seen painted"
    return {**found, "keys": found["keys"] / measured, "moved": moved, "missed": missed}


def p95(times: list[float]) -> float:
    return times[min(len(times) - 1, round(len(times) * 0.95))]


def _chromium() -> str | None:
    import shutil

    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


if __name__ == "__main__":
    main()
