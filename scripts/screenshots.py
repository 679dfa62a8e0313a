"""Take the pictures of README.md again, from the demo project: `make screenshots`.

Needs a running demo: `make run` in another terminal, and its accounts as ARGUS_LEAD=NAME:PASSWORD
ARGUS_ANNOTATOR=NAME:PASSWORD ARGUS_EXPERT=NAME:PASSWORD (ARGUS_URL, default http://localhost:8000). The demo comes with
the work that the pictures show; the expert takes a package and agrees with some of it for one of them.
"""

import io
import os
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.main_job import sign_in  # noqa: E402
from tests.chromium import ARGUMENTS, CHROMIUM  # noqa: E402

TARGET = ROOT / "docs" / "images"
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

A_PACKAGE = "section[aria-labelledby=held] a.btn, section[aria-labelledby=waiting] form .btn"  # held, or the next one

# name, whose page, address, size, colour scheme, and what is clicked there first, with the keys pressed then
PICTURES: list[tuple[Any, ...]] = [
    ("tag-task-light", "ARGUS_ANNOTATOR", "/p/demo/work/tags/", WIDE, "light"),
    ("tag-task-dark", "ARGUS_ANNOTATOR", "/p/demo/work/tags/", WIDE, "dark"),
    ("tag-task-phone", "ARGUS_ANNOTATOR", "/p/demo/work/tags/", PHONE, "light"),
    ("explore-light", "ARGUS_LEAD", "/p/demo/explore/", WIDE, "light"),
    ("loop-light", "ARGUS_LEAD", "/p/demo-team/loops/1/", WIDE, "light"),
    ("package-light", "ARGUS_EXPERT", "/p/demo-team/review/", WIDE, "light", A_PACKAGE, "aaaaaaaaa"),
    ("packages-light", "ARGUS_LEAD", "/p/demo-team/packages/", WIDE, "light"),
    ("quality-light", "ARGUS_LEAD", "/p/demo-team/quality/", WIDE, "light"),
    ("accuracy-light", "ARGUS_LEAD", "/p/demo-team/loops/0/accuracy/", WIDE, "light"),
]


def main() -> None:
    missing = [
        name for name in ("ARGUS_LEAD", "ARGUS_ANNOTATOR", "ARGUS_EXPERT") if ":" not in os.environ.get(name, "")
    ]
    if missing:
        raise SystemExit(f"Set {', '.join(missing)} to NAME:PASSWORD of the demo's accounts. {__doc__}")
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for picture in PICTURES:
            take(browser, *picture)
        browser.close()


def take(
    browser: Browser,
    name: str,
    account: str,
    address: str,
    size: dict[str, int],
    scheme: str,
    clicked: str = "",
    keys: str = "",
) -> None:
    context = browser.new_context(
        base_url=os.environ.get("ARGUS_URL", "http://localhost:8000"), viewport=size, color_scheme=scheme
    )
    page = context.new_page()
    sign_in(page, *os.environ[account].split(":", 1))
    page.goto(address)
    if clicked:
        page.locator(clicked).first.click()
        page.wait_for_load_state("networkidle")
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    file = TARGET / f"{name}.webp"
    Image.open(io.BytesIO(page.screenshot())).save(file, "WEBP", quality=82, method=6)
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1024} kB")
    context.close()


if __name__ == "__main__":
    main()
