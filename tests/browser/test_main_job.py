"""The whole of it: a demo made from nothing, 20 regions judged by keyboard alone, exactly those 20 exported."""

import io
import re
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.browser.conftest import PageAs
from tests.browser.main_job import download_export, exported, sign_in, verify_by_keyboard
from tests.workers.pipelines import worker
from verification.models import LedgerEntry, Verdict

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REGIONS = 20


def test_twenty_regions_go_from_photo_to_jsonl(page_as: PageAs, tmp_path: Path) -> None:
    printed = io.StringIO()
    call_command("create_demo", stdout=printed)
    passwords = dict(re.findall(r"^(annotator|consumer)\s+(\S+)", printed.getvalue(), re.MULTILINE))

    at_work = page_as()
    sign_in(at_work, "annotator", passwords["annotator"])
    judged = verify_by_keyboard(at_work, "demo", REGIONS)
    assert len(judged.rejected) == REGIONS
    own = {"annotator__username": "annotator"}
    assert Verdict.objects.filter(**own).count() == LedgerEntry.objects.filter(**own).count() == REGIONS

    at_export = page_as()
    sign_in(at_export, "consumer", passwords["consumer"])
    with worker(tmp_path / "worker.log"):
        lines = download_export(at_export, "demo")
    assert exported(lines) == judged.expected()
    # One key per wrong tag, and Enter: nothing else was pressed.
    assert judged.key_presses == REGIONS + sum(len(wrong) for wrong in judged.rejected.values())
