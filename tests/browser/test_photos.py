"""The photos page in Chromium: an upload with progress, an import that moves on, accessibility."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from playwright.sync_api import expect

from annotation.models import Image, ImportProblem, ImportRun
from annotation.services.import_runner import run_import
from tests.browser.axe import axe
from tests.factories import make_image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHOTOS = "/p/street/photos/"


def jpeg(folder: Path, name: str, shade: int) -> Path:
    buffer = io.BytesIO()
    Picture.new("RGB", (64, 48), (shade, 20, 30)).save(buffer, "JPEG")
    (folder / name).write_bytes(buffer.getvalue())
    return folder / name


def test_photos_are_uploaded_imported_and_shown(page_as: Any, project: Any, lea: Any, tmp_path: Path) -> None:
    page = page_as(lea)
    page.goto(PHOTOS)
    page.get_by_role("link", name="Add photos").first.click()
    files = [jpeg(tmp_path, f"{n}.jpg", n * 40) for n in range(3)]
    page.get_by_label("Photos", exact=False).first.set_input_files(files)
    page.get_by_role("button", name="Upload and import").click()
    expect(page).to_have_url(re.compile(f"{PHOTOS}$"))
    expect(page.locator(".run")).to_contain_text("Waiting")
    run_import(ImportRun.objects.get().pk)
    expect(page.locator(".run")).to_contain_text("Done")
    expect(page.locator(".run .images dd")).to_have_text("3")
    expect(page.locator("#imports-said")).to_contain_text("Done")
    assert Image.objects.count() == 3
    page.reload()
    expect(page.locator(".grid li")).to_have_count(3)


def test_the_form_says_what_is_missing_without_losing_the_page(page_as: Any, project: Any, lea: Any) -> None:
    page = page_as(lea)
    page.goto(f"{PHOTOS}add/")
    page.get_by_role("button", name="Upload and import").click()
    expect(page.locator("[data-error]")).to_have_text("Photos: Choose at least one photo.")
    expect(page.get_by_role("button", name="Upload and import")).to_be_enabled()


def test_an_upload_that_is_too_large_is_refused_before_it_is_sent(
    page_as: Any, project: Any, lea: Any, tmp_path: Path, settings: Any
) -> None:
    settings.ARGUS_MAX_UPLOAD_BYTES = 100
    page = page_as(lea)
    page.goto(f"{PHOTOS}add/")
    page.locator("input[name=photos]").set_input_files(jpeg(tmp_path, "a.jpg", 1))
    expect(page.locator("[data-error]")).to_contain_text("One upload may have 100")


def test_only_what_belongs_to_the_format_is_asked_for(page_as: Any, project: Any, lea: Any) -> None:
    page = page_as(lea)
    page.goto(f"{PHOTOS}add/")
    expect(page.get_by_label("Annotation files")).to_be_hidden()
    page.get_by_label("Annotations", exact=True).select_option("yolo")
    expect(page.get_by_label("Annotation files")).to_be_visible()
    expect(page.get_by_label("Class names")).to_be_visible()
    page.get_by_label("Annotations", exact=True).select_option("coco")
    expect(page.get_by_label("Class names")).to_be_hidden()


def test_without_script_the_form_is_sent_as_it_is(page_as: Any, project: Any, lea: Any, tmp_path: Path) -> None:
    page = page_as(lea, java_script_enabled=False)
    page.goto(f"{PHOTOS}add/")
    page.locator("input[name=photos]").set_input_files(jpeg(tmp_path, "a.jpg", 1))
    page.get_by_role("button", name="Upload and import").click()
    expect(page.locator(".run")).to_contain_text("Waiting")
    assert ImportRun.objects.count() == 1


def test_the_cancel_button_keeps_the_focus_while_the_card_moves_on(page_as: Any, project: Any, lea: Any) -> None:
    run = ImportRun.objects.create(project=project, format="coco", state="running", done=1, total=9)
    page = page_as(lea)
    page.goto(PHOTOS)
    page.locator(f"#cancel-{run.pk}").focus()
    ImportRun.objects.update(done=5)
    expect(page.locator(".run")).to_contain_text("5 of 9")
    expect(page.locator(f"#cancel-{run.pk}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".notice").first).to_contain_text("cancelled")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_are_accessible_and_never_scroll_sideways(
    page_as: Any, project: Any, lea: Any, scheme: str, width: int, settings: Any, tmp_path: Path
) -> None:
    settings.ARGUS_IMPORT_ROOTS = [tmp_path]
    make_image(project)
    counts = {"images": 10, "regions": 2000, "problems": 1}
    run = ImportRun.objects.create(project=project, format="coco", state="done", counts=counts, created_by=lea)
    ImportRun.objects.create(project=project, format="voc", state="running", done=5, total=50, counts=counts)
    ImportRun.objects.create(project=project, format="urls", state="failed", error="Nothing answered.")
    ImportProblem.objects.create(
        run=run, file="a/" * 60 + "b.jpg", item="x" * 80, code="x", message="It is broken. " * 9
    )
    page = page_as(lea, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for address in (PHOTOS, f"{PHOTOS}add/", f"{PHOTOS}imports/{run.pk}/"):
        page.goto(address)
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
