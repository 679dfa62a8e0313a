"""The exports page in a browser: ask, watch, cancel, download; by keyboard, on a phone, in the dark."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from annotation import dispatch
from tests.browser.axe import serious
from tests.browser.conftest import PageAs
from tests.factories import make_sample
from tests.verification.judgements import judge_all
from verification.models import Export, ExportedPhotos, ExportState
from verification.services.exports import run_export

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself is the worker."""
    monkeypatch.setattr(dispatch.app, "send_task", lambda *_args, **_options: None)


def test_an_export_is_asked_for_watched_and_downloaded(
    project: Any, ana: Any, cleo: Any, page_as: PageAs, tmp_path: Path
) -> None:
    judge_all(make_sample(project, items=9), [ana])
    page = page_as(cleo)
    page.goto("/p/street/exports/")
    page.get_by_role("button", name="Export", exact=True).press("Enter")
    page.get_by_text("Waiting for a worker").wait_for()
    export = Export.objects.get()
    Export.objects.update(state=ExportState.RUNNING, rows_done=40, rows_total=90)
    page.get_by_text("40 of 90").wait_for()
    page.get_by_role("button", name=f"Cancel export {export.pk}").focus()
    Export.objects.update(rows_done=80)
    page.get_by_text("80 of 90").wait_for()
    assert page.evaluate("document.activeElement.id") == f"cancel-{export.pk}"
    Export.objects.update(state=ExportState.PENDING)
    assert run_export(export.pk)
    with page.expect_download() as started:
        page.get_by_role("link", name=f"Download export {export.pk}").click()
    saved = tmp_path / "saved.jsonl"
    started.value.save_as(saved)
    assert started.value.suggested_filename == f"argus-street-tags-{export.pk}.jsonl"
    export.refresh_from_db()
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == export.sha256
    assert page.locator("#exports-status").inner_text() == f"Export {export.pk}: Done"


def test_filters_are_counted_beforehand_and_a_takedown_withdraws_the_file(
    project: Any, ana: Any, lea: Any, page_as: PageAs
) -> None:
    judge_all(make_sample(project, items=12, images=3), [ana])
    page = page_as(lea)
    page.goto("/p/street/exports/")
    page.get_by_label("Format").select_option("parquet")
    page.get_by_text("12 records as of now.").wait_for()
    page.get_by_text("Only some of it").press("Enter")
    page.get_by_role("textbox", name="Tags (optional)").fill("milk jug, no such thing")
    page.get_by_role("textbox", name="Tags (optional)").press("Tab")
    page.get_by_text("There is no tag “no such thing”").wait_for()
    page.get_by_role("textbox", name="Tags (optional)").fill("Milk jug")
    page.get_by_role("textbox", name="Tags (optional)").press("Tab")
    page.get_by_text("8 records as of now.").wait_for()
    assert serious(page) == []
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_text("Tags: milk jug.").wait_for()
    export = Export.objects.get()
    assert run_export(export.pk)
    page.get_by_role("link", name="Takedowns").click()
    held = ExportedPhotos.objects.get(export=export).image_ids[0]
    page.get_by_role("textbox", name="Photo (optional)").fill(str(held))
    page.get_by_label("Who asked, and why").fill("Mail of 3 March")
    page.get_by_role("button", name="See what it would touch").click()
    page.get_by_text("It cannot be undone.").wait_for()
    assert serious(page) == []
    page.get_by_role("button", name="Remove it for good").click()
    page.get_by_text("Removed. This is its record.").wait_for()
    assert serious(page) == []
    page.get_by_role("link", name=f"Export {export.pk}: tags").click()
    page.get_by_text("Something in it was taken down on request").wait_for()
    assert page.get_by_role("link", name="Download").count() == 0


def test_a_running_export_is_cancelled_in_place(project: Any, cleo: Any, page_as: PageAs) -> None:
    export = Export.objects.create(project=project, kind="tags", state=ExportState.RUNNING, rows_done=1, rows_total=9)
    page = page_as(cleo)
    page.goto("/p/street/exports/")
    page.get_by_role("button", name=f"Cancel export {export.pk}").click()
    page.get_by_text("Nothing of it is kept.").wait_for()
    export.refresh_from_db()
    assert export.state == ExportState.CANCELLED


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_every_state_is_accessible_and_fits_the_screen(
    project: Any, cleo: Any, page_as: PageAs, width: int, scheme: str
) -> None:
    page = page_as(cleo, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto("/p/street/exports/")
    assert serious(page) == []
    for state in ExportState:
        facts = {"rows_done": 12_345, "rows_total": 40_000, "file_bytes": 9_876_543, "sha256": "0123abcd" * 8}
        Export.objects.create(
            project=project,
            kind="tags",
            state=state,
            schema_version="tags-1",
            error="No space left.",
            attempt=2,
            **facts,
        )
    Export.objects.create(project=project, kind="regions", state=ExportState.DONE, schema_version="regions-1")
    page.reload()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
